// Keeps your name in a cookie. The browser sends the cookie with the request for the WebSocket, so the
// server knows the name before the first message. All tabs share it, unlike the values of storage.js.
// A browser may refuse cookies; then each visit begins with a random name.

const ONE_YEAR = 365 * 24 * 60 * 60; // in seconds

export function hasNameCookie() {
  try {
    return /(^|; )name=./.test(document.cookie);
  } catch {
    return false;
  }
}

export function saveNameCookie(name) {
  try {
    document.cookie = `name=${encodeURIComponent(name)}; Path=/; SameSite=Strict; Max-Age=${ONE_YEAR}`;
  } catch {
    // The browser refuses cookies: see above.
  }
}
