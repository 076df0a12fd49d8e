// Three ways to choose photos: the button beside the message box, pasting, and dropping files onto the page.
// photo-preview.js shows them before they are sent.

import { showNote } from "./message-box.js";

const button = document.getElementById("photo-button");
const picker = document.getElementById("photo-picker");

/** How long (in milliseconds) after the last "dragover" the files are no longer over the page. */
const DRAG_ENDS_AFTER = 200;

/** `canSend` says whether something can be sent to a conversation; `onFiles` is called with the chosen files. */
export function startPhotoInput(state, { canSend, onFiles }) {
  function take(files) {
    if (files.length === 0) return;
    showNote();
    if (!state.limits.photo) showNote("This server takes no photos.");
    else if (canSend(state.openKey)) onFiles(files);
  }

  button.addEventListener("click", () => picker.click());
  picker.addEventListener("change", () => {
    take([...picker.files]);
    picker.value = ""; // or the same file could not be chosen once more
  });
  state.addEventListener("welcomed", () => {
    button.hidden = !state.limits.photo;
  });

  document.addEventListener("paste", (event) => {
    const files = [...event.clipboardData.files];
    if (files.length === 0 || isCovered() || hasText(event.clipboardData, files)) return;
    event.preventDefault();
    take(files);
  });

  let dragTimer;
  document.addEventListener("dragover", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault(); // otherwise the browser would leave the page and open the file
    document.body.classList.toggle("dropping", !isCovered());
    clearTimeout(dragTimer);
    dragTimer = setTimeout(() => document.body.classList.remove("dropping"), DRAG_ENDS_AFTER);
  });
  document.addEventListener("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    document.body.classList.remove("dropping");
    if (!isCovered()) take([...event.dataTransfer.files]);
  });
}

/** Word and Excel put a picture of the text beside the text, which is what the user wants to paste. */
function hasText(clipboard, files) {
  const text = clipboard.getData("text/plain");
  // A file that was copied on a Mac has its name beside it.
  return text !== "" && !files.some(({ name }) => name === text);
}

const hasFiles = ({ dataTransfer }) => dataTransfer?.types.includes("Files");

/** Is there a form or a dialog over the chat, other than the preview? */
function isCovered() {
  const isLocked = document.body.classList.contains("locked");
  return isLocked || document.querySelector("dialog[open]:not(#photo-preview)") !== null;
}
