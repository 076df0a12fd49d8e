// Asks for the passphrase if the server has one: a form in place of everything else, until the server
// has accepted the passphrase with a welcome.

import { focusBox } from "./message-box.js";
import { LONGEST_PASSPHRASE as LONGEST } from "./open-socket.js";

const section = document.getElementById("ask-passphrase");
const form = document.getElementById("passphrase-form");
const input = document.getElementById("passphrase");
const note = document.getElementById("passphrase-note");

export function askForPassphrase(connection) {
  function showForm(isShown) {
    section.hidden = !isShown;
    document.body.classList.toggle("locked", isShown);
  }

  connection.addEventListener("state", ({ detail: { state, isWrong } }) => {
    if (state === "locked") {
      showForm(true);
      note.textContent = isWrong ? "That is not the passphrase." : "";
      input.select(); // the next attempt replaces what is in the field
      input.focus();
    } else if (state === "open" && !section.hidden) {
      showForm(false);
      input.value = "";
      focusBox();
    }
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (connection.state === "connecting") return; // already sent: a wrong one is answered after 1 s
    if (input.value.length > LONGEST) {
      note.textContent = `A passphrase has at most ${LONGEST} characters.`;
      return;
    }
    note.textContent = "";
    connection.unlock(input.value);
  });
}
