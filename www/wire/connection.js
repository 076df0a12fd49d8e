// The connection to /wire, over which the server tells what passes on the watched one. Each of its
// messages comes out as an event with the name of its type: "handshake", "frame" or "gone". One more,
// "state", says how this connection itself is: "connecting", "open", "waiting" or "closed".

import { backoff } from "../shared/backoff.js";

/** A connection that lasted this long worked: the next trouble is a new one. */
const LASTED = 10_000;

export class Source extends EventTarget {
  #id;
  #socket = null;
  #failures = 0;
  #openedAt = Infinity;
  #retry;

  constructor(id) {
    super();
    this.#id = id;
  }

  open() {
    this.close();
    const address = `${location.origin.replace(/^http/, "ws")}/wire?id=${this.#id}`;
    const socket = new WebSocket(address);
    this.#socket = socket;
    this.#tell("state", { state: "connecting" });
    // Of a connection that was closed here, nothing is heard any more.
    const on = (type, act) =>
      socket.addEventListener(type, (event) => socket === this.#socket && act(event));
    on("open", () => {
      this.#openedAt = Date.now();
      this.#tell("state", { state: "open" });
    });
    on("message", ({ data }) => {
      const message = JSON.parse(data);
      this.#tell(message.type, message);
    });
    on("close", ({ code }) => {
      if (Date.now() - this.#openedAt > LASTED) this.#failures = 0;
      this.#openedAt = Infinity;
      this.#retry = setTimeout(() => this.open(), backoff(this.#failures++));
      this.#tell("state", { state: "waiting", code });
    });
  }

  close() {
    clearTimeout(this.#retry);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
    this.#tell("state", { state: "closed" });
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
