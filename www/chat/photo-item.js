// Draws the photo of a message in the list. message-body.js puts it above its caption; photo-view.js shows it
// in full size.

import { altText } from "./format.js";
import { openPhoto } from "./photo-view.js";

const GONE = "This photo is no longer on the server.";
const NOT_LOADED = "This photo could not be loaded. Load it again";

/** Map: a button whose photo failed to load → its message. */
const notLoaded = new Map();

/** Returns a button that shows the photo of this message, and opens it in full size. */
export function photoButton(message) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "photo";
  reservePlace(button, message.photo);
  const image = new Image();
  image.alt = altText(message);
  image.loading = "lazy"; // a photo that is out of view is loaded when you scroll near to it
  image.addEventListener("error", async () => showProblem(button, message, await isGone(image.src)));
  image.src = message.preview ?? message.photo.url;
  button.append(image);
  button.addEventListener("click", () => {
    if (notLoaded.has(button)) reload(button);
    else openPhoto(message, button);
  });
  return button;
}

/** The place has its final size before the photo is here, so nothing moves when the photo comes. See photos.css. */
function reservePlace(element, { width, height }) {
  element.style.setProperty("--width", `${width}px`);
  element.style.setProperty("--ratio", width / height);
}

/** Did the server answer that it has no such photo? */
async function isGone(url) {
  try {
    const { status } = await fetch(url, { method: "HEAD" });
    return status === 404;
  } catch {
    return false; // no answer: the connection is lost
  }
}

function showProblem(button, message, isGone) {
  if (isGone) {
    const words = document.createElement("span");
    words.className = "photo missing";
    words.textContent = GONE;
    reservePlace(words, message.photo);
    button.replaceWith(words);
    return;
  }
  button.classList.add("missing");
  button.textContent = NOT_LOADED;
  notLoaded.set(button, message);
}

function reload(button) {
  const message = notLoaded.get(button);
  notLoaded.delete(button);
  if (!button.isConnected) return;
  const hadFocus = document.activeElement === button;
  const fresh = photoButton(message);
  button.replaceWith(fresh);
  if (hadFocus) fresh.focus();
}

/** Loads the photos again that could not be loaded, when the connection is back. */
export function reloadPhotos(connection) {
  connection.addEventListener("state", ({ detail: { state } }) => {
    if (state === "open") [...notLoaded.keys()].forEach(reload);
  });
}
