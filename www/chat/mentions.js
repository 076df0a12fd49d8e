// Finds the people whom a text mentions: "@ana", "@Amber Kite". state.js does so when a message is added;
// message-body.js lights the names up, and unread.js counts the messages that mention you.

import { nameKey } from "./members.js";

/** A name is looked for in this many characters after the @. It has at most 32, and may have blanks in a row. */
const LONGEST_NAME = 64;

/** An @ inside a word is that of a mail address. */
const AT_SIGN = /(^|[^\p{L}\p{N}_])@/gu;

/** A name may end before any character that belongs to no word. */
const IS_IN_WORD = /[\p{L}\p{N}\p{M}_]/u;

/** Returns a list of { start, end, id }: where in the text a name stands with its @, and whose it is. */
export function mentionsIn(text, members) {
  const mentions = [];
  if (!text.includes("@")) return mentions; // *Speed*
  for (const { index, 0: match } of text.matchAll(AT_SIGN)) {
    const start = index + match.length - 1;
    const rest = text.slice(start + 1, start + 1 + LONGEST_NAME);
    const found = longestName(rest, members);
    if (found) mentions.push({ start, end: start + 1 + found.length, id: found.id });
  }
  return mentions;
}

/** Names may contain blanks: "@ana 2" is for "ana 2" if there is such a person, and otherwise for "ana". */
function longestName(rest, members) {
  for (let length = rest.length; length > 0; length -= 1) {
    if (IS_IN_WORD.test(rest.charAt(length)) || /\s/.test(rest.charAt(length - 1))) continue;
    const person = members.findByKey(nameKey(rest.slice(0, length)));
    if (person) return { length, id: person.id };
  }
  return undefined;
}
