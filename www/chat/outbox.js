// Keeps unsent messages: everything that was sent and that the server has not acknowledged yet.
// connection.js puts messages in, sends them again after each reconnect, and takes them out when their
// ack arrives. The list is stored, so that a reload does not lose a message.
//
// Each entry has a random `ref`. The server stores a message with a known ref only once, so sending an
// entry again is safe: at-least-once delivery plus an idempotent server gives each message exactly once.
//
// One message that the server cannot take must not keep back all that are behind it. When a connection breaks
// over the messages that are under way, or the server cannot even say which of them was wrong, they are sent
// one at a time: then the one under way is the culprit.

import { randomId } from "../shared/random-id.js";
import { load, save } from "../shared/storage.js";
import { wellFormed } from "../shared/well-formed.js";

/** Its event "change": the entries are others. */
export class Outbox extends EventTarget {
  /**
   * { ref, message, about, bytes?, refused? }, oldest first. `bytes`: the photo that the message announces;
   * `refused`: the reason why the server refused it.
   */
  entries = loadEntries();
  /** The refs that were sent over the connection and are not answered yet. */
  #underWay = new Set();
  #isOneAtATime = false;

  find(ref) {
    return this.entries.find((entry) => entry.ref === ref);
  }

  /** Adds a message; `about` is stored beside it and never sent. */
  add(message, about, bytes) {
    const entry = { ref: randomId(12), message: asWellFormed(message), about, bytes };
    this.#replace([...this.entries, entry]);
    return entry;
  }

  /** Takes out the entries with these refs, if there are any. */
  remove(...refs) {
    for (const ref of refs) this.#underWay.delete(ref);
    this.#replace(this.entries.filter((entry) => !refs.includes(entry.ref)));
    if (this.entries.every((entry) => entry.refused)) this.#isOneAtATime = false;
  }

  /** Keeps the entry but does not send it again before `allow` is called. */
  refuse(ref, reason, changes) {
    this.#underWay.delete(ref);
    const entry = this.find(ref);
    entry.refused = reason;
    return this.#change(entry, changes);
  }

  /** Lets a refused entry be sent again. */
  allow(ref, changes) {
    const entry = this.find(ref);
    delete entry.refused;
    return this.#change(entry, changes);
  }

  /** Returns the entries that are to be sent now. They are under way from now on. */
  takeSendable() {
    const waiting = this.entries.filter(({ ref, refused }) => !refused && !this.#underWay.has(ref));
    const free = this.#isOneAtATime ? 1 - this.#underWay.size : waiting.length;
    const sendable = waiting.slice(0, Math.max(free, 0));
    for (const { ref } of sendable) this.#underWay.add(ref);
    return sendable;
  }

  get isUnderWay() {
    return this.#underWay.size > 0;
  }

  /** A connection begins: everything has to be sent again. */
  startOver() {
    this.#underWay.clear();
  }

  /** Returns the ref of the entry that went wrong. If it could be several, sends them one at a time. */
  findCulprit() {
    if (this.#underWay.size === 1) return [...this.#underWay][0];
    this.#isOneAtATime ||= this.isUnderWay;
    return undefined;
  }

  /** Changes some fields of the entry's message. */
  #change(entry, changes) {
    Object.assign(entry.message, changes);
    this.#replace(this.entries);
    return entry;
  }

  #replace(entries) {
    this.entries = entries;
    save("unsent", entries.filter(({ bytes }) => !bytes)); // a photo is too large for it
    this.dispatchEvent(new Event("change"));
  }
}

/** Returns the message with all its texts well-formed. */
function asWellFormed(message) {
  const change = (value) => (isString(value) ? wellFormed(value) : value);
  return Object.fromEntries(Object.entries(message).map(([key, value]) => [key, change(value)]));
}

/** Returns the stored entries. What is no entry is put aside in storage: it is never sent, and not lost. */
function loadEntries() {
  const stored = load("unsent", [], (value) => value !== null);
  const entries = new Map(); // two entries with one ref would be one message for the server
  for (const entry of Array.isArray(stored) ? stored : []) {
    if (isEntry(entry)) entries.set(entry.ref, { ...entry, message: asWellFormed(entry.message) });
  }
  if (entries.size !== stored.length) save("unsent-damaged", stored);
  return [...entries.values()];
}

const isString = (value) => typeof value === "string";

function isEntry(entry) {
  const { ref, message, about, refused } = entry ?? {};
  return isString(ref) && /^[0-9a-f]{24}$/.test(ref) && isString(refused ?? "") &&
    (isSay(message, about) || isName(message));
}

/** `about` has to have a time, and the name of the one that a private message is for, or it cannot be shown. */
function isSay(message, about) {
  const { type, text, to } = message ?? {};
  const isForOne = Number.isSafeInteger(to) && isString(about?.name);
  return type === "say" && isString(text) && text !== "" && (to === undefined || isForOne) &&
    Number.isFinite(about?.at) && Math.abs(about.at) <= LAST_DATE;
}

const LAST_DATE = 8.64e15; // what a Date of JavaScript can be

const LONGEST_NAME = 200; // much more than any server takes

function isName(message) {
  const { type, name } = message ?? {};
  return type === "name" && isString(name) && name.length <= LONGEST_NAME;
}
