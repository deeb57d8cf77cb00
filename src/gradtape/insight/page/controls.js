// The numbers that a person may change: weights, inputs, constants.

import { el, say } from "./dom.js";
import { numberField } from "./field.js";
import { tone } from "./figures.js";
import { Grid } from "./grid.js";
import { figure, place } from "./numbers.js";

const OPEN = 3; // tensors of a panel whose numbers are shown at once
const HINTS = {
  Weights: "What training changes. Drag a number sideways, move its slider, or type; ∂ is its gradient.",
  Inputs: "The data. They can be changed in the same way; a descent step leaves them alone.",
};
const TITLES = { Weights: ["variable"], Inputs: ["input", "constant"] };

/** The panels of controls; weights, and all else. */
export function controls(model) {
  const parts = [];
  const sections = Object.entries(TITLES).map(([title, kinds]) => {
    const groups = model.data.groups.filter((group) => kinds.includes(group.kind));
    if (!groups.length) return null;
    const own = groups.map((group, k) => (group.cells.length > 1 ? tensorPart(model, group, k < OPEN) : numberPart(model, group)));
    parts.push(...own);
    return el("section", { class: "panel leaves", "aria-label": title }, el("h2", {}, title), el("p", { class: "hint" }, HINTS[title]), ...own.map((part) => part.element));
  });
  model.subscribe((change) => {
    if (change === "cursor" || change === "rate") return;
    for (const part of parts) part.update();
  });
  return sections.filter(Boolean);
}

function numberPart(model, group) {
  const [leaf, flat] = group.cells[0];
  const wire = model.data.leaves[leaf].wire;
  const control = fieldOf(model, leaf, flat, group.name);
  const gradient = el("span", { class: "gradient", title: `gradient of ${group.name}` });
  const name = nameButton(model, wire, 0, group.name);
  const element = el("div", { class: "number-row" }, name, control.slider, control.field, gradient);
  return {
    element,
    update() {
      control.show(model.leaves[leaf][flat]);
      sayGradient(gradient, model, wire, flat);
    },
  };
}

function tensorPart(model, group, open) {
  const at = (flat) => group.cells[flat];
  const wireOf = (flat) => model.data.leaves[at(flat)[0]].wire;
  let chosen = group.cells.findIndex((cell) => cell !== null);
  const title = el("summary", {}, group.name, el("small", {}, ` ${group.shape.join(" × ")}`));
  const grid = new Grid({
    shape: group.shape,
    label: group.name,
    read: (flat) => (at(flat) ? model.leaves[at(flat)[0]][at(flat)[1]] : undefined),
    select: (flat) => choose(flat),
    change: {
      begin: () => model.remember(),
      write: (flat, x) => model.set(...at(flat), x),
    },
  });
  grid.turned = () => update();
  const name = el("span", { class: "name" });
  const control = numberField({
    label: `chosen entry of ${group.name}`,
    read: () => model.leaves[at(chosen)[0]][at(chosen)[1]],
    write: (x) => model.set(...at(chosen), x),
    begin: () => model.remember(),
  });
  const gradient = el("span", { class: "gradient" });
  const row = el("div", { class: "entry-row" }, name, gradient, control.slider, control.field);
  const element = el("details", { class: "group", open, ontoggle: () => update() }, title, grid.element, row);
  grid.element.addEventListener("chosen", () => control.field.focus());

  function choose(flat) {
    chosen = flat;
    model.select(wireOf(flat), at(flat)[1]);
  }

  function update() {
    const here = group.cells.findIndex((cell) => cell && model.selected.wire === model.data.leaves[cell[0]].wire && model.selected.entry === cell[1]);
    if (here >= 0) {
      element.open ||= here !== chosen;
      chosen = here;
    }
    if (!element.open) return;
    grid.update(model.decimals);
    grid.mark(chosen);
    say(name, `${group.name}${place(chosen, group.shape)}`);
    control.field.setAttribute("aria-label", name.textContent);
    control.slider.setAttribute("aria-label", `${name.textContent}, slider`);
    control.show(model.leaves[at(chosen)[0]][at(chosen)[1]]);
    sayGradient(gradient, model, wireOf(chosen), at(chosen)[1]);
  }
  return { element, update };
}

function fieldOf(model, leaf, flat, label) {
  return numberField({
    label,
    read: () => model.leaves[leaf][flat],
    write: (x) => model.set(leaf, flat, x),
    begin: () => model.remember(),
  });
}

function nameButton(model, wire, entry, text) {
  return el("button", { type: "button", class: "name", title: `Show where the gradient of ${text} comes from`, onclick: () => model.select(wire, entry) }, text);
}

/** The gradient of an entry, in the colour of its sign. */
function sayGradient(node, model, wire, entry) {
  const gradient = model.gradient(wire);
  say(node, gradient ? `∂ ${figure(gradient[entry], model.decimals)}` : "");
  node.className = `gradient ${gradient ? tone([gradient[entry]]) : "none"}`;
}
