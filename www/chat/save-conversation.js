// Saves or prints the open conversation as a whole. The page has only a part of it, so the rest is loaded
// first, with a count and a button to cancel. The file is made here and handed to the browser as a download.

import { counted } from "./format.js";
import { printTranscript, startPrinting } from "./print-conversation.js";
import { asJsonLines, asText, titleOf, transcriptOf } from "./transcript.js";

const dialog = document.getElementById("save");
const what = document.getElementById("save-what");
const choices = document.getElementById("save-choices");
const stateLine = document.getElementById("save-state");
const countLine = document.getElementById("save-count");
const cancelButton = document.getElementById("save-cancel");

/** The address of a download is given back after this time (milliseconds): then the browser has it. */
const KEEP_FILE_FOR = 60_000;

const FORMATS = {
  text: { ending: "txt", type: "text/plain;charset=utf-8", write: asText },
  json: { ending: "jsonl", type: "application/jsonl;charset=utf-8", write: asJsonLines },
};

/** The functions of earlier-messages.js load all messages that the server keeps, and say how far that is. */
export function startSaving(state, { loadAll, progress }) {
  /** Stops what is loading; null while nothing is. */
  let stop = null;

  const messageCount = () => state.conversation(state.openKey).messages.filter(({ id }) => id !== undefined).length;

  function begin(format) {
    choices.hidden = true;
    cancelButton.hidden = false;
    cancelButton.focus();
    const key = state.openKey;
    stop = loadAll((now) => {
      say(now.isConnected ? "Loading earlier messages …" : "The connection is lost. It goes on when it is back.");
      countLine.textContent = `${counted(messageCount(), "message")} so far`;
      if (now.isComplete || key !== state.openKey) queueMicrotask(() => finish(format, key)); // when `stop` is set
    });
  }

  function finish(format, key) {
    if (stop === null) return;
    end();
    if (key !== state.openKey) return; // the server has started over, and this conversation is gone
    const transcript = transcriptOf(state, progress());
    const count = counted(transcript.messages.length, "message");
    if (format === "print") {
      say(`${count} for the printer.`);
      printTranscript(transcript);
    } else {
      const { ending, type, write } = FORMATS[format];
      const name = fileName(titleOf(state), state.now(), ending);
      download(name, new Blob([write(transcript, state)], { type }));
      say(`Saved ${count} as ${name}.`);
    }
  }

  function end() {
    stop?.();
    stop = null;
    choices.hidden = false;
    cancelButton.hidden = true;
    countLine.textContent = "";
    if (dialog.open) choices.querySelector("button").focus();
  }

  for (const button of choices.querySelectorAll("button")) {
    button.addEventListener("click", () => begin(button.dataset.format));
  }
  cancelButton.addEventListener("click", () => {
    end();
    say("Cancelled. Nothing was saved.");
  });
  dialog.addEventListener("close", end);
  document.querySelector("[data-sheet=save]").addEventListener("click", () => {
    what.textContent = `${titleOf(state)}: from the first message that the server keeps to the newest.`;
    say("");
  });
  startPrinting(() => transcriptOf(state, progress()));
}

function say(sentence) {
  // A screen reader reads each change, so the same sentence is not written again.
  if (stateLine.textContent !== sentence) stateLine.textContent = sentence;
}

/** Returns "partyline-everyone-2026-11-26.txt". A name may have characters that no file name may have. */
function fileName(title, milliseconds, ending) {
  const words = title.toLowerCase().replace(/[^\p{L}\p{M}\p{N}]+/gu, "-").replace(/^-|-$/g, "");
  return `partyline-${words}-${new Date(milliseconds).toISOString().slice(0, 10)}.${ending}`;
}

function download(name, file) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), KEEP_FILE_FOR);
}
