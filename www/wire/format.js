// How numbers and times are written in the wire view.

/** `toLocaleString` would look for the rules of the language with each number. */
const numberFormat = new Intl.NumberFormat("en-GB");

/** Returns "65,536". Like `plural`, it takes a Number or a BigInt. */
export const formatCount = (number) => numberFormat.format(number);

/** Returns "1 byte" or "65,536 bytes". */
export function plural(number, word) {
  return `${formatCount(number)} ${word}${Number(number) === 1 ? "" : "s"}`;
}

/** Returns how long something took: "0.42 ms" or "37 ms". */
export function formatDuration(milliseconds) {
  return `${milliseconds < 10 ? milliseconds.toFixed(2) : Math.round(milliseconds)} ms`;
}

const clock = new Intl.DateTimeFormat("en-GB", {
  hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3,
});

/** Returns the time of day with milliseconds: "14:02:33.120". */
export const formatTime = (milliseconds) => clock.format(milliseconds);
