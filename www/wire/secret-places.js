// Finds secrets by the place where they stand: the value after "token=" in a request, the "token" of a JSON
// object, a cookie. Pure functions on strings with one character per byte. secrets.js uses what is found
// here to hide these values elsewhere, too.

/** In the query of a request. */
const QUERY_VALUE = /[?&](?:token|passphrase|wire)=([^&#\s]*)/gi;
/** In JSON. The closing quote is not required: the message may be cut off before it. */
const JSON_VALUE = /"(?:token|passphrase)"\s*:\s*"((?:[^"\\]|\\.)*)/g;
/** Header fields: of cookies the values are secret, of offers what chat/open-socket.js adds, of credentials all. */
const COOKIES = /^(?:set-)?cookie:[ \t]*(.*)$/gim;
const COOKIE_VALUE = /(?:^|;[ \t]*)[^=;]*=([^;]*)/g;
const OFFERS = /^sec-websocket-protocol:[ \t]*(.*)$/gim;
const OFFERED_SECRET = /(?:^|,[ \t]*)secret\.([^,\s]*)/g;
const CREDENTIALS = /^(?:proxy-)?authorization:[ \t]*(.*)$/gim;

/** The beginning of a request up to a value, if the value is one of this chat's own. */
const ENDS_WITH_OWN_PARAMETER = /[?&](?:token|passphrase|wire)=$/i;
/** The same, if the value is the cookie with your name, which is in every message of yours. */
const ENDS_WITH_NAME_COOKIE = /[:;][ \t]*name=$/i;

/** Whole JSON strings, quotes included. */
const JSON_STRING = /"(?:token|passphrase)"\s*:\s*("(?:[^"\\]|\\.)*")/g;

/** The kinds of secrets in words, and how a request or a message shows that it contains one. */
const KINDS = {
  "wire id": /[?&]wire=[^&#\s]/i,
  "token": /[?&]token=[^&#\s]|(?:secret\.|%26)token%3D|"token"\s*:\s*"/i,
  "passphrase": /[?&]passphrase=[^&#\s]|(?:secret\.|%26)passphrase%3D|"passphrase"\s*:\s*"/i,
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
  ranges.push(...valueRanges(text, COOKIES, COOKIE_VALUE), ...valueRanges(text, OFFERS, OFFERED_SECRET));
  return ranges;
}

/** Returns where values stand in header fields. */
function valueRanges(text, field, value) {
  return groupRanges(text, field).flatMap(([start, end]) =>
    groupRanges(text.slice(start, end), value).map(([from, to]) => [start + from, start + to]));
}

/** Returns the token and the passphrase in the offers of a request. */
export function offeredSecrets(text) {
  const offers = valueRanges(text, OFFERS, OFFERED_SECRET).map(([start, end]) => text.slice(start, end));
  return offers.flatMap((offer) => [...new URLSearchParams(percentDecoded(offer)).values()]);
}

export function percentDecoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
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
  return ENDS_WITH_OWN_PARAMETER.test(request.slice(0, start));
}

/** Is the value at this place in a request that of the cookie with your name? */
export function isNameCookie(request, start) {
  return ENDS_WITH_NAME_COOKIE.test(request.slice(0, start));
}

/** Returns the secret strings of a JSON message, decoded. */
export function secretStrings(json) {
  return Array.from(json.matchAll(JSON_STRING), (match) => parseString(match[1]));
}

function parseString(json) {
  try {
    return JSON.parse(json);
  } catch {
    return "";
  }
}
