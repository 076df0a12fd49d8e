// Which messages have arrived, by their ids. The server counts ids up from 1, so a few numbers are enough:
// the highest id, and the ranges below it that are missing. connection.js keeps this up to date, and
// earlier-messages.js requests what is missing.
//
// There are two kinds of missing range. The one that begins at id 0 is the history from before this page
// opened: a welcome brings only the newest messages, and the page requests the rest when the reader scrolls
// up. The others were missed while the connection was lost: the page requests them at once.

export class ReceivedIds {
  /** The highest id that has arrived. */
  highest = 0;
  /** Ranges of missing ids, oldest first: { after, before }, both ends exclusive. */
  missing = [];
  /** For each range that the server does not keep any more, the id after which it began. */
  lost = new Set();

  /** Every id up to this one has arrived, apart from the history from before the page opened. */
  get completeUpTo() {
    return this.missed()[0]?.after ?? this.highest;
  }

  /** The ranges that were missed while the connection was lost. */
  missed() {
    return this.missing.filter(({ after }) => after > 0);
  }

  /** A message has arrived, or an ack with the id of a message of our own. */
  add(id) {
    this.highest = Math.max(this.highest, id);
  }

  /**
   * Applies a welcome. Its `messages` are the newest of those that this page does not have. `more`: there
   * are older ones of them, which can be requested. `gap`: some of them are no longer on the server.
   */
  addWelcome({ resumed, reset, messages, more, gap }) {
    if (!resumed || reset) this.clear();
    const since = this.completeUpTo;
    const isComplete = !more && since > 0;
    const before = isComplete ? since + 1 : messages[0]?.id ?? 1;
    if (isComplete && gap) this.lost.add(since);
    this.missing.push({ after: this.highest, before });
    for (const range of this.missing) range.before = Math.min(range.before, before);
    this.#dropEmptyRanges();
    for (const { id } of messages) this.add(id);
  }

  /** Applies the answer to `earlier`: the newest messages of this missing range. `more`, `gap`: as above. */
  addEarlier(range, { messages, more, gap }) {
    if (!more && gap) this.lost.add(range.after);
    range.before = more ? messages[0].id : range.after + 1;
    this.#dropEmptyRanges();
  }

  #dropEmptyRanges() {
    this.missing = this.missing.filter(({ after, before }) => before > after + 1);
  }

  clear() {
    this.highest = 0;
    this.missing = [];
    this.lost = new Set();
  }
}
