// The frame workbench. What is chosen in the form becomes bytes (encode-frame.js), what is pasted as hex becomes
// fields; both are drawn by the modules of the wire view. A frame of the wire view opens here by the address:
// `frame.html#client,8185…`.

import { copyText } from "../shared/copy-text.js";
import { createElement } from "../wire/create-element.js";
import { decodeFrame, hexDigits, hexOfAll, isControl } from "../wire/decode-frame.js";
import { drawFrame } from "../wire/draw-frame.js";
import { plural } from "../wire/format.js";
import { highlightFields } from "../wire/highlight-fields.js";
import { bytesFromHex, cutFrame, encodeFrame, mask } from "./encode-frame.js";
import { faultsOf } from "./check-frame.js";
import { judge } from "./predict.js";
import { pythonLine, shellLine } from "./send-lines.js";

const field = (id) => document.getElementById(id);
const drawing = field("drawing");

/** More bytes than this are not drawn: the payload goes on in the same way. */
const DRAWN = 256;
/** The longest payload of "that many bytes". */
const LONGEST = 70_000;

/** The boxes of the reserved bits, the highest bit first. */
const RESERVED_BITS = ["rsv1", "rsv2", "rsv3"];

/** The bytes of the frame. */
let bytes = new Uint8Array();

/** The form has changed: makes the bytes anew. */
function encode() {
  const payload = payloadBytes();
  const key = field("masked").checked ? bytesFromHex(field("key").value) : null;
  if (payload === null) return say("The payload is not pairs of hex digits.");
  if (key && key.length !== 4) return say("A masking key has 4 bytes.");
  if (field("masked").checked && !key) return say("The masking key is not pairs of hex digits.");
  bytes = encodeFrame({
    fin: Number(field("fin").checked),
    reserved: RESERVED_BITS.reduce((bits, id) => (bits << 1) | Number(field(id).checked), 0),
    opcode: Number(field("opcode").value),
    key,
    payload,
  });
  field("hex").value = bytes.length <= 400 ? hexOfAll(bytes) : `${hexOfAll(bytes.slice(0, 400))} …`;
  show();
}

function payloadBytes() {
  const text = field("payload").value;
  switch (field("kind").value) {
    case "hex": return bytesFromHex(text);
    case "length": return new Uint8Array(Math.min(Number.parseInt(text, 10) || 0, LONGEST)).fill(0x78);
    default: return new TextEncoder().encode(text);
  }
}

/** Hex was pasted: the form shows the fields of its first frame, all of them, so that an edit changes only one. */
function decode() {
  const pasted = bytesFromHex(field("hex").value);
  if (pasted === null) return say("This is not pairs of hex digits.");
  bytes = pasted;
  const { header, isHeaderWhole, payload } = cutFrame(bytes);
  if (isHeaderWhole) {
    const { fin, reserved, opcode, key } = frameOf(header, payload);
    field("fin").checked = fin === 1;
    RESERVED_BITS.forEach((id, index) => {
      field(id).checked = (reserved & (0b100 >> index)) !== 0;
    });
    field("masked").checked = key !== null;
    if (key) field("key").value = hexOfAll(key);
    selectOpcode(opcode);
    field("kind").value = "hex";
    field("payload").value = hexOfAll(mask(payload, key));
  }
  show();
}

/** Selects an opcode. The list has one of the reserved ones; another gets a row. */
function selectOpcode(opcode) {
  const list = field("opcode");
  list.value = String(opcode);
  if (list.selectedIndex >= 0) return;
  list.add(new Option(`${opcode.toString(16).toUpperCase()} reserved`, String(opcode), false, true));
}

/** Makes what the wire view draws: a frame, in a message of its own, with no byte hidden. */
function frameOf(header, payload) {
  const shown = payload.slice(0, DRAWN);
  const frame = decodeFrame({ from: field("from").value, at: 0, header: hexDigits(header), payload: hexDigits(shown) });
  frame.hidden = new Uint8Array(shown.length);
  frame.message = { from: frame.from, opcode: frame.opcode, frames: [frame], isWhole: true };
  return frame;
}

/** Shows the bytes: the drawing, what is wrong, and the command lines. */
function show() {
  const { header, isHeaderWhole, payload, rest, missing } = cutFrame(bytes);
  field("verdict").replaceChildren();
  field("shell").textContent = shellLine(bytes, location);
  field("python").textContent = pythonLine(bytes, location);
  if (header.length < 2) return say("A frame has at least 2 bytes.");
  if (!isHeaderWhole) return say(`The header is not complete: ${plural(missing, "byte")} more.`);
  const frame = frameOf(header, payload);
  const sentences = faultsOf(frame, mask(payload, frame.key)).map(({ sentence, section }) => [sentence, section]);
  if (missing > 0) sentences.unshift([`Missing at the end: ${plural(missing, "byte")}.`, "5.2"]);
  if (rest.length > 0) sentences.unshift([`Behind this frame comes the next one: ${plural(rest.length, "byte")} more.`, "5.2"]);
  showFaults(sentences, frame);
  drawing.hidden = field("predict").checked;
  drawing.replaceChildren(...drawFrame(frame, innerWidth > 1000 ? 32 : 8));
}

function showFaults(sentences, { opcode, fin }) {
  const lines = sentences.map(([sentence, section]) => createElement("p", { class: "fault" },
    `${sentence} `, createElement("a", {
      href: `https://www.rfc-editor.org/rfc/rfc6455#section-${section}`, rel: "noopener",
    }, `RFC 6455, ${section}`)));
  const isPart = !isControl(opcode) && (fin === 0 || opcode === 0);
  const well = isPart ? "A right frame, and a part of a message (5.4)." : "A right frame.";
  field("faults").replaceChildren(...(lines.length > 0 ? lines : [createElement("p", { class: "well" }, well)]));
}

/** There is no frame: says why. */
function say(sentence) {
  field("faults").replaceChildren(createElement("p", { class: "fault" }, sentence));
  field("verdict").replaceChildren();
  drawing.replaceChildren();
}

// Predict, then reveal.

field("predict").addEventListener("change", ({ target }) => {
  field("questions").hidden = !target.checked;
  show();
});

field("prediction").addEventListener("submit", (event) => {
  event.preventDefault();
  if (drawing.childElementCount === 0) return; // there is no frame
  const { header, payload } = cutFrame(bytes);
  const guesses = {
    length: field("guess-length").value, second: field("guess-second").value, xor: field("guess-xor").value,
  };
  const lines = judge(frameOf(header, payload), guesses).map(({ isRight, sentence }) =>
    createElement("p", { class: isRight ? "well" : "fault" }, `${isRight ? "✓" : "✗"} ${sentence}`));
  field("verdict").replaceChildren(...lines);
  drawing.hidden = false;
});

// The form.

for (const id of ["from", "opcode", "fin", ...RESERVED_BITS, "masked", "key", "payload", "kind"]) {
  field(id).addEventListener("input", encode);
}
field("from").addEventListener("input", ({ target }) => {
  field("masked").checked = target.value === "client"; // as the RFC asks for
  encode();
});
field("hex").addEventListener("input", decode);
field("fields").addEventListener("submit", (event) => event.preventDefault());
field("new-key").addEventListener("click", () => {
  field("key").value = hexOfAll(crypto.getRandomValues(new Uint8Array(4)));
  encode();
});
for (const name of ["shell", "python"]) {
  field(`copy-${name}`).addEventListener("click", ({ target }) => copyText(field(name).textContent, target));
}

function openFromAddress() {
  const [, from, hex] = /^#(client|server),([0-9a-f]*)$/i.exec(location.hash) ?? [];
  if (hex === undefined) return encode();
  field("from").value = from;
  field("hex").value = hexOfAll(bytesFromHex(hex) ?? []);
  decode();
}

highlightFields(drawing);
addEventListener("hashchange", openFromAddress);
openFromAddress();
