// Counts unread messages: on the button "3 new" below the list, in the title of the page, and, through the event
// "unread", beside each name in member-list.js. A message has been read when its end was on the screen, in a
// window that had the focus. Of each conversation it is known up to which id it was read.
//
// When unread messages come and there were none, the line "New" is put above the first: message-list.js draws it,
// and opens a conversation there. It goes when you answer, when the conversation is opened with all of it read, and
// when others come while you are not reading there. The button leads to the line first, and then to the end.

import { canBeUnread } from "./conversation.js";
import { focusBox } from "./message-box.js";
import { load, save } from "../shared/storage.js";

/** What was read is stored at most once in this time (milliseconds), and when the page is left. *Speed* */
const SAVE_AFTER = 500;

const button = document.getElementById("newest");
const title = document.title;

const isReadUpTo = (value) => typeof value === "object" && Object.values(value).every(Number.isFinite);

export function countUnread(state, scroll) {
  /** From a conversation's key to the id up to which it was read. On the first visit, null: all is read. */
  let readUpTo = load("read", null, isReadUpTo);

  /** A window that is hidden or behind another one is not being read. */
  const isReading = () => !document.hidden && document.hasFocus();

  const isUnread = (message) =>
    readUpTo !== null && message.id > (readUpTo[message.key] ?? 0) && canBeUnread(message);

  function update() {
    const conversation = state.conversation(state.openKey);
    if (button.hidden !== scroll.isAtEnd) button.hidden = scroll.isAtEnd;
    if (isReading()) markRead(conversation, lastIdOnScreen(scroll));
    if (button.hidden) return;
    const words = wordsFor(conversation);
    if (button.textContent !== words) button.textContent = words;
  }

  function markRead(conversation, id) {
    const { key, messages } = conversation;
    if (readUpTo === null || id <= (readUpTo[key] ?? 0)) return;
    readUpTo[key] = id;
    saveTimer ??= setTimeout(saveRead, SAVE_AFTER);
    if (conversation.unread === 0) return;
    conversation.unread = 0;
    conversation.forYou = 0;
    count(conversation, messages.filter(isUnread));
  }

  let saveTimer;
  function saveRead() {
    saveTimer = clearTimeout(saveTimer);
    if (readUpTo !== null) save("read", readUpTo);
  }

  function count(conversation, unread) {
    conversation.unread += unread.length;
    conversation.forYou += unread.filter(({ isForYou }) => isForYou).length;
    state.emit("unread");
  }

  // The list does not show these messages yet. When it does, it is "settled", and some of them are read.
  state.addEventListener("added", ({ detail: { key, messages, live } }) => {
    const conversation = state.conversation(key);
    const isAnswered = live && messages.some(({ ref }) => ref);
    if (isAnswered) conversation.newAfter = null;
    const isFollowed = live && key === state.openKey && scroll.isAtEnd && isReading();
    const unread = isFollowed ? [] : messages.filter(isUnread);
    if (unread.length === 0) return;
    const isReadingThere = key === state.openKey && isReading() && !scroll.isAtEnd && isLineOnScreen(scroll);
    if (conversation.unread === 0 && !isReadingThere) conversation.newAfter = readUpTo[key] ?? 0;
    count(conversation, unread);
  });
  state.addEventListener("reset", () => {
    readUpTo = null;
  });
  state.addEventListener("welcomed", () => {
    if (readUpTo !== null) return;
    readUpTo = {};
    for (const conversation of state.conversations.values()) {
      markRead(conversation, conversation.messages.findLast((message) => message.id)?.id ?? 0);
    }
    state.emit("unread");
  });
  state.addEventListener("opened", () => {
    const conversation = state.conversation(state.openKey);
    if (conversation.unread === 0) conversation.newAfter = null;
  });
  state.addEventListener("unread", () => {
    let [unread, forYou] = [0, 0];
    for (const conversation of state.conversations.values()) {
      unread += conversation.unread;
      forYou += conversation.forYou;
    }
    const counted = unread > 0 ? `(${unread}) ` : "";
    const words = `${counted}${forYou > 0 ? "@you – " : ""}${title}`;
    if (document.title !== words) document.title = words;
  });

  button.addEventListener("click", () => {
    const firstNew = state.conversation(state.openKey).firstNew();
    const toLine = firstNew !== undefined && isUnread(firstNew) && !isLineOnScreen(scroll);
    scroll.goToEnd({ toLine });
    if (scroll.isAtEnd) focusBox(); // the button is about to be hidden
    update();
  });
  // Other modules may still change how high the list is. A hidden page has no frames, and reads nothing.
  scroll.addEventListener("settled", () => requestAnimationFrame(update));
  addEventListener("focus", update);
  addEventListener("blur", update);
  addEventListener("pagehide", saveRead);
  document.addEventListener("visibilitychange", update);
}

function wordsFor({ unread, forYou }) {
  if (unread === 0) return "To the newest ↓";
  return forYou === 0 ? `${unread} new ↓` : `${unread} new, ${forYou} for you ↓`;
}

function isLineOnScreen(scroll) {
  const line = document.querySelector("#list .new-line");
  return line !== null && scroll.shows(line);
}

function lastIdOnScreen(scroll) {
  let item = scroll.lastItemOnScreen;
  while (item && !item.dataset.id) item = item.previousElementSibling; // a notice, or what is not sent yet
  return Number(item?.dataset.id ?? 0);
}
