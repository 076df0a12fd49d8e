// How names, times and texts look. Every module of the chat that draws uses it.

import { setHue } from "./house.js";

/** Returns an element with a name. <bdi> keeps a right-to-left name from reordering the text beside it. */
export function nameElement({ id, name }) {
  const element = document.createElement("bdi");
  element.className = "name";
  element.textContent = name;
  setHue(element, id);
  return element;
}

/** Returns "ana", "ana and ben" or "ana, ben and cy" as a list of name elements and strings. */
export function nameElements(people) {
  const parts = [];
  people.forEach((person, index) => {
    const isLast = index === people.length - 1;
    if (index > 0) parts.push(isLast ? " and " : ", ");
    parts.push(nameElement(person));
  });
  return parts;
}

/** Returns why a person may not read a message at once; "" if the person is here. */
export function absenceOf({ here, away }) {
  if (!here) return "has hung up";
  return away ? "away" : "";
}

/** What a text begins with that says what its author does. Pages send it as it was typed. */
export const ACTION = "/me ";

/** Returns "waves" for "/me waves", and null for any other text. */
export function actionIn(text) {
  return text.startsWith(ACTION) ? text.slice(ACTION.length) : null;
}

/** Returns a message as one line of plain text: "ana: hello" or "* ana waves" or "ana sent a photo: our cat". */
export function plainText({ from, text, photo }) {
  if (photo) return `${from.name} sent a photo${text === "" ? "" : `: ${text}`}`;
  const action = actionIn(text);
  return action === null ? `${from.name}: ${text}` : `* ${from.name} ${action}`;
}

const timeFormat = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const dayFormat =
  new Intl.DateTimeFormat("en-GB", { weekday: "long", day: "numeric", month: "long", year: "numeric" });
const fullFormat = new Intl.DateTimeFormat("en-GB", { dateStyle: "full", timeStyle: "medium" });

export function formatDay(milliseconds) {
  return dayFormat.format(milliseconds);
}

export function timeElement(milliseconds) {
  const element = document.createElement("time");
  element.dateTime = new Date(milliseconds).toISOString();
  element.title = fullFormat.format(milliseconds);
  element.textContent = timeFormat.format(milliseconds);
  return element;
}

/** Returns what stands for a photo where it cannot be seen: "Photo from ana, 14:02: our cat". */
export function altText({ from, at, text }) {
  return `Photo from ${from.name}, ${timeFormat.format(at)}${text === "" ? "" : `: ${text}`}`;
}

/** Returns "312 kB" or "1.2 MB". */
export function formatSize(bytes) {
  return bytes < 999_500 ? `${Math.ceil(bytes / 1000)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

/** The server's reasons begin with a small letter and have no full stop, as is usual in a terminal. */
export function asSentence(text) {
  const end = /[.?!]$/.test(text) ? "" : ".";
  return text.charAt(0).toUpperCase() + text.slice(1) + end;
}

/** Returns "1 character" or "2 characters". */
export function counted(count, word) {
  return `${count} ${word}${count === 1 ? "" : "s"}`;
}
