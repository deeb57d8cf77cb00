// Descent: the learning rate, steps, undo, the loss curve and the probabilities.

import { lossCurve, probabilityBars } from "./charts.js";
import { el, say } from "./dom.js";
import { numberField } from "./field.js";
import { short } from "./numbers.js";

const MANY = 100;

export function descent(model) {
  const name = model.data.wires[model.data.targets[0]].label;
  const rate = numberField({
    label: "learning rate",
    read: () => model.rate,
    write: (x) => model.setRate(x),
    begin: () => {},
    log: true,
    least: 0,
  });
  const curve = lossCurve();
  const bars = probabilityBars(model);
  const count = el("output", { class: "figure" });
  const rule = el("p", { class: "soft" });
  const button = (text, act, title) => el("button", { type: "button", title, onclick: act }, text);
  const undo = button("Undo", () => model.undo(), "Back to the numbers before the last change");
  const steps = [
    button("Step", () => model.descend(1), "One descent step"),
    button(`${MANY} steps`, () => model.descend(MANY), `${MANY} descent steps`),
  ];
  const reset = button("Reset", () => model.reset(), "Back to the numbers of the tape");
  for (const one of steps) one.disabled = !model.movable.length;
  const element = el(
    "section",
    { class: "panel", "aria-label": "Descent" },
    el("h2", {}, "Descent"),
    el("p", { class: "hint" }, `A step moves each weight a little against its gradient, so that ${name} falls.`),
    el("div", { class: "number-row rate" }, el("span", { class: "name" }, "learning rate"), rate.slider, rate.field),
    rule,
    el("div", { class: "buttons" }, ...steps, undo, reset),
    el("p", { class: "line" }, `${name} after `, count, ""),
    curve.element,
    bars.empty ? "" : el("h3", {}, "Probabilities"),
    bars.element,
  );
  const moved = model.movable.map(([, wire]) => model.data.wires[wire].label);
  model.subscribe((change) => {
    if (change === "cursor" || change === "selection") return;
    rate.show(model.rate);
    const listed = moved.length > 6 ? `${moved.slice(0, 5).join(", ")} and ${moved.length - 5} more` : moved.join(", ");
    const text = moved.length ? `w ← w − ${short(model.rate)} × ∂${name}/∂w for ${listed}` : "Nothing here is changed by training.";
    say(rule, text);
    if (change === "rate") return;
    say(count, `${model.steps} ${model.steps === 1 ? "step" : "steps"}: ${short(model.loss(), model.decimals)}`);
    curve.update(model.losses, name);
    bars.update();
    undo.disabled = model.past.length === 0;
  });
  return element;
}
