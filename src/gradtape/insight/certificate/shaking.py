"""Operations that are off by a rounding: each result moved at random by as much as its dtype may round it.

y (1 + u s),  s = 1 or -1 at random        u the roundoff
y + 3 u s sqrt(n) sum |x|                   of sums of n terms that are added up one after the other
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from gradtape.core.bind import RAW, Raw
from gradtape.core.card import REGISTRY

ROUNDOFF = {"float64": 2.0**-53, "complex128": 2.0**-53, "float16": 2.0**-11, "bfloat16": 2.0**-8}
SMALLEST = {"float64": 0.0, "complex128": 0.0, "float16": 2.0**-24, "bfloat16": 2.0**-133}
ROUNDS = frozenset(("Elementwise", "Reduce", "Contraction", "Scan", "Opaque", "Segment", "Random"))
TERMS = frozenset(("Reduce", "Contraction", "Scan", "Opaque", "Segment"))
EXACT = frozenset(
    ("negative", "abs", "sign", "maximum", "minimum", "relu", "relu_grad", "where", "real", "imag", "conj", "complex",
     "floor", "ceil", "round", "rint", "reduce_max", "reduce_min", "relu6", "relu6_grad", "clip_by_value", "arg_order",
     "top_k", "take_last", "put_last", "max_pool", "max_pool_grad", "segment_max", "segment_min")
)  # fmt: skip
# Elementwise and rounded correctly; the others are off by some units in the last place.
CORRECT = frozenset(
    ("add", "subtract", "multiply", "real_div", "square", "sqrt", "reciprocal", "add_n", "squared_difference",
     "div_no_nan", "mul_no_nan", "cast")
)  # fmt: skip
KERNELS = 4.0
INNER = {
    "elu": 1.0, "selu": 1.7580993408473766,  # e^x - 1 is rounded as e^x is
    "softmax_cross_entropy_with_logits": 1.0, "sparse_softmax_cross_entropy_with_logits": 1.0,
}  # fmt: skip
WALK = 3.0  # roundings of a sum lean to one side, as long as the sum is between two powers of two
IN_ROW = 8  # sums along the last axis are added up in so many parts at once


def roundoff_of(dtype: np.dtype[Any]) -> float:
    """Half a unit in the last place of 1."""
    return ROUNDOFF.get(dtype.name, 2.0**-24)


def smallest_of(dtype: np.dtype[Any]) -> float:
    """The smallest number above 0."""
    return SMALLEST.get(dtype.name, 2.0**-149)


def rounds(card: Any) -> bool:
    """Whether the results of a card are rounded at all."""
    return card.family in ROUNDS and card.name not in EXACT


class Shake:
    """Moves results.  scale: how far, relatively; None: by the roundoff of `dtype`, that of the operation at hand.

    alike: whether all elements of an array are off in the same direction.
    """

    def __init__(self, rng: np.random.Generator, scale: float | None, alike: bool):
        self.rng, self.scale, self.alike = rng, scale, alike
        self.dtype = np.dtype(np.float64)
        self.value: Any = 0.0

    @property
    def unit(self) -> float:
        return roundoff_of(self.dtype) if self.scale is None else self.scale

    @property
    def half(self) -> bool:
        """Whether the dtype is one of 16 bits, which are computed in float32 and rounded once."""
        return self.scale is None and roundoff_of(self.dtype) >= 2.0**-11

    def signs(self, x: Any) -> Any:
        return self.rng.integers(0, 2, () if self.alike else np.shape(x)) * 2.0 - 1.0

    def __call__(self, x: Any, weight: float = 1.0) -> Any:
        if getattr(getattr(x, "dtype", None), "kind", "") not in ("f", "c"):
            return x  # no numbers, or slices
        signs = self.signs(x)
        moved = x * (1.0 + self.unit * weight * signs)
        if self.scale is None:
            moved = moved + np.where(x == 0, 0.0, smallest_of(self.dtype) * signs)
        return np.asarray(moved)

    def summed(self, y: Any, sizes: Any, n: float) -> Any:
        """A sum of `n` terms which are added up one after the other.  sizes: the sum of their absolute values."""
        if n <= 2 * IN_ROW or self.half:
            return self(y)
        return self(y + WALK * self.unit * math.sqrt(n) * self.signs(y) * sizes)

    def kernel(self, card: Any) -> Callable[..., Any]:
        """The card's kernel with its roundings."""
        kernel = card.kernel
        if not rounds(card):
            return kernel
        inner = INNER.get(card.name, 0.0)

        def shaken(*arrays: Any, **attrs: Any) -> Any:
            if card.family in TERMS:
                weight = 1.0 if self.half else _terms(card, arrays, attrs)
                arrays = tuple([self(a, weight) for a in arrays])
            found = kernel(*arrays, **attrs)
            if inner and card.multi:  # a loss, and the probabilities less the labels
                return (self(found[0]), self(found[1] + inner) - inner, *found[2:])
            if inner:
                return self(found - inner) + inner
            if card.name in ("reduce_sum", "reduce_mean"):
                n = _in_a_row(arrays[0].shape, attrs["axis"])
                return self.summed(found, kernel(np.abs(arrays[0]), **attrs), n)
            if card.multi:
                return tuple([self(y) for y in found])
            plain = card.family != "Elementwise" or card.name in CORRECT or self.half
            return self(found, 1.0 if plain else KERNELS)

        return shaken


def _in_a_row(shape: tuple[int, ...], axes: Sequence[int]) -> float:
    """How many terms are added up one after the other."""
    n = math.prod(shape[a] for a in axes)
    return n / IN_ROW if tuple(axes) == (len(shape) - 1,) else float(n)


def _terms(card: Any, arrays: Sequence[Any], attrs: Mapping[str, Any]) -> float:
    """By how many roundings each term of a product of matrices counts, for what adding them up does."""
    if card.family != "Contraction" or len(arrays) < 2 or np.ndim(arrays[0]) < 2:
        return 1.0
    shape, other = arrays[0].shape, arrays[1].shape
    n = shape[-1]
    if card.name == "matmul" and attrs["transpose_a"]:
        n = shape[-2]
    elif card.name == "conv" or card.name == "conv_backprop_filter":
        n = math.prod(other[:-1])
    elif card.name == "conv_backprop_input":
        n = math.prod(shape[:-2]) * shape[-1]
    elif card.name == "einsum":
        n = max(shape)
    return max(1.0, 0.5 * math.sqrt(n))


class Shaken(Raw):
    """`F` with roundings."""

    def __init__(self, shake: Shake):
        self._shake = shake

    def unbroadcast(self, c: Any, shape: tuple[int, ...]) -> Any:  # type: ignore[override]
        found = RAW.unbroadcast(c, shape)
        n = c.size / max(1, found.size)
        return self._shake.summed(found, RAW.unbroadcast(np.abs(c), shape), n) if n > 1 else found

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in REGISTRY:
            raise AttributeError(name)
        found = self._shake.kernel(REGISTRY[name])
        setattr(self, name, found)
        return found
