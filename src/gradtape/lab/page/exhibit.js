// One exhibit: its controls speak to the engine, its pictures show what the engine answers.

import { drawCurve, drawRegions, drawShown, drawTensor, element, numberOf, text } from "./charts.js";
import { Line } from "./line.js";

const byId = (id) => document.getElementById(id);
const buttons = ["run", "one", "many", "undo", "reset", "explain"].map(byId);
const note = byId("note");
let frame = null;
let said = ""; // what the server complained of last, until the next frame that is not about it

const line = new Line(byId("exhibit").dataset.name, {
  frame: (next) => {
    frame = next;
    requestAnimationFrame(show);
  },
  answer: (message) => {
    if (message.type === "explanation") showCircuit(message.path);
    else {
      said = message.text;
      note.textContent = said;
      byId("explain").disabled = false;
    }
  },
  state: (state, reason) => {
    if (state === "open") {
      for (const button of buttons) button.disabled = false;
      note.textContent = "";
    } else {
      for (const button of buttons) button.disabled = true;
      if (state === "lost") note.textContent = `The line to the engine is lost${reason ? ` (${reason})` : ""}; trying again.`;
    }
  },
});

let drawnFrame = null;

function show() {
  if (frame === drawnFrame || frame === null) return;
  drawnFrame = frame;
  draw();
  showAtOnce();
}

// Where every weight can be turned by hand, the circuit is there from the beginning.
function showAtOnce() {
  if (byId("exhibit").dataset.circuit !== "now") return;
  byId("exhibit").dataset.circuit = "shown";
  byId("explain").click();
}

function draw() {
  byId("step").textContent = String(frame.step);
  set(byId("loss"), frame.loss);
  byId("run").textContent = frame.running ? "Pause" : "Start";
  byId("run").disabled = !frame.finite;
  byId("undo").disabled = frame.undo === 0;
  for (const id of ["one", "many"]) byId(id).disabled = !frame.finite;
  note.textContent = frame.finite ? said : "The numbers are not finite any more: undo, or reset and lower the learning rate.";
  said = "";
  move(byId("rate"), Math.log10(frame.rate));
  byId("rate-text").textContent = text(frame.rate);
  move(byId("pace"), Math.log10(frame.pace));
  byId("pace-text").textContent = String(frame.pace);
  byId("optimizer").value = frame.optimizer;
  if (byId("data")) byId("data").value = frame.data;
  for (const dial of document.querySelectorAll(".dial")) {
    const value = frame.dials[dial.dataset.name] ?? weight(dial.dataset.name);
    move(dial, numberOf(value));
    const output = byId(`text-${dial.dataset.name}`);
    set(output, value);
    if (dial.step === "1") output.textContent = String(value);
  }
  drawCurve(byId("curve"), frame.curve);
  if (frame.regions) {
    drawRegions(byId("regions"), frame.regions, frame.points, frame.labels);
    const right = `${Math.round(100 * numberOf(frame.shown.right))} %`;
    byId("right").textContent = right;
    byId("regions").setAttribute("aria-label", `What the network says of each place; ${right} of the points are right`);
  } else drawShown(byId("shown"), frame.shown, frame.dials);
  const holder = byId("weights");
  while (holder.children.length < frame.weights.length) holder.append(element("article", { class: "tensor" }));
  frame.weights.forEach((tensor, index) => drawTensor(holder.children[index], tensor));
  holder.classList.toggle("scalars", frame.weights.every((tensor) => tensor.shape.length === 0));
}

const weight = (name) => frame.weights.find((tensor) => tensor.name === name)?.value[0];

function set(output, value) {
  output.textContent = text(value);
  output.dataset.exact = String(value);
}

// A range that is being dragged goes its own way until it is let go.
function move(range, value) {
  if (!range.matches(":active")) range.value = String(value);
}

function showCircuit(path) {
  byId("explain").disabled = false;
  byId("explain").textContent = "Show it as it is now";
  const link = element("a", { href: path, target: "_blank" }, "Open it in a tab of its own");
  const page = element("iframe", {
    class: "live", src: `${path}?theme=${document.documentElement.dataset.theme ?? ""}`, title: `The circuit at step ${frame.step}`, sandbox: "allow-scripts allow-downloads",
  });
  byId("circuit").replaceChildren(page, element("p", {}, link));
}

byId("run").addEventListener("click", () => line.say({ do: frame?.running ? "pause" : "start" }));
byId("one").addEventListener("click", () => line.say({ do: "step", count: 1 }));
byId("many").addEventListener("click", (event) => line.say({ do: "step", count: Number(event.target.dataset.count) }));
byId("undo").addEventListener("click", () => line.say({ do: "undo" }));
byId("reset").addEventListener("click", () => line.say({ do: "reset" }));
byId("explain").addEventListener("click", (event) => {
  event.target.disabled = true;
  line.say({ do: "explain" });
});
byId("rate").addEventListener("input", (event) => {
  const value = Number((10 ** Number(event.target.value)).toPrecision(2));
  byId("rate-text").textContent = text(value);
  line.sayLatest({ do: "rate", value });
});
byId("pace").addEventListener("input", (event) => {
  const value = Math.max(1, Math.round(10 ** Number(event.target.value)));
  byId("pace-text").textContent = String(value);
  line.sayLatest({ do: "pace", value });
});
byId("optimizer").addEventListener("change", (event) => line.say({ do: "optimizer", name: event.target.value }));
byId("data")?.addEventListener("change", (event) => line.say({ do: "data", name: event.target.value }));
for (const dial of document.querySelectorAll(".dial")) {
  dial.addEventListener("input", () => {
    line.sayLatest({ do: "set", name: dial.dataset.name, value: Number(dial.value) });
  });
}
document.addEventListener("themechange", () => frame && draw());
