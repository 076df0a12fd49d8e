// The first minute: a room in which nothing has been said yet shows who you are, the address for the others, and
// two things to try. The name is offered only once, to a browser that has none from an earlier visit; where there is
// talk already, in one line above it. The offer goes with a new name, the first message, or its × button.

import { findAddresses, withoutSlash } from "./addresses.js";
import { ROOM } from "./conversation.js";
import { nameElement } from "./format.js";
import { focusBox } from "./message-box.js";

const section = document.getElementById("arrival");
const form = document.getElementById("arrival-form");
const label = document.getElementById("arrival-label");
const input = document.getElementById("arrival-name");
const keepButton = document.getElementById("arrival-keep");
const address = document.getElementById("address");
const addressNote = document.getElementById("address-note");

/** Starts it. `requestName` asks the server for another name. Returns `offerName`. */
export function startFirstMinute(state, requestName) {
  let isWelcomed = false;
  let isNameOffered = false;
  let isEmpty = false;
  /** Your name, as far as it is known. */
  let name;

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
    document.body.classList.toggle("empty", isEmpty);
    form.hidden = !isNameOffered;
    keepButton.hidden = isEmpty;
    section.hidden = !isEmpty && !(isNameOffered && state.openKey === ROOM);
    const hiddenPart = [section, form].find(({ hidden }) => hidden);
    if (hiddenPart?.contains(document.activeElement)) focusBox(); // what has the focus must not disappear with it
  }

  function endOffer() {
    isNameOffered = false;
    if (section.contains(document.activeElement)) focusBox(); // what is typed next is a message
    draw();
  }

  state.addEventListener("own-name", () => {
    label.replaceChildren("You are ", nameElement(state.you), ". What should the others call you?");
    if (name !== undefined && name !== state.you.name) endOffer();
    name = state.you.name;
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
