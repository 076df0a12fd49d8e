// One conversation: what was said in it, in order, and what is being written.
//
// What the server has comes first, by id; that is everybody's order. A notice stands after the messages
// that there were when it came. At the end stands what was written here and is not yet known to be kept, in
// the order in which it was written.

/** The key of the conversation with everybody; the others have the id of the person they are with. */
export const ROOM = 0;

/** Written here and not yet known to be kept by the server: it has no id. */
export const isPending = (message) => message.ref !== undefined && message.id === undefined;

/** A notice of no time, only of a place: something is missing there. */
export const isMark = (message) => message.notice !== undefined && message.at === undefined;

/** In this order they stand. */
const rank = (message) => (isPending(message) ? Infinity : message.id ?? message.after + 0.5);

export class Conversation {
  messages = [];
  draft = "";
  unread = 0;

  constructor(key) {
    this.key = key;
  }

  /** Puts a message where its id belongs, and a notice behind the message it is `after`. */
  file(message) {
    let place = this.messages.length;
    // From the end, because that is where most belong.
    while (place > 0 && rank(this.messages[place - 1]) > rank(message)) place--;
    this.messages.splice(place, 0, message);
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
}
