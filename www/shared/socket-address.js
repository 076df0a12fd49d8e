// The address of a WebSocket beside this page.

/** Returns the URL of `path`, which may have a query. */
export function socketAddress(path) {
  // Relative to the page: a proxy may serve all of this under a path of its own, such as /lab/.
  const url = new URL(path, location.href);
  // http becomes ws, and https becomes wss: a page that came encrypted may not connect unencrypted.
  url.protocol = url.protocol.replace("http", "ws");
  return url;
}
