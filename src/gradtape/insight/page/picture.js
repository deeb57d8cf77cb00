// The circuit: drawn once where it was laid out, its numbers written anew as they change. Only labels in view exist.

import { el, say, still, svg } from "./dom.js";
import { scrub } from "./field.js";
import { gradientOnWire, largest, tone, valueOnWire, weight } from "./figures.js";

const MARGIN = 40; // pixels around what is in view whose labels exist already,
const WIDE_MARGIN = 400; // and whose wires and gates are drawn
const LEGIBLE = 6; // pixels of a font: smaller labels are not written
const SMALLEST = 0.78; // a picture that would be smaller than this in its box gets the width of the page,
const LEAST = 0.55; // and is not put into its box as a whole if it would be smaller than this there
const AT_ONCE = 60; // labels and colours that one frame writes; the others follow in the next frames
const ZOOMS = [0.1, 0.15, 0.25, 0.4, 0.6, 0.8, 1, 1.25, 1.6, 2];

export class Picture {
  /** drawings: the same circuit in several details, the first of them shown first. */
  constructor(model, drawings) {
    this.model = model;
    this.drawings = drawings;
    this.zoom = 1;
    this.box = el("div", { class: "picturebox", tabindex: 0, role: "region", "aria-label": "Circuit, scrollable" });
    this.element = el("div", { class: "picture" }, this._tools(), this.box);
    this._draw(drawings[0]);
    this.box.addEventListener("scroll", () => this.look(), { passive: true });
    this.element.addEventListener("pointerdown", () => this.element.classList.add("touched"), { passive: true });
    this.box.addEventListener("click", (event) => this._click(event));
    this.watcher = new ResizeObserver(() => this.look());
    this.watcher.observe(this.box);
    model.subscribe((change) => this.update(change));
  }

  _draw(drawing) {
    this.drawing = drawing;
    this.ends = [...this.model.data.targets];
    this.lines = drawing.wires.map((line) => this._line(line));
    this.shapes = drawing.nodes.map((shape) => this._shape(shape));
    this.parts = [...this.lines, ...this.shapes];
    this.gates = new Map(this.shapes.filter((s) => s.shape.gate >= 0).map((s) => [s.shape.gate, s]));
    this.marked = null;
    this.seen = []; // the lines in view,
    this.turn = 0; // which of them was written last,
    this.due = 0; // and how many are still to be written
    // Labels lie in a layer of their own: when they change, the wires need not be painted again.
    this.labels = svg("svg", { viewBox: `0 0 ${drawing.width} ${drawing.height}`, class: "circuit labels", "aria-hidden": "true" });
    this.svg = svg(
      "svg",
      { viewBox: `0 0 ${drawing.width} ${drawing.height}`, role: "img", "aria-label": this._said(), class: "circuit" },
      (this.halo = svg("g", { class: "halo" })),
      svg("g", {}, ...this.shapes.filter((s) => s.shape.kind === "frame").map((s) => s.element)),
      svg("g", { class: "wires" }, ...this.lines.map((line) => line.element)),
      svg("g", {}, ...this.shapes.filter((s) => s.shape.kind !== "frame").map((s) => s.element)),
      svg("g", {}, ...drawing.texts.map(textElement)),
    );
    this.box.replaceChildren(el("div", { class: "sheets" }, this.svg, this.labels));
  }

  /** All of it in its box where that stays legible, else legible, with the target in view. */
  fit() {
    const { box, drawing } = this;
    const columns = box.closest(".columns");
    columns?.classList.remove("wide");
    if (box.clientWidth <= 2) return;
    columns?.classList.toggle("wide", (box.clientWidth - 2) / drawing.width < SMALLEST);
    const whole = (box.clientWidth - 2) / drawing.width;
    this._scale(whole < LEAST ? 0.9 : Math.min(1.25, whole));
    const end = this.shapes.find(({ shape }) => shape.kind === "end")?.shape;
    box.scrollLeft = end ? (end.x + end.width) * this.zoom - box.clientWidth : 0;
    box.scrollTop = end ? end.y * this.zoom - box.clientHeight / 2 : 0;
    this.look();
  }

  /** Make the labels that are in view, and let go of the others. */
  look() {
    const { zoom, box } = this;
    const left = (box.scrollLeft - MARGIN) / zoom;
    const right = (box.scrollLeft + box.clientWidth + MARGIN) / zoom;
    const top = (box.scrollTop - MARGIN) / zoom;
    const bottom = (box.scrollTop + box.clientHeight + MARGIN) / zoom;
    const more = (WIDE_MARGIN - MARGIN) / zoom;
    for (const part of this.parts) {
      const far = part.x1 < left - more || part.x0 > right + more || part.y1 < top - more || part.y0 > bottom + more;
      if (far === part.far) continue;
      part.far = far;
      if (far) part.element.setAttribute("display", "none");
      else part.element.removeAttribute("display");
    }
    const fresh = [];
    for (const line of this.lines) {
      const inView = line.size * zoom >= LEGIBLE && line.x1 >= left && line.x0 <= right && line.y1 >= top && line.y0 <= bottom;
      if (inView === line.seen) continue;
      line.seen = inView;
      if (inView) fresh.push(line);
      else line.label?.remove();
    }
    for (const line of fresh) {
      line.label ??= this._label(line);
      this._write(line);
      this.labels.append(line.label);
    }
    this.seen = this.lines.filter((line) => line.seen);
    this.due = Math.min(this.due, this.seen.length);
  }

  update(change) {
    if (change === "rate") return;
    if (change === "all" || change === "selection") {
      const mine = this.lines.filter((line) => line.wire === this.model.selected.wire);
      this.halo.replaceChildren(...mine.flatMap((line) => line.paths.map((d) => svg("path", { d }))));
      return;
    }
    if (change !== "cursor") this._measure();
    this.due = this.seen.length;
    this._writeSome();
    if (change === "cursor") this._mark();
  }

  /** Write lines in turn, going on where it stopped, until all are written that are due. */
  _writeSome() {
    const { seen } = this;
    let written = 0;
    for (; this.due > 0 && written < AT_ONCE; this.due--) {
      this.turn = (this.turn + 1) % seen.length;
      written += this._write(seen[this.turn]);
    }
    if (this.due > 0) this.waiting ||= requestAnimationFrame(() => ((this.waiting = 0), this._writeSome()));
  }

  _measure() {
    let most = 0;
    for (const line of this.lines) {
      const array = this._gradient(line);
      if (array) most = Math.max(most, largest(array));
    }
    this.strongest = most;
  }

  /** What comes back on a line: all of a wire's gradient, or what the uses of a branch bring; an end brings the seed. */
  _gradient(line) {
    const { model } = this;
    if (!line.branch) return model.gradient(line.wire);
    return line.uses.length ? model.brought(line.uses, line) : model.seeds[line.target];
  }

  /** Whether the walk has come to that. */
  _returned(line) {
    const { model } = this;
    if (!line.branch) return model.returned(line.wire);
    return model.cursor >= model.total && line.uses.every(([gate]) => model.passed(gate));
  }

  /** Write what stands on a line; gives how much of it is new. */
  _write(line) {
    const { model } = this;
    if (this.strongest === undefined) this._measure();
    const reached = model.reached(line.wire);
    const returned = this._returned(line);
    const array = this._gradient(line);
    const { shape } = model.data.wires[line.wire];
    const kind = returned ? tone(array) : "none";
    let fresh = 0;
    if (line.value) fresh += write(line.value, line.places.value, reached ? valueOnWire(model.value(line.wire), shape, model.decimals) : "");
    if (line.gradient) fresh += write(line.gradient, line.places.gradient, returned && array ? gradientOnWire(array, shape, model.decimals) : "");
    const look = `${kind} s${returned ? weight(largest(array), this.strongest) : 0}${reached ? "" : " ahead"}`;
    if (look === line.look) return fresh;
    line.look = look;
    line.element.setAttribute("class", `wire ${look}`);
    line.gradient?.setAttribute("class", `t-${line.places.gradient.role} ${kind}`);
    return fresh + 1;
  }

  _mark() {
    const { phase, gate } = this.model.at();
    if (this.marked) this.marked.element.classList.remove("current", "back");
    this.marked = gate ? (this.gates.get(gate.index) ?? this._around(gate)) : null;
    if (!this.marked) return;
    this.marked.element.classList.add("current");
    if (phase === "backward") this.marked.element.classList.add("back");
    const { x, y } = this.marked.shape;
    const { box, zoom } = this;
    const away = x * zoom < box.scrollLeft + 60 || x * zoom > box.scrollLeft + box.clientWidth - 60;
    const far = y * zoom < box.scrollTop + 40 || y * zoom > box.scrollTop + box.clientHeight - 40;
    if (away || far) {
      box.scrollTo({ left: x * zoom - box.clientWidth / 2, top: y * zoom - box.clientHeight / 2, behavior: still() ? "auto" : "smooth" });
    }
  }

  /** The box of the layer that a gate is in. */
  _around(gate) {
    const path = `${gate.layers.join("/")}/`;
    return this.shapes.find(({ shape }) => shape.layer && path.startsWith(`${shape.layer}/`)) ?? null;
  }

  _line(line) {
    const dots = line.dots.map(([x, y]) => svg("circle", { cx: x, cy: y, r: 3, class: "dot" }));
    const paths = line.paths.flatMap((d) => [svg("path", { d, class: "hit" }), svg("path", { d, class: "stroke" })]);
    const { label } = this.model.data.wires[line.wire];
    const element = svg("g", { class: "wire", "data-wire": line.wire }, svg("title", {}, label), ...paths, ...dots);
    if (line.name) element.append(textElement(line.name));
    const texts = [line.value, line.gradient].filter(Boolean);
    const spans = texts.map((t) => [t.x - t.room, t.x + t.room, t.y - t.size, t.y + t.size]);
    for (const d of line.paths) spans.push(reach(d));
    return {
      wire: line.wire,
      branch: line.branch,
      uses: line.uses,
      target: line.branch && !line.uses.length ? this._end(line.wire) : -1,
      sum: null,
      paths: line.paths,
      element,
      value: null,
      gradient: null,
      places: { value: line.value, gradient: line.gradient },
      label: null,
      seen: false,
      far: false,
      size: texts.length ? Math.max(...texts.map((t) => t.size)) : 12,
      x0: Math.min(...spans.map((s) => s[0])),
      x1: Math.max(...spans.map((s) => s[1])),
      y0: Math.min(...spans.map((s) => s[2])),
      y1: Math.max(...spans.map((s) => s[3])),
    };
  }

  /** Which of the targets the next end of a wire is. */
  _end(wire) {
    const found = this.ends.indexOf(wire);
    this.ends[found] = -1;
    return found;
  }

  _label(line) {
    const label = svg("g", { "data-wire": line.wire });
    for (const kind of ["value", "gradient"]) {
      if (!line.places[kind]) continue;
      line[kind] = textElement({ ...line.places[kind], text: "" });
      label.append(line[kind]);
    }
    if (line.value) this._draggable(line.value, line.wire);
    return label;
  }

  _draggable(element, wire) {
    const { model } = this;
    const leaf = model.leafOf.get(wire);
    if (leaf === undefined || model.leaves[leaf].length !== 1) return;
    scrub(element, {
      read: () => model.leaves[leaf][0],
      begin: () => {
        model.remember();
        model.select(wire);
      },
      write: (x) => model.set(leaf, 0, x),
    });
  }

  _shape(shape) {
    const { x, y, width, height, form } = shape;
    const left = x - width / 2;
    const top = y - height / 2;
    const outline = {
      circle: () => svg("circle", { cx: x, cy: y, r: width / 2 }),
      pill: () => svg("rect", { x: left, y: top, width, height, rx: height / 2 }),
      box: () => svg("rect", { x: left, y: top, width, height, rx: 6 }),
      frame: () => svg("rect", { x: left, y: top, width, height, rx: 10 }),
    }[form];
    const gate = this.model.data.gates[shape.gate];
    const wire = shape.wire >= 0 ? shape.wire : (gate?.outputs[0] ?? -1);
    const fixed = gate?.fixed ? " fixed" : "";
    const element = svg("g", { class: `shape ${shape.kind}${fixed}`, "data-wire": wire >= 0 ? wire : null });
    const title = shape.kind === "leaf" ? aboutLeaf(this.model.data.wires[wire]) : gate ? aboutGate(gate) : "";
    if (title) element.append(svg("title", {}, gate?.fixed ? `${title}\nstays as it was recorded: ${gate.fixed}` : title));
    if (outline) element.append(outline());
    // What is written in a layer's box about its gradients is not followed: it goes.
    const nameless = shape.kind === "leaf" && !this.model.data.wires[wire].name;
    for (const text of shape.texts) {
      // A number without a name is called as everywhere on the page, and stands where its wire begins.
      const own = nameless ? { x: text.x + text.room / 2, anchor: "end", text: this.model.data.wires[wire].label } : {};
      element.append(textElement({ ...text, text: text.text.split("  ‖∇‖")[0], ...own }));
    }
    if (shape.kind === "leaf" && shape.wire >= 0) this._draggable(element, shape.wire);
    const [across, down] = [width / 2 + 60, height / 2 + 10]; // names stand out of their boxes
    return { shape, element, far: false, x0: x - across, x1: x + across, y0: y - down, y1: y + down };
  }

  _click(event) {
    const holder = event.target.closest("[data-wire]");
    if (holder) this.model.select(Number(holder.dataset.wire));
  }

  _scale(zoom) {
    const { box, drawing } = this;
    const middle = (box.scrollLeft + box.clientWidth / 2) / this.zoom;
    this.zoom = zoom;
    for (const sheet of [this.svg, this.labels]) {
      sheet.setAttribute("width", drawing.width * zoom);
      sheet.setAttribute("height", drawing.height * zoom);
    }
    box.scrollLeft = middle * zoom - box.clientWidth / 2;
    this.look();
  }

  _tools() {
    const next = (by) => {
      const others = ZOOMS.filter((z) => (by > 0 ? z > this.zoom + 0.01 : z < this.zoom - 0.01));
      const found = by > 0 ? others[0] : others.at(-1);
      if (found) this._scale(found);
    };
    const button = (sign, label, act) => el("button", { type: "button", class: "small", "aria-label": label, title: label, onclick: act }, sign);
    const details = this.drawings.map((drawing) =>
      button(drawing.name, `Show ${drawing.name}`, () => {
        this._draw(drawing);
        this.fit();
        this.update("all");
        this._mark();
      }),
    );
    return el(
      "div",
      { class: "zoom" },
      ...(details.length > 1 ? details : []),
      button("−", "Smaller picture", () => next(-1)),
      button("+", "Larger picture", () => next(1)),
      button("fit", "Fit the picture to its box", () => this._scale(Math.min(2, (this.box.clientWidth - 2) / this.drawing.width))),
    );
  }

  _said() {
    const { gates, wires, targets } = this.model.data;
    const names = targets.map((wire) => wires[wire].label).join(", ");
    return `Circuit of ${gates.length} gates that computes ${names}. Its numbers are in the derivation and in the panels of weights and inputs.`;
  }
}

function textElement(text) {
  const { x, y, role, size, anchor, tone: own } = text;
  const attributes = { x, y, class: `t-${role}${own ? ` ${own}` : ""}`, "font-size": size, "text-anchor": anchor };
  return svg("text", attributes, text.text);
}

/** Write a label, 1 if it is another; one that is longer than the room that was kept for it gets smaller letters. */
function write(element, place, text) {
  const { firstChild } = element;
  if ((firstChild?.data ?? "") === text) return 0;
  if (firstChild) firstChild.data = text;
  else element.textContent = text;
  const wide = text.length * place.size * 0.56;
  const size = wide > place.room + 6 ? Math.max(0.65, (place.room + 6) / wide) * place.size : place.size;
  if (element.getAttribute("font-size") !== String(size)) element.setAttribute("font-size", size);
  return 1;
}

/** [left, right, top, bottom] of path data: absolute coordinates in pairs. */
function reach(d) {
  const numbers = (d.match(/-?\d+(?:\.\d+)?/g) ?? []).map(Number);
  const xs = numbers.filter((_, i) => i % 2 === 0);
  const ys = numbers.filter((_, i) => i % 2 === 1);
  return [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
}

function aboutGate({ op, place }) {
  return place ? `${op}\n${place.file}:${place.line}  ${place.text}` : op;
}

function aboutLeaf(wire) {
  return `${wire.label}: ${wire.kind}, ${wire.dtype}[${wire.shape.join(",")}]`;
}
