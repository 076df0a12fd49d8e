// Keeps values of this tab over a reload, as JSON in sessionStorage. The chat and the wire view use it.
//
// Two tabs do not share these values, so each tab is a member of its own. (A browser copies them when a tab
// is duplicated: see tab.js.) A browser may refuse storage (a private window, a full disk, a setting). Every
// access therefore has a `try`, and the modules read a value only once, when the page starts: without storage
// the page works the same until it is reloaded.
//
// What is stored may come from an older version of these pages, from another program that was served at
// this address, or from a student who tries things. So each module says what its value looks like.

/** All keys begin with it: a host may serve two chats under two paths, and neither may say what is the other's. */
export const PREFIX = `chat${location.pathname.replace(/\/[^/]*$/, "")}.`;

/** Returns the value that was saved under `key`, or `fallback` if there is none of which `isRight` is true. */
export function load(key, fallback, isRight) {
  try {
    const value = JSON.parse(sessionStorage.getItem(PREFIX + key));
    return isRight(value) ? value : fallback;
  } catch {
    return fallback;
  }
}

/** A function for `load`: is the value a text that the pattern describes? */
export const isText = (pattern) => (value) => typeof value === "string" && pattern.test(value);

export function save(key, value) {
  try {
    sessionStorage.setItem(PREFIX + key, JSON.stringify(value));
  } catch {
    // The browser refuses storage: see above.
  }
}
