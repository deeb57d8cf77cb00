// A tensor as a grid of numbers on a map of heat: at most ten rows and eight columns at a time, the rest by its arrows.

import { el, say } from "./dom.js";
import { scrub } from "./field.js";
import { figure, place, short, strength } from "./numbers.js";

const ROWS = 10;
const COLUMNS = 8;
const ROOMY = 5; // columns whose numbers have all their room

/**
 * shape; label; read(flat) -> number or undefined where there is none; select(flat); change: {begin, write(flat, x)} where
 * the entries may be dragged; kind: "value" or "gradient".
 */
export class Grid {
  constructor({ shape, label, read, select, change = null, kind = "value" }) {
    Object.assign(this, { shape, label, read, select, change, kind });
    const axes = shape.filter((n) => n > 1); // axes of one entry are not shown
    this.columns = axes.at(-1) ?? 1;
    this.rows = axes.at(-2) ?? 1;
    this.sheets = axes.slice(0, -2).reduce((a, b) => a * b, 1);
    this.corner = { sheet: 0, row: 0, column: 0 };
    this.current = 0;
    this.table = el("div", { role: "grid", "aria-label": label, class: `grid ${kind}${this.columns > ROOMY ? " dense" : ""}` });
    this.element = el("div", { class: "tensor" }, this._pager(), el("div", { class: "gridbox" }, this.table));
    this.table.addEventListener("keydown", (event) => this._key(event));
    this._build();
  }

  /** The number of an entry in row-major order. */
  flat(row, column) {
    return (this.corner.sheet * this.rows + row) * this.columns + column;
  }

  update(decimals) {
    let strongest = 0;
    for (const cell of this.cells) {
      const x = this.read(cell.flat);
      if (Number.isFinite(x)) strongest = Math.max(strongest, Math.abs(x));
    }
    for (const cell of this.cells) {
      const x = this.read(cell.flat);
      if (x === cell.x && decimals === cell.decimals && strongest === cell.strongest) continue;
      Object.assign(cell, { x, decimals, strongest });
      say(cell.element, x === undefined ? "·" : compact(x, decimals));
      cell.element.classList.toggle("minus", x < 0);
      cell.element.style.setProperty("--s", typeof x === "number" ? strength(x, strongest).toFixed(2) : "0");
    }
  }

  /** Mark the entry that is selected; null for none. */
  mark(flat) {
    for (const cell of this.cells) {
      const on = cell.flat === flat;
      if (on) this.current = flat;
      cell.element.setAttribute("aria-selected", String(on));
    }
    this._rove();
  }

  _build() {
    const { row, column } = this.corner;
    this.cells = [];
    const lines = [];
    for (let i = row; i < Math.min(this.rows, row + ROWS); i++) {
      const line = el("div", { role: "row", class: "gridrow" });
      for (let j = column; j < Math.min(this.columns, column + COLUMNS); j++) line.append(this._cell(this.flat(i, j)));
      lines.push(line);
    }
    this.table.replaceChildren(...lines);
    this._rove();
  }

  _cell(flat) {
    const name = `${this.label}${place(flat, this.shape)}`;
    const element = el("span", { role: "gridcell", tabindex: -1, class: "cell", title: name, "aria-selected": "false" });
    const there = this.read(flat) !== undefined;
    element.addEventListener("click", () => there && this.select(flat));
    if (this.change && there) {
      scrub(element, {
        read: () => this.read(flat),
        begin: () => {
          this.change.begin();
          this.select(flat);
        },
        write: (x) => this.change.write(flat, x),
      });
    }
    this.cells.push({ element, flat });
    return element;
  }

  _rove() {
    const current = this.cells.find((cell) => cell.flat === this.current) ?? this.cells[0];
    for (const cell of this.cells) cell.element.tabIndex = cell === current ? 0 : -1;
  }

  _key(event) {
    const at = this.cells.findIndex((cell) => cell.element === event.target);
    if (at < 0) return;
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      this.select(this.cells[at].flat);
      this.element.dispatchEvent(new CustomEvent("chosen"));
      return;
    }
    const width = Math.min(this.columns - this.corner.column, COLUMNS);
    const jump = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: width, ArrowUp: -width }[event.key];
    const next = this.cells[at + jump];
    if (!next) return;
    event.preventDefault();
    this.current = next.flat;
    this._rove();
    next.element.focus();
    this.select(next.flat);
  }

  _pager() {
    const box = el("div", { class: "pager" });
    const axis = (word, size, stride, key) => {
      if (size <= stride) return;
      const text = el("span", {});
      const turn = (by) => {
        this.corner[key] = Math.max(0, Math.min(Math.floor((size - 1) / stride) * stride, this.corner[key] + by * stride));
        const end = Math.min(size, this.corner[key] + stride) - 1;
        say(text, `${word} ${this.corner[key]}${end > this.corner[key] ? `–${end}` : ""} of ${size}`);
        if (this.cells) {
          this._build();
          this.turned?.();
        }
      };
      const button = (sign, by) =>
        el("button", { type: "button", class: "small", "aria-label": `${by < 0 ? "Earlier" : "Later"} ${word} of ${this.label}`, onclick: () => turn(by) }, sign);
      box.append(button("‹", -1), text, button("›", 1));
      turn(0);
    };
    axis("sheets", this.sheets, 1, "sheet");
    axis("rows", this.rows, ROWS, "row");
    axis("columns", this.columns, COLUMNS, "column");
    return box;
  }
}

/** At most six characters. */
function compact(x, decimals) {
  if (typeof x !== "number" || decimals !== null || !Number.isFinite(x) || x === 0) return short(x, decimals);
  const size = Math.abs(x);
  if (size >= 1e5 || size < 1e-3) return figure(Number(x.toPrecision(1)));
  return short(size < 0.1 ? Number(x.toFixed(3)) : Number(x.toFixed(size < 10 ? 2 : size < 1000 ? 1 : 0)));
}
