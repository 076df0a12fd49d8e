// One WebSocket of a check, with a queue of what has come on it.

import { socketAddress } from "../shared/socket-address.js";
import { serverFrame } from "./frames.js";

/** How long an answer may take, in milliseconds. `make lab` waits as long. */
export const PATIENCE = 4000;

/** Returns the payload of a frame of the server's as text. */
export const textOf = (frame) =>
  new TextDecoder().decode(frame.slice(frame[1] === 126 ? 4 : frame[1] === 127 ? 10 : 2));

/** A WebSocket, with a queue of what has come: { opcode, bytes }, where opcode 8 is its end. */
export class Line {
  #queue = [];
  #wake = () => {};

  constructor(path) {
    this.path = path;
    this.socket = new WebSocket(socketAddress(path.slice(1)));
    this.socket.binaryType = "arraybuffer";
    this.socket.addEventListener("message", ({ data }) => {
      const isText = typeof data === "string";
      this.#add(isText ? 1 : 2, isText ? new TextEncoder().encode(data) : new Uint8Array(data));
    });
    this.socket.addEventListener("close", ({ code, reason }) => {
      this.#add(8, Uint8Array.from([code >> 8, code & 0xff, ...new TextEncoder().encode(reason)]));
    });
  }

  #add(opcode, payload) {
    this.#queue.push(serverFrame(opcode, payload));
    this.#wake();
  }

  /** Returns whether the handshake succeeds. */
  async opens() {
    const { socket } = this;
    return new Promise((done) => {
      socket.addEventListener("open", () => done(true));
      socket.addEventListener("close", () => done(false));
      setTimeout(() => done(false), PATIENCE);
    });
  }

  /** Closes it, and waits until the server has ended the connection. */
  async end() {
    const { socket } = this;
    socket.close();
    if (socket.readyState !== WebSocket.CLOSED) {
      await new Promise((done) => {
        socket.addEventListener("close", done);
        setTimeout(done, PATIENCE);
      });
    }
  }

  /** Returns the bytes of the next message as a frame, or null after a while. */
  async read(patience = PATIENCE) {
    if (this.#queue.length === 0) {
      await new Promise((done) => {
        this.#wake = done;
        setTimeout(done, patience);
      });
    }
    return this.#queue.shift() ?? null;
  }
}
