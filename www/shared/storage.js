// What outlives a reload: the tab's own things in sessionStorage, the name in a cookie.
//
// Two tabs share the cookie, so that a new tab knows its person's name, and not the rest, so that
// each is somebody of its own. A browser may refuse all of it (a private window, a full disk, a
// setting). Then the page works the same, until it is reloaded: that is why every access is guarded
// and why nothing that was saved here is read but at the start.

export function load(key, otherwise) {
  try {
    return JSON.parse(sessionStorage.getItem(`chat.${key}`)) ?? otherwise;
  } catch {
    return otherwise;
  }
}

export function save(key, value) {
  try {
    sessionStorage.setItem(`chat.${key}`, JSON.stringify(value));
  } catch {
    // Refused: see above.
  }
}

/** Is there a name that the browser will bring along when it connects? */
export function hasName() {
  try {
    return /(^|; )name=./.test(document.cookie);
  } catch {
    return false;
  }
}

export function rememberName(name) {
  const year = 365 * 24 * 60 * 60;
  try {
    document.cookie = `name=${encodeURIComponent(name)}; Path=/; SameSite=Strict; Max-Age=${year}`;
  } catch {
    // Refused: see above.
  }
}
