// The connection to /wire, on which the server sends what passes on the watched connection. Each message
// becomes an event that has the message's type as its name: "handshake", "frame" or "gone". One more event,
// "state", tells how this connection itself is: "connecting", "open", "waiting" (for the next attempt) or
// "closed". view.js listens to them.

import { backoff } from "../shared/backoff.js";
import { socketAddress } from "../shared/socket-address.js";
import { Stopwatch, onWakeUp } from "../shared/wake-up.js";

/** A connection that lasted this long (milliseconds) was a good one: the backoff begins at 1 s again. */
const GOOD_AFTER = 10_000;

export class WireConnection extends EventTarget {
  #id;
  #socket = null;
  #failures = 0;
  /** Since the connection is open; null while it is not. */
  #open = null;
  #reconnectTimer;

  /** Watches the connection that was opened with this wire id. */
  constructor(id) {
    super();
    this.#id = id;
    // After `close`, #socket is null.
    onWakeUp((hasSlept) => {
      const isWaiting = this.#socket?.readyState === WebSocket.CLOSED;
      if (isWaiting || (this.#socket && hasSlept)) this.connect();
    });
  }

  /** Connects, and reconnects until `close` is called. */
  connect() {
    this.close();
    const socket = new WebSocket(socketAddress(`wire?id=${this.#id}`));
    this.#socket = socket;
    this.#emit("state", { state: "connecting" });
    // A socket that was closed here may still have events: they are ignored.
    const listen = (type, handle) => {
      socket.addEventListener(type, (event) => {
        if (socket === this.#socket) handle(event);
      });
    };
    listen("open", () => {
      this.#open = new Stopwatch();
      this.#emit("state", { state: "open" });
    });
    listen("message", ({ data }) => {
      const message = JSON.parse(data);
      this.#emit(message.type, message);
    });
    listen("close", ({ code }) => this.#reconnectLater(code));
  }

  #reconnectLater(code) {
    if (this.#open?.elapsed() > GOOD_AFTER) this.#failures = 0;
    this.#open = null;
    this.#reconnectTimer = setTimeout(() => this.connect(), backoff(this.#failures));
    this.#failures += 1;
    this.#emit("state", { state: "waiting", code });
  }

  close() {
    clearTimeout(this.#reconnectTimer);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
    this.#emit("state", { state: "closed" });
  }

  #emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
