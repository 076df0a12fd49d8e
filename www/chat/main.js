// Lab step 3: the chat page, index.html. This file starts the modules and connects them to each other.
// The server's half is src/chat.rs.
//
//   server  ⇄  connection.js  →  state.js  →  message-list.js, member-list.js, …  (what you see and hear)
//                    ↑
//              send-message.js  ←  message-box.js  (what you type)
//
// In reading order:
//   connection.js                connects, reconnects, sends and receives
//   ../shared/backoff.js         how long it waits before it reconnects
//   close-codes.js               why a connection ends
//   open-socket.js               what the request for the WebSocket says
//   heartbeat.js                 notices that a connection is dead
//   outbox.js                    keeps unsent messages until the server acknowledges them
//   received-ids.js              knows which messages have arrived and which are missing
//   conversation.js              one conversation: its messages in order
//   members.js                   the people of the chat
//   mentions.js                  whom a text mentions
//   state.js                     what the page knows, with an event for each change
//   message-box.js               the box in which you write
//   name-offers.js               names to choose from, after an @
//   long-text.js                 a text that is too long: to be cut, or sent in pieces
//   pasted-code.js               a paste that looks like source
//   slash-commands.js            parses /msg, /nick and the others
//   send-message.js              does what was typed
//   message-list.js              draws the open conversation
//   message-item.js              draws one message with its ticks, or one notice
//   message-body.js              fills in what was said
//   fold-notices.js              "5 people picked up" in place of five notices
//   format-text.js, code-block.js   code and links in it
//   scroll-position.js           keeps your place in the list
//   unread.js                    counts unread messages, and says where the line "New" stands
//   photo-input.js               picks, pastes and drops photos
//   photo-preview.js             shows a photo before it is sent
//   photo-prepare.js             makes it small and upright, without where it was taken:
//   photo-kind.js, photo-metadata.js, photo-canvas.js   the file formats, and the browser's canvas
//   photo-item.js, photo-view.js                        a photo in the list, and in full size
//   ask-before-leaving.js        asks before a photo that is not sent is lost
//   earlier-messages.js          loads older messages, and those that you missed
//   save-conversation.js         saves a whole conversation; transcript.js writes it, print-conversation.js prints it
//   search.js                    finds messages, earlier ones too
//   receipts.js                  tells the server what has arrived here
//   member-list.js               draws the members, the way into each conversation
//   member-filter.js             finds a person in a long list of members
//   navigation.js                which conversation is open: the address, and the browser's Back
//   connection-status.js         shows how the connection is, with "Retry now"
//   passphrase-form.js           asks for the passphrase
//   name-dialog.js               changes your name
//   first-minute.js              what an empty room and a new person are shown
//   share.js, addresses.js       the address for classmates, in large letters and as a QR code
//   operator.js                  shows what the operator has pinned, and that you are muted
//   hidden-people.js             people whose messages you do not want to see
//   typing-indicator.js          "ben is typing …"
//   screen-reader-announcer.js   announces new messages to screen readers
//   format.js, house.js          how names, times and texts look; a person's house
//   drafts.js, name-cookie.js, ../shared/storage.js   what a reload does not lose
//   ../shared/tab.js, closed-tab.js   what a duplicate of a tab must not have, and what the next tab gets
//   obstacle.js                  why no WebSocket can be opened
//   ../shared/wake-up.js         when the page may have slept
//   ../shared/sheet.js           opens and closes the dialogs; ../shared/projector.js makes the letters large
//   ../shared/random-id.js, socket-address.js, well-formed.js   small helpers

import { Connection } from "./connection.js";
import { showConnectionStatus } from "./connection-status.js";
import { loadEarlierMessages } from "./earlier-messages.js";
import { followHiddenPeople } from "./hidden-people.js";
import { startFirstMinute } from "./first-minute.js";
import { showMembers } from "./member-list.js";
import { startMessageBox } from "./message-box.js";
import { showMessages } from "./message-list.js";
import { hasCookieFor, saveNameCookie } from "./name-cookie.js";
import { startNameDialog } from "./name-dialog.js";
import { offerNames } from "./name-offers.js";
import { openConversation, startNavigation } from "./navigation.js";
import { showOperatorsDoing } from "./operator.js";
import { askForPassphrase } from "./passphrase-form.js";
import { startPhotoInput } from "./photo-input.js";
import { reloadPhotos } from "./photo-item.js";
import { askBeforeLeaving } from "./ask-before-leaving.js";
import { startPhotoPreview } from "./photo-preview.js";
import { sendReceipts } from "./receipts.js";
import { announceMessages } from "./screen-reader-announcer.js";
import { startSaving } from "./save-conversation.js";
import { ScrollPosition } from "./scroll-position.js";
import { startSearch } from "./search.js";
import { startSending } from "./send-message.js";
import { startSharing } from "./share.js";
import "../shared/sheet.js";
import { lineFor } from "./slash-commands.js";
import { ChatState } from "./state.js";
import { startTypingIndicator } from "./typing-indicator.js";
import { countUnread } from "./unread.js";
import { wireId } from "../wire/id.js";
import { secrets } from "../wire/panel.js";

const connection = new Connection("chat", { wireId });
const state = new ChatState();
const scroll = new ScrollPosition();

const requestName = startNameDialog(state, connection);
const { sendLine, sendPhoto, canSend, retryMessage, deleteMessage, refusePrivateMessages } =
  startSending(state, connection, requestName);
const offerName = startFirstMinute(state, requestName);
countUnread(state, scroll); // before showMessages: messages count as unread until the list shows them
const { drawOlder, drawNewer, isBeginningDrawn, showMessage } =
  showMessages(state, { scroll, onRetry: retryMessage, onDelete: deleteMessage });
showMembers(state, { onOpen: (key) => openConversation(state, key) });
showConnectionStatus(connection);
askForPassphrase(connection);
startSharing();
showOperatorsDoing(connection);
followHiddenPeople(state, connection); // before the state has the welcome
announceMessages(state);
const earlier = loadEarlierMessages(connection, state, { scroll, drawOlder, drawNewer, isBeginningDrawn });
startSaving(state, earlier);
startSearch(state, { loadAll: earlier.loadAll, showMessage });
sendReceipts(connection);
startNavigation(state);
const sendTyping = startTypingIndicator(state, connection);
offerNames(state);
startMessageBox(state, { onLine: sendLine, onTyping: sendTyping });
startPhotoInput(state, { canSend, onFiles: startPhotoPreview(state, sendPhoto) });
reloadPhotos(connection);
askBeforeLeaving(connection);

// The wire view hides it from everyone who looks at the screen.
connection.addEventListener("welcome", ({ detail: { token } }) => secrets.learn(token));

// From the server into the state.

let wasWelcomed = false;
connection.addEventListener("welcome", ({ detail }) => {
  const { resumed, reset } = detail;
  state.applyWelcome(detail);
  if (wasWelcomed && reset) state.addNotice({ notice: resumed ? "reset" : "restarted" });
  if (!resumed) refusePrivateMessages();
  wasWelcomed = true;
  if (resumed || hasCookieFor(state.you.name)) return;
  offerName(); // the first visit of this browser
  saveNameCookie(state.you.name);
});
connection.addEventListener("state", ({ detail }) => state.setConnected(detail.state === "open"));
connection.addEventListener("said", ({ detail }) => state.applySaid(detail));
connection.addEventListener("ack", ({ detail: { ref, id, at, photo } }) => {
  if (id) state.confirm(ref, id, at, photo); // the ack of a new name has no id
});
connection.addEventListener("receipt", ({ detail: { messages } }) => state.applyReceipts(messages));
connection.addEventListener("refused", ({ detail: { ref, reason } }) => state.markRefused(ref, reason));
connection.addEventListener("error", ({ detail: { code, ref } }) => {
  const own = state.findPending(ref);
  // Puts the text back into the box, if the box is empty. Sent from there, it is still the same message.
  if (code === "not-saved" && own && !own.photo) state.replaceDraft(own.key, "", lineFor(own));
});
connection.addEventListener("count", ({ detail: { count } }) => state.setMemberCount(count));
for (const type of ["joined", "left", "renamed", "away", "back"]) {
  connection.addEventListener(type, ({ detail }) => state.applyPresence(detail));
}

// What this tab could not send before it was reloaded.
for (const entry of connection.outbox.entries) {
  if (entry.message.type === "say") state.addOwn(entry);
}

document.getElementById("skip").addEventListener("click", (event) => {
  event.preventDefault(); // the link would change the address, which names the open conversation
  document.getElementById("text").focus();
});
connection.connect();
