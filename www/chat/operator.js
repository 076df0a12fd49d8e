// What the operator does at the server's terminal: a text that is pinned above the messages, and who may speak.
// (What the operator says is drawn by message-item.js.)

import { fillFormatted } from "./format-text.js";

const pinned = document.getElementById("pinned");
const mutedNote = document.getElementById("muted");

export function showOperatorsDoing(connection) {
  function showPinned(text) {
    pinned.hidden = text === "";
    pinned.lastElementChild.replaceChildren();
    fillFormatted(pinned.lastElementChild, text);
    if (pinned.scrollHeight > pinned.clientHeight) pinned.tabIndex = 0; // so that keys can scroll it
    else pinned.removeAttribute("tabindex");
  }

  function showMuted(isMuted) {
    mutedNote.hidden = !isMuted;
  }

  connection.addEventListener("welcome", ({ detail }) => {
    showPinned(detail.pinned ?? ""); // an older server has neither
    showMuted(detail.muted ?? false);
  });
  connection.addEventListener("pinned", ({ detail: { text } }) => showPinned(text));
  connection.addEventListener("muted", ({ detail: { muted } }) => showMuted(muted));
}
