// Makes a text well-formed. A string of JavaScript can have half of a surrogate pair, for example when a text
// was cut in the middle of an emoji. UTF-8 cannot write it, so a server does not understand it.

/** Returns the text with "�" in the place of each such half. (`toWellFormed` is missing in older browsers.) */
export function wellFormed(text) {
  return text.replace(/\p{Surrogate}/gu, "\ufffd"); // with the flag `u`, whole pairs are other characters
}
