// The wire id of this tab: the wire view finds the tab's connection by it. It is random and secret, because
// anyone who knows it can watch every byte. A connection that was opened without an id cannot be watched.
// echo.js, broadcast.js and the chat open their connections with it, and panel.js watches it.

import { randomId } from "../shared/random-id.js";
import { isText, load, save } from "../shared/storage.js";
import "../shared/tab.js"; // a duplicate of a tab gets a wire id of its own

/** Stored, so that the view goes on after a reload of the page. */
export const wireId = load("wire", null, isText(/^[\w-]{16,64}$/)) ?? randomId(16);
save("wire", wireId);

/** Adds the wire id to the address of a WebSocket, a URL. */
export function withWireId(url) {
  url.searchParams.set("wire", wireId);
  return url;
}
