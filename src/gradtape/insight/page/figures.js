// Numbers and tensors as short text on wires, as the circuit's own pictures write them.

import { norm } from "./numbers.js";

const FEW = 4;
const LONGEST = 16;

/** Three significant digits, or `decimals`; a true minus sign; -0 as 0. */
export function figure(x, decimals = null) {
  if (typeof x !== "number") return String(x);
  if (Number.isNaN(x)) return "nan";
  if (!Number.isFinite(x)) return x > 0 ? "∞" : "−∞";
  let text;
  if (decimals !== null && Math.abs(x) < 1e7) {
    text = x.toFixed(decimals);
    if (/^-0?\.?0*$/.test(text)) text = text.slice(1);
  } else if (x === 0) text = "0";
  else {
    const power = Number(x.toExponential(2).split("e")[1]);
    text = power < -4 || power >= 3 ? x.toExponential(2) : x.toPrecision(3);
    const [digits, exponent] = text.split("e");
    text = digits.includes(".") ? digits.replace(/\.?0+$/, "") : digits;
    if (exponent) text += `e${Number(exponent)}`;
  }
  return text.replaceAll("-", "−");
}

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
