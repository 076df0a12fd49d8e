// Converts between bytes and text. secrets.js searches in bytes as in a string, and cover.js finds out
// which bytes make a character.

/** Returns the bytes as a string with one character from 0 to 255 per byte: one can search in it. */
export function toByteString(bytes) {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
}

/** Returns the text that such a string contains as UTF-8. */
export function fromByteString(byteString) {
  const bytes = Uint8Array.from(byteString, (character) => character.charCodeAt(0));
  return new TextDecoder().decode(bytes);
}

/** Returns how many bytes the character has that begins with this byte. */
export function utf8Length(firstByte) {
  if (firstByte >= 0xf0) return 4;
  if (firstByte >= 0xe0) return 3;
  return firstByte >= 0xc0 ? 2 : 1;
}

const strictDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Returns the character that these bytes are, or null if they are not valid UTF-8. */
export function decodeCharacter(bytes) {
  if (bytes[0] < 0x80) return String.fromCharCode(bytes[0]);
  try {
    return strictDecoder.decode(bytes);
  } catch {
    return null;
  }
}
