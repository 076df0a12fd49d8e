// The list of frames: each a <details> with a line about it, those of one message together. What comes
// and when is decided in wire-view.js, what a frame looks like in wire-draw.js.

import { copyText } from "./copy-text.js";
import { drawFrame, drawSummary, frameAsText, linkFields } from "./draw-frame.js";
import { CLOSE, PING, PONG, TEXT, BINARY, isControl } from "./decode-frame.js";
import { make } from "./create-element.js";
import { hideIn } from "./secrets.js";
import { DIRECTIONS, count, opcodeName, plural } from "./explain-frame.js";

export const WAYS = { all: ["Both ways"], client: ["To the server"], server: ["From the server"] };

/** What may be filtered for: a name, and whether a frame, and its message, are of that kind. */
export const KINDS = {
  all: ["All kinds", () => true],
  data: ["Data", (opcode) => !isControl(opcode)],
  control: ["Control", isControl],
  text: ["Text", (opcode, whole) => whole === TEXT],
  binary: ["Binary", (opcode, whole) => whole === BINARY],
  pings: ["Ping, pong", (opcode) => opcode === PING || opcode === PONG],
  close: ["Close", (opcode) => opcode === CLOSE],
};

export class FrameList {
  element = make("ol", { class: "wire frames" });
  #secrets;
  #columns = 32;
  /** From a frame to its <details>, and from a message to its <li>. */
  #drawn = new Map();
  #items = new Map();

  constructor(secrets) {
    this.#secrets = secrets;
  }

  get length() {
    return this.#drawn.size;
  }

  /** Shows these frames, of which those of the `changed` messages may look different; returns how many are new. */
  show(frames, changed) {
    const kept = new Set(frames);
    for (const frame of this.#drawn.keys()) if (!kept.has(frame)) this.#remove(frame);
    for (const message of changed) hideIn(message, this.#secrets);
    const fresh = frames.filter((frame) => !this.#drawn.has(frame));
    for (const frame of fresh) this.#insert(frame);
    for (const message of changed) this.#refresh(message);
    return fresh.length;
  }

  /** A word between the frames. */
  note(text) {
    this.element.append(make("li", { class: "anew" }, text));
  }

  clear() {
    this.#drawn.clear();
    this.#items.clear();
    this.element.replaceChildren();
  }

  /** Secrets have been learned, or shall be shown, or hidden. */
  cover() {
    for (const message of this.#items.keys()) {
      hideIn(message, this.#secrets);
      this.#refresh(message);
    }
    // While the view is paused, frames are still here that the log has let go of.
    for (const frame of this.#drawn.keys()) {
      if (frame.message.frames.includes(frame)) continue;
      frame.hidden = this.#secrets.find(frame.plain, { openStart: true, openEnd: true });
      this.#redraw(frame);
    }
  }

  /** Shows only what goes this way and is of this kind; returns how many frames that leaves out. */
  filter(way, kind) {
    const [, isWanted] = KINDS[kind];
    let left = 0;
    for (const [message, item] of this.#items) {
      const { opcode } = message.frames[0] ?? message;
      item.hidden = (way !== "all" && way !== message.from) || !isWanted(opcode, message.opcode);
      if (item.hidden) left += message.frames.length;
    }
    return left;
  }

  /** How many columns the bits have. */
  setColumns(columns) {
    if (columns === this.#columns) return;
    this.#columns = columns;
    for (const frame of this.#drawn.keys()) this.#drawBody(frame);
  }

  #insert(frame) {
    const { message } = frame;
    if (!this.#items.has(message)) {
      const item = make("li", { class: `message ${message.from}` }, make("p", { class: "sum" }));
      this.#items.set(message, item);
      this.element.append(item);
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
    // A word between this connection and the one before it has nothing before it any more.
    while (this.element.firstElementChild?.matches(".anew")) this.element.firstElementChild.remove();
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
    const copy = make("button", { type: "button", class: "quiet copy" }, "Copy this frame, explained");
    copy.addEventListener("click", () => copyText(frameAsText(frame), copy));
    details.lastElementChild.replaceChildren(...(details.open ? [...drawFrame(frame, this.#columns), copy] : []));
  }

  /** Only if something else is hidden now: what has the focus in there would lose it. */
  #redraw(frame) {
    if (!this.#drawn.has(frame) || frame.shown === String(frame.hidden)) return;
    this.#drawSummary(frame);
    this.#drawBody(frame);
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
    frames.forEach((frame) => this.#redraw(frame));
  }
}
