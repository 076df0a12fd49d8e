// What the page knows: the members, the conversations, and which conversation is open. main.js passes on
// what the server sends; the modules that draw listen to this object's events. It draws nothing itself.
//
// Its events, with their details:
//   "welcomed" { resumed, reset } a welcome was applied; resumed: the server still knew this member;
//                                 reset: it has another history than before, and the messages start anew
//   "members"                     a member came, left or was renamed, or their number changed
//   "own-name"                    your name is known, or has changed
//   "reset"                       all was forgotten, because the server has another history; "opened" follows
//   "opened"                      another conversation is open
//   "added" { key, messages, live?, older? }   live: said just now; older: said before what was here
//   "confirmed", "changed", "delivered", "removed"   each with the message that it is about as detail
//   "draft" { key }               the draft was changed by the program, not by typing
//   "unread"                      the number of unread messages of a conversation has changed
//
// A private conversation's key is the other person's id, since names change, and negative for a person whom the
// server does not know any more (after-restart.js).

import { adoptUnsent, carryOver } from "./after-restart.js";
import { Conversation, ROOM } from "./conversation.js";
import { loadDrafts, saveDrafts } from "./drafts.js";
import { Members, OPERATOR } from "./members.js";
import { mentionsIn } from "./mentions.js";

/** Most acks arrive sooner than this (milliseconds). Then the word "Sending …" does not flash up. */
const SHOW_SENDING_AFTER = 300;

export class ChatState extends EventTarget {
  you = { id: -1, name: "" };
  limits = { text: 4096, name: 32, photo: 2 ** 20 };
  members = new Members();
  conversations = new Map();
  openKey = ROOM;
  /** All messages that have an id, by id. */
  #messages = new Map();
  #highestId = 0;
  /** How many members have received each message of our own, as far as the server has told: by id. */
  #receipts = new Map();
  #lowestKey = 0;
  #isConnected = false;
  /** The server's time (milliseconds since 1970) when `performance.now()` was 0. Until a welcome: ours. */
  #serverTimeOrigin = performance.timeOrigin;

  constructor() {
    super();
    for (const { key, name, text } of loadDrafts()) this.conversation(key, name).draft = text;
  }

  /** Returns the conversation with this key. If there is none, adds one, with a person who is not here. */
  conversation(key, name) {
    this.#lowestKey = Math.min(this.#lowestKey, key);
    if (key !== ROOM) this.members.addAbsent(key, name);
    if (!this.conversations.has(key)) this.conversations.set(key, new Conversation(key));
    return this.conversations.get(key);
  }

  openConversation(key) {
    this.openKey = key;
    this.conversation(key);
    this.emit("opened");
  }

  /**
   * The time on the server's clock, in milliseconds since 1970. Whatever stands among the server's messages
   * has this time: the clock of this machine may be off by days, and may be set meanwhile.
   */
  now() {
    return Math.round(this.#serverTimeOrigin + performance.now());
  }

  setDraft(key, text) {
    this.conversation(key).draft = text;
    this.#saveDrafts();
  }

  /** Changes the draft only if it still is `expected`: what you are typing is left alone. */
  replaceDraft(key, expected, text) {
    if (this.conversation(key).draft !== expected) return;
    this.setDraft(key, text);
    this.emit("draft", { key });
  }

  #saveDrafts() {
    const written = [...this.conversations.values()].filter(({ draft }) => draft !== "");
    saveDrafts(written.map(({ key, draft }) => ({ key, name: this.members.get(key)?.name, text: draft })));
  }

  // What the server sends.

  applyWelcome({ you, members, count, limits, messages, resumed, reset, server }) {
    if (reset) this.#startOver(resumed);
    if (server?.now) this.#serverTimeOrigin = server.now - performance.now();
    this.you = you;
    this.limits = limits;
    this.members.count = count;
    for (const person of this.members.values()) person.here = false;
    for (const member of members) {
      this.members.addPresent(member, member.away);
      adoptUnsent(this, member);
    }
    this.emit("members");
    this.emit("own-name");
    this.#addMessages(messages, { live: false });
    this.emit("welcomed", { resumed, reset });
  }

  applySaid(message) {
    this.#addMessages([message], { live: true });
  }

  applyEarlier(messages) {
    this.#addMessages(messages, { live: false, older: true });
  }

  applyReceipts(receipts) {
    for (const { id, ...receipt } of receipts) {
      this.#receipts.set(id, receipt);
      const message = this.#messages.get(id);
      if (message) this.emit("delivered", Object.assign(message, { receipt }));
    }
  }

  /** Applies joined, left, renamed, away or back. */
  applyPresence(message) {
    const { type, member, was, why } = message;
    const isNews = this.members.applyPresence(message);
    if (isNews) this.addNotice({ notice: type, member, was, why });
    adoptUnsent(this, member);
    this.emit("members");
  }

  setMemberCount(count) {
    this.members.count = count;
    this.emit("members");
  }

  /** Without a connection, what is to be sent waits, and says so. */
  setConnected(isConnected) {
    this.#isConnected = isConnected;
    for (const own of this.#allPending().filter(({ status }) => status !== "refused")) {
      if (isConnected) this.#showSendingLater(own);
      else this.#update(own, { status: "waiting" });
    }
  }

  setOwnName(name) {
    const was = this.you.name;
    this.you.name = name;
    this.members.addPresent(this.you, false);
    if (was !== name) this.addNotice({ notice: "renamed", member: { ...this.you }, was });
    this.emit("members");
    this.emit("own-name");
  }

  /** Adds a line to the conversation with everyone that no member has said. */
  addNotice(about) {
    const notice = { ...about, after: this.#highestId, at: this.now(), key: ROOM };
    this.conversation(ROOM).insert(notice);
    this.emit("added", { key: ROOM, messages: [notice], live: true });
  }

  // What is written on this page.

  /** Adds a message of our own, from its entry in the outbox. */
  addOwn({ ref, message, about, refused }) {
    const key = message.to ?? ROOM;
    const unsent = this.#isConnected ? "new" : "waiting";
    const status = refused ? "refused" : unsent;
    const photo = message.type === "photo" ? message : undefined;
    const text = message.text ?? message.caption ?? "";
    const { at, url: preview } = about;
    const own = { ref, key, text, photo, preview, from: { ...this.you }, at, status, reason: refused };
    own.toOperator = message.to === OPERATOR.id;
    this.#noteMentions(own);
    this.conversation(key, about.name).append(own);
    this.emit("added", { key, messages: [own], live: true });
    this.#showSendingLater(own);
  }

  #showSendingLater(own) {
    setTimeout(() => {
      const isUnderWay = own.status === "new" || own.status === "waiting";
      if (isUnderWay && this.#isConnected) this.#update(own, { status: "sending" });
    }, SHOW_SENDING_AFTER);
  }

  /** The server has stored a message of our own and given it an id: it moves to its place by id. */
  confirm(ref, id, at, photo) {
    const own = this.findPending(ref);
    if (!own || this.#messages.has(id)) return;
    this.conversation(own.key).remove(own);
    this.#insertById(Object.assign(own, { id, at, photo, status: "received" }));
    this.emit("confirmed", own);
  }

  markRefused(ref, reason) {
    this.#update(this.findPending(ref), { status: "refused", reason });
  }

  markSending(ref) {
    const status = this.#isConnected ? "sending" : "waiting";
    this.#update(this.findPending(ref), { status, reason: undefined });
  }

  removePending(ref) {
    const own = this.findPending(ref);
    this.conversation(own.key).remove(own);
    this.emit("removed", own);
  }

  findPending(ref) {
    return this.#allPending().find((message) => message.ref === ref);
  }

  #allPending() {
    return [...this.conversations.values()].flatMap((conversation) => conversation.pending());
  }

  /** Finds a refused text that is this one: a writer who types it again means the same message. */
  findRefused(key, text, toOperator = false) {
    const matches = (message) => message.status === "refused" && message.text === text && !message.photo
      && message.toOperator === toOperator;
    return this.conversation(key).pending().find(matches);
  }

  #update(own, changes) {
    if (own) this.emit("changed", Object.assign(own, changes));
  }

  // How messages are stored.

  /** Adds messages that came from the server, each one once, to their conversations. */
  #addMessages(messages, { live, older }) {
    const added = new Map(); // from a conversation's key to its new messages
    const conversationsBefore = this.conversations.size;
    for (const { id, ref, at, from, to, text, photo } of messages) {
      if (ref) this.confirm(ref, id, at, photo);
      if (this.#messages.has(id)) continue;
      if (live) this.#noteSender(from);
      const isOwn = from.id === this.you.id;
      const other = isOwn ? to : from; // in private: the other one of the two
      const key = to ? other.id : ROOM; // what you write to the operator stands in the room
      const message = { id, key, at, from, text, photo, status: isOwn ? "received" : undefined };
      message.toOperator = to?.id === OPERATOR.id;
      this.#noteMentions(message);
      this.conversation(key, other?.name);
      this.#insertById(message);
      added.set(key, [...(added.get(key) ?? []), message]);
    }
    for (const [key, messages] of added) this.emit("added", { key, messages, live, older });
    if (this.conversations.size > conversationsBefore) this.emit("members");
  }

  /** A name may change: what counts is who had it when the message came. */
  #noteMentions(message) {
    const isYou = ({ id }) => id === this.you.id && !message.status;
    message.mentions = mentionsIn(message.text, this.members).map((it) => ({ ...it, isYou: isYou(it) }));
    message.isForYou = message.mentions.some(isYou);
  }

  #insertById(message) {
    const { id, key } = message;
    message.receipt = this.#receipts.get(id);
    this.#messages.set(id, message);
    this.#highestId = Math.max(this.#highestId, id);
    this.conversation(key).insert(message);
  }

  /** A big room sends no `joined` and `renamed`: what a member says is the only sign. */
  #noteSender(from) {
    if (this.members.get(from.id)?.name === from.name) return;
    this.members.addPresent(from, false);
    this.emit("members");
  }

  /** A key that no conversation has had. */
  unusedKey() {
    return this.#lowestKey - 1;
  }

  /** Forgets all but unsent messages and drafts: the server has another history. */
  #startOver(resumed) {
    const { members, openKey } = this;
    const before = [...this.conversations.values()];
    this.members = new Members();
    this.conversations.clear();
    this.#messages.clear();
    this.#receipts.clear();
    this.#highestId = 0;
    this.openKey = ROOM;
    carryOver(this, { before, members, openKey, resumed });
    this.#saveDrafts();
    this.emit("reset");
    this.emit("opened");
  }

  emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
