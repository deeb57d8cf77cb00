"""The figures of a training that was recorded.  Each is a matplotlib Figure whose title says what is to be seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradtape.base.errors import ArgumentError
from gradtape.insight.training.drawing import (
    INK,
    curve,
    figure,
    legend,
    matplotlib,
    running_mean,
    short,
)
from gradtape.insight.training.rows import GRADIENT, UPDATE, WEIGHT, Row, series
from gradtape.insight.training.statistics import counted, edges
from gradtape.insight.training.step import Flag

GUIDE = 1e-3  # of its weights: an update of this size is about right
STEPS, BANDS = 200, 60  # cells of a heat map
MAPS = 12  # heat maps of one figure, at most


class Figures:
    """The figures of a recorder."""

    _rows: Any
    losses: tuple[list[int], list[float]]
    flags: tuple[Flag, ...]

    def _settled(self) -> list[Row]:
        raise NotImplementedError

    def _row(self, k: int) -> Row:
        raise NotImplementedError

    def _some(self) -> list[Row]:
        rows = self._settled()
        if not rows:
            raise ArgumentError(
                "There is nothing to draw: no step was recorded. Give the recorder to fit, or put the loop inside of "
                "`with recorder:`."
            )
        return rows

    def plot_loss(self) -> Any:
        """The loss of every step, on a logarithmic scale where it covers more than a decade."""
        self._some()
        steps, values = self.losses
        known = np.asarray(values, np.float64)
        finite = np.isfinite(known)
        log = (
            bool(finite.any())
            and known[finite].min() > 0
            and known[finite].max() > 10 * known[finite].min()
        )
        made, (axis,) = figure(7.2, 3.8, _loss_title(steps, known))
        curve(axis, steps, known, 0, "loss", log)
        if log:
            axis.set_yscale("log")
        for step, text in _flags(self.flags)[:6]:
            axis.axvline(step, color="#D55E00", linewidth=0.9, linestyle=(0, (4, 3)))
            axis.text(
                step, 0.98, text, transform=axis.get_xaxis_transform(), rotation=90, va="top", ha="right", fontsize=8,
                color="#9c4400", bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 1},
            )  # fmt: skip
        axis.set_xlabel("step")
        axis.set_ylabel("loss")
        return made

    def plot_gradient_flow(self, k: int = -1) -> Any:
        """Mean and largest |gradient| of each layer at step k, from the first layer to the last."""
        self._some()
        row = self._row(k)
        layers, mean, largest = [], [], []
        for layer, names in row.layers.items():
            parts = [
                p.numbers[GRADIENT] for p in row.parts if p.name in names and p.numbers[GRADIENT, 9]
            ]
            if parts:
                found = np.stack(parts)
                layers.append(layer)
                mean.append(float(found[:, 5] @ found[:, 9] / found[:, 9].sum()))
                largest.append(float(np.abs(found[:, 2:4]).max()))
        made, (axis,) = figure(
            8.0, 1.5 + 0.36 * max(len(layers), 3), _flow_title(row.index, layers, mean)
        )
        places = np.arange(len(layers))
        axis.barh(places, largest, height=0.72, color="#cfe3f1", label="largest |gradient|")
        axis.barh(places, mean, height=0.4, color="#0072B2", label="mean |gradient|")
        positive = [v for v in (*mean, *largest) if v > 0]
        if positive:
            axis.set_xscale("log")
            axis.set_xlim(10 ** np.floor(np.log10(min(positive)) - 0.1), max(positive) * 1.5)
        axis.set_yticks(places, layers)
        axis.invert_yaxis()
        axis.grid(False, axis="y")
        axis.set_xlabel("|gradient|")
        axis.set_ylabel("layer, input first")
        legend(made, axis)
        return made

    def plot_norms(self) -> Any:
        """The norms of each layer's gradients and weights over time."""
        rows = self._some()
        layers = _layers(rows)
        found = {what: [series(rows, la, what) for la in layers] for what in (GRADIENT, WEIGHT)}
        made, panels = figure(8.0, 5.2, _norm_title(layers, found[GRADIENT]), rows=2, sharex=True)
        for axis, what, label in zip(panels, (GRADIENT, WEIGHT), ("gradient norm", "weight norm")):
            log = _wants_log([v for _, values in found[what] for v in values])
            for number, (layer, (steps, values)) in enumerate(zip(layers, found[what])):
                curve(axis, steps, values, number, layer, log, len(layers))
            if log:
                axis.set_yscale("log")
            axis.set_ylabel(label)
        panels[-1].set_xlabel("step")
        legend(made, panels[0])
        return made

    def plot_update_ratio(self) -> Any:
        """log10 of |update| / |weights| of each layer over time, with the guide line at 1/1,000."""
        rows = self._some()
        layers = _layers(rows)
        lines = []
        for layer in layers:
            norms = dict(zip(*series(rows, layer, WEIGHT)))
            steps, updates = series(rows, layer, UPDATE)
            pairs = [
                (s, u / norms[s]) for s, u in zip(steps, updates) if u > 0 and norms.get(s, 0) > 0
            ]
            lines.append(([s for s, _ in pairs], [float(np.log10(r)) for _, r in pairs]))
        made, (axis,) = figure(8.0, 4.0, _ratio_title(layers, lines))
        for number, (layer, (steps, values)) in enumerate(zip(layers, lines)):
            curve(axis, steps, values, number, layer, False, len(layers))
        axis.axhline(
            np.log10(GUIDE), color=INK, linewidth=1.0, linestyle=(0, (6, 3)), label="1/1,000"
        )
        axis.set_xlabel("step")
        axis.set_ylabel("log10(|update| / |weights|)")
        legend(made, axis)
        return made

    def plot_histograms(
        self, what: str = "activations", layers: Sequence[str] | None = None
    ) -> Any:
        """How the values of each layer are spread, over time: darker where more of them lie.

        what: "activations", "weights" or "gradients".  layers: names of layers (of weights: theirs); None: all, 12 at
        most.  Raises ValueError for other texts, and where nothing of the kind was recorded.
        """
        rows = self._some()
        found = _histograms(rows, what, layers)
        if not found:
            raise ArgumentError(f"No {what} of these layers were recorded.", layers=layers)
        shown = dict(list(found.items())[:MAPS])
        columns = 2 if len(shown) in (2, 4) else min(3, len(shown))
        lines = -(-len(shown) // columns)
        made, panels = figure(
            max(3.0 * columns, 5.4) + 0.6, 1.0 + 2.3 * lines, _histogram_title(what, shown, len(found)), lines, columns,
            sharex=True,
        )  # fmt: skip
        image = None
        for axis, (name, columns_of) in zip(panels, shown.items()):
            image = _heat_map(axis, columns_of)
            axis.set_title(name, loc="left", fontsize=9.5, color=INK)
        for axis in panels[len(shown) :]:
            axis.set_visible(False)
        for axis in panels[max(0, len(shown) - columns) : len(shown)]:
            axis.set_xlabel("step")
            axis.tick_params(labelbottom=True)
        for axis in panels[::columns]:
            axis.set_ylabel("value")
        bar = made.colorbar(image, ax=panels, shrink=0.8, pad=0.02)
        bar.set_label(
            "share of the values in a band\n(of the fullest band of the step)",
            fontsize=8,
            color=INK,
        )
        bar.ax.tick_params(labelsize=8, colors=INK)
        bar.outline.set_visible(False)
        return made


# --- histograms over time ---

Columns = list[tuple[int, np.ndarray, np.ndarray]]  # step, edges, counts


def _histograms(rows: Sequence[Row], what: str, layers: Sequence[str] | None) -> dict[str, Columns]:
    if what not in ("activations", "weights", "gradients"):
        raise ArgumentError(
            'Expected `what` as "activations", "weights" or "gradients".', what=what
        )
    if len(rows) > STEPS:
        chosen = np.unique(np.linspace(0, len(rows) - 1, STEPS).astype(int))
        rows = [rows[i] for i in chosen]
    found: dict[str, Columns] = {}
    for row in rows:
        if what == "activations":
            for name, n, counts in zip(row.results, row.result_numbers, row.result_counts):
                if layers is None or name in layers:
                    found.setdefault(name, []).append((row.index, edges(n[2], n[3]), counts))
            continue
        k = WEIGHT if what == "weights" else GRADIENT
        for layer, names in row.layers.items():
            for name in names if layers is None or layer in layers else ():
                part = row.part(name)
                if part is None or not part.numbers[k, 9]:
                    continue
                n, array = part.numbers[k], (part.weight, part.gradient)[k]
                counts = part.counts[k] if part.counts is not None else counted(array, n[2], n[3])
                found.setdefault(name, []).append((row.index, edges(n[2], n[3]), counts))
    return found


def _range(columns: Columns) -> tuple[float, float]:
    """The values to show: those of nearly all steps, for one wild step hides all others."""
    low = np.array([e[0] for _, e, c in columns if c.any()])
    high = np.array([e[-1] for _, e, c in columns if c.any()])
    if not len(low):
        return 0.0, 1.0
    return float(np.quantile(low, 0.02)), float(np.quantile(high, 0.98))


def _heat_map(axis: Any, columns: Columns) -> Any:
    bands = np.linspace(*_range(columns), BANDS + 1)
    image = np.zeros((BANDS, len(columns)))
    for place, (_, borders, counts) in enumerate(columns):
        total = np.concatenate([[0], np.cumsum(counts)])
        spread = np.diff(np.interp(bands, borders, total))
        image[:, place] = spread / spread.max() if spread.any() else 0
    steps = np.array([s for s, _, _ in columns], float)
    middle = (steps[1:] + steps[:-1]) / 2
    borders = np.concatenate([[steps[0] - 0.5], middle, [steps[-1] + 0.5]])
    axis.grid(False)
    norm = matplotlib("colors").PowerNorm(0.45, 0, 1)
    return axis.pcolormesh(borders, bands, image, cmap="Blues", norm=norm, rasterized=True)


# --- what is seen, in words ---


def _loss_title(steps: Sequence[int], values: np.ndarray) -> str:
    finite = np.flatnonzero(np.isfinite(values))
    if not len(finite):
        return "The loss was never finite"
    if len(finite) < len(values):
        bad = int(np.flatnonzero(~np.isfinite(values))[0])
        return f"The loss is not finite from step {steps[bad]:,} on"
    if len(values) == 1:
        return f"Loss {short(values[0])} at the only step"
    means, size = running_mean(values)
    first, last, best = means[0], means[-1], int(np.argmin(means))
    text = f"The loss {'fell' if last < first else 'rose'} from {short(first)} to {short(last)}"
    text += f" in {steps[-1] + 1:,} steps"
    if means[best] < 0.9 * last:
        text += f"; lowest {short(means[best])} at step {steps[best]:,}"
    return text if size == 1 else f"{text} (means of {size})"


def _flow_title(step: int, layers: Sequence[str], mean: Sequence[float]) -> str:
    if len(layers) < 2:
        return f"Gradient at step {step:,}"
    if not mean[0]:
        return f"Step {step:,}: no gradient reaches '{layers[0]}'"
    if not mean[-1]:
        return f"Step {step:,}: the gradient of '{layers[-1]}' is 0"
    ratio = mean[-1] / mean[0]
    if 1 / 3 < ratio < 3:
        return (
            f"Step {step:,}: '{layers[0]}' and '{layers[-1]}' get gradients of about the same size"
        )
    change = f"{short(ratio)} times smaller" if ratio > 1 else f"{short(1 / ratio)} times larger"
    return f"Step {step:,}: the gradient of '{layers[0]}' is {change} than that of '{layers[-1]}'"


def _norm_title(layers: Sequence[str], found: Sequence[tuple[list[int], list[float]]]) -> str:
    means = {la: running_mean(v, True)[0] for la, (_, v) in zip(layers, found)}
    ends = {la: (v[0], v[-1]) for la, v in means.items() if len(v) > 1 and v[0] > 0}
    if not ends:
        return "Norms of gradients and weights"
    layer = max(ends, key=lambda la: abs(np.log(max(ends[la][1], 1e-300) / ends[la][0])))
    first, last = ends[layer]
    verb = "grew" if last > first else "fell"
    return f"The gradient of '{layer}' {verb} from {short(first)} to {short(last)}"


def _ratio_title(layers: Sequence[str], lines: Sequence[tuple[list[int], list[float]]]) -> str:
    middle = {la: float(np.median(v)) for la, (_, v) in zip(layers, lines) if v}
    if not middle:
        return "No weight was changed"
    low, high = min(middle, key=lambda la: middle[la]), max(middle, key=lambda la: middle[la])
    if low == high:
        return f"'{low}' changes by {_percent(middle[low])} of itself in a step"
    return f"In a step '{low}' changes by {_percent(middle[low])} of itself, '{high}' by {_percent(middle[high])}"


def _percent(log: float) -> str:
    return f"{short(100 * 10**log)}%"


def _histogram_title(what: str, shown: dict[str, Columns], of: int) -> str:
    def width(columns: Columns) -> float:
        return float(np.mean([edges[-1] - edges[0] for _, edges, _ in columns]))

    some = {n: max(1, len(c) // 10) for n, c in shown.items() if len(c) > 1}
    growth = {n: width(shown[n][-k:]) / width(shown[n][:k]) for n, k in some.items()}
    more = f" ({len(shown)} of {of})" if of > len(shown) else ""
    if not growth:
        return f"Spread of the {what}{more}"
    name = max(growth, key=lambda n: abs(np.log(max(growth[n], 1e-300))))
    factor = growth[name]
    if 0.5 < factor < 2:
        return f"The {what} stay about as widely spread as at first{more}"
    change = f"{short(factor)} times wider" if factor > 1 else f"{short(1 / factor)} times narrower"
    return f"The {what} of '{name}' end {change} than they began{more}"


# --- small things ---


def _layers(rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(layer for row in rows for layer in row.layers))


def _wants_log(values: Sequence[float]) -> bool:
    """Whether a logarithmic scale shows more: all are positive, over more than a decade."""
    return bool(values) and all(0 < v < np.inf for v in values) and max(values) > 10 * min(values)


def _flags(flags: Sequence[Flag]) -> list[tuple[int, str]]:
    """What was flagged at each step, in short."""
    found: dict[tuple[int, str], list[str]] = {}
    for flag in flags:
        found.setdefault((flag.step, flag.kind), []).append(flag.layer)
    texts: dict[int, list[str]] = {}
    for (step, kind), layers in found.items():
        more = f" and {len(layers) - 1} more" if len(layers) > 1 else ""
        texts.setdefault(step, []).append(f"{kind}: {layers[0]}{more}")
    return [(step, "\n".join(lines)) for step, lines in texts.items()]
