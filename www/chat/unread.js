// What has been read: keeps the end of the list in view for who is reading there, leaves alone who has
// scrolled up, and counts what came meanwhile: on the button "3 new", in the title, beside each name.

import { load, save } from "../shared/storage.js";

const NEAR = 100; // this many pixels from the end still count as the end

const view = document.getElementById("messages");
const list = document.getElementById("list");
const newest = document.getElementById("newest");
const title = document.title;

const isAtEnd = () => view.scrollHeight - view.scrollTop - view.clientHeight <= NEAR;
const sizeOf = ({ clientWidth, clientHeight }) => `${clientWidth} ${clientHeight}`;
const goToEnd = () => { view.scrollTop = view.scrollHeight; };

/** Where the end of this item is in the view: above it stands what the item before it may change. */
const placeOf = (item) => item.getBoundingClientRect().bottom - view.getBoundingClientRect().top;

/** The topmost item that is in view and will stay, and where it is. */
function findAnchor() {
  let [first, end] = [0, list.children.length];
  while (first < end) {
    const middle = Math.floor((first + end) / 2);
    if (placeOf(list.children[middle]) > 0) end = middle;
    else first = middle + 1;
  }
  let item = list.children[first];
  while (item?.matches(".mark")) item = item.nextElementSibling;
  return item && { item, place: placeOf(item) };
}

/** Browsers do this themselves, but not at the beginning of a list, and not all of them. */
function hold(anchor) {
  if (anchor?.item.isConnected) view.scrollTop += placeOf(anchor.item) - anchor.place;
}

export function watchReading(state) {
  let following = true;
  let anchor;
  let size = sizeOf(view);
  /** The id up to which each conversation was read; null on the first visit, when all is taken as read. */
  let read = load("read", null);

  /** Around every change of the list: what was in view stays in view, and who was at the end stays there. */
  function around(draw, { toEnd = false, messages = [], live = false, older = false }) {
    const own = live && messages.some((message) => message.ref);
    // If the view has just been given another size, we shall hear of it only later: see below.
    const wasAtEnd = sizeOf(view) === size ? isAtEnd() : following;
    const follow = toEnd || own || (wasAtEnd && !older);
    anchor = findAnchor();
    draw();
    if (follow) goToEnd();
    else hold(anchor);
    settle();
  }

  function settle() {
    following = isAtEnd();
    anchor = findAnchor();
    look();
  }

  /** Nothing is read in a window that is hidden, or behind another one. */
  const isReading = () => following && !document.hidden && document.hasFocus();

  function look() {
    const conversation = state.conversation(state.open);
    if (isReading()) markRead(conversation);
    newest.hidden = following;
    newest.textContent = conversation.unread > 0 ? `${conversation.unread} new ↓` : "To the newest ↓";
  }

  function markRead(conversation) {
    const last = conversation.messages.findLast((message) => message.id)?.id ?? 0;
    if (read === null || last <= (read[conversation.key] ?? 0)) return;
    read[conversation.key] = last;
    save("read", read);
    if (conversation.unread === 0) return;
    conversation.unread = 0;
    state.tell("unread");
  }

  function count({ detail: { key, messages } }) {
    const isNew = ({ notice, status, id }) => !notice && !status && id > (read?.[key] ?? 0);
    const others = read === null ? [] : messages.filter(isNew);
    state.conversation(key).unread += others.length;
    if (others.length > 0) state.tell("unread");
    look();
  }

  state.addEventListener("added", count);
  state.addEventListener("welcomed", ({ detail: { resumed } }) => {
    if (resumed && read !== null) return;
    read = {};
    state.conversations.forEach(markRead);
  });
  state.addEventListener("unread", () => {
    const sum = [...state.conversations.values()].reduce((sum, { unread }) => sum + unread, 0);
    document.title = sum > 0 ? `(${sum}) ${title}` : title;
  });

  // A view of another size scrolls too, but nobody did it.
  view.addEventListener("scroll", () => {
    if (sizeOf(view) === size) settle();
  });
  // The keyboard of a phone comes up, a window is turned, a line grows: what was in view stays there.
  const observer = new ResizeObserver(() => {
    size = sizeOf(view);
    if (following) goToEnd();
    else hold(anchor);
  });
  observer.observe(view);
  observer.observe(list);
  newest.addEventListener("click", () => {
    goToEnd();
    following = true;
    document.getElementById("text").focus(); // the button, which has the focus, is going away
    look();
  });
  for (const type of ["focus", "blur"]) addEventListener(type, look);
  document.addEventListener("visibilitychange", look);
  return around;
}
