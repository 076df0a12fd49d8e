// What the view has seen: frames, each in the message that it belongs to. Fragments of a message may
// have control frames between them (RFC 6455, 5.4), and each direction has its own message under way.

import { CLOSE, CONTINUATION, PING, PONG, isControl } from "./decode-frame.js";

/** So many of the newest frames are kept. */
export const KEPT = 200;

export class Log {
  /** Oldest first. */
  frames = [];
  total = 0;
  #underWay = {};
  #pings = [];
  /** Who has sent the first Close. */
  #closing = null;

  /** Files a frame and returns its message. */
  add(frame) {
    frame.number = ++this.total;
    const message = this.#messageFor(frame);
    frame.message = message;
    message.frames.push(frame);
    message.count += 1;
    message.bytes += frame.length;
    message.complete = frame.fin === 1;
    this.#measure(frame);
    this.#answer(frame);
    this.frames.push(frame);
    return message;
  }

  #messageFor(frame) {
    const { from, opcode, fin } = frame;
    if (isControl(opcode)) return newMessage(frame);
    // A continuation of what began before anybody looked is a message whose beginning is missing.
    const goesOn = opcode === CONTINUATION && this.#underWay[from];
    const message = goesOn || newMessage(frame);
    this.#underWay[from] = fin ? null : message;
    return message;
  }

  /** How long a pong took: it brings back the payload of its ping (RFC 6455, 5.5.3). */
  #measure(frame) {
    const { opcode, from, at } = frame;
    const payload = String(frame.plain);
    if (opcode === PING) this.#pings = [...this.#pings.slice(-9), { from, at, payload }];
    if (opcode !== PONG) return;
    const ping = this.#pings.findLast((ping) => ping.from !== from && ping.payload === payload);
    if (ping) frame.roundTrip = at - ping.at;
  }

  /** Is this Close the answer to another one? (RFC 6455, 5.5.1) */
  #answer(frame) {
    if (frame.opcode !== CLOSE) return;
    this.#closing ??= frame.from;
    frame.isAnswer = frame.from !== this.#closing;
  }

  /** Lets go of the oldest that are too many, and returns them. */
  trim() {
    return this.#letGo(this.frames.length - KEPT);
  }

  clear() {
    return this.#letGo(this.frames.length);
  }

  /** Something may have passed unseen, or another connection is watched now. */
  interrupt() {
    this.#underWay = {};
    this.#pings = [];
    this.#closing = null;
  }

  #letGo(count) {
    const gone = this.frames.splice(0, Math.max(count, 0));
    for (const { message } of gone) {
      message.frames.shift();
      message.whole = false;
    }
    return gone;
  }
}

/** `whole`: its first frame is here; `complete`: its last one has come. */
function newMessage({ from, opcode }) {
  return { from, opcode, frames: [], count: 0, bytes: 0, whole: opcode !== CONTINUATION, complete: false };
}
