// The wire view: the handshake and the frames of one connection, as they pass. panel.js shows it beside a
// page, main.js on a page of its own. main.js lists all modules in reading order.
//
//   connection.js  →  frame-log.js  →  frame-list.js  →  draw-*.js
//   (from /wire)      secrets.js       (what is shown)   (how it looks)

import { TEXT, decodeFrame } from "./decode-frame.js";
import { drawHandshake } from "./draw-handshake.js";
import { FrameList } from "./frame-list.js";
import { FrameLog } from "./frame-log.js";
import { pathOf } from "./handshake.js";
import { ListEnd } from "./list-end.js";
import { joinPayloads } from "./secrets.js";
import { buildViewElements, setSwitch } from "./view-elements.js";
import { BESIDE_THE_PAGE, countsSentence, emptySentence, proxySentence, stateSentence } from "./view-sentences.js";

/** Frames that come within this time (milliseconds) are drawn together: each time the browser lays out the list. */
const DRAW_AFTER = 150;
/** After this time (milliseconds) the other frames wait until the next time: the page has more to do than this. */
const DRAW_FOR = 30;
/** From this width on (in rem) the bits have 32 columns, as in the RFC; below it they have 8. */
const WIDE = 33;

export class WireView {
  #elements;
  #connection;
  #secrets;
  /** The sentences that depend on the page. */
  #sentences;
  #log = new FrameLog();
  #list;
  #end;
  #handshake = null;
  /** The state of the view's own connection, and the code with which it was closed. */
  #connectionState = "closed";
  #closeCode;
  /** Whether the connection of the handshake is "live", "gone", or "unknown". */
  #watched = "unknown";
  #isPaused = false;
  #isCleared = false;
  /** How many of the frames that have passed were drawn. */
  #drawnTotal = 0;
  #filteredOut = 0;
  /** Messages that have changed since the list was drawn. */
  #changed = new Set();
  #drawTimer;

  constructor(connection, secrets, sentences = BESIDE_THE_PAGE) {
    this.#connection = connection;
    this.#secrets = secrets;
    this.#sentences = sentences;
    this.#list = new FrameList(secrets);
    this.#elements = buildViewElements({
      togglePause: () => this.#togglePause(),
      clear: () => this.#clear(),
      toggleSecrets: () => this.#toggleSecrets(),
      filter: () => this.#filter(),
      goToEnd: () => this.#goToEnd(),
    }, this.#list.element);
    this.#end = new ListEnd(this.#elements);
    const { scroller, frames } = this.#elements;
    scroller.addEventListener("scroll", () => {
      this.#updateNewestButton();
      if (this.#drawnTotal < this.#log.total) this.#drawSoon();
    });
    new ResizeObserver(() => this.#chooseColumns()).observe(frames);
    this.#updateState();
    this.#updateCounts();

    connection.addEventListener("state", ({ detail }) => this.#handleState(detail));
    connection.addEventListener("handshake", ({ detail }) => this.#handleHandshake(detail));
    connection.addEventListener("frame", ({ detail }) => this.#handleFrame(detail));
    connection.addEventListener("gone", () => {
      this.#watched = "gone";
      this.#updateState();
      this.#updateCounts();
    });
    secrets.addEventListener("change", () => {
      this.#drawHandshake();
      this.#list.updateHiding();
      this.#updateHiddenLine();
    });
  }

  /** The element with the whole view. */
  get root() {
    return this.#elements.root;
  }

  /** The line about its state. */
  get stateLine() {
    return this.#elements.stateLine;
  }

  /** The row of tools. It may be moved to another place on the page. */
  get tools() {
    return this.#elements.tools;
  }

  /** The tools that are behind a button where the row is too narrow. A page may add to them. */
  get moreTools() {
    return this.#elements.more;
  }

  /** The sentence that says why there are no frames; hidden if there are some. */
  get emptyLine() {
    return this.#elements.emptyLine;
  }

  /** The <details> with the handshake. */
  get handshake() {
    return this.#elements.handshake;
  }

  open() {
    this.#connection.connect();
  }

  close() {
    this.#connection.close();
    if (this.#secrets.shown) this.#toggleSecrets(); // hidden again for the next time
  }

  // What the server sends.

  #handleState({ state, code }) {
    if (state === "open") {
      this.#log.interrupt();
      this.#watched = "unknown"; // until a handshake comes
    }
    // A further attempt is no news for a screen reader, so the line keeps its sentence.
    if (state === "connecting" && this.#connectionState === "waiting") return;
    this.#connectionState = state;
    this.#closeCode = code;
    this.#updateState();
  }

  #handleHandshake(handshake) {
    const isNewConnection = this.#handshake && this.#handshake.client !== handshake.client;
    this.#draw(); // the frames of the connection before it
    this.#handshake = handshake;
    this.#watched = "live";
    const { chatNote, proxyNote } = this.#elements;
    chatNote.hidden = pathOf(handshake.request) !== "/chat";
    proxyNote.textContent = proxySentence(handshake.request);
    proxyNote.hidden = proxyNote.textContent === "";
    if (isNewConnection) this.#log.interrupt();
    if (isNewConnection && this.#list.length > 0) {
      this.#list.appendNote(`A new connection, number ${handshake.client}.`);
    }
    this.#secrets.learnRequest(handshake.request);
    this.#drawHandshake();
    this.#updateHiddenLine();
    this.#updateState();
    this.#updateCounts();
  }

  #handleFrame(frameMessage) {
    const message = this.#log.add(decodeFrame(frameMessage));
    message.isSocketIo = this.#handshake !== null && pathOf(this.#handshake.request) === "/socket.io/";
    // Before it is drawn. It may hold the rest of a secret that another frame began.
    if (message.opcode === TEXT) this.#secrets.learnMessage(joinPayloads(message.frames));
    this.#changed.add(message);
    for (const dropped of this.#log.trim()) {
      if (dropped.message.frames.length > 0) this.#changed.add(dropped.message);
      else this.#changed.delete(dropped.message);
    }
    this.#drawSoon();
  }

  // Drawing.

  #drawSoon() {
    this.#drawTimer ??= setTimeout(() => this.#draw({ isLive: true }), DRAW_AFTER);
  }

  /** *Speed*: the list is measured before anything changes and when all has changed, so it is laid out once. */
  #draw({ isLive = false } = {}) {
    this.#drawTimer = clearTimeout(this.#drawTimer);
    const isAtEnd = this.#end.isFollowed;
    const isEnough = isLive && this.#end.isEnough(this.#drawnTotal);
    this.#updateHiddenLine();
    if (!this.#isPaused && !isEnough) this.#drawFrames(isLive ? performance.now() + DRAW_FOR : Infinity);
    this.#updateCounts();
    this.#updateNewestButton(isAtEnd || this.#end.isAtEnd); // all may be in view, although nothing has moved
    if (isAtEnd && !this.#isPaused) this.#end.scrollToEnd();
  }

  #drawFrames(deadline) {
    const waiting = this.#list.show(this.#log.frames, this.#changed, deadline);
    if (this.#list.length > 0) this.#isCleared = false;
    this.#changed = new Set(waiting.map(({ message }) => message));
    this.#drawnTotal = this.#log.total - waiting.length;
    this.#applyFilter();
    if (waiting.length > 0) this.#drawSoon();
  }

  #drawHandshake() {
    if (this.#watched !== "unknown") drawHandshake(this.#elements, this.#handshake, this.#secrets);
  }

  #chooseColumns() {
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    this.#list.setColumns(this.#elements.frames.clientWidth >= WIDE * rem ? 32 : 8);
  }

  // What the buttons do.

  #togglePause() {
    this.#isPaused = !this.#isPaused;
    setSwitch(this.#elements.pauseButton, this.#isPaused ? "Resume" : "Pause", this.#isPaused);
    this.#draw({ isLive: true });
  }

  #clear() {
    this.#log.clear();
    this.#list.clear();
    this.#changed.clear();
    this.#drawnTotal = this.#log.total;
    this.#isCleared = true;
    this.#filter();
    this.#updateNewestButton(true);
  }

  #toggleSecrets() {
    this.#secrets.shown = !this.#secrets.shown;
    const { shown } = this.#secrets;
    setSwitch(this.#elements.secretsButton, shown ? "Hide secrets" : "Show secrets", shown);
  }

  #filter() {
    this.#applyFilter();
    this.#updateCounts();
  }

  #applyFilter() {
    const { directionSelect, kindSelect } = this.#elements;
    this.#filteredOut = this.#list.filter(directionSelect.value, kindSelect.value);
  }

  #goToEnd() {
    this.#updateNewestButton(true);
    this.#end.scrollToEnd();
  }

  // What the view says about itself.

  #updateState() {
    const { stateLine } = this.#elements;
    const sentence = stateSentence({
      connectionState: this.#connectionState,
      closeCode: this.#closeCode,
      watched: this.#watched,
      handshake: this.#handshake,
      sentences: this.#sentences,
    });
    // A screen reader reads each change, so the same sentence is not written again.
    if (stateLine.textContent !== sentence) stateLine.textContent = sentence;
    const isLive = this.#connectionState === "open" && this.#watched === "live";
    stateLine.classList.toggle("live", isLive);
  }

  #updateCounts() {
    const { countsLine, emptyLine, directionSelect, kindSelect } = this.#elements;
    const { total, frames } = this.#log;
    const [isPaused, isCleared] = [this.#isPaused, this.#isCleared];
    countsLine.textContent = countsSentence({
      total, kept: frames.length, unseen: total - this.#drawnTotal, filteredOut: this.#filteredOut,
      isPaused, isCleared,
    });
    emptyLine.hidden = this.#list.length > this.#filteredOut;
    emptyLine.textContent = emptySentence({
      frames, listed: this.#list.length, direction: directionSelect.value, kind: kindSelect.value,
      watched: this.#watched, isPaused, isCleared, sentences: this.#sentences,
    });
  }

  #updateHiddenLine() {
    const { shown, kinds } = this.#secrets;
    const isNothingHidden = shown || kinds.length === 0;
    this.#elements.hiddenLine.textContent = isNothingHidden ? "" : `Hidden here: ${kinds.join(", ")}`;
  }

  #updateNewestButton(isAtEnd) {
    this.#end.update(this.#isPaused ? this.#drawnTotal : this.#log.total, this.#drawnTotal, isAtEnd);
  }
}
