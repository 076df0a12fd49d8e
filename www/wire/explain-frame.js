// What the wire view says about what it shows: a sentence for each field, header and code.

import { BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, hexOf, isControl } from "./decode-frame.js";

export const DIRECTIONS = { client: "to server", server: "from server" };

const OPCODES = {
  [CONTINUATION]: ["Continuation", "The message goes on: more of what began in an earlier frame."],
  [TEXT]: ["Text", "The payload is text, in UTF-8."],
  [BINARY]: ["Binary", "The payload is bytes, for the program to make sense of."],
  [CLOSE]: ["Close", "I say nothing more. The other side answers with a Close, and then the TCP connection ends."],
  [PING]: ["Ping", "Are you there? Whoever gets this answers with a Pong. Pages cannot see or send one."],
  [PONG]: ["Pong", "I am here: it brings back the payload of the Ping. Browsers answer by themselves."],
};

export function opcodeName(opcode) {
  return OPCODES[opcode]?.[0] ?? `Opcode ${opcode}`;
}

/** RFC 6455, section 7.4.1, and those that this server has of its own. */
const CLOSE_CODES = {
  1000: ["Normal Closure", "all is done"],
  1001: ["Going Away", "the page is left, or the server stops"],
  1002: ["Protocol error", "a frame was against the rules"],
  1003: ["Unsupported Data", "the kind of message is not understood"],
  1005: ["No Status Rcvd", "never sent: it stands for a Close without a code"],
  1006: ["Abnormal Closure", "never sent: it stands for an end without a Close"],
  1007: ["Invalid frame payload data", "a text was not UTF-8"],
  1008: ["Policy Violation", "it was not allowed; from the chat: thrown out"],
  1009: ["Message Too Big", "the message was longer than allowed"],
  1010: ["Mandatory Ext.", "the client wanted an extension that it did not get"],
  1011: ["Internal Error", "the server met something it did not expect"],
  1013: ["Try Again Later", "from this server: too slow for what was sent to it"],
  4000: ["Given up", "this page's own: it opens another connection"],
  4001: ["Taken over", "this server's own: another connection with the same token has come"],
  4003: ["Wrong passphrase", "this server's own"],
};

export function closeWords(code) {
  const [name, meaning] = CLOSE_CODES[code] ?? [
    code >= 4000 ? "Private use" : code >= 3000 ? "Registered for a library" : "Unknown",
    "this page does not know it",
  ];
  return `${code} ${name}: ${meaning}.`;
}

const ANSWER = "The answer to the Close before it. Now the connection ends.";

const MASKED = "Masked: the key is in the next 4 bytes.";
const MASK_WORDS = {
  client: [
    "Not masked. But a browser must mask every frame (RFC 6455, 5.3)!",
    `${MASKED} A browser must do this with every frame (RFC 6455, 5.3).`,
  ],
  server: [
    "Not masked. Only browsers run the scripts of strangers, so only what they send is masked; a server must not.",
    `${MASKED} But a server must not do this (RFC 6455, 5.1)!`,
  ],
};

/** The value of a field, and what it means. */
export function fieldWords(id, frame) {
  const { fin, reserved, opcode, mask, short, extended, length, from, head } = frame;
  switch (id) {
    case "fin":
      return [String(fin), finWords(frame)];
    case "reserved":
      return [
        reserved.toString(2).padStart(3, "0"),
        reserved === 0
          ? "For extensions. None was agreed in the handshake, so all three must be 0."
          : "Not 0, though no extension was agreed: whoever gets this must end the connection.",
      ];
    case "opcode": {
      const [name, sentence] = OPCODES[opcode] ?? ["reserved", "The RFC gives this number no meaning: the connection must end."];
      return [`0x${opcode.toString(16).toUpperCase()} ${name}`, frame.isAnswer ? ANSWER : sentence];
    }
    case "mask":
      return [String(mask), MASK_WORDS[from][mask]];
    case "length":
      return [
        String(short),
        `${sumOfBits(short)}. ` +
          (extended === 0
            ? "Up to 125 this is the length itself, in bytes."
            : `${short} is no length: it says that the length is in the next ${extended} bytes.`),
      ];
    case "extended":
      return [
        count(length),
        `${sumOfBytes(head.slice(2, 2 + extended))} = ${count(length)}. The length in ${extended * 8} bits, ` +
          `the most significant byte first: from ${extended === 2 ? "126 to 65,535" : "65,536 on"}.`,
      ];
    case "key":
      return [
        "4 bytes",
        "Random and new for each frame. Not a secret: it is sent along. Otherwise a bad page could choose the very " +
          "bytes on the wire, and an old proxy on the way could take them for an HTTP request (RFC 6455, 10.3).",
      ];
    case "payload":
      return [plural(length, "byte"), length === 0 ? "There is none." : payloadSentence(frame)];
  }
}

function finWords({ fin, opcode }) {
  if (isControl(opcode)) return `${fin ? "Always" : "This must be"} 1: control frames are never cut into pieces.`;
  return fin ? "The last or only frame of this message." : "More frames of this message follow.";
}

function payloadSentence(frame) {
  const masked = frame.mask ? " Each byte is masked with a byte of the key; below, this is undone." : "";
  return whatItIs(frame) + masked + shownOf(frame.wire, frame.length);
}

function whatItIs({ opcode, fin, length }) {
  if (opcode === CLOSE && length === 2) return "A code in 2 bytes. A reason could follow; here there is none.";
  if (opcode === CLOSE) return "A code in 2 bytes, and after it a reason.";
  if (opcode === PING) return "Anything: the Pong has to bring it back.";
  if (opcode === PONG) return "What the Ping had in it.";
  return fin === 1 && opcode !== CONTINUATION ? "The message itself." : "A part of the message.";
}

/** "0000101 = 4 + 1 = 5" */
function sumOfBits(number) {
  const digits = number.toString(2).padStart(7, "0");
  const ones = Array.from(digits, (digit, index) => Number(digit) << (6 - index)).filter((value) => value > 0);
  return [digits, ...(ones.length > 1 ? [ones.join(" + ")] : []), number].join(" = ");
}

/** "94 70 = 148 × 256 + 112": the digits of a number in base 256, without most of the zeros before it. */
function sumOfBytes(bytes) {
  const first = bytes.findIndex((byte) => byte > 0);
  const digits = bytes.slice(first < 0 ? -2 : Math.min(first, bytes.length - 2));
  const power = (index) => 256 ** (digits.length - 1 - index);
  const terms = Array.from(digits, (byte, index) => (power(index) === 1 ? byte : `${byte} × ${count(power(index))}`));
  return `${hexOf(bytes)} = ${terms.join(" + ")}`;
}

/** "03 e9 = 3 × 256 + 233 = 1001" */
export function codeInBytes(code) {
  return `${sumOfBytes(Uint8Array.of(code >> 8, code & 0xff))} = ${code}`;
}

/** Of a long payload only the beginning travels to the view. */
export function shownOf(wire, length) {
  return wire.length < length ? ` ${count(wire.length)} of ${count(length)} bytes shown.` : "";
}

export const count = (number) => number.toLocaleString("en-GB");
export const plural = (number, word) => `${count(number)} ${word}${number === 1 ? "" : "s"}`;

/** Of header fields; the ones that only one direction has come first. */
const REQUEST_HEADERS = {
  "host": "Which name of the server is meant. This one answers 421 to a name that is not its own.",
  "connection": "May we change the protocol on this TCP connection?",
  "upgrade": "To WebSocket, please.",
  "origin": "The page that asks. The server compares it. A page's script cannot change it; other programs can send what they like.",
  "sec-websocket-version": "The version that RFC 6455 describes. There is no other in use.",
  "sec-websocket-key": 
    "16 random bytes in base64, new each time. No password: the server has to compute the accept value from them, " +
    "so a stored old answer does not fit.",
  "sec-websocket-extensions": "The browser offers compression. This server does not take it, so the reserved bits stay 0.",
  "sec-websocket-protocol": "Protocols to be spoken inside of the WebSocket. This server knows none.",
  "cookie": "What this site has left in the browser. It comes along with an upgrade too: that is why the server looks at Origin.",
  "user-agent": "Which browser asks. All of them say Mozilla, for historical reasons.",
  "cache-control": "No answer from a cache, please.",
  "pragma": "The same as Cache-Control, in the words of HTTP/1.0.",
  "accept-encoding": "Compression that the browser understands in HTTP answers. It does not apply to frames.",
  "accept-language": "The languages that its person reads.",
};

const RESPONSE_HEADERS = {
  "connection": "Yes, we change the protocol on this TCP connection.",
  "upgrade": "To WebSocket.",
  "sec-websocket-accept": "Made from the key, see below. A server that does not know WebSocket would not send it.",
  "sec-websocket-extensions": "The extensions that were agreed.",
  "sec-websocket-protocol": "The protocol that was agreed.",
  "date": "When it was sent.",
};

/** Lines of a request which are as in any other. */
const USUAL = /^(?:pragma|cache-control|user-agent|accept(?:-[\w-]+)?|dnt|sec-(?:fetch|ch|gpc)[\w-]*):/i;
export const isUsual = (line) => USUAL.test(line);

/** What to say where something is hidden. */
export function hiddenWords(line) {
  const why = "hidden so that nobody reads it from the screen.";
  if (/[?&]wire=•/.test(line)) {
    return `“wire=” is a secret of this page: whoever knows it can watch this connection. It is ${why}`;
  }
  const isCookie = /^cookie:/i.test(line);
  return isCookie ? `A secret too: whoever knows the value may pass for you. It is ${why}` : `A secret, ${why}`;
}

/** A sentence about one line of the request or of the response. */
export function lineWords(line, isFirst, isRequest) {
  if (line === "") return "The empty line: the end of this head.";
  if (isFirst && isRequest) return "An ordinary HTTP request. Nothing is WebSocket yet.";
  if (isFirst) return "Agreed. After the empty line every byte is frames.";
  const name = line.split(":", 1)[0].toLowerCase();
  const known = (isRequest ? REQUEST_HEADERS : RESPONSE_HEADERS)[name];
  if (!known && name.startsWith("sec-fetch-")) return "What the browser is doing. A script cannot change it.";
  return known ?? "The handshake does not need it.";
}
