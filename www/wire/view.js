// The wire view: the handshake and the frames of one connection, as they pass. It is used by the panel
// on the other pages (panel.js) and by wire.html (main.js).
//
//   wire-source.js → wire-log.js      →  wire-list.js → wire-draw.js → wire-frame.js, wire-handshake.js,
//   (from /wire)     wire-secrets.js     (what is shown, and how)      wire-words.js (what it means)
//                    (what has passed, and what of it is hidden)

import { drawHandshake } from "./draw-frame.js";
import { CLOSE, TEXT, decode } from "./decode-frame.js";
import { acceptSteps, pathOf, statusOf } from "./handshake.js";
import { FrameList, KINDS, WAYS } from "./frame-list.js";
import { KEPT, Log } from "./frame-log.js";
import { make } from "./create-element.js";
import { joined } from "./secrets.js";
import { count, plural } from "./explain-frame.js";

/** What the page says where things are another way on a page of its own. */
const BESIDE = {
  noClose: "No Close yet. Open the second screen, then close this tab to see one.",
  ended: "The next one is watched by itself.",
};
const TOO_SLOW = 1013;
/** Much may come at once: it is drawn together, after so many milliseconds. */
const PATIENCE = 50;
/** This many pixels from the end still count as the end. */
const NEAR = 100;
/** From this width on (in rem) the bits stand in 32 columns, as in the RFC; below it in 8. */
const WIDE = 29;

export class WireView {
  /** The element with all of it in it; the line about its state may be put elsewhere. */
  root = make("div", { class: "wire-view" });
  stateLine;
  handshake;
  #pauseButton;
  #show;
  #hiding;
  #direction;
  #kind;
  #counts;
  #summary;
  #head;
  #list;
  #empty;
  #own;
  #frames;
  #scroller;
  #newest;
  #source;
  #secrets;
  #words;
  #log = new Log();
  #handshake = null;
  #state = "closed";
  #code;
  /** Whether the connection of the handshake is still there: "live", "gone", or "unknown". */
  #watched = "unknown";
  #paused = false;
  #cleared = false;
  #seen = 0;
  #unread = 0;
  /** Messages that have changed since they were drawn. */
  #changed = new Set();
  #timer;
  #filtered = 0;

  constructor(source, secrets, words = BESIDE) {
    this.#source = source;
    this.#secrets = secrets;
    this.#words = words;
    this.#list = new FrameList(secrets);
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
    secrets.addEventListener("change", () => {
      this.#coverHandshake();
      this.#list.cover();
      this.#tellHiding();
    });
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
    this.stateLine = make("p", { class: "wire-state", role: "status" });
    this.#pauseButton = button("Pause", () => this.#togglePause());
    const clear = button("Clear", () => this.#clear());
    this.#show = button("Show secrets", () => this.#toggleSecrets());
    this.#hiding = make("p", { class: "hiding" });
    this.#direction = choice("Direction", WAYS);
    this.#kind = choice("Kind of frame", KINDS);
    this.#counts = make("p", { class: "counts" });
    this.#summary = make("span", { class: "verdict-line" });
    this.#head = make("div", { class: "handshake-body" });
    this.handshake = make("details", { class: "handshake" },
      make("summary", {}, make("h2", {}, "Handshake"), this.#summary), this.#head);
    this.handshake.hidden = true;
    this.#empty = make("p", { class: "nothing" });
    this.#own = make("p", { class: "words own-words", hidden: true },
      "The text inside (type, ref, ack, beat …) is this chat's own. The Echo page shows plain text.");
    this.#frames = make("section", { class: "wire-frames", "aria-label": "Frames" },
      make("h2", {}, "Frames"), this.#own, this.#counts, this.#empty, this.#list.element);
    this.#scroller = make("div", { class: "wire-scroll", tabindex: "0", role: "region", "aria-label": "What has passed" },
      this.handshake, this.#frames);
    this.#newest = button("", () => this.#goToEnd(), { class: "newest", hidden: true });
    this.root.append(
      this.stateLine,
      make("div", { class: "wire-tools", role: "group", "aria-label": "What is shown" },
        this.#pauseButton, clear, this.#direction, this.#kind, this.#show, this.#hiding),
      make("div", { class: "wire-frame" }, this.#scroller, this.#newest));
    this.#scroller.addEventListener("scroll", () => this.#tellNewest());
    new ResizeObserver(() => this.#fit()).observe(this.#frames);
    this.#tellState();
    this.#tellCounts();
  }

  // What comes.

  #meet(handshake) {
    const isNew = this.#handshake && this.#handshake.client !== handshake.client;
    this.#flush();
    this.#handshake = handshake;
    this.#watched = "live";
    this.#own.hidden = pathOf(handshake.request) !== "/chat";
    if (isNew) this.#log.interrupt();
    if (isNew && this.#list.length > 0) this.#list.note(`A new connection, number ${handshake.client}.`);
    this.#secrets.learnRequest(handshake.request);
    this.#coverHandshake();
    this.#tellHiding();
    this.#tellState();
    this.#tellCounts();
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
      if (message.opcode === TEXT) this.#secrets.learnMessage(joined(message.frames));
    }
    this.#tellHiding();
    this.#tellCounts();
    if (this.#paused) return;
    const follow = this.#isAtEnd();
    const fresh = this.#list.show(this.#log.frames, this.#changed);
    if (fresh > 0) this.#cleared = false;
    this.#changed.clear();
    this.#seen = this.#log.total;
    this.#filter();
    this.#unread = follow ? 0 : this.#unread + fresh;
    if (follow) this.#goToEnd();
    this.#tellNewest();
    this.#tellCounts();
  }

  #filter() {
    this.#filtered = this.#list.filter(this.#direction.value, this.#kind.value);
    this.#tellCounts();
  }

  // Secrets.

  #coverHandshake() {
    if (this.#watched === "unknown") return;
    this.handshake.hidden = false;
    const open = Array.from(this.#head.querySelectorAll("details"), (fold) => fold.open);
    this.#head.replaceChildren(...drawHandshake(this.#handshake, this.#secrets));
    this.#head.querySelectorAll("details").forEach((fold, index) => (fold.open = open[index] ?? false));
    const { request, response } = this.#handshake;
    const { matches } = acceptSteps(this.#handshake);
    this.#summary.textContent = `GET ${pathOf(request)} → ${statusOf(response)} ${matches ? "✓" : "✗"}`;
  }

  #toggleSecrets() {
    this.#secrets.shown = !this.#secrets.shown;
    turn(this.#show, this.#secrets.shown ? "Hide secrets" : "Show secrets", this.#secrets.shown);
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
    turn(this.#pauseButton, this.#paused ? "Go on" : "Pause", this.#paused);
    this.#flush();
  }

  #clear() {
    this.#log.clear();
    this.#list.clear();
    this.#changed.clear();
    this.#seen = this.#log.total;
    this.#unread = 0;
    this.#cleared = true;
    this.#filter();
    this.#tellNewest();
  }

  #isAtEnd() {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroller;
    return scrollHeight - scrollTop - clientHeight <= NEAR;
  }

  #goToEnd() {
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
    // The button, which may have the focus, is going away.
    if (document.activeElement === this.#newest) this.#scroller.focus();
    this.#tellNewest();
  }

  #fit() {
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    this.#list.setColumns(this.#frames.clientWidth >= WIDE * rem ? 32 : 8);
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
    const path = pathOf(this.#handshake.request);
    return this.#watched === "gone"
      ? `Ended: ${path}. ${this.#words.ended}`
      : `Watching ${path}, connection ${this.#handshake.client}`;
  }

  #tellCounts() {
    const { total, frames } = this.#log;
    const parts = [`${this.#cleared ? "List cleared; " : ""}${plural(total, "frame")} so far`];
    if (this.#paused) parts.push(`paused, ${count(total - this.#seen)} more since: “Go on” shows what has come`);
    if (total > KEPT && frames.length === KEPT) parts.push(`the newest ${KEPT} are kept`);
    if (this.#filtered > 0) parts.push(`${count(this.#filtered)} filtered out`);
    this.#counts.textContent = parts.join(" · ");
    this.#empty.textContent = this.#whyEmpty();
    this.#empty.hidden = this.#list.length > this.#filtered;
  }

  /** What stands where no frame is. */
  #whyEmpty() {
    const kind = this.#kind.value;
    if (kind === "close" && !this.#log.frames.some(({ opcode }) => opcode === CLOSE)) return this.#words.noClose;
    if (this.#list.length > 0) {
      const which = kind === "all" ? "goes this way" : this.#direction.value === "all" ? "is of this kind" : "is of this kind and goes this way";
      return `None of the ${plural(this.#list.length, "frame")} ${which}.`;
    }
    if (this.#paused) return "Paused: what passes is counted, and “Go on” shows it.";
    if (this.#watched !== "live") return "As soon as there is a connection to watch, its frames come here.";
    if (this.#cleared) return "What comes next is shown here.";
    return "No frame has passed since you opened this. Say something, or wait for the next ping: " +
      "the server sends one every 20 seconds.";
  }

  #tellHiding() {
    const kinds = this.#secrets.kinds.join(", ");
    this.#hiding.textContent = this.#secrets.shown || kinds === "" ? "" : `Hidden here: ${kinds}`;
  }

  #tellNewest() {
    const atEnd = this.#isAtEnd();
    if (atEnd) this.#unread = 0;
    // Who reads an old frame in peace needs no button over it.
    this.#newest.hidden = this.#unread === 0;
    this.#newest.textContent = `${count(this.#unread)} new ↓`;
  }
}

/** A button that does one thing and, when it is on, takes it back: its words say which. */
function turn(button, words, isOn) {
  button.textContent = words;
  button.classList.toggle("on", isOn);
}
