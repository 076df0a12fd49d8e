// Creates elements. All modules that draw the wire view use it.

/**
 * Creates an element with these attributes and children. A string among the children becomes text, never
 * markup. An attribute that is false or undefined is left out; true gives it an empty value.
 */
export function createElement(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}

export const createCode = (text, attributes) => createElement("code", attributes, text);

/** Creates a part of a frame's body, with a heading. */
export function createPart(title, ...children) {
  return createElement("section", { class: "part" }, createElement("h3", {}, title), ...children);
}

/** Creates a table's caption: the title, and more about it in quiet letters. */
export function createCaption(title, more) {
  return createElement("caption", {}, title, createElement("span", { class: "words" }, " ", more));
}

/** Creates a table's head with one row of column headings. */
export function createTableHead(titles) {
  const cells = titles.map((title) => createElement("th", { scope: "col" }, title));
  return createElement("thead", {}, createElement("tr", {}, ...cells));
}
