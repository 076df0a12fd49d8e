// The handshake of a connection of this page's own. When the browser refuses one, it tells the page no more than 1006;
// /wire shows what the server has answered.

import { compareValues } from "../wire/compare-values.js";
import { createElement } from "../wire/create-element.js";
import { acceptValue } from "./accept-value.js";
import { Line, textOf } from "./line.js";

export const WIRE_FAILED = "The handshake on /wire failed: there the accept value has to stay right.";

/**
 * Opens a path while a view of /wire watches it. Returns `{ isOpen, key, received, right }`: whether the browser has
 * opened the connection, the key that it sent, the accept value that came, and the one that belongs to the key.
 * Returns `{ problem }` if there was nothing to see.
 */
export async function watchHandshake(path, words) {
  const id = `${words.fill("{id}")}-${path.slice(1)}`; // one for each path: a view shows the newest of its id
  const view = new Line(`/wire?id=${id}`);
  if (!(await view.opens())) return { problem: WIRE_FAILED };
  const line = new Line(`${path}?wire=${id}`);
  const [isOpen, frame] = await Promise.all([line.opens(), view.read()]);
  await Promise.all([line.end(), view.end()]);
  if (!frame || frame[0] === 0x88) return { problem: `${path} sent no 101; has a thread locked the map twice?` };
  const { request, response } = JSON.parse(textOf(frame));
  const value = (head, name) => new RegExp(`^${name}: *(.*?)\r?$`, "im").exec(head)?.[1];
  const key = value(request, "Sec-WebSocket-Key");
  return { isOpen, key, received: value(response, "Sec-WebSocket-Accept"), right: acceptValue(key) };
}

/** Returns the line of a failure with the accept value, and if that is wrong with the right one. */
export function acceptLine(received, right) {
  const shown = received === right ? `${received} ✓ right for this key` : compareValues(received, right);
  return createElement("span", {}, "received Sec-WebSocket-Accept: ", shown);
}

/** Returns lines that say why the browser has not opened a connection on this path. */
export async function whyRefused(target, words) {
  const [path] = target.split("?");
  const failed = `The handshake on ${path} failed.`;
  const { problem, key, received, right } = path === "/wire" ? {} : await watchHandshake(path, words);
  if (problem) return [problem];
  if (received === right) return [`${failed} The browser’s console may say more.`];
  return [failed, `sent     Sec-WebSocket-Key: ${key}`, acceptLine(received, right),
    "Is exercise 4 still in? git checkout src/handshake.rs, then quit and make run."];
}
