// Keeps values of this tab over a reload, as JSON in sessionStorage. The chat and the wire view use it.
//
// Two tabs do not share these values, so each tab is a member of its own. A browser may refuse storage
// (a private window, a full disk, a setting). Every access therefore has a `try`, and the modules read a
// value only once, when the page starts: without storage the page works the same until it is reloaded.

/** Returns the value that was saved under `key`, or `fallback` if there is none. */
export function load(key, fallback) {
  try {
    return JSON.parse(sessionStorage.getItem(`chat.${key}`)) ?? fallback;
  } catch {
    return fallback;
  }
}

export function save(key, value) {
  try {
    sessionStorage.setItem(`chat.${key}`, JSON.stringify(value));
  } catch {
    // The browser refuses storage: see above.
  }
}
