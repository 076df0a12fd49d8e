// Predict, then reveal: compares what was guessed of a frame with what it is, and says why. A pure function.

import { hexOf } from "../wire/decode-frame.js";
import { bytesFromHex } from "./encode-frame.js";

/** Returns a list of { isRight, sentence } for a decoded frame and the guesses, which are texts. */
export function judge({ header, length, mask, shortLength, extendedBytes, key, onWire, unmasked }, guesses) {
  const bits = { 0: "7", 2: "16", 8: "64" }[extendedBytes];
  const verdicts = [{
    isRight: guesses.length === bits,
    sentence: `${length} bytes: the length stands in ${bits} bits. Up to 125 it is in the 7 bits themselves, up to `
      + "65,535 in the 16 after them, beyond that in 64.",
  }, {
    isRight: isByte(guesses.second, header[1]),
    sentence: `The second byte is ${hexOf(header[1])}: the mask bit, ${mask}, and ${shortLength} in the 7 bits.`,
  }];
  if (onWire.length > 0) {
    const xor = key ? `${hexOf(unmasked[0])} XOR ${hexOf(key[0])} is ${hexOf(onWire[0])}` : `${hexOf(onWire[0])}, without a mask`;
    verdicts.push({ isRight: isByte(guesses.xor, onWire[0]), sentence: `The first byte of the payload on the wire: ${xor}.` });
  }
  return verdicts;
}

function isByte(guess, byte) {
  const bytes = bytesFromHex(guess);
  return bytes?.length === 1 && bytes[0] === byte;
}
