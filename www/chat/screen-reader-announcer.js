// Reads the others' messages out: a screen reader speaks what is added to the hidden log. Nothing of
// what is only drawn (times, ticks, who is typing) comes here, and nobody is flooded in a busy room.

import { plain } from "./format.js";

const log = document.getElementById("announcer");

const GATHER = 1_000; // what comes within this time belongs together
const FEW = 3;
const KEPT = 20;

export function announceMessages(state) {
  let lines = [];

  function speak() {
    const spoken = lines.length <= FEW ? lines : [`${lines.length} new messages, the last: ${lines.at(-1)}`];
    for (const line of spoken) {
      const element = document.createElement("p");
      element.textContent = line;
      log.append(element);
    }
    while (log.children.length > KEPT) log.firstElementChild.remove();
    lines = [];
  }

  state.addEventListener("added", ({ detail: { key, messages, live } }) => {
    if (!live) return;
    for (const message of messages) {
      if (message.notice || message.status) continue;
      if (lines.length === 0) setTimeout(speak, GATHER);
      lines.push(key > 0 ? `In private, ${plain(message)}` : plain(message));
    }
  });
}
