// The connection to the chat: opens it, notices when it is gone, opens it again, and keeps what was
// sent until the server says that it has it. It knows nothing of the page, so that any page can use it:
//
//   const connection = new Connection("/chat");
//   connection.addEventListener("said", (event) => console.log(event.detail.text));
//   connection.open();
//   connection.send({ type: "say", text: "hello" });
//
// Every message of the server comes out as an event with the name of its type. One more, "state",
// says how the connection is: "connecting", "open", "waiting" (until it tries again), "stopped", or
// "locked" (until somebody says the passphrase: see `unlock`).

import { Arrived } from "./received-ids.js";
import { load, save } from "../shared/storage.js";

/** No message for this long: the connection is dead. The server sends a `beat` when it hears nothing for 20 s. */
const SILENCE = 45_000;
/** Silence after which somebody who comes back to the page does not trust the connection any more. */
const DOUBT = 25_000;
/** Browsers take minutes to give up an attempt that nobody answers. */
const ATTEMPT = 10_000;
/** A connection that lasted this long worked: the next trouble is a new one. */
const LASTED = 10_000;

/** Taken over by another connection, and thrown out: who is sent away does not come back by itself. */
export const TAKEN_OVER = 4001;
const THROWN_OUT = 1008;
/** The passphrase is missing or wrong. */
const LOCKED = 4003;
/** What we say ourselves when we try another one. Without a code it would mean goodbye. */
const GIVEN_UP = 4000;

/**
 * How many milliseconds to wait after so many failures: about 1, 2, 4 … 30 s. A part of it is chance:
 * when a server starts again, thirty pages shall not all come in the same moment.
 */
export function backoff(failures, random = Math.random()) {
  const seconds = Math.min(2 ** failures, 30);
  return 1000 * (seconds / 2 + random * Math.max(seconds / 2, 1.5));
}

/** A name for a message that nobody else will give. (`crypto.randomUUID` is missing over plain http.) */
function newRef() {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export class Connection extends EventTarget {
  /** What was sent and not acknowledged: { ref, message, about, refused? }, oldest first. */
  unsent = load("unsent", []);
  /** What the server has sent us of all that was said. */
  arrived = new Arrived();
  state = "connecting";
  #path;
  #wire;
  #socket = null;
  #token = load("token", null);
  /** Kept as soon as it has proved right. */
  #passphrase = load("passphrase", null);
  #failures = 0;
  #openedAt = 0;
  #heardAt = 0;
  #retry;
  #watchdog;

  /** With an id as `wire`, the wire view can watch it. */
  constructor(path, { wire } = {}) {
    super();
    this.#path = path;
    this.#wire = wire;
    addEventListener("online", () => this.#hurry());
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.#hurry();
    });
  }

  /** Connects, now. Also for "Retry now" and "Use here". */
  open() {
    clearTimeout(this.#retry);
    this.#socket?.close(GIVEN_UP);
    const known = new URLSearchParams(this.#wire && { wire: this.#wire });
    if (this.#token) {
      known.set("token", this.#token);
      known.set("since", this.#since);
    }
    if (this.#passphrase !== null) known.set("passphrase", this.#passphrase);
    // http becomes ws, and https becomes wss: a page that came encrypted may not connect unencrypted.
    const socket = new WebSocket(`${location.origin.replace(/^http/, "ws")}${this.#path}?${known}`);
    this.#socket = socket;
    this.#become("connecting");
    this.#watch(ATTEMPT);
    // Of a connection that was given up, nothing is heard any more.
    socket.addEventListener("message", (event) => {
      if (socket !== this.#socket) return;
      this.#watch(SILENCE);
      this.#hear(JSON.parse(event.data));
    });
    socket.addEventListener("close", (event) => {
      if (socket === this.#socket) this.#lost(event.code);
    });
  }

  /** Connects with this passphrase, now and from now on. */
  unlock(passphrase) {
    this.#passphrase = passphrase;
    this.open();
  }

  /** Sends it as soon as possible and until it is acknowledged; `about` is kept beside it. */
  send(message, about = {}) {
    const entry = { ref: newRef(), message, about };
    this.#keep([...this.unsent, entry]);
    this.#transmit(entry);
    return entry;
  }

  /** Sends something that is worth nothing later. */
  mention(message) {
    if (this.#canSend) this.#socket.send(JSON.stringify(message));
  }

  /** Sends once more what was refused, with some fields changed. */
  retry(ref, changes = {}) {
    const entry = this.unsent.find((entry) => entry.ref === ref);
    delete entry.refused;
    Object.assign(entry.message, changes);
    this.#keep(this.unsent);
    this.#transmit(entry);
  }

  /** It shall not be sent any more. */
  forget(ref) {
    this.#keep(this.unsent.filter((entry) => entry.ref !== ref));
  }

  /** It shall not be sent unless somebody asks for it with `retry`. */
  refuse(ref, reason, changes = {}) {
    const entry = this.unsent.find((entry) => entry.ref === ref);
    entry.refused = reason;
    Object.assign(entry.message, changes);
    this.#keep(this.unsent);
    this.#tell("refused", { ref, reason, entry });
  }

  get #since() {
    return this.arrived.upTo;
  }

  /** Before the welcome nothing may be sent, and a socket begins to close before its event tells us. */
  get #canSend() {
    return this.state === "open" && this.#socket.readyState === WebSocket.OPEN;
  }

  #transmit({ ref, message, refused }) {
    // What cannot be sent now will be after the next welcome.
    if (this.#canSend && !refused) this.#socket.send(JSON.stringify({ ...message, ref }));
  }

  #keep(unsent) {
    this.unsent = unsent;
    save("unsent", unsent);
  }

  #hear(message) {
    const { type, ref } = message;
    const entry = this.unsent.find((entry) => entry.ref === ref);
    if (type === "welcome") this.#enter(message);
    if (type === "ack") this.forget(ref);
    // An ack's id counts as well: it comes in the place where the others get the message.
    if (type === "said" || type === "ack") this.arrived.add(message.id ?? 0);
    this.#tell(type, { ...message, entry });
    if (type === "error" && entry) this.refuse(ref, message.message);
    if (type === "welcome") {
      this.#become("open");
      this.unsent.forEach((entry) => this.#transmit(entry));
    }
  }

  #enter(welcome) {
    const { token, messages } = welcome;
    this.#openedAt = Date.now();
    this.#token = token;
    save("token", token);
    save("passphrase", this.#passphrase);
    this.arrived.welcome(welcome);
    // Those have arrived, though nobody told us: the acks were lost.
    const arrived = new Set(messages.map((said) => said.ref));
    this.#keep(this.unsent.filter((entry) => !arrived.has(entry.ref)));
  }

  #lost(code) {
    clearTimeout(this.#watchdog);
    const lasted = this.state === "open" && Date.now() - this.#openedAt > LASTED;
    this.#socket = null;
    if (code === THROWN_OUT) save("token", this.#token = null);
    if (code === TAKEN_OVER || code === THROWN_OUT) {
      this.#become("stopped", { code });
      return;
    }
    if (code === LOCKED) {
      const isWrong = this.#passphrase !== null;
      save("passphrase", this.#passphrase = null);
      this.#become("locked", { isWrong });
      return;
    }
    if (lasted) this.#failures = 0;
    const delay = backoff(this.#failures++);
    this.#retry = setTimeout(() => this.open(), delay);
    this.#become("waiting", { code, until: Date.now() + delay });
  }

  #watch(patience) {
    this.#heardAt = Date.now();
    clearTimeout(this.#watchdog);
    this.#watchdog = setTimeout(() => this.#giveUp(), patience);
  }

  /** Nobody waits for the Close of a peer that does not answer. */
  #giveUp() {
    const socket = this.#socket;
    this.#socket = null;
    socket?.close(GIVEN_UP);
    this.#lost();
  }

  /** The network or the person is back: no reason to wait on. */
  #hurry() {
    if (this.state === "waiting") this.open();
    if (this.state === "open" && Date.now() - this.#heardAt > DOUBT) this.open();
  }

  #become(state, detail = {}) {
    this.state = state;
    this.#tell("state", { state, ...detail });
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
