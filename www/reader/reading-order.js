// The reading order, out of the guide src/README.md, so that it is written down once. A pure function.

/** Returns a list of { files, lesson } out of the table "In which order" of the guide. `all` are the files there are. */
export function readingOrder(guide, all) {
  const section = guide.split("\n## ").find((it) => it.startsWith("In which order")) ?? "";
  const rows = section.split("\n").filter((line) => /^\| \d+½? \|/.test(line));
  return rows.map((row) => {
    const [, read, lesson] = row.split(" | ");
    return { files: filesIn(read, all), lesson: lesson.replaceAll(/[`*]/g, "") };
  });
}

/** Returns the files that a cell names in backticks: `server.rs` is in src/, `www/echo.js` is not. */
function filesIn(cell, all) {
  const names = Array.from(cell.matchAll(/`([^`]+)`/g), ([, name]) => name);
  const paths = names.map((name) => (name.startsWith("www/") ? name : `src/${name}`));
  return paths.filter((path) => all.includes(path));
}
