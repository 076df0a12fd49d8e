// The page source.html: a file of the program with line numbers, the reading order beside it. The address says
// which file, and which text or line to show: `source.html?file=src/echo.rs&at=pub+fn+serve` or `…#L12`.

import { splitIntoPieces } from "./colours.js";
import { readingOrder } from "./reading-order.js";
import { sourceLink } from "../shared/source-link.js";
import { load as loadValue, save } from "../shared/storage.js";

const title = document.getElementById("title");
const about = document.getElementById("about");
const body = document.querySelector("#lines tbody");
const list = document.getElementById("files");

const parameters = new URLSearchParams(location.search);
const file = parameters.get("file") ?? "src/main.rs";
const wanted = parameters.get("at");

/** Returns the text of a file, or of the list of all files if the path is "". */
async function load(path) {
  const answer = await fetch(`source/${path.split("/").map(encodeURIComponent).join("/")}`);
  const text = await answer.text();
  if (!answer.ok) throw new Error(text);
  return text;
}

async function showFile() {
  document.title = `${file} – Partyline`;
  title.textContent = file;
  const text = await load(file);
  const lines = text.replace(/\n$/, "").split("\n");
  const pieces = splitIntoPieces(text, file);
  body.replaceChildren(...lines.map((_, index) => drawLine(index + 1, pieces[index])));
  about.textContent = `${lines.length} lines, as they are on the server’s disk now.`;
  showWantedLine(lines);
}

/** Draws a line: its number, which is a link to it, and its pieces, each with the class of its colour. */
function drawLine(number, pieces) {
  const row = document.createElement("tr");
  row.id = `L${number}`;
  const link = document.createElement("a");
  link.href = `#L${number}`;
  link.textContent = number;
  const code = document.createElement("code");
  for (const { text, kind } of pieces) {
    const span = document.createElement("span");
    if (kind) span.className = kind;
    span.textContent = text;
    code.append(span);
  }
  const cells = [document.createElement("th"), document.createElement("td")];
  cells[0].scope = "row";
  cells[0].append(link);
  cells[1].append(code);
  row.append(...cells);
  return row;
}

/** Marks the line of the address, and brings it into view. A text finds its line even after others were added. */
function showWantedLine(lines) {
  const number = /^#L(\d+)$/.exec(location.hash)?.[1];
  const index = wanted === null ? -1 : lines.findIndex((line) => line.includes(wanted));
  const row = document.getElementById(number ? `L${number}` : `L${index + 1}`);
  document.querySelector(".marked")?.classList.remove("marked");
  if (row) {
    row.classList.add("marked");
    row.scrollIntoView({ block: "center" });
  } else if (wanted !== null && !number) {
    about.textContent = `“${wanted}” is not in this file any more. ${about.textContent}`;
  }
}

async function showFiles() {
  const [paths, guide] = await Promise.all([load(""), load("src/README.md")]);
  const all = paths.split("\n");
  const order = readingOrder(guide, all).map(({ files, lesson }) => {
    const item = document.createElement("li");
    item.append(...files.flatMap((path) => [createLink(path, path.replace("src/", "")), " "]), lesson);
    return item;
  });
  document.getElementById("order").replaceChildren(...order);
  document.getElementById("all").replaceChildren(...drawFolders(all));
  showWhereYouAre();
}

/** A file is another page, and its list would begin at the top: it stands where it was, with the file in view. */
function showWhereYouAre() {
  list.scrollTop = loadValue("source-list", 0, Number.isFinite);
  const { top, bottom } = list.getBoundingClientRect();
  const links = Array.from(list.querySelectorAll("[aria-current]"));
  const isInView = (link) => link.getBoundingClientRect().top >= top && link.getBoundingClientRect().bottom <= bottom;
  if (links.length > 0 && !links.some(isInView)) links.at(-1).scrollIntoView({ block: "nearest" });
}

/** Draws a fold for each folder, with its files. That of the file that is shown is open. */
function drawFolders(paths) {
  const folderOf = (path) => path.slice(0, path.lastIndexOf("/"));
  return [...new Set(paths.map(folderOf))].map((folder) => {
    const fold = document.createElement("details");
    fold.open = folder === folderOf(file);
    const summary = document.createElement("summary");
    summary.textContent = folder;
    const list = document.createElement("ul");
    for (const path of paths.filter((it) => folderOf(it) === folder)) {
      const item = document.createElement("li");
      item.append(createLink(path, path.slice(folder.length + 1)));
      list.append(item);
    }
    fold.append(summary, list);
    return fold;
  });
}

function createLink(path, text) {
  const link = document.createElement("a");
  link.href = sourceLink(path);
  link.textContent = text;
  if (path === file) link.setAttribute("aria-current", "page");
  return link;
}

addEventListener("pagehide", () => save("source-list", list.scrollTop));
addEventListener("hashchange", () => showWantedLine([]));
showFile().catch((error) => (about.textContent = error.message));
showFiles().catch(() => {}); // the sentence about the file says why
