// Draws one message or notice as a list item. message-list.js decides which ones and where, and
// message-body.js fills in what was said.

import { ROOM, isMarker } from "./conversation.js";
import { actionIn, asSentence, nameElement, timeElement } from "./format.js";
import { houseElement } from "./house.js";
import { withoutBlocks } from "./format-text.js";
import { isHidden } from "./hidden-people.js";
import { OPERATOR } from "./members.js";
import { fillBody } from "./message-body.js";

/** For each status of a message of our own that the server does not have: words, in place of the time. */
const UNSENT = { sending: "Sending …", waiting: "Waiting", refused: "Not sent" };

/** A text with more characters or lines is folded: only its beginning is in view. See .folded in messages.css. */
const LONG_TEXT = 2_500;
const MANY_LINES = 30;

const NOTICES = {
  joined: ({ member }) => [nameElement(member), " has picked up."],
  left: ({ member, why }) => [nameElement(member), why ? ` was ${why}.` : " has hung up."],
  renamed: ({ member, was }) =>
    [nameElement({ ...member, name: was }), " is now called ", nameElement(member), "."],
  restarted: () => ["The server has restarted. Earlier messages are gone."],
  reset: () => ["The server has gone back to an older history. Some messages may be gone."],
  missed: () => ["Loading what you missed …"],
  lost: () => ["Some of what you missed is no longer on the server."],
};

/**
 * Draws the message into this item. `onRetry` and `onDelete` are called with a message that was refused, and
 * `onFold` with a long one that is to be shown as a whole, or folded again.
 */
export function fillItem(item, message, { onRetry, onDelete, onFold }) {
  if (message.notice) {
    fillNotice(item, message);
    return;
  }
  if (message.id) item.dataset.id = message.id; // unread.js looks for what is on the screen
  const isOwn = Boolean(message.status);
  const isRefused = message.status === "refused";
  const isAction = actionIn(message.text) !== null; // its text names its author
  item.className = isOwn ? "own" : "";
  item.classList.toggle("refused", isRefused);
  item.classList.toggle("action", isAction);
  item.classList.toggle("for-you", Boolean(message.isForYou));
  item.classList.toggle("announcement", message.from.id === OPERATOR.id);
  item.classList.toggle("to-operator", message.toOperator);
  item.classList.toggle("from-hidden", isHidden(message.from));
  const author = paragraph("author", isOwn ? "You" : nameElement(message.from));
  item.replaceChildren(houseElement(message.from), ...(isAction ? [] : [author]), textRow(message));
  if (isLong(message.text)) {
    item.append(quietButton("", () => {
      message.isUnfolded = !message.isUnfolded;
      onFold(message);
    }));
    foldItem(item, message);
  }
  if (isRefused) item.append(refusalRow(message, { onRetry, onDelete }));
}

/** Folds the text of a long message, or shows all of it. */
export function foldItem(item, { isUnfolded = false }) {
  item.querySelector(".text").classList.toggle("folded", !isUnfolded);
  const button = item.querySelector(".said + button");
  button.textContent = isUnfolded ? "Show less" : "Show all";
  button.setAttribute("aria-expanded", String(isUnfolded));
}

/** Blocks of code do not count: they are folded by themselves. */
function isLong(text) {
  const isLongText = (it) => it.length >= LONG_TEXT || it.split("\n", MANY_LINES).length >= MANY_LINES;
  return isLongText(text) && isLongText(withoutBlocks(text));
}

function fillNotice(item, message) {
  item.className = isMarker(message) ? "notice mark" : "notice";
  const text = paragraph("", ...NOTICES[message.notice](message));
  if (!isMarker(message)) text.append(" ", timeElement(message.at));
  item.replaceChildren(text);
}

function textRow(message) {
  const row = document.createElement("div");
  row.className = "said";
  const text = paragraph("text");
  text.dir = "auto"; // Arabic or Hebrew text begins on the right
  fillBody(text, message);
  row.append(text, metaLine(message));
  return row;
}

/**
 * Returns the time of a message and, for one of our own, how far it has come: ticks, whose words are shown
 * while the pointer is over the message, or the list has the focus. A screen reader reads the words.
 */
export function metaLine(message) {
  const line = paragraph("meta", timeElement(message.at));
  const { status } = message;
  if (message.toOperator) line.prepend(spanElement("only", "to the operator only "));
  if (status in UNSENT) {
    line.classList.add("unsent");
    line.append(" ", spanElement("", UNSENT[status]));
  } else if (status === "received") {
    const [ticks, words] = ticksOf(message);
    const ticksElement = spanElement("ticks", ticks);
    ticksElement.setAttribute("aria-hidden", "true");
    line.title = words;
    line.tabIndex = -1; // a finger gives it the focus, and then the words are shown
    line.append(" ", ticksElement, " ", spanElement("tick-words", words));
  }
  return line;
}

function ticksOf({ receipt, key }) {
  if (!receipt) return ["✓", "Received by the server"];
  const { received, of } = receipt;
  return ["✓✓", key === ROOM ? `Delivered to ${received} of ${of}` : "Delivered"];
}

/** Returns the reason why a message was refused, and what you can do about it. */
function refusalRow(message, { onRetry, onDelete }) {
  const row = document.createElement("div");
  row.className = "choices";
  row.append(
    paragraph("", asSentence(message.reason)),
    quietButton("Retry", () => onRetry(message)),
    quietButton("Delete", () => onDelete(message)),
  );
  return row;
}

function quietButton(label, onClick) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "quiet";
  button.textContent = label;
  button.addEventListener("click", onClick);
  return button;
}

function spanElement(className, text) {
  const element = document.createElement("span");
  element.className = className;
  element.textContent = text;
  return element;
}

function paragraph(className, ...children) {
  const element = document.createElement("p");
  element.className = className;
  element.append(...children);
  return element;
}
