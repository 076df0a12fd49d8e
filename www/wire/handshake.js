// Explains a handshake: each line of the request and of the answer gets a sentence, and the accept value is
// computed step by step. Pure functions; draw-handshake.js draws what they return.

/** Every WebSocket server contains this text: RFC 6455, section 1.3. */
const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

const REQUEST_HEADERS = {
  "host": "Which name of the server is meant. This one answers 421 to a name that is not its own.",
  "connection": "May we change the protocol on this TCP connection?",
  "upgrade": "To WebSocket, please.",
  "origin":
    "The page that asks. The server compares it. A page's script cannot change it; other programs can send " +
    "what they like.",
  "sec-websocket-version": "The version that RFC 6455 describes. There is no other in use.",
  "sec-websocket-key":
    "16 random bytes in base64, new each time. No password: the server has to compute the accept value from " +
    "them, so a stored old answer does not fit.",
  "sec-websocket-extensions":
    "The browser offers compression. This server does not take it, so the reserved bits stay 0.",
  "sec-websocket-protocol":
    "Protocols to be spoken inside the WebSocket. This server’s own is “partyline”. “secret.…” is none: this is " +
    "the only line in which a script can send its token and passphrase without writing them into the address, " +
    "and so into the logs of proxies.",
  "cookie":
    "What this site has left in the browser. It comes along with an upgrade too: that is why the server looks " +
    "at Origin.",
  "user-agent": "Which browser asks. All of them say Mozilla, for historical reasons.",
  "cache-control": "No answer from a cache, please.",
  "pragma": "The same as Cache-Control, in the words of HTTP/1.0.",
  "accept-encoding": "Compression that the browser understands in HTTP answers. It does not apply to frames.",
  "accept-language": "The languages that the user reads.",
};

const FROM_PROXY = "Added by a proxy on the way: whose request it passes on, and how that came to it.";

/** What proxies add to a request. */
const PROXY_HEADER = /^(?:via|forwarded|x-forwarded(?:-[\w-]+)?|x-real-ip|x-original-[\w-]+|cf-[\w-]+):/i;

/** Returns the names of the header fields that a proxy has added: ["Via", "X-Forwarded-For"]. */
export function proxyHeaders(request) {
  const lines = request.split("\r\n").slice(1);
  return lines.filter((line) => PROXY_HEADER.test(line)).map((line) => line.split(":", 1)[0]);
}

const RESPONSE_HEADERS = {
  "connection": "Yes, we change the protocol on this TCP connection.",
  "upgrade": "To WebSocket.",
  "sec-websocket-accept": "Made from the key, see below. A server that does not know WebSocket would not send it.",
  "sec-websocket-extensions": "The extensions that were agreed.",
  "sec-websocket-protocol": "The protocol that was agreed: one of those offered, and never the secret.",
  "date": "When it was sent.",
};

/** Lines that any request has, whether it asks for a WebSocket or not. */
const ORDINARY_LINE =
  /^(?:pragma|cache-control|user-agent|accept(?:-[\w-]+)?|dnt|sec-(?:fetch|ch|gpc)[\w-]*):/i;

export const isOrdinaryLine = (line) => ORDINARY_LINE.test(line);

/** Returns the lines of a head, each with a sentence: a list of { line, sentence }. The last line is empty. */
export function explainHead(head, isRequest) {
  const lines = head.replace(/\r\n$/, "").split("\r\n");
  return lines.map((line, index) => ({ line, sentence: explainLine(line, index === 0, isRequest) }));
}

function explainLine(line, isFirst, isRequest) {
  if (line === "") return "The empty line: the end of this head.";
  if (isFirst && isRequest) return "An ordinary HTTP request. Nothing is WebSocket yet.";
  if (isFirst) return "Agreed. After the empty line every byte is frames.";
  const name = line.split(":", 1)[0].toLowerCase();
  const known = (isRequest ? REQUEST_HEADERS : RESPONSE_HEADERS)[name];
  if (known) return known;
  if (isRequest && PROXY_HEADER.test(line)) return FROM_PROXY;
  if (name.startsWith("sec-fetch-")) return "What the browser is doing. A script cannot change it.";
  return "The handshake does not need it.";
}

/** Says why a part of this line is hidden. */
export function explainHiding(line) {
  const why = "hidden so that no one can read it from the screen.";
  if (/[?&]wire=•/.test(line)) {
    return `“wire=” is a secret of this page: anyone who knows it can watch this connection. It is ${why}`;
  }
  if (/^sec-websocket-protocol:/i.test(line)) {
    return `The token proves that this is the same member, and the passphrase opens the chat. They are ${why}`;
  }
  if (/^cookie:/i.test(line)) {
    return `A secret too: anyone who knows the value can pretend to be you. It is ${why}`;
  }
  return `A secret, ${why}`;
}

/** Returns the value of a header field, or undefined. */
function headerValue(head, name) {
  const lines = head.split("\r\n").slice(1);
  const line = lines.find((line) => line.toLowerCase().startsWith(`${name.toLowerCase()}:`));
  return line?.slice(name.length + 1).trim();
}

/** Returns the path of a request: "/chat". */
export function pathOf(request) {
  return request.split(" ")[1]?.split("?")[0] ?? "";
}

/** Returns the status of a response: "101 Switching Protocols". */
export function statusOf(response) {
  return response.split("\r\n", 1)[0].replace(/^\S+ /, "");
}

/**
 * Returns how the accept value is computed: `steps`, a list of { sentence, value }, and whether the result, `right`,
 * `matches` what was `answered`. The server has computed `accept` for the view, because pages served over plain
 * http have no `crypto.subtle` to compute a SHA-1 with.
 */
export function acceptSteps({ request, response, accept }) {
  const key = headerValue(request, "Sec-WebSocket-Key") ?? "";
  const answered = headerValue(response, "Sec-WebSocket-Accept") ?? "";
  const digest = Array.from(atob(accept), (byte) => byte.charCodeAt(0).toString(16).padStart(2, "0"));
  const steps = [
    { sentence: "The key of the request", value: key },
    {
      sentence:
        "The key as text, not decoded, and right after it a fixed text from the standard (RFC 6455), the same " +
        "in every handshake",
      value: key + GUID,
    },
    {
      sentence: "SHA-1 of that text: it makes 20 bytes of any text, and of the same text always the same bytes",
      value: digest.join(" "),
    },
    {
      sentence: "Those 20 bytes (not the hex digits) in base64, which writes 3 bytes as 4 letters",
      value: accept,
    },
    { sentence: "For comparison: Sec-WebSocket-Accept, as the 101 says it", value: answered },
  ];
  return { steps, matches: accept === answered, answered, right: accept };
}
