// Notices that the page may have lost its connection without being told: the network came back, the user
// came back to the tab, the browser had frozen the page, or the machine was asleep.

/** Milliseconds between two looks at the clock. */
const INTERVAL = 5000;

/** Calls this function then; with `true` if the page is sure to have slept. */
export function onWakeUp(callback) {
  addEventListener("online", () => callback(false));
  document.addEventListener("resume", () => callback(true)); // after a freeze; Chromium alone tells
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) callback(false);
  });
  // No event tells that the machine was asleep, but the time of day has jumped.
  let lookedAt = Date.now();
  setInterval(() => {
    const hasJumped = Date.now() - lookedAt > 3 * INTERVAL;
    lookedAt = Date.now();
    if (hasJumped && !document.hidden) callback(true); // timers of hidden tabs are slow anyway
  }, INTERVAL);
}

/**
 * A stopwatch: `elapsed()` returns the milliseconds since its start. `performance.now()` is right when the
 * clock is set, but stands still in some browsers while the machine is asleep; the time of day is right then.
 */
export class Stopwatch {
  #now = performance.now();
  #timeOfDay = Date.now();

  elapsed() {
    return performance.now() - this.#now;
  }

  /** The same, with the time that the machine was asleep. Too long if the clock was set forward. */
  elapsedWithSleep() {
    return Math.max(this.elapsed(), Date.now() - this.#timeOfDay);
  }
}
