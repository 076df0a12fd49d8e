// What the fields of a frame say, in words: a value and a sentence for each field, and the close codes.
// decode-frame.js has decoded the frame; draw-frame.js and frame-as-text.js show what is returned here.

import { BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, hexOfAll, isControl } from "./decode-frame.js";
import { formatCount, plural } from "./format.js";

export const DIRECTIONS = { client: "to server", server: "from server" };

const OPCODES = {
  [CONTINUATION]: ["Continuation", "The message goes on: more of what began in an earlier frame."],
  [TEXT]: ["Text", "The payload is text, in UTF-8."],
  [BINARY]: ["Binary", "The payload is bytes, for the program to make sense of."],
  [CLOSE]: [
    "Close",
    "The sender sends nothing more. The other side answers with a Close, and then the TCP connection ends.",
  ],
  [PING]: ["Ping", "Are you there? The receiver answers with a Pong. Scripts can neither see nor send one."],
  [PONG]: ["Pong", "I am here: it brings back the payload of the Ping. Browsers answer by themselves."],
};

const MASKING_KEY =
  "Random and new for each frame. Not a secret: it is sent along. Without it a bad page could choose the very " +
  "bytes on the wire, and an old proxy on the way could take them for an HTTP request (RFC 6455, 10.3).";

const SECOND_CLOSE = "The answer to the Close before it. Now the connection ends.";

export function opcodeName(opcode) {
  return OPCODES[opcode]?.[0] ?? `Opcode ${opcode}`;
}

/** From RFC 6455, section 7.4.1. The last three are this chat's own. */
const CLOSE_CODES = {
  1000: ["Normal Closure", "all is done"],
  1001: ["Going Away", "the user leaves the page, or the server stops"],
  1002: ["Protocol error", "a frame was against the rules"],
  1003: ["Unsupported Data", "the receiver does not understand this kind of message"],
  1005: ["No Status Rcvd", "never sent: it stands for a Close without a code"],
  1006: ["Abnormal Closure", "never sent: it stands for an end without a Close"],
  1007: ["Invalid frame payload data", "a text was not UTF-8"],
  1008: ["Policy Violation", "not allowed; in the chat: removed by the operator"],
  1009: ["Message Too Big", "the message was longer than allowed"],
  1010: ["Mandatory Ext.", "the client wanted an extension that it did not get"],
  1011: ["Internal Error", "the server met something that it did not expect"],
  1013: ["Try Again Later", "from this server: the client was too slow for what was sent to it"],
  4000: ["Given up", "from this page: it opens another connection"],
  4001: ["Taken over", "from this server: another connection with the same token has come"],
  4003: ["Wrong passphrase", "from this server"],
};

/** Returns "1001 Going Away". */
export function closeCodeName(code) {
  const known = CLOSE_CODES[code]?.[0];
  if (known) return `${code} ${known}`;
  if (code >= 4000) return `${code} Private use`;
  return `${code} ${code >= 3000 ? "Registered for a library" : "Unknown"}`;
}

export function explainCloseCode(code) {
  const meaning = CLOSE_CODES[code]?.[1] ?? "this page does not know it";
  return `${closeCodeName(code)}: ${meaning}.`;
}

/** Returns "03 e9 = 3 × 256 + 233 = 1001". */
export function closeCodeFromBytes(code) {
  return `${sumOfBytes(Uint8Array.of(code >> 8, code & 0xff))} = ${code}`;
}

/** Returns the { value, sentence } of the field with this id. */
export function explainField(id, frame) {
  const { fin, reserved, mask, length } = frame;
  switch (id) {
    case "fin":
      return { value: String(fin), sentence: explainFin(frame) };
    case "reserved":
      return { value: reserved.toString(2).padStart(3, "0"), sentence: explainReserved(frame) };
    case "opcode":
      return explainOpcode(frame);
    case "mask":
      return { value: String(mask), sentence: explainMask(frame) };
    case "length":
      return { value: String(frame.shortLength), sentence: explainShortLength(frame) };
    case "extended":
      return { value: formatCount(length), sentence: explainExtendedLength(frame) };
    case "key":
      return { value: hexOfAll(frame.key), sentence: MASKING_KEY };
    case "payload":
      return { value: plural(length, "byte"), sentence: explainPayload(frame) };
  }
}

/** From this length on (in bytes) Chromium cuts a message into several frames. */
const CUT_BY_CHROMIUM = 65_536;

function explainFin({ fin, opcode, from, length }) {
  if (isControl(opcode)) return `${fin ? "Always" : "This must be"} 1: control frames are never cut into pieces.`;
  if (fin && opcode !== CONTINUATION && from === "client" && length > CUT_BY_CHROMIUM) {
    return "The only frame of this message. Chromium and its relatives would cut it into several; others do not.";
  }
  return fin ? "The last or only frame of this message." : "More frames of this message follow.";
}

function explainReserved({ reserved }) {
  return reserved === 0
    ? "For extensions. None was agreed in the handshake, so all three must be 0."
    : "Not 0, though no extension was agreed: the receiver must end the connection.";
}

function explainOpcode({ opcode, isCloseAnswer }) {
  const [name, sentence] = OPCODES[opcode]
    ?? ["reserved", "The RFC gives this number no meaning: the connection must end."];
  const digit = opcode.toString(16).toUpperCase();
  return { value: `0x${digit} ${name}`, sentence: isCloseAnswer ? SECOND_CLOSE : sentence };
}

function explainMask({ mask, from }) {
  const masked = "Masked: the key is in the next 4 bytes.";
  if (from === "client") {
    return mask
      ? `${masked} A browser must do this with every frame (RFC 6455, 5.3).`
      : "Not masked. But a browser must mask every frame (RFC 6455, 5.3)!";
  }
  return mask
    ? `${masked} But a server must not do this (RFC 6455, 5.1)!`
    : "Not masked. Only browsers run scripts of strangers, so only what they send is masked. A server must not.";
}

function explainShortLength({ shortLength, extendedBytes }) {
  const meaning = extendedBytes === 0
    ? "Up to 125 this is the length itself, in bytes."
    : `${shortLength} is no length: it says that the length is in the next ${extendedBytes} bytes.`;
  return `${sumOfBits(shortLength)}. ${meaning}`;
}

function explainExtendedLength({ header, length, extendedBytes }) {
  const sum = `${sumOfBytes(header.slice(2, 2 + extendedBytes))} = ${formatCount(length)}.`;
  const range = extendedBytes === 2 ? "126 to 65,535" : "65,536 on";
  return `${sum} The length in ${extendedBytes * 8} bits, the most significant byte first: from ${range}.`;
}

function explainPayload(frame) {
  if (frame.length === 0) return "There is none.";
  const unmasking = frame.mask ? " Each byte is masked with a byte of the key; below, this is undone." : "";
  return payloadMeaning(frame) + unmasking + shownPart(frame);
}

function payloadMeaning({ opcode, fin, length }) {
  if (opcode === CLOSE && length === 2) return "A code in 2 bytes. A reason could follow; here there is none.";
  if (opcode === CLOSE) return "A code in 2 bytes, and after it a reason.";
  if (opcode === PING) return "Any bytes: the Pong has to bring them back.";
  if (opcode === PONG) return "The bytes of the Ping.";
  return fin === 1 && opcode !== CONTINUATION ? "The message itself." : "A part of the message.";
}

/** Returns how much of a long payload has come to the view; "" if all of it has. */
export function shownPart({ onWire, length }) {
  return onWire.length < length ? ` ${formatCount(onWire.length)} of ${formatCount(length)} bytes shown.` : "";
}

/** Returns "0000101 = 4 + 1 = 5". */
function sumOfBits(number) {
  const digits = number.toString(2).padStart(7, "0");
  const powers = [64, 32, 16, 8, 4, 2, 1].filter((power) => number & power);
  const sum = powers.length > 1 ? `${powers.join(" + ")} = ` : "";
  return `${digits} = ${sum}${number}`;
}

/** Returns "01 2c = 1 × 256 + 44": the bytes as digits in base 256, without leading zeros, but at least two. */
function sumOfBytes(bytes) {
  const firstNonZero = bytes.findIndex((byte) => byte > 0);
  const digits = bytes.slice(firstNonZero < 0 ? -2 : Math.min(firstNonZero, bytes.length - 2));
  const terms = Array.from(digits, (byte, index) => {
    const power = 256n ** BigInt(digits.length - 1 - index);
    return power === 1n ? String(byte) : `${byte} × ${formatCount(power)}`;
  });
  return `${hexOfAll(bytes)} = ${terms.join(" + ")}`;
}
