// The people on the line: the way into each conversation, with what is new there.

import { ROOM } from "./conversation.js";
import { hueOf, nameOf } from "./format.js";

const popover = document.getElementById("people");
const list = document.getElementById("people-list");
const button = document.getElementById("people-button");
const title = document.getElementById("people-title");
const more = document.getElementById("more-people");

export const hashOf = (name) => `#dm=${encodeURIComponent(name)}`;

export function showPeople(state, { onOpen }) {
  /** Kept, so that who has the focus on a name keeps it there when others come and go. */
  const items = new Map();

  function draw() {
    const keys = [ROOM, ...inOrder(state)];
    for (const [key, item] of items) {
      if (keys.includes(key)) continue;
      item.remove();
      items.delete(key);
    }
    keys.forEach((key, index) => {
      if (!items.has(key)) items.set(key, newItem(key));
      const item = items.get(key);
      if (list.children[index] !== item) list.insertBefore(item, list.children[index] ?? null);
      fill(item, key);
    });
    title.textContent = `On the line: ${state.people.count}`;
    const listed = state.people.present().length;
    more.hidden = state.people.count <= listed;
    more.textContent = `and ${state.people.count - listed} more`;
    drawButton();
  }

  function newItem(key) {
    const item = document.createElement("li");
    const isYou = key === state.you.id;
    const entry = document.createElement(isYou ? "span" : "a");
    entry.className = "entry";
    item.append(entry);
    if (isYou) return item;
    entry.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return; // another tab was asked for
      event.preventDefault();
      if (popover.matches(":popover-open")) popover.hidePopover();
      onOpen(key);
    });
    return item;
  }

  function fill(item, key) {
    const entry = item.firstElementChild;
    const person = state.people.get(key);
    const away = person && key !== state.you.id && statusOf(person);
    const house = document.createElement("span");
    house.className = "house";
    house.classList.toggle("dark", Boolean(away));
    house.classList.toggle("street", key === ROOM);
    if (key !== ROOM) house.style.setProperty("--hue", hueOf(key));
    const parts = [house, key === ROOM ? "Everyone" : nameOf(person)];
    if (key === state.you.id) parts.push(note("you"));
    if (away) parts.push(note(away));
    const { unread, messages } = state.conversations.get(key) ?? { unread: 0, messages: [] };
    const refused = messages.filter(({ status }) => status === "refused").length;
    if (refused > 0) parts.push(badge(`${refused} not sent`));
    if (unread > 0) parts.push(badge(`${unread} new`));
    entry.replaceChildren(...parts);
    if (entry.tagName !== "A") return;
    entry.href = key === ROOM ? "./" : hashOf(person.name);
    if (key === state.open) entry.setAttribute("aria-current", "page");
    else entry.removeAttribute("aria-current");
  }

  /** On a phone the list is behind this button, and so is what is new in it. */
  function drawButton() {
    const elsewhere = [...state.conversations.values()].filter(({ key }) => key !== state.open);
    const unread = elsewhere.reduce((sum, conversation) => sum + conversation.unread, 0);
    const here = document.createElement("span");
    here.className = unread > 0 ? "hidden" : ""; // there is little room beside it
    here.textContent = " here";
    button.replaceChildren(String(state.people.count), here);
    if (unread > 0) button.append(" ", badge(`${unread} new`));
  }

  // In a busy room much is new at once.
  let timer;
  function drawSoon() {
    timer ??= setTimeout(() => {
      timer = undefined;
      draw();
    }, 50);
  }

  for (const type of ["people", "you", "show"]) state.addEventListener(type, draw);
  for (const type of ["unread", "changed", "removed"]) state.addEventListener(type, drawSoon);
}

/** You, who is here, and who has left but with whom something was said. */
function inOrder(state) {
  const isListed = ({ id, here }) => here || state.conversations.has(id);
  const rank = ({ id, here }) => (id === state.you.id ? 0 : here ? 1 : 2);
  const order = (a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name);
  return [...state.people.values()].filter(isListed).sort(order).map(({ id }) => id);
}

/** What there is to know before one writes to somebody; nothing, if that person is here. */
export function statusOf({ here, away }) {
  if (!here) return "has hung up";
  return away ? "away" : "";
}

function note(text) {
  const element = document.createElement("span");
  element.className = "note";
  element.textContent = text;
  return element;
}

function badge(text) {
  const element = note(text);
  element.className = "badge";
  return element;
}
