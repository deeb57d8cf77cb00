// A number that can be dragged, slid, typed, and moved by the arrow keys.

import { el } from "./dom.js";
import { plain } from "./numbers.js";

const THRESHOLD = 3; // pixels before a press becomes a drag
const COARSE = 10;
const FINE = 0.1;

/** How far one pixel or one arrow key goes: a hundredth of the number's order of magnitude. */
export function stepOf(x) {
  return 10 ** (Math.floor(Math.log10(Math.max(Math.abs(x), 0.1))) - 2);
}

function factor(event) {
  return event.shiftKey ? COARSE : event.altKey ? FINE : 1;
}

/** A number moved by some steps, without digits that nobody asked for. */
export function moved(x, steps, step) {
  const digits = Math.min(12, Math.max(0, 1 - Math.floor(Math.log10(step))));
  return Number((x + steps * step).toFixed(digits));
}

/**
 * Makes an element draggable sideways.  read(): the number now; step(x): what a pixel is worth; write(x); begin(): once
 * before a change.  A press without movement is left to the element.
 */
export function scrub(element, { read, write, begin, step = stepOf, log = false }) {
  let start = null;
  element.classList.add("scrub");
  element.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    start = { x: event.clientX, last: event.clientX, from: read(), steps: 0, on: false, id: event.pointerId };
    start.step = step(start.from);
    element.setPointerCapture(event.pointerId);
  });
  element.addEventListener("pointermove", (event) => {
    if (start === null || event.pointerId !== start.id) return;
    if (!start.on) {
      if (Math.abs(event.clientX - start.x) < THRESHOLD) return;
      start.on = true;
      element.classList.add("dragging");
      begin();
    }
    start.steps += (event.clientX - start.last) * factor(event);
    start.last = event.clientX;
    write(log ? Number((start.from * 10 ** (start.steps / 100)).toPrecision(3)) : moved(start.from, start.steps, start.step));
    event.preventDefault();
  });
  const end = (event) => {
    if (start === null || event.pointerId !== start.id) return;
    element.classList.remove("dragging");
    if (start.on) element.dispatchEvent(new CustomEvent("dragged"));
    start = null;
  };
  element.addEventListener("pointerup", end);
  element.addEventListener("pointercancel", end);
}

/** What an arrow key makes of a number; null for another key. */
export function keyed(event, x, log = false) {
  const direction = { ArrowUp: 1, ArrowDown: -1, PageUp: COARSE, PageDown: -COARSE }[event.key];
  if (direction === undefined) return null;
  const steps = direction * factor(event);
  return log ? Number((x * 10 ** (steps / 20)).toPrecision(3)) : moved(x, steps, stepOf(x));
}

/**
 * A slider and a field for one number.  label: what a reader hears.  log: the slider is logarithmic.
 * Gives { slider, field, show(x) }.
 */
export function numberField({ label, read, write, begin, log = false, least = null }) {
  const field = el("input", { type: "text", inputmode: "decimal", class: "number", "aria-label": label, autocomplete: "off" });
  const slider = el("input", { type: "range", "aria-label": `${label}, slider`, class: "slider", step: "any" });
  const range = { low: 0, high: 1 };
  const accept = (x) => Number.isFinite(x) && (least === null || x > least);

  function fit(x) {
    if (log) [range.low, range.high] = [-4, 1];
    else {
      const reach = Math.max(2, 10 ** Math.ceil(Math.log10(Math.abs(x) || 1)));
      [range.low, range.high] = [-reach, reach];
    }
    slider.min = String(range.low);
    slider.max = String(range.high);
  }

  const position = (x) => (log ? Math.log10(x) : x);
  let sliding = false;
  field.addEventListener("focus", () => field.select());
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter") return commit();
    if (event.key === "Escape") return show(read());
    const x = keyed(event, read(), log);
    if (x === null || !accept(x)) return undefined;
    event.preventDefault();
    begin();
    write(x);
    return undefined;
  });
  field.addEventListener("change", commit);
  slider.addEventListener("input", () => {
    if (!sliding) begin();
    sliding = true;
    const x = Number(slider.value);
    write(log ? Number((10 ** x).toPrecision(3)) : moved(0, Math.round(x / stepOf(range.high)), stepOf(range.high)));
  });
  slider.addEventListener("change", () => (sliding = false));
  scrub(field, { read, begin, log, write: (x) => accept(x) && write(x) });
  field.addEventListener("dragged", () => field.blur());

  function commit() {
    const x = Number(field.value.replace("−", "-").replace(",", "."));
    if (field.value.trim() === "" || !accept(x)) return show(read());
    if (plain(x) !== plain(read())) {
      begin();
      write(x);
    }
    return show(read());
  }

  function show(x) {
    const text = plain(x);
    if (field.value !== text) field.value = text;
    const at = position(x);
    if (!(at >= range.low && at <= range.high) || range.low === 0) fit(x);
    if (slider.value !== String(at)) slider.value = String(at);
    const said = text.replace("-", "minus ");
    if (slider.getAttribute("aria-valuetext") !== said) slider.setAttribute("aria-valuetext", said);
  }

  fit(read());
  show(read());
  return { slider, field, show };
}
