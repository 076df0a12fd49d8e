// Lights up a field and its bytes together, under the mouse and with the focus. A press keeps them lit. The
// elements have the ids of their fields in `data-fields`; open-frame.css gives the class "lit" its colour.

export function highlightFields(root) {
  const pressedButton = () => root.querySelector("[aria-pressed=true]");

  /** Lights up what belongs to the same fields as `element`; without such an element, as the pressed button. */
  function highlight(element) {
    const source = element?.closest?.("[data-fields]") ?? pressedButton();
    const ids = source ? fieldIdsOf(source) : [];
    for (const other of root.querySelectorAll("[data-fields]")) {
      const isSame = fieldIdsOf(other).some((id) => ids.includes(id));
      other.classList.toggle("lit", isSame);
    }
  }

  for (const type of ["mouseover", "focusin"]) root.addEventListener(type, ({ target }) => highlight(target));
  for (const type of ["mouseleave", "focusout"]) root.addEventListener(type, () => highlight(null));
  root.addEventListener("click", ({ target }) => {
    const button = target.closest("[aria-pressed]");
    if (!button) return;
    const wasPressed = button.getAttribute("aria-pressed") === "true";
    pressedButton()?.setAttribute("aria-pressed", "false");
    button.setAttribute("aria-pressed", String(!wasPressed));
    highlight(wasPressed ? null : button);
  });
}

const fieldIdsOf = (element) => element.dataset.fields.split(" ");
