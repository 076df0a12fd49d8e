// Decodes a frame: bytes become fields, as RFC 6455, section 5.2, draws them. Pure functions. What the
// fields mean in words is in explain-frame.js; draw-frame.js and draw-bits.js draw them.

// The opcodes of RFC 6455, section 5.2.
export const CONTINUATION = 0x0;
export const TEXT = 0x1;
export const BINARY = 0x2;
export const CLOSE = 0x8;
export const PING = 0x9;
export const PONG = 0xa;

export const isControl = (opcode) => opcode >= CLOSE;

/** The fields have Wireshark's names. */
const FIELD_NAMES = {
  fin: "Fin",
  reserved: "Reserved",
  opcode: "Opcode",
  mask: "Mask",
  length: "Payload length",
  extended: "Extended payload length",
  key: "Masking-Key",
  payload: "Payload",
};

/**
 * Decodes a frame from the server's message about it, in which `header` and `payload` are hex. Only the
 * first 256 bytes of a payload come to the view: `onWire` are these bytes as they passed, `unmasked` are
 * the same without the mask, and `length` is the length of the whole payload: a BigInt if it is one that a
 * Number cannot be.
 */
export function decodeFrame(message) {
  const { from, at } = message;
  const header = bytesFromHex(message.header);
  const onWire = bytesFromHex(message.payload);
  const fin = header[0] >> 7;
  const reserved = (header[0] >> 4) & 0b111;
  const opcode = header[0] & 0b1111;
  const mask = header[1] >> 7;
  const shortLength = header[1] & 0b111_1111;
  // 126 and 127 are no lengths: they say that the length is in the next 2 or 8 bytes.
  let extendedBytes = 0;
  if (shortLength === 126) extendedBytes = 2;
  if (shortLength === 127) extendedBytes = 8;
  const length = extendedBytes === 0 ? shortLength : numberOf(header.slice(2, 2 + extendedBytes));
  const key = mask ? header.slice(2 + extendedBytes, 6 + extendedBytes) : null;
  const unmasked = key ? onWire.map((byte, index) => byte ^ key[index % 4]) : onWire;
  const fields = fieldsOf(header, onWire, mask, extendedBytes);
  return {
    from, at, length, header, onWire, unmasked, fields,
    fin, reserved, opcode, mask, shortLength, extendedBytes, key,
  };
}

/**
 * Returns the number that these bytes are, the most significant one first. It is read from the bytes and not
 * from the server's JSON: from 2^53 on, a Number is rounded.
 */
function numberOf(bytes) {
  const number = bytes.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
  return number <= Number.MAX_SAFE_INTEGER ? Number(number) : number;
}

/** Returns the fields in order, each with its id, name, first bit and number of bits. */
function fieldsOf(header, onWire, mask, extendedBytes) {
  const fields = [];
  let start = 0;
  function add(id, bits) {
    if (bits > 0) fields.push({ id, name: FIELD_NAMES[id], start, bits });
    start += bits;
  }
  add("fin", 1);
  add("reserved", 3);
  add("opcode", 4);
  add("mask", 1);
  add("length", 7);
  add("extended", extendedBytes * 8);
  add("key", mask * 32);
  add("payload", onWire.length * 8);
  return fields;
}

/** Returns the ids of the fields that have bits in this byte of the header. */
export function fieldIdsInByte({ fields }, index) {
  const hasBits = ({ start, bits }) => start < (index + 1) * 8 && start + bits > index * 8;
  return fields.filter(hasBits).map(({ id }) => id);
}

/** Returns the header's bytes in groups that belong to the same fields: a list of { ids, bytes }. */
export function headerGroups(frame) {
  const groups = [];
  frame.header.forEach((byte, index) => {
    const ids = fieldIdsInByte(frame, index);
    const last = groups.at(-1);
    // The first two bytes have a group each.
    const belongsToLast = index > 2 && String(last.ids) === String(ids);
    if (belongsToLast) last.bytes.push(byte);
    else groups.push({ ids, bytes: [byte] });
  });
  return groups;
}

/** Returns the code in a Close's payload, or null. The payload may be empty (RFC 6455, section 5.5.1). */
export function closeCode({ opcode, unmasked }) {
  return opcode === CLOSE && unmasked.length >= 2 ? (unmasked[0] << 8) | unmasked[1] : null;
}

// Bytes as digits. A hidden byte is null (see cover.js) and has dots for digits.

function bytesFromHex(hex) {
  return Uint8Array.from(hex.match(/../g) ?? [], (digits) => parseInt(digits, 16));
}

export const hexOf = (byte) => (byte === null ? "••" : byte.toString(16).padStart(2, "0"));
export const binaryOf = (byte) => (byte === null ? "••••••••" : byte.toString(2).padStart(8, "0"));
export const hexOfAll = (bytes) => Array.from(bytes, hexOf).join(" ");
export const hexDigits = (bytes) => Array.from(bytes, hexOf).join("");

/** Returns `count` bits of these bytes as digits, from the bit `start` on. */
export function bitsOf(bytes, start, count) {
  const firstByte = start >> 3;
  const endByte = (start + count + 7) >> 3;
  const digits = Array.from(bytes.slice(firstByte, endByte), binaryOf).join("");
  const offset = start - firstByte * 8;
  return digits.slice(offset, offset + count);
}
