// How long a page waits before it reconnects: exponential backoff with jitter. The chat's connection and
// the wire view's connection use it.

/**
 * Returns the milliseconds to wait after this many failed attempts: about 1, 2, 4 … 30 s. Part of the
 * time is random (jitter), so that thirty pages do not all reconnect in the moment when a server restarts.
 */
export function backoff(failures, random = Math.random()) {
  const seconds = Math.min(2 ** failures, 30);
  return 1000 * (seconds / 2 + random * Math.max(seconds / 2, 1.5));
}
