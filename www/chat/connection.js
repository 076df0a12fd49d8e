// The connection to the chat: connects, notices when the connection is lost, reconnects, and sends each
// message until the server has acknowledged it. It does not touch the page, so your own page can use it:
//
//   import { Connection } from "./chat/connection.js";
//   const connection = new Connection("/chat");
//   connection.addEventListener("said", (event) => console.log(event.detail.text));
//   connection.connect();
//   connection.send({ type: "say", text: "hello" });
//
// Each message from the server becomes an event that has the message's `type` as its name. One more
// event, "state", tells how the connection is: "connecting", "open", "waiting" (for the next attempt),
// "stopped" (it does not reconnect by itself), or "locked" (the server asks for a passphrase: `unlock`).

import { backoff } from "../shared/backoff.js";
import { load, save } from "../shared/storage.js";
import { Outbox } from "./outbox.js";
import { ReceivedIds } from "./received-ids.js";

// All times are in milliseconds.

/** Heartbeat: the server sends a `beat` after 20 s of silence. After this long the connection is dead. */
const DEAD_AFTER = 45_000;
/** When you come back to the page after this long without a message, it does not trust the connection. */
const DOUBTFUL_AFTER = 25_000;
/** A browser would take minutes to give up an attempt that gets no answer. */
const CONNECT_TIMEOUT = 10_000;
/** A connection that lasted this long was a good one: after it, the backoff begins at 1 s again. */
const GOOD_AFTER = 10_000;

// Close codes. After the first two the page does not reconnect by itself.

/** Another connection with the same token has taken over. */
export const TAKEN_OVER = 4001;
/** The operator has removed this member. */
const KICKED = 1008;
/** The passphrase is missing or wrong. */
const LOCKED = 4003;
/** Sent by this page when it opens another connection. A Close without a code would mean that it leaves. */
const GIVEN_UP = 4000;

export class Connection extends EventTarget {
  state = "connecting";
  outbox = new Outbox();
  received = new ReceivedIds();
  #path;
  #wireId;
  #socket = null;
  /** Proves to the server, after a reconnect, that this is the same member. */
  #token = load("token", null);
  /** Stored only after the server has accepted it. */
  #passphrase = load("passphrase", null);
  #failures = 0;
  #openedAt = 0;
  #lastMessageAt = 0;
  #reconnectTimer;
  #heartbeatTimer;

  /** If `wireId` is given, the wire view can watch this connection. */
  constructor(path, { wireId } = {}) {
    super();
    this.#path = path;
    this.#wireId = wireId;
    addEventListener("online", () => this.#reconnectIfDoubtful());
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.#reconnectIfDoubtful();
    });
  }

  /** Connects now. Gives up the connection that there is, if there is one. */
  connect() {
    clearTimeout(this.#reconnectTimer);
    this.#socket?.close(GIVEN_UP);
    const socket = new WebSocket(this.#address());
    this.#socket = socket;
    this.#setState("connecting");
    this.#restartHeartbeatTimer(CONNECT_TIMEOUT);
    // A socket that was given up may still have events: they are ignored.
    socket.addEventListener("message", (event) => {
      if (socket !== this.#socket) return;
      this.#restartHeartbeatTimer(DEAD_AFTER);
      this.#handleMessage(JSON.parse(event.data));
    });
    socket.addEventListener("close", (event) => {
      if (socket === this.#socket) this.#handleClose(event.code);
    });
  }

  #address() {
    const query = new URLSearchParams();
    if (this.#wireId) query.set("wire", this.#wireId);
    if (this.#token) {
      query.set("token", this.#token);
      query.set("since", this.received.completeUpTo);
    }
    if (this.#passphrase !== null) query.set("passphrase", this.#passphrase);
    // http becomes ws, and https becomes wss: a page that came encrypted may not connect unencrypted.
    return `${location.origin.replace(/^http/, "ws")}${this.#path}?${query}`;
  }

  /** Connects with this passphrase. */
  unlock(passphrase) {
    this.#passphrase = passphrase;
    this.connect();
  }

  /** Sends a message now or after the next reconnect, until it is acknowledged. Returns its outbox entry. */
  send(message, about = {}) {
    const entry = this.outbox.add(message, about);
    this.#transmit(entry);
    return entry;
  }

  /** Sends a message once, if that is possible now: for messages that would be useless later. */
  sendOnce(message) {
    if (this.#canSend) this.#socket.send(JSON.stringify(message));
  }

  /** Sends a refused message again, with some of its fields changed. */
  retry(ref, changes = {}) {
    this.#transmit(this.outbox.allow(ref, changes));
  }

  /** Marks an unsent message as refused: it is not sent before `retry` is called. */
  refuse(ref, reason, changes = {}) {
    const entry = this.outbox.refuse(ref, reason, changes);
    this.#emit("refused", { ref, reason, entry });
  }

  /** Drops an unsent message. */
  discard(ref) {
    this.outbox.remove(ref);
  }

  /** Nothing may be sent before the welcome. A socket can be closing before its "close" event arrives. */
  get #canSend() {
    return this.state === "open" && this.#socket.readyState === WebSocket.OPEN;
  }

  #transmit({ ref, message, refused }) {
    // Otherwise the entry stays in the outbox and goes out after the next welcome.
    if (this.#canSend && !refused) this.#socket.send(JSON.stringify({ ...message, ref }));
  }

  #handleMessage(message) {
    const { type, ref } = message;
    const entry = this.outbox.find(ref);
    if (type === "welcome") this.#applyWelcome(message);
    if (type === "ack") this.discard(ref);
    // The author of a message gets an ack with its id where the other members get the message.
    if (type === "said" || type === "ack") this.received.add(message.id ?? 0);
    this.#emit(type, { ...message, entry });
    if (type === "error" && entry) this.refuse(ref, message.message);
    if (type === "welcome") {
      this.#setState("open");
      this.outbox.entries.forEach((entry) => this.#transmit(entry));
    }
  }

  #applyWelcome(welcome) {
    const { token, messages } = welcome;
    this.#openedAt = Date.now();
    this.#token = token;
    save("token", token);
    save("passphrase", this.#passphrase);
    this.received.addWelcome(welcome);
    // The server has these messages of ours, but their acks were lost.
    this.outbox.remove(...messages.map((said) => said.ref));
  }

  #handleClose(code) {
    clearTimeout(this.#heartbeatTimer);
    const wasGood = this.state === "open" && Date.now() - this.#openedAt > GOOD_AFTER;
    this.#socket = null;
    if (code === KICKED) {
      this.#token = null;
      save("token", null);
    }
    if (code === TAKEN_OVER || code === KICKED) {
      this.#setState("stopped", { code });
      return;
    }
    if (code === LOCKED) {
      const isWrong = this.#passphrase !== null;
      this.#passphrase = null;
      save("passphrase", null);
      this.#setState("locked", { isWrong });
      return;
    }
    if (wasGood) this.#failures = 0;
    const delay = backoff(this.#failures);
    this.#failures += 1;
    this.#reconnectTimer = setTimeout(() => this.connect(), delay);
    this.#setState("waiting", { code, until: Date.now() + delay });
  }

  #restartHeartbeatTimer(timeout) {
    this.#lastMessageAt = Date.now();
    clearTimeout(this.#heartbeatTimer);
    this.#heartbeatTimer = setTimeout(() => this.#giveUp(), timeout);
  }

  /** Does not wait for the Close of a peer that does not answer any more. */
  #giveUp() {
    const socket = this.#socket;
    this.#socket = null;
    socket?.close(GIVEN_UP);
    this.#handleClose();
  }

  /** The network or the user has come back: there is no reason to wait for a timer. */
  #reconnectIfDoubtful() {
    if (this.state === "waiting") this.connect();
    if (this.state === "open" && Date.now() - this.#lastMessageAt > DOUBTFUL_AFTER) this.connect();
  }

  #setState(state, detail = {}) {
    this.state = state;
    this.#emit("state", { state, ...detail });
  }

  #emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
