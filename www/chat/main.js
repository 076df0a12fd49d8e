// Lab step 3: the chat. This file starts its parts and joins them together; each is in a file of its
// own, and a good order to read them is connection.js, conversation.js, state.js, messages.js, compose.js.
// The other half is src/chat.rs on the server.
//
//   server  ⇄  connection.js  →  state.js  →  messages.js people.js reading.js announcer.js …
//                    ↑                                     (what can be seen and heard)
//                compose.js  →  commands.js                (what is typed)

import { announceMessages } from "./screen-reader-announcer.js";
import { lineFor, understand } from "./slash-commands.js";
import { startComposing, tellWriter } from "./message-box.js";
import { Connection } from "./connection.js";
import { ROOM } from "./conversation.js";
import { bringEarlier } from "./earlier-messages.js";
import { openConversation, startPlaces } from "./navigation.js";
import { showMessages } from "./message-list.js";
import { startNaming } from "./name-dialog.js";
import { askForPassphrase } from "./passphrase-form.js";
import { showPeople } from "./member-list.js";
import { watchReading } from "./unread.js";
import { tellArrivals } from "./receipts.js";
import { State } from "./state.js";
import { showConnection } from "./connection-status.js";
import { hasName, rememberName } from "../shared/storage.js";
import { showTyping } from "./typing-indicator.js";
import { wireId } from "../wire/id.js";
import { secrets } from "../wire/panel.js";

const connection = new Connection("/chat", { wire: wireId });
const state = new State();

const around = watchReading(state);
const drawMore = showMessages(state, { onRetry: retry, onDelete: remove, around });
showPeople(state, { onOpen: (key) => openConversation(state, key) });
showConnection(connection);
askForPassphrase(connection);
announceMessages(state);
bringEarlier(connection, state, { around, drawMore });
tellArrivals(connection);
startPlaces(state);
const ask = startNaming(state, connection);
const onTyping = showTyping(state, connection);
startComposing(state, { onLine, onTyping });

/** Does what was typed; false if it shall stay in the box. */
function onLine(line) {
  const { say, to, text, nick, tell, wrong } = understand(line, state);
  if (wrong) tellWriter(wrong);
  if (tell) tellWriter(...tell);
  if (nick) ask(nick);
  if (say) return write(state.open, say);
  if (to) {
    openConversation(state, to);
    write(to, text);
  }
  return !wrong;
}

function write(key, text) {
  if (key < ROOM) {
    tellWriter("That person is not on the line, as far as the server knows.");
    return false;
  }
  const refused = state.refused(key, text);
  if (refused) return retry(refused);
  const message = key === ROOM ? { type: "say", text } : { type: "say", text, to: key };
  state.write(connection.send(message, { at: Date.now(), name: state.people.get(key)?.name }));
  return true;
}

function retry({ ref, key, text }) {
  if (key < ROOM) {
    tellWriter("That person is not on the line, as far as the server knows.");
    return false;
  }
  state.replaceDraft(key, lineFor(text), "");
  state.retry(ref);
  connection.retry(ref, key === ROOM ? {} : { to: key });
  return true;
}

function remove({ ref, key, text }) {
  state.replaceDraft(key, lineFor(text), "");
  connection.forget(ref);
  state.remove(ref);
  document.getElementById("text").focus(); // the button, which had the focus, is gone
}

// The wire view shall not show these to everybody who looks at the screen.
connection.addEventListener("welcome", ({ detail: { token } }) => secrets.learn(token));
state.addEventListener("you", () => secrets.learn(state.you.name));

connection.addEventListener("welcome", ({ detail }) => {
  const { resumed } = detail;
  state.welcome(detail);
  if (hasBeenHere && !resumed) state.notice({ notice: "anew" });
  if (!resumed) refusePrivate();
  hasBeenHere = true;
  if (!hasName()) rememberName(state.you.name);
});
let hasBeenHere = false;

/** A server that has started anew gives the ids to other people: nothing private may go out by itself. */
function refusePrivate() {
  const isPrivate = ({ message }) => message.to !== undefined;
  for (const { ref } of connection.unsent.filter(isPrivate)) {
    const reason = "the server has started anew and does not know whom this was for";
    connection.refuse(ref, reason, { to: state.pending(ref).key });
  }
}

connection.addEventListener("said", ({ detail }) => state.said(detail));
connection.addEventListener("ack", ({ detail: { ref, id, at } }) => id && state.file(ref, id, at));
connection.addEventListener("receipt", ({ detail }) => state.receipt(detail));
connection.addEventListener("refused", ({ detail: { ref, reason } }) => state.refuse(ref, reason));
connection.addEventListener("error", ({ detail: { code, ref } }) => {
  const own = state.pending(ref);
  // Back into the box with it, if that is empty; sent from there, it is the same message.
  if (code === "not-saved" && own) state.replaceDraft(own.key, "", lineFor(own.text));
});
connection.addEventListener("count", ({ detail: { count } }) => state.setCount(count));
for (const type of ["joined", "left", "renamed", "away", "back"]) {
  connection.addEventListener(type, ({ detail }) => state.presence(detail));
}

// What an earlier visit of this tab could not send.
for (const entry of connection.unsent) {
  if (entry.message.type === "say") state.write(entry);
}
document.getElementById("skip").addEventListener("click", (event) => {
  event.preventDefault(); // the address has a meaning here: see places.js
  document.getElementById("text").focus();
});
connection.open();
