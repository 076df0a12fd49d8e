// Which conversation is open. In a private one the page's address ends with #dm=<name>, so that the
// browser's Back leads out of it and a bookmark leads into it. Names can change: the entry in the
// browser's history also has the person's id, and the id counts before the name.
//
// A dialog that opens gets an entry in the history, too, so that Back closes it, and so does the wire view in a narrow
// window, where it covers the chat. An entry that is left over, because the dialog was closed in another way, serves
// the next dialog or conversation, or Back passes over it.

import { ROOM } from "./conversation.js";
import { absenceOf, nameElement } from "./format.js";
import { focusBox, showNote } from "./message-box.js";
import { closePanel, narrowWindow, panel } from "../wire/panel.js";

const section = document.getElementById("talk");
const title = document.getElementById("title");
const subtitle = document.getElementById("subtitle");
const backLink = document.getElementById("to-room");

/** What lies over the chat and can be closed, or null. */
function findCover() {
  const dialog = document.querySelector("dialog[open]");
  return dialog ?? (narrowWindow.matches && !panel.hidden ? panel : null);
}

export function hashFor(name) {
  return `#dm=${encodeURIComponent(name)}`;
}

/** Opens a conversation and adds an entry to the browser's history. */
export function openConversation(state, key) {
  if (key !== state.openKey) {
    const address = key === ROOM ? location.pathname : hashFor(state.members.get(key).name);
    if (history.state?.isDialog) history.replaceState({ key }, "", address);
    else history.pushState({ key }, "", address);
  }
  state.openConversation(key);
  focusBox();
}

export function startNavigation(state) {
  /** Opens the conversation that the address names. Before the welcome no names are known. */
  function followAddress() {
    const [, encodedName] = /^#dm=(.*)$/.exec(location.hash) ?? [];
    if (encodedName === undefined) {
      if (state.openKey !== ROOM) state.openConversation(ROOM);
      return;
    }
    const name = decode(encodedName);
    const person = state.members.get(history.state?.key) ?? state.members.findByName(name);
    if (person && person.id !== state.you.id) {
      history.replaceState({ key: person.id }, "", hashFor(person.name));
      if (state.openKey !== person.id) state.openConversation(person.id);
      return;
    }
    history.replaceState(null, "", location.pathname);
    state.openConversation(ROOM);
    showNote(person ? "That is you." : `No one here is called ${name}.`);
  }

  function drawTitle() {
    const isPrivate = state.openKey !== ROOM;
    section.classList.toggle("private", isPrivate);
    backLink.hidden = !isPrivate;
    if (!isPrivate) {
      title.textContent = "Everyone";
      subtitle.textContent = "";
      return;
    }
    const person = state.members.get(state.openKey);
    const absence = absenceOf(person);
    title.replaceChildren(nameElement(person));
    subtitle.textContent = `Only the two of you see this.${absence ? ` (${absence})` : ""}`;
  }

  let isWelcomed = false;
  state.addEventListener("welcomed", ({ detail: { resumed } }) => {
    if (isWelcomed && resumed) return;
    // After a restart of the server, the ids in the browser's history are other people's.
    if (!resumed) history.replaceState({ key: state.openKey === ROOM ? undefined : state.openKey }, "");
    isWelcomed = true;
    followAddress();
  });
  state.addEventListener("opened", drawTitle);
  state.addEventListener("members", drawTitle);
  const addressOfDialog = () => (history.state?.isDialog ? location.href : null);
  let dialogAddress = addressOfDialog(); // if the page is at the entry of a dialog
  const observer = new MutationObserver(() => {
    if (findCover() && !history.state?.isDialog) history.pushState({ ...history.state, isDialog: true }, "");
    dialogAddress = addressOfDialog();
  });
  for (const dialog of document.querySelectorAll("dialog")) observer.observe(dialog, { attributeFilter: ["open"] });
  observer.observe(panel, { attributeFilter: ["hidden"] });

  addEventListener("popstate", () => {
    const cover = findCover();
    const isLeftOver = !cover && dialogAddress === location.href && addressOfDialog() === null;
    dialogAddress = addressOfDialog();
    if (cover === panel) closePanel();
    else cover?.close();
    if (isLeftOver) history.back();
    else if (isWelcomed) followAddress();
  });
  backLink.addEventListener("click", (event) => {
    event.preventDefault();
    openConversation(state, ROOM);
  });
}

/** An address that was typed by hand may not be valid percent-encoding. */
function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
