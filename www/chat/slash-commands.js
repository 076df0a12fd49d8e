// What a line that begins with a slash means. It only finds out; chat.js does it.

import { action, namesOf } from "./format.js";

const HELP = [
  "/nick NAME: be called something else",
  "/msg NAME TEXT: say it to one person alone; a name with blanks may stand in \"quotes\"",
  "/me TEXT: say what you do: “* ana waves”",
  "/who: who is on the line",
  "//TEXT: say something that begins with a slash",
  "Enter sends, Shift+Enter begins a new line, the up arrow brings back what you sent last.",
].join("\n");

/**
 * What to do with a line: { say }, { to, text }, { nick }, { tell } (something to read), or { wrong }
 * (the line stays in the box, and this is why).
 */
export function understand(line, state) {
  if (!line.startsWith("/")) return { say: line };
  if (line.startsWith("//")) return { say: line.slice(1) };
  const [, name, rest] = /^\/(\S*)\s*(.*)$/s.exec(line);
  switch (name.toLowerCase()) {
    case "nick":
      return rest ? { nick: rest } : { wrong: "Which name? /nick NAME" };
    case "me":
      return rest ? { say: `/me ${rest}` } : { wrong: "What do you do? /me TEXT" };
    case "msg":
      return message(rest, state);
    case "who":
      return { tell: who(state) };
    case "help":
      return { tell: [HELP] };
    default:
      return { wrong: `There is no command /${name}. /help tells which there are; //${name} says it.` };
  }
}

/** What to type so that exactly this is said. */
export function lineFor(text) {
  return text.startsWith("/") && action(text) === null ? `/${text}` : text;
}

function message(rest, state) {
  const found = addressee(rest, state.people.present());
  if (!found) return { wrong: "Nobody here is called so. /msg NAME TEXT; /who tells the names." };
  if (found.person.id === state.you.id) return { wrong: "That is you." };
  if (!found.text) return { wrong: "And what shall be said? /msg NAME TEXT" };
  return { to: found.person.id, text: found.text };
}

/** Names may have blanks: either "in quotes", or the longest name with which the line begins. */
function addressee(rest, people) {
  const quoted = /^["“](.+?)["”]\s*(.*)$/s.exec(rest);
  const [line, end] = quoted ? [`${quoted[1]} ${quoted[2]}`, quoted[1].length] : [`${rest} `, null];
  const begins = ({ name }) => line.slice(0, name.length + 1).toLowerCase().trimEnd() === name.toLowerCase()
    && (end === null || name.length === end);
  const [person] = people.filter(begins).sort((a, b) => b.name.length - a.name.length);
  return person && { person, text: line.slice(person.name.length).trim() };
}

function who(state) {
  const others = state.people.present().filter(({ id }) => id !== state.you.id);
  if (others.length === 0) return ["You are alone on the line."];
  const unlisted = state.people.count - others.length - 1;
  const more = unlisted > 0 ? ` and ${unlisted} more` : "";
  return [`On the line with you (${state.people.count - 1}): `, ...namesOf(others), `${more}.`];
}
