// Sheets: dialogs over the page, such as the help. A button with data-sheet="help" opens the dialog with the
// id "help". Its close button, Escape, or a click beside it closes it, and the browser gives the focus back to
// the element that had it. sheet.css says how sheets look.

/** Opens the sheet with this id. */
export function openSheet(id) {
  const sheet = document.getElementById(id);
  if (!sheet.open) sheet.showModal();
}

for (const opener of document.querySelectorAll("[data-sheet]")) {
  opener.addEventListener("click", () => {
    opener.closest("[popover]")?.hidePopover(); // before: it gives the focus back to its own button
    openSheet(opener.dataset.sheet);
  });
}

for (const sheet of document.querySelectorAll("dialog.sheet")) {
  sheet.addEventListener("click", (event) => {
    const isBeside = event.target === sheet && isOutside(event, sheet.getBoundingClientRect());
    if (isBeside || event.target.closest(".close")) sheet.close();
  });
}

/** A click on the backdrop has the dialog as its target, too. The Enter key has no place: (0, 0). */
function isOutside({ clientX: x, clientY: y, detail }, { left, right, top, bottom }) {
  return detail > 0 && (x < left || x > right || y < top || y > bottom);
}
