// What is wrong with a frame, each fault with the section of RFC 6455 that forbids it. A pure function.

import { closeCode, isControl, CLOSE, TEXT } from "../wire/decode-frame.js";

/** Codes that may never stand in a frame, and those that no one has given a meaning (7.4.1 and 7.4.2). */
const isForbiddenCode = (code) =>
  code < 1000 || [1004, 1005, 1006].includes(code) || (code > 1014 && code < 3000) || code > 4999;

/**
 * Returns a list of { sentence, section } for a decoded frame from "client" or "server". Its header has to be
 * complete. `payload` are all bytes of the payload that have come, without the mask.
 */
export function faultsOf(frame, payload) {
  const { fin, reserved, opcode, mask, length, shortLength, extendedBytes, header, from } = frame;
  const faults = [];
  const add = (isWrong, section, sentence) => isWrong && faults.push({ sentence, section });
  add(reserved !== 0, "5.2", "A reserved bit is 1, though no extension was agreed.");
  add((opcode > 2 && opcode < 8) || opcode > 10, "5.2", `The opcode ${opcode.toString(16).toUpperCase()} has no meaning.`);
  add(from === "client" && !mask, "5.1", "A client has to mask every frame. The server closes with 1002.");
  add(from === "server" && mask, "5.1", "A server must not mask. The client closes with 1002.");
  add(isControl(opcode) && !fin, "5.5", "A control frame must not be cut into pieces: FIN has to be 1.");
  add(isControl(opcode) && length > 125, "5.5", "A control frame has at most 125 bytes of payload.");
  add(extendedBytes === 2 && length < 126, "5.2", "The length fits into the 7 bits, so it has to stand there.");
  add(extendedBytes === 8 && length < 65_536, "5.2", "The length fits into fewer bytes, so it has to stand there.");
  add(extendedBytes === 8 && header[2] >= 0x80, "5.2", "The highest bit of a length in 64 bits has to be 0.");
  const isWhole = BigInt(payload.length) === BigInt(length);
  add(opcode === TEXT && fin && isWhole && !isUtf8(payload), "8.1", "The text is not UTF-8. The receiver closes with 1007.");
  add(opcode === CLOSE && shortLength === 1, "5.5.1", "A Close has no payload, or a code in 2 bytes first.");
  const code = closeCode(frame);
  add(code !== null && isForbiddenCode(code), "7.4", `The code ${code} may not stand in a frame.`);
  add(code !== null && isWhole && !isUtf8(payload.slice(2)), "5.5.1", "The reason behind the code is not UTF-8.");
  return faults;
}

function isUtf8(bytes) {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}
