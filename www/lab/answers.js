// Exercises 1 and 2, which ask for an answer: the question, and what is wrong with an answer. Pure functions.
// tests/lab/by_hand.rs says the same for `make lab`.

import { bytesFromHex, cutFrame, encodeFrame } from "../frame/encode-frame.js";
import { hexDigits, hexOfAll } from "../wire/decode-frame.js";
import { GUID, acceptValue, sha1Characters } from "./accept-value.js";
import { decode, difference } from "./frames.js";

/** Returns what an exercise asks. */
export function question({ ask }, words) {
  return ask === "accept"
    ? `Which Sec-WebSocket-Accept belongs to Sec-WebSocket-Key: ${words.key} ?`
    : `Which bytes, in hex, are the text “${words.fill("{1}")}” as one frame of a client’s, with the masking key ` +
      `${hexOfAll(words.mask)} ?`;
}

/** Returns null, or the lines that say what is wrong. */
export async function checkAnswer({ exercise, words, answer }) {
  const given = answer.trim();
  if (given === "") return ["Write your answer into the box first."];
  const why = exercise.ask === "accept" ? whyNotAccept(given, words.key) : whyNotFrame(given, words);
  return why === null ? null : [`received “${given}”`, why];
}

function whyNotFrame(given, words) {
  if (isDecimal(given)) return "In hex, please: 81 and not 129.";
  const bytes = bytesFromHex(given);
  if (!bytes) return "This is not pairs of hex digits.";
  const payload = new TextEncoder().encode(words.fill("{1}"));
  const frame = encodeFrame({ fin: 1, reserved: 0, opcode: 1, key: words.mask, payload });
  // The first two bytes by themselves: without the mask bit, what follows is cut in the wrong place.
  if (bytes.length >= 2) {
    const [first, second] = bytes;
    const key = second & 0x80 ? words.mask : null;
    const fields = { fin: first >> 7, reserved: (first >> 4) & 7, opcode: first & 15, key, payload };
    const field = difference(frame, encodeFrame(fields), "client");
    if (field !== null) return field;
  }
  const { rest, missing } = cutFrame(bytes);
  if (missing > 0) return "This is no whole frame: the header promises more bytes.";
  if (rest.length > 0) {
    const says = decode(bytes, "client").length;
    return `Payload length: your header says ${says}, the payload has ${says + rest.length} bytes.`;
  }
  return difference(frame, bytes, "client");
}

/** Whether these are bytes in decimal: "129,146,166". */
function isDecimal(given) {
  const groups = given.split(/[ ,]+/).filter((group) => group !== "");
  return groups.every((group) => /^\d{1,3}$/.test(group) && Number(group) < 256) &&
    groups.some((group) => group.length === 3);
}

/** Names the mistake that leads to this accept value, or says what its form tells. */
function whyNotAccept(given, key) {
  if (given === acceptValue(key)) return null;
  const both = key + GUID;
  const hashed = [
    [atob(key) + GUID, "The key has been decoded: hash it as it stands in the header, in base64."],
    [both.replaceAll("=", ""), "The key has been hashed without its ==, which belongs to it."],
    [key + GUID.toLowerCase(), "258EAFA5-… has been hashed in small letters."],
    [`${both}\n`, "A line end has been hashed too: printf, not echo."],
    [`${both}\r\n`, "A line end has been hashed too: printf, not echo."],
  ];
  const found = hashed.find(([characters]) => btoa(sha1Characters(characters)) === given);
  if (found) return found[1];
  const inHex = (characters) => hexDigits(Uint8Array.from(sha1Characters(characters), (it) => it.charCodeAt(0)));
  // The last digit shares its letters with what stands behind: nothing, or a line end.
  const isHexText = (characters) => given.startsWith(btoa(inHex(characters).slice(0, 39)));
  if (isHexText(both) || hashed.some(([characters]) => isHexText(characters))) {
    return "The 40 hex digits of SHA-1 have been put into base64: it takes the 20 bytes.";
  }
  if (given.length === 40) return "These are 40 hex digits: the 20 bytes of SHA-1 have to be written in base64.";
  if (given.length === 28) {
    return "The form is right, the value is not: key and 258EAFA5-… in a row, and nothing behind, no line end.";
  }
  return "An accept value has 28 characters: 20 bytes in base64.";
}
