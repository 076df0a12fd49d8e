// Your own name: the button that shows it, the dialog that changes it, and /nick.

import { tellWriter } from "./message-box.js";
import { rememberName } from "../shared/storage.js";
import { nameOf, sentence } from "./format.js";

const button = document.getElementById("me");
const dialog = document.getElementById("naming");
const form = document.getElementById("naming-form");
const input = document.getElementById("name");
const note = document.getElementById("naming-note");

/** Returns the function that asks the server for another name. */
export function startNaming(state, connection) {
  function ask(wish) {
    const name = wish.trim().replace(/\s+/g, " "); // as the server will write it
    connection.send({ type: "name", name });
  }

  connection.addEventListener("ack", ({ detail: { entry } }) => {
    if (entry?.message.type !== "name") return;
    const { name } = entry.message;
    state.renameYou(name);
    rememberName(name);
    if (dialog.open) dialog.close();
    tellWriter("You are now called ", nameOf(state.you), ".");
  });
  connection.addEventListener("refused", ({ detail: { ref, reason, entry } }) => {
    if (entry.message.type !== "name") return;
    connection.forget(ref);
    if (dialog.open) note.textContent = sentence(reason);
    else tellWriter(sentence(reason));
  });

  state.addEventListener("you", () => {
    button.hidden = false;
    button.replaceChildren("You: ", nameOf(state.you));
  });
  button.addEventListener("click", () => {
    input.value = state.you.name;
    note.textContent = "";
    dialog.showModal(); // and gives the focus back to the button when it is closed
    input.select();
  });
  document.getElementById("naming-cancel").addEventListener("click", () => dialog.close());
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (input.value.trim() === state.you.name) dialog.close();
    else ask(input.value);
  });
  return ask;
}
