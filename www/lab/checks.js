// The expectations that are no steps: an answer, a handshake that is wrong, what a page shows, a program of the
// student's. Each function returns null, or the lines that say what is wrong. tests/lab/by_hand.rs and
// own_program.rs do the same for `make lab`.

import { encodeFrame, bytesFromHex, cutFrame } from "../frame/encode-frame.js";
import { hexOfAll } from "../wire/decode-frame.js";
import { acceptValue } from "./accept-value.js";
import { difference } from "./frames.js";
import { Line, textOf } from "./steps.js";

/** Returns what an exercise asks. */
export function question({ ask }, words) {
  return ask === "accept"
    ? `Which Sec-WebSocket-Accept belongs to Sec-WebSocket-Key: ${words.key} ?`
    : `Which bytes are the text “${words.fill("{1}")}” as one frame of a client’s, with the masking key ${hexOfAll(words.mask)} ?`;
}

/**
 * Functions of ({ exercise, expectation, words, answer, page, say }). `page` is the window that `openPage` has opened;
 * `say` shows a line while the check waits.
 */
export const CHECKS = {
  answer: checkAnswer,
  accept: checkAccept,
  "own-message": checkOwnMessage,
  "shown-count": checkShownCount,
  client: checkClient,
};

async function checkAnswer({ exercise, words, answer }) {
  const given = answer.trim();
  if (given === "") return ["Write your answer into the box first."];
  const wrong = (why) => [`received “${given}”`, why];
  if (exercise.ask === "accept") return given === acceptValue(words.key) ? null : wrong(whyNotAccept(given));
  const bytes = bytesFromHex(given);
  if (!bytes) return wrong("This is not pairs of hex digits.");
  const { rest, missing } = cutFrame(bytes);
  if (missing > 0) return wrong("This is no whole frame: the header promises more bytes.");
  if (rest.length > 0) return wrong(`Behind the frame, ${rest.length} bytes are left.`);
  const payload = new TextEncoder().encode(words.fill("{1}"));
  const field = difference(encodeFrame({ fin: 1, reserved: 0, opcode: 1, key: words.mask, payload }), bytes, "client");
  return field === null ? null : wrong(field);
}

/** What the form of a wrong accept value says of the mistake. */
function whyNotAccept({ length }) {
  if (length === 40) return "These are 40 hex digits: the 20 bytes of SHA-1 have to be written in base64.";
  if (length === 28) return "The form is right, the value is not: key and 258EAFA5-… in a row, and nothing behind, no line end.";
  return "An accept value has 28 characters: 20 bytes in base64.";
}

/** The browser refuses a wrong accept value, and says no more; a wire view shows what the server has answered. */
async function checkAccept({ expectation, words }) {
  const view = new Line(words.fill("/wire?id={id}"));
  if (!(await view.opens())) return ["The handshake on /wire failed: there the accept value has to stay right."];
  if (expectation.on === "/wire") return close(view, null);
  const line = new Line(words.fill(`${expectation.on}?wire={id}`));
  const [isOpen, frame] = await Promise.all([line.opens(), view.read()]);
  line.socket.close();
  if (!frame) return close(view, [`${expectation.on} sent no 101`]);
  const { request, response } = JSON.parse(textOf(frame));
  const value = (head, name) => new RegExp(`^${name}: *(.*?)\r?$`, "im").exec(head)?.[1];
  const key = value(request, "Sec-WebSocket-Key");
  const [expected, received] = [acceptValue(key.replaceAll("=", "")), value(response, "Sec-WebSocket-Accept")];
  const lines = [
    `Sec-WebSocket-Key: ${key}`, `expected Sec-WebSocket-Accept: ${expected}`, `received Sec-WebSocket-Accept: ${received}`,
    `The browser ${isOpen ? "opened" : "refused"} the connection.`,
  ];
  return close(view, expected === received && !isOpen ? null : lines);
}

function close(line, result) {
  line.socket.close();
  return result;
}

/**
 * Opens broadcast.html in a window of its own, so that what it shows can be looked at. Browsers allow that only while
 * a press of a button is handled, so it comes before the other checks. Returns null if none of them needs it.
 */
export function openPage({ expectations }) {
  const isNeeded = expectations.some(({ run }) => run === "own-message" || run === "shown-count");
  return isNeeded ? window.open("broadcast.html", "lab-check", "popup,width=600,height=700") : null;
}

/** Waits until something is there; returns it, or null after 4 seconds. */
async function until(look) {
  for (const end = performance.now() + 4000; performance.now() < end; ) {
    const found = look();
    if (found) return found;
    await new Promise((done) => setTimeout(done, 20));
  }
  return null;
}

/** Returns the document of broadcast.html when it is connected, or null. */
async function connectedPage(page) {
  const isOpen = () => page.location.pathname.endsWith("/broadcast.html") && page.document.querySelector("#state.open");
  return page && (await until(isOpen)) ? page.document : null;
}

const NO_PAGE = ["broadcast.html did not open and connect: allow pop-ups for this page."];

async function checkOwnMessage({ words, page: opened }) {
  const page = await connectedPage(opened);
  if (!page) return NO_PAGE;
  const [own, others] = [words.fill("{1}"), words.fill("{2}")];
  const shown = () => Array.from(page.querySelectorAll("#messages .text"), (it) => it.textContent);
  page.getElementById("text").value = own;
  page.getElementById("form").requestSubmit();
  const other = new Line("/broadcast");
  await other.opens();
  other.socket.send(others);
  await until(() => shown().includes(others));
  other.socket.close();
  const received = shown().filter((text) => [own, others].includes(text));
  if (String(received) === String([own, others])) return null;
  return [`typed “${own}”, then another client sent “${others}”`, `expected in the list: ${own}, ${others}`,
    `received: ${received.join(", ") || "neither"}`];
}

async function checkShownCount({ page: opened }) {
  const page = await connectedPage(opened);
  if (!page) return NO_PAGE;
  const state = page.getElementById("state");
  const numberShown = () => Number(/\d+/.exec(state.textContent)?.[0]);
  if (!(await until(() => numberShown() > 0))) return [`expected: a number in the first line; received “${state.textContent}”`];
  const other = new Line("/broadcast");
  await other.opens();
  const frame = await other.read();
  const { clients } = frame ? JSON.parse(textOf(frame)) : {};
  const isCounted = await until(() => numberShown() === clients);
  await other.end();
  const asMessage = Array.from(page.querySelectorAll("#messages .text")).find((it) => it.textContent.includes('"count"'));
  if (asMessage) return [`“${asMessage.textContent}” stands in the list of messages`];
  return isCounted ? null : [`one more client came: expected ${clients}, received “${state.textContent}”`];
}

/** How long the student has to start the client, in milliseconds. */
const TIME_TO_START = 60_000;

/** Calls until the student's client answers. */
async function checkClient({ expectation, words, say }) {
  const word = { comes: "{1}", answers: "{2}", long: "{long}" }[expectation.what];
  const [call, here] = [words.fill(`call ${word}`), words.fill(`here ${word}`)];
  const line = new Line("/broadcast");
  if (!(await line.opens())) return ["The handshake on /broadcast failed."];
  say(`Start your client on port ${location.port || 80} now. It has 60 seconds.`);
  line.socket.send(call);
  for (const end = performance.now() + TIME_TO_START; performance.now() < end; ) {
    const frame = await line.read(2000);
    if (!frame) line.socket.send(call); // the client may have come only now
    else if (frame[0] === 0x88) break;
    else if (textOf(frame) === here) return close(line, null);
    else if (textOf(frame) !== call && textOf(frame).includes(words.tag) && textOf(frame).startsWith("here")) {
      const late = [words.fill("here {1}"), words.fill("here {2}")].includes(textOf(frame));
      if (!late) return close(line, [`sent “${call}”`, `expected “${here}”`, `received “${textOf(frame)}”`]);
    }
  }
  return close(line, [`sent “${call.slice(0, 60)}”`, `expected “${here.slice(0, 60)}”`, "received no answer in 60 seconds"]);
}
