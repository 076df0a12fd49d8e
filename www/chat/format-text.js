// Code and links in what was said: blocks between two lines of ```, `code` in a line, and http addresses. No
// more of Markdown. On the wire, and for every other client, it stays the text that was typed.
//
// Everything is built of elements and text nodes, so nothing of a text becomes markup; a link's address has
// been parsed as http or https, so no link runs a script.

import { codeBlock } from "./code-block.js";

/** Longer texts are shown as they are. */
const LONGEST = 100_000;

/** Code in a line, between three quotes or one; quotes that are none of these; an address. */
const INLINE = /```([^`\n]+)```(?!`)|`([^`\n]+)`(?!`)|`+|\bhttps?:\/\/[^\s<>"`]{1,2000}/gi;

/** What may stand behind an address and does not belong to it. */
const PUNCTUATION = /[.,;:!?'"*_~…’”»]$/;
const BRACKETS = { ")": "(", "]": "[", "}": "{" };

/**
 * Fills this element with a text. `appendPlain(start, end)` appends what is neither code nor a link; without it,
 * it is appended as it is. `about` remembers which blocks are unfolded.
 */
export function fillFormatted(parent, text, { start = 0, appendPlain, about = {} } = {}) {
  const append = appendPlain ?? ((from, to) => parent.append(text.slice(from, to)));
  for (const part of partsOf(text, start)) {
    if (part.kind === "text") append(part.start, part.end);
    else if (part.kind === "block") parent.append(codeBlock(part, about));
    else parent.append(inlineElement(part));
  }
}

/** Returns the text without its blocks of code, which are folded by themselves. */
export function withoutBlocks(text) {
  const parts = partsOf(text, 0).filter(({ kind }) => kind !== "block");
  return parts.map(({ start, end }) => text.slice(start, end)).join("");
}

/** Returns the parts of a text: { kind, start, end }, and for code and links what they show. */
export function partsOf(text, start) {
  if (text.length > LONGEST) return [{ kind: "text", start, end: text.length }];
  const parts = [];
  let place = start;
  for (const block of blocksIn(text, start)) {
    // The line ends around a block are its own.
    parts.push(...inlineParts(text, place, text[block.start - 1] === "\n" ? block.start - 1 : block.start), block);
    place = text[block.end] === "\n" ? block.end + 1 : block.end;
  }
  parts.push(...inlineParts(text, place, text.length));
  return parts.filter((part) => part.kind === "block" || part.start < part.end);
}

/** A block begins at the end of a line, and ends at the end of another, or with the text. */
function blocksIn(text, start) {
  const blocks = [];
  let block;
  let lineStart = start;
  while (lineStart < text.length) {
    const newline = text.indexOf("\n", lineStart);
    const lineEnd = newline < 0 ? text.length : newline;
    const line = text.slice(lineStart, lineEnd);
    if (block && line.trimEnd().endsWith("```")) {
      const codeEnd = lineStart + line.lastIndexOf("```");
      const code = text.slice(block.codeStart, codeEnd).replace(/\n *$/, "");
      blocks.push({ ...block, end: lineEnd, code });
      block = undefined;
    } else if (!block && newline >= 0) {
      const language = languageOf(line);
      const fenceStart = lineStart + line.lastIndexOf("```");
      if (language !== undefined) block = { kind: "block", start: fenceStart, codeStart: lineEnd + 1, language };
    }
    lineStart = lineEnd + 1;
  }
  const rest = block && text.slice(block.codeStart);
  if (rest?.trim()) blocks.push({ ...block, end: text.length, code: rest });
  return blocks;
}

/** Returns what stands behind the ``` that opens a block in this line; undefined if none does. */
export function languageOf(line) {
  const fences = line.split("```");
  const language = fences.at(-1).trim();
  return fences.length % 2 === 0 && /^[\w+#.-]{0,20}$/.test(language) ? language : undefined;
}

function inlineParts(text, start, end) {
  const parts = [];
  let place = start;
  for (const { index, 0: match, 1: inThree, 2: inOne } of text.slice(start, end).matchAll(INLINE)) {
    const code = inThree ?? inOne;
    if (code === undefined && match.startsWith("`")) continue;
    const shown = code ?? withoutPunctuation(match);
    const href = code === undefined ? addressOf(shown) : undefined;
    if (code === undefined && href === undefined) continue;
    const from = start + index;
    const to = from + (code === undefined ? shown.length : match.length);
    parts.push({ kind: "text", start: place, end: from });
    parts.push({ kind: href ? "link" : "code", start: from, end: to, shown, href });
    place = to;
  }
  parts.push({ kind: "text", start: place, end });
  return parts;
}

/** "(see http://a.example/b_(c))." has the address http://a.example/b_(c) in it. */
function withoutPunctuation(address) {
  let end = address.length;
  for (;;) {
    const last = address[end - 1];
    const opening = BRACKETS[last];
    const rest = address.slice(0, end);
    const isUnopened = opening && rest.split(last).length > rest.split(opening).length;
    if (!PUNCTUATION.test(last) && !isUnopened) return rest;
    end -= 1;
  }
}

function addressOf(text) {
  try {
    const { protocol, href } = new URL(text);
    return protocol === "http:" || protocol === "https:" ? href : undefined;
  } catch {
    return undefined; // such as "http://["
  }
}

function inlineElement({ kind, shown, href }) {
  const element = document.createElement(kind === "link" ? "a" : "code");
  element.textContent = shown;
  element.dir = "ltr"; // in a text from right to left too
  if (kind === "link") {
    element.href = href;
    element.target = "_blank";
    element.rel = "noopener noreferrer"; // the other page learns nothing of this one
  }
  return element;
}
