// The numbers of the page: leaves that a person changes, and all that the recorded graph makes of them.

import { unpack } from "./numbers.js";
import { unpacked } from "./unpacking.js";

const CAREFUL = 200; // changes that can be undone,
const ROOM = 64e6; // as far as what they need is no more than these bytes

/**
 * packed: what the Python side tells.  programs: { exact, rounded }, each from the leaves' arrays to a list of arrays.
 * Views subscribe: they are called with the kind of change ("numbers", "cursor", "selection", "mode").
 */
export class Model {
  constructor(packed, programs) {
    const data = unpacked(packed);
    this.data = data;
    this.programs = programs;
    this.mode = data.mode ?? "exact";
    this.leaves = data.leaves.map((leaf) => unpack(leaf.data));
    this.first = this.leaves.map((array) => array.slice());
    this.leafOf = new Map(data.leaves.map((leaf, number) => [leaf.wire, number]));
    this.steady = new Map(Object.entries(data.steady).map(([wire, packed]) => [Number(wire), unpack(packed)]));
    this.seeds = data.seeds.map(unpack);
    this.rate = data.rate ?? 0.1;
    this.firstRate = this.rate;
    this.past = []; // {leaves, steps, losses}
    this.steps = 0;
    this.trouble = "";
    this.views = [];
    this.total = data.gates.length;
    this.makers = new Map();
    this.uses = data.wires.map(() => []);
    for (const [index, gate] of data.gates.entries()) {
      gate.index = index;
      gate.inputs.forEach((wire, position) => this.uses[wire].push([gate, position]));
      for (const wire of gate.outputs) this.makers.set(wire, gate);
    }
    this.backward = data.gates.filter((gate) => data.tables.exact.parts[gate.index]).reverse();
    this.last = this.total + this.backward.length;
    this.cursor = this.last;
    this.movable = this._movable();
    this.selected = { wire: this.movable[0]?.[1] ?? data.targets[0], entry: 0 };
    this.run();
    this.losses = [this.loss()];
  }

  // --- reading ---

  get table() {
    return this.data.tables[this.mode];
  }

  get decimals() {
    return this.mode === "rounded" ? this.data.decimals : null;
  }

  value(wire) {
    const leaf = this.leafOf.get(wire);
    if (leaf !== undefined) return this.leaves[leaf];
    const output = this.table.values[wire];
    return output === undefined ? this.steady.get(wire) : this.outputs[output];
  }

  gradient(wire) {
    const output = this.table.gradients[wire];
    return output === undefined ? null : this.outputs[output];
  }

  part(gate, position) {
    const output = this.table.parts[gate]?.[position];
    return output === undefined ? null : this.outputs[output];
  }

  /** The sum of some parts, in the precision of the parts; `keep.sum` is written anew at each call. */
  brought(uses, keep) {
    const found = [];
    for (const [gate, position] of uses) {
      const part = this.part(gate, position);
      if (part) found.push(part);
    }
    if (found.length < 2) return found[0] ?? null;
    keep.sum ??= found[0].slice();
    keep.sum.set(found[0]);
    for (const part of found.slice(1)) for (let i = 0; i < part.length; i++) keep.sum[i] += part[i];
    return keep.sum;
  }

  local(gate, position) {
    const output = this.table.locals[gate]?.[position];
    return output === undefined ? null : this.outputs[output];
  }

  /** Whether a wire is a number of the program's own, such as the 1 of a sigmoid's parts. */
  ofProgram(wire) {
    const own = this.data.wires[wire];
    return own.kind === "constant" && !own.name && !this.leafOf.has(wire);
  }

  /** [name, array] of everything that is a probability. */
  probabilities() {
    const { wires, probabilities } = this.data;
    const found = probabilities.map((wire) => [wires[wire].label, this.value(wire)]);
    for (const [name, output] of this.table.probabilities) found.push([name, this.outputs[output]]);
    return found;
  }

  /** The sum of the first target: for one number, the number itself. */
  loss() {
    const array = this.value(this.data.targets[0]);
    if (array.length === 1) return array[0];
    let sum = 0;
    for (const x of array) sum += x;
    return sum;
  }

  /** How far the walk through the gates is: the gate at the cursor, and whether it is on the way back. */
  at() {
    if (this.cursor === this.last) return { phase: "done", gate: null };
    if (this.cursor < this.total) return { phase: "forward", gate: this.data.gates[this.cursor], number: this.cursor };
    const number = this.cursor - this.total;
    return { phase: "backward", gate: this.backward[number], number };
  }

  /** Whether the walk has come to the value of a wire. */
  reached(wire) {
    const maker = this.makers.get(wire);
    return !maker || maker.index <= this.cursor;
  }

  /** Whether the walk has come back through a gate. */
  passed(gate) {
    if (this.cursor < this.total) return false;
    if (this.cursor === this.last) return true;
    return gate >= this.backward[this.cursor - this.total].index || !this.table.parts[gate];
  }

  /** Whether the walk has come to all of the gradient of a wire. */
  returned(wire) {
    return this.cursor >= this.total && this.uses[wire].every(([user]) => this.passed(user.index));
  }

  // --- changing ---

  subscribe(view) {
    this.views.push(view);
    view("all");
  }

  tell(change) {
    for (const view of this.views) view(change);
  }

  run() {
    try {
      this.outputs = this.programs[this.mode](...this.leaves);
      this.trouble = "";
    } catch (error) {
      this.trouble = error.message; // an index out of range, say: the numbers before stay
      if (!this.outputs) throw error;
    }
  }

  /** Before a person changes numbers: what `undo` goes back to. */
  remember() {
    this.past.push({ leaves: this.leaves.map((a) => a.slice()), steps: this.steps, losses: this.losses.slice() });
    const bytes = this.leaves.reduce((sum, a) => sum + a.byteLength, 0);
    if (this.past.length > Math.min(CAREFUL, Math.max(1, ROOM / bytes))) this.past.shift();
  }

  set(leaf, entry, number) {
    this.leaves[leaf][entry] = number;
    this._moved();
  }

  setRate(rate) {
    this.rate = rate;
    this.tell("rate");
  }

  /** w ← w − rate · dw, for everything that training changes, in the precision of w. */
  descend(count = 1) {
    this.remember();
    for (let turn = 0; turn < count; turn++) {
      for (const [leaf, wire] of this.movable) {
        const w = this.leaves[leaf];
        const g = this.gradient(wire);
        if (w instanceof Float32Array) {
          const rate = Math.fround(this.rate);
          for (let i = 0; i < w.length; i++) w[i] = w[i] - Math.fround(rate * g[i]);
        } else {
          for (let i = 0; i < w.length; i++) w[i] = w[i] - this.rate * g[i];
        }
      }
      this.run();
      this.steps++;
      this.losses.push(this.loss());
    }
    this.tell("numbers");
  }

  undo() {
    const before = this.past.pop();
    if (!before) return;
    this.leaves = before.leaves;
    this.steps = before.steps;
    this.losses = before.losses;
    this._moved();
  }

  reset() {
    this.remember();
    this.leaves = this.first.map((a) => a.slice());
    this.steps = 0;
    this.losses = [];
    this._moved();
  }

  setMode(mode) {
    this.mode = mode;
    this.run();
    this.losses[this.losses.length - 1] = this.loss();
    this.tell("mode");
  }

  walk(cursor) {
    this.cursor = Math.max(0, Math.min(this.last, cursor));
    this.tell("cursor");
  }

  select(wire, entry = 0) {
    this.selected = { wire, entry };
    this.tell("selection");
  }

  _moved() {
    this.run();
    this.losses[Math.max(0, this.losses.length - 1)] = this.loss();
    this.tell("numbers");
  }

  /** [leaf, wire] of what a descent step changes: trainable variables among the sources, else all sources. */
  _movable() {
    const { wires, sources } = this.data;
    const ways = sources.filter((wire) => this.leafOf.has(wire) && wire in this.data.tables.exact.gradients);
    const trained = ways.filter((wire) => wires[wire].trainable);
    return (trained.length ? trained : ways).map((wire) => [this.leafOf.get(wire), wire]);
  }
}
