// The wire id of this tab: the wire view finds the tab's connection by it. It is random and secret, because
// anyone who knows it can watch every byte. A connection that was opened without an id cannot be watched.
// echo.js, broadcast.js and the chat open their connections with it, and panel.js watches it.

import { load, save } from "../shared/storage.js";

/** Stored, so that the view goes on after a reload of the page. */
export const wireId = load("wire", null) ?? randomId();
save("wire", wireId);

/** Adds the wire id to the address of a WebSocket. */
export function withWireId(url) {
  return `${url}?wire=${wireId}`;
}

/** Returns 16 random bytes in hex. (`crypto.randomUUID` does not exist on pages served over plain http.) */
function randomId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
