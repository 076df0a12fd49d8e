// From bytes to fields: what a frame says, as RFC 6455, section 5.2, draws it. Pure functions; what the
// fields mean in words is in wire-words.js, and what they look like in wire-draw.js.

/** Fields have Wireshark's names. */
const NAMES = {
  fin: "Fin",
  reserved: "Reserved",
  opcode: "Opcode",
  mask: "Mask",
  length: "Payload length",
  extended: "Extended payload length",
  key: "Masking-Key",
  payload: "Payload",
};

export const CONTINUATION = 0;
export const TEXT = 1;
export const BINARY = 2;
export const CLOSE = 8;
export const PING = 9;
export const PONG = 10;

export const isControl = (opcode) => opcode >= CLOSE;

export function fromHex(hex) {
  return Uint8Array.from(hex.match(/../g) ?? [], (digits) => parseInt(digits, 16));
}

/**
 * Decodes a frame as /wire tells it. Of the payload at most the first 256 bytes travel: `wire` are
 * these as they passed, `plain` without the mask, and `length` is how many there were in truth.
 */
export function decode({ from, at, header, length, payload }) {
  const head = fromHex(header);
  const wire = fromHex(payload);
  const fin = head[0] >> 7;
  const reserved = (head[0] >> 4) & 0b111;
  const opcode = head[0] & 0b1111;
  const mask = head[1] >> 7;
  const short = head[1] & 0b111_1111;
  // 126 and 127 are no lengths: they say that the length is in the next 2 or 8 bytes.
  const extended = { 126: 2, 127: 8 }[short] ?? 0;
  const key = mask ? head.slice(2 + extended, 6 + extended) : null;
  const plain = key ? wire.map((byte, index) => byte ^ key[index % 4]) : wire;
  const frame = { from, at, length, head, wire, plain, fin, reserved, opcode, mask, short, extended, key };
  frame.fields = fieldsOf(frame);
  return frame;
}

/** Each field's id, name, first bit and number of bits, in their order. */
function fieldsOf({ head, wire, mask, extended }) {
  const fields = [];
  let start = 0;
  const field = (id, bits) => {
    if (bits > 0) fields.push({ id, name: NAMES[id], start, bits });
    start += bits;
  };
  field("fin", 1);
  field("reserved", 3);
  field("opcode", 4);
  field("mask", 1);
  field("length", 7);
  field("extended", extended * 8);
  field("key", mask * 32);
  field("payload", (head.length + wire.length) * 8 - start);
  return fields;
}

/**
 * Cuts the fields where a row of the diagram ends: rows of { id, name, start, bits, first }, with `first`
 * for the beginning of a field. Of the payload there are `payloadBits` at most.
 */
export function diagram({ fields }, columns, payloadBits = 32) {
  const rows = [];
  for (const { id, name, start, bits } of fields) {
    const end = start + (id === "payload" ? Math.min(bits, payloadBits) : bits);
    for (let at = start; at < end;) {
      const row = Math.floor(at / columns);
      const stop = Math.min(end, (row + 1) * columns);
      rows[row] ??= [];
      rows[row].push({ id, name, start: at, bits: stop - at, first: at === start });
      at = stop;
    }
  }
  return rows;
}

/** So many bits as a string, from bytes of which some are covered (null). */
export function bitsOf(bytes, start, count) {
  const bit = (at) => {
    const byte = bytes[at >> 3];
    return byte === null ? "•" : (byte >> (7 - (at & 7))) & 1;
  };
  return Array.from({ length: count }, (_, index) => bit(start + index)).join("");
}

export const hex = (byte) => (byte === null ? "••" : byte.toString(16).padStart(2, "0"));
export const binary = (byte) => (byte === null ? "••••••••" : byte.toString(2).padStart(8, "0"));
export const hexOf = (bytes) => Array.from(bytes, hex).join(" ");

/** The ids of the fields that have a part in this byte of the header, as an attribute lists them. */
export function fieldsIn({ fields }, byte) {
  const touches = ({ start, bits }) => start < (byte + 1) * 8 && start + bits > byte * 8;
  return fields.filter(touches).map(({ id }) => id).join(" ");
}

/** The header's bytes in groups that belong together: { ids, bytes }. */
export function groupsOf(frame) {
  const groups = [];
  frame.head.forEach((byte, index) => {
    const ids = fieldsIn(frame, index);
    const last = groups.at(-1);
    // The first two bytes have a group each, whatever the fields are.
    if (index > 2 && last.ids === ids) last.bytes.push(byte);
    else groups.push({ ids, bytes: [byte] });
  });
  return groups;
}

/** A Close's payload is empty, or begins with a code in 2 bytes (RFC 6455, 5.5.1). */
export function closeCode({ opcode, plain }) {
  return opcode === CLOSE && plain.length >= 2 ? (plain[0] << 8) | plain[1] : null;
}
