// Hides secrets, because a lesson's screen is often projected: cookies, the chat's token, passphrases, and the
// wire id. Your name is no secret: only the cookie with it is covered. Secrets are hidden wherever they are: in the request, in JSON, in hex and in
// bits, percent-encoded, and when a message was cut in the middle of one.
//
// secret-places.js finds secrets by what stands around them; secret-search.js finds them again anywhere
// else. The result is a 1 for each hidden byte. The modules that draw get `null` in place of such a byte
// (see cover.js), so they cannot show it by mistake.

import { fromByteString, toByteString } from "./byte-text.js";
import {
  ALL_KINDS, isNameCookie, isOwnValue, kindsIn, offeredSecrets, percentDecoded, secretRanges, secretStrings,
} from "./secret-places.js";
import { SHORT, findSecret, spellingsOf } from "./secret-search.js";

/** The secrets that are known, and whether they are shown. Its event "change" means: draw everything again. */
export class Secrets extends EventTarget {
  /** From each secret to its spellings. */
  #known = new Map();
  #kindsFound = new Set();
  #shown = false;

  get shown() {
    return this.#shown;
  }

  set shown(shown) {
    this.#shown = shown;
    this.dispatchEvent(new Event("change"));
  }

  /** The kinds of secrets that were found so far, in words. */
  get kinds() {
    return ALL_KINDS.filter((kind) => this.#kindsFound.has(kind));
  }

  /** Hides these values from now on, also in what is drawn already. */
  learn(...values) {
    const isNew = (value) => typeof value === "string" && value !== "" && !this.#known.has(value);
    const added = values.filter(isNew);
    for (const value of added) this.#known.set(value, spellingsOf(value));
    if (added.length > 0) this.dispatchEvent(new Event("change"));
  }

  /** Learns the secrets in a request. */
  learnRequest(request) {
    const text = toByteString(new TextEncoder().encode(request));
    this.#noteKinds(text);
    const values = offeredSecrets(text);
    for (const [start, end] of secretRanges(text)) {
      if (isNameCookie(text, start)) continue;
      // The short value of a foreign cookie, like "theme=1", is hidden there and not wherever there is a 1.
      if (end - start < SHORT && !isOwnValue(text, start)) continue;
      const value = fromByteString(text.slice(start, end));
      values.push(value, percentDecoded(value), percentDecoded(value.replaceAll("+", " ")));
    }
    this.learn(...values);
  }

  /** Learns the secrets in the payload of a message of the chat. */
  learnMessage(bytes) {
    const text = fromByteString(toByteString(bytes));
    this.#noteKinds(text);
    this.learn(...secretStrings(text));
  }

  #noteKinds(text) {
    for (const kind of kindsIn(text)) this.#kindsFound.add(kind);
  }

  /**
   * Returns a 1 for each of these bytes that is hidden, and a 0 for the others. `openStart` or `openEnd`:
   * the bytes are cut off there, and the part of a secret that touches the cut is hidden, too.
   */
  find(bytes, { openStart = false, openEnd = false } = {}) {
    const hidden = new Uint8Array(bytes.length);
    if (this.#shown) return hidden;
    const text = toByteString(bytes);
    for (const [start, end] of secretRanges(text)) hidden.fill(1, start, end);
    const lowerCase = text.toLowerCase();
    for (const spellings of this.#known.values()) {
      const found = findSecret(lowerCase, spellings, { openStart, openEnd });
      for (const [start, end] of found) hidden.fill(1, start, end);
    }
    return hidden;
  }
}

/**
 * Sets `hidden` of each frame of a message: which bytes of its payload are hidden. A secret may begin in
 * one fragment and end in the next, so fragments are searched together. Where the rest of a long payload
 * did not come to the view, a secret may be cut off.
 */
export function hideInMessage(message, secrets) {
  let frames = [];
  let openStart = !message.isWhole;
  function search(openEnd) {
    const hidden = secrets.find(joinPayloads(frames), { openStart, openEnd });
    let start = 0;
    for (const frame of frames) {
      const end = start + frame.unmasked.length;
      frame.hidden = hidden.subarray(start, end);
      start = end;
    }
    frames = [];
    openStart = true;
  }
  for (const frame of message.frames) {
    frames.push(frame);
    const isCutOff = frame.unmasked.length < frame.length;
    if (isCutOff) search(true);
  }
  if (frames.length > 0) search(!message.isComplete);
}

/** Returns the payloads of these frames in one piece. */
export function joinPayloads(frames) {
  return Uint8Array.from(frames.flatMap(({ unmasked }) => Array.from(unmasked)));
}
