// Keeps unsent messages: everything that was sent and that the server has not acknowledged yet.
// connection.js puts messages in, sends them again after each reconnect, and takes them out when their
// ack arrives. The list is stored, so that a reload does not lose a message.
//
// Each entry has a random `ref`. The server stores a message with a known ref only once, so sending an
// entry again is safe: at-least-once delivery plus an idempotent server gives each message exactly once.

import { load, save } from "../shared/storage.js";

export class Outbox {
  /** { ref, message, about, refused? }, oldest first. `refused` is the reason why the server refused it. */
  entries = load("unsent", []);

  find(ref) {
    return this.entries.find((entry) => entry.ref === ref);
  }

  /** Adds a message; `about` is stored beside it and never sent. */
  add(message, about) {
    const entry = { ref: newRef(), message, about };
    this.#replace([...this.entries, entry]);
    return entry;
  }

  /** Takes out the entries with these refs, if there are any. */
  remove(...refs) {
    this.#replace(this.entries.filter((entry) => !refs.includes(entry.ref)));
  }

  /** Keeps the entry but does not send it again before `allow` is called. */
  refuse(ref, reason, changes) {
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

  /** Changes some fields of the entry's message. */
  #change(entry, changes) {
    Object.assign(entry.message, changes);
    this.#replace(this.entries);
    return entry;
  }

  #replace(entries) {
    this.entries = entries;
    save("unsent", entries);
  }
}

/** Returns 12 random bytes in hex. (`crypto.randomUUID` does not exist on pages served over plain http.) */
function newRef() {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
