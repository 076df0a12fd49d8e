// Takes the steps of an expectation over WebSockets of this page's own: opens them, sends, and compares what comes.
// tests/lab/steps.rs does the same for `make lab`. exercises.json has the steps of both.

import { describeFrame, difference, serverFrame } from "./frames.js";
import { Line, PATIENCE, textOf } from "./line.js";
import { whyRefused } from "./watch-handshake.js";

/** When nothing has come for so long, what was learned is the newest. */
const QUIET = 200;

/** On these paths other clients may be: a message without the tag of this check is theirs. */
const isShared = (path) => path.startsWith("/broadcast") || path.startsWith("/chat");

const NOTHING = `nothing in ${PATIENCE / 1000} seconds`;

/** Takes the steps. Returns null, or the lines of the exchange up to what is wrong: texts and elements. */
export async function takeSteps(steps, words) {
  const lines = [];
  const open = new Map();
  const learned = new Map();
  try {
    for (const step of steps) await takeStep(step);
    return null;
  } catch (error) {
    return [...lines, ...(error.lines ?? error.message.split("\n"))];
  } finally {
    await Promise.all(Array.from(open.values(), (line) => line.end()));
  }

  async function takeStep(step) {
    if (step.open) {
      const path = words.fill(step.on);
      lines.push(`${step.open} opens ${path}`);
      const line = new Line(path);
      open.set(step.open, line);
      if (!(await line.opens())) throw Object.assign(new Error(), { lines: await whyRefused(path, words) });
    } else if (step.send) {
      send(step);
    } else if (step.close) {
      lines.push(`${step.close} closes with 1000`);
      open.get(step.close).socket.close(1000);
    } else if (step.expect) {
      await (step.json ? expectJson(step) : expectFrame(step));
    } else if (step.learn) {
      // The newest of several: clients of the expectation before may only now be leaving.
      let newest = null;
      let next = await readJson(step.from, step.json);
      while (next) {
        newest = next;
        next = await readJson(step.from, step.json, QUIET).catch(() => null);
      }
      const { message, frame } = newest;
      lines.push(`${step.from} receives ${describeFrame(frame)}`);
      learned.set(step.learn, message[step.field]);
      if (typeof message[step.field] !== "number") {
        throw new Error(`${step.field}: expected a number, received ${JSON.stringify(message[step.field])}`);
      }
    }
  }

  /** The browser masks the frame, with a key that no script sees. */
  function send(step) {
    const text = step.json ? JSON.stringify(fillJson(step.json)) : words.fill(step.text ?? step.binary);
    const isText = step.binary === undefined;
    const shown = text.length > 60 ? `${text.slice(0, 60)} …` : text;
    lines.push(`${step.send} sends    ${isText ? "Text" : "Binary"} “${shown}”, masked by the browser`);
    open.get(step.send).socket.send(isText ? text : new TextEncoder().encode(text));
  }

  async function expectFrame(step) {
    const isText = step.text !== undefined;
    const payload = new TextEncoder().encode(words.fill(isText ? step.text : step.binary));
    const expected = serverFrame(isText ? 1 : 2, payload);
    const { frame, ignored } = await readOwn(step.expect, () => true);
    const received = frame ? describeFrame(frame) : NOTHING + without(ignored);
    const field = frame && difference(expected, frame);
    if (field !== null || !frame) {
      const lines = `${step.expect} expects  ${describeFrame(expected)}\n${step.expect} receives ${received}`;
      throw new Error(field ? `${lines}\n${field}` : lines);
    }
    lines.push(`${step.expect} receives ${received}`);
  }

  const without = (ignored) =>
    ignored > 0 ? `, but ${ignored} without “${words.tag}”, which every text of this check contains` : "";

  /** Returns the next frame that is no other client's, and how many were. */
  async function readOwn(name) {
    const line = open.get(name);
    for (let ignored = 0; ; ignored += 1) {
      const frame = await line.read();
      const isEnd = !frame || frame[0] === 0x88;
      if (isEnd || !isShared(line.path) || textOf(frame).toLowerCase().includes(words.tag)) return { frame, ignored };
    }
  }

  /**
   * Returns the next JSON message of the wanted type; if it should have the tag, the next that has it. One of the type
   * `unless` comes only if what `why` says has happened.
   */
  async function readJson(name, wanted, patience = PATIENCE, { unless, why } = {}) {
    const line = open.get(name);
    const needsTag = isShared(line.path) && JSON.stringify(wanted).includes(words.tag);
    let after = "";
    for (;;) {
      const frame = await line.read(patience);
      if (!frame || frame[0] === 0x88) {
        const received = frame ? describeFrame(frame) : NOTHING;
        throw new Error(`${name} expects  ${JSON.stringify(wanted)}\n${name} receives ${received}${after}`);
      }
      const { message, problem } = parse(textOf(frame));
      // A client of /broadcast may send anything, another route's server may not.
      if (problem && !isShared(line.path)) {
        throw new Error(`${name} expects  ${JSON.stringify(wanted)}\n${name} receives no JSON: ${problem}`);
      }
      if (message?.type === wanted.type && !(needsTag && !textOf(frame).includes(words.tag))) return { message, frame };
      if (unless && message?.type === unless && textOf(frame).includes(words.tag)) {
        throw new Error(`${name} expects  ${JSON.stringify(wanted)}\n${name} receives ${describeFrame(frame)}\n${why}`);
      }
      if (problem) after = ` after no JSON: ${problem}`;
      else if (textOf(frame).toLowerCase().includes(words.tag)) after = ` after ${describeFrame(frame)}`;
    }
  }

  async function expectJson(step) {
    const wanted = fillJson(step.json);
    const { message, frame } = await readJson(step.expect, wanted, PATIENCE, step);
    for (const [field, expected] of Object.entries(wanted)) {
      if (message[field] !== expected) {
        const received = message[field] === undefined ? "nothing" : JSON.stringify(message[field]);
        throw new Error(`${step.expect} expects  ${JSON.stringify(wanted)}\n` +
          `${step.expect} receives ${describeFrame(frame)}\n` +
          `${field}: expected ${JSON.stringify(expected)}, received ${received}`);
      }
    }
    lines.push(`${step.expect} receives ${describeFrame(frame)}`);
  }

  /** Puts words, and what has been learned, into the texts of an object: `{n}` and `{n+1}` become numbers. */
  function fillJson(json) {
    const fillValue = (text) => {
      const [, name, more] = /^\{(\w+)(?:\+(\d+))?\}$/.exec(text) ?? [];
      return learned.has(name) ? learned.get(name) + Number(more ?? 0) : words.fill(text);
    };
    return Object.fromEntries(Object.entries(json).map(([field, text]) => [field, fillValue(text)]));
  }
}

/** Returns the message, or what the browser says of the mistake; if that is only a place, with the text around it. */
function parse(text) {
  try {
    return { message: JSON.parse(text) };
  } catch ({ message: problem }) {
    const at = Number(/(?:column|position) (\d+)/.exec(problem)?.[1] ?? Number.NaN);
    return { problem: Number.isNaN(at) ? problem : `${problem}: … ${text.slice(Math.max(at - 31, 0), at + 20)} …` };
  }
}
