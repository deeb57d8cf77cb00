"""What goes wrong while a model trains: found step by step, told once for each layer and kind.

vanishing   for 5 steps the gradient of a layer is under 1/1,000 of the last layer's (root mean square, all weights)
exploding   the gradient is over 100 times the median of the first 10 while the loss is higher than it ever was; or a
            hidden layer's mean |result| is over 10,000 times the first layer's; or a layer's gradient (from the second
            layer on) is over 10,000 times the last layer's
dead        half of the units of a relu layer or more gave 0 for every example, over 5 steps and 100 examples
saturated   for 5 steps, 9 of 10 results of a hidden sigmoid or tanh lie where its slope is under 5% of its largest
non-finite  infinities or NaNs in the loss, or in a layer's results, gradients or weights
"""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from gradtape.insight.training.layers import Activation
from gradtape.insight.training.statistics import Summary
from gradtape.insight.training.step import Flag

NAMED = 8  # layers in one line of the log
_log = logging.getLogger("gradtape")


@dataclass(frozen=True)
class Thresholds:
    """When a flag is raised.  steps: in a row, for vanishing, dead and saturated.

    vanishing: gradient of a layer / that of the last layer, root mean squares. exploding: gradient / median of the
    first 10. growth: of results or gradients from layer to layer. dead: fraction of units, over `examples` at least.
    saturated: fraction of results.
    """

    steps: int = 5
    vanishing: float = 1e-3
    exploding: float = 100.0
    growth: float = 1e4
    dead: float = 0.5
    examples: int = 100
    saturated: float = 0.9


ADVICE = {
    "vanishing": "Try relu in place of sigmoid or tanh, he_normal or glorot_uniform kernels, BatchNormalization, or "
    "inputs scaled to mean 0 and deviation 1.",
    "exploding": "Try a smaller learning rate, clipnorm=1.0 in the optimizer, or smaller initial kernels.",
    "dead": "Try a smaller learning rate, biases that start at 0, he_normal kernels, or LeakyReLU.",
    "saturated": "Try smaller initial kernels, inputs scaled to mean 0 and deviation 1, BatchNormalization, or relu.",
    "non-finite": "Look for a too large learning rate, log or division of 0, or NaN in the data; "
    "tf.debugging.check_numerics names the operation.",
}  # fmt: skip


class Seen(NamedTuple):
    """What a step gives for its diagnosis.  layers: names of weights by layer, in the order of the forward pass."""

    step: int
    loss: float
    layers: Mapping[str, Sequence[int]]  # places in `gradients` and `weights`
    gradients: Sequence[Summary | None]
    weights: Sequence[Summary]
    results: Sequence[Activation]
    summaries: Sequence[Summary]


class Watch:
    """Looks at one step after the other."""

    def __init__(self, thresholds: Thresholds):
        self._limits = thresholds
        self._raised: set[tuple[str, str]] = set()
        self._streaks: dict[tuple[str, str], int] = {}
        self._idle: dict[
            str, tuple[np.ndarray, np.ndarray]
        ] = {}  # steps and examples without a result
        self._first_norms: list[float] = []
        self._worst_loss = -math.inf
        self._broken = False
        self.dead: dict[
            str, float
        ] = {}  # the fraction of relu units that gave 0 for each example of the last step

    def look(self, seen: Seen) -> list[Flag]:
        """The flags that are new with this step."""
        self.dead = {}
        where = self._non_finite(seen)
        if where is None:
            found = [
                *self._dead(seen),
                *self._saturated(seen),
                *self._depth(seen),
                *self._growth(seen),
            ]
        else:  # what comes after is its consequence
            found = [] if self._broken else self._raise(seen, where[0], "non-finite", **where[1])
            self._broken = True
        self._worst_loss = max(self._worst_loss, seen.loss) if seen.loss == seen.loss else math.inf
        _tell(found)
        return found

    def _raise(self, seen: Seen, layer: str, kind: str, **numbers: float) -> list[Flag]:
        if (layer, kind) in self._raised:
            return []
        self._raised.add((layer, kind))
        return [Flag(seen.step, layer, kind, MappingProxyType(numbers), ADVICE[kind])]

    def _lasting(self, layer: str, kind: str, holds: bool) -> bool:
        """Whether something has held for so many steps in a row."""
        key = layer, kind
        self._streaks[key] = self._streaks.get(key, 0) + 1 if holds else 0
        return self._streaks[key] >= self._limits.steps

    # --- one kind after the other ---

    def _non_finite(self, seen: Seen) -> tuple[str, dict[str, float]] | None:
        """Where it begins: in the weights, in the results, forwards; then in the loss; then in gradients, backwards."""
        for layer, places in seen.layers.items():
            bad = sum(seen.weights[i].nonfinite for i in places)
            if bad:
                return layer, {"weights": bad}
        for result, summary in zip(seen.results, seen.summaries):
            if summary.nonfinite:
                return result.layer, {"results": summary.nonfinite}
        if not math.isfinite(seen.loss):
            return "loss", {"loss": seen.loss}
        for layer, places in reversed(list(seen.layers.items())):
            bad = sum(g.nonfinite for i in places if (g := seen.gradients[i]) is not None)
            if bad:
                return layer, {"gradients": bad}
        return None

    def _dead(self, seen: Seen) -> list[Flag]:
        found = []
        for result in seen.results:
            if result.kind != "relu" or result.array.ndim == 0:
                continue
            name, units = result.layer, result.array.shape[-1]
            flat = result.array.reshape(-1, units)
            silent = ~flat.any(axis=0)
            self.dead[name] = float(silent.mean()) if units else 0.0
            steps, examples = self._idle.get(name, (np.zeros(0, int), np.zeros(0, int)))
            if len(steps) != units:
                steps, examples = np.zeros(units, int), np.zeros(units, int)
            steps = np.where(silent, steps + 1, 0)
            examples = np.where(silent, examples + len(flat), 0)
            self._idle[name] = steps, examples
            dead = (steps >= self._limits.steps) & (examples >= self._limits.examples)
            if units and dead.mean() >= self._limits.dead:
                found += self._raise(seen, name, "dead", units=int(dead.sum()), of=units)
        return found

    def _saturated(self, seen: Seen) -> list[Flag]:
        found = []
        for result, summary in zip(seen.results, seen.summaries):
            if result.is_output or result.kind not in ("sigmoid", "tanh"):
                continue
            holds = summary.saturated >= self._limits.saturated
            if self._lasting(result.layer, "saturated", holds):
                found += self._raise(seen, result.layer, "saturated", fraction=summary.saturated)
        return found

    def _depth(self, seen: Seen) -> list[Flag]:
        """Gradients, layer by layer, against the last layer's; and results against the first layer's."""
        found: list[Flag] = []
        sizes = {layer: _rms([seen.gradients[i] for i in places]) for layer, places in seen.layers.items()}  # fmt: skip
        known = {layer: size for layer, size in sizes.items() if size is not None}
        last = next(reversed(known.values()), 0.0)
        silenced = any(fraction == 1.0 for fraction in self.dead.values())
        for place, (layer, size) in enumerate(list(known.items())[:-1]):
            ratio = size / last if last else 1.0
            low = ratio < self._limits.vanishing and not (size == 0 and silenced)
            if self._lasting(layer, "vanishing", low):
                found += self._raise(seen, layer, "vanishing", gradient=size, last_layer=last)
            if place and ratio > self._limits.growth:
                found += self._raise(seen, layer, "exploding", gradient=size, last_layer=last)
        hidden = [
            (r.layer, s.mean_abs) for r, s in zip(seen.results, seen.summaries) if not r.is_output
        ]
        for layer, size in hidden[1:]:
            first = hidden[0][1]
            if first and size / first > self._limits.growth:
                found += self._raise(seen, layer, "exploding", results=size, first_layer=first)
        return found

    def _growth(self, seen: Seen) -> list[Flag]:
        """The gradient of all weights against that of the first steps."""
        norms = {
            layer: math.sqrt(sum(g.norm**2 for i in places if (g := seen.gradients[i]) is not None))
            for layer, places in seen.layers.items()
        }
        norm = math.sqrt(sum(n * n for n in norms.values()))
        before = float(np.median(self._first_norms)) if self._first_norms else 0.0
        if len(self._first_norms) < 10:
            self._first_norms.append(norm)
        if before and norm > self._limits.exploding * before and seen.loss > self._worst_loss:
            layer = max(norms, key=lambda name: norms[name])
            return self._raise(seen, layer, "exploding", gradient=norms[layer], at_first=before)
        return []


def _tell(flags: Sequence[Flag]) -> None:
    """Log what is new; of layers with the same trouble, the first in full and the others by name."""
    by_kind: dict[str, list[Flag]] = {}
    for flag in flags:
        by_kind.setdefault(flag.kind, []).append(flag)
    for first, *others in by_kind.values():
        names = ", ".join(flag.layer for flag in others[:NAMED])
        more = f", and {len(others) - NAMED} more" if len(others) > NAMED else ""
        also = f" The same: {names}{more}." if others else ""
        _log.warning("Training: %s%s", first, also)


def _rms(parts: Sequence[Summary | None]) -> float | None:
    given = [p for p in parts if p is not None and p.size]
    if not given:
        return None
    return math.sqrt(sum(p.norm**2 for p in given) / sum(p.size for p in given))
