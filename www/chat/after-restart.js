// What becomes of unsent messages and drafts when the server has another history than before: they are kept, and
// what was written to one person goes to no other. A server that restarts without a history file gives the ids of
// members to other people. So a person for whom something is unsent gets a negative key, until a member of the
// same name comes. state.js calls these functions.

import { ROOM } from "./conversation.js";

/**
 * Takes unsent messages and drafts out of the conversations `before`, and gives them to the state, which has
 * forgotten all. `members` and `openKey` are from before, too; `resumed`: the server still knows this member.
 */
export function carryOver(state, { before, members, openKey, resumed }) {
  for (const old of before) {
    const unsent = old.pending();
    const isEmpty = unsent.length === 0 && old.draft === "" && old.key !== ROOM;
    if (isEmpty && !(resumed && old.key === openKey)) continue;
    const key = old.key === ROOM || resumed ? old.key : state.unusedKey();
    const conversation = state.conversation(key, members.get(old.key)?.name);
    moveTo(conversation, unsent);
    conversation.draft = old.draft;
    if (old.key === openKey) state.openKey = key;
  }
}

/** Gives to this member what was written to a person of the same name before the restart. */
export function adoptUnsent(state, { id, name }) {
  const isSamePerson = (person) => person.id < 0 && person.name === name;
  const person = [...state.members.values()].find(isSamePerson);
  if (!person || id === state.you.id) return;
  const old = state.conversation(person.id);
  state.members.delete(person.id);
  state.conversations.delete(person.id);
  const conversation = state.conversation(id);
  moveTo(conversation, old.pending());
  state.setDraft(id, conversation.draft || old.draft);
  if (state.openKey === person.id) state.openConversation(id);
}

function moveTo(conversation, messages) {
  for (const message of messages) message.key = conversation.key;
  conversation.append(...messages);
}
