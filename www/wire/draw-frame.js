// Draws a handshake and frames as elements. What they say is worked out in wire-handshake.js,
// wire-frame.js and wire-words.js; here bytes come in already covered, with `null` for a hidden one.

import { binary, bitsOf, closeCode, diagram, fieldsIn, groupsOf, hex, hexOf, isControl } from "./decode-frame.js";
import { acceptSteps, explain } from "./handshake.js";
import { make } from "./create-element.js";
import { DOT, charactersOf, cover, coverText } from "./secrets.js";
import {
  DIRECTIONS, closeWords, codeInBytes, fieldWords, hiddenWords, isUsual, opcodeName, plural, shownOf,
} from "./explain-frame.js";

/** The XOR is worked through for so many bytes: the key is used twice. */
const XOR_BYTES = 8;
/** So many bytes of the payload stand beside those of the header. */
const BYTES = 8;
/** A payload up to this long is shown in full, without a box that scrolls. */
const IN_FULL = 128;
/** So many characters of a text are shown in its line. */
const PREVIEW = 200;

const code = (text, attributes) => make("code", attributes, text);

// The handshake.

export function drawHandshake(handshake, secrets) {
  const { request, response } = handshake;
  return [
    ...drawHead("The request, from the browser", request, true, secrets),
    ...drawHead("The answer, from the server", response, false, secrets),
    ...drawAccept(handshake, secrets),
  ];
}

function drawHead(title, head, isRequest, secrets) {
  // Covered as a whole: what is secret shows by what stands around it.
  const covered = explain(coverText(head, secrets), isRequest);
  const items = [];
  for (let at = 0; at < covered.length;) {
    const isFolded = (index) => isRequest && index < covered.length && isUsual(covered[index].line);
    let end = at;
    while (isFolded(end)) end += 1;
    if (end > at) items.push(drawFold(covered.slice(at, end)));
    else items.push(drawLine(covered[end++], isRequest));
    at = end;
  }
  return [make("h3", {}, title), make("ol", { class: "head" }, ...items)];
}

function drawLine({ line, words }, isRequest) {
  const [name, value] = isRequest || !line.startsWith("HTTP") ? split(line) : [line, ""];
  const text = line === "" ? make("span", { class: "empty-line" }, "(empty)") : code(name, { class: "header-name" });
  const item = make("li", {}, make("p", {}, text, value === "" ? "" : code(value)), make("p", { class: "words" }, words));
  if (line.includes(DOT)) item.append(make("p", { class: "words" }, hiddenWords(line)));
  return item;
}

/** Lines that have nothing to do with WebSocket, where they came, but out of the way. */
function drawFold(covered) {
  const items = covered.map((it) => drawLine(it, true));
  const title = `${plural(items.length, "more line")}, as in any other request`;
  return make("li", { class: "fold" },
    make("details", {}, make("summary", {}, title), make("ol", { class: "head-more" }, ...items)));
}

/** The name of a header field with its colon, or the method of a request, and the rest. */
function split(line) {
  const [, name, rest] = /^([A-Z]+ |[^\s:]+:)?(.*)$/.exec(line);
  return name ? [name, rest] : [line, ""];
}

function drawAccept(handshake, secrets) {
  const { steps, matches } = acceptSteps(handshake);
  const items = steps.map(([words, value]) =>
    make("li", {}, make("p", { class: "words" }, words), code(coverText(value, secrets))));
  const verdict = matches
    ? "It matches the 101 ✓ So this answer is to this request, from somebody who speaks WebSocket."
    : "It does not match the 101 ✗ A browser ends such a connection at once.";
  return [make("h3", {}, "Where the accept value comes from"), make("ol", { class: "steps" }, ...items),
    make("p", { class: matches ? "verdict" : "verdict wrong" }, verdict)];
}

// A frame in one line.

/** Covers what is secret in a frame; `hidden` says which bytes of its payload are. */
export function coverFrame(frame) {
  const { wire, plain, hidden } = frame;
  const before = closeCode(frame) === null ? 0 : 2; // a number, and no text
  const characters = [...Array(before).fill(""), ...charactersOf(plain.slice(before), hidden.slice(before))];
  return { wire: cover(wire, hidden), plain: cover(plain, hidden), characters, text: readable(frame, characters) };
}

/** What the payload says to a person; nothing, if it is bytes. */
function readable(frame, characters) {
  const isText = frame.message.opcode === 1 || isControl(frame.opcode);
  return isText ? characters.join("") : "";
}

export function drawSummary(frame) {
  const { from, opcode, fin, length, at, roundTrip } = frame;
  const code = closeCode(frame);
  const { text, plain } = coverFrame(frame);
  const told = [];
  if (code !== null && frame.hidden[0] + frame.hidden[1] === 0) told.push(closeWords(code).split(":")[0]);
  const beginning = Array.from(text).slice(0, PREVIEW).join("");
  if (text !== "") told.push(`“${beginning}${beginning !== text || length > plain.length ? " …" : ""}”`);
  else if (code === null && length > 0) told.push(hexOf(plain.slice(0, 8)) + (length > 8 ? " …" : ""));
  if (roundTrip !== undefined) told.push(`${milliseconds(roundTrip)} after its ping`);
  const arrow = make("span", { class: "arrow", "aria-hidden": "true" }, from === "client" ? "↑" : "↓");
  return [
    make("span", { class: `way ${from}` }, arrow, DIRECTIONS[from]),
    make("span", { class: "opcode" }, opcodeName(opcode)),
    make("span", { class: "fin" }, `Fin ${fin}`),
    make("span", { class: "size" }, plural(length, "byte")),
    make("time", { datetime: new Date(at).toISOString() }, clock(at)),
    make("bdi", { class: "preview", dir: "auto" }, told.join(" · ")),
  ];
}

const milliseconds = (time) => `${time < 10 ? time.toFixed(2) : Math.round(time)} ms`;

const two = "2-digit";
const time = new Intl.DateTimeFormat("en-GB", { hour: two, minute: two, second: two, fractionalSecondDigits: 3 });
const clock = (at) => time.format(at);

// A frame in full.

export function drawFrame(frame, columns) {
  const { wire, plain, characters, text } = coverFrame(frame);
  // The plain ones first: the diagram is the hardest to read.
  const parts = [...drawBytes(frame, wire), drawFields(frame), drawBits(frame, wire, columns)];
  const code = closeCode(frame);
  if (code !== null && plain[0] !== null && plain[1] !== null) {
    const reason = text === "" ? [] : [make("p", { dir: "auto" }, text)];
    parts.push(part("What the Close says", make("p", {}, make("code", {}, codeInBytes(code))), make("p", {}, closeWords(code)), ...reason));
  }
  if (frame.key && plain.length > 0) parts.push(drawXor(frame, wire, plain, characters));
  if (plain.length > 0) parts.push(drawPayload(frame, wire, plain, characters, columns));
  if (text !== "" && code === null) {
    const note = make("p", { class: "words" }, shownOf(wire, frame.length));
    parts.push(part("The payload as text", make("p", { class: "text-payload", dir: "auto" }, text), note));
  }
  return parts;
}

const caption = (title, more) => make("caption", {}, title, make("span", { class: "words" }, " ", more));
const headings = (titles) => make("thead", {}, make("tr", {}, ...titles.map((title) => make("th", { scope: "col" }, title))));
const part = (title, ...children) => make("section", { class: "part" }, make("h3", {}, title), ...children);

/** The bytes, in groups: what belongs to one field lights up with it. */
function drawBytes(frame, wire) {
  const groups = groupsOf(frame);
  if (wire.length > 0) groups.push({ ids: "payload", bytes: wire.slice(0, BYTES) });
  const more = frame.length > BYTES ? [" …"] : [];
  const buttons = groups.map(({ ids, bytes }) => {
    const names = ids.split(" ").map((id) => frame.fields.find((field) => field.id === id).name).join(", ");
    const label = make("span", { class: "hidden" }, `${names}: `);
    return make("button", { type: "button", class: "bytes", "data-fields": ids, "aria-pressed": "false" },
      label, hexOf(bytes), ...(ids === "payload" ? more : []));
  });
  return [make("h3", {}, "The bytes, in hex"), make("p", { class: "byte-groups" }, ...buttons)];
}

function drawFields(frame) {
  const rows = frame.fields.map(({ id, name }) => {
    const [value, sentence] = fieldWords(id, frame);
    const button = make("button", { type: "button", class: "field", "data-fields": id, "aria-pressed": "false" }, name);
    const shown = id === "key" ? hexOf(frame.key) : value;
    return make("tr", { "data-fields": id },
      make("th", { scope: "row" }, button), make("td", {}, code(shown), make("span", { class: "words" }, ` ${sentence}`)));
  });
  return make("table", { class: "fields" },
    caption("Its fields.", make("span", { class: "hint" }, "Press one to keep it lit.")),
    headings(["Field", "Value, and what it says"]),
    make("tbody", {}, ...rows));
}

/** The diagram of RFC 6455, section 5.2, with this frame's bits; every byte in hex under or beside its bits. */
function drawBits(frame, wire, columns) {
  const bytes = [...frame.head, ...wire];
  const rows = diagram(frame, columns);
  const perRow = columns / 8;
  const isWide = perRow > 1;
  const body = rows.flatMap((pieces, row) => {
    const filled = pieces.reduce((sum, { bits }) => sum + bits, 0);
    const cells = pieces.map((piece) => drawPiece(piece, bytes));
    const inRow = bytes.slice(row * perRow, row * perRow + filled / 8);
    const inHex = inRow.map((byte, index) => {
      const ids = fieldsIn(frame, row * perRow + index);
      return make("td", { colspan: isWide && 8, class: "in-hex", "data-fields": ids }, hex(byte));
    });
    const beyond = () => make("td", { colspan: columns - filled, class: "beyond" });
    if (filled < columns) [cells, inHex].forEach((part) => part.push(beyond()));
    const head = make("th", { scope: "row", rowspan: isWide && 2 }, String(row * perRow));
    return isWide
      ? [make("tr", {}, head, ...cells), make("tr", {}, ...inHex)]
      : [make("tr", {}, head, ...cells, ...inHex)];
  });
  const shown = rows.flat().filter(({ id }) => id === "payload").reduce((sum, { bits }) => sum + bits / 8, 0);
  const more = frame.length > shown ? `After the last row: ${plural(frame.length - shown, "more byte")} of payload.` : "";
  const numbers = Array.from({ length: columns }, (_, bit) =>
    make("th", { scope: "col", class: bit % 8 === 0 && "begins" }, String(bit)));
  return make("table", { class: `bits of-${columns}` },
    caption("The same in bits, as RFC 6455 draws them in section 5.2.", more),
    make("thead", {},
      make("tr", {},
        make("th", { scope: "col", rowspan: 2 }, "Byte"),
        make("th", { scope: "colgroup", colspan: columns }, "Bit"),
        ...(isWide ? [] : [make("th", { scope: "col", rowspan: 2, class: "hex-column" }, "Hex")])),
      make("tr", {}, ...numbers)),
    make("tbody", {}, ...body));
}

/** A field, or as much of it as there is in this row. */
function drawPiece({ id, name, start, bits, first }, bytes) {
  const begins = (bit) => bit % 8 === 0 && "begins"; // a byte: there is a heavier line before it
  const digits = Array.from(bitsOf(bytes, start, bits), (bit, index) =>
    make("i", { class: index > 0 && begins(start + index) }, bit));
  return make("td", { colspan: bits, "data-fields": id, class: `bit ${bits <= 3 ? "narrow" : ""} ${begins(start) || ""}` },
    make("span", { class: "label" }, first ? name : `${name} …`), " ", make("span", { class: "digits" }, ...digits));
}

function drawXor(frame, wire, plain, characters) {
  const count = Math.min(plain.length, XOR_BYTES);
  const both = (byte) => [code(hex(byte)), " ", code(binary(byte).replace(/(.{4})/, "$1 "), { class: "binary" })];
  const rows = Array.from({ length: count }, (_, index) => {
    const key = frame.key[index % 4];
    return make("tr", {},
      make("th", { scope: "row" }, String(index)),
      make("td", { "data-fields": "payload" }, ...both(wire[index])),
      make("td", { "data-fields": "key" }, ...both(key)),
      make("td", { "data-fields": "payload" }, ...both(plain[index])),
      make("td", { class: "character" }, meaningOf(characters, index)));
  });
  const keyBytes = count > 4 ? "Key byte 0, 1, 2, 3, 0, …" : "Key byte 0, 1, 2, 3";
  const titles = ["Payload byte", "On the wire", keyBytes, "XOR of both", "Text"];
  const words = ["XOR: a bit is 1 where the two differ."];
  if (count > 4) words.push("The key has 4 bytes; byte 4 begins again with the first.");
  if (frame.length > count) words.push(`The other ${plural(frame.length - count, "byte")} in the same way.`);
  return make("table", { class: "xor" }, caption("Unmasking.", words.join(" ")), headings(titles), make("tbody", {}, ...rows));
}

/** What a single byte of the payload is in the text. */
function meaningOf(characters, index) {
  const character = characters[index];
  if (character === " ") return "␣ space";
  if (character !== "") return character;
  const begin = characters.findLastIndex((it, at) => at < index && it !== "");
  return begin < 0 ? "(code)" : `part of ${characters[begin]}`;
}

function drawPayload(frame, wire, plain, characters, columns) {
  const perRow = columns === 32 ? 8 : 4;
  const rows = [];
  for (let start = 0; start < plain.length; start += perRow) {
    const end = start + perRow;
    const bytes = frame.key ? [make("td", {}, code(hexOf(wire.slice(start, end))))] : [];
    bytes.push(make("td", {}, code(hexOf(plain.slice(start, end)))));
    rows.push(make("tr", {}, make("th", { scope: "row" }, String(start)), ...bytes,
      make("td", { class: "character" }, characters.slice(start, end).join(""))));
  }
  const titles = frame.key ? ["Byte", "On the wire (masked)", "Unmasked", "Text"] : ["Byte", "On the wire", "Text"];
  const title = "The payload in hex";
  const table = make("table", { class: frame.key ? "payload masked" : "payload" },
    make("caption", { class: "hidden" }, title), headings(titles), make("tbody", {}, ...rows));
  // A region that scrolls has to be reachable with the keyboard.
  const box = make("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": title });
  if (plain.length > IN_FULL) box.append(table);
  return part(title, make("p", { class: "words" }, `Byte 0 is the payload's first.${shownOf(wire, frame.length)}`), plain.length > IN_FULL ? box : table);
}

/** A frame with its explanations as plain text, for notes and exercises. */
export function frameAsText(frame) {
  const { wire, plain, text } = coverFrame(frame);
  const lines = [`Frame ${frame.number}, ${DIRECTIONS[frame.from]}, ${clock(frame.at)}`, ""];
  for (const { id, name, start, bits } of frame.fields) {
    const [value, sentence] = fieldWords(id, frame);
    const digits = bits <= 16 ? `${bitsOf(frame.head, start, bits)}, ` : "";
    const shown = id === "key" ? hexOf(frame.key) : id === "payload" ? value : digits + value;
    lines.push(`${name}: ${shown}`, `    ${sentence}`);
  }
  lines.push("", `Header: ${hexOf(frame.head)}`);
  if (wire.length > 0) lines.push(`Payload on the wire: ${hexOf(wire)}`);
  if (frame.key && wire.length > 0) lines.push(`Payload unmasked:    ${hexOf(plain)}`);
  const code = closeCode(frame);
  if (code !== null && plain[0] !== null && plain[1] !== null) lines.push(codeInBytes(code), closeWords(code));
  if (text !== "") lines.push(`As text: ${text}`);
  if (frame.roundTrip !== undefined) lines.push(`${milliseconds(frame.roundTrip)} after its ping`);
  return `${lines.join("\n")}\n`;
}

/** Lights up a field and its bytes, wherever they are in this part of the page. */
export function linkFields(root) {
  const pinned = () => root.querySelector("[aria-pressed=true]");
  const light = (target) => {
    const ids = (target?.closest?.("[data-fields]") ?? pinned())?.dataset.fields.split(" ") ?? [];
    for (const element of root.querySelectorAll("[data-fields]")) {
      const has = element.dataset.fields.split(" ").some((id) => ids.includes(id));
      element.classList.toggle("lit", has);
    }
  };
  for (const type of ["mouseover", "focusin"]) root.addEventListener(type, ({ target }) => light(target));
  for (const type of ["mouseleave", "focusout"]) root.addEventListener(type, () => light(null));
  root.addEventListener("click", ({ target }) => {
    const button = target.closest("[aria-pressed]");
    if (!button) return;
    const pressed = button.getAttribute("aria-pressed") === "true";
    pinned()?.setAttribute("aria-pressed", "false");
    button.setAttribute("aria-pressed", String(!pressed));
    light(pressed ? null : button);
  });
}

