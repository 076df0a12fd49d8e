// Keeps two tabs from being the same one. "Duplicate tab" copies sessionStorage, and `window.open` may: with
// the copy, two pages would have one token, one wire id and the same unsent messages. The page that has a
// copy starts without those, so it is another person with a name of its own; the first page goes on.
//
// Each tab has an id in its storage. A page that finds one there asks on a BroadcastChannel whether another
// page holds it. (Without https a page has no `navigator.locks`.) If there is no answer, the page takes the
// values: the tab was reloaded or restored. A page that starts while its values are marked as released knows
// that it was left in good order, and hardly has to wait.
//
// This module waits for the answer before the modules run that import it (top-level `await`).

import { randomId } from "./random-id.js";
import { isText, load, save } from "./storage.js";

/** How long to wait for an answer, in milliseconds. A busy page needs a while to give it. */
const WAIT = { released: 50, closed: 300, held: 1000 };

/** What a copy must not have. */
const OWN_VALUES = ["token", "unsent", "wire"];

/** Of two pages that ask for the same id at the same time, the one with the smaller number gets it. */
const nonce = randomId(16);

/** The id of this tab. */
let id = load("tab", null, isText(/^[0-9a-f]{32}$/));
let channel = null;
let isHolder = false;
let onHeld = () => {};

function openChannel() {
  try {
    channel = new BroadcastChannel("partyline");
  } catch {
    return; // the browser does not have it, or refuses it
  }
  channel.addEventListener("message", ({ data }) => {
    if (data?.asksFor === id && (isHolder || nonce < data.nonce)) channel.postMessage({ held: id });
    else if ((data?.asksFor ?? data?.held) === id && !isHolder) onHeld();
  });
}

/** Asks whether another page holds this tab's id. */
function isHeldElsewhere(wait) {
  return new Promise((resolve) => {
    if (channel === null) resolve(false);
    onHeld = () => resolve(true);
    setTimeout(resolve, wait, false);
    channel?.postMessage({ asksFor: id, nonce });
  });
}

function hold() {
  isHolder = true;
  save("tab", id);
  save("released", false);
}

/**
 * Takes the id of a tab that may have been closed. `hasEnded`: its page has said so. Returns whether no other
 * page holds it.
 */
export async function adopt(closedTab, hasEnded) {
  if (channel === null) return false; // there is no way to ask
  const ownId = id;
  isHolder = false;
  id = closedTab;
  const isFree = !(await isHeldElsewhere(hasEnded ? WAIT.closed : WAIT.held));
  if (!isFree) id = ownId;
  hold();
  return isFree;
}

export const tabId = () => id;

/** Calls this when the user comes back to the page by Back or Forward, and the page is as it was. */
export function onReturn(callback) {
  addEventListener("returned", callback);
}

openChannel();
if (id === null) {
  id = randomId(16);
} else {
  const isReleased = load("released", false, (value) => value === true);
  if (await isHeldElsewhere(isReleased ? WAIT.released : WAIT.held)) {
    for (const key of OWN_VALUES) save(key, null);
    id = randomId(16);
  }
}
hold();

addEventListener("pagehide", () => {
  save("released", true);
  isHolder = false;
  channel?.close();
});
addEventListener("pageshow", async ({ persisted }) => {
  if (!persisted) return;
  openChannel();
  // Meanwhile another tab may have started with a copy: then this one starts anew.
  if (await isHeldElsewhere(WAIT.released)) {
    location.reload();
    return;
  }
  hold();
  dispatchEvent(new Event("returned"));
});
