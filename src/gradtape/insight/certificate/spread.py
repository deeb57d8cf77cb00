"""How far rounding moves a gradient: the wide operations once more, forward and backward, each result a little off.

    bound = how far gradients are moved by roundings of the user's dtype, found by experiment

The rules of the cards are believed here only for how errors grow, never for what the gradient is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import FunctionType, SimpleNamespace
from typing import Any

import numpy as np

from gradtape.base.errors import GradientError
from gradtape.base.quiet import quiet
from gradtape.core import backward as back
from gradtape.core.bind import RAW, Raw
from gradtape.core.card import REGISTRY
from gradtape.core.context import no_recording
from gradtape.core.slices import IndexedSlices
from gradtape.core.tensor import Tensor
from gradtape.insight.certificate.program import Run
from gradtape.insight.certificate.wide import Step

TRIES, FEW_TRIES = 10, 4
SAFETY = 6.0
ROUNDOFF = {"float64": 2.0**-53, "complex128": 2.0**-53, "float16": 2.0**-11, "bfloat16": 2.0**-8}
SMALLEST = {"float64": 0.0, "complex128": 0.0, "float16": 2.0**-24, "bfloat16": 2.0**-133}
MAGNIFIED = (
    2.0**-41
)  # roundings of float64 are tried this large: smaller ones drown in those of the experiment
_ROUNDS = frozenset(("Elementwise", "Reduce", "Contraction", "Scan", "Opaque", "Segment", "Random"))
_TERMS = frozenset(("Reduce", "Contraction", "Scan", "Opaque", "Segment"))
_EXACT = frozenset(
    ("negative", "abs", "sign", "maximum", "minimum", "relu", "relu_grad", "where", "real", "imag", "conj", "complex",
     "floor", "ceil", "round", "rint", "reduce_max", "reduce_min", "relu6", "relu6_grad", "clip_by_value", "arg_order",
     "top_k", "take_last", "put_last", "max_pool", "max_pool_grad", "segment_max", "segment_min")
)  # fmt: skip
_CORRECT = frozenset(
    (
        "add",
        "subtract",
        "multiply",
        "real_div",
        "square",
        "sqrt",
        "reciprocal",
        "add_n",
        "squared_difference",
        "div_no_nan",
        "mul_no_nan",
        "cast",
    )
)  # rounded correctly; the other elementwise functions are off by some units in the last place
KERNELS = 4.0
_INNER = {
    "elu": 1.0, "selu": 1.7580993408473766,  # e^x - 1 is rounded as e^x is
    "softmax_cross_entropy_with_logits": 1.0, "sparse_softmax_cross_entropy_with_logits": 1.0,
}  # fmt: skip


def roundoff_of(dtype: np.dtype[Any]) -> float:
    """Half a unit in the last place of 1."""
    return ROUNDOFF.get(dtype.name, 2.0**-24)


def smallest_of(dtype: np.dtype[Any]) -> float:
    """The smallest number above 0."""
    return SMALLEST.get(dtype.name, 2.0**-149)


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


class Shake:
    """Moves results as a rounding may.  scale: how far, relatively; None: by the roundoff of each operation's dtype."""

    def __init__(self, rng: np.random.Generator, scale: float | None, alike: bool):
        self.rng, self.scale, self.alike = rng, scale, alike
        self.dtype = np.dtype(np.float64)
        self.value: Any = 0.0

    def __call__(self, x: Any, weight: float = 1.0) -> Any:
        if getattr(getattr(x, "dtype", None), "kind", "") not in ("f", "c"):
            return x  # no numbers, or slices
        shape = () if self.alike else np.shape(x)
        sign: Any = (self.rng.integers(0, 2, shape) * 2.0 - 1.0) * weight
        if self.scale is not None:
            return np.asarray(x * (1.0 + self.scale * sign))
        small = smallest_of(self.dtype)
        moved = x * (1.0 + roundoff_of(self.dtype) * sign)
        return np.asarray(moved + np.where(x == 0, 0.0, small * sign))

    def kernel(self, card: Any) -> Callable[..., Any]:
        """The card's kernel with its roundings."""
        kernel = card.kernel
        if card.family not in _ROUNDS or card.name in _EXACT:
            return kernel
        terms, inner = card.family in _TERMS, _INNER.get(card.name, 0.0)
        half = (
            roundoff_of(self.dtype) >= 2.0**-11 and self.scale is None
        )  # computed in float32, then rounded once
        weight = 1.0 if card.family != "Elementwise" or card.name in _CORRECT or half else KERNELS

        def shaken(*arrays: Any, **attrs: Any) -> Any:
            if terms:
                many = _many_terms(card, arrays)
                arrays = tuple([self(a, many) for a in arrays])
            found = kernel(*arrays, **attrs)
            if inner and card.multi:  # a loss, and the probabilities less the labels
                return (self(found[0]), self(found[1] + inner) - inner, *found[2:])
            if inner:
                return self(found - inner, weight) + inner
            return tuple([self(y) for y in found]) if card.multi else self(found, weight)

        return shaken


def _many_terms(card: Any, arrays: Sequence[Any]) -> float:
    """By how much more than one rounding each term of a sum may be off, as sums are added up one after the other."""
    sizes = [np.size(a) for a in arrays if getattr(a, "dtype", None) is not None]
    if card.family != "Contraction" or len(sizes) < 2 or not min(sizes[:2]):
        return 1.0
    return max(1.0, (min(sizes[:2]) / 16.0) ** 0.25)


class Shaken(Raw):
    """`F` with roundings."""

    def __init__(self, shake: Shake):
        self._shake = shake

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in REGISTRY:
            raise AttributeError(name)
        found = self._shake.kernel(REGISTRY[name])
        setattr(self, name, found)
        return found


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

    exact = card.vjp is None or card.family not in _ROUNDS or card.name in _EXACT
    return SimpleNamespace(
        vjp=card.vjp if exact else rule, optional_cotangents=card.optional_cotangents,
        passes_slices=card.passes_slices, gradient_missing=card.gradient_missing,
        tf_name=card.tf_name, no_gradient=card.no_gradient,
    )  # fmt: skip
