// Keeps the list of messages where the reader wants it. A reader at the end sees each new message; for a
// reader who has scrolled up, nothing moves. message-list.js makes every change of the list through
// `update`; unread.js listens to the event "settled".

/** A view that is scrolled to within this many pixels of the end counts as at the end. */
const NEAR_END = 100;

/** A list that stops at an item shows this many pixels of what is above it. */
const ABOVE_LIMIT = 60;

const view = document.getElementById("messages");
const list = document.getElementById("list");

export class ScrollPosition extends EventTarget {
  /** Whether there are newer messages than those that are drawn. */
  hasNewer = false;
  #isAtEnd = true;
  /** The item that has to stay where it is, and where that is; undefined at the end. */
  #anchor;
  #size = viewSize();

  constructor() {
    super();
    // When the view gets another size it scrolls too, but the reader has not scrolled.
    view.addEventListener("scroll", () => {
      if (viewSize() === this.#size) this.#settle();
    });
    // A phone's keyboard appears, a window is turned, an item grows: the reader stays at the same place.
    const observer = new ResizeObserver(() => {
      this.#size = viewSize();
      if (this.#isAtEnd) scrollToEnd();
      else restore(this.#anchor);
      if (!this.isHidden) this.dispatchEvent(new Event("shown"));
    });
    observer.observe(view);
    observer.observe(list);
  }

  get isAtEnd() {
    return this.#isAtEnd;
  }

  /** Whether the list has no height. In a narrow window the wire view takes its place. */
  get isHidden() {
    return view.clientHeight === 0;
  }

  /** Whether the reader has scrolled up, and what is drawn ends further below the view than the view is high. */
  get isFarFromEnd() {
    return !this.#isAtEnd && heightBelow() > view.clientHeight;
  }

  /**
   * Goes to the newest message, or with `toLine` no further than the line "New" is in view. message-list.js listens
   * to the event, and draws what is not drawn.
   */
  goToEnd({ toLine }) {
    this.dispatchEvent(new CustomEvent("end", { detail: { toLine } }));
  }

  /** Whether a part of this element is in view. */
  shows(element) {
    const [inner, outer] = [element, view].map((it) => it.getBoundingClientRect());
    return inner.bottom > outer.top && inner.top < outer.bottom;
  }

  /**
   * Calls `draw`, which changes the list, and then scrolls to where the reader was. `toEnd` goes to the end in
   * any case; `keepsPlace`: not even a reader at the end follows what is drawn. If `draw` returns an item, the list
   * goes no further to the end than this item is in view.
   */
  update(draw, { toEnd = false, keepsPlace = false }) {
    // If the size has just changed, the observer does not know it yet, and the view is not where it was.
    const wasAtEnd = viewSize() === this.#size ? this.#isNearEnd() : this.#isAtEnd;
    const follows = toEnd || (wasAtEnd && !keepsPlace);
    const anchor = follows ? undefined : findAnchor();
    const limit = draw();
    if (follows) scrollToEnd(limit);
    else restore(anchor);
    this.#settle();
  }

  /** Calls `draw`, which changes the list below the top of the view: what stands there stays, even at the end. */
  keepTop(draw) {
    draw();
    this.#settle();
  }

  /** Scrolls so that the item is in the middle of the view. */
  showItem(item) {
    item.scrollIntoView({ block: "center" });
    this.#settle();
  }

  /** The rows within `views` heights of the view: the index of the first, and that after the last. */
  rowsNear(views) {
    const distance = views * view.clientHeight;
    return [indexAt(-distance), indexAt(view.clientHeight + distance) + 1];
  }

  /** The last item whose end is on the screen; at the end of the list, its last one. */
  get lastItemOnScreen() {
    return this.#isAtEnd ? list.lastElementChild : list.children[indexAt(view.clientHeight + 1) - 1];
  }

  #settle() {
    this.#isAtEnd = this.#isNearEnd();
    this.#anchor = this.#isAtEnd ? undefined : findAnchor();
    this.dispatchEvent(new Event("settled"));
  }

  #isNearEnd() {
    return !this.hasNewer && heightBelow() <= NEAR_END;
  }
}

const viewSize = () => `${view.clientWidth} ${view.clientHeight}`;

/** How many pixels of the list are below the view. */
const heightBelow = () => view.scrollHeight - view.scrollTop - view.clientHeight;

function scrollToEnd(limit) {
  view.scrollTop = view.scrollHeight;
  if (!limit) return;
  const top = limit.getBoundingClientRect().top - view.getBoundingClientRect().top;
  view.scrollTop -= Math.max(ABOVE_LIMIT - top, 0);
}

/** How far the item's lower edge is below the view's upper edge. (A day may be added at its upper edge.) */
const bottomOf = (item) => item.getBoundingClientRect().bottom - view.getBoundingClientRect().top;

/** The index of the first item that ends lower than this, in pixels below the view's upper edge: a binary search. */
function indexAt(position) {
  let start = 0;
  let end = list.children.length;
  while (start < end) {
    const middle = Math.floor((start + end) / 2);
    if (bottomOf(list.children[middle]) > position) end = middle;
    else start = middle + 1;
  }
  return start;
}

/** Finds the topmost visible item. Skips markers, which may be removed. */
function findAnchor() {
  let item = list.children[indexAt(0)];
  while (item?.matches(".mark")) item = item.nextElementSibling;
  return item && { item, bottom: bottomOf(item) };
}

/** Browsers call this scroll anchoring. Not all of them do it, and none does it at the top of a list. */
function restore(anchor) {
  if (anchor?.item.isConnected) view.scrollTop += bottomOf(anchor.item) - anchor.bottom;
}
