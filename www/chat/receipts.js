// How far messages have come: tells the server what has arrived here, so that the others' ticks say it.
// What it tells about our own messages is in state.js, and drawn in messages.js.

/** Milliseconds between two; in a busy room much arrives at once. */
const PAUSE = 500;

export function tellArrivals(connection) {
  let told = 0;
  let at = 0;
  let timer;
  // In a big room the server counts for nobody, and needs no thousand pages that tell it something.
  let isBig = false;

  function tell() {
    timer = clearTimeout(timer);
    const { upTo } = connection.arrived;
    if (upTo <= told || isBig || connection.state !== "open") return;
    connection.mention({ type: "received", id: upTo });
    told = upTo;
    at = Date.now();
  }

  /** At once, if it may: in a hidden tab, timers are late. */
  function tellSoon() {
    const wait = at + PAUSE - Date.now();
    if (wait <= 0) tell();
    else timer ??= setTimeout(tell, wait);
  }

  connection.addEventListener("welcome", ({ detail: { resumed, count, members } }) => {
    if (!resumed) told = 0;
    isBig = count > members.length;
  });
  connection.addEventListener("count", () => { isBig = true; });
  for (const type of ["state", "said", "ack", "earlier", "beat"]) {
    connection.addEventListener(type, tellSoon);
  }
}
