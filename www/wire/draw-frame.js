// Draws a frame: in one line, and in full with its bytes and its fields. draw-bits.js and draw-payload.js
// draw the other parts. Bytes come here already covered (see cover.js): a hidden one is null.

import { coverFrame } from "./cover.js";
import { createCaption, createCode, createElement, createPart, createTableHead } from "./create-element.js";
import { TEXT, closeCode, headerGroups, hexOfAll } from "./decode-frame.js";
import { drawBits } from "./draw-bits.js";
import { drawPayload, drawUnmasking } from "./draw-payload.js";
import {
  DIRECTIONS, closeCodeFromBytes, closeCodeName, explainCloseCode, explainField, opcodeName, shownPart,
} from "./explain-frame.js";
import { formatDuration, formatTime, plural } from "./format.js";
import { linkedSentence } from "./linked-sentence.js";
import { explainPacket } from "./socketio-packet.js";
import { placeOfField } from "./source-places.js";

/** How many bytes of the payload stand beside those of the header. */
const PAYLOAD_BYTES = 8;

/** How many characters of a text stand in a frame's line. */
const PREVIEW_LENGTH = 200;

/** Draws the line of a frame: direction, opcode, Fin, length, time and the beginning of its payload. */
export function drawSummary(frame) {
  const { from, opcode, fin, length, at } = frame;
  const arrow = createElement("span", { class: "arrow", "aria-hidden": "true" }, from === "client" ? "↑" : "↓");
  return [
    createElement("span", { class: `way ${from}` }, arrow, DIRECTIONS[from]),
    createElement("span", { class: "opcode" }, opcodeName(opcode)),
    createElement("span", { class: "fin" }, `Fin ${fin}`),
    createElement("span", { class: "size" }, plural(length, "byte")),
    createElement("time", { datetime: new Date(at).toISOString() }, formatTime(at)),
    createElement("bdi", { class: "preview", dir: "auto" }, describePayload(frame)),
  ];
}

/** Returns the close code, the beginning of the payload, and how long a Pong took. */
function describePayload(frame) {
  const { length, roundTrip } = frame;
  const { text, unmasked, code } = coverFrame(frame);
  const parts = [];
  if (code !== null) parts.push(closeCodeName(code));
  const packet = packetIn(frame, text);
  if (packet) parts.push(packet.name);
  if (text !== "") {
    const beginning = Array.from(text).slice(0, PREVIEW_LENGTH).join("");
    const goesOn = beginning !== text || length > unmasked.length;
    parts.push(`“${beginning}${goesOn ? " …" : ""}”`);
  } else if (closeCode(frame) === null && length > 0) {
    const beginning = hexOfAll(unmasked.slice(0, PAYLOAD_BYTES));
    parts.push(length > PAYLOAD_BYTES ? `${beginning} …` : beginning);
  }
  if (roundTrip !== undefined) parts.push(`${formatDuration(roundTrip)} after its ping`);
  return parts.join(" · ");
}

/** Returns what the text is to Socket.IO, or null. Only the first frame of a message has the digits. */
function packetIn(frame, text) {
  const { message } = frame;
  const isFirst = message.isWhole && message.frames[0] === frame;
  return message.isSocketIo && isFirst && frame.opcode === TEXT ? explainPacket(text) : null;
}

/** Draws all parts of a frame. The bits come first: the diagram is what a class looks at together. */
export function drawFrame(frame, columns) {
  const { onWire, unmasked, characters, text, code } = coverFrame(frame);
  const parts = [drawBits(frame, onWire, columns), drawFields(frame), ...drawBytes(frame, onWire)];
  if (code !== null) {
    parts.push(createPart("What the Close says",
      createElement("p", {}, createCode(closeCodeFromBytes(code))),
      createElement("p", {}, explainCloseCode(code)),
      ...(text === "" ? [] : [createElement("p", { dir: "auto" }, text)])));
  }
  if (frame.key && unmasked.length > 0) parts.push(drawUnmasking(frame, onWire, unmasked, characters));
  if (unmasked.length > 0) parts.push(drawPayload(frame, onWire, unmasked, characters, columns));
  if (text !== "" && closeCode(frame) === null) {
    parts.push(createPart("The payload as text",
      createElement("p", { class: "text-payload", dir: "auto" }, text),
      createElement("p", { class: "words" }, shownPart(frame))));
  }
  const packet = packetIn(frame, text);
  if (packet) {
    const sentences = packet.sentences.map((sentence) => createElement("p", {}, sentence));
    parts.push(createPart("What it is to Socket.IO", ...sentences));
  }
  return parts;
}

/** Draws the bytes in groups, as buttons: a group lights up together with its fields. */
function drawBytes(frame, onWire) {
  const groups = headerGroups(frame);
  if (onWire.length > 0) groups.push({ ids: ["payload"], bytes: onWire.slice(0, PAYLOAD_BYTES) });
  const buttons = groups.map(({ ids, bytes }) => {
    const names = ids.map((id) => frame.fields.find((field) => field.id === id).name);
    const label = createElement("span", { class: "hidden" }, `${names.join(", ")}: `);
    const goesOn = ids[0] === "payload" && frame.length > PAYLOAD_BYTES;
    return createElement("button",
      { type: "button", class: "bytes", "data-fields": ids.join(" "), "aria-pressed": "false" },
      label, hexOfAll(bytes), ...(goesOn ? [" …"] : []));
  });
  return [
    createElement("h3", {}, "The same bytes, in hex"),
    createElement("p", { class: "byte-groups" }, ...buttons),
  ];
}

function drawFields(frame) {
  const rows = frame.fields.map(({ id, name }) => {
    const { value, sentence } = explainField(id, frame);
    const button = createElement("button",
      { type: "button", class: "field", "data-fields": id, "aria-pressed": "false" }, name);
    return createElement("tr", { "data-fields": id },
      createElement("th", { scope: "row" }, button),
      createElement("td", {}, createCode(value),
        createElement("span", { class: "words" }, ...linkedSentence(` ${sentence}`, placeOfField(id, frame)))));
  });
  const hint = createElement("span", { class: "hint" }, "Press one to keep it lit.");
  return createElement("table", { class: "fields" },
    createCaption("Its fields.", hint),
    createTableHead(["Field", "Value, and what it says"]),
    createElement("tbody", {}, ...rows));
}
