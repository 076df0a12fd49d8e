// The address of a place in the source. Links name a text and no line number, so they stay right when lines
// are added above; a test looks each of them up.

/** Returns the address of a file, `src/echo.rs`, at its first line that contains the text `at`. */
export function sourceLink(file, at) {
  const query = new URLSearchParams({ file, ...(at && { at }) });
  return `source.html?${query}`;
}
