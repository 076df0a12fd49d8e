// Sends receipts: tells the server up to which id all messages have arrived here. From that the server
// computes "Delivered to 3 of 4" for their authors. The receipts for your own messages are applied in
// state.js and drawn in message-item.js.

import { Stopwatch } from "../shared/wake-up.js";

/** Milliseconds between two receipts. In a busy room many messages arrive at once. */
const INTERVAL = 500;

export function sendReceipts(connection) {
  let sentUpTo = 0;
  let sinceSent = null;
  let timer;
  // In a big room the server counts no receipts, and a thousand pages would send them for nothing.
  let isBigRoom = false;

  function send() {
    timer = clearTimeout(timer);
    const { completeUpTo } = connection.received;
    if (completeUpTo <= sentUpTo || isBigRoom || connection.state !== "open") return;
    connection.sendOnce({ type: "received", id: completeUpTo });
    sentUpTo = completeUpTo;
    sinceSent = new Stopwatch();
  }

  /** Sends without a timer where it may: browsers delay the timers of hidden tabs. */
  function sendSoon() {
    const wait = sinceSent ? INTERVAL - sinceSent.elapsed() : 0;
    if (wait <= 0) send();
    else timer ??= setTimeout(send, wait);
  }

  connection.addEventListener("welcome", ({ detail: { reset, count, members } }) => {
    if (reset) sentUpTo = 0;
    isBigRoom = count > members.length;
  });
  connection.addEventListener("count", () => {
    isBigRoom = true;
  });
  for (const type of ["state", "said", "ack", "earlier", "beat"]) {
    connection.addEventListener(type, sendSoon);
  }
}
