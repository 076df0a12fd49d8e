// The sentences that the wire view says about itself: which connection it watches, how many frames have
// passed, and why the list of frames is empty. Pure functions; view.js passes in its state.

import { CLOSE } from "./decode-frame.js";
import { formatCount, plural } from "./format.js";
import { FRAMES_KEPT } from "./frame-log.js";
import { pathOf, proxyHeaders } from "./handshake.js";

/** The server's close code for a client that was too slow for what was sent to it. */
const TOO_SLOW = 1013;

/** Two sentences that depend on the page: beside the page whose connection is watched … */
export const BESIDE_THE_PAGE = {
  noClose: "No Close yet. Open the second screen, then close this tab to see one.",
  ended: "The next connection is watched automatically.",
};

/** … and on a page of its own, where the connection is that of another tab. */
export const ON_ITS_OWN_PAGE = {
  noClose: "No Close yet. Close the tab that is watched to see one.",
  ended: "Open a page in that tab, and it is watched here.",
};

/** `watched` says whether the connection of the handshake is "live", "gone" or "unknown". */
export function stateSentence({ connectionState, closeCode, watched, handshake, sentences }) {
  if (connectionState === "waiting") {
    return closeCode === TOO_SLOW
      ? "The view was too slow for all that passed (1013). It comes back by itself."
      : "The view's own connection is lost. It comes back by itself.";
  }
  if (watched === "unknown") return "Waiting for a connection to watch …";
  const path = pathOf(handshake.request);
  if (watched === "gone") return `Ended: ${path}. ${sentences.ended}`;
  return `Watching ${path}, connection ${handshake.client}`;
}

/** Says that the bytes are not the browser's own; "" if no proxy has named itself in the request. */
export function proxySentence(request) {
  const names = proxyHeaders(request);
  if (names.length === 0) return "";
  return `This connection comes from a proxy (${names.join(", ")}): you see what passes between the proxy and the ` +
    "server. The browser's own request, masking keys and frames may differ.";
}

/** `unseen`: frames that have passed during the pause; `kept`: frames in the log. */
export function countsSentence({ total, kept, unseen, filteredOut, isPaused, isCleared }) {
  const counted = total === 0 ? "None since you opened this" : `${plural(total, "frame")} so far`;
  const parts = [isCleared ? `List cleared; ${counted}` : counted];
  if (isPaused) parts.push(`paused, ${formatCount(unseen)} more since: “Resume” shows them`);
  if (total > FRAMES_KEPT && kept === FRAMES_KEPT) parts.push(`the newest ${FRAMES_KEPT} are kept`);
  if (filteredOut > 0) parts.push(`${formatCount(filteredOut)} filtered out`);
  return parts.join(" · ");
}

/** Says why no frame is to be seen. `listed`: frames in the list; `frames`: those in the log. */
export function emptySentence({ frames, listed, direction, kind, watched, isPaused, isCleared, sentences }) {
  if (kind === "close" && !frames.some(({ opcode }) => opcode === CLOSE)) return sentences.noClose;
  if (listed > 0) return `None of the ${plural(listed, "frame")} ${describeFilter(direction, kind)}.`;
  if (isPaused) return "Paused: what passes is counted, and “Resume” shows it.";
  if (watched !== "live") return "Frames appear here as soon as there is a connection to watch.";
  if (isCleared) return "New frames appear here.";
  return "What passed before you opened this is not kept. Say something, or wait for the next ping: " +
    "the server sends one every 20 seconds.";
}

function describeFilter(direction, kind) {
  if (kind === "all") return "goes this way";
  return direction === "all" ? "is of this kind" : "is of this kind and goes this way";
}
