// Fills what stands in a message: its text, as it was typed, below its photo, if it has one. message-item.js
// draws the item around it, with the author, the time and the ticks.
//
// Texts are inserted with `textContent` and so appear as they were typed. With `innerHTML`, markup in a
// message would become part of this page and could run a script in it (cross-site scripting).

import { actionIn, nameElement } from "./format.js";
import { photoButton } from "./photo-item.js";

/** Fills this empty element, the <p class="text"> of a message's item. */
export function fillBody(body, message) {
  if (message.photo) body.append(photoButton(message));
  const action = actionIn(message.text);
  if (action === null) body.append(message.text);
  else body.append("* ", nameElement(message.from), ` ${action}`);
}
