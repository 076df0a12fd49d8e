// Shows a photo in full size, in a dialog with its caption. Escape, the button and a click beside the photo
// close it.

import { altText, nameElement, timeElement } from "./format.js";

const dialog = document.getElementById("photo-view");
const place = document.getElementById("photo-view-image");
const caption = document.getElementById("photo-view-caption");
const closeButton = document.getElementById("photo-view-close");

/** The button in the list that opened the dialog. */
let opener = null;

/** Opens the photo of this message. `from` is the button that gets the focus back. */
export function openPhoto(message, from) {
  opener = from;
  const image = new Image();
  image.alt = altText(message);
  image.src = message.preview ?? message.photo.url;
  place.replaceChildren(image);
  // Only your own messages have a status.
  const author = message.status ? "You" : nameElement(message.from);
  caption.replaceChildren(author, ", ", timeElement(message.at));
  if (message.text !== "") {
    const words = document.createElement("p");
    words.dir = "auto";
    words.textContent = message.text;
    caption.append(words);
  }
  dialog.showModal();
}

closeButton.addEventListener("click", () => dialog.close());
dialog.addEventListener("click", ({ target }) => {
  if (target === dialog || target === place) dialog.close();
});
dialog.addEventListener("close", () => {
  place.replaceChildren(); // frees the memory
  // Not every browser gives the focus back to a button that was clicked. The row may have been drawn anew.
  if (opener?.isConnected) opener.focus();
  else document.getElementById("messages").focus();
  opener = null;
});
