// How people, times and texts are written, on every part of the screen.

/** A name as it is shown: <bdi> keeps its direction of writing from turning round what stands beside it. */
export function nameOf({ id, name }) {
  const element = document.createElement("bdi");
  element.className = "name";
  element.textContent = name;
  element.style.setProperty("--hue", hueOf(id));
  return element;
}

/** One of twelve hues; neighbours in the order of arrival are far apart. It is never the only cue. */
export function hueOf(id) {
  return ((id * 5) % 12) * 30;
}

/** "ana", "ana and ben", "ana, ben and cy", with each name in its element. */
export function namesOf(people) {
  const last = people.length - 1;
  const before = (index) => (index === 0 ? [] : [index === last ? " and " : ", "]);
  return people.flatMap((person, index) => [...before(index), nameOf(person)]);
}

/** The text of "/me waves" is sent as it was typed, and shown by every page as "* ana waves". */
export function action(text) {
  return text.startsWith("/me ") ? text.slice(4) : null;
}

/** What somebody said in one line of plain text. */
export function plain({ from, text }) {
  const done = action(text);
  return done === null ? `${from.name}: ${text}` : `* ${from.name} ${done}`;
}

const write = (options) => new Intl.DateTimeFormat("en-GB", options);
const clock = write({ hour: "2-digit", minute: "2-digit" });
const day = write({ weekday: "long", day: "numeric", month: "long", year: "numeric" });
const moment = write({ dateStyle: "full", timeStyle: "medium" });

export const dayOf = (at) => day.format(at);

export function timeOf(at) {
  const element = document.createElement("time");
  element.dateTime = new Date(at).toISOString();
  element.title = moment.format(at);
  element.textContent = clock.format(at);
  return element;
}

/** What the server says begins small and has no full stop, as terminals like it. */
export function sentence(text) {
  return text.charAt(0).toUpperCase() + text.slice(1) + (/[.?!]$/.test(text) ? "" : ".");
}
