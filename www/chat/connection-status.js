// How the connection is: a lamp and a word when all is well, a sentence and a button when it is not.

import { TAKEN_OVER } from "./connection.js";

const line = document.getElementById("line");
const status = document.getElementById("state");
const countdown = document.getElementById("countdown");
const retry = document.getElementById("retry");

const STOPPING = 1001;
const TOO_SLOW = 1013;

export function showConnection(connection) {
  let ticking;
  let wasOpen = false;

  connection.addEventListener("state", ({ detail: { state, code, until } }) => {
    clearInterval(ticking);
    countdown.textContent = "";
    // Until it is open again, an attempt is no news for a screen reader.
    if (state === "connecting" && wasOpen) countdown.textContent = "Trying …";
    else say(sentenceFor(state, code));
    wasOpen ||= state !== "connecting";
    if (state !== "connecting") line.className = state;
    if (state === "waiting") {
      const count = () => {
        const seconds = Math.max(Math.ceil((until - Date.now()) / 1000), 1);
        countdown.textContent = `Trying again in ${seconds} s.`;
      };
      count();
      ticking = setInterval(count, 1000);
    }
    const canRetry = state === "waiting" || (state === "stopped" && code === TAKEN_OVER);
    retry.textContent = state === "stopped" ? "Use here" : "Retry now";
    // The button must not take the focus away with it.
    if (state === "open" && document.activeElement === retry) document.getElementById("text").focus();
    if (state !== "connecting") retry.hidden = !canRetry;
  });

  /** Said once, however often it fails. */
  function say(sentence) {
    if (status.textContent !== sentence) status.textContent = sentence;
  }

  retry.addEventListener("click", () => {
    if (connection.state !== "connecting") connection.open();
  });
}

function sentenceFor(state, code) {
  if (state === "open") return "Connected";
  if (state === "connecting") return "Connecting …";
  if (state === "locked") return "Locked";
  if (state === "stopped") {
    return code === TAKEN_OVER
      ? "This chat goes on in another tab or window."
      : "The person at the server has ended this call.";
  }
  if (code === STOPPING) return "The server has been stopped. What you write is sent when it is back.";
  if (code === TOO_SLOW) return "This connection is too slow for all that is said. Nothing is lost.";
  return "The connection is lost. What you write is sent when it is back.";
}
