// Command lines that send a frame raw to /echo, behind a handshake: one for a shell with nc, one for Python.
// Pure functions.

import { hexDigits } from "../wire/decode-frame.js";

const SAMPLE_KEY = "dGhlIHNhbXBsZSBub25jZQ=="; // of RFC 6455, section 1.3

const handshakeLines = (host) => [
  "GET /echo HTTP/1.1", `Host: ${host}`, "Connection: Upgrade", "Upgrade: websocket",
  "Sec-WebSocket-Version: 13", `Sec-WebSocket-Key: ${SAMPLE_KEY}`, "", "",
];

/** For a shell. Every `printf` understands octal escapes, not every one hex. Ctrl-C ends it. */
export function shellLine(bytes, { host, hostname, port }) {
  const octal = Array.from(bytes, (byte) => `\\${byte.toString(8).padStart(3, "0")}`).join("");
  const name = hostname.replaceAll(/[[\]]/g, ""); // nc wants ::1 without its brackets
  return `(printf '${handshakeLines(host).join("\\r\\n")}'; printf '${octal}'; sleep 2) | nc ${name} ${port || 80} | cat -v`;
}

/** For Python 3, on Windows too. It prints the 101, and then what comes back. */
export function pythonLine(bytes, { host, hostname, port }) {
  const hex = hexDigits(bytes);
  const request = handshakeLines(host).join("\\r\\n");
  const name = hostname.replaceAll(/[[\]]/g, "");
  return `python3 -c "import socket; s = socket.create_connection(('${name}', ${port || 80})); `
    + `s.sendall(b'${request}'); print(s.recv(4096).decode()); s.sendall(bytes.fromhex('${hex}')); print(s.recv(4096))"`;
}
