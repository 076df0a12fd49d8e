// Draws the payload of a frame: how the first bytes are unmasked with XOR, and all bytes in hex. `characters` is
// null where the bytes are no text, such as those of a photo.

import { createCaption, createCode, createElement, createPart, createTableHead } from "./create-element.js";
import { binaryOf, hexOf, hexOfAll } from "./decode-frame.js";
import { shownPart } from "./explain-frame.js";
import { plural } from "./format.js";

/** How many bytes are unmasked step by step: enough to use the 4 bytes of the key twice. */
const UNMASKED_BYTES = 8;

/** A payload of up to this many bytes is shown in full, without a box that scrolls. */
const LONGEST_IN_FULL = 128;

/** Draws a table with a row for each of the first bytes: on the wire, the key's byte, and the XOR of both. */
export function drawUnmasking(frame, onWire, unmasked, characters) {
  const count = Math.min(unmasked.length, UNMASKED_BYTES);
  const rows = Array.from({ length: count }, (_, index) =>
    createElement("tr", {},
      createElement("th", { scope: "row" }, String(index)),
      createElement("td", { "data-fields": "payload" }, ...hexAndBinary(onWire[index])),
      createElement("td", { "data-fields": "key" }, ...hexAndBinary(frame.key[index % 4])),
      createElement("td", { "data-fields": "payload" }, ...hexAndBinary(unmasked[index])),
      ...textCell(characters && meaningOfByte(characters, index))));
  const keyTitle = count > 4 ? "Key byte 0, 1, 2, 3, 0, …" : "Key byte 0, 1, 2, 3";
  const sentences = ["XOR: a bit is 1 where the two differ."];
  if (count > 4) sentences.push("The key has 4 bytes; byte 4 begins again with the first.");
  const others = BigInt(frame.length) - BigInt(count);
  if (others > 0) sentences.push(`The other ${plural(others, "byte")} in the same way.`);
  return createElement("table", { class: "xor" },
    createCaption("Unmasking.", sentences.join(" ")),
    createTableHead(["Payload byte", "On the wire", keyTitle, "XOR of both", ...textTitle(characters)]),
    createElement("tbody", {}, ...rows));
}

const textTitle = (characters) => (characters === null ? [] : ["Text"]);
const textCell = (text) => (text === null ? [] : [createElement("td", { class: "character" }, text)]);

function hexAndBinary(byte) {
  const binary = binaryOf(byte);
  const halves = `${binary.slice(0, 4)} ${binary.slice(4)}`;
  return [createCode(hexOf(byte)), " ", createCode(halves, { class: "binary" })];
}

/** Returns what a byte is in the text: a character, a part of one, or a part of a close code. */
function meaningOfByte(characters, index) {
  const character = characters[index];
  if (character === " ") return "␣ space";
  if (character !== "") return character;
  const before = characters.slice(0, index).findLast((it) => it !== "");
  return before === undefined ? "(code)" : `part of ${before}`;
}

/** Draws a table of all bytes, several in a row. A long one gets a box that scrolls. */
export function drawPayload(frame, onWire, unmasked, characters, columns) {
  const title = "The payload in hex";
  const bytesPerRow = columns === 32 ? 8 : 4;
  const rows = [];
  for (let start = 0; start < unmasked.length; start += bytesPerRow) {
    const end = start + bytesPerRow;
    const cells = [createElement("td", {}, createCode(hexOfAll(unmasked.slice(start, end))))];
    if (frame.key) cells.unshift(createElement("td", {}, createCode(hexOfAll(onWire.slice(start, end)))));
    rows.push(createElement("tr", {},
      createElement("th", { scope: "row" }, String(start)),
      ...cells,
      ...textCell(characters && characters.slice(start, end).join(""))));
  }
  const titles = frame.key
    ? ["Byte", "On the wire (masked)", "Unmasked", ...textTitle(characters)]
    : ["Byte", "On the wire", ...textTitle(characters)];
  const table = createElement("table", { class: frame.key ? "payload masked" : "payload" },
    createElement("caption", { class: "hidden" }, title),
    createTableHead(titles),
    createElement("tbody", {}, ...rows));
  const note = createElement("p", { class: "words" }, `Byte 0 is the payload's first.${shownPart(frame)}`);
  if (unmasked.length <= LONGEST_IN_FULL) return createPart(title, note, table);
  // tabindex: what scrolls has to be reachable with the keyboard.
  const box = createElement("div",
    { class: "scroll", tabindex: "0", role: "group", "aria-label": title }, table);
  return createPart(title, note, box);
}
