// Keeps your name in a cookie. The browser sends the cookie with the request for the WebSocket, so the
// server knows the name before the first message. All tabs share it, unlike the values of storage.js.
// A browser may refuse cookies; then each visit begins with a random name. Without a `Path`, the cookie is for
// the folder of this page: a proxy may serve other programs beside it.

const ONE_YEAR = 365 * 24 * 60 * 60; // in seconds

/**
 * Is there a name in the cookie, out of which the server has made this one? (It may have put a number behind
 * it.) Another program on this host may have a cookie of the same name with something else in it.
 */
export function hasCookieFor(name) {
  try {
    const [, value] = /(?:^|; )name=([^;]+)/.exec(document.cookie) ?? [];
    const wish = normalize(decodeURIComponent(value ?? ""));
    return wish !== "" && normalize(name).startsWith(wish.slice(0, ENOUGH));
  } catch {
    return false;
  }
}

/** A name that is as long as possible is cut for the number behind it. */
const ENOUGH = 16;

const normalize = (name) => name.normalize().trim().replace(/\s+/g, " ").toLowerCase();

export function saveNameCookie(name) {
  try {
    document.cookie = `name=${encodeURIComponent(name)}; SameSite=Strict; Max-Age=${ONE_YEAR}`;
  } catch {
    // The browser refuses cookies: see above.
  }
}
