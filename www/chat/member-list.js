// Draws the list of members: the way into each conversation, with its unread messages beside the name. In
// a narrow window the list is a popover behind a button, and the button shows what is new in it. A long list
// has a filter (member-filter.js).

import { ROOM } from "./conversation.js";
import { absenceOf, nameElement } from "./format.js";
import { houseElement } from "./house.js";
import { startMemberFilter } from "./member-filter.js";
import { isHidden } from "./hidden-people.js";
import { hashFor } from "./navigation.js";

/** In a busy room much changes at once. The list is drawn at most once in this time (milliseconds). */
const REDRAW_AFTER = 100;

const popover = document.getElementById("people");
const list = document.getElementById("people-list");
const button = document.getElementById("people-button");
const title = document.getElementById("people-title");
const unlistedLine = document.getElementById("more-people");

/** `localeCompare` would look for the rules of the language with each comparison. */
const collator = new Intl.Collator();

/** Starts to draw. `onOpen` is called with the key of a conversation when its entry is clicked. */
export function showMembers(state, { onOpen }) {
  /** From key to <li>. Items are kept, so that an entry that has the focus keeps it when others change. */
  const items = new Map();
  /** From key to what its entry shows. Only what changes is drawn: with 200 members the rest takes 100 ms. */
  const shown = new Map();

  function draw() {
    const keys = [ROOM, ...found(personIdsInOrder(state))];
    const listed = new Set(keys);
    for (const [key, item] of items) {
      if (listed.has(key)) continue;
      item.remove();
      items.delete(key);
      shown.delete(key);
    }
    keys.forEach((key, index) => {
      if (!items.has(key)) items.set(key, createItem(key));
      const item = items.get(key);
      if (list.children[index] !== item) list.insertBefore(item, list.children[index] ?? null);
      fillEntry(item.firstElementChild, key);
    });
    const { count } = state.members;
    title.textContent = `On the line: ${count}`;
    const unlisted = count - state.members.present().length;
    unlistedLine.hidden = unlisted <= 0;
    unlistedLine.textContent = `and ${unlisted} more`;
    drawButton();
  }

  function createItem(key) {
    const item = document.createElement("li");
    const isYou = key === state.you.id;
    const entry = document.createElement(isYou ? "span" : "a");
    entry.className = "entry";
    item.append(entry);
    if (isYou) return item;
    entry.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return; // the browser opens another tab
      event.preventDefault();
      open(key);
    });
    return item;
  }

  function open(key) {
    if (popover.matches(":popover-open")) popover.hidePopover();
    onOpen(key);
  }

  function fillEntry(entry, key) {
    const person = state.members.get(key);
    const isYou = key === state.you.id;
    const absence = person && !isYou ? absenceOf(person) : "";
    const isOff = person !== undefined && isHidden(person);
    const conversation = state.conversations.get(key);
    const { unread = 0, forYou = 0 } = conversation ?? {};
    const refused = conversation?.pending().filter(({ status }) => status === "refused").length ?? 0;
    const now = JSON.stringify([person?.name, absence, unread, forYou, refused, isYou, key === state.openKey, isOff]);
    if (shown.get(key) === now) return;
    shown.set(key, now);
    const parts = [key === ROOM ? "Everyone" : nameElement(person)];
    if (isYou) parts.push(noteElement("you"));
    if (absence) parts.push(noteElement(absence));
    if (isOff) parts.push(noteElement("hidden"));
    if (refused > 0) parts.push(badgeElement(`${refused} not sent`));
    if (unread > 0) parts.push(unreadBadges({ unread, forYou }));
    const words = document.createElement("span");
    words.className = "entry-words";
    words.append(...parts);
    const pole = entry.querySelector(".pole"); // kept: a picture that is drawn again is loaded again
    const house = pole ?? houseElement(person ?? { id: ROOM }, { isAway: absence !== "" });
    entry.replaceChildren(house, words);
    if (entry.tagName !== "A") return;
    entry.href = key === ROOM ? "./" : hashFor(person.name);
    if (key === state.openKey) entry.setAttribute("aria-current", "page");
    else entry.removeAttribute("aria-current");
  }

  function drawButton() {
    let [unread, forYou] = [0, 0];
    for (const conversation of state.conversations.values()) {
      if (conversation.key === state.openKey) continue;
      unread += conversation.unread;
      forYou += conversation.forYou;
    }
    const here = document.createElement("span");
    here.className = unread > 0 ? "hidden" : ""; // a badge takes its room; a screen reader still reads it
    here.textContent = " here";
    button.replaceChildren(String(state.members.count), here);
    if (unread > 0) button.append(" ", unreadBadges({ unread, forYou }));
  }

  let timer;
  let drawnAt = 0;
  function drawNow() {
    timer = undefined;
    drawnAt = performance.now();
    draw();
  }
  function drawSoon() {
    const wait = drawnAt + REDRAW_AFTER - performance.now();
    if (wait > 0) timer ??= setTimeout(drawNow, wait);
    else if (timer === undefined) drawNow();
  }

  const found = startMemberFilter(state, { onChange: draw, onPick: open });
  for (const type of ["own-name", "opened"]) state.addEventListener(type, draw);
  for (const type of ["members", "unread", "changed", "removed"]) state.addEventListener(type, drawSoon);
}

/** Returns the ids of: you, the members, and people who have left but have a conversation with you. */
function personIdsInOrder(state) {
  const isListed = ({ id, here }) => here || state.conversations.has(id);
  const rank = ({ id, here }) => {
    if (id === state.you.id) return 0;
    return here ? 1 : 2;
  };
  const compare = (a, b) => rank(a) - rank(b) || collator.compare(a.name, b.name);
  return [...state.members.values()].filter(isListed).sort(compare).map(({ id }) => id);
}

function noteElement(text) {
  const element = document.createElement("span");
  element.className = "note";
  element.textContent = text;
  return element;
}

/** "3 new", and before it "@2" if two of them mention you. */
function unreadBadges({ unread, forYou }) {
  const badges = document.createElement("span");
  badges.className = "badges";
  badges.append(badgeElement(`${unread} new`));
  if (forYou === 0) return badges;
  const badge = badgeElement(`@${forYou}`);
  badge.classList.add("for-you");
  const words = document.createElement("span");
  words.className = "hidden";
  words.textContent = " for you";
  badge.append(words);
  badges.prepend(badge, " ");
  return badges;
}

function badgeElement(text) {
  const element = noteElement(text);
  element.className = "badge";
  return element;
}
