// Makes elements of a sentence: "RFC 6455, 5.2" in it becomes a link to that section, and behind it may stand a
// link to the code for which it is true.

import { createElement } from "./create-element.js";

const SECTION = /(RFC (\d+), (?:section )?(\d+(?:\.\d+)*))/;

/** Returns the text and links of a sentence. `place` is an address in source.html, or null. */
export function linkedSentence(sentence, place) {
  const parts = [];
  // With three groups in the pattern, each match leaves itself, the RFC's number and the section in the list.
  const pieces = sentence.split(SECTION);
  for (let at = 0; at < pieces.length; at += 4) {
    const [text, reference, rfc, section] = pieces.slice(at, at + 4);
    parts.push(text);
    if (reference) parts.push(createLink(`https://www.rfc-editor.org/rfc/rfc${rfc}#section-${section}`, reference));
  }
  if (place) parts.push(" ", createLink(place, "source", "to-source"));
  return parts;
}

/** Opens in another tab: here the connection would end. */
function createLink(href, text, className) {
  return createElement("a", { href, target: "_blank", rel: "noopener", class: className }, text);
}
