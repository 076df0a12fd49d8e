// The list of frames: a <li> for each message, with a <details> for each of its frames. view.js decides
// which frames are shown and when; draw-frame.js draws what is inside.

import { copyText } from "../shared/copy-text.js";
import { createElement } from "./create-element.js";
import { hexDigits } from "./decode-frame.js";
import { drawFrame, drawSummary } from "./draw-frame.js";
import { DIRECTIONS, opcodeName } from "./explain-frame.js";
import { matchesFilter } from "./filter.js";
import { formatCount, plural } from "./format.js";
import { frameAsText } from "./frame-as-text.js";
import { highlightFields } from "./highlight-fields.js";
import { hideInMessage } from "./secrets.js";

export class FrameList {
  element = createElement("ol", { class: "wire frames" });
  #secrets;
  /** How many columns the diagrams of the bits have: 32 or 8. */
  #columns = 32;
  /** From each frame that is shown to its <details>. */
  #details = new Map();
  /** From each message that is shown to its <li>. */
  #items = new Map();

  constructor(secrets) {
    this.#secrets = secrets;
  }

  /** How many frames are in the list. */
  get length() {
    return this.#details.size;
  }

  /**
   * Shows these frames and draws the `changed` messages anew. After the `deadline` (of `performance.now()`) no more
   * frames are added. Returns those that are not shown yet.
   */
  show(frames, changed, deadline) {
    const kept = new Set(frames);
    for (const frame of this.#details.keys()) {
      if (!kept.has(frame)) this.#remove(frame);
    }
    const redrawn = new Set([...changed].filter((message) => this.#items.has(message)));
    for (const message of redrawn) hideInMessage(message, this.#secrets);
    const waiting = frames.filter((frame) => !this.#details.has(frame));
    let isFirst = true;
    while (waiting.length > 0 && (isFirst || performance.now() < deadline)) {
      const frame = waiting.shift();
      if (!redrawn.has(frame.message)) hideInMessage(frame.message, this.#secrets);
      redrawn.add(frame.message);
      this.#append(frame);
      isFirst = false;
    }
    for (const message of redrawn) this.#redrawMessage(message);
    return waiting;
  }

  /** Appends a line that is not a frame. */
  appendNote(text) {
    this.element.append(createElement("li", { class: "anew" }, text));
  }

  clear() {
    this.#details.clear();
    this.#items.clear();
    this.element.replaceChildren();
  }

  /** Works out anew what is hidden: more secrets are known now, or they are to be shown or hidden. */
  updateHiding() {
    for (const message of this.#items.keys()) {
      hideInMessage(message, this.#secrets);
      this.#redrawMessage(message);
    }
    // While the view is paused, the list has frames that the log has dropped.
    for (const frame of this.#details.keys()) {
      if (frame.message.frames.includes(frame)) continue;
      frame.hidden = this.#secrets.find(frame.unmasked, { openStart: true, openEnd: true });
      this.#redrawFrame(frame);
    }
  }

  /** Hides the messages that do not match. Returns how many frames are hidden by that. */
  filter(direction, kind) {
    let hiddenFrames = 0;
    for (const [message, item] of this.#items) {
      item.hidden = !matchesFilter(message, direction, kind);
      if (item.hidden) hiddenFrames += message.frames.length;
    }
    return hiddenFrames;
  }

  setColumns(columns) {
    if (columns === this.#columns) return;
    this.#columns = columns;
    for (const frame of this.#details.keys()) this.#drawBody(frame);
  }

  #append(frame) {
    const { message } = frame;
    if (!this.#items.has(message)) {
      const sum = createElement("p", { class: "sum" });
      const item = createElement("li", { class: `message ${message.from}` }, sum);
      this.#items.set(message, item);
      this.element.append(item);
    }
    const body = createElement("div", { class: "frame-body" });
    const details = createElement("details", { class: "frame" }, createElement("summary"), body);
    highlightFields(body);
    details.addEventListener("toggle", () => this.#drawBody(frame));
    this.#details.set(frame, details);
    this.#items.get(message).append(details);
    this.#drawSummary(frame);
  }

  #remove(frame) {
    this.#details.get(frame).remove();
    this.#details.delete(frame);
    const item = this.#items.get(frame.message);
    if (item.querySelector("details")) return;
    item.remove();
    this.#items.delete(frame.message);
    // A note "A new connection" at the top has nothing above it any more.
    while (this.element.firstElementChild?.matches(".anew")) this.element.firstElementChild.remove();
  }

  #drawSummary(frame) {
    const summary = this.#details.get(frame).firstElementChild;
    summary.replaceChildren(...drawSummary(frame));
    frame.drawnHidden = String(frame.hidden);
  }

  /** Only a frame that is open has a body. */
  #drawBody(frame) {
    const details = this.#details.get(frame);
    if (!details) return;
    const body = details.lastElementChild;
    if (!details.open) {
      body.replaceChildren();
      return;
    }
    const button = createElement("button", { type: "button", class: "quiet copy" }, "Copy this frame, explained");
    button.addEventListener("click", () => copyText(frameAsText(frame), button));
    body.replaceChildren(...drawFrame(frame, this.#columns), button, ...createWorkbenchLink(frame));
  }

  /** Draws only if other bytes are hidden than before: an element that has the focus would lose it. */
  #redrawFrame(frame) {
    if (!this.#details.has(frame) || frame.drawnHidden === String(frame.hidden)) return;
    this.#drawSummary(frame);
    this.#drawBody(frame);
  }

  /** Another fragment has come, or something else is hidden now. */
  #redrawMessage(message) {
    const item = this.#items.get(message);
    if (!item) return;
    const isOneFrame = message.count === 1 && message.isComplete && message.isWhole;
    item.querySelector(".sum").textContent = isOneFrame ? "" : describeMessage(message);
    item.classList.toggle("many", !isOneFrame);
    for (const frame of message.frames) this.#redrawFrame(frame);
  }
}

/** A link that opens the frame in the workbench, if all of it has come and nothing in it is hidden. */
function createWorkbenchLink({ from, header, onWire, length, hidden }) {
  if (BigInt(onWire.length) !== BigInt(length) || hidden.includes(1)) return [];
  const hex = hexDigits([...header, ...onWire]);
  return [createElement("a", { class: "to-workbench", href: `frame.html#${from},${hex}` }, "Open it in the workbench")];
}

function describeMessage({ frames, opcode, from, count, bytes, isComplete }) {
  const parts = [
    `${opcodeName(opcode)} message ${DIRECTIONS[from]} in ${plural(count, "frame")}`,
    `${plural(bytes, "byte")} in all`,
  ];
  if (!isComplete) parts.push("more is to come");
  if (frames.length < count) parts.push(`${formatCount(frames.length)} of the frames are kept`);
  return parts.join(", ");
}
