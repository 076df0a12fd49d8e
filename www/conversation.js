// One conversation: what was said in it, in order, and what is being written.
//
// What the server has comes first, by id; that is everybody's order. After it stands what was written
// here and is not yet known to be kept, in the order in which it was written.

/** The key of the conversation with everybody; the others have the id of the person they are with. */
export const ROOM = 0;

/** Written here and not yet known to be kept by the server: it has no id. */
export const isPending = (message) => message.ref !== undefined && message.id === undefined;

export class Conversation {
  messages = [];
  draft = "";
  unread = 0;

  constructor(key) {
    this.key = key;
  }

  /** Puts a message where its id belongs; what has none (a notice) after all that has been said. */
  file(message) {
    this.messages.splice(this.#placeFor(message.id ?? Infinity), 0, message);
  }

  /** Puts what was just written at the end. */
  append(...messages) {
    this.messages.push(...messages);
  }

  remove(message) {
    this.messages.splice(this.messages.lastIndexOf(message), 1);
  }

  pending() {
    return this.messages.filter(isPending);
  }

  #placeFor(id) {
    let place = this.messages.length;
    // From the end, because that is where most belong.
    for (let i = place - 1; i >= 0 && !(this.messages[i].id < id); i--) {
      if (this.messages[i].id > id || isPending(this.messages[i])) place = i;
    }
    return place;
  }
}
