// The box in which one writes. What is in it is never lost: each conversation has a draft, which a
// reload does not take away, and the box is only emptied when somebody has taken the text over.

import { ROOM } from "./conversation.js";

const form = document.getElementById("form");
const text = document.getElementById("text");
const label = document.getElementById("label");
const counter = document.getElementById("counter");
const note = document.getElementById("note");

const NEARLY_FULL = 0.9; // from here on, the counter shows

/** Says something about what was just typed; the next line that is sent clears it away. */
export function tellWriter(...parts) {
  note.replaceChildren(...parts);
}

/** `onLine` gets what was typed, and says whether the box may be emptied. */
export function startComposing(state, { onLine, onTyping }) {
  let last = "";

  function send() {
    const line = text.value.replace(/^\s*\n|\s+$/g, "");
    if (line.trim() === "") return;
    tellWriter();
    const tooMany = length(line) - state.limits.text;
    if (tooMany > 0) {
      tellWriter(`That is ${tooMany} characters too long: ${state.limits.text} fit into one message.`);
      return;
    }
    const key = state.open;
    if (!onLine(line)) return;
    last = line;
    state.setDraft(key, "");
    put(state.conversation(state.open).draft);
  }

  function put(value) {
    text.value = value;
    measure();
  }

  function measure() {
    text.style.height = "auto"; // or it would never become smaller
    text.style.height = `${text.scrollHeight + text.offsetHeight - text.clientHeight}px`;
    const left = state.limits.text - length(text.value);
    const about = left < 0 ? `${-left} characters too many` : `${left} characters left`;
    counter.textContent = left < (1 - NEARLY_FULL) * state.limits.text ? about : "";
    text.setAttribute("aria-invalid", String(left < 0));
  }

  text.addEventListener("input", () => {
    state.setDraft(state.open, text.value);
    measure();
    // Commands are nobody else's business.
    if (text.value.trim() !== "" && !text.value.startsWith("/")) onTyping();
  });

  text.addEventListener("keydown", (event) => {
    // While a word is put together (Japanese, say), Enter chooses it; Safari says so only by 229.
    if (event.isComposing || event.keyCode === 229) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      send();
    } else if (event.key === "Escape") {
      tellWriter();
    } else if (event.key === "ArrowUp" && text.value === "" && last !== "") {
      event.preventDefault(); // the caret stays at the end
      put(last);
      state.setDraft(state.open, last);
    }
  });

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send();
    text.focus();
  });

  function show() {
    const person = state.people.get(state.open);
    label.textContent = state.open === ROOM ? "Message to everyone" : `Message to ${person.name}, in private`;
    text.placeholder = state.open === ROOM ? "Say something" : `Only to ${person.name}`;
    put(state.conversation(state.open).draft);
  }
  state.addEventListener("show", () => {
    tellWriter();
    show();
  });
  state.addEventListener("draft", ({ detail: { key } }) => {
    if (key === state.open) put(state.conversation(key).draft);
  });
  state.addEventListener("welcomed", measure); // now the limit is known
  addEventListener("resize", measure);
  show();
}

/** As the server counts: an emoji is one character, though it is two in a string. */
const length = (string) => [...string].length;
