// The loss curve and the bars of probabilities.

import { el, say, svg } from "./dom.js";
import { place, short } from "./numbers.js";

const BOX = { width: 360, height: 150, left: 52, right: 12, top: 10, bottom: 24 };

/** A curve of the losses, step by step; drawn anew when they change. */
export function lossCurve() {
  const line = svg("path", { class: "curve-line" });
  const now = svg("circle", { class: "curve-now", r: 4 });
  const rules = [0, 1, 2].map(() => svg("line", { class: "curve-rule", x1: BOX.left, x2: BOX.width - BOX.right }));
  const ticks = [0, 1, 2].map(() => svg("text", { class: "tick", x: BOX.left - 8, "text-anchor": "end" }));
  const first = svg("text", { class: "tick", x: BOX.left, y: BOX.height - 6 }, "0");
  const last = svg("text", { class: "tick", x: BOX.width - BOX.right, y: BOX.height - 6, "text-anchor": "end" });
  const element = svg("svg", { viewBox: `0 0 ${BOX.width} ${BOX.height}`, class: "curve", role: "img" }, ...rules, ...ticks, first, last, line, now);

  function update(losses, name) {
    const points = losses.map((y, x) => [x, y]).filter(([, y]) => Number.isFinite(y));
    const ys = points.map(([, y]) => y);
    let low = Math.min(...ys);
    let high = Math.max(...ys);
    if (!points.length) [low, high] = [0, 1];
    if (high - low < 1e-9 * Math.max(1, Math.abs(high))) [low, high] = [low - 0.5, high + 0.5];
    const end = Math.max(1, losses.length - 1);
    const x = (step) => BOX.left + (step / end) * (BOX.width - BOX.left - BOX.right);
    const y = (loss) => BOX.height - BOX.bottom - ((loss - low) / (high - low)) * (BOX.height - BOX.top - BOX.bottom);
    [low, (low + high) / 2, high].forEach((level, i) => {
      rules[i].setAttribute("y1", y(level));
      rules[i].setAttribute("y2", y(level));
      ticks[i].setAttribute("y", y(level) + 4);
      say(ticks[i], points.length > 1 || i === 1 ? tick(level, high - low) : "");
    });
    say(last, losses.length > 1 ? `${losses.length - 1} steps` : "");
    line.setAttribute("d", points.length > 1 ? `M${points.map(([s, l]) => `${x(s).toFixed(1)},${y(l).toFixed(1)}`).join("L")}` : "");
    const at = points.at(-1);
    now.setAttribute("visibility", at ? "visible" : "hidden");
    if (at) {
      now.setAttribute("cx", x(at[0]));
      now.setAttribute("cy", y(at[1]));
    }
    const said = at ? `${name} from ${short(ys[0])} to ${short(at[1])} in ${losses.length - 1} steps` : `${name} is not a number`;
    element.setAttribute("aria-label", said);
  }
  return { element, update };
}

/** A level with the digits that tell it from its neighbours. */
function tick(level, range) {
  const digits = 1 - Math.floor(Math.log10(range));
  return digits > 6 || Math.abs(level) >= 1e6 ? short(level) : short(level, Math.max(0, digits));
}

/** Bars for everything that is a probability. */
export function probabilityBars(model) {
  const rows = [];
  const groups = new Map();
  for (const [number, [name, array]] of model.probabilities().entries()) {
    const shape = shapeOf(model, number);
    for (let i = 0; i < array.length; i++) {
      const { group, label } = called(name, array.length > 1 ? place(i, shape) : "", model.data.classes[number]);
      if (!groups.has(group)) groups.set(group, el("dl", { class: "bars" }));
      const fill = el("span", { class: "fill" });
      const text = el("span", { class: "figure" });
      groups.get(group).append(el("dt", {}, label), el("dd", {}, el("span", { class: "track" }, fill), text));
      rows.push({ number, i, fill, text });
    }
  }
  const element = el("div", {});
  for (const [group, list] of groups) element.append(...(group ? [el("p", { class: "soft" }, group), list] : [list]));
  function update() {
    const all = model.probabilities();
    for (const row of rows) {
      const p = all[row.number][1][row.i];
      row.fill.style.transform = `scaleX(${Math.max(0, Math.min(1, p || 0))})`;
      say(row.text, short(p, model.decimals));
    }
  }
  return { element, update, empty: rows.length === 0 };
}

/** An entry [k, j] of a batch is class j of example k, that of a row [j] class j; else it goes by its name. */
function called(name, at, classes) {
  const whole = /^(.*)\[(\d+(?:,\d+)*)\]$/.exec(name + at);
  if (!whole || !classes) return { group: "", label: name + at };
  const index = whole[2].split(",");
  const last = index.pop();
  return { group: `${whole[1]}${index.length ? `, example ${index.join(",")}` : ""}`, label: `class ${last}` };
}

function shapeOf(model, number) {
  const { probabilities, wires, shapes } = model.data;
  return number < probabilities.length ? wires[probabilities[number]].shape : shapes[number - probabilities.length];
}
