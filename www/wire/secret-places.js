// Finds secrets by the place where they stand: the value after "token=" in a request, the "token" of a JSON
// object, a cookie. Pure functions on strings with one character per byte. secrets.js uses what is found
// here to hide these values elsewhere, too.

/** In the query of a request. */
const QUERY_VALUE = /[?&](?:token|passphrase|wire|name)=([^&#\s]*)/gi;
/** In JSON. The closing quote is not required: the message may be cut off before it. */
const JSON_VALUE = /"(?:token|passphrase)"\s*:\s*"((?:[^"\\]|\\.)*)/g;
/** Header fields: of cookies the values are secret, of credentials everything. */
const COOKIES = /^(?:set-)?cookie:[ \t]*(.*)$/gim;
const COOKIE_VALUE = /(?:^|;[ \t]*)[^=;]*=([^;]*)/g;
const CREDENTIALS = /^(?:proxy-)?authorization:[ \t]*(.*)$/gim;

/** The beginning of a request up to a value, if the value is one of this chat's own. */
const ENDS_WITH_OWN_NAME = /[?&;: ](?:token|passphrase|wire|name)=$/i;

/** Whole JSON strings, quotes included: tokens and passphrases, and three ways in which your name comes. */
const JSON_STRINGS = [
  /"(?:token|passphrase)"\s*:\s*("(?:[^"\\]|\\.)*")/g,
  /"you"\s*:\s*\{[^{}]*"name"\s*:\s*("(?:[^"\\]|\\.)*")/g,
  /"type"\s*:\s*"name"[^{}]*"name"\s*:\s*("(?:[^"\\]|\\.)*")/g,
  /"name"\s*:\s*("(?:[^"\\]|\\.)*")[^{}]*"type"\s*:\s*"name"/g,
];

/** The kinds of secrets in words, and how a request or a message shows that it contains one. */
const KINDS = {
  "wire id": /[?&]wire=[^&#\s]/i,
  "token": /[?&]token=[^&#\s]|"token"\s*:\s*"/i,
  "passphrase": /[?&]passphrase=[^&#\s]|"passphrase"\s*:\s*"/i,
  "your name": /[?&]name=[^&#\s]|"you"\s*:\s*\{[^{}]*"name"|"type"\s*:\s*"name"/i,
  "cookie values": /^(?:set-)?cookie:/im,
  "credentials": /^(?:proxy-)?authorization:/im,
};

/** All kinds, in the order in which the view lists them. */
export const ALL_KINDS = Object.keys(KINDS);

/** Returns the kinds of secrets in this request or message. */
export function kindsIn(text) {
  return ALL_KINDS.filter((kind) => KINDS[kind].test(text));
}

/** Returns where secret values stand: a list of [start, end]. */
export function secretRanges(text) {
  const ranges = [];
  for (const pattern of [QUERY_VALUE, JSON_VALUE, CREDENTIALS]) ranges.push(...groupRanges(text, pattern));
  for (const [start, end] of groupRanges(text, COOKIES)) {
    const values = groupRanges(text.slice(start, end), COOKIE_VALUE);
    ranges.push(...values.map(([from, to]) => [start + from, start + to]));
  }
  return ranges;
}

/** Returns where the first group of each match stands. In all patterns the match ends with that group. */
function groupRanges(text, pattern) {
  return Array.from(text.matchAll(pattern), (match) => {
    const end = match.index + match[0].length;
    return [end - match[1].length, end];
  });
}

/** Is the value at this place in a request one of the chat's own, and not some other program's cookie? */
export function isOwnValue(request, start) {
  return ENDS_WITH_OWN_NAME.test(request.slice(0, start));
}

/** Returns the secret strings of a JSON message, decoded. */
export function secretStrings(json) {
  const found = JSON_STRINGS.flatMap((pattern) => Array.from(json.matchAll(pattern), (match) => match[1]));
  return found.map(parseString);
}

function parseString(json) {
  try {
    return JSON.parse(json);
  } catch {
    return "";
  }
}
