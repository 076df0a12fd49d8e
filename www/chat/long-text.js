// A text that is too long for one message: it can be cut, or sent in pieces.

import { counted } from "./format.js";
import { languageOf } from "./format-text.js";

/** Where a message may have fewer characters, a text is not sent in pieces. */
const LEAST_LIMIT = 80;
const END = "```";

const SURROGATE_PAIRS = /[\ud800-\udbff][\udc00-\udfff]/g;

/** Counts characters as the server does: an emoji is one, although it is two units of a string. */
export const lengthOf = (string) => string.length - (string.match(SURROGATE_PAIRS)?.length ?? 0);

/** Returns the first characters of a text. */
export const cutTo = (text, limit) => Array.from(text.slice(0, 2 * limit)).slice(0, limit).join("");

/**
 * Returns the text in pieces of at most `limit` characters; none if that makes no sense. It is divided between
 * lines where that is possible. A block of code that is divided ends and begins again.
 */
export function piecesOf(text, limit) {
  if (limit < LEAST_LIMIT) return [];
  const pieces = [];
  let lines = [];
  let length = 0; // of these lines, each with its line end
  let fence; // the line that opened the block in which we are

  function endPiece() {
    if (fence !== undefined) lines.push(END);
    const hasText = lines.some((line) => line.trim() !== "" && !/^```[\w+#.-]*$/.test(line));
    if (hasText) pieces.push(lines.join("\n"));
    lines = [];
    length = 0;
    if (fence !== undefined) add(fence);
  }

  function add(line) {
    lines.push(line);
    length += lengthOf(line) + 1;
  }

  for (const line of text.split("\n")) {
    const isEnd = fence !== undefined && line.trimEnd().endsWith(END);
    const isOpen = fence === undefined ? languageOf(line) !== undefined : !isEnd;
    // In a block, there has to be room for its first line and for the line that ends it.
    const longest = limit - lengthOf(fence ?? "") - 2 * (END.length + 1);
    for (const part of partsOfLine(line, longest)) {
      const room = isOpen ? limit - END.length - 1 : limit;
      if (length > 0 && length + lengthOf(part) > room) endPiece();
      add(part);
    }
    if (isEnd) fence = undefined;
    else if (fence === undefined && isOpen) fence = END + languageOf(line);
  }
  fence = undefined; // the last piece is what was written
  endPiece();
  return pieces;
}

function partsOfLine(line, longest) {
  if (line.length <= longest) return [line];
  const characters = Array.from(line);
  const parts = [];
  for (let start = 0; start < characters.length; start += longest) {
    parts.push(characters.slice(start, start + longest).join(""));
  }
  return parts;
}

/** Returns what to show about a text that is too long, with a button for each way out. */
export function offerFor(text, { limit, onCut, onPieces }) {
  const length = lengthOf(text);
  const choices = document.createElement("div");
  choices.className = "choices";
  const isCommand = text.startsWith("/") && !text.startsWith("//");
  const pieces = isCommand ? [] : piecesOf(text, limit);
  if (pieces.length > 1) choices.append(choiceButton(`Send in ${pieces.length} pieces`, () => onPieces(pieces)));
  choices.append(choiceButton(`Cut to ${limit} characters`, () => onCut(cutTo(text, limit))));
  return [`That is ${counted(length - limit, "character")} too long: ${limit} fit into one message.`, choices];
}

/** Returns a button for a note about what was typed. */
export function choiceButton(label, onClick) {
  const created = document.createElement("button");
  created.type = "button";
  created.className = "quiet";
  created.textContent = label;
  created.addEventListener("click", onClick);
  return created;
}
