// The walk: forwards gate by gate, then backwards gate by gate.

import { el, say, still } from "./dom.js";
import { localText, sign, valueText } from "./formulas.js";
import { bracketed, short } from "./numbers.js";

const BEAT = 900; // ms per gate while it plays,
const WHOLE_WALK = 40_000; // unless all of it would take longer than this
const CALM = 2; // times as long where the reader wants little movement

export function steps(model) {
  const button = (text, label, to) =>
    el("button", { type: "button", "aria-label": label, title: label, onclick: () => model.walk(to()) }, text);
  const first = button("«", "First gate", () => 0);
  const back = button("‹", "One gate back", () => model.cursor - 1);
  const next = button("›", "One gate on", () => (model.cursor === model.last ? 0 : model.cursor + 1));
  const turn = button("way back", "To the start of the way back", () => model.total);
  const done = button("»", "All gates", () => model.last);
  const play = el("button", { type: "button", "aria-label": "Play", title: "Forwards and backwards, gate by gate", onclick: () => (timer ? stop() : start()) }, "▶");
  let timer = 0;
  const slider = el("input", { type: "range", min: 0, max: model.last, step: 1, class: "slider", "aria-label": "Gate", oninput: () => model.walk(Number(slider.value)) });
  const text = el("p", { class: "walk-text", role: "status" });
  const element = el("div", { class: "walk" }, el("div", { class: "buttons" }, first, back, play, next, turn, done, slider), text);

  function start() {
    if (model.cursor === model.last) model.walk(0);
    const beat = Math.max(40, Math.min(BEAT, WHOLE_WALK / model.last)) * (still() ? CALM : 1);
    timer = setInterval(() => {
      if (!element.isConnected) return stop();
      model.walk(model.cursor + 1);
      return model.cursor === model.last ? stop() : undefined;
    }, beat);
    label();
  }

  function stop() {
    clearInterval(timer);
    timer = 0;
    label();
  }

  function label() {
    say(play, timer ? "❚❚" : "▶");
    play.setAttribute("aria-label", timer ? "Pause" : "Play");
    text.setAttribute("aria-live", timer ? "off" : "polite"); // not a sentence for each gate that flies by
  }

  for (const one of [first, back, next, turn, done]) one.addEventListener("click", stop);
  slider.addEventListener("input", stop);
  model.subscribe((change) => {
    if (change === "rate" || change === "selection") return;
    first.disabled = back.disabled = model.cursor === 0;
    done.disabled = model.cursor === model.last;
    if (slider.value !== String(model.cursor)) slider.value = String(model.cursor);
    const sentence = sentenceOf(model);
    slider.setAttribute("aria-valuetext", sentence);
    say(text, sentence);
    text.dataset.phase = model.at().phase;
  });
  return element;
}

function sentenceOf(model) {
  const { phase, gate, number } = model.at();
  if (phase === "done") return `All ${model.total} gates forward, ${model.backward.length} backward. Press ▶ to watch them, › to go gate by gate.`;
  return phase === "forward" ? forward(model, gate, number) : backward(model, gate, number);
}

function forward(model, gate, number) {
  const { wires } = model.data;
  const out = gate.outputs[0];
  const names = gate.inputs.map((i) => wires[i].label);
  const small = [...gate.inputs, out].every((i) => model.value(i).length === 1);
  let text = `Forward ${number + 1} of ${model.total}: ${wires[out].label} = ${valueText(gate, names)}`;
  if (small) {
    const numbers = valueText(gate, gate.inputs.map((i) => short(model.value(i)[0], model.decimals)));
    text += ` = ${numbers} = ${short(model.value(out)[0], model.decimals)}`;
  } else text += `, of shape ${wires[out].shape.join(" × ")}`;
  return gate.fixed ? `${text}. It stays as it was recorded: ${gate.fixed}.` : text;
}

function backward(model, gate, number) {
  const { wires } = model.data;
  const out = gate.outputs[0];
  const labels = gate.inputs.map((i) => wires[i].label);
  const texts = gate.inputs.map((wire, position) => {
    const part = model.part(gate.index, position);
    if (!part || model.ofProgram(wire)) return "";
    const upstream = model.gradient(out);
    const local = model.local(gate.index, position);
    if (part.length === 1 && local?.length === 1 && upstream?.length === 1) {
      const product = `${bracketed(short(local[0], model.decimals))} × ${bracketed(short(upstream[0], model.decimals))}`;
      const formula = localText(gate, position, labels, wires[out].label);
      return `to ${labels[position]}: ${formula && formula !== short(local[0], model.decimals) ? `${formula}; ` : ""}${product} = ${short(part[0], model.decimals)}`;
    }
    return part.length === 1 ? `to ${labels[position]}: ${short(part[0], model.decimals)}` : `to ${labels[position]}: a gradient of shape ${wires[wire].shape.join(" × ")}`;
  });
  return `Backward ${number + 1} of ${model.backward.length}, through ${sign(gate)}: ${texts.filter(Boolean).join(";  ")}`;
}
