// Draws the house of a person: the sign beside a name and beside a message by which people are told apart at a
// glance. It differs in three ways, so that it never depends on colours alone: the letters in it, the shape of its
// roof, and its hue. people.css has the shapes and the colours.

/** With twelve hues and seven shapes (no common divisor), 84 ids in a row have houses that differ. */
const HUES = 12;
const SHAPES = 7;

/** A number at the end of a name tells more than its second letter: "student 17" is S17. */
const WORDS_AND_NUMBER = /^(.*?)(\d*)$/su;

/** One of these letters is as wide as two Latin ones. */
const IS_WIDE = /^(?:\p{Extended_Pictographic}|\p{Regional_Indicator}|[\u1100-\u11ff\u2e80-\uffdc])/u;

/** Sets the hue of this element for a person. Ids that follow each other get hues that are far apart. */
export function setHue(element, id) {
  const number = (Math.abs(id) * 5) % HUES; // an id may be negative: see state.js
  element.style.setProperty("--hue", number * (360 / HUES));
  element.style.setProperty("--tone", number % 2); // neighbours on the colour wheel: one dark, one light
}

/** Returns a person's house. Its lights are out while the person is away. The operator, with the id 0, has a pole. */
export function houseElement({ id, name }, { isAway = false } = {}) {
  const house = document.createElement("span");
  house.className = id === 0 ? "house pole" : `house shape-${Math.abs(id) % SHAPES}`;
  house.classList.toggle("away", isAway);
  if (id === 0) return house;
  house.dataset.letters = initialsOf(name); // CSS shows them: a screen reader reads the name beside it
  setHue(house, id);
  return house;
}

/** Returns up to three characters: "AK" for Amber Kite, "Be" for ben, "B2" for ben 2. */
export function initialsOf(name) {
  const [, letters, number] = WORDS_AND_NUMBER.exec(name.trim());
  const words = letters.split(/[\s_.-]+/).filter((word) => word !== "");
  const [first = "", second = ""] = charactersOf(words[0] ?? "");
  const initial = first.toUpperCase();
  if (number !== "") return initial + number.slice(-2);
  if (words.length > 1 && !IS_WIDE.test(first)) return initial + charactersOf(words.at(-1))[0].toUpperCase();
  return IS_WIDE.test(first) || IS_WIDE.test(second) ? initial : initial + second;
}

/** Returns what a reader takes for single characters: a letter with its accents, a flag, a family. */
function charactersOf(word) {
  if (!Intl.Segmenter) return Array.from(word);
  return Array.from(new Intl.Segmenter().segment(word), ({ segment }) => segment);
}
