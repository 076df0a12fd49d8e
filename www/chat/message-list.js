// Draws the messages of the open conversation and keeps the list up to date. message-item.js draws a
// single one. Every change goes through `scroll.update`, so that the reader's place in the list is kept.

import { isMarker, isPending } from "./conversation.js";
import { formatDay } from "./format.js";
import { fillItem, foldItem, metaLine } from "./message-item.js";

/** Messages that one person says within this time (milliseconds) have the name above them once. */
const ONE_NAME_FOR = 5 * 60_000;

/** How many messages are drawn at first, and with each step after that: thousands at once take seconds. */
const PAGE_LENGTH = 200;

/** While the list follows, at most this many rows are drawn. If there are more, half of them go. */
const ROWS_AT_END = 600;

const list = document.getElementById("list");

/**
 * Starts to draw. `onRetry` and `onDelete` are called with a message that was refused. Returns two functions:
 * `drawMore` draws older messages and returns whether there were any; `isAllDrawn` returns whether there are none.
 */
export function showMessages(state, { scroll, onRetry, onDelete }) {
  /** From each message that is drawn to its <li>. */
  const items = new Map();
  /** The first message that is drawn. If undefined, the whole conversation is drawn. */
  let first;

  const allMessages = () => state.conversation(state.openKey).messages;
  const drawnMessages = () => {
    const all = allMessages();
    return all.slice(Math.max(all.lastIndexOf(first), 0)); // from the end: what is drawn is near it
  };
  const canBeFirst = (message) => !isMarker(message) && !isPending(message); // those may be removed

  function insert(message) {
    const drawn = drawnMessages();
    const index = drawn.lastIndexOf(message);
    if (index < 0) { // its place is before the first that is drawn
      erase(message);
      return;
    }
    if (!items.has(message)) items.set(message, document.createElement("li"));
    const item = items.get(message);
    fillItem(item, message, { onRetry, onDelete, onFold });
    const next = items.get(drawn[index + 1]) ?? null;
    if (!item.isConnected || item.nextElementSibling !== next) list.insertBefore(item, next);
    updateHeading(index, drawn);
    updateHeading(index + 1, drawn);
  }

  /** Shows all of a long message or its beginning. What is above it in view stays where it is. */
  function onFold(message) {
    scroll.keepTop(() => foldItem(items.get(message), message));
    items.get(message).scrollIntoView({ block: "nearest" });
  }

  // A block of code in a message is folded or shown as a whole.
  list.addEventListener("fold", (event) => {
    event.preventDefault();
    scroll.keepTop(event.detail);
  });

  /** Takes out the oldest rows, with the reader at the end. `drawMore` draws them again. */
  function trim() {
    if (!scroll.isAtEnd || items.size <= ROWS_AT_END) return;
    const drawn = drawnMessages();
    const start = drawn.findIndex((message, index) => index >= ROWS_AT_END / 2 && canBeFirst(message));
    if (start < 0) return;
    first = drawn[start];
    scroll.update(() => {
      drawn.slice(0, start).forEach(erase);
      updateHeading(0, drawnMessages());
    }, { older: true });
  }

  function erase(message) {
    items.get(message)?.remove();
    items.delete(message);
  }

  /** Shows or hides the day and the name above a message. That depends on the message before it. */
  function updateHeading(index, drawn) {
    const message = drawn[index];
    const item = items.get(message);
    if (!item || isMarker(message)) return;
    let indexBefore = index - 1;
    while (indexBefore >= 0 && isMarker(drawn[indexBefore])) indexBefore -= 1; // markers have no day
    const before = drawn[indexBefore];
    const isSameDay = before && formatDay(before.at) === formatDay(message.at);
    const isContinued = isSameDay && indexBefore === index - 1 && !before.notice
      && before.from.id === message.from?.id && Math.abs(message.at - before.at) < ONE_NAME_FOR;
    item.classList.toggle("continued", Boolean(isContinued));
    item.querySelector(".day")?.remove();
    if (isSameDay) return;
    const day = document.createElement("p");
    day.className = "day";
    day.textContent = formatDay(message.at);
    item.prepend(day);
  }

  /** Calls `draw` when the event is about the open conversation: nothing else is drawn. */
  function drawOn(type, draw) {
    state.addEventListener(type, ({ detail }) => {
      if (detail.key === state.openKey) scroll.update(() => draw(detail), detail);
    });
  }

  // From the last to the first, because an item's place is before the item that follows it.
  drawOn("added", ({ messages }) => messages.toReversed().forEach(insert));
  drawOn("changed", insert);
  drawOn("confirmed", (message) => {
    insert(message);
    // The message was between pending ones, whose headings may be different now.
    drawnMessages().forEach((other, index, drawn) => isPending(other) && updateHeading(index, drawn));
  });
  // Only the meta line is drawn anew, so that selected text stays selected.
  drawOn("delivered", (message) => {
    items.get(message)?.querySelector(".meta").replaceWith(metaLine(message));
  });
  drawOn("removed", (message) => {
    erase(message);
    drawnMessages().forEach((other, index, drawn) => updateHeading(index, drawn));
  });
  state.addEventListener("opened", () => {
    items.clear();
    list.replaceChildren();
    first = allMessages().slice(-PAGE_LENGTH).find(canBeFirst);
    scroll.update(() => drawnMessages().forEach(insert), { toEnd: true });
  });

  scroll.addEventListener("settled", trim);

  const isAllDrawn = () => allMessages().lastIndexOf(first) <= 0;

  function drawMore() {
    if (isAllDrawn()) return false;
    const end = allMessages().lastIndexOf(first);
    const more = allMessages().slice(Math.max(end - PAGE_LENGTH, 0), end);
    first = more.find(canBeFirst);
    scroll.update(() => more.toReversed().forEach(insert), { older: true });
    return true;
  }

  return { drawMore, isAllDrawn };
}
