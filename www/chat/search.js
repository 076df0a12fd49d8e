// A search in the open conversation, in earlier messages too: as long as it is open, they are loaded. What is
// found is listed, the newest first; a press leads to the message in the list and marks it. Enter goes on to the
// next, Escape ends the search.

import { ROOM } from "./conversation.js";
import { nameElement, timeElement } from "./format.js";
import { isHidden } from "./hidden-people.js";
import { focusBox } from "./message-box.js";
import { wordsOf } from "./transcript.js";

const openButton = document.getElementById("search-button");
const form = document.getElementById("search");
const input = document.getElementById("search-text");
const closeButton = document.getElementById("search-close");
const stateLine = document.getElementById("search-state");
const list = document.getElementById("search-results");

/** How many results are listed at most: the newest. */
const MOST_RESULTS = 200;
/** New results are shown at most once in this time (milliseconds). */
const LOOK_EVERY = 250;
/** How many characters of a text stand before and behind what was found. */
const BEFORE = 30;
const BEHIND = 120;

const dateFormat = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });

/** Texts as they are compared: é in one code point or in two, in capitals or not. */
const composed = (text) => text.normalize("NFKC");
const folded = (text) => composed(text).toLowerCase();

/** `loadAll` of earlier-messages.js loads all messages; `showMessage` of message-list.js scrolls to one. */
export function startSearch(state, { loadAll, showMessage }) {
  /** The folded text of each message that was looked at. */
  const foldedTexts = new WeakMap();
  /** From each message that is listed to its <li>. */
  const items = new Map();
  let results = [];
  /** The result that was gone to, and its item in the list of messages. */
  let current = null;
  let marked = null;
  /** Stops the loading; null while the search is closed or empty. */
  let stop = null;
  let progress = {};
  let timer;

  function contains(message, query) {
    if (message.id === undefined) return false; // a notice, or not sent yet
    if (isHidden(message.from)) return false;
    if (!foldedTexts.has(message)) foldedTexts.set(message, folded(searchedWords(message)));
    return foldedTexts.get(message).includes(query);
  }

  function look() {
    timer = clearTimeout(timer);
    const query = folded(input.value.trim());
    const isEmpty = query === "";
    if (isEmpty) stopLoading();
    else stop ??= loadAll((now) => {
      progress = now;
      lookSoon();
    });
    const { messages } = state.conversation(state.openKey);
    const all = isEmpty ? [] : messages.filter((message) => contains(message, query)).reverse();
    results = all.slice(0, MOST_RESULTS);
    drawResults(query);
    const sentence = isEmpty ? "" : describe(all.length);
    if (stateLine.textContent !== sentence) stateLine.textContent = sentence;
  }

  function lookSoon() {
    if (!form.hidden) timer ??= setTimeout(look, LOOK_EVERY);
  }

  function describe(count) {
    const words = count === 0 ? "Nothing found in this conversation" : `${count} found`;
    const listed = count > MOST_RESULTS ? `, the newest ${MOST_RESULTS} listed` : "";
    if (progress.isComplete) return `${words}${listed}.${progress.isLost ? " Some messages are no longer on the server." : ""}`;
    if (progress.isConnected) return `${words}${listed}. Looking through earlier messages …`;
    return `${words}${listed}. The connection is lost; the search goes on when it is back.`;
  }

  /** Items are kept, so that the one that has the focus keeps it when more are found. */
  function drawResults(query) {
    if (list.dataset.query !== query) clearResults();
    list.dataset.query = query;
    results.forEach((message, index) => {
      if (!items.has(message)) items.set(message, resultItem(message, query));
      const item = items.get(message);
      if (list.children[index] !== item) list.insertBefore(item, list.children[index] ?? null);
    });
    for (const [message, item] of items) {
      if (results.includes(message)) continue;
      item.remove();
      items.delete(message);
    }
    list.hidden = results.length === 0;
  }

  function clearResults() {
    items.clear();
    list.replaceChildren();
    unmark();
  }

  function resultItem(message, query) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "quiet";
    const when = document.createElement("span");
    when.className = "when";
    when.append(`${dateFormat.format(message.at)} `, timeElement(message.at));
    button.append(nameElement(message.from), when, snippet(searchedWords(message), query));
    button.addEventListener("click", () => goTo(message));
    const item = document.createElement("li");
    item.append(button);
    return item;
  }

  function goTo(message) {
    unmark();
    current = message;
    marked = showMessage(message);
    marked.classList.add("found");
    const button = items.get(message).firstElementChild;
    button.setAttribute("aria-current", "true");
    button.scrollIntoView({ block: "nearest" });
  }

  function unmark() {
    list.querySelector("[aria-current]")?.removeAttribute("aria-current");
    marked?.classList.remove("found");
    [current, marked] = [null, null];
  }

  function stopLoading() {
    stop?.();
    stop = null;
  }

  function open() {
    form.hidden = false;
    input.placeholder = state.openKey === ROOM ? "Search what was said to everyone" : "Search this private conversation";
    input.focus();
    input.select();
    look();
  }

  function close() {
    form.hidden = true;
    stopLoading();
    clearResults();
    timer = clearTimeout(timer);
    focusBox();
  }

  openButton.addEventListener("click", () => {
    openButton.closest("[popover]").hidePopover();
    open();
  });
  closeButton.addEventListener("click", close);
  input.addEventListener("input", look);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    look();
    const next = results[results.indexOf(current) + 1] ?? results[0];
    if (next) goTo(next);
  });
  form.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
  });
  state.addEventListener("added", ({ detail: { key } }) => {
    if (key === state.openKey) lookSoon();
  });
  state.addEventListener("opened", () => {
    if (!form.hidden) close();
  });
}

/** Of a photo its caption, and the word, but not its address, which is random letters. */
function searchedWords(message) {
  return message.photo ? `[photo] ${message.text}` : wordsOf(message);
}

/** Returns the part of the text around what was found, with that in a <mark>. */
function snippet(text, query) {
  const element = document.createElement("span");
  element.className = "snippet";
  element.dir = "auto";
  const whole = composed(text);
  const place = whole.toLowerCase().indexOf(query);
  // Shortcut: a few capitals are two small letters (İ). Then the place is another, and nothing is marked.
  const isSure = folded(whole.slice(place, place + query.length)) === query;
  if (!isSure) {
    element.textContent = whole.slice(0, BEHIND);
    return element;
  }
  const start = Math.max(place - BEFORE, 0);
  const end = place + query.length;
  const mark = document.createElement("mark");
  mark.textContent = whole.slice(place, end);
  element.append(start > 0 ? "… " : "", whole.slice(start, place), mark, whole.slice(end, end + BEHIND));
  return element;
}
