// How gates are spelled: value and local derivative, with names or with numbers put in.

import { bracketed } from "./numbers.js";

const b = bracketed;

// value(x, y): of the inputs; local: per input, of (inputs, output). Texts in, text out.
const SPELLED = {
  add: { sign: "+", value: ([x, y]) => `${x} + ${b(y)}`, local: [() => "1", () => "1"] },
  subtract: { sign: "−", value: ([x, y]) => `${x} − ${b(y)}`, local: [() => "1", () => "−1"] },
  multiply: { sign: "×", value: ([x, y]) => `${x} × ${b(y)}`, local: [([, y]) => y, ([x]) => x] },
  real_div: {
    sign: "÷",
    value: ([x, y]) => `${x} ÷ ${b(y)}`,
    local: [([, y]) => `1 ÷ ${b(y)}`, ([x, y]) => `−${b(x)} ÷ ${b(y)}²`],
  },
  negative: { sign: "×(−1)", value: ([x]) => `−${b(x)}`, local: [() => "−1"] },
  reciprocal: { sign: "1/x", value: ([x]) => `1 ÷ ${b(x)}`, local: [([x]) => `−1 ÷ ${b(x)}²`] },
  exp: { sign: "exp", value: ([x]) => `exp(${x})`, local: [(_, y) => y] },
  log: { sign: "log", value: ([x]) => `log(${x})`, local: [([x]) => `1 ÷ ${b(x)}`] },
  square: { sign: "x²", value: ([x]) => `${b(x)}²`, local: [([x]) => `2 × ${b(x)}`] },
  sqrt: { sign: "√", value: ([x]) => `√${b(x)}`, local: [(_, y) => `1 ÷ (2 × ${b(y)})`] },
  rsqrt: { sign: "1/√", value: ([x]) => `1 ÷ √${b(x)}`, local: [(_, y) => `−½ × ${b(y)}³`] },
  pow: {
    sign: "xʸ",
    value: ([x, y]) => `${b(x)}^${b(y)}`,
    local: [([x, y]) => `${y} × ${b(x)}^(${y} − 1)`, ([x], y) => `${y} × log(${x})`],
  },
  sigmoid: { sign: "σ", value: ([x]) => `σ(${x})`, local: [(_, y) => `${y} × (1 − ${b(y)})`] },
  tanh: { sign: "tanh", value: ([x]) => `tanh(${x})`, local: [(_, y) => `1 − ${b(y)}²`] },
  relu: { sign: "relu", value: ([x]) => `max(0, ${x})`, local: [([x]) => `1 if ${x} > 0, else 0`] },
  softplus: { sign: "softplus", value: ([x]) => `log(1 + exp(${x}))`, local: [([x]) => `σ(${x})`] },
  sin: { sign: "sin", value: ([x]) => `sin(${x})`, local: [([x]) => `cos(${x})`] },
  cos: { sign: "cos", value: ([x]) => `cos(${x})`, local: [([x]) => `−sin(${x})`] },
  abs: { sign: "|x|", value: ([x]) => `|${x}|`, local: [([x]) => `sign(${x})`] },
  maximum: {
    sign: "max",
    value: ([x, y]) => `max(${x}, ${y})`,
    local: [([x, y]) => `1 if ${x} ≥ ${y}, else 0`, ([x, y]) => `1 if ${x} < ${y}, else 0`],
  },
  minimum: {
    sign: "min",
    value: ([x, y]) => `min(${x}, ${y})`,
    local: [([x, y]) => `1 if ${x} ≤ ${y}, else 0`, ([x, y]) => `1 if ${x} > ${y}, else 0`],
  },
  squared_difference: {
    sign: "(x−y)²",
    value: ([x, y]) => `(${x} − ${b(y)})²`,
    local: [([x, y]) => `2 × (${x} − ${b(y)})`, ([x, y]) => `−2 × (${x} − ${b(y)})`],
  },
  matmul: { sign: "@", value: ([x, y]) => `${x} @ ${y}` },
  affine: { sign: "@ +", value: ([x, w, c]) => `${x} @ ${w} + ${c}` },
  reduce_sum: { sign: "Σ", value: ([x]) => `Σ ${x}` },
  reduce_mean: { sign: "mean", value: ([x]) => `mean(${x})` },
  sparse_softmax_cross_entropy_with_logits: {
    sign: "cross-entropy",
    value: ([x, y]) => `−log softmax(${x})[${y}]`,
  },
  softmax_cross_entropy_with_logits: { sign: "cross-entropy", value: ([x, y]) => `−Σ ${y} × log softmax(${x})` },
  sigmoid_cross_entropy_with_logits: { sign: "cross-entropy" },
  strided_slice: { sign: "[ ]", value: ([x]) => `${x}[…]` },
  max_pool: { sign: "max pool" },
  avg_pool: { sign: "mean pool" },
};

/** What stands in the gate's box. */
export function sign(gate) {
  return SPELLED[gate.op]?.sign ?? gate.op.replaceAll("_", " ");
}

/** The value of a gate in words of its inputs. */
export function valueText(gate, inputs) {
  const spelled = SPELLED[gate.op]?.value;
  return spelled && inputs.length <= 3 ? spelled(inputs) : `${gate.op}(${inputs.join(", ")})`;
}

/** The derivative of a gate's output by one of its inputs, or "". */
export function localText(gate, position, inputs, output) {
  const rules = SPELLED[gate.op]?.local;
  return rules && inputs.length === rules.length ? rules[position](inputs, output) : "";
}

/** How a product of matrices goes back to one of its inputs, with ∂ before the output's name; "" for other gates. */
export function productText(gate, position, wires) {
  if (!isPlainProduct(gate, wires)) return "";
  const [x, w] = gate.inputs.map((i) => wires[i].label);
  const out = wires[gate.outputs[0]].label;
  return [`∂${out} @ ${w}ᵀ`, `${x}ᵀ @ ∂${out}`, `Σ ∂${out} over the rows`][position];
}

function isPlainProduct(gate, wires) {
  if (gate.op !== "matmul" && gate.op !== "affine") return false;
  const flags = [gate.attrs.transpose_a, gate.attrs.transpose_b, gate.attrs.adjoint_a, gate.attrs.adjoint_b];
  return gate.inputs.slice(0, 2).every((i) => wires[i].shape.length === 2) && !flags.some(Boolean);
}

/**
 * The sum by which a product of matrices goes back, for one entry: [[local, upstream], ...] as numbers, or null.
 */
export function productTerms(gate, position, entry, model) {
  const { wires } = model.data;
  if (!isPlainProduct(gate, wires)) return null;
  const [x, w] = gate.inputs;
  const [n, k] = wires[x].shape;
  const m = wires[w].shape[1];
  const upstream = model.gradient(gate.outputs[0]);
  const terms = [];
  if (position === 0) {
    const row = Math.floor(entry / k);
    const column = entry % k;
    const other = model.value(w);
    for (let j = 0; j < m; j++) terms.push([other[column * m + j], upstream[row * m + j]]);
  } else if (position === 1) {
    const row = Math.floor(entry / m);
    const column = entry % m;
    const other = model.value(x);
    for (let i = 0; i < n; i++) terms.push([other[i * k + row], upstream[i * m + column]]);
  } else {
    for (let i = 0; i < n; i++) terms.push([1, upstream[i * m + entry]]);
  }
  return terms;
}

/** The entries of an output that an entry of an input was broadcast to. */
export function spread(entry, from, to) {
  const offset = to.length - from.length;
  const at = [];
  for (let axis = from.length - 1, rest = entry; axis >= 0; axis--) {
    at[axis] = rest % from[axis];
    rest = Math.floor(rest / from[axis]);
  }
  let found = [0];
  for (let axis = 0; axis < to.length; axis++) {
    const own = axis - offset;
    const fixed = own >= 0 && from[own] === to[axis];
    const next = [];
    for (const before of found) {
      if (fixed) next.push(before * to[axis] + at[own]);
      else for (let i = 0; i < to[axis]; i++) next.push(before * to[axis] + i);
    }
    found = next;
  }
  return found;
}
