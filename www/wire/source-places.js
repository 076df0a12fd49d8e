// Where in the server's code a sentence of the wire view comes true: links into source.html. A test looks up
// each file and text that is named here.

import { sourceLink } from "../shared/source-link.js";
import { CLOSE, PING, PONG } from "./decode-frame.js";

/** For the fields of a frame of the server's. */
const MADE = sourceLink("src/websocket/frames.rs", "fn encode");
/** For those of a client's: tungstenite reads them, called here. */
const READ = sourceLink("src/websocket/socket.rs", "self.websocket.read()");

/** Returns the address for the field with this id, or null. */
export function placeOfField(id, { from, opcode, mask, unmasked }) {
  if (id === "opcode" && opcode === PING && from === "server") return sourceLink("src/websocket/stream.rs", "fn read_or_ping");
  if (id === "opcode" && opcode === PONG && from === "server") return sourceLink("src/websocket/stream.rs", "fn write");
  if (id === "key" || (id === "mask" && mask)) return sourceLink("src/by_hand.rs", "fn mask");
  if (id === "payload" && opcode === CLOSE && from === "server") return placeOfCloseCode((unmasked[0] << 8) | unmasked[1]);
  if (id === "extended" || id === "length") {
    return from === "server" ? MADE : sourceLink("src/websocket/frames.rs", "fn parse_header");
  }
  return from === "server" ? MADE : READ;
}

/** Where the server closes with this code. */
const CLOSE_PLACES = {
  1001: sourceLink("src/server/stop.rs", "fn goodbye"),
  1008: sourceLink("src/chat/room/commands.rs", "fn kick"),
  1013: sourceLink("src/websocket/sender/backlog.rs", "enum GivenUp"),
  4001: sourceLink("src/chat/room/joining.rs", "taken over by another connection"),
  4003: sourceLink("src/chat.rs", "fn reject"),
};

/** Returns the address of the place where the server closes with this code. */
const placeOfCloseCode = (code) => CLOSE_PLACES[code] ?? sourceLink("src/websocket/socket.rs", "fn close_after");

const REQUEST_PLACES = {
  "": sourceLink("src/http/request.rs", "pub fn parse"),
  "host": sourceLink("src/http/host.rs", "fn check"),
  "connection": sourceLink("src/handshake.rs", "Item 4: Connection"),
  "upgrade": sourceLink("src/handshake.rs", "fn wants_websocket"),
  "origin": sourceLink("src/handshake/origin.rs", "fn check"),
  "sec-websocket-version": sourceLink("src/handshake.rs", "Item 6: the version"),
  "sec-websocket-key": sourceLink("src/handshake.rs", "Item 5: the key"),
  "sec-websocket-extensions": sourceLink("src/handshake.rs", "Offers of extensions"),
  "sec-websocket-protocol": sourceLink("src/handshake.rs", "fn secret"),
  "cookie": sourceLink("src/http/request.rs", "fn cookie"),
};

const RESPONSE_PLACES = {
  "": sourceLink("src/http/response.rs", "fn to_bytes"),
  "connection": sourceLink("src/handshake.rs", "Response::new(101)"),
  "upgrade": sourceLink("src/handshake.rs", "Response::new(101)"),
  "sec-websocket-accept": sourceLink("src/handshake.rs", "derive_accept_key(key"),
  "sec-websocket-protocol": sourceLink("src/handshake.rs", "Item 8"),
};

/** Returns the address for this line of a head, or undefined. */
export function placeOfLine(line, isRequest) {
  const isFirst = line.startsWith("HTTP/") || / HTTP\/1\.\d$/.test(line);
  const name = isFirst ? "" : line.split(":", 1)[0].toLowerCase();
  return line === "" ? undefined : (isRequest ? REQUEST_PLACES : RESPONSE_PLACES)[name];
}

/** Where the accept value is computed inside, step by step. */
export const ACCEPT_STEPS = sourceLink("src/by_hand.rs", "fn accept_value");
