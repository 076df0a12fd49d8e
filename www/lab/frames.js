// What a failed check shows of a frame: its bytes, what it says, and the first field in which it differs from
// another. Pure functions.

import { decodeFrame, hexDigits, hexOf, hexOfAll } from "../wire/decode-frame.js";
import { explainField } from "../wire/explain-frame.js";
import { cutFrame, encodeFrame } from "../frame/encode-frame.js";

/** Returns the bytes of a whole message as one frame of the server's, which has no mask. */
export const serverFrame = (opcode, payload) => encodeFrame({ fin: 1, reserved: 0, opcode, key: null, payload });

/** Returns "81 05 48 … = Text “Hello”" for a message in bytes. */
export function describeFrame(bytes) {
  const { opcode, unmasked } = decode(bytes, "server");
  const text = new TextDecoder().decode(unmasked);
  const shown = text.length > 60 ? `${text.slice(0, 60)} …` : text;
  const more = bytes.length > 24 ? ` … (${bytes.length} bytes)` : "";
  return `${hexOfAll(bytes.slice(0, 24))}${more}  = ${NAMES[opcode] ?? opcode} “${shown}”`;
}

const NAMES = { 1: "Text", 2: "Binary", 8: "Close" };

export function decode(bytes, from) {
  const { header, payload } = cutFrame(bytes);
  return decodeFrame({ from, at: 0, header: hexDigits(header), payload: hexDigits(payload) });
}

/** Returns the first field in which two frames differ, in the words of the wire view, or null. */
export function difference(expected, received, from = "server") {
  const [one, other] = [decode(expected, from), decode(received, from)];
  for (const id of ["fin", "reserved", "opcode", "mask"]) {
    if (one[id] !== other[id]) return sentence(one, other, id);
  }
  if (one.length !== other.length) return `Payload length: expected ${one.length}, received ${other.length}`;
  if (one.key && hexOfAll(one.key) !== hexOfAll(other.key)) return sentence(one, other, "key");
  const at = one.unmasked.findIndex((byte, index) => byte !== other.unmasked[index]);
  if (at < 0) return null;
  if (one.key && one.unmasked.every((byte, index) => byte === other.onWire[index])) return "Payload: it is not masked";
  const after = one.key ? " after unmasking" : "";
  return `Payload: byte ${at + 1}${after}: expected ${hexOf(one.unmasked[at])}, received ${hexOf(other.unmasked[at])}`;
}

function sentence(one, other, id) {
  const name = one.fields.find((field) => field.id === id).name;
  return `${name}: expected ${explainField(id, one).value}, received ${explainField(id, other).value}`;
}
