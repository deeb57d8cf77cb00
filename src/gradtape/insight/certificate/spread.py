"""How far rounding moves a gradient: the wide operations once more, forward and backward, each result a little off.

    bound = how far gradients are moved by roundings of the user's dtype, found by experiment

The rules of the cards are believed here only for how errors grow, never for what the gradient is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import FunctionType, SimpleNamespace
from typing import Any

import numpy as np

from gradtape.base.errors import GradientError
from gradtape.base.quiet import quiet
from gradtape.core import backward as back
from gradtape.core.bind import RAW
from gradtape.core.context import no_recording
from gradtape.core.slices import IndexedSlices
from gradtape.core.tensor import Tensor
from gradtape.insight.certificate.program import Run
from gradtape.insight.certificate.shaking import Shake, Shaken, roundoff_of, rounds
from gradtape.insight.certificate.wide import Step

TRIES, FEW_TRIES = 10, 4
SAFETY = 6.0
# Roundings of float64 are tried this large: smaller ones drown in those of the experiment.
MAGNIFIED = 2.0**-41


@dataclass(frozen=True)
class Spread:
    """gradients: by the cards' own rules, in float64, or None.

    own: how far rounding in the user's dtypes moves each entry (root of the mean square).  wide: the same for float64.
    noise: how far rounding in float64 moves the value.
    """

    gradients: list[np.ndarray] | None
    own: list[np.ndarray]
    wide: list[np.ndarray]
    noise: float


def spread_of(run: Run, seeds: Sequence[np.ndarray], seed: int) -> Spread:
    """From the kept operations of a run at the sources' own values."""
    value = run.value(seeds)
    exact = None if run.opaque or run.unseen else _gradients(run, seeds, None)
    wide = all(roundoff_of(step.dtype) <= 2.0**-53 for step in run.steps)
    noise = 0.0
    fine, own = ([np.zeros(start._value.shape) for start in run.starts] for _ in range(2))
    for tries, scale, found in (
        (TRIES if wide else FEW_TRIES, MAGNIFIED, fine),
        (0 if wide else TRIES, None, own),
    ):
        for k in range(tries):
            shake = Shake(np.random.default_rng([seed, k, scale is None]), scale, alike=k % 3 == 2)
            moved, values = _gradients(run, seeds, shake), shake.value
            if scale is not None and np.isfinite(values):
                noise = max(noise, abs(values - value))
            if exact is None or moved is None:
                continue
            with quiet():
                for total, a, b in zip(found, exact, moved):
                    # Where both are the same infinity or NaN, rounding moves nothing.
                    off = np.where((a == b) | ((a != a) & (b != b)), 0.0, np.abs(a - b))
                    total += np.where(np.isfinite(off), np.square(off), np.inf) / tries
    down = 2.0**-53 / MAGNIFIED
    fine = [np.sqrt(f) * down for f in fine]
    noise = noise * down + 2.0**-53 * abs(value)
    own = fine if wide else [np.sqrt(x) for x in own]
    return Spread(exact, own, fine, noise)


def _gradients(
    run: Run, seeds: Sequence[np.ndarray], shake: Shake | None
) -> list[np.ndarray] | None:
    """The gradients of the sources by the cards' rules; None where a rule is missing."""
    records, places = (_plain(run.steps), {}) if shake is None else _forward(run, shake)
    F = RAW if shake is None else Shaken(shake)
    outputs = [places.get(id(t), t) for t in run.outputs]
    if shake is not None:
        shake.value = sum(float(np.sum(np.conj(s) * t._value).real) for s, t in zip(seeds, outputs))
    cotangents: dict[int, Any] = {}
    for target, given in zip(outputs, seeds):
        if target._value.dtype.kind in "fc":
            before = cotangents.get(id(target))
            cotangents[id(target)] = given if before is None else before + given
    try:
        with no_recording(), quiet():
            found = back.backward(records, cotangents, {id(s) for s in run.starts}, F)
    except GradientError:
        return None
    result = []
    for start in run.starts:
        g = found.get(id(start))
        if g is None:
            g = np.zeros_like(start._value)
        result.append(np.asarray(back.dense(g, RAW) if isinstance(g, IndexedSlices) else g))
    return result


def _plain(steps: Sequence[Step]) -> list[Any]:
    return [(s.card, s.attrs, s.inputs, s.output, s.site) for s in steps]


def _forward(run: Run, shake: Shake) -> tuple[list[Any], dict[int, Tensor]]:
    """The operations once more, off by roundings: records with rules that round, and the new tensors by the old ids."""
    places: dict[int, Tensor] = {}
    records = []
    with quiet():
        for step in run.steps:
            shake.dtype = step.dtype
            inputs: Any = tuple([places.get(id(t), t) for t in step.inputs])
            found = shake.kernel(step.card)(*[t._value for t in inputs], **step.attrs)
            olds: Any = step.output if step.card.multi else (step.output,)
            made = []
            for value, old in zip(found if step.card.multi else (found,), olds):
                made.append(Tensor(np.asarray(value, old._value.dtype)))
                places[id(old)] = made[-1]
            output = tuple(made) if step.card.multi else made[0]
            records.append((_rounding(step, shake), step.attrs, inputs, output, None))
    return records, places


def _rounding(step: Step, shake: Shake) -> Any:
    """The card with a rule whose results are off."""
    card = step.card

    def rule(*args: Any, **attrs: Any) -> Any:
        shake.dtype = step.dtype
        return [off(c) for c in card.vjp(*args, **attrs)]

    def off(c: Any) -> Any:
        if type(c) is FunctionType:

            def later() -> Any:
                return off(c())

            return later
        return shake(c)

    exact = card.vjp is None or not rounds(card)
    return SimpleNamespace(
        vjp=card.vjp if exact else rule, optional_cotangents=card.optional_cotangents,
        passes_slices=card.passes_slices, gradient_missing=card.gradient_missing,
        tf_name=card.tf_name, no_gradient=card.no_gradient,
    )  # fmt: skip
