// Keeps the newest frames and assembles them into messages. view.js adds each frame; frame-list.js draws.
//
// A message is one frame or several fragments. Control frames may come between the fragments (RFC 6455,
// section 5.4), and each direction has its own unfinished message.

import { CLOSE, CONTINUATION, PING, PONG, isControl } from "./decode-frame.js";

/** How many frames are kept. */
export const FRAMES_KEPT = 200;

/** How many pings are remembered, to find out how long their pongs took. */
const PINGS_KEPT = 10;

export class FrameLog {
  /** The frames that are kept, oldest first. */
  frames = [];
  /** How many frames have passed. */
  total = 0;
  /** From each direction to its unfinished message. */
  #unfinished = {};
  #pings = [];
  /** The direction of the first Close. */
  #firstCloseFrom = null;

  /** Adds a frame and returns its message. */
  add(frame) {
    this.total += 1;
    frame.number = this.total;
    const message = this.#messageOf(frame);
    frame.message = message;
    message.frames.push(frame);
    message.count += 1;
    message.bytes += BigInt(frame.length);
    message.isComplete = frame.fin === 1;
    this.#measureRoundTrip(frame);
    this.#recognizeCloseAnswer(frame);
    this.frames.push(frame);
    return message;
  }

  #messageOf(frame) {
    const { from, opcode, fin } = frame;
    if (isControl(opcode)) return newMessage(frame);
    const unfinished = opcode === CONTINUATION ? this.#unfinished[from] : null;
    // If there is none, the view was opened after the beginning of this message.
    const message = unfinished ?? newMessage(frame);
    this.#unfinished[from] = fin ? null : message;
    return message;
  }

  /** Sets how long a Pong took. It brings back the payload of its Ping (RFC 6455, section 5.5.3). */
  #measureRoundTrip(frame) {
    const { opcode, from, at } = frame;
    const payload = String(frame.unmasked);
    if (opcode === PING) this.#pings = [...this.#pings, { from, at, payload }].slice(-PINGS_KEPT);
    if (opcode !== PONG) return;
    const ping = this.#pings.findLast((ping) => ping.from !== from && ping.payload === payload);
    if (ping) frame.roundTrip = at - ping.at;
  }

  /** Sets whether a Close answers the other side's Close (RFC 6455, section 5.5.1). */
  #recognizeCloseAnswer(frame) {
    if (frame.opcode !== CLOSE) return;
    this.#firstCloseFrom ??= frame.from;
    frame.isCloseAnswer = frame.from !== this.#firstCloseFrom;
  }

  /** Drops the oldest frames, if there are too many, and returns them. */
  trim() {
    return this.#drop(this.frames.length - FRAMES_KEPT);
  }

  clear() {
    this.#drop(this.frames.length);
  }

  /** Forgets what is unfinished: frames may have passed unseen, or another connection is watched now. */
  interrupt() {
    this.#unfinished = {};
    this.#pings = [];
    this.#firstCloseFrom = null;
  }

  #drop(count) {
    const dropped = this.frames.splice(0, Math.max(count, 0));
    for (const { message } of dropped) {
      message.frames.shift();
      message.isWhole = false;
    }
    return dropped;
  }
}

/**
 * `frames`: those that are kept; `count` and `bytes`: of all its frames; `isWhole`: its first frame is kept;
 * `isComplete`: its last frame has come.
 */
function newMessage({ from, opcode }) {
  return { from, opcode, frames: [], count: 0, bytes: 0n, isWhole: opcode !== CONTINUATION, isComplete: false };
}
