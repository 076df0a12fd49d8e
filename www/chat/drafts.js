// Stores the drafts: the text that was typed into the message box and not sent, one per conversation.
// state.js loads them when the page starts and saves them after each change, so a reload loses nothing.

import { load, save } from "../shared/storage.js";

/** Returns a list of { key, name, text }; `name` is undefined for the conversation with everyone. */
export function loadDrafts() {
  const drafts = Object.entries(load("drafts", {}));
  return drafts.map(([key, { name, text }]) => ({ key: Number(key), name, text }));
}

/** Replaces what is stored by this list, in the same form. */
export function saveDrafts(drafts) {
  const stored = {};
  for (const { key, name, text } of drafts) stored[key] = { name, text };
  save("drafts", stored);
}
