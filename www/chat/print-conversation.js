// Prints a whole conversation: a plain document that only paper sees (../chat/print.css), since the page
// itself draws only what is near the reader. The browser's own "Print" gets what has been loaded so far.

import { authorOf, byDay, formatClock, wordsOf } from "./transcript.js";

/** The document, from `beforeprint` or a press of "Print" until it is printed. */
let paper = null;

/** Shows the transcript to the printer. */
export function printTranscript(transcript) {
  lay(transcript);
  print();
}

/** `currentTranscript` returns what a print of the page gets that was not asked for here. */
export function startPrinting(currentTranscript) {
  addEventListener("beforeprint", () => {
    if (paper === null) lay(currentTranscript());
  });
  addEventListener("afterprint", () => {
    paper?.remove();
    paper = null;
  });
}

function lay({ title, about, messages }) {
  paper?.remove();
  paper = element("article", "");
  paper.id = "paper";
  paper.hidden = true; // on the screen
  paper.append(element("h1", title), ...about.map((sentence) => element("p", sentence)));
  byDay(messages, (day) => paper.append(element("h2", day)), (message) => {
    const row = element("p", "");
    row.dir = "auto";
    row.append(element("span", formatClock(message.at)), " ", element("b", authorOf(message)), ` ${wordsOf(message)}`);
    paper.append(row);
  });
  document.body.append(paper);
}

function element(tag, text) {
  const made = document.createElement(tag);
  made.textContent = text;
  return made;
}
