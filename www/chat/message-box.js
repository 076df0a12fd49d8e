// The box in which you write a message, with its counter and the note above it. send-message.js takes
// over the line that you have written. The text is never lost: each conversation has a draft, which a
// reload keeps, and the box is cleared only after the line has been taken over.

import { ROOM } from "./conversation.js";
import { counted } from "./format.js";
import { choiceButton, lengthOf, offerFor } from "./long-text.js";
import { asCode, looksLikeCode } from "./pasted-code.js";
import { lineFor } from "./slash-commands.js";

const form = document.getElementById("form");
const text = document.getElementById("text");
const label = document.getElementById("label");
const counter = document.getElementById("counter");
const note = document.getElementById("note");
const noteCloseButton = document.getElementById("note-close");

/** The counter appears when less than this part of the longest message is left. */
const NEARLY_FULL = 0.1;

/**
 * The box takes four times the longest message, so that a text can be pasted and then cut down; but at least
 * the first and at most the second of these numbers (in units of a string). A browser needs seconds for a
 * million characters, with each key again.
 */
const BOX_HOLDS = [16_384, 200_000];

/** A text of this length fills the box to its greatest height, even in the widest window: it is not measured. */
const FILLS_BOX = 5_000;

/** A phone: its keyboard has no Shift+Enter, so that Enter starts a new line, and the button sends. */
const phone = matchMedia("(hover: none) and (pointer: coarse)");

const BOX_IS_FULL = "The box is full. The end of a longer text is missing.";

/** Gives the box the focus; on a phone the messages, because its keyboard would cover them. */
export function focusBox() {
  (phone.matches ? document.getElementById("messages") : text).focus();
}

/** Shows something about what was typed. It disappears when the next line is sent. */
export function showNote(...parts) {
  note.replaceChildren(...parts);
  noteCloseButton.hidden = note.textContent === "";
  // A long one scrolls: then the keyboard reaches it.
  if (note.scrollHeight > note.clientHeight) note.tabIndex = 0;
  else note.removeAttribute("tabindex");
}

/**
 * Starts the box. `onLine` is called with the line that was written and returns whether to clear the box;
 * `onTyping` is called with each change of a text that will be a message.
 */
export function startMessageBox(state, { onLine, onTyping }) {
  let lastLine = "";
  /** The line that ArrowUp has brought back, until it is changed. */
  let recalled = null;

  function submit() {
    const line = text.value.trimEnd().replace(/^\s*\n/, "");
    if (line === "") return;
    showNote();
    const limit = state.limits.text;
    const excess = lengthOf(line) - limit;
    if (excess > 0) {
      offerWaysOut(line);
      return;
    }
    const key = state.openKey; // the line may be a command that opens another conversation
    if (!onLine(line)) return;
    lastLine = line;
    state.setDraft(key, "");
    fill(state.conversation(state.openKey).draft);
  }

  /** A text is too long, pasted source mostly. */
  function offerWaysOut(line) {
    function onCut(beginning) {
      replaceText(beginning);
      showNote();
      text.focus();
    }
    function onPieces(pieces) {
      showNote();
      text.focus();
      // The first is what was typed. One of the others may begin like a command, and is none.
      if (pieces.every((piece, index) => onLine(index === 0 ? piece : lineFor({ text: piece })))) onCut("");
    }
    const isFull = text.value.length >= text.maxLength - 1;
    const offer = offerFor(line, { limit: state.limits.text, onCut, onPieces });
    showNote(...(isFull ? [BOX_IS_FULL, " "] : []), ...offer);
  }

  function offerCode() {
    const button = choiceButton("Send as code", () => {
      fill(asCode(text.value));
      submit();
      text.focus();
    });
    showNote("This looks like source. As code it keeps its shape, between two lines of ```. ", button);
  }

  function fill(value) {
    text.value = value;
    resize();
  }

  function replaceText(value) {
    fill(value);
    state.setDraft(state.openKey, value);
  }

  /** Makes the box as high as its text, and updates the counter. */
  function resize() {
    if (text.value.length > FILLS_BOX) {
      text.style.height = "100vh"; // max-height makes it lower
    } else {
      text.style.height = "auto"; // otherwise it would never become lower
      text.style.height = `${text.scrollHeight + text.offsetHeight - text.clientHeight}px`;
    }
    const limit = state.limits.text;
    const left = limit - lengthOf(text.value);
    const words = left < 0 ? `${counted(-left, "character")} too many` : `${counted(left, "character")} left`;
    counter.textContent = left < NEARLY_FULL * limit ? words : "";
    text.setAttribute("aria-invalid", String(left < 0));
    // The browser keeps to it before it draws: what is pasted may be megabytes.
    const [least, most] = BOX_HOLDS;
    text.maxLength = Math.min(Math.max(4 * limit, least), most);
  }

  function showConversation() {
    const person = state.members.get(state.openKey);
    const isRoom = state.openKey === ROOM;
    label.textContent = isRoom ? "Message to everyone" : `Message to ${person.name}, in private`;
    showPlaceholder();
    fill(state.conversation(state.openKey).draft);
  }

  function showPlaceholder() {
    const person = state.members.get(state.openKey);
    if (state.openKey === ROOM) text.placeholder = "Say something";
    else text.placeholder = state.members.hasLeft(person) ? `${person.name} has hung up` : `Only to ${person.name}`;
  }

  text.addEventListener("input", ({ inputType }) => {
    recalled = null;
    state.setDraft(state.openKey, text.value);
    resize();
    const isFull = text.value.length >= text.maxLength - 1;
    const isTooLong = lengthOf(text.value) > state.limits.text;
    if (isTooLong && (isFull || inputType === "insertFromPaste")) offerWaysOut(text.value);
    else if (isFull) showNote(BOX_IS_FULL);
    else if (inputType === "insertFromPaste" && looksLikeCode(text.value)) offerCode();
    const isCommand = text.value.startsWith("/");
    if (text.value.trim() !== "" && !isCommand) onTyping();
  });

  text.addEventListener("keydown", (event) => {
    // While a word is composed (in Japanese, say), Enter accepts it. Safari tells that only by code 229.
    if (event.isComposing || event.keyCode === 229) return;
    const sends = phone.matches ? event.ctrlKey || event.metaKey : !event.shiftKey;
    if (event.key === "Enter" && sends) {
      event.preventDefault();
      submit();
    } else if (event.key === "Escape") {
      showNote();
      if (text.value === recalled) replaceText("");
    } else if (event.key === "ArrowUp" && text.value === "" && lastLine !== "") {
      event.preventDefault(); // keeps the caret at the end
      recalled = lastLine;
      replaceText(lastLine);
    }
  });

  noteCloseButton.addEventListener("click", () => {
    showNote();
    focusBox(); // the button that had the focus is gone
  });

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    submit();
    text.focus();
  });

  state.addEventListener("opened", () => {
    showNote();
    showConversation();
  });
  state.addEventListener("members", showPlaceholder);
  state.addEventListener("draft", ({ detail: { key } }) => {
    if (key === state.openKey) fill(state.conversation(key).draft);
  });
  state.addEventListener("welcomed", resize); // the welcome tells the longest message
  addEventListener("resize", resize);
  if (phone.matches) text.enterKeyHint = "enter";
  showConversation();
}
