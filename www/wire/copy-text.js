// Copies a text. `navigator.clipboard` is only there where the connection is encrypted or on the machine
// itself; the old way works everywhere: select it in a box, and copy what is selected.

/** The button says whether it has worked, and after a moment its own name again. */
export function copyText(text, button) {
  const name = button.textContent;
  const box = document.createElement("textarea");
  box.value = text;
  box.className = "hidden";
  button.after(box); // beside the button: an open dialog lets nobody focus what is outside of it
  box.select();
  const done = document.execCommand("copy");
  box.remove();
  button.focus();
  button.textContent = done ? "Copied ✓" : "This browser does not allow it";
  setTimeout(() => (button.textContent = name), 2000);
}
