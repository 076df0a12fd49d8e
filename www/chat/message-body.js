// Fills what stands in a message: its text, with code, links and the names that it mentions, below its
// photo, if it has one. message-item.js draws the item around it, with the author, the time and the ticks.
//
// Texts are inserted as text nodes and so appear as they were typed. With `innerHTML`, markup in a
// message would become part of this page and could run a script in it (cross-site scripting).

import { ACTION, actionIn, nameElement } from "./format.js";
import { fillFormatted } from "./format-text.js";
import { setHue } from "./house.js";
import { photoButton } from "./photo-item.js";

/** A message of a few emoji and nothing else is drawn large: at most this many units of a string. */
const LONGEST_EMOJI = 48;
const EMOJI = String.raw`\p{Extended_Pictographic}|\p{Emoji_Modifier}|\p{Regional_Indicator}|[#*\d]\ufe0f?\u20e3`;
const PARTS_OF_EMOJI = String.raw`[\u200d\ufe0f\u{e0020}-\u{e007f}]`; // joiners, selectors, tags of flags
const ONLY_EMOJI = new RegExp(`^\\s*(?:${EMOJI})(?:${EMOJI}|${PARTS_OF_EMOJI}|\\s)*$`, "u");

/** Fills this empty element, the <p class="text"> of a message's item. */
export function fillBody(body, message) {
  if (message.photo) body.append(photoButton(message));
  const isAction = actionIn(message.text) !== null;
  if (isAction) body.append("* ", nameElement(message.from), " ");
  body.classList.toggle("large", isOnlyEmoji(message.text));
  fillFormatted(body, message.text, {
    start: isAction ? ACTION.length : 0,
    appendPlain: (start, end) => appendText(body, message, start, end),
    about: message,
  });
}

/** Appends the message's text from `start` to `end` (in units of a string), with its mentions lit up. */
export function appendText(parent, { text, mentions }, start, end) {
  let place = start;
  for (const mention of mentions) {
    if (mention.start < place || mention.end > end) continue;
    parent.append(text.slice(place, mention.start), mentionElement(text, mention));
    place = mention.end;
  }
  parent.append(text.slice(place, end));
}

function mentionElement(text, { start, end, id, isYou }) {
  const element = document.createElement(isYou ? "mark" : "bdi");
  element.className = isYou ? "mention you" : "mention";
  element.textContent = text.slice(start, end);
  setHue(element, id);
  return element;
}

export function isOnlyEmoji(text) {
  return text.length <= LONGEST_EMOJI && ONLY_EMOJI.test(text);
}
