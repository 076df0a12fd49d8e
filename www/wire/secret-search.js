// Finds a known secret in bytes, in whatever way it is written there: as it is, percent-encoded, escaped in
// JSON, or a mixture; in capitals or small letters. Also finds a part of it at a cut end. Pure functions on
// strings with one character per byte, in lower case. secrets.js uses it.

import { toByteString } from "./byte-text.js";

/** A shorter secret is hidden only where it is a word; otherwise nothing would stay legible. */
export const SHORT = 3;

/** A secret that is cut off is found from this many bytes on. A single byte would match anywhere. */
const SHORTEST_PART = 2;

const JSON_ESCAPES = {
  '"': '\\"', "\\": "\\\\", "/": "\\/", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t",
};

/** Returns for each character of a secret the ways to write it. */
export function spellingsOf(secret) {
  return Array.from(secret, (character) => {
    const bytes = new TextEncoder().encode(character);
    const percent = Array.from(bytes, (byte) => `%${byte.toString(16).padStart(2, "0")}`).join("");
    const spellings = [toByteString(bytes), percent, unicodeEscape(character)];
    if (character === " ") spellings.push("+"); // in a query
    else if (character in JSON_ESCAPES) spellings.push(JSON_ESCAPES[character]);
    return spellings.map((spelling) => spelling.toLowerCase());
  });
}

/** Returns "\u00eb", and two of them for a character outside the basic plane. */
function unicodeEscape(character) {
  let escape = "";
  for (let index = 0; index < character.length; index++) {
    escape += `\\u${character.charCodeAt(index).toString(16).padStart(4, "0")}`;
  }
  return escape;
}

/**
 * Finds a secret, given as its spellings: returns a list of [start, end]. If the text has an open start or
 * end, it is cut off there, and a part of the secret that touches the cut is found too.
 */
export function findSecret(text, spellings, { openStart, openEnd }) {
  const found = [];
  const isShort = spellings.length < SHORT;
  for (let start = 0; start < text.length; start++) {
    const end = matchEnd(text, start, spellings, openEnd);
    if (end > start && (!isShort || isWord(text, start, end))) found.push([start, end]);
  }
  if (openStart) {
    // The end of a secret at the start of the text: the same search from right to left.
    const reversedText = reverse(text);
    const reversedSpellings = spellings.map((forms) => forms.map(reverse)).reverse();
    for (let start = 0; start < text.length; start++) {
      const end = matchEnd(reversedText, start, reversedSpellings, true);
      if (end === text.length) found.push([0, text.length - start]);
    }
  }
  return found;
}

/**
 * Returns where a secret ends that begins at `start`, or -1. A character can be written in several ways, so
 * that there can be several places from which to go on: `ends` are all of them.
 */
function matchEnd(text, start, spellings, openEnd) {
  let ends = [start];
  for (const forms of spellings) {
    const nextEnds = [];
    for (const end of ends) {
      for (const form of forms) {
        if (text.startsWith(form, end)) nextEnds.push(end + form.length);
        else if (openEnd && isCutOff(text, start, end, form)) return text.length;
      }
    }
    if (nextEnds.length === 0) return -1;
    ends = nextEnds;
  }
  return Math.max(...ends);
}

/** Does the text end in the middle of this form, or right before it? */
function isCutOff(text, start, end, form) {
  const rest = text.slice(end);
  return rest.length < form.length && form.startsWith(rest) && text.length - start >= SHORTEST_PART;
}

function isWord(text, start, end) {
  const isLetter = (character) => character !== undefined && /[a-z0-9_\u0080-\u00ff]/.test(character);
  return !isLetter(text[start - 1]) && !isLetter(text[end]);
}

const reverse = (text) => Array.from(text).reverse().join("");
