// Finds out why no WebSocket can be opened. A browser does not tell its page what was answered to a handshake,
// so the page asks the same address over plain HTTP. connection.js does that when it was never connected, or
// when several attempts in a row have failed.

/** Milliseconds to wait for the answer. */
const TIMEOUT = 5000;

/** Returns a sentence, or null if the server does not answer at all: then the connection is just lost. */
export async function findObstacle(address) {
  const url = new URL(address);
  url.protocol = url.protocol.replace("ws", "http");
  // The server compares the origin of a page that connects. With a plain GET, browsers do not send it.
  url.search = new URLSearchParams({ origin: location.origin });
  try {
    const response = await fetch(url, { cache: "no-store", redirect: "manual", signal: AbortSignal.timeout(TIMEOUT) });
    // A redirect, perhaps to a page elsewhere on which one has to log in, is not followed and has no status.
    return sentenceFor(response.status || 302, await response.text(), url.pathname);
  } catch {
    return null;
  }
}

function sentenceFor(status, text, path) {
  // This server's refusals: "403 Forbidden: Origin is …".
  const [, why] = text.length < 1000 ? /^\d{3} [\w ]+: (.+)\s*$/.exec(text) ?? [] : [];
  // 426 is what this server says to any plain GET: the address is right, and the page may connect.
  if (why && status === 426) {
    return "The server answers, but no WebSocket gets through: something in between, such as a proxy or a " +
      "school’s filter, does not pass it on. A proxy has to be told to pass on Upgrade and Connection; " +
      "otherwise try another network.";
  }
  if (why) return `The server refuses the connection: ${why.replace(/[^.!?]$/, "$&.")}`;
  if (status === 404) return `Something in between passes on this page, but not ${path}, the chat’s address.`;
  if (status === 502 || status === 504) {
    return "A proxy in between gets no answer from the chat’s server: it may be starting again.";
  }
  return `Something in between answers in the server’s place, with status ${status}: a proxy, a school’s ` +
    "filter, or a page on which one has to log in. Try to reload this page, or another network.";
}
