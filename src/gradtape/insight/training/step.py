"""One step of a training, as it was, and what changed from it to the next."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradtape.insight.training.statistics import Summary


@dataclass(frozen=True)
class Flag:
    """Something that went wrong in a layer.

    kind: "vanishing", "exploding", "dead", "saturated" or "non-finite".  numbers: what was measured, by name.
    advice: what to try.
    """

    step: int
    layer: str
    kind: str
    numbers: Mapping[str, float]
    advice: str

    def __str__(self) -> str:
        measured = ", ".join(f"{name} {value:.4g}" for name, value in self.numbers.items())
        return f"step {self.step}, {self.layer}: {self.kind} ({measured}). {self.advice}"


@dataclass(frozen=True)
class WeightStatistics:
    """The numbers of a weight at a step: before it, of its gradient, of its update (None: not known)."""

    weight: Summary
    gradient: Summary | None
    update: Summary | None

    @property
    def ratio(self) -> float:
        """|update| / |weight|, by norms; nan where one is not known."""
        if self.update is None:
            return float("nan")
        if self.weight.norm == 0:
            return float("inf") if self.update.norm else 0.0
        return self.update.norm / self.weight.norm


@dataclass(frozen=True, eq=False)
class Step:
    """One step of a training.

    weights, after: each weight before and after the step, by name; an array, or a `Summary` where it is large.
    gradients: those the step was taken with (None: the loss did not depend on the weight).
    statistics: `WeightStatistics` by weight.  activations: `Summary` of each layer's results, by layer.
    layers: the names of each layer's weights.  dead: the fraction of a relu layer's units that gave only 0.
    loss: the target of the gradient, summed where it is not a scalar.  epoch, batch, learning_rate: None outside `fit`.
    """

    index: int
    epoch: int | None
    batch: int | None
    loss: float
    learning_rate: float | None
    weights: Mapping[str, np.ndarray | Summary]
    gradients: Mapping[str, np.ndarray | Summary | None]
    after: Mapping[str, np.ndarray | Summary | None]
    statistics: Mapping[str, WeightStatistics]
    activations: Mapping[str, Summary]
    dead: Mapping[str, float]
    layers: Mapping[str, tuple[str, ...]]
    flags: tuple[Flag, ...]

    def layer_norms(self, what: str) -> dict[str, float]:
        """The joint norm of each layer's weights, gradients or updates.  what: "weight", "gradient" or "update"."""
        found = {}
        for layer, names in self.layers.items():
            parts = [getattr(self.statistics[n], what) for n in names if n in self.statistics]
            known = [p.norm for p in parts if p is not None]
            found[layer] = float(np.sqrt(np.sum(np.square(known)))) if known else float("nan")
        return found

    def __repr__(self) -> str:
        where = "" if self.epoch is None else f", epoch {self.epoch}, batch {self.batch}"
        return (
            f"<Step {self.index}{where}: loss {self.loss:.6g}, {len(self.weights)} weights, "
            f"{len(self.activations)} layers' activations, {len(self.flags)} flags>"
        )

    __str__ = __repr__


@dataclass(frozen=True, eq=False)
class Change:
    """What a step did to one entry of a weight, or to a weight: norms, where `entry` is None."""

    weight: str
    entry: tuple[int, ...] | None
    old: float
    gradient: float
    update: float
    new: float

    @property
    def ratio(self) -> float:
        """|update| / |old|; inf where the old value was 0."""
        if self.old == 0:
            return float("inf") if self.update else 0.0
        return abs(self.update) / abs(self.old)

    @property
    def name(self) -> str:
        if self.entry is None:
            return f"‖{self.weight}‖"
        return f"{self.weight}[{','.join(map(str, self.entry))}]" if self.entry else self.weight


HEADINGS = ("weight", "old", "gradient", "update", "new", "|update|/|old|")


@dataclass(frozen=True, eq=False)
class Changes:
    """What changed from one step to the next: a row for each entry of small weights, a row of norms for others.

    `print` shows it as a table, notebooks as one of HTML; iterate over it for the rows as data.
    """

    step: int
    loss: float
    next_loss: float | None
    rows: tuple[Change, ...]

    def __iter__(self) -> Any:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, name: str) -> Change:
        """The row of a name such as "b", "w[0,1]" or "‖dense/kernel‖".  Raises KeyError, with the names there are."""
        for row in self.rows:
            if row.name == name:
                return row
        raise KeyError(
            f"There is no row {name!r}. There are: {', '.join(r.name for r in self.rows)}."
        )

    @property
    def title(self) -> str:
        then = "" if self.next_loss is None else f" → {self.next_loss:.6g}"
        return f"Step {self.step} → {self.step + 1}: loss {self.loss:.6g}{then}"

    def _cells(self) -> list[tuple[str, ...]]:
        return [
            (r.name, *[f"{v:.6g}" for v in (r.old, r.gradient, r.update, r.new)], f"{r.ratio:.3g}")
            for r in self.rows
        ]

    def text(self) -> str:
        """The table as plain text."""
        table = [HEADINGS, *self._cells()]
        widths = [max(len(row[k]) for row in table) for k in range(len(HEADINGS))]
        lines = [
            "  ".join([row[0].ljust(widths[0]), *[c.rjust(w) for c, w in zip(row[1:], widths[1:])]])
            for row in table
        ]
        return "\n".join([self.title, *[line.rstrip() for line in lines]])

    __str__ = __repr__ = text

    def _repr_html_(self) -> str:
        head = "".join(f"<th scope='col'>{html.escape(h)}</th>" for h in HEADINGS)
        body = "".join(
            "<tr><th scope='row' style='text-align:left'>"
            + html.escape(row[0]) + "</th>" + "".join(f"<td>{c}</td>" for c in row[1:]) + "</tr>"
            for row in self._cells()
        )  # fmt: skip
        return (
            f"<table style='text-align:right;font-variant-numeric:tabular-nums'><caption>{html.escape(self.title)}"
            f"</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        )
