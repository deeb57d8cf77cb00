"""Where a derivative is a convention: kinks, ties, and what is infinite."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Test = Callable[[Sequence[Any], int, Any], bool]


def _at(*places: float) -> Test:
    return lambda xs, position, attrs: bool(np.isin(xs[0], places))


def _equal(xs: Sequence[Any], position: int, attrs: Any) -> bool:
    return bool(xs[0] == xs[1])


def _at_bounds(xs: Sequence[Any], position: int, attrs: Any) -> bool:
    return bool(xs[0] == xs[1] or xs[0] == xs[2])


def _second_zero(xs: Sequence[Any], position: int, attrs: Any) -> bool:
    return bool(xs[1] == 0)


def _not_positive(xs: Sequence[Any], position: int, attrs: Any) -> bool:
    return position == 1 and bool(xs[0] <= 0)


# By card: where, and what is taken there.
ELEMENTWISE: dict[str, tuple[Test, str]] = {
    "relu": (_at(0), "relu has a kink at 0. Its derivative there is taken as 0."),
    "relu6": (_at(0, 6), "relu6 has kinks at 0 and 6. Its derivative there is taken as 0."),
    "leaky_relu": (_at(0), "leaky_relu has a kink at 0. Its derivative there is taken as alpha."),
    "selu": (_at(0), "selu has a kink at 0. Its derivative there is taken from the right."),
    "abs": (_at(0), "|x| has a kink at 0. Its derivative there is taken as 0."),
    "sign": (_at(0), "sign jumps at 0. Its derivative there is taken as 0."),
    "maximum": (_equal, "maximum of two equal numbers: the derivative goes to the first."),
    "minimum": (_equal, "minimum of two equal numbers: the derivative goes to the first."),
    "clip_by_value": (_at_bounds, "At a bound of clip_by_value the derivative is taken as 1."),
    "sqrt": (_at(0), "sqrt has no finite derivative at 0: it is infinite, and times 0 it is taken as 0."),
    "rsqrt": (_at(0), "1/sqrt(x) is infinite at 0."),
    "reciprocal": (_at(0), "1/x is infinite at 0."),
    "pow": (_not_positive, "x^y for x not above 0: the derivative by y is taken as 0."),
    "xlogy": (_at(0), "x ln y is 0 at x = 0, and so is its derivative by x."),
    "xlog1py": (_at(0), "x ln(1 + y) is 0 at x = 0, and so is its derivative by x."),
    "xdivy": (_at(0), "x / y is 0 at x = 0, and so is its derivative by x."),
    "div_no_nan": (_second_zero, "Division by 0 is 0 here, and so are its derivatives."),
    "mul_no_nan": (_second_zero, "The product with 0 is 0 here, whatever the other factor."),
}  # fmt: skip


POOL_TIE = "Several numbers of a window are the largest: the derivative goes to the first."


def of_entry(name: str, xs: Sequence[Any], position: int, attrs: Any) -> str:
    """The convention that the derivative of an elementwise operation rests on at these numbers; "" for none."""
    found = ELEMENTWISE.get(name)
    return found[1] if found is not None and found[0](xs, position, attrs) else ""


def of_fold(name: str, x: np.ndarray, y: np.ndarray, index: tuple[int, ...], attrs: Any) -> str:
    """The same for a reduction, at an entry of its input."""
    if name in ("reduce_max", "reduce_min"):
        axes = attrs["axis"]
        wide = y if attrs["keepdims"] else np.expand_dims(y, tuple(axes))
        ties = np.sum(x == wide, axis=tuple(axes), keepdims=True)
        at = tuple([0 if a in axes else i for a, i in enumerate(index)])
        if ties[at] > 1 and x[index] == wide[at]:
            kind = "largest" if name == "reduce_max" else "smallest"
            return f"{ties[at]} equal numbers are the {kind}: they share the derivative evenly."
    if name == "reduce_euclidean_norm" and not np.all(y):
        return "A length of 0 has no derivative: nan."
    return ""
