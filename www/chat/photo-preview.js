// Shows each chosen photo before it is sent: how it will look, its bytes, and a field for its caption.
// Several photos are shown one after the other. They come from photo-input.js; send-message.js sends them.

import { ROOM } from "./conversation.js";
import { formatSize, nameElement } from "./format.js";
import { showNote } from "./message-box.js";
import { PhotoProblem, preparePhoto } from "./photo-prepare.js";
import { formatCount } from "../wire/format.js";

const dialog = document.getElementById("photo-preview");
const form = document.getElementById("photo-form");
const title = document.getElementById("photo-title");
const place = document.getElementById("photo-place");
const sizeLine = document.getElementById("photo-size");
const captionField = document.getElementById("photo-caption-field");
const input = document.getElementById("photo-caption");
const note = document.getElementById("photo-note");
const sendButton = document.getElementById("photo-send");
const skipButton = document.getElementById("photo-skip");
const cancelButton = document.getElementById("photo-cancel");

const WAS_MOVING = " It moves, and only its first picture is sent: of moving pictures only GIFs stay as they are.";
const IS_CUT = " The end of the file is missing, so a part of the picture may be missing, too.";

/**
 * Starts the dialog. `sendPhoto(key, photo, caption)` sends a photo to a conversation and returns whether it does.
 * Returns the function that shows these files for the open conversation.
 */
export function startPhotoPreview(state, sendPhoto) {
  /** The conversation that was open when the first file was chosen. */
  let key;
  /** The files still to come, and how many were chosen. */
  let files = [];
  let count = 0;
  /** The file that is shown, and what is to be sent of it, with a `url` of that. */
  let current = null;
  let photo = null;

  function showFiles(chosen) {
    const isOpen = dialog.open;
    if (!isOpen) reset();
    files.push(...chosen);
    count += chosen.length;
    if (isOpen) draw();
    else showNext();
  }

  async function showNext() {
    forgetPhoto();
    const file = files.shift() ?? null;
    current = file;
    if (file === null) {
      dialog.close();
      return;
    }
    if (!dialog.open) open();
    input.value = "";
    sizeLine.textContent = "Preparing …";
    note.textContent = "";
    draw();
    try {
      const prepared = await preparePhoto(file, state.limits.photo);
      if (file !== current) return; // it was cancelled meanwhile
      photo = { ...prepared, url: URL.createObjectURL(new Blob([prepared.bytes], { type: prepared.mime })) };
      sizeLine.textContent = describeSize(photo);
    } catch (error) {
      if (file !== current) return;
      sizeLine.textContent = "";
      note.textContent = error instanceof PhotoProblem ? error.message : `This photo cannot be sent: ${error}`;
      cancelButton.focus(); // the field that may have the focus is about to be hidden
    }
    draw();
  }

  function open() {
    key = state.openKey;
    dialog.classList.toggle("private", key !== ROOM);
    dialog.showModal();
    // Not on a phone: its keyboard would cover the photo.
    (matchMedia("(pointer: fine)").matches ? input : cancelButton).focus();
  }

  function draw() {
    const number = count > 1 ? `Photo ${count - files.length} of ${count}, ` : "Photo ";
    const recipient = key === ROOM ? ["to everyone"] : ["only to ", nameElement(state.members.get(key))];
    title.replaceChildren(number, ...recipient);
    place.replaceChildren();
    if (photo !== null) {
      const image = new Image();
      image.alt = "The photo as it will be sent";
      image.src = photo.url;
      place.append(image);
    }
    const hasProblem = note.textContent !== "";
    captionField.hidden = hasProblem;
    sendButton.hidden = hasProblem;
    sendButton.disabled = photo === null;
    skipButton.hidden = files.length === 0;
    cancelButton.textContent = hasProblem && files.length === 0 ? "Close" : "Cancel";
  }

  function reset() {
    forgetPhoto();
    current = null;
    files = [];
    count = 0;
    place.replaceChildren();
  }

  function forgetPhoto() {
    if (photo !== null) URL.revokeObjectURL(photo.url);
    photo = null;
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (photo === null) return; // it is still prepared
    const caption = input.value.trim();
    const excess = [...caption].length - state.limits.text;
    if (excess > 0) {
      sizeLine.textContent = `The caption is ${excess} characters too long.`;
      return;
    }
    if (!sendPhoto(key, photo, caption)) {
      dialog.close(); // the note that says why is behind it
      return;
    }
    photo = null; // the list shows it now, under the same address
    showNext();
  });
  skipButton.addEventListener("click", showNext);
  cancelButton.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => {
    if (!dialog.open) reset(); // the event comes a little later: the dialog may show other files already
  });
  // By another address; or the server has restarted, and the ids of people belong to others now.
  state.addEventListener("opened", () => {
    if (!dialog.open || (key === ROOM && state.openKey === ROOM)) return;
    dialog.close();
    showNote("Another conversation was opened, so the photo was not sent.");
  });
  return showFiles;
}

function describeSize({ bytes, width, height, wasMoving, isCut }) {
  const pixels = `${formatCount(width)} × ${formatCount(height)} pixels`;
  const words = `${formatSize(bytes.length)}, ${pixels}. Where and when it was taken is not sent along.`;
  return `${words}${wasMoving ? WAS_MOVING : ""}${isCut ? IS_CUT : ""}`;
}
