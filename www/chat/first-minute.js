// The first minute: a room in which nothing has been said yet shows who you are, the address for the others, and
// two things to try. Where there is talk already, only the name is offered, in one line above it, and only once:
// to a browser that has no name from an earlier visit. It goes with the first message, or with its × button.

import { findAddresses, withoutSlash } from "./addresses.js";
import { ROOM } from "./conversation.js";
import { nameElement } from "./format.js";

const section = document.getElementById("arrival");
const form = document.getElementById("arrival-form");
const label = document.getElementById("arrival-label");
const input = document.getElementById("arrival-name");
const keepButton = document.getElementById("arrival-keep");
const address = document.getElementById("address");
const addressNote = document.getElementById("address-note");
const box = document.getElementById("text");

/** Starts it. `requestName` asks the server for another name. Returns `offerName`. */
export function startFirstMinute(state, requestName) {
  let isWelcomed = false;
  let isNameOffered = false;
  let isEmpty = false;

  /** Nothing has been said in the room, and the room is open. Notices may stand there. */
  function look() {
    const { messages } = state.conversation(ROOM);
    isEmpty = isWelcomed && state.openKey === ROOM && messages.every(({ notice }) => notice);
    if (isEmpty) showAddress();
    draw();
  }

  /** Only an empty room shows it. */
  async function showAddress() {
    if (address.textContent !== "") return;
    const { addresses: [{ url, reach }] } = await findAddresses();
    address.textContent = withoutSlash(url);
    addressNote.textContent = reach === "machine"
      ? "leads here only on this machine, which seems to be in no network."
      : "opens this room in any browser in the same network. Share shows it in large letters.";
  }

  function draw() {
    const hadFocus = section.contains(document.activeElement);
    document.body.classList.toggle("empty", isEmpty);
    section.hidden = !isEmpty && !(isNameOffered && state.openKey === ROOM);
    keepButton.hidden = isEmpty;
    if (section.hidden && hadFocus) box.focus(); // what has the focus must not disappear with it
  }

  function endOffer() {
    isNameOffered = false;
    if (section.contains(document.activeElement)) box.focus(); // what is typed next is a message
    draw();
  }

  state.addEventListener("own-name", () => {
    label.replaceChildren("You are ", nameElement(state.you), ". What should the others call you?");
    if (input.value.trim() !== state.you.name) return;
    input.value = "";
    endOffer();
  });
  state.addEventListener("welcomed", () => {
    isWelcomed = true;
    look();
  });
  for (const type of ["opened", "removed"]) state.addEventListener(type, look);
  state.addEventListener("added", ({ detail: { key, messages, live } }) => {
    if (isEmpty && key === ROOM) look();
    if (live && messages.some(({ status }) => status)) endOffer(); // a message of your own
  });

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (input.value.trim() === "") input.focus();
    else if (input.value.trim() === state.you.name) endOffer();
    else requestName(input.value);
  });
  keepButton.addEventListener("click", endOffer);
  document.getElementById("try-wire").addEventListener("click", () => {
    document.getElementById("wire-button").click();
  });

  /** Offers to choose a name, until it is done or declined. */
  return function offerName() {
    isNameOffered = true;
    draw();
  };
}
