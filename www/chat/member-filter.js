// The filter above a long list of members, and the sign that the list goes on below. member-list.js draws the list.

import { nameKey } from "./members.js";

/** The filter appears when there are this many members. */
const FILTER_FROM = 20;

/** A view that is scrolled to within this many pixels of its end shows its end. */
const NEAR_END = 8;

const view = document.getElementById("people");
const list = document.getElementById("people-list");
const input = document.getElementById("people-filter");
const note = document.getElementById("people-found");

/**
 * Starts the filter. `onChange` is called when another text stands in it, and `onPick` with the id of the first
 * person found when Enter is pressed. Returns the function that takes out of a list of ids those not looked for.
 */
export function startMemberFilter(state, { onChange, onPick }) {
  let shown = [];

  function found(ids) {
    const isLong = state.members.count >= FILTER_FROM;
    const isInUse = input.value !== "" || document.activeElement === input;
    input.hidden = !isLong && !isInUse;
    const key = nameKey(input.value);
    shown = ids.filter((id) => state.members.get(id).key.includes(key));
    note.textContent = sentence(key, shown.length, ids.length);
    return shown;
  }

  function clear() {
    input.value = "";
    onChange();
  }

  input.addEventListener("input", onChange);
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && input.value !== "") {
      event.preventDefault(); // the first Escape empties the filter, and the next one closes the list
      clear();
    }
    const first = shown.find((id) => id !== state.you.id);
    if (event.key === "Enter" && input.value.trim() !== "" && first !== undefined) {
      clear();
      onPick(first);
    }
  });

  function showWhetherItGoesOn() {
    view.classList.toggle("goes-on", view.scrollHeight - view.scrollTop - view.clientHeight > NEAR_END);
  }
  view.addEventListener("scroll", showWhetherItGoesOn);
  const observer = new ResizeObserver(showWhetherItGoesOn);
  observer.observe(view);
  observer.observe(list);
  return found;
}

function sentence(key, count, all) {
  if (key === "") return "";
  return count === 0 ? "No one here has that name." : `${count} of ${all}`;
}
