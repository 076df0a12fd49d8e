// One conversation: its messages in order, its draft, and its number of unread messages. state.js keeps
// one for everyone together and one for each person with whom something was said in private.
//
// The order: messages that the server has stand first, by id, so that all pages show the same order. A
// notice stands after the last message that had arrived when the notice came. Pending messages stand at
// the end, in the order in which they were written.
//
// An item of `messages` is one of these:
//   a message        { id, key, at, from, text, status?, receipt? }; `status` only on our own
//   a pending one    { ref, key, at, from, text, status, reason? }, without an id
//   a notice         { notice, key, at, after, … }: "ana has picked up."
//   a marker         { notice, key, after }: a notice without a time, where messages are missing

/** The key of the conversation with everyone. The key of a private one is the other person's id. */
export const ROOM = 0;

/** Written on this page and not yet acknowledged by the server. */
export const isPending = (message) => message.ref !== undefined && message.id === undefined;

/** Marks a place where messages are missing. */
export const isMarker = (message) => message.notice !== undefined && message.at === undefined;

function sortKey(message) {
  if (isPending(message)) return Infinity;
  return message.id ?? message.after + 0.5;
}

export class Conversation {
  messages = [];
  draft = "";
  unread = 0;

  constructor(key) {
    this.key = key;
  }

  /** Inserts a message at the place of its id, and a notice behind the message that it is `after`. */
  insert(message) {
    let index = this.messages.length;
    // From the end, because most messages belong there.
    while (index > 0 && sortKey(this.messages[index - 1]) > sortKey(message)) index -= 1;
    this.messages.splice(index, 0, message);
  }

  /** Adds pending messages at the end. */
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
