// Loads messages that this page does not have yet: older ones when you scroll up to where they are missing,
// and at once those that you missed while the connection was lost. received-ids.js knows which are missing.
// The server sends them in pages, with the messages of all conversations together.

import { isMarker } from "./conversation.js";

const view = document.getElementById("messages");
const line = document.getElementById("earlier");

/** A list that is too short to scroll is near both, and so it is filled. */
const isNearTop = () => view.scrollTop < view.clientHeight;
const isNearEnd = () => view.scrollHeight - view.scrollTop < 2 * view.clientHeight;

/** The functions of message-list.js draw messages that this page already has. */
export function loadEarlierMessages(connection, state, { scroll, drawOlder, drawNewer, isBeginningDrawn }) {
  const { received } = connection;
  /** The missing range that was requested last and is not answered yet: one request at a time. */
  let requested = null;

  let isLoading = false;

  /** Runs again after each answer, until nothing in view is missing. The server keeps a limited number. */
  function loadIfNeeded() {
    if (isLoading) return; // what is drawn here settles the list
    isLoading = true;
    while (isNearTop() && drawOlder()) { /* draws what is here already */ }
    while (isNearEnd() && drawNewer()) { /* likewise */ }
    updateLine();
    isLoading = false;
    if (requested || connection.state !== "open" || received.missing.length === 0) return;
    const range = received.missed().at(-1) ?? (isNearTop() ? received.missing[0] : null);
    if (!range) return;
    requested = range;
    connection.sendOnce({ type: "earlier", before: range.before, after: range.after });
  }

  /** Marks the places where messages are missing. For the beginning, the line above the list says it. */
  function updateMarkers() {
    const lost = [...received.lost].filter((after) => after > 0);
    setMarkers(state, [
      ...received.missed().map(({ after }) => ({ notice: "missed", after })),
      ...lost.map((after) => ({ notice: "lost", after })),
    ]);
    updateLine();
  }

  function updateLine() {
    view.classList.toggle("loading", received.missing.length > 0);
    const sentence = sentenceAboveList();
    if (sentence === line.textContent) return;
    scroll.update(() => {
      line.textContent = sentence;
      line.hidden = sentence === "";
    }, { older: true });
  }

  function sentenceAboveList() {
    const isMissing = received.missing[0]?.after === 0;
    if (!isBeginningDrawn() || (isMissing && connection.state === "open")) return "Loading …";
    if (isMissing) return "Earlier messages appear when you are connected again.";
    if (received.lost.has(0)) return "Earlier messages are no longer on the server.";
    const isEmpty = state.conversation(state.openKey).messages.every(isMarker);
    return isEmpty ? "" : "This is where the conversation begins.";
  }

  connection.addEventListener("earlier", ({ detail }) => {
    received.addEarlier(requested, detail);
    requested = null;
    state.applyEarlier(detail.messages);
    updateMarkers();
    loadIfNeeded();
  });
  connection.addEventListener("state", ({ detail }) => {
    requested = null; // a request over an earlier connection gets no answer any more
    if (detail.state === "open") updateMarkers();
    else updateLine();
    loadIfNeeded();
  });
  scroll.addEventListener("settled", loadIfNeeded);
  new ResizeObserver(loadIfNeeded).observe(view);
}

/** Replaces the markers of all conversations by these: a list of { notice, after }. */
function setMarkers(state, wanted) {
  const isIn = (markers, { notice, after }) =>
    markers.some((marker) => marker.notice === notice && marker.after === after);
  for (const conversation of state.conversations.values()) {
    const { key } = conversation;
    const present = conversation.messages.filter(isMarker);
    for (const marker of present) {
      if (isIn(wanted, marker)) continue;
      conversation.remove(marker);
      state.emit("removed", marker);
    }
    const added = wanted.filter((marker) => !isIn(present, marker)).map((marker) => ({ ...marker, key }));
    for (const marker of added) conversation.insert(marker);
    if (added.length > 0) state.emit("added", { key, messages: added, live: false, older: true });
  }
}
