// The data as the page works with them, from the short form in which they come (packing.py).

const WIRE = { kind: "computed", shape: [], dtype: "float32", trainable: false };
const GATE = { layers: [], attrs: {}, fixed: "" };
const TEXT = ["x", "y", "room", "text", "role", "size", "anchor", "tone"];
const NODE = ["kind", "form", "x", "y", "width", "height", "gate", "wire", "layer", "texts"];

/** All that a page is told. */
export function unpacked(data) {
  const places = data.places.map(([file, line, text]) => ({ file, line, text }));
  return {
    ...data,
    wires: data.wires.map((wire) => ({ ...WIRE, label: wire.name, ...wire })),
    gates: data.gates.map((gate) => ({ ...GATE, ...gate, place: places[gate.place] ?? null })),
    tables: Object.fromEntries(Object.entries(data.tables).map(([name, table]) => [name, tableOf(table)])),
    drawings: data.drawings.map(drawingOf),
  };
}

/** By wire, by gate and position: the output; what there is not is not there. */
function tableOf(table) {
  const flat = (list) => Object.fromEntries([...list.entries()].filter(([, output]) => output >= 0));
  const nested = (list) => Object.fromEntries([...list.entries()].filter(([, own]) => own).map(([gate, own]) => [gate, flat(own)]));
  return { ...table, values: flat(table.values), gradients: flat(table.gradients), parts: nested(table.parts), locals: nested(table.locals) };
}

function drawingOf(drawing) {
  return {
    ...drawing,
    nodes: drawing.nodes.map((node) => {
      const made = named(NODE, node);
      return { ...made, texts: made.texts.map(textOf) };
    }),
    wires: drawing.wires.map(([wire, branch, flat, paths, dots, name, value, gradient]) => ({
      wire,
      branch: branch === 1,
      uses: pairs(flat),
      paths,
      dots,
      name: textOf(name),
      value: textOf(value),
      gradient: textOf(gradient),
    })),
    texts: drawing.texts.map(textOf),
  };
}

function textOf(list) {
  return list ? { anchor: "middle", tone: "", ...named(TEXT, list) } : null;
}

function named(names, list) {
  return Object.fromEntries(list.map((value, k) => [names[k], value]));
}

function pairs(flat) {
  const found = [];
  for (let k = 0; k < flat.length; k += 2) found.push([flat[k], flat[k + 1]]);
  return found;
}
