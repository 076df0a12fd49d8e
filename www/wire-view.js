// The wire view: the handshake and the frames of one connection, as they pass. It is used by the panel
// on the other pages (wire-panel.js) and by wire.html (wire.js).
//
//   wire-source.js  →  wire-log.js, wire-secrets.js  →  wire-view.js  →  wire-draw.js
//   (from /wire)       (what has passed, what is hidden)  (when)           (how it looks)

import { CLOSE, PING, PONG, decode, isControl } from "./wire-frame.js";
import { copyText } from "./wire-copy.js";
import { drawFrame, drawHandshake, drawSummary, frameAsText, linkFields, make } from "./wire-draw.js";
import { pathOf, statusOf, acceptSteps } from "./wire-handshake.js";
import { KEPT, Log } from "./wire-log.js";
import { hideIn, joined } from "./wire-secrets.js";
import { DIRECTIONS, count, opcodeName, plural } from "./wire-words.js";

const TOO_SLOW = 1013;
/** Much may come at once: it is drawn together, after so many milliseconds. */
const PATIENCE = 50;
/** This many pixels from the end still count as the end. */
const NEAR = 100;
/** From this width on (in rem) the bits stand in 32 columns, as in the RFC; below it in 8. */
const WIDE = 29;

const KINDS = {
  all: ["All kinds", () => true],
  data: ["Data", (opcode) => !isControl(opcode)],
  control: ["Control", isControl],
  text: ["Text", (opcode, whole) => whole === 1],
  binary: ["Binary", (opcode, whole) => whole === 2],
  pings: ["Ping, pong", (opcode) => opcode === PING || opcode === PONG],
  close: ["Close", (opcode) => opcode === CLOSE],
};

export class WireView {
  /** The element with all of it in it. */
  root = make("div", { class: "wire-view" });
  #source;
  #secrets;
  #log = new Log();
  #handshake = null;
  #state = "closed";
  #code;
  /** Whether the connection of the handshake is still there: "live", "gone", or "unknown". */
  #watched = "unknown";
  #paused = false;
  #seen = 0;
  #unread = 0;
  /** Messages that have changed since they were drawn. */
  #changed = new Set();
  #timer;
  #columns = 32;
  /** From a frame to its <details>, and from a message to its <li>. */
  #drawn = new Map();
  #items = new Map();

  constructor(source, secrets) {
    this.#source = source;
    this.#secrets = secrets;
    this.#build();
    source.addEventListener("state", ({ detail: { state, code } }) => {
      if (state === "open") {
        this.#log.interrupt();
        this.#watched = "unknown"; // a handshake will tell
      }
      // Until it is open again, an attempt is no news.
      if (state === "connecting" && this.#state === "waiting") return;
      [this.#state, this.#code] = [state, code];
      this.#tellState();
    });
    source.addEventListener("handshake", ({ detail }) => this.#meet(detail));
    source.addEventListener("frame", ({ detail }) => this.#add(detail));
    source.addEventListener("gone", () => {
      this.#watched = "gone";
      this.#tellState();
    });
    secrets.addEventListener("change", () => this.#cover());
  }

  #build() {
    const button = (label, act, attributes = {}) => {
      const element = make("button", { type: "button", class: "quiet", ...attributes }, label);
      element.addEventListener("click", act);
      return element;
    };
    const choice = (label, options) => {
      const entries = Object.entries(options).map(([value, [name]]) => make("option", { value }, name));
      const select = make("select", { "aria-label": label }, ...entries);
      select.addEventListener("change", () => this.#filter());
      return select;
    };
    const directions = { all: ["Both ways"], client: ["To the server"], server: ["From the server"] };
    this.stateLine = make("p", { class: "wire-state", role: "status" });
    this.pause = button("Pause", () => this.#togglePause(), { "aria-pressed": "false" });
    this.clear = button("Clear", () => this.#clear());
    this.show = button("Show secrets", () => this.#toggleSecrets(), { "aria-pressed": "false" });
    this.direction = choice("Direction", directions);
    this.kind = choice("Kind of frame", KINDS);
    this.counts = make("p", { class: "counts" });
    this.summary = make("span", { class: "verdict-line" });
    this.head = make("div", { class: "handshake-body" });
    this.handshake = make("details", { class: "handshake" },
      make("summary", {}, make("h2", {}, "Handshake"), this.summary), this.head);
    this.handshake.hidden = true;
    this.list = make("ol", { class: "wire frames" });
    this.empty = make("p", { class: "nothing" },
      "No frame has passed since you opened this. Say something, or wait for the next ping: the server sends one every 20 seconds.");
    this.frames = make("section", { class: "wire-frames", "aria-label": "Frames" },
      make("h2", {}, "Frames"), this.counts, this.empty, this.list);
    this.scroller = make("div", { class: "wire-scroll", tabindex: "0", role: "region", "aria-label": "What has passed" },
      this.handshake, this.frames);
    this.newest = button("", () => this.#goToEnd(), { class: "newest", hidden: true });
    this.root.append(
      this.stateLine,
      make("div", { class: "wire-tools", role: "group", "aria-label": "What is shown" },
        this.pause, this.clear, this.direction, this.kind, this.show),
      make("div", { class: "wire-frame" }, this.scroller, this.newest));
    this.scroller.addEventListener("scroll", () => this.#tellNewest());
    new ResizeObserver(() => this.#fit()).observe(this.frames);
    this.#tellState();
    this.#tellCounts();
  }

  // What comes.

  #meet(handshake) {
    const isNew = this.#handshake && this.#handshake.client !== handshake.client;
    this.#flush();
    this.#handshake = handshake;
    this.#watched = "live";
    if (isNew) this.#log.interrupt();
    if (isNew && this.#drawn.size > 0) {
      this.list.append(make("li", { class: "anew" }, `A new connection, client ${handshake.client}.`));
    }
    this.#secrets.learnRequest(handshake.request);
    this.#coverHandshake();
    this.#tellState();
  }

  #add(detail) {
    const message = this.#log.add(decode(detail));
    this.#changed.add(message);
    for (const { message } of this.#log.trim()) {
      if (message.frames.length > 0) this.#changed.add(message);
      else this.#changed.delete(message);
    }
    this.#timer ??= setTimeout(() => this.#flush(), PATIENCE);
  }

  #flush() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    // Nothing is drawn before all is learned that may have to be hidden.
    for (const message of this.#changed) {
      if (message.opcode === 1) this.#secrets.learnMessage(joined(message.frames));
    }
    this.#tellCounts();
    if (this.#paused) return;
    const follow = this.#isAtEnd();
    const kept = new Set(this.#log.frames);
    for (const frame of this.#drawn.keys()) if (!kept.has(frame)) this.#remove(frame);
    for (const message of this.#changed) hideIn(message, this.#secrets);
    const fresh = this.#log.frames.filter((frame) => !this.#drawn.has(frame));
    for (const frame of fresh) this.#insert(frame);
    for (const message of this.#changed) this.#refresh(message);
    this.#changed.clear();
    this.#seen = this.#log.total;
    this.#filter();
    this.#unread = follow ? 0 : this.#unread + fresh.length;
    if (follow) this.#goToEnd();
    this.#tellNewest();
    this.#tellCounts();
  }

  // The list.

  #insert(frame) {
    const { message } = frame;
    if (!this.#items.has(message)) {
      const item = make("li", { class: `message ${message.from}` }, make("p", { class: "sum" }));
      this.#items.set(message, item);
      this.list.append(item);
    }
    const body = make("div", { class: "frame-body" });
    const details = make("details", { class: "frame" }, make("summary"), body);
    linkFields(body);
    details.addEventListener("toggle", () => this.#drawBody(frame));
    this.#drawn.set(frame, details);
    this.#items.get(message).append(details);
    this.#drawSummary(frame);
  }

  #remove(frame) {
    this.#drawn.get(frame).remove();
    this.#drawn.delete(frame);
    const item = this.#items.get(frame.message);
    if (item.querySelector("details")) return;
    item.remove();
    this.#items.delete(frame.message);
    // What stood between this connection and the one before it has nothing before it any more.
    while (this.list.firstElementChild?.matches(".anew")) this.list.firstElementChild.remove();
  }

  #drawSummary(frame) {
    const summary = this.#drawn.get(frame).firstElementChild;
    summary.replaceChildren(...drawSummary(frame));
    frame.shown = String(frame.hidden);
  }

  /** Only the frames that are open have a body. */
  #drawBody(frame) {
    const details = this.#drawn.get(frame);
    if (!details) return;
    const copy = make("button", { type: "button", class: "quiet copy" }, "Copy as text");
    copy.addEventListener("click", () => copyText(frameAsText(frame), copy));
    details.lastElementChild.replaceChildren(...(details.open ? [...drawFrame(frame, this.#columns), copy] : []));
  }

  /** Another fragment, or a secret, has changed what there is to say about a message. */
  #refresh(message) {
    const item = this.#items.get(message);
    if (!item) return;
    const { frames, opcode, from, bytes, complete, whole } = message;
    const isOne = message.count === 1 && complete && whole;
    const parts = [`${opcodeName(opcode)} message ${DIRECTIONS[from]} in ${plural(message.count, "frame")}`];
    parts.push(`${plural(bytes, "byte")} in all`);
    if (!complete) parts.push("more is to come");
    if (frames.length < message.count) parts.push(`${count(frames.length)} of the frames are kept`);
    item.querySelector(".sum").textContent = isOne ? "" : parts.join(", ");
    item.classList.toggle("many", !isOne);
    for (const frame of frames) {
      if (!this.#drawn.has(frame) || frame.shown === String(frame.hidden)) continue;
      this.#drawSummary(frame);
      this.#drawBody(frame);
    }
  }

  #filter() {
    const [, isWanted] = KINDS[this.kind.value];
    const way = this.direction.value;
    for (const [message, item] of this.#items) {
      const [{ opcode }] = message.frames.length > 0 ? message.frames : [message];
      item.hidden = (way !== "all" && way !== message.from) || !isWanted(opcode, message.opcode);
    }
    this.#tellCounts();
  }

  // Secrets.

  #cover() {
    this.#coverHandshake();
    for (const message of new Set([...this.#drawn.keys()].map(({ message }) => message))) {
      hideIn(message, this.#secrets);
      this.#refresh(message);
    }
    this.#coverPaused();
  }

  /** While it is paused, frames are still shown that the log has let go of. */
  #coverPaused() {
    for (const frame of this.#drawn.keys()) {
      if (frame.message.frames.includes(frame)) continue;
      frame.hidden = this.#secrets.find(frame.plain, { openStart: true, openEnd: true });
      if (frame.shown === String(frame.hidden)) continue;
      this.#drawSummary(frame);
      this.#drawBody(frame);
    }
  }

  #coverHandshake() {
    if (this.#watched === "unknown") return;
    this.handshake.hidden = false;
    this.head.replaceChildren(...drawHandshake(this.#handshake, this.#secrets));
    const { request, response } = this.#handshake;
    const { matches } = acceptSteps(this.#handshake);
    this.summary.textContent = `GET ${pathOf(request)} → ${statusOf(response)} ${matches ? "✓" : "✗"}`;
  }

  #toggleSecrets() {
    this.#secrets.shown = !this.#secrets.shown;
    this.show.setAttribute("aria-pressed", String(this.#secrets.shown));
  }

  // What one can do.

  open() {
    this.#source.open();
  }

  close() {
    this.#source.close();
  }

  /** Hidden again, for the next time. */
  hideSecrets() {
    if (this.#secrets.shown) this.#toggleSecrets();
  }

  #togglePause() {
    this.#paused = !this.#paused;
    this.pause.setAttribute("aria-pressed", String(this.#paused));
    this.#flush();
  }

  #clear() {
    this.#log.clear();
    for (const frame of [...this.#drawn.keys()]) this.#remove(frame);
    this.list.replaceChildren();
    this.#changed.clear();
    this.#seen = this.#log.total;
    this.#unread = 0;
    this.#tellCounts();
    this.#tellNewest();
  }

  #isAtEnd() {
    const { scrollHeight, scrollTop, clientHeight } = this.scroller;
    return scrollHeight - scrollTop - clientHeight <= NEAR;
  }

  #goToEnd() {
    this.scroller.scrollTop = this.scroller.scrollHeight;
    // The button, which may have the focus, is going away.
    if (document.activeElement === this.newest) this.scroller.focus();
    this.#tellNewest();
  }

  #fit() {
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    const columns = this.frames.clientWidth >= WIDE * rem ? 32 : 8;
    if (columns === this.#columns) return;
    this.#columns = columns;
    for (const frame of this.#drawn.keys()) this.#drawBody(frame);
  }

  // What it says about itself.

  #tellState() {
    const text = this.#sentence();
    if (this.stateLine.textContent !== text) this.stateLine.textContent = text;
    this.stateLine.classList.toggle("live", this.#state === "open" && this.#watched === "live");
  }

  #sentence() {
    if (this.#state === "waiting") {
      return this.#code === TOO_SLOW
        ? "The view was too slow for all that passed (1013). It comes back by itself."
        : "The view's own connection is lost. It comes back by itself.";
    }
    if (this.#watched === "unknown") return "Waiting for a connection to watch …";
    const who = `${pathOf(this.#handshake.request)}, client ${this.#handshake.client}`;
    return this.#watched === "gone" ? `Ended: ${who}. The next one is watched by itself.` : `Watching ${who}`;
  }

  #tellCounts() {
    const { total, frames } = this.#log;
    const parts = [`${plural(total, "frame")} so far`];
    if (this.#paused) parts.push(`paused, ${count(total - this.#seen)} more since`);
    if (total > KEPT && frames.length === KEPT) parts.push(`the newest ${KEPT} are kept`);
    const hidden = [...this.#items].filter(([, { hidden }]) => hidden);
    const filtered = hidden.reduce((sum, [{ frames }]) => sum + frames.length, 0);
    if (filtered > 0) parts.push(`${count(filtered)} filtered out`);
    this.counts.textContent = parts.join(" · ");
    this.empty.hidden = total > 0;
  }

  #tellNewest() {
    const atEnd = this.#isAtEnd();
    if (atEnd) this.#unread = 0;
    // Who reads an old frame in peace needs no button over it.
    this.newest.hidden = this.#unread === 0;
    this.newest.textContent = `${count(this.#unread)} new ↓`;
  }
}
