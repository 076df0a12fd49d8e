// The expectations that are no steps: an answer (answers.js), a handshake that is wrong, what a page shows, a program
// of the student's. Each function returns null, or the lines that say what is wrong. tests/lab/by_hand.rs and
// own_program.rs do the same for `make lab`.

import { compareValues } from "../wire/compare-values.js";
import { acceptValue } from "./accept-value.js";
import { checkAnswer } from "./answers.js";
import { describeFrame, difference, serverFrame } from "./frames.js";
import { Line, PATIENCE, textOf } from "./line.js";
import { WIRE_FAILED, acceptLine, watchHandshake, whyRefused } from "./watch-handshake.js";

/**
 * Functions of ({ exercise, expectation, words, answer, page, say, note }). `page` is the window that `openPage` has
 * opened; `say` shows a line while the check waits; `note` shows one at the end, also when all holds.
 */
export const CHECKS = {
  answer: checkAnswer,
  accept: checkAccept,
  "own-message": checkOwnMessage,
  "shown-count": checkShownCount,
  client: checkClient,
};

/** Exercise 4: the accept value that the server sends. On /wire it is right if a view can be opened at all. */
async function checkAccept({ expectation: { on }, words, note }) {
  if (on === "/wire") {
    const view = new Line(words.fill("/wire?id={id}"));
    const isOpen = await view.opens();
    view.socket.close();
    return isOpen ? null : [WIRE_FAILED];
  }
  const { problem, isOpen, key, received, right } = await watchHandshake(on, words);
  if (problem) return [problem];
  const expected = acceptValue(key.replaceAll("=", ""));
  if (expected === received && !isOpen) {
    note(`${on} answered with Sec-WebSocket-Accept: `, compareValues(received, right));
    return null;
  }
  return [
    `sent     Sec-WebSocket-Key: ${key}`, `expected Sec-WebSocket-Accept: ${expected}`,
    acceptLine(received, right), `The browser ${isOpen ? "opened" : "refused"} the connection.`,
  ];
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

/** Returns the document of broadcast.html when it is connected; throws an error that says why it is not. */
async function connectedPage(page) {
  if (!page) throw new Error("broadcast.html did not open: allow pop-ups for this page.");
  const state = () => page.location.pathname.endsWith("/broadcast.html") && page.document.getElementById("state");
  if (await until(() => state() && state().className === "open")) return page.document;
  throw new Error(`broadcast.html did not connect. It says: “${(state() || page.document.body).textContent.trim()}”`);
}

async function checkOwnMessage({ words, page: opened }) {
  const page = await connectedPage(opened);
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
  const state = page.getElementById("state");
  const numberShown = () => Number(/\d+/.exec(state.textContent)?.[0]);
  if (!(await until(() => numberShown() > 0))) {
    return [`expected: a number in the line that says “Connected”; received “${state.textContent}”`];
  }
  const other = new Line("/broadcast");
  await other.opens();
  const frame = await other.read();
  const { clients } = frame ? JSON.parse(textOf(frame)) : {};
  const isCounted = await until(() => numberShown() === clients);
  await other.end();
  const texts = Array.from(page.querySelectorAll("#messages .text"));
  const asMessage = texts.find((it) => it.textContent.includes('"count"'));
  if (asMessage) return [`“${asMessage.textContent}” stands in the list of messages`];
  return isCounted ? null : [`one more client came: expected ${clients}, received “${state.textContent}”`];
}

/** How long the student has to start the client, in milliseconds, and how often it is called meanwhile. */
const TIME_TO_START = 60_000;
const CALL_EVERY = 1000;

/** Exercise 7: calls the student's client, and reads what it answers. On /broadcast own messages come back, too. */
async function checkClient({ expectation, words, say }) {
  const line = new Line("/broadcast");
  try {
    if (!(await line.opens())) return await whyRefused("/broadcast", words);
    const wrong = await CLIENT_CHECKS[expectation.what]({ line, words, say });
    const more = "make lab N=7 shows what your client sent. Here, answers of a classmate’s client count as yours.";
    return wrong && [...wrong, more];
  } finally {
    await line.end();
  }
}

const CLIENT_CHECKS = {
  /** Calls until the client has come, and answers. */
  async comes({ line, words, say }) {
    say(`Start your client on port ${location.port || 80} now. It has 60 seconds.`);
    const [call, here] = [words.fill("call {1}"), words.fill("here {1}")];
    let received = "nothing in 60 seconds";
    for (const end = performance.now() + TIME_TO_START; performance.now() < end; ) {
      line.socket.send(call);
      for (const next = performance.now() + CALL_EVERY; performance.now() < next; ) {
        const frame = await line.read(next - performance.now());
        if (frame && textOf(frame) === here) return null;
        if (frame && isOwn(frame, words, [call])) received = describeFrame(frame);
      }
    }
    return exchange([call], here, received);
  },
  /** What is no call comes first: an answer to it would be here before the other answers. */
  answers: ({ line, words }) => expectAnswers(line, words, ["no call {2}", "call {2}", "call {3}"]),
  long: ({ line, words }) => expectAnswers(line, words, ["call {long}"], LONG),
};

/** Whether a frame is an answer to this check: neither of other people nor one of these texts, which came back. */
const isOwn = (frame, words, sent) =>
  frame[0] === 0x88 || (textOf(frame).includes(words.tag) && !sent.includes(textOf(frame)));

const textFrame = (text) => serverFrame(1, new TextEncoder().encode(text));

const shorten = (text) => (text.length > 60 ? `${text.slice(0, 60)} …` : text);

const exchange = (sent, here, received) => [
  ...sent.map((text) => `sent     Text “${shorten(text)}”, masked by the browser`),
  `expected ${describeFrame(textFrame(here))}`, `received ${received}`,
];

const MANY_IN_A_READ = "One read may bring several frames, or a part of one.";
const LONG = "From 126 bytes on, the length stands in the next two bytes.";

/** Sends texts, and expects an answer to each that is a call, in their order. */
async function expectAnswers(line, words, templates, hint = MANY_IN_A_READ) {
  const texts = templates.map((template) => words.fill(template));
  for (const text of texts) line.socket.send(text);
  // A late answer to a call of `comes` counts neither way.
  const ignored = [...texts, words.fill("here {1}")];
  for (const call of texts.filter((it) => it.startsWith("call "))) {
    const here = call.replace("call", "here");
    let frame = await line.read();
    while (frame && !isOwn(frame, words, ignored)) frame = await line.read();
    if (!frame) return [...exchange(texts, here, `nothing in ${PATIENCE / 1000} seconds`), hint];
    const field = difference(textFrame(here), frame);
    if (field !== null) return [...exchange(texts, here, describeFrame(frame)), field];
  }
  return null;
}
