// Counts unread messages: on the button "3 new" below the list, in the title of the page, and, through
// the event "unread", beside each name in member-list.js. Your own messages and notices do not count.

import { isHidden } from "./hidden-people.js";
import { load, save } from "../shared/storage.js";

const button = document.getElementById("newest");
const title = document.title;

const isReadUpTo = (value) => typeof value === "object" && Object.values(value).every(Number.isFinite);

export function countUnread(state, scroll) {
  /** From a conversation's key to the id up to which it was read. On the first visit, null: all is read. */
  let readUpTo = load("read", null, isReadUpTo);

  /** A window that is hidden or behind another one is not being read. */
  const isReading = () => scroll.isAtEnd && !document.hidden && document.hasFocus();

  function update() {
    const conversation = state.conversation(state.openKey);
    if (isReading()) markRead(conversation);
    if (button.hidden !== scroll.isAtEnd) button.hidden = scroll.isAtEnd;
    if (button.hidden) return;
    const words = conversation.unread > 0 ? `${conversation.unread} new ↓` : "To the newest ↓";
    if (button.textContent !== words) button.textContent = words;
  }

  function markRead(conversation) {
    const last = conversation.messages.findLast((message) => message.id)?.id ?? 0;
    if (readUpTo === null || last <= (readUpTo[conversation.key] ?? 0)) return;
    readUpTo[conversation.key] = last;
    save("read", readUpTo);
    if (conversation.unread === 0) return;
    conversation.unread = 0;
    state.emit("unread");
  }

  state.addEventListener("added", ({ detail: { key, messages } }) => {
    const isUnread = ({ notice, status, id, from }) =>
      !notice && !status && id > (readUpTo?.[key] ?? 0) && !isHidden(from);
    const isRead = readUpTo === null || (key === state.openKey && isReading());
    const unread = isRead ? [] : messages.filter(isUnread);
    state.conversation(key).unread += unread.length;
    if (unread.length > 0) state.emit("unread");
    update();
  });
  state.addEventListener("welcomed", ({ detail: { reset } }) => {
    if (!reset && readUpTo !== null) return;
    readUpTo = {};
    state.conversations.forEach(markRead);
  });
  state.addEventListener("unread", () => {
    let sum = 0;
    for (const { unread } of state.conversations.values()) sum += unread;
    const words = sum > 0 ? `(${sum}) ${title}` : title;
    if (document.title !== words) document.title = words;
  });

  button.addEventListener("click", () => {
    scroll.goToEnd();
    document.getElementById("text").focus(); // the button is about to be hidden, and it has the focus
    update();
  });
  scroll.addEventListener("settled", update);
  addEventListener("focus", update);
  addEventListener("blur", update);
  document.addEventListener("visibilitychange", update);
}
