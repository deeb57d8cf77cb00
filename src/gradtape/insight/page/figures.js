// Tensors as short text on wires, and the tone of a gradient, as in the circuit's own pictures.

import { figure, norm } from "./numbers.js";

const FEW = 4;
const LONGEST = 16;

function few(array, shape, decimals) {
  if (array.length > FEW || shape.length > 2 || array.length === 0) return "";
  const row = (part) => `[${Array.from(part, (x) => figure(x, decimals)).join(" ")}]`;
  let text = row(array);
  if (shape.length === 2 && !shape.includes(1)) {
    const rows = [];
    for (let i = 0; i < shape[0]; i++) rows.push(row(array.slice(i * shape[1], (i + 1) * shape[1])));
    text = `[${rows.join(" ")}]`;
  }
  return text.length <= LONGEST ? text : "";
}

/** One entry: the number. A few: [0.73 0.27]. Many: 2×3 ‖1.42‖. */
export function valueOnWire(array, shape, decimals) {
  if (array.length === 1) return figure(array[0], decimals);
  const dims = shape.length === 1 ? `(${shape[0]})` : shape.join("×");
  if (typeof array[0] !== "number") return dims;
  if (array.length === 0) return dims;
  return few(array, shape, decimals) || `${dims} ‖${figure(norm(array), decimals)}‖`;
}

export function gradientOnWire(array, shape, decimals) {
  if (array.length === 1) return figure(array[0], decimals);
  return few(array, shape, decimals) || `‖${figure(norm(array), decimals)}‖`;
}

/** The sign of a gradient: "plus", "minus", "mixed", "zero"; "none" where there is none; "bad" if not finite. */
export function tone(array) {
  if (!array) return "none";
  let plus = false;
  let minus = false;
  for (const x of array) {
    if (x > 0) plus = true;
    else if (x < 0) minus = true;
    if (!Number.isFinite(x)) return "bad";
  }
  if (plus) return minus ? "mixed" : "plus";
  return minus ? "minus" : "zero";
}

export function largest(array) {
  let most = 0;
  if (array) for (const x of array) if (Number.isFinite(x)) most = Math.max(most, Math.abs(x));
  return most;
}

/** 0 to 4: how strong a gradient is beside the strongest of the picture. */
export function weight(magnitude, reference) {
  if (!(magnitude > 0) || !(reference > 0)) return 0;
  const ratio = magnitude / reference;
  return ratio >= 0.5 ? 4 : ratio >= 0.1 ? 3 : ratio >= 0.01 ? 2 : 1;
}
