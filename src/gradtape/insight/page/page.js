// The page: a header, the circuit with its walk, the derivation, and the panels of what can be changed.

import { controls } from "./controls.js";
import { derivation } from "./derivation.js";
import { descent } from "./descent.js";
import { el, freshId, say } from "./dom.js";
import { Model } from "./model.js";
import { full, short } from "./numbers.js";
import { Picture } from "./picture.js";
import { steps } from "./steps.js";

const PAUSE = 600; // ms without a change before a reader hears the new number

/**
 * Builds the page inside of an element.  packed, programs: see Model.  heading: the tag of its title.
 * Gives { model, picture, close }.
 */
export function mount(root, packed, programs, heading = "h1") {
  const model = new Model(packed, programs);
  const { data } = model;
  const names = data.targets.map((wire) => data.wires[wire].label).join(", ");
  const picture = new Picture(model, data.drawings);
  root.classList.add("gradtape");
  root.replaceChildren(
    header(model, root, names, heading),
    el(
      "div",
      { class: "columns" },
      el(
        "section",
        { class: "panel circuit-panel", "aria-label": "Circuit" },
        el("h2", {}, "Circuit"),
        el("p", { class: "hint" }, `Above each wire its value, below it how ${names} changes with it. Drag the number of a weight or an input, or click a wire.`),
        picture.element,
        steps(model),
      ),
      el("div", { class: "main" }, derivation(model), ...remarks(model)),
      el("div", { class: "side" }, descent(model), ...controls(model)),
    ),
  );
  if (heading !== "h1") {
    // In a notebook there may be several: they are no landmarks of the document.
    for (const part of root.querySelectorAll("section, [role=region]")) part.setAttribute("role", "group");
  }
  picture.fit();
  const refit = () => picture.element.classList.contains("touched") || picture.fit();
  addEventListener("resize", refit);
  const close = () => {
    removeEventListener("resize", refit);
    picture.watcher.disconnect();
  };
  return { model, picture, close };
}

function header(model, root, names, heading) {
  const figure = el("span", { class: "figure" });
  const heard = el("span", { class: "unseen", role: "status" });
  const trouble = el("p", { class: "trouble", role: "alert" });
  let timer = 0;
  let first = true;
  model.subscribe((change) => {
    if (change === "cursor" || change === "selection" || change === "rate") return;
    say(figure, short(model.loss(), model.decimals));
    figure.title = full(model.loss());
    say(trouble, model.trouble);
    if (first) {
      first = false;
      return;
    }
    clearTimeout(timer);
    timer = setTimeout(() => say(heard, `${names} is ${short(model.loss(), model.decimals)}`), PAUSE);
  });
  return el(
    "header",
    { class: "top" },
    el("div", {}, el(heading, { class: "title" }, names, " = ", figure), heard),
    el("div", { class: "switches" }, modes(model), theme(root)),
    trouble,
  );
}

function modes(model) {
  const name = freshId("mode");
  const choice = (mode, text) => {
    const input = el("input", { type: "radio", name, value: mode, checked: mode === model.mode, onchange: () => model.setMode(mode) });
    model.subscribe((change) => change === "mode" && (input.checked = mode === model.mode));
    return el("label", { class: "choice" }, input, el("span", {}, text));
  };
  const places = model.data.decimals;
  return el("fieldset", { class: "modes" }, el("legend", { class: "unseen" }, "Numbers"), choice("exact", "exact"), choice("rounded", `rounded to ${places}`));
}

function theme(root) {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const dark = () => (root.dataset.theme ?? (system.matches ? "dark" : "light")) === "dark";
  const button = el("button", { type: "button", class: "theme" });
  const tell = () => {
    say(button, dark() ? "Light" : "Dark");
    button.title = dark() ? "Light colours" : "Dark colours";
  };
  button.addEventListener("click", () => {
    root.dataset.theme = dark() ? "light" : "dark";
    tell();
  });
  system.addEventListener("change", tell);
  tell();
  return button;
}

/** What the page does not compute, and what else is to be known. */
function remarks(model) {
  const reasons = new Map();
  for (const gate of model.data.gates) {
    if (gate.fixed) reasons.set(gate.op, gate.fixed);
  }
  const lines = [
    ...[...reasons].map(([op, reason]) => `${op} stays as it was recorded, and so does what only it leads to: ${reason}.`),
    ...model.data.notes,
  ];
  if (!lines.length) return [];
  return [el("section", { class: "panel notes", "aria-label": "Notes" }, el("h2", {}, "To be known"), el("ul", {}, ...lines.map((line) => el("li", {}, line))))];
}
