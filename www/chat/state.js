// What the page knows: who is here, and what was said in which conversation. It applies what comes from
// the server and tells the parts of the screen what has changed (as events); it draws nothing.
//
// A conversation's key is the id of the person it is with, since names change. When the server starts
// anew it has forgotten all ids and gives them to others: then a person for whom something is left to
// send gets a negative one, so that it is kept, and sent to nobody else.

import { Conversation, ROOM, isMark } from "./conversation.js";
import { Roster } from "./members.js";
import { load, save } from "../shared/storage.js";

export class State extends EventTarget {
  you = { id: -1, name: "" };
  limits = { text: 4096, name: 32 };
  people = new Roster();
  conversations = new Map();
  open = ROOM;
  /** All messages that have an id, by it. */
  #said = new Map();
  #last = 0;
  /** To how many each of our own messages has come, as far as the server has told: by id. */
  #receipts = new Map();
  #strangers = 0;

  constructor() {
    super();
    for (const [key, { name, text }] of Object.entries(load("drafts", {}))) {
      this.conversation(Number(key), name).draft = text;
    }
  }

  /** The conversation with this key; a new one, if need be, with a person who has left. */
  conversation(key, name) {
    this.#strangers = Math.min(this.#strangers, key);
    if (key !== ROOM) this.people.miss(key, name);
    if (!this.conversations.has(key)) this.conversations.set(key, new Conversation(key));
    return this.conversations.get(key);
  }

  show(key) {
    this.open = key;
    this.conversation(key);
    this.tell("show");
  }

  setDraft(key, text) {
    this.conversation(key).draft = text;
    this.#saveDrafts();
  }

  #saveDrafts() {
    const drafts = [...this.conversations.values()].filter(({ draft }) => draft !== "");
    const entry = ({ key, draft }) => [key, { name: this.people.get(key)?.name, text: draft }];
    save("drafts", Object.fromEntries(drafts.map(entry)));
  }

  /** Changes what is in the box, if it is what we think it is. */
  replaceDraft(key, before, after) {
    if (this.conversation(key).draft !== before) return;
    this.setDraft(key, after);
    this.tell("draft", { key });
  }

  /** What was refused in this conversation and has this text: who sends that again means the same. */
  refused(key, text) {
    const isIt = (message) => message.status === "refused" && message.text === text;
    return this.conversation(key).pending().find(isIt);
  }

  // What comes from the server.

  welcome({ you, members, count, limits, messages, resumed }) {
    if (!resumed) this.#forgetAll();
    this.you = you;
    this.limits = limits;
    this.people.count = count;
    for (const person of this.people.values()) person.here = false;
    for (const member of members) {
      this.people.meet(member, member.away);
      this.#adopt(member);
    }
    this.tell("people");
    this.tell("you");
    this.#add(messages, { live: false });
    this.tell("welcomed", { resumed });
  }

  said(message) {
    this.#add([message], { live: true });
  }

  /** A page of what was said before. */
  earlier(messages) {
    this.#add(messages, { live: false, older: true });
  }

  /** To how many our own messages have come. */
  receipt({ messages }) {
    for (const { id, ...receipt } of messages) {
      this.#receipts.set(id, receipt);
      const own = this.#said.get(id);
      if (own) this.tell("delivered", Object.assign(own, { receipt }));
    }
  }

  /** joined, left, renamed, away or back. */
  presence(message) {
    const { type, member, was, why } = message;
    const isNews = this.people.apply(message);
    if (isNews) this.notice({ notice: type, member, was, why });
    this.#adopt(member);
    this.tell("people");
  }

  setCount(count) {
    this.people.count = count;
    this.tell("people");
  }

  renameYou(name) {
    const was = this.you.name;
    this.you.name = name;
    this.people.meet(this.you, false);
    if (was !== name) this.notice({ notice: "renamed", member: { ...this.you }, was });
    this.tell("people");
    this.tell("you");
  }

  /** Something to read in the room that nobody has said. */
  notice(about) {
    const notice = { ...about, after: this.#last, at: Date.now(), key: ROOM };
    this.conversation(ROOM).file(notice);
    this.tell("added", { key: ROOM, messages: [notice], live: true });
  }

  /** Marks in every conversation the places where something is missing: these, { notice, after }. */
  setMarks(marks) {
    const isAmong = (others, { notice, after }) =>
      others.some((other) => other.notice === notice && other.after === after);
    for (const conversation of this.conversations.values()) {
      const { key } = conversation;
      const before = conversation.messages.filter(isMark);
      for (const mark of before.filter((mark) => !isAmong(marks, mark))) {
        conversation.remove(mark);
        this.tell("removed", mark);
      }
      const added = marks.filter((mark) => !isAmong(before, mark)).map((mark) => ({ ...mark, key }));
      for (const mark of added) conversation.file(mark);
      if (added.length > 0) this.tell("added", { key, messages: added, live: false, older: true });
    }
  }

  // What is written here.

  /** Shows what the connection has taken over to send. */
  write({ ref, message, about, refused }) {
    const key = message.to ?? ROOM;
    const status = refused ? "refused" : "new";
    const own = { ref, key, text: message.text, from: { ...this.you }, at: about.at, status, reason: refused };
    this.conversation(key, about.name).append(own);
    this.tell("added", { key, messages: [own], live: true });
    // Usually the ack is here sooner, and nobody wants to see a word flash up.
    setTimeout(() => own.status === "new" && this.#update(own, { status: "sending" }), 300);
  }

  /** The server has it, and has given it its place among all the others. */
  file(ref, id, at) {
    const own = this.pending(ref);
    if (!own || this.#said.has(id)) return;
    const conversation = this.conversation(own.key);
    conversation.remove(own);
    this.#file(Object.assign(own, { id, at, status: "received" }));
    this.tell("moved", own);
  }

  refuse(ref, reason) {
    this.#update(this.pending(ref), { status: "refused", reason });
  }

  retry(ref) {
    this.#update(this.pending(ref), { status: "sending", reason: undefined });
  }

  remove(ref) {
    const own = this.pending(ref);
    this.conversation(own.key).remove(own);
    this.tell("removed", own);
  }

  pending(ref) {
    const all = [...this.conversations.values()].flatMap((conversation) => conversation.pending());
    return all.find((message) => message.ref === ref);
  }

  #update(own, changes) {
    if (own) this.tell("changed", Object.assign(own, changes));
  }

  /** What has an id has its place by it. */
  #file(message) {
    const { id, key } = message;
    message.receipt = this.#receipts.get(id);
    this.#said.set(id, message);
    this.#last = Math.max(this.#last, id);
    this.conversation(key).file(message);
  }

  #add(messages, how) {
    const added = new Map();
    const before = this.conversations.size;
    for (const { id, ref, at, from, to, text } of messages) {
      if (ref) this.file(ref, id, at);
      if (this.#said.has(id)) continue;
      const isOwn = from.id === this.you.id;
      if (how.live) this.#hear(from);
      const [key, name] = !to ? [ROOM] : isOwn ? [to.id, to.name] : [from.id, from.name];
      const said = { id, key, at, from, text, status: isOwn ? "received" : undefined };
      this.conversation(key, name);
      this.#file(said);
      added.set(key, [...(added.get(key) ?? []), said]);
    }
    for (const [key, messages] of added) this.tell("added", { key, messages, ...how });
    if (this.conversations.size > before) this.tell("people");
  }

  /** In a big room nobody is told who comes and what people are called now; one hears it. */
  #hear(from) {
    if (this.people.get(from.id)?.name === from.name) return;
    this.people.meet(from, false);
    this.tell("people");
  }

  /** What was written for the same name before the server started anew is this person's. */
  #adopt({ id, name }) {
    const stranger = [...this.people.values()].find((other) => other.id < 0 && other.name === name);
    if (!stranger || id === this.you.id) return;
    const old = this.conversation(stranger.id);
    const [messages, draft] = [old.pending(), old.draft];
    this.people.delete(stranger.id);
    this.conversations.delete(stranger.id);
    const conversation = this.conversation(id);
    for (const message of messages) message.key = id;
    conversation.append(...messages);
    this.setDraft(id, conversation.draft || draft);
    if (this.open === stranger.id) this.show(id);
  }

  /** All but what is not yet sent: the server is another one now. */
  #forgetAll() {
    const before = [...this.conversations.values()];
    const people = this.people;
    this.people = new Roster();
    this.conversations.clear();
    this.#said.clear();
    this.#receipts.clear();
    this.#last = 0;
    const open = this.open;
    this.open = ROOM;
    for (const old of before) {
      const { key, draft } = old;
      const unsent = old.pending();
      if (unsent.length === 0 && draft === "" && key !== ROOM) continue;
      const anew = key === ROOM ? ROOM : --this.#strangers;
      const conversation = this.conversation(anew, people.get(key)?.name);
      for (const message of unsent) message.key = anew;
      conversation.append(...unsent);
      conversation.draft = draft;
      if (key === open) this.open = anew;
    }
    this.#saveDrafts();
    this.tell("show");
  }

  tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
