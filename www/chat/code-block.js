// A block of code in a message: with a button that copies it, and folded if it is long.

import { copyText } from "../shared/copy-text.js";

/** A block with more lines is folded. Then code.css shows ten. */
const MOST_LINES = 15;

/**
 * Draws a block { code, language, start }. `about` is what the block belongs to, and remembers that it was
 * unfolded, because an item may be drawn again. Its button sends a "fold" event with the function that folds, for
 * a list that has to keep its place meanwhile.
 */
export function codeBlock({ code, language, start }, about) {
  const block = element("div", "code");
  block.dir = "ltr";
  const count = code.split("\n").length;
  const lines = count === 1 ? "1 line" : `${count} lines`;
  const copyButton = button("Copy", () => copyText(code, copyButton));
  const head = element("div", "code-head");
  head.append(element("span", "", language ? `${language}, ${lines}` : lines), copyButton);
  const body = element("pre");
  body.append(element("code", "", code));
  block.append(head, body);
  if (count > MOST_LINES) block.append(foldButton(body, lines, start, about));
  return block;
}

function foldButton(body, lines, start, about) {
  about.unfolded ??= new Set();
  const foldOrUnfold = button("", () => {
    const change = () => {
      if (!about.unfolded.delete(start)) about.unfolded.add(start);
      show();
    };
    const event = new CustomEvent("fold", { detail: change, bubbles: true, cancelable: true });
    if (foldOrUnfold.dispatchEvent(event)) change();
  });
  function show() {
    const isUnfolded = about.unfolded.has(start);
    body.classList.toggle("folded-code", !isUnfolded);
    foldOrUnfold.textContent = isUnfolded ? "Show less" : `Show all ${lines}`;
    foldOrUnfold.setAttribute("aria-expanded", String(isUnfolded));
  }
  show();
  return foldOrUnfold;
}

function button(label, onClick) {
  const created = element("button", "quiet", label);
  created.type = "button";
  created.addEventListener("click", onClick);
  return created;
}

function element(tag, className = "", text = "") {
  const created = document.createElement(tag);
  created.className = className;
  created.append(text);
  return created;
}
