// Draws the messages of the open conversation and keeps the list up to date. message-item.js draws a
// single one. Of a long conversation only the rows near the reader are drawn: a window. As the reader
// scrolls, the window moves in both directions; earlier-messages.js moves it.
//
// An event only notes what has changed. In a busy room the changes of a moment are drawn together, because
// the browser lays out the whole list each time. All of it goes through `scroll.update`, so that the
// reader's place in the list is kept.

import { isMarker, isPending } from "./conversation.js";
import { foldNotices } from "./fold-notices.js";
import { formatDay } from "./format.js";
import { fillItem, foldItem, metaLine } from "./message-item.js";

/** Messages that one person says within this time (milliseconds) have the name above them once. */
const ONE_NAME_FOR = 5 * 60_000;

/** The list is drawn at most once in this time (milliseconds), but at once if it was not drawn before. */
const DRAW_EVERY = 50;

/** Messages that come within this time (milliseconds) of each other do not light up one by one. */
const BUSY = 700;

/** How many messages are drawn at first, and with each step after that. */
const PAGE_LENGTH = 100;

/** Above this number, rows that are far from the view are removed; above the second while the list follows. */
const MOST_ROWS = 450;
const MOST_WHILE_FOLLOWING = 150; // *Speed*: each of them costs time whenever a message comes

/** Rows within 3 view heights of the view stay. */
const KEPT_VIEWS = 3;

const list = document.getElementById("list");

/**
 * Starts to draw. `onRetry` and `onDelete` are called with a message that was refused. Returns functions:
 * `drawOlder` and `drawNewer` draw more messages and return whether there were any; `isBeginningDrawn` returns
 * whether there are no older ones; `showMessage` scrolls to a message of the open conversation and returns its
 * <li>.
 */
export function showMessages(state, { scroll, onRetry, onDelete }) {
  /** From each message that is drawn to { item, before }: its <li>, and the message before it. */
  const rows = new Map();
  /** The messages that are drawn, in order. */
  let drawn = [];
  /**
   * The first and the last that are to be drawn. If undefined: the beginning, the end of the conversation. When another
   * one is opened, `last` is null for a moment: not the end, so that `showEnd` finds a new `first`.
   */
  let first;
  let last;
  /** What has to be drawn anew: messages as a whole, and messages of which only the meta line has changed. */
  const changed = new Set();
  const delivered = new Set();
  /** Whether all that has changed is older than what is drawn: then the list does not follow. */
  let isOlder = true;
  /** Whether some of it has not been seen as it came: then the list follows only to the line "New". */
  let stopsAtLine = false;
  let drawnAt = -Infinity;
  let timer;
  /** If the list was to be drawn while it was hidden: the options for when it is shown. */
  let postponed;

  const conversation = () => state.conversation(state.openKey);
  const allMessages = () => conversation().messages;
  const canBeEdge = (message) => !isMarker(message) && !isPending(message); // those may be removed

  function draw(options) {
    const now = performance.now();
    list.classList.toggle("busy", now - drawnAt < BUSY);
    drawnAt = now;
    timer = clearTimeout(timer);
    list.ariaBusy = "false";
    if (scroll.isHidden) { // no row is near the reader
      postponed = { ...postponed, ...options };
      return;
    }
    postponed = undefined;
    const before = drawn.length;
    // What is said just now, and so far below the reader, is not drawn yet.
    if (!options && !stopsAtLine && scroll.isFarFromEnd) last ??= drawn.findLast(canBeEdge);
    const isFollowing = !options && !isOlder && scroll.isAtEnd;
    const { toLine, ...others } = options ?? { keepsPlace: isOlder, toLine: stopsAtLine };
    scroll.update(() => {
      // On the way to the end, what is near the reader now does not matter.
      if (!others.toEnd) trim(isFollowing ? MOST_WHILE_FOLLOWING : MOST_ROWS);
      drawRows();
      scroll.hasNewer = last !== undefined;
      return toLine && conversation().unread > 0 ? rows.get(conversation().firstNew())?.item : undefined;
    }, others);
    isOlder = true;
    stopsAtLine = false;
    const hasGrown = drawn.length > Math.max(before, MOST_ROWS);
    if (hasGrown) drawSoon({ older: true }); // which trims
  }

  /** Draws at once, if nothing was drawn in the last moment. What is not live, such as history, never waits. */
  function drawSoon({ older = false, live = true }) {
    isOlder &&= older;
    stopsAtLine ||= !live || document.hidden;
    const wait = live ? DRAW_EVERY - (performance.now() - drawnAt) : 0;
    if (wait <= 0) return draw();
    timer ??= setTimeout(draw, wait);
    list.ariaBusy = "true"; // a screen reader waits until the list is complete, and so do the tests
  }

  /** Moves the ends of the window towards the reader, if there are more rows than `most`. */
  function trim(most) {
    if (drawn.length <= most) return;
    const [start, end] = scroll.rowsNear(KEPT_VIEWS);
    if (start > 0) first = drawn.slice(start).find(canBeEdge);
    if (end < drawn.length) last = drawn.slice(0, end).findLast(canBeEdge);
  }

  function drawRows() {
    const all = allMessages();
    const start = Math.max(all.lastIndexOf(first), 0); // from the end: what is drawn is mostly near it
    const end = all.lastIndexOf(last) + 1 || all.length;
    drawn = all.slice(start, end);
    const wanted = new Set(drawn);
    for (const message of rows.keys()) {
      if (!wanted.has(message)) erase(message);
    }
    // From the last to the first, because an item's place is before the item that follows it.
    let next = null;
    for (const message of drawn.toReversed()) {
      const item = drawItem(message);
      if (!item.isConnected || item.nextElementSibling !== next) list.insertBefore(item, next);
      next = item;
    }
    const firstNew = conversation().firstNew();
    drawn.forEach((message, index) => updateHeading(message, drawn[index - 1], message === firstNew));
    foldNotices(drawn, (message) => rows.get(message).item, () => scroll.keepTop(drawRows));
    changed.clear();
    delivered.clear();
  }

  function drawItem(message) {
    const isNew = !rows.has(message);
    if (isNew) rows.set(message, { item: document.createElement("li") });
    const row = rows.get(message);
    if (isNew || changed.has(message)) {
      fillItem(row.item, message, { onRetry, onDelete, onFold });
      row.before = null; // it has no heading now
    } else if (delivered.has(message)) {
      // Only the meta line is drawn anew, so that selected text stays selected.
      row.item.querySelector(".meta").replaceWith(metaLine(message));
    }
    return row.item;
  }

  function erase(message) {
    rows.get(message).item.remove();
    rows.delete(message);
  }

  /** Shows all of a long message or its beginning. What is above it in view stays where it is. */
  function onFold(message) {
    const { item } = rows.get(message);
    scroll.keepTop(() => foldItem(item, message));
    item.scrollIntoView({ block: "nearest" });
  }

  // A block of code in a message is folded or shown as a whole.
  list.addEventListener("fold", (event) => {
    event.preventDefault();
    scroll.keepTop(event.detail);
  });

  /** Shows or hides the line "New", the day and the name above a message. Day and name depend on the one before. */
  function updateHeading(message, before, isFirstNew) {
    const row = rows.get(message);
    if (isMarker(message) || (row.before === before && row.isFirstNew === isFirstNew)) return;
    row.before = before;
    row.isFirstNew = isFirstNew;
    const isAfterMarker = before && isMarker(before);
    const dated = isAfterMarker ? drawn.slice(0, drawn.indexOf(before)).findLast((it) => !isMarker(it)) : before;
    const isSameDay = dated && formatDay(dated.at) === formatDay(message.at); // markers have no day
    const isContinued = isSameDay && !isAfterMarker && !before.notice
      && before.from.id === message.from?.id && Math.abs(message.at - before.at) < ONE_NAME_FOR;
    row.item.classList.toggle("continued", Boolean(isContinued));
    for (const heading of row.item.querySelectorAll(".new-line, .day")) heading.remove();
    if (!isSameDay) row.item.prepend(headingElement("day", formatDay(message.at)));
    if (isFirstNew) row.item.prepend(headingElement("new-line", "New"));
  }

  /** Calls `note` when the event is about the open conversation, and draws what it has noted. */
  function drawOn(type, note) {
    state.addEventListener(type, ({ detail }) => {
      if (detail.key !== state.openKey) return;
      note(detail);
      drawSoon({ live: false }); // these are about messages of your own
    });
  }

  state.addEventListener("added", ({ detail: { key, messages, live, older } }) => {
    if (key !== state.openKey) return;
    const isOwn = live && messages.some((message) => message.ref);
    if (isOwn) showEnd();
    else drawSoon({ older, live });
  });
  for (const type of ["changed", "confirmed"]) drawOn(type, (message) => changed.add(message));
  drawOn("delivered", (message) => delivered.add(message));
  drawOn("removed", () => {});
  state.addEventListener("opened", () => {
    rows.clear();
    list.replaceChildren();
    drawn = [];
    last = null;
    if (conversation().unread === 0) showEnd();
    else showLine();
  });
  scroll.addEventListener("end", ({ detail: { toLine } }) => (toLine ? showLine() : showEnd()));
  scroll.addEventListener("shown", () => {
    if (postponed) draw(postponed.toEnd ? postponed : undefined);
  });

  /** Draws the newest messages, if they are not, and scrolls to the end. */
  function showEnd() {
    if (last !== undefined) first = allMessages().slice(-PAGE_LENGTH).find(canBeEdge);
    last = undefined;
    draw({ toEnd: true });
  }

  /** Draws the rows around the line "New", and scrolls to the end or until the line is at the top. */
  function showLine() {
    moveTo(conversation().firstNew());
    draw({ toEnd: true, toLine: true });
  }

  /** Moves the window to the rows around this message. */
  function moveTo(message) {
    const all = allMessages();
    const index = all.lastIndexOf(message);
    drawn = []; // nothing of it is kept
    first = all.slice(Math.max(index - PAGE_LENGTH / 2, 0), index + 1).find(canBeEdge);
    const rest = all.slice(index, index + PAGE_LENGTH / 2);
    last = rest.at(-1) === all.at(-1) ? undefined : rest.findLast(canBeEdge);
  }

  const isBeginningDrawn = () => allMessages().lastIndexOf(first) <= 0;

  function drawOlder() {
    if (isBeginningDrawn()) return false;
    const end = allMessages().lastIndexOf(first);
    first = allMessages().slice(Math.max(end - PAGE_LENGTH, 0), end).find(canBeEdge);
    draw({ keepsPlace: true });
    return true;
  }

  function drawNewer() {
    if (last === undefined) return false;
    const start = allMessages().lastIndexOf(last) + 1;
    last = allMessages().slice(start + PAGE_LENGTH).length > 0
      ? allMessages().slice(start, start + PAGE_LENGTH).findLast(canBeEdge) : undefined;
    draw({ keepsPlace: true });
    return true;
  }

  function showMessage(message) {
    if (!rows.has(message)) {
      moveTo(message);
      draw({ keepsPlace: true });
    }
    const { item } = rows.get(message);
    scroll.showItem(item);
    return item;
  }

  return { drawOlder, drawNewer, isBeginningDrawn, showMessage };
}

function headingElement(className, text) {
  const element = document.createElement("p");
  element.className = className;
  element.textContent = text;
  return element;
}
