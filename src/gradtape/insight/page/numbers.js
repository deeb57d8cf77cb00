// Numbers: how they come into the page, and how they are written.

const KINDS = { float32: Float32Array, float64: Float64Array, int32: Int32Array, uint8: Uint8Array };

/** The array that `packed` of the Python side wrote: a typed array, or a list of texts. */
export function unpack(packed) {
  if (packed.texts) return packed.texts;
  const raw = atob(packed.bytes);
  const bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
  return new KINDS[packed.type](bytes.buffer);
}

/** A number in a few characters; `decimals`: as many as are given, or null for four significant digits. */
export function short(x, decimals = null) {
  return written(x, decimals, 4, 5);
}

/** The same for wires, as the circuit's own pictures have it: three significant digits. */
export function figure(x, decimals = null) {
  return written(x, decimals, 3, 3);
}

/** digits: significant ones; powers: of ten from which it is written with an exponent. -0 is 0. */
function written(x, decimals, digits, powers) {
  if (typeof x !== "number") return x === undefined ? "" : String(x);
  if (!Number.isFinite(x)) return Number.isNaN(x) ? "nan" : x > 0 ? "∞" : "−∞";
  if (decimals !== null && Math.abs(x) < 1e7) return signed(x.toFixed(decimals));
  if (x === 0) return "0";
  const power = Number(x.toExponential(digits - 1).split("e")[1]);
  const [head, exponent] = (power < -4 || power >= powers ? x.toExponential(digits - 1) : x.toPrecision(digits)).split("e");
  return signed(trimmed(head) + (exponent ? `e${Number(exponent)}` : ""));
}

/** A number in full: as many digits as its precision has. */
export function full(x, single = true) {
  if (typeof x !== "number") return String(x);
  if (!Number.isFinite(x)) return short(x);
  return signed(single ? String(Number(x.toPrecision(9))) : String(x)).replace("e+", "e");
}

/** For the value of a form's field: with a plain minus sign. */
export function plain(x) {
  if (!Number.isFinite(x)) return "";
  const digits = Math.abs(x) >= 1e5 || (x !== 0 && Math.abs(x) < 1e-4) ? x.toExponential(4) : x.toPrecision(5);
  return String(Number(digits));
}

function trimmed(text) {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

function signed(text) {
  return text.replaceAll("-", "−").replace(/^−(0(\.0*)?)$/, "$1");
}

/** A negative number in brackets, where it stands behind an operator. */
export function bracketed(text) {
  return text.startsWith("−") ? `(${text})` : text;
}

/** "[0, 2]" of the entry at a place in row-major order. */
export function place(flat, shape) {
  const at = [];
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    at.unshift(flat % shape[axis]);
    flat = Math.floor(flat / shape[axis]);
  }
  return at.length ? `[${at.join(",")}]` : "";
}

/** The Euclidean norm. */
export function norm(array) {
  let sum = 0;
  for (let i = 0; i < array.length; i++) sum += array[i] * array[i];
  return Math.sqrt(sum);
}

/** From 0 for weak to 1 for strong, whatever the scale: the share of the strongest, softened. */
export function strength(x, strongest) {
  if (!Number.isFinite(x) || !(strongest > 0)) return 0;
  return Math.min(1, Math.sqrt(Math.abs(x) / strongest));
}
