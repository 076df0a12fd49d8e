// Finds comments, strings and keywords in a file, for their colours. It knows no grammar: a regular expression
// goes from one of them to the next. Shortcut: a quote in a regular expression of JavaScript may look like the
// beginning of a string, up to the end of its line. A pure function.

const WORDS = {
  rs: "as break const continue crate else enum false fn for if impl in let loop match mod move mut pub ref return "
    + "self Self static struct super trait true type unsafe use where while dyn",
  js: "async await break case catch class const continue default delete else export extends false finally for from "
    + "function if import in instanceof let new null of return static super switch this throw true try typeof "
    + "undefined void while yield",
};

// A string of Rust may go over several lines, as JavaScript's `…` does; those with " or ' may not.
const STRINGS = {
  rs: String.raw`b?"(?:[^"\\]|\\[^])*"|r#"[^]*?"#|r"[^"]*"|b?'(?:[^'\\\n]|\\[^\n]{1,10})'`,
  js: String.raw`"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|` + "`(?:[^`\\\\]|\\\\[^])*`",
  css: String.raw`"(?:[^"\\\n]|\\.)*"`,
  html: String.raw`"[^"]*"`,
};
const COMMENTS = {
  rs: String.raw`//[^\n]*`,
  js: String.raw`//[^\n]*|/\*[^]*?\*/`,
  css: String.raw`/\*[^]*?\*/`,
  html: String.raw`<!--[^]*?-->`,
};

/** Returns for each line of the text a list of { text, kind }; `kind` is "comment", "string", "keyword" or "". */
export function splitIntoPieces(text, file) {
  const language = file.slice(file.lastIndexOf(".") + 1);
  const lines = [[]];
  function add(piece, kind) {
    piece.split("\n").forEach((part, index) => {
      if (index > 0) lines.push([]);
      if (part !== "") lines.at(-1).push({ text: part, kind });
    });
  }
  let end = 0;
  for (const match of text.matchAll(patternOf(language))) {
    add(text.slice(end, match.index), "");
    const kind = Object.keys(match.groups).find((name) => match.groups[name] !== undefined);
    add(match[0], kind);
    end = match.index + match[0].length;
  }
  add(text.slice(end), "");
  return lines;
}

const NOTHING = "(?!)";

function patternOf(language) {
  const words = WORDS[language]?.replaceAll(" ", "|") ?? NOTHING;
  const comment = COMMENTS[language] ?? NOTHING;
  const string = STRINGS[language] ?? NOTHING;
  return new RegExp(`(?<comment>${comment})|(?<string>${string})|(?<keyword>\\b(?:${words})\\b)`, "g");
}
