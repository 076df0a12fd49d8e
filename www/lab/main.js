// The lab sheet, lab.html. It adds to each exercise what exercises.json expects of it, and the button Check, which
// takes the steps over WebSockets of this page's own. `make lab` reads the same file.

import { copyText } from "../shared/copy-text.js";
import { createCode, createElement } from "../wire/create-element.js";
import { question } from "./answers.js";
import { CHECKS, openPage } from "./checks.js";
import { takeSteps } from "./steps.js";
import { createWords } from "./words.js";

const PREFIX = "lab.solved.";

const isOnPage = (expectation) => expectation.only !== "terminal";
const randomSeed = () => crypto.getRandomValues(new Uint32Array(1))[0] % 1_000_000;

/** Adds the expectations and the button to an exercise of the sheet. */
function prepare(exercise) {
  const article = document.getElementById(`e${exercise.number}`);
  const place = article.querySelector(".check");
  const items = exercise.expectations.map((expectation) => {
    const only = createElement("span", { class: "only" }, ` (make lab N=${exercise.number})`);
    return createElement("li", {}, expectation.text, isOnPage(expectation) ? "" : only);
  });
  place.append(createElement("ul", { class: "expectations" }, ...items));
  if (exercise.terminal) {
    const command = createCode(`make lab N=${exercise.number}`);
    place.append(createElement("p", { class: "only" }, command, ` ${exercise.terminal}`));
  }
  if (!exercise.expectations.some(isOnPage)) return;
  const seed = createElement("input", {
    inputmode: "numeric", autocomplete: "off", size: "7", "aria-label": `Seed of exercise ${exercise.number}`,
  });
  const button = createElement("button", { type: "submit" }, "Check");
  const verdict = createElement("div", { class: "verdict", role: "status" });
  const form = createElement("form", { class: "run" });
  const asked = exercise.ask ? createQuestion(exercise, seed) : null;
  if (asked) form.append(asked.paragraph, asked.answer);
  form.append(button, createElement("label", {}, "Seed ", seed));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    // A seed that was typed is used again; without one, each check has another.
    const number = seed.value === "" ? randomSeed() : Number.parseInt(seed.value, 10) >>> 0;
    const page = openPage(exercise);
    const words = createWords(number);
    await check(exercise, items, verdict, { words, seed: number, answer: asked?.answer.value, page });
    page?.close();
    button.disabled = false;
  });
  place.append(form, verdict);
  showSolved(exercise.number, isSolved(exercise.number));
}

/** An exercise that asks for an answer: its question belongs to a seed, which stays until another is typed. */
function createQuestion(exercise, seed) {
  const paragraph = createElement("p", { class: "question" });
  const answer = createElement("input", { autocomplete: "off", spellcheck: "false", "aria-label": "Your answer" });
  const show = () => (paragraph.textContent = question(exercise, createWords(Number.parseInt(seed.value, 10) >>> 0)));
  seed.value = String(randomSeed());
  seed.addEventListener("input", show);
  show();
  return { paragraph, answer };
}

/** Checks the expectations one after the other, and shows each result. */
async function check(exercise, items, verdict, { words, seed, answer, page }) {
  verdict.replaceChildren();
  items.forEach((item) => (item.className = ""));
  const say = (line) => verdict.replaceChildren(createElement("p", {}, line));
  const notes = [];
  const note = (...parts) => notes.push(createElement("p", {}, ...parts));
  let kept = 0;
  const failures = [];
  for (const [index, expectation] of exercise.expectations.entries()) {
    if (!isOnPage(expectation)) continue;
    items[index].className = "running";
    const given = { exercise, expectation, words, answer, page, say, note };
    const wrong = expectation.steps
      ? await takeSteps(expectation.steps, words)
      : await CHECKS[expectation.run](given).catch((error) => [error.message]);
    items[index].className = wrong ? "red" : "green";
    if (wrong) failures.push(createElement("p", {}, expectation.text), createExchange(wrong));
    else kept += 1;
    if (wrong && expectation.what === "comes") break; // there is no client to check
  }
  const all = exercise.expectations.filter(isOnPage).length;
  const result = createElement("p", { class: kept === all ? "green" : "red" }, sentence(exercise, kept, all, seed));
  verdict.replaceChildren(result, ...notes, ...failures);
  if (kept === all) save(exercise.number);
  showSolved(exercise.number, kept === all || isSolved(exercise.number));
}

/** What a failure shows: lines, which are texts or elements. */
const createExchange = (lines) =>
  createElement("pre", { tabindex: "0" }, ...lines.flatMap((line, index) => (index === 0 ? [line] : ["\n", line])));

function sentence({ red, number, expectations }, kept, all, seed) {
  if (red && kept < all) {
    return "Red on purpose: the server is right, and what is expected here is wrong. You have seen how a failure " +
      `looks: what was sent, expected and received, and the first field that differs. Seed ${seed}.`;
  }
  const rest = expectations.length > all ? `, as far as a browser can see. The rest: make lab N=${number}` : "";
  if (kept === all) return `✓ Solved${rest}. Seed ${seed}.`;
  return `✗ ${kept} of ${all} hold. Once more with the same words: seed ${seed}.`;
}

// What was solved here before: only a mark in the list, so it may be lost.

function isSolved(number) {
  try {
    return localStorage.getItem(PREFIX + number) === "yes";
  } catch {
    return false;
  }
}

function save(number) {
  try {
    localStorage.setItem(PREFIX + number, "yes");
  } catch {
    // The browser refuses storage.
  }
}

function showSolved(number, isIt) {
  document.querySelector(`#list a[href="#e${number}"]`).classList.toggle("solved", isIt);
}

for (const button of document.querySelectorAll("button.copy")) {
  button.addEventListener("click", () => copyText(button.previousElementSibling.textContent, button));
}
// The commands on the sheet have the server's own address.
for (const place of document.querySelectorAll(".port")) place.textContent = location.port || "80";
for (const place of document.querySelectorAll(".address")) place.textContent = location.href.split("#")[0];

const answer = await fetch("lab/exercises.json");
for (const exercise of await answer.json()) prepare(exercise);
document.body.classList.add("ready");
