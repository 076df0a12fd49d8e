// People whose messages one reader does not want to see: /hide NAME, and /show NAME to see them again. This
// browser keeps the list, and tells no one: the server does not know of it.
//
// An entry is { id, name, started }. A member keeps its id under another name, so the id counts as long as the
// server runs that started then. A server that has started anew may have given the id to another person: then
// the name counts, until the person is found.

import { nameKey } from "./members.js";
import { PREFIX } from "../shared/storage.js";

const KEY = `${PREFIX}hidden`;

let entries = read();
let started = 0;

/** Starts to follow the hidden people through new names and restarts. */
export function followHiddenPeople(state, connection) {
  connection.addEventListener("welcome", ({ detail: { server } }) => {
    started = server.started;
  });
  state.addEventListener("members", () => {
    let hasChanged = false;
    for (const entry of entries) {
      const isOf = ({ id, name }) => (entry.started === started ? id === entry.id : nameKey(name) === nameKey(entry.name));
      const person = [...state.members.values()].find(isOf);
      if (!person || (person.id === entry.id && person.name === entry.name && entry.started === started)) continue;
      Object.assign(entry, { id: person.id, name: person.name, started });
      hasChanged = true;
    }
    if (hasChanged) write();
  });
}

export function isHidden({ id, name }) {
  const isOf = (entry) => (entry.started === started ? entry.id === id : nameKey(entry.name) === nameKey(name));
  return entries.length > 0 && entries.some(isOf);
}

export function hide({ id, name }) {
  entries.push({ id, name, started });
  write();
}

export function show(person) {
  entries = entries.filter((entry) => entry.id !== person.id || entry.started !== person.started);
  write();
}

/** Returns the entries, also of people who are not here. */
export const hiddenPeople = () => entries;

function read() {
  try {
    const stored = JSON.parse(localStorage.getItem(KEY));
    const isEntry = (it) => Number.isInteger(it?.id) && typeof it.name === "string" && Number.isFinite(it.started);
    return Array.isArray(stored) && stored.every(isEntry) ? stored : [];
  } catch {
    return []; // the browser refuses storage: see ../shared/storage.js
  }
}

function write() {
  try {
    localStorage.setItem(KEY, JSON.stringify(entries));
  } catch {
    // As above: until the page is reloaded they stay hidden.
  }
}
