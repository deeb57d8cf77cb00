// Where a number comes from: how it was computed, and its gradient as local derivative × upstream, summed over the uses.

import { el, freshId, say } from "./dom.js";
import { localText, productTerms, productText, sign, spread, valueText } from "./formulas.js";
import { bracketed, place, short } from "./numbers.js";

const TERMS = 4; // of one sum
const USES = 12;

export function derivation(model) {
  const { data } = model;
  const id = freshId("wire");
  const select = el("select", { id, onchange: () => model.select(Number(select.value)) });
  for (const index of data.wires.keys()) {
    if (!model.ofProgram(index)) select.append(el("option", { value: index }, optionText(model, index)));
  }
  const body = el("div", { class: "steps" });
  const element = el(
    "section",
    { class: "panel derivation", "aria-label": "Derivation" },
    el("h2", {}, "Where it comes from"),
    el("p", { class: "hint" }, "Local derivative × what comes back from behind, summed over the ways. Follow a name to go on."),
    el("p", { class: "choose" }, el("label", { for: id }, "Number "), select),
    body,
  );
  let lines = [];
  let shown = "";
  model.subscribe((change) => {
    if (change === "cursor" || change === "rate") return;
    const { wire, entry } = model.selected;
    const key = `${wire} ${entry}`;
    if (key !== shown) {
      shown = key;
      select.value = String(wire);
      lines = [];
      body.replaceChildren(...build(model, wire, entry, (node, text) => lines.push([node, text])));
    }
    for (const [node, text] of lines) say(node, text());
  });
  return element;
}

function optionText(model, index) {
  const wire = model.data.wires[index];
  const maker = model.makers.get(index);
  return maker ? `${wire.label} (from ${sign(maker)})` : `${wire.label} (${wire.kind})`;
}

/** The blocks for one entry of a wire.  live(node, text): a node whose text follows the numbers. */
function build(model, wire, entry, live) {
  const { data } = model;
  const name = entryName(model, wire, entry);
  const target = data.wires[data.targets[0]].label;
  const line = (text, kind = "math") => {
    const node = el("p", { class: kind });
    live(node, text);
    return node;
  };
  const blocks = [el("h3", {}, "Value"), valueBlock(model, wire, entry, name, line)];
  blocks.push(el("h3", {}, `Gradient ∂${target}/∂${name}`));
  if (!(wire in model.table.gradients)) {
    blocks.push(el("p", { class: "soft" }, `${target} does not change with ${name}, or ${name} is not a real number.`));
    return blocks;
  }
  const uses = model.uses[wire].filter(([gate, position]) => model.part(gate.index, position));
  const seeded = data.targets.includes(wire);
  if (seeded) blocks.push(line(() => `∂${name}/∂${name} = ${num(model, seedOf(model, wire, entry))} (the way back starts here)`));
  for (const [gate, position] of uses.slice(0, USES)) blocks.push(useBlock(model, gate, position, entry, line));
  if (uses.length > USES) blocks.push(el("p", { class: "soft" }, `and ${uses.length - USES} more uses`));
  if (uses.length + (seeded ? 1 : 0) > 1) {
    blocks.push(
      line(() => {
        const parts = uses.slice(0, USES).map(([gate, position]) => num(model, model.part(gate.index, position)[entry]));
        if (seeded) parts.unshift(num(model, seedOf(model, wire, entry)));
        return `sum over the ways: ${parts.map((p, i) => (i ? bracketed(p) : p)).join(" + ")}${uses.length > USES ? " + …" : ""} = ${num(model, model.gradient(wire)[entry])}`;
      }, "math total"),
    );
  }
  return blocks;
}

function valueBlock(model, wire, entry, name, line) {
  const maker = model.makers.get(wire);
  const own = model.data.wires[wire];
  if (!maker) {
    const note = model.leafOf.has(wire) ? "" : " (it stays as it is)";
    return el("div", { class: "use" }, line(() => `${name} = ${num(model, model.value(wire)[entry])}${note}`));
  }
  const block = el("div", { class: "use" }, gateLine(model, maker, "computed by"));
  const inputs = maker.inputs.map((i) => model.data.wires[i].label);
  const scalar = maker.inputs.every((i) => model.value(i).length === 1);
  block.append(
    line(() => {
      const numbers = scalar ? ` = ${valueText(maker, maker.inputs.map((i) => num(model, model.value(i)[0])))}` : "";
      const formula = valueText(maker, inputs);
      return `${own.label} = ${formula}${numbers === ` = ${formula}` ? "" : numbers}${scalar ? "" : `,  ${name}`} = ${num(model, model.value(wire)[entry])}`;
    }),
  );
  if (maker.place) block.append(el("p", { class: "source" }, `${maker.place.file}:${maker.place.line}  ${maker.place.text}`));
  if (maker.fixed) block.append(el("p", { class: "note" }, `It stays as it was recorded: ${maker.fixed}.`));
  return block;
}

function useBlock(model, gate, position, entry, line) {
  const target = model.data.wires[model.data.targets[0]].label;
  const block = el("div", { class: "use" }, gateLine(model, gate, "through"));
  const labels = gate.inputs.map((i) => model.data.wires[i].label);
  const out = model.data.wires[gate.outputs[0]].label;
  const formula = localText(gate, position, labels, out);
  if (formula) block.append(line(() => `∂${out}/∂${labels[position]} = ${formula}`));
  const sum = productText(gate, position, model.data.wires);
  if (sum) block.append(line(() => `∂${target}/∂${labels[position]} = ${sum.replaceAll("∂", `∂${target}/∂`)}`));
  block.append(line(() => `${termsText(model, gate, position, entry)} = ${num(model, model.part(gate.index, position)[entry])}`));
  if (gate.fixed) block.append(el("p", { class: "note" }, `${gate.op} stays as it was recorded: ${gate.fixed}.`));
  return block;
}

/** "through × → t₁": a button that leads on to the gate's output. */
function gateLine(model, gate, word) {
  const outputs = word === "through" ? gate.outputs : gate.inputs.filter((i) => model.leafOf.has(i) || model.makers.has(i));
  const links = [...new Set(outputs)].slice(0, 6).map((wire) => {
    const { label } = model.data.wires[wire];
    return el("button", { type: "button", class: "link", title: `Go to ${label}`, onclick: () => model.select(wire) }, label);
  });
  const arrow = word === "through" ? " → " : links.length ? " from " : "";
  return el("p", { class: "gate-line" }, `${word} `, el("b", { class: "sign" }, sign(gate)), arrow, ...links.flatMap((link, i) => (i ? [" ", link] : [link])));
}

/** "local × upstream", or a sum of such products. */
function termsText(model, gate, position, entry) {
  const terms = termsOf(model, gate, position, entry);
  if (!terms) return `the derivative of ${sign(gate)} applied to the gradient of its output`;
  const shown = terms.slice(0, TERMS).map(([local, upstream]) => `${bracketed(num(model, local))} × ${bracketed(num(model, upstream))}`);
  return shown.join(" + ") + (terms.length > TERMS ? ` + … (${terms.length} products)` : "");
}

function termsOf(model, gate, position, entry) {
  if (gate.outputs.length !== 1) return null;
  const [input, output] = [gate.inputs[position], gate.outputs[0]];
  const upstream = model.gradient(output);
  if (!upstream) return null;
  const from = model.data.wires[input].shape;
  const to = model.data.wires[output].shape;
  const local = model.local(gate.index, position);
  if (local) {
    return spread(entry, from, to).map((j) => [local.length === 1 ? local[0] : local.length === upstream.length ? local[j] : local[entry], upstream[j]]);
  }
  if (gate.op === "reduce_sum" || gate.op === "reduce_mean") {
    const share = gate.op === "reduce_sum" ? 1 : upstream.length / model.value(input).length;
    return [[share, upstream[folded(entry, from, gate.attrs.axis)]]];
  }
  if (gate.family === "Movement" && upstream.length === model.value(input).length && gate.op !== "transpose" && gate.op !== "reverse" && gate.op !== "roll") {
    return [[1, upstream[entry]]];
  }
  return productTerms(gate, position, entry, model);
}

/** Where an entry goes when axes are folded. */
function folded(entry, shape, axes) {
  const gone = new Set(axes ?? shape.map((_, axis) => axis));
  let flat = 0;
  let stride = 1;
  for (let axis = shape.length - 1, rest = entry; axis >= 0; axis--) {
    const at = rest % shape[axis];
    rest = Math.floor(rest / shape[axis]);
    if (gone.has(axis)) continue;
    flat += at * stride;
    stride *= shape[axis];
  }
  return flat;
}

function entryName(model, wire, entry) {
  const { label, shape } = model.data.wires[wire];
  return `${label}${model.value(wire).length > 1 ? place(entry, shape) : ""}`;
}

function seedOf(model, wire, entry) {
  let sum = 0;
  for (const [k, target] of model.data.targets.entries()) if (target === wire) sum += model.seeds[k][entry];
  return sum;
}

function num(model, x) {
  return short(x, model.decimals);
}
