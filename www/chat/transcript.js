// A whole conversation as a file: plain text to read, or JSON lines for a program. Pure functions;
// save-conversation.js offers the file, and print-conversation.js prints the same.
//
// What stands in it is what the server has acknowledged and this person may see: no notices, and nothing unsent.
// It is a record, so that it has the messages of hidden people, too, and says so.

import { ROOM } from "./conversation.js";
import { actionIn, formatDay } from "./format.js";
import { isHidden } from "./hidden-people.js";
import { OPERATOR } from "./members.js";

const timeFormat = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });
const momentFormat = new Intl.DateTimeFormat("en-GB", { dateStyle: "full", timeStyle: "short" });

export const formatClock = (milliseconds) => timeFormat.format(milliseconds);

/**
 * Returns the open conversation: { title, about, messages }. `about` are sentences for its head; `isLost`: some
 * messages are no longer on the server; `isComplete`: all others have been loaded.
 */
export function transcriptOf(state, { isComplete, isLost }) {
  const messages = state.conversation(state.openKey).messages.filter(({ id }) => id !== undefined);
  const count = `${messages.length.toLocaleString("en-GB")} ${messages.length === 1 ? "message" : "messages"}`;
  const about = [`${count}, saved by ${state.you.name} on ${momentFormat.format(state.now())}.`];
  if (state.openKey !== ROOM) about.unshift("Private: only the two people in it can see this.");
  if (messages.some(({ from }) => isHidden(from))) about.push("With the messages of people who are hidden on the page.");
  if (isLost) about.push("Some messages were no longer on the server.");
  if (!isComplete) about.push("Earlier messages have not been loaded: “Save or print” in the menu loads all of them.");
  return { title: `Partyline: ${titleOf(state)}`, about, messages };
}

export function titleOf(state) {
  return state.openKey === ROOM ? "Everyone" : `${state.members.get(state.openKey).name}, in private`;
}

/** Returns what a message says as text, without its author. A photo is its address and its caption. */
export function wordsOf({ text, photo }) {
  if (!photo) return actionIn(text) ?? text;
  return `[photo ${addressOf(photo)}]${text === "" ? "" : ` ${text}`}`;
}

const addressOf = ({ url }) => new URL(url, document.baseURI).href;

/** Returns "ana:", or "* ana" before what she does, or "ana (to the operator):". */
export function authorOf({ from, text, photo, toOperator }) {
  const name = toOperator ? `${from.name} (to the operator)` : from.name;
  return photo || actionIn(text) === null ? `${name}:` : `* ${name}`;
}

/** Calls `onDay` with each new day, and `onMessage` with each message. */
export function byDay(messages, onDay, onMessage) {
  let day = null;
  for (const message of messages) {
    const itsDay = formatDay(message.at);
    if (itsDay !== day) onDay(itsDay);
    day = itsDay;
    onMessage(message);
  }
}

export function asText({ title, about, messages }) {
  const lines = [title, ...about];
  byDay(messages, (day) => lines.push("", day), (message) => {
    const words = wordsOf(message).replaceAll("\n", "\n    ");
    lines.push(`[${formatClock(message.at)}] ${authorOf(message)} ${words}`);
  });
  return `${lines.join("\n")}\n`;
}

/** Each line is one message, with the fields of the server's `said`: see src/chat/PROTOCOL.md. */
export function asJsonLines({ messages }, state) {
  return messages.map((message) => {
    const { id, key, at, from, text, photo, toOperator } = message;
    const you = { id: state.you.id, name: state.you.name };
    const other = { id: key, name: state.members.get(key)?.name };
    const to = from.id === you.id ? other : you;
    const isPrivate = key !== ROOM;
    return `${JSON.stringify({
      id, at, from: { id: from.id, name: from.name }, ...(isPrivate && { to }), ...(toOperator && { to: OPERATOR }),
      text,
      ...(photo && { photo: { ...photo, url: addressOf(photo) } }),
    })}\n`;
  }).join("");
}
