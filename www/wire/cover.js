// Covers what secrets.js has hidden: null in place of each hidden byte, and a dot in place of each hidden
// character. The modules that draw get only what is returned here.

import { decodeCharacter, utf8Length } from "./byte-text.js";
import { TEXT, closeCode, isControl } from "./decode-frame.js";

export const DOT = "•";

/** Returns the bytes, with null in place of each hidden one. */
function coverBytes(bytes, hidden) {
  return Array.from(bytes, (byte, index) => (hidden[index] ? null : byte));
}

/** Returns a text with a dot in place of each hidden character. */
export function coverText(text, secrets) {
  const hidden = secrets.find(new TextEncoder().encode(text));
  let covered = "";
  let index = 0; // of the character's first byte
  for (const character of text) {
    covered += hidden[index] ? DOT : character;
    index += new TextEncoder().encode(character).length;
  }
  return covered;
}

/**
 * Returns for each byte the character that begins there, and "" for the bytes in the middle of one; joined,
 * they are the text. A hidden character is a dot, invalid UTF-8 is "�", a control character is a picture (␊).
 */
export function charactersOf(bytes, hidden) {
  const characters = new Array(bytes.length).fill("");
  let index = 0;
  while (index < bytes.length) {
    const characterBytes = bytes.slice(index, index + utf8Length(bytes[index]));
    const character = decodeCharacter(characterBytes);
    const length = character === null ? 1 : characterBytes.length;
    const isHidden = hidden.slice(index, index + length).includes(1);
    characters[index] = isHidden ? DOT : visible(character ?? "\ufffd");
    index += length;
  }
  return characters;
}

/** Returns a picture of a control character. */
function visible(character) {
  const code = character.codePointAt(0);
  if (code < 0x20) return String.fromCodePoint(0x2400 + code);
  return code === 0x7f ? "␡" : character;
}

/**
 * Returns what may be shown of a frame's payload: its bytes `onWire` and `unmasked`, with null for a hidden
 * one, the `characters` of charactersOf and the `text` that they are, or null and "" if the payload is not text,
 * and a Close's `code`, which is null if there is none or if one of its bytes is hidden.
 */
export function coverFrame(frame) {
  const { onWire, unmasked, hidden } = frame;
  const code = closeCode(frame);
  const codeLength = code === null ? 0 : 2; // it is a number and no text
  const isText = frame.message.opcode === TEXT || isControl(frame.opcode);
  const characters = isText
    ? [...Array(codeLength).fill(""), ...charactersOf(unmasked.slice(codeLength), hidden.slice(codeLength))]
    : null;
  return {
    onWire: coverBytes(onWire, hidden),
    unmasked: coverBytes(unmasked, hidden),
    characters,
    text: characters?.join("") ?? "",
    code: hidden[0] || hidden[1] ? null : code,
  };
}
