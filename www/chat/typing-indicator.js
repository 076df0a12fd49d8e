// "ben is typing …": tells the server while you type, and shows who else is typing in the open
// conversation.

import { ROOM } from "./conversation.js";
import { nameElements } from "./format.js";
import { isHidden } from "./hidden-people.js";

// In milliseconds.

/** Between two notices to the server, which passes on at most one in 2 s. */
const SEND_EVERY = 2_500;
/** How long a notice is shown. Longer than the pause between two, so that the line does not flicker. */
const SHOW_FOR = 3_500;

const line = document.getElementById("typing");

/** Starts to show who is typing. Returns the function to call with each key that you press. */
export function startTypingIndicator(state, connection) {
  /** From a member's id to { key, person, timer }. */
  const typists = new Map();
  /** The notice that was sent last. */
  let sent = { key: null, at: -Infinity };

  function draw() {
    const here = [...typists.values()].filter(({ key }) => key === state.openKey);
    const people = here.map(({ person }) => person);
    if (people.length === 0) line.replaceChildren();
    else if (people.length > 3) line.replaceChildren("Several people are typing …");
    else if (people.length > 1) line.replaceChildren(...nameElements(people), " are typing …");
    else line.replaceChildren(...nameElements(people), " is typing …");
  }

  function remove(id) {
    clearTimeout(typists.get(id)?.timer);
    typists.delete(id);
    draw();
  }

  connection.addEventListener("typing", ({ detail: { from, to } }) => {
    if (isHidden(from)) return;
    clearTimeout(typists.get(from.id)?.timer);
    const timer = setTimeout(() => remove(from.id), SHOW_FOR);
    typists.set(from.id, { key: to ? from.id : ROOM, person: from, timer });
    draw();
  });
  connection.addEventListener("said", ({ detail: { from } }) => remove(from.id));
  connection.addEventListener("left", ({ detail: { member } }) => remove(member.id));
  state.addEventListener("opened", draw);

  // Your message ends your typing on the other pages: the next key needs a notice at once.
  state.addEventListener("added", ({ detail: { key, messages } }) => {
    if (key === sent.key && messages.some(({ ref }) => ref)) sent.at = -Infinity;
  });

  return function sendTyping() {
    const key = state.openKey;
    const isTooSoon = sent.key === key && performance.now() - sent.at < SEND_EVERY;
    if (key < ROOM || isTooSoon) return; // a negative key: the server does not know the person
    sent = { key, at: performance.now() };
    connection.sendOnce(key === ROOM ? { type: "typing" } : { type: "typing", to: key });
  };
}
