// Lets a tab that is opened soon after another one was closed go on as the same member. sessionStorage ends
// with its tab, and the name of a member stays taken while the server counts it as away. So each page keeps an
// entry with its token in localStorage, which all tabs share, and a tab without a token takes the newest entry
// of a tab that is not open any more: tab.js knows which are, and gives each entry to one tab only.
//
// The entry is written while the page lives, because Firefox may refuse storage to a page that is being closed.

import { adopt, tabId } from "../shared/tab.js";
import { PREFIX, isText, load, save } from "../shared/storage.js";

const KEY = `${PREFIX}closed`;

/** The server counts a member as away for this long before it has left: `GRACE` in src/chat/presence.rs. */
const GRACE = 10_000; // in milliseconds

/** How old the entry of an open page may be, in milliseconds; in a hidden tab it may be older. */
export const ENTRY_EVERY = 2000;

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

/**
 * Leaves the token, and what was not sent, to the next tab, if this one is closed. `hasEnded`: the page is left.
 * (A reload looks the same: when the page is back, it holds its tab and its entry again.)
 */
export function leaveToNextTab({ hasEnded }) {
  const token = load("token", null, isToken);
  const unsent = load("unsent", [], Array.isArray);
  const own = { tab: tabId(), at: Date.now(), token, unsent, hasEnded };
  replaceEntry(own.tab, token === null ? [] : [own]);
}

function replaceEntry(ofTab, entries) {
  const others = loadEntries().filter(({ tab }) => tab !== ofTab);
  try {
    localStorage.setItem(KEY, JSON.stringify([...others, ...entries]));
  } catch {
    // The browser refuses storage: the next tab is a new member.
  }
}

/** Makes a tab without a token go on as the member of the tab that was closed last, if there is one. */
export async function continueClosedTab() {
  if (load("token", null, isToken) !== null) return;
  for (const entry of loadEntries().reverse()) {
    replaceEntry(entry.tab, []); // another new tab need not ask; if the tab is open, it writes its entry again
    if (!(await adopt(entry.tab, entry.hasEnded))) continue; // it is open, or another tab was faster
    save("token", entry.token);
    save("unsent", entry.unsent);
    return;
  }
}
