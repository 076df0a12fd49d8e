// The random words of one check. tests/lab/table.rs makes the same words of the same seed, so that a seed of the
// sheet works in `make lab N=3 SEED=…`, and one of there on the sheet. Pure functions.

import { hexDigits } from "../wire/decode-frame.js";

/** Returns a function that returns random numbers below `end`: the generator mulberry32. */
function startRandom(seed) {
  let state = seed;
  return (end) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % end;
  };
}

/** Returns the words of this seed. All contain the `tag`: see steps.js. The order of these lines is that of table.rs. */
export function createWords(seed) {
  const random = startRandom(seed);
  const letters = (count) => Array.from({ length: count }, () => String.fromCharCode(97 + random(26))).join("");
  const bytes = (count) => Uint8Array.from({ length: count }, () => random(256));
  const tag = letters(5);
  const numbered = Array.from({ length: 6 }, () => `${tag}-${letters(3 + random(5))}-äß`);
  const long = `${tag}-${letters(300)}`;
  const name = `${tag}-${letters(4)}`;
  const id = letters(24);
  const key = btoa(String.fromCharCode(...bytes(16)));
  const mask = bytes(4);
  const named = { long, huge: long.repeat(20), name, id };

  /** Puts the words into a text: `{1}`, `{2:upper}`, `{3:hex}`, `{long}`, `{name}`. */
  function fill(text) {
    return text.replaceAll(/\{(\w+)(?::(\w+))?\}/g, (_, which, form) => {
      const word = named[which] ?? numbered[which - 1];
      if (form === "upper") return word.toUpperCase();
      if (form === "hex") return hexDigits(new TextEncoder().encode(word));
      return word;
    });
  }
  return { tag, key, mask, fill };
}
