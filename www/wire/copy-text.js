// Copies a text to the clipboard, for "Copy this frame, explained".

/** How long the button says what happened, in milliseconds. */
const ANSWER_FOR = 2000;

/**
 * Copies the text. The button that was pressed says whether it worked. `navigator.clipboard` exists only
 * on encrypted pages and on the server's own machine. `execCommand` is deprecated but works everywhere: it
 * copies what is selected, so the text goes into a hidden box for a moment.
 */
export function copyText(text, button) {
  const label = button.textContent;
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
    button.textContent = label;
  }, ANSWER_FOR);
}
