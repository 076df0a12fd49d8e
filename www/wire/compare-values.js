// A wrong accept value with the right one beside it: in the wire view, and in the checks of the lab sheet.

import { createCode, createElement } from "./create-element.js";

/** Returns an element: "XYZ= ✗ wrong. Right for this key: ABC= ✓". `received` is undefined if the 101 has none. */
export function compareValues(received, right) {
  return createElement("span", { class: "compared" },
    createCode(received || "(none)", { class: "wrong-value" }), " ✗ wrong. Right for this key: ",
    createCode(right, { class: "right-value" }), " ✓");
}
