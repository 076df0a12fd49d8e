// What was said earlier: asks for it when somebody scrolls up to where it is missing, and at once when
// it was said while the connection was lost. Pages of it come for all conversations together.

import { isMark } from "./conversation.js";

const view = document.getElementById("messages");
const line = document.getElementById("earlier");

/** A list that is too short to scroll is near its beginning, too: it is filled. */
const isNearTop = () => view.scrollTop < view.clientHeight;

/** `around` is that of reading.js, `drawMore` that of messages.js. */
export function bringEarlier(connection, state, { around, drawMore }) {
  const { arrived } = connection;
  /** The hole for which a page is under way; one at a time. */
  let asked = null;

  /** Goes on until nothing is missing in view. That ends, because the server keeps only so much. */
  function ask() {
    while (isNearTop() && drawMore());
    if (asked || connection.state !== "open" || arrived.holes.length === 0) return;
    const hole = arrived.away().at(-1) ?? (isNearTop() ? arrived.holes[0] : null);
    if (!hole) return;
    asked = hole;
    connection.mention({ type: "earlier", before: hole.before });
  }

  /** Marks where something is missing; at the beginning the line above the list says it. */
  function mark() {
    const gone = [...arrived.gone].filter((after) => after > 0);
    state.setMarks([
      ...arrived.away().map(({ after }) => ({ notice: "hole", after })),
      ...gone.map((after) => ({ notice: "gone", after })),
    ]);
    draw();
  }

  function draw() {
    view.classList.toggle("loading", arrived.holes.length > 0);
    const words = sentence();
    if (words === line.textContent) return;
    around(() => {
      line.textContent = words;
      line.hidden = words === "";
    }, { older: true });
  }

  function sentence() {
    const isMissing = arrived.holes[0]?.after === 0;
    if (isMissing && connection.state === "open") return "Loading …";
    if (isMissing) return "What was said before is shown when the connection is back.";
    if (arrived.gone.has(0)) return "What was said before is no longer kept.";
    const isEmpty = state.conversation(state.open).messages.every(isMark);
    return isEmpty ? "" : "This is where the conversation begins.";
  }

  connection.addEventListener("earlier", ({ detail }) => {
    arrived.fill(asked, detail);
    asked = null;
    state.earlier(detail.messages);
    mark();
    ask();
  });
  connection.addEventListener("state", ({ detail }) => {
    asked = null; // what was asked over another connection is not answered any more
    if (detail.state === "open") mark();
    else draw();
    ask();
  });
  for (const type of ["added", "show"]) {
    state.addEventListener(type, () => {
      draw();
      ask();
    });
  }
  view.addEventListener("scroll", ask);
  new ResizeObserver(ask).observe(view);
}
