// "ben is typing": says so while keys are pressed here, and shows who does elsewhere.

import { ROOM } from "./conversation.js";
import { namesOf } from "./format.js";

/** The server passes on one in 2 s. */
const SAY_EVERY = 2_500;
/** Longer than the pause between two notices, or it would flicker. */
const SHOW_FOR = 3_500;

const line = document.getElementById("typing");

/** Returns the function to call at each key. */
export function showTyping(state, connection) {
  /** From member to { key, person, timer }. */
  const typists = new Map();
  let said = { key: null, at: 0 };

  function draw() {
    const here = [...typists.values()].filter(({ key }) => key === state.open);
    const people = here.map(({ person }) => person);
    if (people.length === 0) line.replaceChildren();
    else if (people.length > 3) line.replaceChildren("Several people are typing …");
    else line.replaceChildren(...namesOf(people), people.length > 1 ? " are typing …" : " is typing …");
  }

  function stop(id) {
    clearTimeout(typists.get(id)?.timer);
    typists.delete(id);
    draw();
  }

  connection.addEventListener("typing", ({ detail: { from, to } }) => {
    clearTimeout(typists.get(from.id)?.timer);
    const timer = setTimeout(() => stop(from.id), SHOW_FOR);
    typists.set(from.id, { key: to ? from.id : ROOM, person: from, timer });
    draw();
  });
  connection.addEventListener("said", ({ detail: { from } }) => stop(from.id));
  connection.addEventListener("left", ({ detail: { member } }) => stop(member.id));
  state.addEventListener("show", draw);

  // What was just sent has ended it, here and for the others.
  state.addEventListener("added", ({ detail: { key, messages } }) => {
    if (key === said.key && messages.some(({ ref }) => ref)) said.at = 0;
  });

  return function keyPressed() {
    const key = state.open;
    if (key < ROOM || (said.key === key && Date.now() - said.at < SAY_EVERY)) return;
    said = { key, at: Date.now() };
    connection.mention(key === ROOM ? { type: "typing" } : { type: "typing", to: key });
  };
}
