// Pictures of numbers: the loss curve, bars, the regions of the plane, maps of weights.

const SVG = "http://www.w3.org/2000/svg";

export const numberOf = (value) =>
  typeof value === "number" ? value : { nan: NaN, inf: Infinity, "-inf": -Infinity }[value];

// Four significant digits; the exact number is in the cell's data.
export function text(value) {
  const number = numberOf(value);
  if (!Number.isFinite(number)) return Number.isNaN(number) ? "nan" : number > 0 ? "∞" : "−∞";
  if (number === 0) return "0";
  const size = Math.abs(number);
  const plain = size >= 1e-3 && size < 1e5 ? number.toPrecision(4) : number.toExponential(2);
  return plain.replace("-", "−").replace("e-", "e−").replace("e+", "e");
}

export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function drawn(tag, attributes, label) {
  const made = document.createElementNS(SVG, tag);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (label !== undefined) made.textContent = label;
  return made;
}

export const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// --- the loss curve ---

const BOX = { width: 480, height: 260, left: 62, right: 14, top: 14, bottom: 32 };

export function drawCurve(holder, curve) {
  const points = curve.map(([step, loss]) => [step, numberOf(loss)]).filter(([, loss]) => Number.isFinite(loss));
  const svg = drawn("svg", { viewBox: `0 0 ${BOX.width} ${BOX.height}`, class: "curve", role: "img" });
  if (points.length) {
    const last = points.at(-1);
    svg.setAttribute("aria-label", `Loss from ${text(points[0][1])} to ${text(last[1])} in ${last[0]} steps`);
    const losses = points.map(([, loss]) => loss);
    const low = Math.min(0, ...losses);
    const high = Math.max(...losses) || 1;
    const end = Math.max(1, last[0]);
    const x = (step) => BOX.left + (step / end) * (BOX.width - BOX.left - BOX.right);
    const y = (loss) => BOX.height - BOX.bottom - ((loss - low) / (high - low || 1)) * (BOX.height - BOX.top - BOX.bottom);
    for (const share of [0, 0.5, 1]) {
      const loss = low + share * (high - low);
      svg.append(
        drawn("line", { class: "rule", x1: BOX.left, x2: BOX.width - BOX.right, y1: y(loss), y2: y(loss) }),
        drawn("text", { class: "tick", x: BOX.left - 8, y: y(loss) + 4, "text-anchor": "end" }, share ? text(loss) : text(low)),
      );
    }
    svg.append(
      drawn("text", { class: "tick", x: BOX.left, y: BOX.height - 8 }, "0"),
      drawn("text", { class: "tick", x: BOX.width - BOX.right, y: BOX.height - 8, "text-anchor": "end" }, last[0] === 1 ? "1 step" : `${end} steps`),
      drawn("path", { class: "line", d: `M${points.map(([s, l]) => `${x(s).toFixed(1)} ${y(l).toFixed(1)}`).join("L")}` }),
      drawn("circle", { class: "now", cx: x(last[0]), cy: y(last[1]), r: 4 }),
    );
  }
  holder.replaceChildren(svg);
}

// --- what the network says ---

export function drawShown(holder, shown, dials) {
  const rows = [];
  for (const [name, value] of Object.entries(shown)) {
    const values = Array.isArray(value) ? value.flat(3) : [value];
    const wanted = Math.round(dials.target ?? -1);
    values.forEach((one, index) => {
      const label = values.length > 1 ? `class ${index}` : name;
      const target = values.length > 1 && index === wanted;
      rows.push(bar(label, one, target, name === "score"));
    });
  }
  holder.replaceChildren(element("dl", { class: "bars" }, ...rows.flat()));
}

function bar(label, value, target, plain) {
  const number = numberOf(value);
  const name = element("dt", {}, label);
  if (target) name.append(element("span", { class: "tag" }, "target"));
  const cell = element("dd", { "data-exact": String(value) });
  if (!plain) {
    const fill = element("span", { class: "fill" });
    fill.style.width = `${Math.max(0, Math.min(1, number || 0)) * 100}%`;
    cell.append(element("span", { class: "track" }, fill));
  }
  cell.append(element("span", { class: "figure" }, text(value)));
  return [name, cell];
}

// --- the plane ---

const bytes = (base64) => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
const rgb = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));

export function drawRegions(canvas, { side, reach, levels }, points, labels) {
  const data = bytes(levels);
  const [zero, middle, one] = ["--nought", "--paper", "--one"].map((name) => rgb(colour(name)));
  const small = new ImageData(side, side);
  data.forEach((level, index) => {
    const share = level / 255;
    const [from, to, at] = share < 0.5 ? [zero, middle, share * 2] : [middle, one, share * 2 - 1];
    for (let k = 0; k < 3; k += 1) small.data[4 * index + k] = from[k] + (to[k] - from[k]) * at;
    small.data[4 * index + 3] = 255;
  });
  const tile = new OffscreenCanvas(side, side);
  tile.getContext("2d").putImageData(small, 0, 0);
  const pen = canvas.getContext("2d");
  const size = canvas.width;
  pen.imageSmoothingEnabled = true;
  pen.drawImage(tile, 0, 0, size, size);
  pen.lineWidth = 1.5;
  pen.strokeStyle = colour("--point-edge");
  points.forEach(([x, y], index) => {
    const [cx, cy] = [(x / reach + 1) * 0.5 * size, (1 - y / reach) * 0.5 * size];
    pen.fillStyle = colour(labels[index] ? "--plus" : "--minus");
    pen.beginPath();
    if (labels[index]) pen.arc(cx, cy, 4.5, 0, 2 * Math.PI);
    else pen.rect(cx - 4, cy - 4, 8, 8);
    pen.fill();
    pen.stroke();
  });
}

// --- weights ---

export function drawTensor(holder, tensor) {
  const scalar = tensor.shape.length === 0;
  const open = holder.querySelector("details")?.open ?? false;
  const title = element("h3", {}, tensor.name);
  if (!scalar) title.append(element("span", { class: "shape" }, ` ${tensor.shape.join(" × ")}`));
  const ratio = element("p", { class: "ratio", "data-exact": String(tensor.ratio) });
  ratio.append(`update / weight ${tensor.ratio === null ? "–" : text(tensor.ratio)}`);
  holder.dataset.tensor = tensor.name;
  if (scalar) {
    const pair = element("dl", { class: "pair" },
      element("dt", {}, "value"), figure("value", tensor.value[0], "dd"),
      element("dt", {}, "gradient"), figure("gradient", tensor.gradient[0], "dd"));
    holder.replaceChildren(title, pair, ratio);
    return;
  }
  const maps = element("div", { class: "maps" });
  for (const kind of ["value", "gradient"]) maps.append(map(tensor, kind));
  const numbers = element("details", {}, element("summary", {}, "Numbers"), table(tensor));
  numbers.open = open;
  holder.replaceChildren(title, maps, ratio, numbers);
}

// A value is green; a gradient has the colour of its sign.
function classOf(kind, value) {
  if (kind === "value") return kind;
  const number = numberOf(value);
  return number > 0 ? `${kind} plus` : number < 0 ? `${kind} minus` : kind;
}

const figure = (kind, value, tag = "span") =>
  element(tag, { class: classOf(kind, value), "data-exact": String(value) }, text(value));

function map(tensor, kind) {
  const values = tensor[kind].map(numberOf);
  const columns = tensor.shape.at(-1) === 1 ? values.length : tensor.shape.at(-1); // a column lies down
  const rows = values.length / columns;
  const largest = Math.max(...values.map(Math.abs).filter(Number.isFinite), 0);
  const label = `${kind} of ${tensor.name}, largest ${text(largest)}`;
  const canvas = element("canvas", { width: columns, height: rows, class: "map", role: "img", "aria-label": label });
  const [less, none, more] = ["--minus", "--panel", "--plus"].map((name) => rgb(colour(name)));
  const image = new ImageData(columns, rows);
  values.forEach((value, index) => {
    const share = largest ? Math.min(1, Math.abs(value || 0) / largest) : 0;
    const end = value < 0 ? less : more;
    for (let k = 0; k < 3; k += 1) image.data[4 * index + k] = none[k] + (end[k] - none[k]) * share;
    image.data[4 * index + 3] = 255;
  });
  canvas.getContext("2d").putImageData(image, 0, 0);
  canvas.style.width = `${Math.min(columns * 22, 190)}px`;
  canvas.style.height = `${Math.min(rows * 22, 190)}px`;
  return element("figure", {}, canvas, element("figcaption", {}, kind, element("span", {}, ` ±${text(largest)}`)));
}

function table(tensor) {
  const columns = tensor.shape.at(-1);
  const body = element("tbody");
  tensor.value.forEach((value, index) => {
    const place = tensor.shape.length > 1 ? [Math.floor(index / columns), index % columns] : [index];
    body.append(
      element("tr", {}, element("th", { scope: "row" }, `[${place.join(", ")}]`),
        figure("value", value, "td"), figure("gradient", tensor.gradient[index], "td")),
    );
  });
  const head = ["entry", "value", "gradient"].map((name) => element("th", { scope: "col" }, name));
  const whole = element("table", {}, element("thead", {}, element("tr", {}, ...head)), body);
  return element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": `Numbers of ${tensor.name}` }, whole);
}
