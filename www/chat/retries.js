// When the connection to the chat is tried again: after longer and longer times (backoff), with 1 s again once a
// connection has lasted. connection.js asks, and decides what counts as lost.

import { backoff } from "../shared/backoff.js";
import { Stopwatch } from "../shared/wake-up.js";

/** A connection that lasted this long (milliseconds) was a good one: after it, the backoff begins at 1 s again. */
const GOOD_AFTER = 10_000;
/** After this many attempts in a row without a welcome, it is not just lost: something may stand in the way. */
const ATTEMPTS = 2;

export class Retries {
  /** Attempts since the last welcome. */
  attempts = 0;
  #failures = 0;
  /** Since the welcome. */
  #open = new Stopwatch();
  #timer;

  /** An attempt begins. */
  begin() {
    this.stop();
    this.attempts += 1;
  }

  /** The server has let this page in. */
  welcomed() {
    this.attempts = 0;
    this.#open = new Stopwatch();
  }

  /** Calls `connect` after the backoff. Returns when that will be, on the clock of `performance.now()`. */
  schedule(connect, { wasOpen }) {
    if (wasOpen && this.#open.elapsed() > GOOD_AFTER) this.#failures = 0;
    const delay = backoff(this.#failures);
    this.#failures += 1;
    this.#timer = setTimeout(connect, delay);
    return performance.now() + delay;
  }

  /** Whether it is time to look for what stands in the way. */
  get areInVain() {
    return this.attempts >= ATTEMPTS;
  }

  stop() {
    clearTimeout(this.#timer);
  }
}
