// The id under which this tab's connection can be watched. It is random and nobody else's: whoever
// knows it sees every byte, and without one a connection cannot be watched at all.

import { load, save } from "../shared/storage.js";

/** Made once for each tab: a reload is watched on. (`crypto.randomUUID` is missing over plain http.) */
export const wireId = load("wire", null) ?? newId();
save("wire", wireId);

/** The address of a WebSocket, with the id that lets the wire view watch it. */
export function watched(url) {
  return `${url}?wire=${wireId}`;
}

function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
