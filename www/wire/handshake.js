// From the text of a handshake to its lines with a sentence each, and the accept value step by step.
// Pure functions; it is drawn in wire-draw.js.

import { lineWords } from "./explain-frame.js";

/** Every WebSocket server has this text in it: RFC 6455, section 1.3. */
const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** The lines of a head, each with a sentence. The last is empty. */
export function explain(head, isRequest) {
  const lines = head.replace(/\r\n$/, "").split("\r\n");
  return lines.map((line, index) => ({ line, words: lineWords(line, index === 0, isRequest) }));
}

/** What a header field of a head says, or undefined. */
export function valueOf(head, name) {
  const lines = head.split("\r\n").slice(1);
  const line = lines.find((line) => line.toLowerCase().startsWith(`${name.toLowerCase()}:`));
  return line?.slice(name.length + 1).trim();
}

/** What the request asks for: "/chat". */
export function pathOf(request) {
  return request.split(" ")[1]?.split("?")[0] ?? "";
}

/** "101 Switching Protocols" */
export function statusOf(response) {
  return response.split("\r\n", 1)[0].replace(/^\S+ /, "");
}

/**
 * How the accept value comes about. The SHA-1 is the server's work: browsers give a page
 * `crypto.subtle` only where the connection is encrypted, or on the machine itself.
 */
export function acceptSteps({ request, response, accept }) {
  const key = valueOf(request, "Sec-WebSocket-Key") ?? "";
  const answered = valueOf(response, "Sec-WebSocket-Accept") ?? "";
  const digest = Array.from(atob(accept), (byte) => byte.charCodeAt(0).toString(16).padStart(2, "0"));
  return {
    steps: [
      ["The key of the request", key],
      [
        "The key as text, not decoded, and right after it a fixed text from the standard (RFC 6455), the same in every handshake",
        key + GUID,
      ],
      ["SHA-1 of that text: it makes 20 bytes of any text, always the same of the same", digest.join(" ")],
      ["Those 20 bytes (not the hex digits) in base64, which writes 3 bytes as 4 letters", accept],
      ["For comparison: Sec-WebSocket-Accept, as the 101 says it", answered],
    ],
    matches: accept === answered,
  };
}
