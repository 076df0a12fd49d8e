// The people of the chat: a Map from each member's id to { id, name, key, here, away }. `key`: the key of the
// name; `here`: is a member now; `away`: the member's connection is lost, and may come back. People who have
// left stay in the Map, because their conversation can still be read. The operator, who speaks with the id 0,
// is no member and in no list. What members write to the operator is shown at the server's terminal.

/** The operator's id, and the name that no member may have. */
export const OPERATOR = { id: 0, name: "operator" };

/**
 * Returns the key of a name: the form in which names are compared. "ANA" is "ana", é is é in one code point
 * or in two, ’ is ', and joiners and variation selectors, which are not seen, do not count. The server's key
 * (src/chat/name_key.rs) takes letters for the same that only look alike, too. Here they are two names.
 */
export function nameKey(name) {
  const visible = name.replace(/[\u200c\u200d\ufe00-\ufe0f]/g, "");
  const typed = visible.replace(/[’‘ʼ´′]/g, "'").replace(/[‐‑–—−]/g, "-");
  const folded = typed.normalize("NFKD").toUpperCase().toLowerCase(); // ß is ss, by way of SS
  return folded.replace(/i\u0307|ı/g, "i").trim().replace(/\s+/g, " ");
}

export const isOperator = (name) => nameKey(name) === OPERATOR.name;

export class Members extends Map {
  /** How many members there are. In a big room that is more than the server lists. */
  count = 0;

  present() {
    return [...this.values()].filter((person) => person.here);
  }

  /** Has this person left? Of a big room the server lists only a part: then the page cannot know. */
  hasLeft({ here }) {
    return !here && this.present().length >= this.count;
  }

  /** Finds a person by name. A present member goes before one who has left. */
  findByName(name) {
    return this.findByKey(nameKey(name));
  }

  findByKey(key) {
    const namesakes = [...this.values()].filter((person) => person.key === key);
    return namesakes.find(({ here }) => here) ?? namesakes[0];
  }

  addPresent({ id, name }, away) {
    if (id !== OPERATOR.id) this.set(id, { id, name, key: nameKey(name), away, here: true });
  }

  /** Adds a person who is not here and whom this page may never have seen. */
  addAbsent(id, name) {
    if (!this.has(id)) this.set(id, { id, name, key: nameKey(name), here: false });
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
