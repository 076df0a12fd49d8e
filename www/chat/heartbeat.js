// Notices that a connection is dead although no one has closed it: no message comes any more. The server
// sends a `beat` after 20 s of silence, so that there always is one.

import { Stopwatch } from "../shared/wake-up.js";

// All times are in milliseconds.

/** After this long without a message the connection is dead. */
const DEAD_AFTER = 45_000;
/** After this long without a message, a connection that is still here was not watched: the page slept. */
const DOUBTFUL_AFTER = 25_000;
/** A timer that is this much too late did not run, because the page was frozen or the machine asleep. */
const LATE = 5000;

export class Heartbeat {
  #timer;
  #silence = new Stopwatch();
  #onDead;
  #isFrozen = false;

  /** Calls `onDead({ slept })` after too long a silence; `slept`: it was noticed late. */
  constructor(onDead) {
    this.#onDead = onDead;
    // When the page goes on, it may see the end of its connection before it is told that it was frozen.
    document.addEventListener("freeze", () => {
      this.#isFrozen = true;
    });
  }

  /** A message has come: the silence begins anew. */
  restart(timeout = DEAD_AFTER) {
    this.stop();
    this.#isFrozen = false;
    this.#silence = new Stopwatch();
    this.#timer = setTimeout(() => {
      this.#onDead({ slept: this.#silence.elapsedWithSleep() > timeout + LATE });
    }, timeout);
  }

  stop() {
    clearTimeout(this.#timer);
  }

  get silence() {
    return this.#silence.elapsedWithSleep();
  }

  get isDoubtful() {
    return this.#isFrozen || this.silence > DOUBTFUL_AFTER;
  }
}
