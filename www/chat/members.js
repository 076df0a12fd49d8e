// The people of the chat: a Map from each member's id to { id, name, here, away }. `here`: is a member
// now; `away`: the member's connection is lost, and may come back. People who have left stay in the Map,
// because their conversation can still be read.

export class Members extends Map {
  /** How many members there are. In a big room that is more than the server lists. */
  count = 0;

  present() {
    return [...this.values()].filter((person) => person.here);
  }

  /** Finds a person by name, without regard to case. A present member goes before one who has left. */
  findByName(name) {
    const hasName = (person) => person.name.toLowerCase() === name.toLowerCase();
    return this.present().find(hasName) ?? [...this.values()].find(hasName);
  }

  addPresent({ id, name }, away) {
    this.set(id, { id, name, away, here: true });
  }

  /** Adds a person who is not here and whom this page may never have seen. */
  addAbsent(id, name) {
    if (!this.has(id)) this.set(id, { id, name, here: false });
  }

  /**
   * Applies joined, left, renamed, away or back, and returns whether that is worth a notice. Idempotent:
   * a message that comes twice is no news the second time.
   */
  applyPresence({ type, member }) {
    const before = this.get(member.id);
    const wasHere = before?.here === true;
    if (type !== "left") this.addPresent(member, type === "away");
    else if (wasHere) before.here = false;

    const hasJoined = type === "joined" && !wasHere;
    const hasLeft = type === "left" && wasHere;
    const isRenamed = type === "renamed" && before?.name !== member.name;
    if (hasJoined) this.count += 1;
    if (hasLeft) this.count -= 1;
    return hasJoined || hasLeft || isRenamed;
  }
}
