// Folds notices in a row: "5 people picked up" instead of five lines. message-list.js calls this when it has drawn
// rows. Each notice keeps its item, with its sentence in it; folded, the sentence has no height.

import { timeElement } from "./format.js";

/** Fewer notices in a row are not folded. */
const FEWEST = 3;

const canBeFolded = ({ notice, why }) => notice === "joined" || (notice === "left" && !why);

/** `itemOf` returns the <li> of a message that is drawn; `redraw` is called when one run is unfolded or folded. */
export function foldNotices(messages, itemOf, redraw) {
  for (const run of runsIn(messages, itemOf)) {
    const isShort = run.length < FEWEST;
    const isFolded = !isShort && !run[0].isUnfolded;
    for (const notice of run) {
      itemOf(notice).classList.toggle("folded-notice", isFolded);
      itemOf(notice).lastElementChild.ariaHidden = isFolded ? "true" : null;
    }
    run.forEach((notice, index) => {
      if (isShort || index > 0) itemOf(notice).querySelector(".summary")?.remove();
    });
    if (!isShort) showSummary(itemOf(run[0]), run, redraw);
  }
}

/** Returns lists of notices in a row. A day ends the one before it. */
function runsIn(messages, itemOf) {
  const runs = [];
  let run = null;
  for (const message of messages) {
    if (!canBeFolded(message)) {
      run = null;
      continue;
    }
    if (run === null || itemOf(message).querySelector(".day")) {
      run = [];
      runs.push(run);
    }
    run.push(message);
  }
  return runs;
}

function showSummary(item, run, redraw) {
  const summary = item.querySelector(".summary") ?? addSummary(item, run[0], redraw);
  const button = summary.querySelector("button");
  const words = wordsFor(run);
  const isExpanded = String(Boolean(run[0].isUnfolded));
  if (button.ariaExpanded !== isExpanded) button.ariaExpanded = isExpanded;
  if (button.textContent === words) return;
  button.textContent = words;
  summary.lastElementChild.replaceWith(timeElement(run.at(-1).at));
}

function addSummary(item, first, redraw) {
  const summary = document.createElement("p");
  summary.className = "summary";
  const button = document.createElement("button");
  button.type = "button";
  button.addEventListener("click", () => {
    first.isUnfolded = !first.isUnfolded;
    redraw();
  });
  summary.append(button, " ", timeElement(first.at));
  item.lastElementChild.before(summary);
  return summary;
}

/** "5 people picked up, 2 hung up". */
function wordsFor(run) {
  const [joined, left] = ["joined", "left"].map((kind) =>
    new Set(run.filter(({ notice }) => notice === kind).map(({ member }) => member.id)).size);
  const people = (count) => (count === 1 ? "1 person" : `${count} people`);
  if (joined === 0) return `${people(left)} hung up`;
  return left === 0 ? `${people(joined)} picked up` : `${people(joined)} picked up, ${left} hung up`;
}
