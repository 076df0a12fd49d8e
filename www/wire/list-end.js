// The end of the list of frames. A reader at the end sees each new frame; for one who has scrolled up nothing moves,
// and a button counts what has come. view.js draws the list.

import { formatCount } from "./format.js";

/** A list that is scrolled to within this many pixels of the end counts as at the end. */
const NEAR_END = 100;
/** This many frames are drawn below a reader who has scrolled up. The others wait until the reader comes near. */
const MOST_BELOW = 50;

/** What a finger or a mouse aims at does not move until this long after its last move (milliseconds). */
const KEEP_STILL_FOR = 1000;

export class ListEnd {
  #scroller;
  #button;
  /** How many frames had been drawn when the end was last in view. */
  #seen = 0;
  #pointedAt = -Infinity;

  constructor({ scroller, newestButton }) {
    this.#scroller = scroller;
    this.#button = newestButton;
    for (const type of ["pointerdown", "pointermove"]) {
      scroller.addEventListener(type, () => (this.#pointedAt = performance.now()));
    }
  }

  /** Whether the list goes along with new frames. */
  get isFollowed() {
    return this.isAtEnd && performance.now() - this.#pointedAt > KEEP_STILL_FOR;
  }

  get isAtEnd() {
    return this.#heightBelow <= NEAR_END;
  }

  /** Whether enough is drawn below the reader, if `drawn` frames are. */
  isEnough(drawn) {
    return drawn - this.#seen >= MOST_BELOW && this.#heightBelow > this.#scroller.clientHeight;
  }

  /** How many pixels of the list are below what is in view. */
  get #heightBelow() {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroller;
    return scrollHeight - scrollTop - clientHeight;
  }

  scrollToEnd() {
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
  }

  /** Updates the button: `total` frames have passed, and the first `drawn` of them are in the list. */
  update(total, drawn, isAtEnd = this.isAtEnd) {
    if (isAtEnd) this.#seen = drawn;
    const unread = isAtEnd ? 0 : Math.max(total - this.#seen, 0);
    const willHide = unread === 0;
    if (willHide && document.activeElement === this.#button) this.#scroller.focus();
    this.#button.hidden = willHide;
    this.#button.textContent = `${formatCount(unread)} new ↓`;
  }
}
