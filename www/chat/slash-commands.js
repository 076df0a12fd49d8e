// Parses a line from the message box: "/msg ana hello" becomes { type: "private", to, text }. It only
// says what the line means; send-message.js does it.

import { actionIn, nameElement, nameElements } from "./format.js";
import { hiddenPeople, isHidden } from "./hidden-people.js";
import { isOperator, nameKey } from "./members.js";

/** A name is looked for in this many of the first characters. It has at most 32. */
const LONGEST_NAME = 100;

/** How many characters of a text are shown when the writer is asked for whom it is. */
const LONGEST_QUOTE = 40;

/**
 * Returns what the line means, one of these:
 *   { type: "say", text }            say it in the open conversation
 *   { type: "private", to, text }    say it to the member with the id `to` alone
 *   { type: "to-operator", text }    say it to the person at the server's terminal alone
 *   { type: "hide", person }         show nothing of this person's messages any more
 *   { type: "unhide", person }       show them again
 *   { type: "ask", parts }           it may be for several people: show these, and keep the line
 *   { type: "rename", name }         ask for another name
 *   { type: "show", parts }          show these strings and elements to the writer
 *   { type: "help" }                 open the help
 *   { type: "problem", problem }     the line makes no sense, and this sentence says why
 */
export function parseLine(line, state) {
  if (!line.startsWith("/")) return { type: "say", text: line };
  if (line.startsWith("//")) return { type: "say", text: line.slice(1) };
  const [, command, rest] = /^\/(\S*)\s*(.*)$/s.exec(line);
  switch (command.toLowerCase()) {
    case "nick":
      return rest ? { type: "rename", name: rest } : problem("Which name do you want? /nick NAME");
    case "me":
      return rest ? { type: "say", text: `/me ${rest}` } : problem("What do you do? /me TEXT");
    case "msg":
      return parsePrivate(rest, state);
    case "who":
      return { type: "show", parts: describeMembers(state) };
    case "hide":
      return parseHide(rest, state);
    case "show":
      return parseShow(rest);
    case "help":
      return { type: "help" };
    default:
      return problem(`There is no command /${command}. Type /help to see them all, or //${command} to say it.`);
  }
}

/** Returns the line to type for this message. */
export function lineFor({ text, toOperator }) {
  if (toOperator) return `/msg operator ${text}`;
  return text.startsWith("/") && actionIn(text) === null ? `/${text}` : text;
}

function parsePrivate(rest, state) {
  const texts = textsByPerson(rest, state.members.present());
  const isYours = texts.delete(state.you.id);
  const people = [...texts.keys()].map((id) => state.members.get(id));
  const [person] = people;
  if (people.length > 1) return { type: "ask", parts: askWhom(people, texts, state) };
  if (!person && isYours) return problem("That is you.");
  if (!person && isOperator(/^["“„@]?([^\s"“”]*)/.exec(rest)[1])) {
    const text = /^(?:["“„].*?["”“]|\S+)\s*(.*)$/s.exec(rest)[1];
    if (!text) return problem("What do you want to say to the operator? /msg operator TEXT");
    return { type: "to-operator", text };
  }
  if (!person) return problem("No one here has that name: /msg NAME TEXT. Type /who to see the names.");
  const text = texts.get(person.id);
  if (!text) return problem(`What do you want to say to ${person.name}? /msg NAME TEXT`);
  return { type: "private", to: person.id, text };
}

/** Without a name: says who is hidden, and how to undo it. */
function parseHide(rest, state) {
  if (rest === "") return { type: "show", parts: describeHidden() };
  const name = withoutQuotes(rest);
  if (isOperator(name)) return problem("What the operator says concerns everyone, and cannot be hidden.");
  const person = state.members.findByName(name);
  if (!person) return problem("No one here has that name: /hide NAME. Type /who to see the names.");
  if (person.id === state.you.id) return problem("That is you.");
  return isHidden(person) ? { type: "show", parts: describeHidden() } : { type: "hide", person };
}

function parseShow(rest) {
  const key = nameKey(withoutQuotes(rest));
  const person = hiddenPeople().find(({ name }) => nameKey(name) === key);
  if (!person) return { type: "show", parts: ["/show NAME is for people whom you have hidden. ", ...describeHidden()] };
  return { type: "unhide", person };
}

function describeHidden() {
  const people = hiddenPeople();
  if (people.length === 0) return ["You have hidden no one. /hide NAME shows nothing of that person’s messages."];
  return ["You have hidden ", ...nameElements(people), ". /show NAME shows their messages again."];
}

const withoutQuotes = (name) => name.replace(/^["“„@](.*?)["“”]?$/s, "$1");

/**
 * Returns a Map from the ids of the members for whom "NAME TEXT" may be to the text that each would get.
 * Names may contain blanks, so "ana 2 o'clock" may be for "ana" or for "ana 2". In quotes, as one word after
 * an @, or as a number after a #, the end of the name is clear.
 */
function textsByPerson(rest, members) {
  const texts = new Map();
  function add(isMeant, text) {
    for (const person of members.filter(isMeant)) texts.set(person.id, text.trim());
  }
  const hasKey = (key) => ({ name }) => nameKey(name) === key;
  for (const { index } of rest.slice(0, LONGEST_NAME).matchAll(/\s+|$/g)) {
    add(hasKey(nameKey(rest.slice(0, index))), rest.slice(index));
  }
  const [, quoted, afterQuotes] = /^["“„](.+?)["“”](.*)$/s.exec(rest) ?? [];
  if (quoted) add(hasKey(nameKey(quoted)), afterQuotes);
  const [, sign, word, afterWord] = /^([@#])(\S+)(.*)$/s.exec(rest) ?? [];
  if (sign === "@") add(hasKey(nameKey(word)), afterWord);
  if (sign === "#") add(({ id }) => String(id) === word, afterWord);
  return texts;
}

/** Returns how to write in /msg that it is for this one of the members, and for no other. */
export function recipientFor({ id, name }, members) {
  const isClear = textsByPerson(`"${name}" TEXT`, members).size === 1;
  return isClear ? `"${name}"` : `#${id}`;
}

/** Returns what to show: for each of these people what they would get, and the line that is for them alone. */
function askWhom(people, texts, state) {
  const lines = people.flatMap((person) => {
    const text = cut(texts.get(person.id));
    const command = `/msg ${recipientFor(person, state.members.present())} ${text || "TEXT"}`;
    return ["\n", nameElement(person), text ? ` gets “${text}”: ` : ": ", isolated(command)];
  });
  return ["This may be for more than one person. Type it so that it is clear:", ...lines];
}

/** Returns an element whose text does not reorder what stands beside it, if it goes from right to left. */
function isolated(text) {
  const element = document.createElement("bdi");
  element.textContent = text;
  return element;
}

function cut(text) {
  const characters = Array.from(text.slice(0, 2 * LONGEST_QUOTE));
  return characters.length > LONGEST_QUOTE ? `${characters.slice(0, LONGEST_QUOTE).join("")} …` : text;
}

function describeMembers(state) {
  const others = state.members.present().filter(({ id }) => id !== state.you.id);
  if (others.length === 0) return ["You are alone on the line."];
  const count = state.members.count - 1;
  const unlisted = count - others.length;
  const more = unlisted > 0 ? ` and ${unlisted} more` : "";
  return [`On the line with you (${count}): `, ...nameElements(others), `${more}.`];
}

function problem(sentence) {
  return { type: "problem", problem: sentence };
}
