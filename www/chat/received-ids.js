// What has arrived of all that was said. Ids count up, and so it takes a few numbers to know it: the
// last id, and the holes before it. One is there from the beginning on, because a welcome brings only
// the newest; it is filled when somebody looks there. The others come from time away, and are filled at once.

export class Arrived {
  /** The highest id that has come. */
  last = 0;
  /** Where something is missing, oldest first: { after, before }, two ids with unknown ones between them. */
  holes = [];
  /** The ids after which something is missing that the server no longer keeps. */
  gone = new Set();

  /** Everything up to this id is here, but for what was said before one came. */
  get upTo() {
    return this.away()[0]?.after ?? this.last;
  }

  /** The holes from time away. */
  away() {
    return this.holes.filter(({ after }) => after > 0);
  }

  /** A message, or the ack that comes in its place. */
  add(id) {
    this.last = Math.max(this.last, id);
  }

  /** A welcome has the newest of all that is not here; `more` says whether that is not all of it. */
  welcome({ resumed, messages, more, gap }) {
    if (!resumed) Object.assign(this, new Arrived());
    const since = this.upTo;
    const isWhole = !more && since > 0;
    const from = isWhole ? since + 1 : messages[0]?.id ?? 1;
    if (isWhole && gap) this.gone.add(since);
    this.holes.push({ after: this.last, before: from });
    for (const hole of this.holes) hole.before = Math.min(hole.before, from);
    this.#dropFilled();
    for (const { id } of messages) this.add(id);
  }

  /** The answer to `earlier`: the newest messages before the end of this hole. */
  fill(hole, { messages, more, gap }) {
    const from = messages[0]?.id ?? hole.before;
    // When we were away, the message after which the hole begins was still there.
    const isLost = hole.after > 0 ? from > hole.after + 1 : gap;
    if (!more && isLost) this.gone.add(hole.after);
    hole.before = more ? from : hole.after + 1;
    this.#dropFilled();
  }

  #dropFilled() {
    this.holes = this.holes.filter(({ after, before }) => before > after + 1);
  }
}
