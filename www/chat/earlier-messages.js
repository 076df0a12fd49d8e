// Loads messages that this page does not have yet: older ones when you scroll up to where they are missing,
// or when all of them are wanted (to save, to print, to search), and at once those that you missed while the
// connection was lost. received-ids.js knows which are missing. The server sends them in pages, with the
// messages of all conversations together.

import { isMarker } from "./conversation.js";

const view = document.getElementById("messages");
const line = document.getElementById("earlier");

/** A list that is too short to scroll is near both, and so it is filled. */
const isNearTop = () => view.scrollTop < view.clientHeight;
const isNearEnd = () => view.scrollHeight - view.scrollTop < 2 * view.clientHeight;

/** Milliseconds between two requests for all messages: what you write has to pass the server's `--pace`, too. */
const REQUEST_EVERY = 100;

/**
 * The functions of message-list.js draw messages that this page already has. Returns two functions: `loadAll`
 * loads all that the server keeps, also after a loss of the connection, and returns the function that stops it;
 * it calls `onProgress` at once and after each step with what `progress` returns: { isComplete, isConnected,
 * isLost }, lost: the server does not keep all of them any more.
 */
export function loadEarlierMessages(connection, state, { scroll, drawOlder, drawNewer, isBeginningDrawn }) {
  const { received } = connection;
  /** The missing range that was requested last and is not answered yet: one request at a time. */
  let requested = null;

  let isLoading = false;
  /** The functions of those who want all messages. */
  const followers = new Set();

  /** Runs again after each answer, until nothing in view is missing. The server keeps a limited number. */
  function loadIfNeeded() {
    if (isLoading) return; // what is drawn here settles the list
    isLoading = true;
    while (isNearTop() && drawOlder()) { /* draws what is here already */ }
    while (isNearEnd() && drawNewer()) { /* likewise */ }
    updateLine();
    isLoading = false;
    if (requested || connection.state !== "open" || received.missing.length === 0) return;
    const isWanted = isNearTop() || followers.size > 0;
    const range = received.missed().at(-1) ?? (isWanted ? received.missing[0] : null);
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
    }, { keepsPlace: true });
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
    report();
    if (isNearTop()) loadIfNeeded();
    else setTimeout(loadIfNeeded, REQUEST_EVERY);
  });
  connection.addEventListener("state", ({ detail }) => {
    requested = null; // a request over an earlier connection gets no answer any more
    if (detail.state === "open") updateMarkers();
    else updateLine();
    report();
    loadIfNeeded();
  });
  scroll.addEventListener("settled", loadIfNeeded);
  new ResizeObserver(loadIfNeeded).observe(view);

  function progress() {
    const isConnected = connection.state === "open";
    const isWelcomed = isConnected || received.highest > 0;
    const isComplete = isWelcomed && received.missing.length === 0;
    return { isComplete, isConnected, isLost: received.lost.size > 0 };
  }

  function report() {
    for (const follower of [...followers]) follower(progress());
  }

  function loadAll(onProgress) {
    followers.add(onProgress);
    report();
    loadIfNeeded();
    return () => followers.delete(onProgress);
  }

  return { loadAll, progress };
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
