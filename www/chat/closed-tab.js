// Lets a tab that is opened soon after another one was closed go on as the same member. sessionStorage ends
// with its tab, and the name of a member stays taken while the server counts it as away. So a page that is
// left puts its token into localStorage, which all tabs share, and a tab without a token takes the newest.
//
// A reload looks the same to a page that is left. When it is back, it removes its own entry.

import { adopt, tabId } from "../shared/tab.js";
import { isText, load, save } from "../shared/storage.js";

const KEY = "chat.closed";

/** The server counts a member as away for this long before it has left: `GRACE` in src/chat/presence.rs. */
const GRACE = 10_000; // in milliseconds

export const isToken = isText(/^[\w-]{1,200}$/);

const isEntry = (entry) => isText(/^[0-9a-f]{32}$/)(entry?.tab) && isToken(entry.token);

/** Two pages have only the time of day in common, so this interval cannot be one of `performance.now()`. */
const isRecent = ({ at }) => at <= Date.now() && Date.now() - at < GRACE;

function loadEntries() {
  try {
    return JSON.parse(localStorage.getItem(KEY)).filter(isEntry).filter(isRecent);
  } catch {
    return []; // there are none, or they are damaged, or the browser refuses storage
  }
}

/** Stores the entries, and makes sure that the browser has stored them. */
function saveEntries(entries) {
  const json = entries.length > 0 ? JSON.stringify(entries) : null;
  if (json === null) localStorage.removeItem(KEY);
  else localStorage.setItem(KEY, json);
  if (localStorage.getItem(KEY) !== json) throw new Error("localStorage is refused");
}

/** Leaves the token, and what was not sent, to the next tab. */
export function leaveToNextTab() {
  const token = load("token", null, isToken);
  if (token === null) return;
  const entry = { tab: tabId(), at: Date.now(), token, unsent: load("unsent", [], Array.isArray) };
  try {
    saveEntries([...loadEntries(), entry]);
  } catch {
    // The browser refuses storage: the next tab is a new member.
  }
}

/** The page was left by Back or Forward, and the user has come back to it. */
export function stayInThisTab() {
  try {
    saveEntries(othersEntries());
  } catch {
    // The browser refuses storage: then there is no entry.
  }
}

const othersEntries = () => loadEntries().filter(({ tab }) => tab !== tabId());

/** Takes the newest entry out, if this tab has no token. Removes its own, as well as old and damaged ones. */
function takeFromClosedTab() {
  const entries = othersEntries();
  const newest = load("token", null, isToken) === null ? entries.pop() : undefined;
  try {
    saveEntries(entries);
    return newest;
  } catch {
    return undefined; // an entry that cannot be removed is not taken, or two tabs would take it
  }
}

/** Makes this tab go on as the member of a closed tab, if there is one. */
export async function continueClosedTab() {
  const entry = takeFromClosedTab();
  // Two tabs may have read the entry at the same time.
  if (!entry || !(await adopt(entry.tab))) return;
  save("token", entry.token);
  save("unsent", entry.unsent);
}
