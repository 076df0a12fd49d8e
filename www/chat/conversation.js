// One conversation: its messages in order, its draft, and its number of unread messages. state.js keeps
// one for everyone together and one for each person with whom something was said in private.
//
// The order: messages that the server has stand first, by id, so that all pages show the same order. A
// notice stands after the last message that had arrived when the notice came. Pending messages stand at
// the end, in the order in which they were written.
//
// An item of `messages` is one of these:
//   a message        { id, key, at, from, text, photo?, preview?, mentions, isForYou, status?, receipt? }
//   a pending one    { ref, key, at, from, text, photo?, preview?, mentions, status, reason? }, without an id
//   a notice         { notice, key, at, after, … }: "ana has picked up."
//   a marker         { notice, key, after }: a notice without a time, where messages are missing
// Only our own messages have a `status`. `preview` is the address of a photo of our own in this page (blob:…); its
// `photo` has that at the server (`url`) when the server has it.

import { isHidden } from "./hidden-people.js";

/** The key of the conversation with everyone. The key of a private one is the other person's id. */
export const ROOM = 0;

/** Written on this page and not yet acknowledged by the server. */
export const isPending = (message) => message.ref !== undefined && message.id === undefined;

/** Marks a place where messages are missing. */
export const isMarker = (message) => message.notice !== undefined && message.at === undefined;

/** Your own messages and notices are never unread. */
export const canBeUnread = ({ notice, status, from }) => !notice && !status && !isHidden(from);

function sortKey(message) {
  if (isPending(message)) return Infinity;
  return message.id ?? message.after + 0.5;
}

export class Conversation {
  messages = [];
  draft = "";
  unread = 0;
  /** How many of the unread messages mention you. */
  forYou = 0;
  /** The line "New" stands above the first message of others with a higher id. If null, there is no line. */
  newAfter = null;

  constructor(key) {
    this.key = key;
  }

  /** Inserts a message at the place of its id, and a notice behind the message that it is `after`. */
  insert(message) {
    // A binary search: after a long scroll back there are thousands.
    let start = 0;
    let end = this.messages.length;
    while (start < end) {
      const middle = Math.floor((start + end) / 2);
      if (sortKey(this.messages[middle]) > sortKey(message)) end = middle;
      else start = middle + 1;
    }
    this.messages.splice(start, 0, message);
  }

  /** Returns the message below the line "New", if there is one. It changes when missed messages arrive late. */
  firstNew() {
    if (this.newAfter === null) return undefined;
    return this.messages.find((message) => message.id > this.newAfter && canBeUnread(message));
  }

  /** Adds pending messages at the end. */
  append(...messages) {
    this.messages.push(...messages);
  }

  remove(message) {
    this.messages.splice(this.messages.lastIndexOf(message), 1);
  }

  /** Pending messages are the last ones, so the others are not looked at. */
  pending() {
    return this.messages.slice(this.messages.findLastIndex((message) => !isPending(message)) + 1);
  }
}
