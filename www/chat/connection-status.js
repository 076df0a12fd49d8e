// Shows how the connection is, at the top of the page: a lamp and a word while all is well, otherwise a
// sentence, the countdown to the next attempt, and a button that connects at once.

import { SERVER_STOPS, TAKEN_OVER, TOO_SLOW } from "./close-codes.js";
import { focusBox } from "./message-box.js";

const line = document.getElementById("line");
const status = document.getElementById("state");
const countdown = document.getElementById("countdown");
const button = document.getElementById("retry");

export function showConnectionStatus(connection) {
  let countdownTimer;
  let isFirstAttempt = true;

  connection.addEventListener("state", ({ detail: { state, until, ...detail } }) => {
    clearInterval(countdownTimer);
    countdown.textContent = "";
    if (state === "connecting") {
      // A further attempt is no news for a screen reader, so the status keeps its sentence.
      if (isFirstAttempt) showStatus("Connecting …");
      else countdown.textContent = "Trying …";
      return;
    }
    isFirstAttempt = false;
    showStatus(sentenceFor(state, detail));
    line.className = state;
    if (state === "waiting") startCountdown(until);
    // A button that disappears takes the focus with it.
    if (state === "open" && document.activeElement === button) focusBox();
    button.textContent = state === "stopped" ? "Use here" : "Retry now";
    const canConnect = state === "waiting" || (state === "stopped" && detail.code === TAKEN_OVER);
    button.hidden = !canConnect;
  });

  /** A screen reader reads each change, so the same sentence is not written again. */
  function showStatus(sentence) {
    if (status.textContent !== sentence) status.textContent = sentence;
  }

  function startCountdown(until) {
    function update() {
      const seconds = Math.max(Math.ceil((until - performance.now()) / 1000), 1);
      countdown.textContent = `Trying again in ${seconds} s.`;
    }
    update();
    countdownTimer = setInterval(update, 1000);
  }

  button.addEventListener("click", () => {
    if (connection.state !== "connecting") connection.connect();
  });
}

function sentenceFor(state, { code, isOffline, obstacle }) {
  if (state === "open") return "Connected";
  if (state === "locked") return "Locked";
  if (state === "stopped") {
    return code === TAKEN_OVER
      ? "This chat goes on in another tab or window."
      : "The person who runs the server has removed you from this chat.";
  }
  if (obstacle) return obstacle;
  if (isOffline) return "This device has no network. What you write is sent when it is back.";
  if (code === SERVER_STOPS) return "The server has been stopped. What you write is sent when it is back.";
  if (code === TOO_SLOW) return "This connection is too slow to keep up. Nothing is lost.";
  return "The connection is lost. What you write is sent when it is back.";
}
