// Builds the elements of the wire view: the tools, the line about its state, the handshake, and the list of
// frames. view.js fills them and decides what the buttons do.

import { createElement } from "./create-element.js";
import { DIRECTION_OPTIONS, KIND_OPTIONS } from "./filter.js";

/** `handlers` are functions; `frameList` is the element with the frames. Returns the elements by name. */
export function buildViewElements(handlers, frameList) {
  // The tools, in one row. Where it is too narrow, a button opens those that are needed less often.
  const pauseButton = createButton("Pause", handlers.togglePause);
  const clearButton = createButton("Clear", handlers.clear);
  const secretsButton = createButton("Show secrets", handlers.toggleSecrets);
  secretsButton.title = "Tokens, passphrases and cookies: as dots, or as they are";
  const directionSelect = createSelect("Direction", DIRECTION_OPTIONS, handlers.filter);
  const kindSelect = createSelect("Kind of frame", KIND_OPTIONS, handlers.filter);
  const more = createElement("div", { id: "wire-more", class: "wire-more menu", popover: "" }, clearButton, secretsButton);
  const moreButton = createElement("button",
    { type: "button", class: "quiet", popovertarget: "wire-more", "aria-label": "More", title: "More" }, "⋯");
  more.addEventListener("beforetoggle", () => {
    more.style.setProperty("--below", `${moreButton.getBoundingClientRect().bottom}px`);
  });
  more.addEventListener("click", () => {
    if (more.matches(":popover-open")) more.hidePopover();
  });
  const tools = createElement("div", { class: "wire-tools", role: "group", "aria-label": "What is shown" },
    pauseButton, directionSelect, kindSelect, more, moreButton);

  // The line about its state.
  const stateLine = createElement("p", { class: "wire-state", role: "status" });
  const hiddenLine = createElement("p", { class: "hiding" });
  const aboutLine = createElement("div", { class: "wire-about" }, stateLine, hiddenLine);

  // The handshake. It appears with the first connection.
  const handshakeSummary = createElement("span", { class: "verdict-line" });
  const handshakeBody = createElement("div");
  const handshake = createElement("details", { class: "handshake", hidden: true },
    createElement("summary", {}, createElement("h2", {}, "Handshake"), handshakeSummary),
    handshakeBody);

  // The frames.
  const chatNote = createElement("p", { class: "words own-words", hidden: true },
    "The text inside (type, ref, ack, beat …) is this chat's own, and a binary message is a photo. " +
    "The Echo page shows plain text.");
  const proxyNote = createElement("p", { class: "words own-words proxy-note", hidden: true });
  const countsLine = createElement("p", { class: "counts" });
  const emptyLine = createElement("p", { class: "nothing" });
  const frames = createElement("section", { class: "wire-frames", "aria-label": "Frames" },
    createElement("div", { class: "frames-title" }, createElement("h2", {}, "Frames"), countsLine),
    proxyNote, chatNote, emptyLine, frameList);

  const scroller = createElement("div",
    { class: "wire-scroll", tabindex: "0", role: "region", "aria-label": "What has passed" },
    handshake, frames);
  const newestButton = createButton("", handlers.goToEnd, "newest");
  newestButton.hidden = true;

  const root = createElement("div", { class: "wire-view" },
    tools, aboutLine, createElement("div", { class: "wire-frame" }, scroller, newestButton));

  return {
    root, tools, more, stateLine, pauseButton, secretsButton, directionSelect, kindSelect, hiddenLine,
    proxyNote, handshake, handshakeSummary, handshakeBody, chatNote, countsLine, emptyLine, frames, scroller, newestButton,
  };
}

function createButton(label, onClick, className = "quiet") {
  const button = createElement("button", { type: "button", class: className }, label);
  button.addEventListener("click", onClick);
  return button;
}

function createSelect(label, options, onChange) {
  const entries = Object.entries(options).map(([value, name]) => createElement("option", { value }, name));
  const select = createElement("select", { "aria-label": label }, ...entries);
  select.addEventListener("change", onChange);
  return select;
}

/** Gives a button that switches something on and off the words for its next press. */
export function setSwitch(button, words, isOn) {
  button.textContent = words;
  button.classList.toggle("on", isOn);
}
