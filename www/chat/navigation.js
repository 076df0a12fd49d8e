// Which conversation is open, and that the browser's Back leads out of it: the address ends with
// #dm=<name> in a private one. The name is for people; the history of the browser remembers the id.

import { hashOf, statusOf } from "./member-list.js";
import { tellWriter } from "./message-box.js";
import { ROOM } from "./conversation.js";
import { nameOf } from "./format.js";

const talk = document.getElementById("talk");
const title = document.getElementById("title");
const subtitle = document.getElementById("subtitle");
const back = document.getElementById("to-room");

/** Goes there, so that Back leads here again. */
export function openConversation(state, key) {
  if (key !== state.open) history.pushState({ key }, "", addressOf(state, key));
  state.show(key);
  // On a phone that would bring the keyboard up, over what one has come to read.
  if (matchMedia("(pointer: fine)").matches) document.getElementById("text").focus();
}

const addressOf = (state, key) => (key === ROOM ? location.pathname : hashOf(state.people.get(key).name));

export function startPlaces(state) {
  /** What the address says; names are only known after the welcome. */
  function goToAddress() {
    const [, encoded] = /^#dm=(.*)$/.exec(location.hash) ?? [];
    if (encoded === undefined) {
      if (state.open !== ROOM) state.show(ROOM);
      return;
    }
    const name = decode(encoded);
    const person = state.people.get(history.state?.key) ?? state.people.find(name);
    if (person && person.id !== state.you.id) {
      history.replaceState({ key: person.id }, "", hashOf(person.name));
      if (state.open !== person.id) state.show(person.id);
      return;
    }
    history.replaceState(null, "", location.pathname);
    state.show(ROOM);
    tellWriter(person ? "That is you." : `Nobody here is called ${name}.`);
  }

  function draw() {
    const isPrivate = state.open !== ROOM;
    talk.classList.toggle("private", isPrivate);
    back.hidden = !isPrivate;
    if (!isPrivate) {
      title.textContent = "Everyone";
      subtitle.textContent = "";
      return;
    }
    const person = state.people.get(state.open);
    title.replaceChildren(nameOf(person));
    const status = statusOf(person);
    subtitle.textContent = `Only the two of you see this.${status ? ` (${status})` : ""}`;
  }

  let arrived = false;
  state.addEventListener("welcomed", ({ detail: { resumed } }) => {
    if (arrived && resumed) return;
    // After a server's new start the ids in the history are other people's.
    if (!resumed) history.replaceState({ key: state.open === ROOM ? undefined : state.open }, "");
    arrived = true;
    goToAddress();
  });
  for (const type of ["show", "people"]) state.addEventListener(type, draw);
  addEventListener("popstate", () => arrived && goToAddress());
  back.addEventListener("click", (event) => {
    event.preventDefault();
    openConversation(state, ROOM);
  });
}

function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
