// Who is on the line: a Map from each member's id to { id, name, here, away }. Who has left stays in it,
// not `here` any more, because there may be a conversation to go on reading.

export class Roster extends Map {
  /** How many are here; in a big room more than the server lists. */
  count = 0;

  present() {
    return [...this.values()].filter((person) => person.here);
  }

  /** The one who is called so, and rather one who is here. */
  find(name) {
    const same = (person) => person.name.toLowerCase() === name.toLowerCase();
    return this.present().find(same) ?? [...this.values()].find(same);
  }

  /** Somebody is here. */
  meet({ id, name }, away) {
    this.set(id, { id, name, away, here: true });
  }

  /** Somebody is not here, and may never have been. */
  miss(id, name) {
    if (!this.has(id)) this.set(id, { id, name, here: false });
  }

  /**
   * Applies joined, left, renamed, away or back, and says whether that is worth a notice. It goes by
   * id and may be told twice: the second time it is no news.
   */
  apply({ type, member }) {
    const before = this.get(member.id);
    const wasHere = before?.here === true;
    if (type !== "left") this.meet(member, type === "away");
    else if (wasHere) before.here = false;
    const arrived = type === "joined" && !wasHere;
    const left = type === "left" && wasHere;
    this.count += arrived - left;
    return arrived || left || (type === "renamed" && before?.name !== member.name);
  }
}
