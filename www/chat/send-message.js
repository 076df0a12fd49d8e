// Does what was typed: sends a message, changes the name, or shows a note. Also retries and deletes
// messages that could not be sent. main.js connects it to the message box and to the message list.

import { ROOM } from "./conversation.js";
import { nameElement } from "./format.js";
import { hide, show } from "./hidden-people.js";
import { OPERATOR } from "./members.js";
import { focusBox, showNote } from "./message-box.js";
import { openConversation } from "./navigation.js";
import { lineFor, parseLine } from "./slash-commands.js";
import { openSheet } from "../shared/sheet.js";

const UNKNOWN_PERSON =
  "The server has restarted and does not know this person yet. Your message stays here until it does.";
const HAS_ENDED = "This page is not connected to the chat any more. Your text stays here.";

/** `requestName` asks the server for another name. Returns the functions below, in an object. */
export function startSending(state, connection, requestName) {
  /** Does what this line says. Returns whether the message box may be cleared. */
  function sendLine(line) {
    const command = parseLine(line, state);
    switch (command.type) {
      case "say":
        return sendText(state.openKey, command.text);
      case "private":
        if (!sendText(command.to, command.text)) return false;
        openConversation(state, command.to);
        return true;
      case "to-operator":
        if (!sendText(ROOM, command.text, OPERATOR.id)) return false;
        openConversation(state, ROOM);
        return true;
      case "hide":
        hide(command.person);
        state.emit("opened"); // draws all messages again
        showNote("You see nothing of what ", nameElement(command.person), " says. /show NAME shows it again.");
        return true;
      case "unhide":
        show(command.person);
        state.emit("opened");
        showNote("You see again what ", nameElement(command.person), " says.");
        return true;
      case "rename":
        if (!canSend(ROOM)) return false;
        return requestName(command.name, { key: state.openKey, line });
      case "ask":
        showNote(...command.parts);
        return false;
      case "show":
        showNote(...command.parts);
        return true;
      case "help":
        openSheet("help");
        return true;
      case "problem":
        showNote(command.problem);
        return false;
    }
  }

  /** Queues the text and returns true; or says why that is not possible, and the text stays in the box. */
  function sendText(key, text, to = key === ROOM ? undefined : key) {
    if (!canSend(key)) return false;
    const refused = state.findRefused(key, text, to === OPERATOR.id);
    if (refused) return retryMessage(refused); // the same message, not a second one
    const message = to === undefined ? { type: "say", text } : { type: "say", text, to };
    const entry = connection.send(message, { at: state.now(), name: state.members.get(key)?.name });
    state.addOwn(entry);
    return true;
  }

  /** Queues a photo: see photo-preview.js. Returns whether it does. */
  function sendPhoto(key, { bytes, mime, width, height, url }, caption) {
    if (!canSend(key)) return false;
    const message = { type: "photo", mime, size: bytes.length, width, height };
    if (caption !== "") message.caption = caption;
    if (key !== ROOM) message.to = key;
    state.addOwn(connection.send(message, { at: state.now(), name: state.members.get(key)?.name, url }, bytes));
    return true;
  }

  /** Sends a refused message again. */
  function retryMessage(message) {
    const { ref, key, photo } = message;
    if (!canSend(key)) return false;
    if (!photo) state.replaceDraft(key, lineFor(message), "");
    state.markSending(ref);
    connection.retry(ref, key === ROOM ? {} : { to: key });
    return true;
  }

  /** Returns whether a text for this conversation may go out, now or later. If not, says why. */
  function canSend(key) {
    const isUnknown = key < ROOM; // the server does not know this person: see state.js
    const hasEnded = connection.state === "stopped";
    const person = state.members.get(key); // undefined for the room
    const hasLeft = person !== undefined && state.members.hasLeft(person);
    if (isUnknown) showNote(UNKNOWN_PERSON);
    else if (hasEnded) showNote(HAS_ENDED);
    else if (hasLeft) showNote(nameElement(person), " has hung up. Your text stays here, and nothing was sent.");
    return !isUnknown && !hasEnded && !hasLeft;
  }

  /** Deletes a refused message. */
  function deleteMessage(message) {
    const { ref, key, photo, preview } = message;
    if (photo) URL.revokeObjectURL(preview);
    else state.replaceDraft(key, lineFor(message), "");
    connection.discard(ref);
    state.removePending(ref);
    focusBox(); // the button that had the focus is gone
  }

  /** A server that has restarted gives the ids to other people: no private message may go out by itself. */
  function refusePrivateMessages() {
    const isPrivate = ({ message }) => message.to !== undefined && message.to !== OPERATOR.id;
    for (const { ref } of connection.outbox.entries.filter(isPrivate)) {
      const reason = "the server has restarted and does not know who this was for";
      connection.refuse(ref, reason, { to: state.findPending(ref).key });
    }
  }

  return { sendLine, sendPhoto, canSend, retryMessage, deleteMessage, refusePrivateMessages };
}
