// Draws the bits of a frame as a table, like the diagram of RFC 6455, section 5.2: 32 columns in a wide
// window and 8 in a narrow one. Each byte stands in hex under its bits, or beside them.

import { createCaption, createElement } from "./create-element.js";
import { bitsOf, fieldIdsInByte, hexOf } from "./decode-frame.js";
import { plural } from "./format.js";

/** At most this many bits of the payload are drawn. */
const PAYLOAD_BITS = 32;

export function drawBits(frame, onWire, columns) {
  const bytes = [...frame.header, ...onWire];
  const rows = cutIntoRows(frame.fields, columns);
  const body = rows.flatMap((pieces, index) => drawRow(frame, pieces, index, bytes, columns));
  return createElement("table", { class: `bits of-${columns}` },
    createCaption("The frame in bits, as RFC 6455 draws it in section 5.2.", describeRest(frame)),
    drawHead(columns),
    createElement("tbody", {}, ...body));
}

/**
 * Cuts the fields where a row ends. Returns the rows, each a list of pieces { id, name, start, bits,
 * isFirst }; `isFirst`: the field begins with this piece.
 */
function cutIntoRows(fields, columns) {
  const rows = [];
  for (const { id, name, start, bits } of fields) {
    const end = start + (id === "payload" ? Math.min(bits, PAYLOAD_BITS) : bits);
    let at = start;
    while (at < end) {
      const row = Math.floor(at / columns);
      const pieceEnd = Math.min(end, (row + 1) * columns);
      rows[row] ??= [];
      rows[row].push({ id, name, start: at, bits: pieceEnd - at, isFirst: at === start });
      at = pieceEnd;
    }
  }
  return rows;
}

function describeRest({ length, onWire }) {
  const drawn = Math.min(onWire.length, PAYLOAD_BITS / 8);
  return length > drawn ? `After the last row: ${plural(BigInt(length) - BigInt(drawn), "more byte")} of payload.` : "";
}

function drawHead(columns) {
  const isWide = columns > 8;
  const numbers = Array.from({ length: columns }, (_, bit) =>
    createElement("th", { scope: "col", class: beginsByte(bit) }, String(bit)));
  const hexHeading = createElement("th", { scope: "col", rowspan: 2 }, "Hex");
  return createElement("thead", {},
    createElement("tr", {},
      createElement("th", { scope: "col", rowspan: 2 }, "Byte"),
      createElement("th", { scope: "colgroup", colspan: columns }, "Bit"),
      ...(isWide ? [] : [hexHeading])),
    createElement("tr", {}, ...numbers));
}

/** A class for what begins a byte: a heavier line stands before it. */
const beginsByte = (bit) => bit % 8 === 0 && "begins";

/** Draws a row of the diagram as one or two rows of the table. */
function drawRow(frame, pieces, index, bytes, columns) {
  const isWide = columns > 8;
  const firstByte = index * (columns / 8);
  const filled = pieces.reduce((sum, { bits }) => sum + bits, 0);
  const bitCells = pieces.map((piece) => drawPiece(piece, bytes));
  const hexCells = bytes.slice(firstByte, firstByte + filled / 8).map((byte, offset) => {
    const ids = fieldIdsInByte(frame, firstByte + offset);
    return createElement("td",
      { colspan: isWide && 8, class: "in-hex", "data-fields": ids.join(" ") }, hexOf(byte));
  });
  if (filled < columns) {
    for (const cells of [bitCells, hexCells]) {
      cells.push(createElement("td", { colspan: columns - filled, class: "beyond" }));
    }
  }
  const head = createElement("th", { scope: "row", rowspan: isWide && 2 }, String(firstByte));
  if (!isWide) return [createElement("tr", {}, head, ...bitCells, ...hexCells)];
  return [createElement("tr", {}, head, ...bitCells), createElement("tr", {}, ...hexCells)];
}

/** Draws a field, or as much of it as there is in this row. */
function drawPiece({ id, name, start, bits, isFirst }, bytes) {
  const digits = Array.from(bitsOf(bytes, start, bits), (digit, index) =>
    createElement("i", { class: index > 0 && beginsByte(start + index) }, digit));
  const classes = ["bit"];
  if (bits <= 3) classes.push("narrow");
  if (beginsByte(start)) classes.push("begins");
  return createElement("td", { colspan: bits, "data-fields": id, class: classes.join(" ") },
    createElement("span", { class: "label" }, isFirst ? name : `${name} …`),
    " ",
    createElement("span", { class: "digits" }, ...digits));
}
