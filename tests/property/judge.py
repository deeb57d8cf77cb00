"""How far from the exact numbers a program may be: runs in float64 in which every rounding is larger.

The golden cases allow 2e-6 (float32) or one unit in the last place (16 bits) of the larger of the value and of `s`, the
largest term that is summed into it.  Of a whole program no one wrote that term down, so it is found by experiment: in
float64, each result of a kernel is moved at random by the unit roundoff of the program's dtype (of sums and products
of matrices each term, too).  `s` is how far the program's results move, in units of that roundoff.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from gradtape.core.bind import RAW
from gradtape.core.card import REGISTRY

ROUNDOFF = {"float32": 2.0**-24, "float64": 2.0**-53, "float16": 2.0**-11, "bfloat16": 2.0**-8, "complex64": 2.0**-24,
            "complex128": 2.0**-53}  # fmt: skip
TOLERANCE = {"float32": 2e-6, "float64": 1e-12, "complex64": 2e-6, "complex128": 1e-12, "float16": 2.0**-10,
             "bfloat16": 2.0**-7}  # fmt: skip
FEW = 16  # results that may have been rounded to a multiple of the smallest number
SMALLEST = {"float32": 2.0**-149, "float64": 2.0**-1074, "float16": 2.0**-24, "bfloat16": 2.0**-133,
            "complex64": 2.0**-149, "complex128": 2.0**-1074}  # fmt: skip
ROUNDS = frozenset(("Elementwise", "Reduce", "Contraction", "Scan", "Opaque", "Segment"))
TERMS = frozenset(("Reduce", "Contraction", "Scan", "Opaque", "Segment"))
ONE_OFF = {
    "elu": 1.0,
    "selu": 1.7580993408473766,
}  # e^x - 1 is rounded as e^x is, as TensorFlow has it
EXACT = frozenset(
    ("negative", "abs", "sign", "maximum", "minimum", "relu", "relu_grad", "where", "real", "imag", "conj", "complex",
     "floor", "ceil", "round", "rint", "reduce_max", "reduce_min", "relu6", "clip_by_value", "argmax", "argmin",
     "arg_order", "top_k", "take_last", "put_last", "cast", "cond", "while", "host", "custom_gradient", "bitcast")
)  # fmt: skip


@contextmanager
def rounding(roundoff: float, rng: np.random.Generator, alike: bool) -> Iterator[None]:
    """Inside, kernels of float64 give results that are off by as much as one rounding.

    alike: all elements of an array are off in the same direction, as equal elements are.
    """

    def off(x: Any) -> Any:
        if not isinstance(x, np.ndarray | np.generic) or x.dtype not in (np.float64, np.complex128):
            return x
        sign = rng.integers(0, 2, () if alike else np.shape(x)) * 2.0 - 1.0
        return np.asarray(x * (1.0 + roundoff * sign))

    def moved(card: Any, kernel: Any) -> Any:
        terms, inner = card.family in TERMS, ONE_OFF.get(card.name, 0.0)

        def wrapper(*arrays: Any, **attrs: Any) -> Any:
            found = kernel(*([off(a) for a in arrays] if terms else arrays), **attrs)
            if inner:
                return off(found - inner) + inner
            return tuple([off(y) for y in found]) if card.multi else off(found)

        return wrapper

    before = {}
    for name, card in REGISTRY.items():
        if card.family in ROUNDS and name not in EXACT:
            before[name] = card.kernel
            changed = moved(card, card.kernel)
            card.kernel = staticmethod(changed)  # type: ignore[assignment]
            if name != "conj":
                setattr(RAW, name, changed)
    try:
        yield
    finally:
        for name, kernel in before.items():
            REGISTRY[name].kernel = staticmethod(kernel)  # type: ignore[assignment]
            setattr(RAW, name, kernel)


def parts(array: np.ndarray) -> np.ndarray:
    """In float64; of complex numbers the parts along a last axis, as one may be infinite and not the other."""
    if array.dtype.kind == "c":
        return np.stack([array.real, array.imag], -1).astype(np.float64)
    return array.astype(np.float64)


def scale(exact: np.ndarray, moved: list[np.ndarray], roundoff: float) -> float:
    """The largest of the values and of what moves them."""
    exact, moved = parts(exact), [parts(m) for m in moved]
    finite = np.isfinite(exact)
    largest = float(np.abs(exact[finite]).max(initial=0.0))
    for m in moved:
        both = finite & np.isfinite(m)
        largest = max(largest, float(np.abs(m[both] - exact[both]).max(initial=0.0)) / roundoff)
    return largest


def differs(exact: np.ndarray, got: np.ndarray, dtype: str, s: float) -> str:
    """How `got` is not what it should be, or an empty text."""
    if exact.shape != got.shape:
        return f"shape {got.shape} instead of {exact.shape}"
    if got.dtype.kind in "iub":
        return "" if np.array_equal(exact, got) else f"{got} instead of {exact}"
    wide = parts(got)
    exact = parts(exact)
    finite = np.isfinite(exact)
    if not np.array_equal(finite, np.isfinite(wide)):
        return f"{wide} instead of {exact}: not finite elsewhere"
    if not np.array_equal(exact[~finite], wide[~finite], equal_nan=True):
        return f"{wide} instead of {exact}"
    error = float(np.abs(wide[finite] - exact[finite]).max(initial=0.0))
    allowed = TOLERANCE[dtype] * s + FEW * SMALLEST[dtype]
    return (
        ""
        if error <= allowed
        else f"off by {error:.3g}, allowed {allowed:.3g}: {wide} instead of {exact}"
    )
