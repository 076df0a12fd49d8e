// Copies a text to the clipboard: a frame, the address of the chat, a block of code.

/** How long the button says what happened, in milliseconds. */
const ANSWER_FOR = 2000;

/** From a button that says what happened to what else it says. */
const labels = new Map();

/**
 * Copies the text. The button that was pressed says whether it worked. `navigator.clipboard` exists only
 * on encrypted pages and on the server's own machine. `execCommand` is deprecated but works everywhere: it
 * copies what is selected, so the text goes into a hidden box for a moment.
 */
export function copyText(text, button) {
  if (!labels.has(button)) labels.set(button, button.textContent);
  const box = document.createElement("textarea");
  box.value = text;
  box.className = "hidden";
  button.after(box); // beside the button: an open dialog gives the focus to nothing outside of it
  box.select();
  const isCopied = document.execCommand("copy");
  box.remove();
  button.focus();
  button.textContent = isCopied ? "Copied ✓" : "This browser does not allow it";
  setTimeout(() => {
    button.textContent = labels.get(button) ?? button.textContent;
    labels.delete(button);
  }, ANSWER_FOR);
}
