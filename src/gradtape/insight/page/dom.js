// Elements, made shortly.

const SVG = "http://www.w3.org/2000/svg";

/** An element with attributes ("on…" are listeners) and children. */
export function el(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/** The same for pictures. */
export function svg(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

function filled(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

/** Set a text, if it is another than before. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

let count = 0;

/** An id that no other element has. */
export function freshId(word) {
  count++;
  return `gradtape-${word}-${count}`;
}

/** Whether the reader wants no movement. */
export function still() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}
