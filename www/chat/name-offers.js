// Offers the names that begin with what stands after an @, or after "/msg ", in a list above the message box. ↑ and
// ↓ choose one, Enter or a click takes it, Escape closes the list. Tab moves the focus, as everywhere.
//
// It is ARIA's combobox, but for the role of the box: a <textarea> may have no other role than its own, and so no
// `aria-expanded`. `aria-activedescendant` tells a screen reader which name is chosen.

import { nameElement } from "./format.js";
import { houseElement } from "./house.js";
import { nameKey } from "./members.js";
import { recipientFor } from "./slash-commands.js";

const MOST_OFFERS = 6;
/** No more characters than this are looked at. */
const LONGEST = 100;
/** What ends in the beginning of a name; its @ belongs to no word, as in mentions.js. */
const MENTION = /(?:^|[^\p{L}\p{N}_])@((?:[^\s@][^@\n]{0,63})?)$/u;
const COMMAND = /^(\/msg\s+)["“„@]?((?:[^\s"”@][^"”@\n]*)?)$/i;

const box = document.getElementById("text");
const list = document.getElementById("name-offers");

export function offerNames(state) {
  let place; // of the name that is being typed: see placeOfName
  let people = [];
  let chosen = -1; // the index of the person whom Enter takes; if -1, Enter sends

  function show(offered, first) {
    people = offered;
    list.replaceChildren(...people.map(drawOffer));
    list.hidden = people.length === 0;
    choose(first);
  }
  const close = () => show([], -1);

  function choose(index) {
    chosen = index;
    Array.from(list.children).forEach((item, at) => (item.ariaSelected = String(at === index)));
    if (index < 0) box.removeAttribute("aria-activedescendant");
    else box.setAttribute("aria-activedescendant", `offer-${index}`);
  }

  function drawOffer(person, index) {
    const item = document.createElement("li");
    item.id = `offer-${index}`;
    item.role = "option";
    item.append(houseElement(person), nameElement(person));
    item.addEventListener("click", () => take(person));
    return item;
  }

  function look() {
    place = placeOfName(box.value.slice(0, box.selectionEnd));
    if (!place) return close();
    const { typed } = place;
    const others = state.members.present().filter(({ id }) => id !== state.you.id);
    // After a blank, only a name with another word is meant.
    const beginning = nameKey(typed) + (/\s$/.test(typed) ? " " : "");
    const matching = others.filter(({ key }) => key.startsWith(beginning));
    const offered = matching.sort((a, b) => a.name.localeCompare(b.name)).slice(0, MOST_OFFERS);
    const isWholeName = others.some(({ key }) => key === nameKey(typed)); // then Enter sends
    show(offered, offered.length === 0 || isWholeName ? -1 : 0);
  }

  /** Puts the name of this person into the place of what was typed of it. */
  function take(person) {
    const name = place.isCommand ? recipientFor(person, state.members.present()) : `@${person.name}`;
    box.setSelectionRange(place.start, place.end);
    document.execCommand("insertText", false, `${name} `); // unlike a change of `value`, it can be undone
    close();
  }

  box.addEventListener("input", ({ isComposing }) => (isComposing ? close() : look()));
  box.addEventListener("compositionend", look);
  box.addEventListener("blur", close);
  document.addEventListener("selectionchange", () => {
    if (people.length > 0 && box.selectionEnd !== place.end) close(); // the caret has left the name
  });
  // Before message-box.js, for which these keys mean something else.
  box.addEventListener("keydown", (event) => {
    const { key, shiftKey } = event;
    if (people.length === 0 || event.isComposing || event.keyCode === 229) return;
    if (key === "Escape") close();
    else if (key === "ArrowDown") choose((chosen + 1) % people.length);
    else if (key === "ArrowUp") choose((Math.max(chosen, 0) + people.length - 1) % people.length);
    else if (key === "Enter" && !shiftKey && chosen >= 0) take(people[chosen]);
    else return key === "Enter" ? close() : undefined;
    event.preventDefault();
    event.stopImmediatePropagation();
  }, { capture: true });
  list.addEventListener("pointerdown", (event) => event.preventDefault()); // the box keeps the focus
}

/** Returns { start, end, typed, isCommand } if this text ends in the beginning of a name, and otherwise false. */
function placeOfName(text) {
  const end = text.length;
  const [, command, typed] = COMMAND.exec(text.slice(0, LONGEST)) ?? [];
  if (command !== undefined && end < LONGEST) return { start: command.length, end, typed, isCommand: true };
  const [, mentioned] = MENTION.exec(text.slice(-LONGEST)) ?? [];
  return mentioned !== undefined && { start: end - mentioned.length - 1, end, typed: mentioned };
}
