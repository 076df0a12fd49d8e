// The connection to the chat: connects, notices when the connection is lost, reconnects, and sends each
// message until the server has acknowledged it. It does not touch the page, so your own page can use it:
//
//   import { Connection } from "./chat/connection.js";
//   const connection = new Connection("chat");
//   connection.addEventListener("said", (event) => console.log(event.detail.text));
//   connection.connect();
//   connection.send({ type: "say", text: "hello" });
//
// Each message from the server becomes an event that has the message's `type` as its name. One more
// event, "state", tells how the connection is: "connecting", "open", "waiting" (for the next attempt),
// "stopped" (it does not reconnect by itself), or "locked" (the server asks for a passphrase: `unlock`).

import { socketAddress } from "../shared/socket-address.js";
import { load, save } from "../shared/storage.js";
import { onReturn } from "../shared/tab.js";
import { onWakeUp } from "../shared/wake-up.js";
import { BROKEN, GIVEN_UP, KICKED, LOCKED, TAKEN_OVER, TOO_LONG } from "./close-codes.js";
import { ENTRY_EVERY, continueClosedTab, isToken, leaveToNextTab } from "./closed-tab.js";
import { Heartbeat } from "./heartbeat.js";
import { findObstacle } from "./obstacle.js";
import { LONGEST_PASSPHRASE, openSocket } from "./open-socket.js";
import { Outbox } from "./outbox.js";
import { ReceivedIds } from "./received-ids.js";
import { Retries } from "./retries.js";

// All times are in milliseconds.

/** A browser would take minutes to give up an attempt that gets no answer. */
const CONNECT_TIMEOUT = 10_000;
/** An attempt that takes longer is made once more when the network comes back. */
const HOPEFUL_FOR = 2000;
/** A connection that breaks this often while messages are under way breaks because of one of them. */
const BREAKS = 5;

const isPassphrase = (value) => typeof value === "string" && value.length <= LONGEST_PASSPHRASE;

// Before the connection reads what is stored.
await continueClosedTab();

export class Connection extends EventTarget {
  state = "connecting";
  outbox = new Outbox();
  received = new ReceivedIds();
  #path;
  #wireId;
  #socket = null;
  /** Proves to the server, after a reconnect, that this is the same member. */
  #token = load("token", null, isToken);
  /** Stored only after the server has accepted it. */
  #passphrase = load("passphrase", null, isPassphrase);
  #retries = new Retries();
  /** Connections that broke while messages were under way, since the last answer to one. */
  #breaks = 0;
  /** The `since` of the request for this connection. */
  #since = 0;
  /** The server's last welcome does not go together with the messages that are here. */
  #isOutdated = false;
  #heartbeat = new Heartbeat(({ slept }) => (slept ? this.connect() : this.#giveUp()));

  /** If `wireId` is given, the wire view can watch this connection. */
  constructor(path, { wireId } = {}) {
    super();
    this.#path = path;
    this.#wireId = wireId;
    onWakeUp((hasSlept) => this.#reconnectIfDoubtful(hasSlept));
    // A server on this machine can still be reached: the next attempt will show it.
    addEventListener("offline", () => {
      if (this.state === "open" || this.state === "connecting") this.#giveUp();
    });
    addEventListener("pagehide", () => this.#leave());
    setInterval(() => this.#leaveToNextTab(), ENTRY_EVERY);
    onReturn(() => {
      if (this.state !== "stopped" && this.state !== "locked") this.connect();
    });
  }

  /** Connects now. Gives up the connection that there is, if there is one. */
  connect() {
    this.#retries.begin();
    this.#closeSocket();
    this.#since = this.#token === null ? 0 : this.received.completeUpTo;
    const [since, token, passphrase] = [this.#since, this.#token, this.#passphrase];
    const socket = openSocket(this.#path, { wireId: this.#wireId, since, token, passphrase });
    this.#socket = socket;
    this.outbox.startOver();
    this.#setState("connecting");
    this.#heartbeat.restart(CONNECT_TIMEOUT);
    // A socket that was given up may still have events: they are ignored.
    socket.addEventListener("message", (event) => {
      if (socket !== this.#socket) return;
      this.#heartbeat.restart();
      this.#handleMessage(JSON.parse(event.data));
    });
    socket.addEventListener("close", (event) => {
      if (socket === this.#socket) this.#handleClose(event.code);
    });
  }

  /** Connects with this passphrase. */
  unlock(passphrase) {
    this.#passphrase = passphrase;
    this.connect();
  }

  /**
   * Sends a message now or after the next reconnect, until it is acknowledged. Returns its outbox entry. With
   * `bytes`, these follow it as a binary message.
   */
  send(message, about = {}, bytes) {
    const entry = this.outbox.add(message, about, bytes);
    this.#leaveToNextTab();
    this.#transmit();
    return entry;
  }

  /** Sends a message once, if that is possible now: for messages that would be useless later. */
  sendOnce(message) {
    if (this.#canSend) this.#socket.send(JSON.stringify(message));
  }

  /** Sends a refused message again, with some of its fields changed. */
  retry(ref, changes = {}) {
    this.outbox.allow(ref, changes);
    this.#transmit();
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
    return this.state === "open" && this.#socket?.readyState === WebSocket.OPEN;
  }

  /** Sends what waits in the outbox. If it cannot be sent now, it goes out after the next welcome. */
  #transmit() {
    if (!this.#canSend) return;
    for (const { ref, message, bytes } of this.outbox.takeSendable()) {
      this.#socket.send(JSON.stringify({ ...message, ref }));
      if (bytes) this.#socket.send(bytes); // at once: nothing may come between the two
    }
  }

  #handleMessage(message) {
    const { type, ref } = message;
    const entry = this.outbox.find(ref);
    if (type === "welcome" && !this.#applyWelcome(message)) return;
    if (type === "ack") {
      this.discard(ref);
      this.#leaveToNextTab(); // or the next tab, as another member, could send it again
    }
    if (entry) this.#breaks = 0;
    // The author of a message gets an ack with its id where the other members get the message.
    if (type === "said" || type === "ack") this.received.add(message.id ?? 0);
    this.#emit(type, { ...message, entry });
    if (type === "error" && entry) this.refuse(ref, message.message);
    if (type === "error" && !ref && this.outbox.isUnderWay && !this.#refuseCulprit(message.message)) {
      this.connect(); // and one at a time from there
    }
    if (type === "welcome") this.#setState("open");
    this.#transmit();
  }

  /**
   * Adds `reset` to the welcome: what is here of the server's messages is no more true. Returns false if only
   * this page has noticed that; then it connects once more, for the newest messages.
   */
  #applyWelcome(welcome) {
    const { token, messages, resumed } = welcome;
    welcome.reset ||= !resumed || this.#isOutdated;
    const first = messages[0]?.id ?? Infinity;
    const last = messages.at(-1)?.id ?? this.#since;
    this.#token = token;
    this.#isOutdated = !welcome.reset && (first <= this.#since || last < this.received.highest);
    if (this.#isOutdated) {
      this.received.clear();
      this.connect();
      return false;
    }
    this.#retries.welcomed();
    save("token", token);
    save("passphrase", this.#passphrase);
    this.#leaveToNextTab();
    this.received.addWelcome(welcome);
    // The server has these messages of ours, but their acks were lost.
    this.outbox.remove(...messages.map((said) => said.ref));
    return true;
  }

  /** Something that is under way cannot be sent. Refuses it; or returns false, if it could be several. */
  #refuseCulprit(reason) {
    const ref = this.outbox.findCulprit();
    if (ref === undefined) return false;
    this.#breaks = 0;
    this.refuse(ref, reason);
    return true;
  }

  #handleClose(code) {
    this.#heartbeat.stop();
    this.#socket = null;
    const wasOpen = this.state === "open"; // otherwise the Close may be that of a filter in between
    if (code === KICKED && wasOpen) {
      this.#token = null;
      save("token", null);
      this.#leaveToNextTab(); // nothing: after a reload its unsent messages would be said once more
    }
    if (code === TAKEN_OVER || (code === KICKED && wasOpen)) {
      this.#setState("stopped", { code });
    } else if (code === LOCKED) {
      this.#retries.attempts = 0; // nothing stands in the way
      const isWrong = this.#passphrase !== null;
      this.#passphrase = null;
      save("passphrase", null);
      this.#setState("locked", { isWrong });
    } else {
      if (code === TOO_LONG) this.#refuseCulprit("it is too long for this server");
      if (code === BROKEN && this.outbox.isUnderWay) this.#breaks += 1;
      if (this.#breaks >= BREAKS) this.#refuseCulprit("the connection breaks each time when it is sent");
      // A page that was asleep tries at once, before it says that anything is wrong.
      if (wasOpen && this.#heartbeat.isDoubtful) this.connect();
      else this.#wait(code);
    }
  }

  /** The connection is lost. Waits until the next attempt. */
  #wait(code) {
    const until = this.#retries.schedule(() => this.connect(), { wasOpen: this.state === "open" });
    const detail = { code, until, isOffline: !navigator.onLine };
    this.#setState("waiting", detail);
    if (this.#retries.areInVain) this.#explain(detail);
  }

  /** Says what stands in the way, if anything but a server that is not there. */
  async #explain(detail) {
    const { attempts } = this.#retries;
    const obstacle = await findObstacle(socketAddress(this.#path));
    const isStillWaiting = this.state === "waiting" && this.#retries.attempts === attempts;
    if (obstacle && isStillWaiting) this.#setState("waiting", { ...detail, obstacle });
  }

  /** Does not wait for the Close of a peer that does not answer any more. */
  #giveUp() {
    this.#closeSocket();
    this.#wait();
  }

  #closeSocket() {
    this.#heartbeat.stop();
    const socket = this.#socket;
    this.#socket = null; // its events are ignored from now on
    socket?.close(GIVEN_UP);
  }

  /** The page is left, perhaps only until the user comes back to it. An open connection would be frozen. */
  #leave() {
    this.#retries.stop();
    this.#closeSocket();
    this.#leaveToNextTab(true);
  }

  #leaveToNextTab(hasEnded = false) {
    if (this.state !== "stopped") leaveToNextTab({ hasEnded });
  }

  /** The network or the user has come back: there is no reason to wait for a timer. */
  #reconnectIfDoubtful(hasSlept) {
    if (this.state === "waiting") this.connect();
    if (this.state === "open" && (hasSlept || this.#heartbeat.isDoubtful)) this.connect();
    // This attempt may have begun without a network.
    if (this.state === "connecting" && this.#heartbeat.silence > HOPEFUL_FOR) this.connect();
  }

  #setState(state, detail = {}) {
    this.state = state;
    this.#emit("state", { state, ...detail });
  }

  #emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
