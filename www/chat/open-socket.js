// Opens the WebSocket of the chat: what the request says about this page. src/chat/room/joining.rs reads it.

import { socketAddress } from "../shared/socket-address.js";

/** A passphrase with more characters might, encoded, not fit into the head of a request. */
export const LONGEST_PASSPHRASE = 800;

/** `since`: the id up to which all messages are here. */
export function openSocket(path, { wireId, since, token, passphrase }) {
  const query = new URLSearchParams();
  if (wireId) query.set("wire", wireId);
  if (since > 0) query.set("since", since);
  // A script can set no header field of a handshake but the subprotocols. The secrets stand there, because
  // what stands in the address gets into the logs of proxies and onto the browser's console.
  const secrets = new URLSearchParams();
  if (token !== null) secrets.set("token", token);
  if (passphrase !== null) secrets.set("passphrase", passphrase);
  const protocols = ["partyline"];
  // Encoded once more, because a subprotocol may have no "=" and no "&".
  if (secrets.toString() !== "") protocols.push(`secret.${encodeURIComponent(secrets)}`);
  return new WebSocket(socketAddress(`${path}?${query}`), protocols);
}
