// Stores the drafts: the text that was typed into the message box and not sent, one per conversation.
// state.js loads them when the page starts and saves them after each change, so a reload loses nothing.

import { ROOM } from "./conversation.js";
import { load, save } from "../shared/storage.js";
import { wellFormed } from "../shared/well-formed.js";

/** Returns a list of { key, name, text }; `name` is undefined for the conversation with everyone. */
export function loadDrafts() {
  const drafts = Object.entries(load("drafts", {}, (value) => typeof value === "object" && value !== null));
  const inList = drafts.map(([key, draft]) => ({ key: Number(key), name: draft?.name, text: draft?.text }));
  return inList.filter(isDraft).map((draft) => ({ ...draft, text: wellFormed(draft.text) }));
}

/** Keys below 0 are counted down from the lowest that there is: see state.js. */
const LOWEST_KEY = -1e9;

function isDraft({ key, name, text }) {
  const hasName = key === ROOM || typeof name === "string";
  return Number.isSafeInteger(key) && key > LOWEST_KEY && hasName && typeof text === "string";
}

/** Replaces what is stored by this list, in the same form. */
export function saveDrafts(drafts) {
  const stored = {};
  for (const { key, name, text } of drafts) stored[key] = { name, text };
  save("drafts", stored);
}
