// Offers to send a paste as a block of code when it looks like source, because few people know of ```.

const FENCE = "```";

/** A text of fewer lines is sent as it is. */
const FEWEST_LINES = 3;

/** Does this look like source? Then at least half of its lines are indented, or end as statements do. */
export function looksLikeCode(text) {
  if (text.includes(FENCE)) return false;
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  const ofCode = lines.filter((line) => /^(\t| {2,})|[;{}:]\s*$/.test(line));
  return lines.length >= FEWEST_LINES && 2 * ofCode.length >= lines.length;
}

/** Returns the text as a block of code. */
export const asCode = (text) => `${FENCE}\n${text.replace(/^\s*\n/, "").trimEnd()}\n${FENCE}`;
