// The list of messages of the open conversation. Texts are put in with textContent and so are shown as
// they were typed; with innerHTML somebody's <script> would become a part of this page.

import { ROOM, isMark, isPending } from "./conversation.js";
import { action, dayOf, nameOf, sentence, timeOf } from "./format.js";

const TOGETHER = 5 * 60_000; // what one person says within this time has the name above it once

const AT_ONCE = 200; // a conversation of thousands would take a browser seconds to draw

const STATUS = { sending: ["", "Sending …"], received: ["✓", "Received"], refused: ["", "Not sent"] };

const NOTICES = {
  joined: ({ member }) => [nameOf(member), " has picked up."],
  left: ({ member, why }) => [nameOf(member), why ? ` was ${why}.` : " has hung up."],
  renamed: ({ member, was }) => [nameOf({ ...member, name: was }), " is now called ", nameOf(member), "."],
  anew: () => ["The server has started anew. What was said before is gone."],
  hole: () => ["Loading what was said meanwhile …"],
  gone: () => ["Some of what was said meanwhile is no longer kept."],
};

/** How far a message of our own has come: a tick to look at, and words. */
function progressOf({ status, receipt, key }) {
  if (status !== "received" || !receipt) return STATUS[status] ?? [];
  const { received, of } = receipt;
  return ["✓✓", key === ROOM ? `Delivered to ${received} of ${of}` : "Delivered"];
}

const list = document.getElementById("list");
/** From each message of the open conversation to its <li>. */
const items = new Map();

/**
 * Keeps the list up to date. `onRetry` and `onDelete` get a message that was refused; `around(draw)`
 * calls `draw` and sees to what shall be in view after it. Returns a function that draws more of what was
 * said before, and says whether there was any.
 */
export function showMessages(state, { onRetry, onDelete, around }) {
  /** From here on the conversation is drawn; all of it, if this is undefined. */
  let first;
  const all = () => state.conversation(state.open).messages;
  const shown = () => all().slice(Math.max(all().indexOf(first), 0));
  const canBeFirst = (message) => !isMark(message) && !isPending(message); // those may go away

  function fill(message) {
    const item = items.get(message);
    if (message.notice) {
      item.className = isMark(message) ? "notice mark" : "notice";
      const text = document.createElement("p");
      text.append(...NOTICES[message.notice](message));
      if (!isMark(message)) text.append(" ", timeOf(message.at));
      item.replaceChildren(text);
      return;
    }
    item.className = message.status ? "own" : "";
    item.classList.toggle("refused", message.status === "refused");
    const author = document.createElement("p");
    author.className = "author";
    author.append(message.status ? "You" : nameOf(message.from));
    item.replaceChildren(author, body(message));
    if (message.status === "refused") item.append(choices(message));
  }

  function body(message) {
    const row = document.createElement("div");
    row.className = "said";
    const text = document.createElement("p");
    text.className = "text";
    text.dir = "auto"; // Arabic or Hebrew text begins on the right
    const done = action(message.text);
    if (done === null) text.textContent = message.text;
    else text.append("* ", nameOf(message.from), ` ${done}`);
    row.append(text, meta(message));
    return row;
  }

  function meta(message) {
    const element = document.createElement("p");
    element.className = "meta";
    element.append(timeOf(message.at));
    const [tick, words] = progressOf(message);
    if (tick) {
      const drawn = document.createElement("span");
      drawn.setAttribute("aria-hidden", "true"); // the words say it
      drawn.textContent = ` ${tick}`;
      element.append(drawn);
    }
    if (words) element.append(` ${words}`);
    return element;
  }

  function choices(message) {
    const row = document.createElement("div");
    row.className = "choices";
    const why = document.createElement("p");
    why.textContent = sentence(message.reason);
    row.append(why);
    for (const [label, act] of [["Retry", onRetry], ["Delete", onDelete]]) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "quiet";
      button.textContent = label;
      button.addEventListener("click", () => act(message));
      row.append(button);
    }
    return row;
  }

  /** Whether a message has its name and its day above it depends on the message before it. */
  function tidy(index, drawn) {
    const message = drawn[index];
    const item = items.get(message);
    if (!item || isMark(message)) return;
    let above = index - 1;
    while (above >= 0 && isMark(drawn[above])) above--; // those have no day
    const before = drawn[above];
    const sameDay = before && dayOf(before.at) === dayOf(message.at);
    const together = sameDay && above === index - 1 && !before.notice && before.from.id === message.from?.id
      && Math.abs(message.at - before.at) < TOGETHER;
    item.classList.toggle("continued", Boolean(together));
    item.querySelector(".day")?.remove();
    if (sameDay) return;
    const day = document.createElement("p");
    day.className = "day";
    day.textContent = dayOf(message.at);
    item.prepend(day);
  }

  function insert(message) {
    const drawn = shown();
    const index = drawn.lastIndexOf(message);
    if (index < 0) return erase(message); // its place is before the first
    if (!items.has(message)) items.set(message, document.createElement("li"));
    fill(message);
    const next = items.get(drawn[index + 1]);
    const item = items.get(message);
    if (!item.isConnected || item.nextElementSibling !== (next ?? null)) list.insertBefore(item, next ?? null);
    tidy(index, drawn);
    tidy(index + 1, drawn);
  }

  function erase(message) {
    items.get(message)?.remove();
    items.delete(message);
  }

  /** Only what is in the open conversation is drawn. */
  function on(type, draw) {
    state.addEventListener(type, ({ detail }) => {
      if (detail.key === state.open) around(() => draw(detail), detail);
    });
  }

  // The last one first: each finds its place by the one after it.
  on("added", ({ messages }) => messages.toReversed().forEach(insert));
  on("moved", (message) => {
    insert(message);
    // It has left a gap at the end, where the unsent ones are.
    shown().forEach((other, index, drawn) => isPending(other) && tidy(index, drawn));
  });
  on("changed", insert);
  // Only this is drawn anew: somebody may be about to copy the text.
  on("delivered", (message) => items.get(message)?.querySelector(".meta").replaceWith(meta(message)));
  on("removed", (message) => {
    erase(message);
    shown().forEach((other, index, drawn) => tidy(index, drawn));
  });
  state.addEventListener("show", () => {
    items.clear();
    list.replaceChildren();
    first = all().slice(-AT_ONCE).find(canBeFirst);
    around(() => shown().forEach(insert), { toEnd: true });
  });

  return function drawMore() {
    const end = all().indexOf(first);
    if (end <= 0) return false;
    const more = all().slice(Math.max(end - AT_ONCE, 0), end);
    first = more.find(canBeFirst);
    around(() => more.toReversed().forEach(insert), { older: true });
    return true;
  };
}
