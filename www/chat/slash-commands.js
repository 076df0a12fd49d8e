// Parses a line from the message box: "/msg ana hello" becomes { type: "private", to, text }. It only
// says what the line means; send-message.js does it.

import { actionIn, nameElements } from "./format.js";

const HELP = [
  "/nick NAME: change your name",
  "/msg NAME TEXT: write to one person only; put a name with spaces in \"quotes\"",
  "/me TEXT: say what you do: “* ana waves”",
  "/who: see who is on the line",
  "//TEXT: say something that begins with a slash",
  "Enter sends, Shift+Enter starts a new line, the up arrow brings back your last message.",
].join("\n");

/**
 * Returns what the line means, one of these:
 *   { type: "say", text }            say it in the open conversation
 *   { type: "private", to, text }    say it to the member with the id `to` alone
 *   { type: "rename", name }         ask for another name
 *   { type: "show", parts }          show these strings and elements to the writer
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
    case "help":
      return { type: "show", parts: [HELP] };
    default:
      return problem(`There is no command /${command}. Type /help to see them all, or //${command} to say it.`);
  }
}

/** Returns the line to type for a message with exactly this text. */
export function lineFor(text) {
  return text.startsWith("/") && actionIn(text) === null ? `/${text}` : text;
}

function parsePrivate(rest, state) {
  const { person, text } = splitName(rest, state.members.present());
  if (!person) return problem("No one here has that name: /msg NAME TEXT. Type /who to see the names.");
  if (person.id === state.you.id) return problem("That is you.");
  if (!text) return problem(`What do you want to say to ${person.name}? /msg NAME TEXT`);
  return { type: "private", to: person.id, text };
}

/**
 * Splits "NAME TEXT" into { person, text }, or returns {} if no member has such a name. Names may contain
 * spaces: either the name is in quotes, or it is the longest name with which the line begins.
 */
function splitName(rest, members) {
  const quoted = /^["“](.+?)["”]\s*(.*)$/s.exec(rest);
  const line = quoted ? `${quoted[1]} ${quoted[2]}` : `${rest} `;
  const isNamed = ({ name }) => {
    if (quoted && name.length !== quoted[1].length) return false;
    const start = line.slice(0, name.length + 1); // the name and the space after it
    return start.toLowerCase().trimEnd() === name.toLowerCase();
  };
  const byLength = (a, b) => b.name.length - a.name.length;
  const [person] = members.filter(isNamed).sort(byLength);
  return person ? { person, text: line.slice(person.name.length).trim() } : {};
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
