// Writes a frame with its explanations as plain text, for "Copy this frame, explained". What is hidden on
// the screen is hidden here, too.

import { coverFrame } from "./cover.js";
import { bitsOf, hexOfAll } from "./decode-frame.js";
import { DIRECTIONS, closeCodeFromBytes, explainCloseCode, explainField } from "./explain-frame.js";
import { formatDuration, formatTime } from "./format.js";

export function frameAsText(frame) {
  const { onWire, unmasked, text, code } = coverFrame(frame);
  const lines = [`Frame ${frame.number}, ${DIRECTIONS[frame.from]}, ${formatTime(frame.at)}`, ""];
  for (const { id, name, start, bits } of frame.fields) {
    const { value, sentence } = explainField(id, frame);
    const hasBits = bits <= 16 && id !== "payload";
    const digits = hasBits ? `${bitsOf(frame.header, start, bits)}, ` : "";
    lines.push(`${name}: ${digits}${value}`, `    ${sentence}`);
  }
  lines.push("", `Header: ${hexOfAll(frame.header)}`);
  if (onWire.length > 0) lines.push(`Payload on the wire: ${hexOfAll(onWire)}`);
  if (frame.key && onWire.length > 0) lines.push(`Payload unmasked:    ${hexOfAll(unmasked)}`);
  if (code !== null) lines.push(closeCodeFromBytes(code), explainCloseCode(code));
  if (text !== "") lines.push(`As text: ${text}`);
  if (frame.roundTrip !== undefined) lines.push(`${formatDuration(frame.roundTrip)} after its ping`);
  return `${lines.join("\n")}\n`;
}
