// Changes your name: the button that shows it, the dialog behind the button, and the answer to /nick.

import { asSentence, nameElement } from "./format.js";
import { showNote } from "./message-box.js";
import { saveNameCookie } from "./name-cookie.js";
import { wellFormed } from "../shared/well-formed.js";

const box = document.getElementById("text");
const button = document.getElementById("me");
const dialog = document.getElementById("naming");
const form = document.getElementById("naming-form");
const input = document.getElementById("name");
const cancelButton = document.getElementById("naming-cancel");
const dialogNote = document.getElementById("naming-note");

/**
 * Starts the dialog. Returns the function that asks the server for another name, and returns whether it does.
 * `about` is the command that was typed in the message box, { key, line }: if the server refuses the name, the
 * line is put back into that conversation's box.
 */
export function startNameDialog(state, connection) {
  function requestName(wish, about) {
    const name = wellFormed(wish).normalize().trim().replace(/\s+/g, " "); // as the server will write it
    const length = [...name].length;
    const fits = length <= state.limits.name;
    if (fits) connection.send({ type: "name", name }, about);
    else showProblem(`That has ${length} characters, and a name has at most ${state.limits.name}.`, about);
    return fits;
  }

  function showProblem(sentence, { key, line } = {}) {
    if (line) state.replaceDraft(key, "", line);
    if (line && box.value === line) box.select(); // what is typed next replaces it
    if (dialog.open) dialogNote.textContent = sentence;
    else showNote(sentence);
  }

  connection.addEventListener("ack", ({ detail: { entry } }) => {
    if (entry?.message.type !== "name") return;
    const { name } = entry.message;
    state.setOwnName(name);
    saveNameCookie(name);
    if (dialog.open) dialog.close();
    showNote("You are now called ", nameElement(state.you), ".");
  });
  connection.addEventListener("refused", ({ detail: { ref, reason, entry } }) => {
    if (entry.message.type !== "name") return;
    connection.discard(ref);
    showProblem(asSentence(reason), entry.about);
  });

  state.addEventListener("own-name", () => {
    button.hidden = false;
    const prefix = document.createElement("span"); // a narrow header leaves it out
    prefix.textContent = "You: ";
    button.replaceChildren(prefix, nameElement(state.you));
  });
  button.addEventListener("click", () => {
    input.value = state.you.name;
    dialogNote.textContent = "";
    dialog.showModal(); // the browser gives the focus back to the button when the dialog closes
    input.select();
  });
  cancelButton.addEventListener("click", () => dialog.close());
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (input.value.trim() === state.you.name) dialog.close();
    else requestName(input.value);
  });
  return requestName;
}
