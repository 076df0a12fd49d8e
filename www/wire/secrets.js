// What is not shown, because the page gets projected: cookies, the chat's token, names, passphrases and
// the id of the wire view. They are hidden wherever they are: in the request, in JSON, percent-encoded,
// in hex, in bits, and when a message was cut in the middle of one.
//
// Who draws never sees a hidden byte: it gets `null` in its place (see `cover`), and shows a dot.

export const DOT = "•";

/** Values of these are secret in a query, and of these in JSON. */
const PARAMETERS = /[?&](?:token|passphrase|wire|name)=([^&#\s]*)/gi;
const JSON_FIELDS = /"(?:token|passphrase)"\s*:\s*"((?:[^"\\]|\\.)*)/g;
/** Header fields whose values are secret: a cookie's after its name, the others' as a whole. */
const COOKIES = /^(?:set-)?cookie:[ \t]*(.*)$/gim;
const CREDENTIALS = /^(?:proxy-)?authorization:[ \t]*(.*)$/gim;
const OUR_OWN = /[?&;: ](?:token|passphrase|wire|name)=$/i;
const OWN_NAMES = [
  /"you"\s*:\s*\{[^{}]*"name"\s*:\s*("(?:[^"\\]|\\.)*")/g,
  /"type"\s*:\s*"name"[^{}]*"name"\s*:\s*("(?:[^"\\]|\\.)*")/g,
  /"name"\s*:\s*("(?:[^"\\]|\\.)*")[^{}]*"type"\s*:\s*"name"/g,
];

/** What there is to hide, in words, and how a request or a message shows that it has some. */
const KINDS = [
  ["wire id", /[?&]wire=[^&#\s]/i],
  ["token", /[?&]token=[^&#\s]|"token"\s*:\s*"/i],
  ["passphrase", /[?&]passphrase=[^&#\s]|"passphrase"\s*:\s*"/i],
  ["your name", /[?&]name=[^&#\s]|"you"\s*:\s*\{[^{}]*"name"|"type"\s*:\s*"name"/i],
  ["cookie values", /^(?:set-)?cookie:/im],
  ["credentials", /^(?:proxy-)?authorization:/im],
];

/** A shorter one is hidden only where it is a word, or nothing would stay legible. */
const SHORT = 3;
/** Of one that was cut off, so many bytes have to be there; a single one matches anywhere, and tells nothing. */
const REST = 2;

export class Secrets extends EventTarget {
  #known = new Map();
  #shown = false;
  #kinds = new Set();

  get shown() {
    return this.#shown;
  }

  /** What has been found so far, in words. */
  get kinds() {
    return KINDS.map(([kind]) => kind).filter((kind) => this.#kinds.has(kind));
  }

  set shown(shown) {
    this.#shown = shown;
    this.dispatchEvent(new Event("change"));
  }

  /** From now on these are hidden, also in what is already there. */
  learn(...values) {
    const isNew = (value) => typeof value === "string" && value !== "" && !this.#known.has(value);
    const added = values.filter(isNew);
    for (const value of added) this.#known.set(value, lettersOf(value));
    if (added.length > 0) this.dispatchEvent(new Event("change"));
  }

  /** Learns what a request brings along. */
  learnRequest(request) {
    const text = toBinary(new TextEncoder().encode(request));
    this.#note(text);
    // A cookie of some other program, like "theme=1", is hidden in its place and not wherever there is a 1.
    const isOurs = ([start, end]) => end - start >= SHORT || OUR_OWN.test(text.slice(0, start));
    const values = secretRanges(text).filter(isOurs).map(([start, end]) => fromBinary(text.slice(start, end)));
    this.learn(...values.flatMap((value) => [value, decoded(value), decoded(value.replaceAll("+", " "))]));
  }

  /** Learns what a message of the chat tells about the person at this page. */
  learnMessage(bytes) {
    const text = fromBinary(toBinary(bytes));
    this.#note(text);
    const tokens = Array.from(text.matchAll(/"(?:token|passphrase)"\s*:\s*("(?:[^"\\]|\\.)*")/g), ([, it]) => it);
    const names = OWN_NAMES.flatMap((pattern) => Array.from(text.matchAll(pattern), ([, it]) => it));
    this.learn(...[...tokens, ...names].map(parsed));
  }

  #note(text) {
    for (const [kind, pattern] of KINDS) if (pattern.test(text)) this.#kinds.add(kind);
  }

  /**
   * Which of these bytes are secret, as 1 and 0. An open start or end means that something was there
   * which is not known: then a part of a secret that touches it is hidden too.
   */
  find(bytes, { openStart = false, openEnd = false } = {}) {
    const hidden = new Uint8Array(bytes.length);
    if (this.#shown) return hidden;
    const original = toBinary(bytes);
    for (const [start, end] of secretRanges(original)) hidden.fill(1, start, end);
    const text = original.toLowerCase();
    const turned = openStart ? reversed(text) : "";
    for (const letters of this.#known.values()) {
      const isWord = letters.length < SHORT;
      for (let start = 0; start < text.length; start++) {
        const end = matchEnd(text, start, letters, openEnd);
        if (end > start && (!isWord || isWordAt(text, start, end))) hidden.fill(1, start, end);
      }
      if (!openStart) continue;
      // What is left of a secret whose beginning is missing: the same, read from the right.
      const backwards = letters.map((forms) => forms.map(reversed)).reverse();
      for (let start = 0; start < text.length; start++) {
        if (matchEnd(turned, start, backwards, true) === text.length) hidden.fill(1, 0, text.length - start);
      }
    }
    return hidden;
  }
}

/**
 * Works out for each frame of a message which bytes of its payload are hidden. A secret may begin in
 * one fragment and end in the next, or where the rest of a long payload did not travel to the view.
 */
export function hideIn(message, secrets) {
  let part = { frames: [], openStart: !message.whole };
  const finish = (openEnd) => {
    const hidden = secrets.find(joined(part.frames), { openStart: part.openStart, openEnd });
    let at = 0;
    for (const frame of part.frames) frame.hidden = hidden.subarray(at, (at += frame.plain.length));
    part = { frames: [], openStart: true };
  };
  for (const frame of message.frames) {
    part.frames.push(frame);
    if (frame.plain.length < frame.length) finish(true);
  }
  if (part.frames.length > 0) finish(!message.complete);
}

/** The payloads of these frames in one piece. */
export function joined(frames) {
  return Uint8Array.from(frames.flatMap(({ plain }) => Array.from(plain)));
}

/** The bytes for those who draw: `null` for each that is hidden. */
export function cover(bytes, hidden) {
  return Array.from(bytes, (byte, index) => (hidden[index] ? null : byte));
}

/**
 * The character that begins at each byte, "" at the others: joined, they are the text. A dot stands for
 * a hidden one, "�" for what is not UTF-8, and a picture (␊) for what has no shape.
 */
export function charactersOf(bytes, hidden) {
  const characters = new Array(bytes.length).fill("");
  for (let at = 0; at < bytes.length;) {
    const whole = bytes.slice(at, at + sizeOf(bytes[at]));
    const character = decodeUtf8(whole);
    const size = character === null ? 1 : whole.length;
    const covered = hidden.slice(at, at + size).includes(1);
    characters[at] = covered ? DOT : picture(character ?? "\ufffd");
    at += size;
  }
  return characters;
}

/** A whole text, a dot for each hidden character. */
export function coverText(text, secrets) {
  const bytes = new TextEncoder().encode(text);
  const hidden = secrets.find(bytes);
  const size = (character) => sizeOf(new TextEncoder().encode(character)[0]);
  let at = 0;
  return Array.from(text, (character) => {
    const covered = hidden[at];
    at += size(character);
    return covered ? DOT : character;
  }).join("");
}

/** Where in a request or in JSON something secret stands by its place: [start, end]. */
function secretRanges(text) {
  const found = [];
  const add = (pattern, within = text, offset = 0) => {
    for (const match of within.matchAll(pattern)) {
      const end = offset + match.index + match[0].length;
      found.push([end - match[1].length, end]);
    }
  };
  add(PARAMETERS);
  add(JSON_FIELDS);
  add(CREDENTIALS);
  for (const match of text.matchAll(COOKIES)) {
    const offset = match.index + match[0].length - match[1].length;
    add(/(?:^|;[ \t]*)[^=;]*=([^;]*)/g, match[1], offset);
  }
  return found;
}

/**
 * For each character of a secret the ways to write it, as strings of bytes in lower case: as it is,
 * percent-encoded, and escaped in JSON. Capitals are compared as small letters.
 */
function lettersOf(secret) {
  const json = { '"': '\\"', "\\": "\\\\", "/": "\\/", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t" };
  return Array.from(secret, (character) => {
    const bytes = new TextEncoder().encode(character);
    const raw = toBinary(bytes);
    const percent = Array.from(bytes, (byte) => `%${byte.toString(16).padStart(2, "0")}`).join("");
    const unit = (index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, "0")}`;
    const unicode = Array.from({ length: character.length }, (_, index) => unit(index)).join("");
    const more = character === " " ? ["+"] : character in json ? [json[character]] : [];
    return [raw, percent, unicode, ...more].map((form) => form.toLowerCase());
  });
}

/**
 * Where a secret that starts here ends, or -1. With an open end the secret may go on beyond it.
 * A character can be written in several ways, so there can be several places to go on from.
 */
function matchEnd(text, start, letters, openEnd) {
  let ends = [start];
  for (const forms of letters) {
    const next = [];
    for (const end of ends) {
      for (const form of forms) {
        if (text.startsWith(form, end)) next.push(end + form.length);
        else if (openEnd && isCutOff(text, start, end, form)) return text.length;
      }
    }
    if (next.length === 0) return -1;
    ends = next;
  }
  return Math.max(...ends);
}

/** Does the text end in the middle of this form, or right before it? */
function isCutOff(text, start, end, form) {
  const rest = text.slice(end);
  return rest.length < form.length && form.startsWith(rest) && text.length - start >= REST;
}

function isWordAt(text, start, end) {
  const isPart = (character) => character !== undefined && /[a-z0-9_\u0080-\u00ff]/.test(character);
  return !isPart(text[start - 1]) && !isPart(text[end]);
}

/** Bytes as a string of characters from 0 to 255, in which one can search, and back as UTF-8. */
const toBinary = (bytes) => Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
const fromBinary = (text) =>
  new TextDecoder().decode(Uint8Array.from(text, (character) => character.charCodeAt(0)));

const reversed = (text) => Array.from(text).reverse().join("");

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function decodeUtf8(bytes) {
  if (bytes[0] < 0x80) return String.fromCharCode(bytes[0]);
  try {
    return strict.decode(bytes);
  } catch {
    return null;
  }
}

/** How many bytes the character has that begins with this one. */
function sizeOf(byte) {
  if (byte >= 0xf0) return 4;
  if (byte >= 0xe0) return 3;
  return byte >= 0xc0 ? 2 : 1;
}

function picture(character) {
  const code = character.codePointAt(0);
  if (code < 0x20) return String.fromCodePoint(0x2400 + code);
  return code === 0x7f ? "␡" : character;
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function parsed(json) {
  try {
    return JSON.parse(json);
  } catch {
    return "";
  }
}
