// Announces new messages of others to screen readers: a screen reader reads aloud what is added to the
// hidden log (role="log"). Times, ticks and "is typing" are not announced. In a busy room several messages
// are announced as one sentence.

import { plainText } from "./format.js";
import { isHidden } from "./hidden-people.js";

const log = document.getElementById("announcer");

/** Messages that come within this time (milliseconds) are announced together. */
const GATHER_FOR = 1_000;
/** More messages than this are summed up. */
const MOST_IN_FULL = 3;
/** The log keeps this many lines. */
const LINES_KEPT = 20;

export function announceMessages(state) {
  let lines = [];

  function announce() {
    const summary = `${lines.length} new messages, the last: ${lines.at(-1)}`;
    const announced = lines.length <= MOST_IN_FULL ? lines : [summary];
    for (const line of announced) {
      const element = document.createElement("p");
      element.textContent = line;
      log.append(element);
    }
    while (log.children.length > LINES_KEPT) log.firstElementChild.remove();
    lines = [];
  }

  state.addEventListener("added", ({ detail: { key, messages, live } }) => {
    if (!live) return;
    for (const message of messages) {
      const isOwn = Boolean(message.status);
      if (message.notice || isOwn || isHidden(message.from)) continue;
      if (lines.length === 0) setTimeout(announce, GATHER_FOR);
      const to = message.isForYou ? "For you, " : "";
      lines.push(`${key > 0 ? "In private, " : to}${plainText(message)}`);
    }
  });
}
