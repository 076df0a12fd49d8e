// Makes a frame out of its fields (RFC 6455, section 5.2): the inverse of wire/decode-frame.js. `bytesFromHex` reads
// pasted hex, and `cutFrame` finds the first frame in it. Pure functions.

/** Returns the bytes of a frame. `payload` are its bytes without the mask; `key` are 4 bytes, or null for no mask. */
export function encodeFrame({ fin, reserved, opcode, key, payload }) {
  const first = (fin << 7) | (reserved << 4) | opcode;
  const maskBit = key ? 0x80 : 0;
  const { length } = payload;
  const header = [first, maskBit | shortLength(length), ...extendedLength(length), ...(key ?? [])];
  return Uint8Array.from([...header, ...mask(payload, key)]);
}

/** XOR with the key, whose 4 bytes take turns. The same once more removes the mask. */
export function mask(bytes, key) {
  return key ? bytes.map((byte, index) => byte ^ key[index % 4]) : bytes;
}

/** What stands in the 7 bits: the length, or 126 or 127 if the next 2 or 8 bytes have it. */
export function shortLength(length) {
  if (length <= 125) return length;
  return length <= 65_535 ? 126 : 127;
}

function extendedLength(length) {
  const count = { 126: 2, 127: 8 }[shortLength(length)] ?? 0;
  // BigInt, because `>>` of JavaScript works on 32 bits.
  return Array.from({ length: count }, (_, index) => Number((BigInt(length) >> BigInt(8 * (count - 1 - index))) & 255n));
}

/** Returns the bytes of "81 85 37 …", or null if the text is not pairs of hex digits. */
export function bytesFromHex(text) {
  const digits = text.replaceAll(/[\s:,]|0x/gi, "");
  if (digits.length % 2 !== 0 || /[^0-9a-f]/i.test(digits)) return null;
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

/**
 * Cuts bytes into the header and the payload of the first frame, and what comes behind it. `missing` is how many bytes
 * the payload still lacks or, if `isHeaderWhole` is false, the header.
 */
export function cutFrame(bytes) {
  if (bytes.length < 2) return onlyHeader(bytes, 2);
  const short = bytes[1] & 0x7f;
  const extended = { 126: 2, 127: 8 }[short] ?? 0;
  const size = 2 + extended + (bytes[1] & 0x80 ? 4 : 0);
  if (bytes.length < size) return onlyHeader(bytes, size);
  const length = extended === 0 ? BigInt(short) : bytes.slice(2, 2 + extended).reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
  const there = BigInt(bytes.length - size);
  const end = size + Number(length < there ? length : there);
  const missing = length > there ? length - there : 0;
  const [header, payload, rest] = [bytes.slice(0, size), bytes.slice(size, end), bytes.slice(end)];
  return { header, isHeaderWhole: true, payload, rest, missing };
}

/** What `cutFrame` returns for the beginning of a header of `size` bytes. */
function onlyHeader(bytes, size) {
  const none = new Uint8Array();
  return { header: bytes, isHeaderWhole: false, payload: none, rest: none, missing: size - bytes.length };
}
