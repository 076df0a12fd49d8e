// The two filters of the list of frames: the direction, and the kind of frame. view-elements.js makes a
// <select> of each; frame-list.js hides what does not match.

import { BINARY, CLOSE, PING, PONG, TEXT, isControl } from "./decode-frame.js";

/** From each value to its label. */
export const DIRECTION_OPTIONS = { all: "Both ways", client: "To the server", server: "From the server" };

export const KIND_OPTIONS = {
  all: "All kinds",
  data: "Data",
  control: "Control",
  text: "Text",
  binary: "Binary",
  pings: "Ping, pong",
  close: "Close",
};

/** For each kind: does it include a frame with this opcode, of a message with this one? */
const KIND_TESTS = {
  all: () => true,
  data: (opcode) => !isControl(opcode),
  control: (opcode) => isControl(opcode),
  text: (opcode, messageOpcode) => messageOpcode === TEXT,
  binary: (opcode, messageOpcode) => messageOpcode === BINARY,
  pings: (opcode) => opcode === PING || opcode === PONG,
  close: (opcode) => opcode === CLOSE,
};

/** Returns whether this message passes both filters. */
export function matchesFilter(message, direction, kind) {
  const isDirection = direction === "all" || direction === message.from;
  const { opcode } = message.frames[0] ?? message;
  return isDirection && KIND_TESTS[kind](opcode, message.opcode);
}
