"""Which way each operation with a kink goes, element by element: where it changes, a derivative may jump."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from gradtape.core.card import REGISTRY

Masks = Callable[[Sequence[np.ndarray], np.ndarray, Mapping[str, Any]], np.ndarray]
_SIZES = ("shape_of", "size", "rank", "ensure_shape")


class Branch(NamedTuple):
    """Which way an operation went: `mask` says it element by element."""

    card: Any
    mask: np.ndarray
    site: Any


def _sign(x: np.ndarray) -> np.ndarray:
    return np.sign(np.real(x)).astype(np.int8)


def _side(place: int) -> Masks:
    """On which side of 0 an operand is."""
    return lambda xs, y, attrs: _sign(xs[place])


def _largest(xs: Sequence[np.ndarray], y: np.ndarray, attrs: Mapping[str, Any]) -> np.ndarray:
    axis = attrs["axis"]
    return xs[0] == (y if attrs["keepdims"] else np.expand_dims(y, axis))


def _of_segment(xs: Sequence[np.ndarray], y: np.ndarray, attrs: Mapping[str, Any]) -> np.ndarray:
    x, ids = xs[0], xs[1]
    inside = (ids >= 0) & (ids < y.shape[0])
    return inside.reshape(ids.shape + (1,) * (x.ndim - ids.ndim)) & (
        x == y[np.where(inside, ids, 0)]
    )


def _picked(xs: Sequence[np.ndarray], y: np.ndarray, attrs: Mapping[str, Any]) -> np.ndarray:
    return REGISTRY["max_pool_grad"].kernel(np.ones_like(y), xs[0], **attrs)


def _clipped(xs: Sequence[np.ndarray], y: np.ndarray, attrs: Mapping[str, Any]) -> np.ndarray:
    x, low, high = xs
    return _sign(x - low) + 3 * _sign(x - high)


_ABOUT_ZERO = lambda xs, y, attrs: y == 0
_EDGE = lambda xs, y, attrs: _sign(np.abs(xs[0]) - 1)
_PARTS: dict[str, Masks] = {
    **dict.fromkeys(
        ("relu", "leaky_relu", "elu", "selu", "softsign", "abs", "sqrt", "rsqrt", "log", "pow",
         "reciprocal", "xlogy", "xdivy"), _side(0)),
    **dict.fromkeys(("relu_grad", "leaky_relu_grad", "elu_grad", "selu_grad", "real_div", "div_no_nan"), _side(1)),
    **dict.fromkeys(("sign", "floor", "ceil", "round", "rint"), lambda xs, y, attrs: np.array(y)),
    **dict.fromkeys(("maximum", "minimum"), lambda xs, y, attrs: _sign(xs[0] - xs[1])),
    **dict.fromkeys(("floor_mod", "truncate_mod"), lambda xs, y, attrs: np.floor(xs[0] / xs[1])),
    **dict.fromkeys(("reduce_max", "reduce_min"), _largest),
    **dict.fromkeys(("segment_max", "segment_min"), _of_segment),
    **dict.fromkeys(("tensor_scatter_nd_max", "tensor_scatter_nd_min"), lambda xs, y, attrs: y == xs[0]),
    **dict.fromkeys(("asin", "acos", "acosh", "atanh"), _EDGE),
    "relu6": lambda xs, y, attrs: _sign(xs[0]) + 3 * _sign(xs[0] - 6),
    "relu6_grad": lambda xs, y, attrs: _sign(xs[1]) + 3 * _sign(xs[1] - 6),
    "clip_by_value": _clipped,
    "reduce_euclidean_norm": _ABOUT_ZERO,
    "mul_no_nan": lambda xs, y, attrs: xs[1] == 0,
    "atan2": lambda xs, y, attrs: _sign(xs[0]) * (xs[1] <= 0),
    "max_pool": _picked,
}  # fmt: skip


def branch_of(
    name: str, xs: Sequence[np.ndarray], ys: Sequence[np.ndarray], attrs: Mapping[str, Any]
) -> np.ndarray | None:
    """Which way the operation went; None where it has but one."""
    rule = _PARTS.get(name)
    if rule is not None:
        return rule(xs, ys[0], attrs)
    decided = [y for y in ys if y.dtype.kind in "iub"]
    if not decided or name in _SIZES:
        return None
    return decided[0] if len(decided) == 1 else np.concatenate([d.reshape(-1) for d in decided])


def same_way(a: Sequence[Branch], b: Sequence[Branch]) -> bool:
    """Whether two runs went the same way everywhere."""
    if len(a) != len(b):
        return False
    for p, q in zip(a, b):
        if p.card is not q.card or p.mask.shape != q.mask.shape:
            return False
        if p.mask is not q.mask and not same_mask(p.mask, q.mask):
            return False
    return True


def same_mask(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether one operation went the same way twice."""
    if a.shape != b.shape:
        return False
    return (
        a.tobytes() == b.tobytes()
        if a.dtype.kind in "iub"
        else np.array_equal(a, b, equal_nan=True)
    )


# Operations whose derivative is infinite or not a number where they are at their kink.
SINGULAR = (
    "sqrt",
    "pow",
    "reduce_euclidean_norm",
    "abs",
    "atan2",
    "asin",
    "acos",
    "acosh",
    "atanh",
)


def singular(branches: Sequence[Branch]) -> tuple[Branch, tuple[int, ...]] | None:
    """An operation that is at such a place, with the element."""
    for branch in branches:
        if branch.card.name in SINGULAR:
            there = branch.mask if branch.card.name == "reduce_euclidean_norm" else branch.mask == 0
            if np.any(there):
                return branch, tuple(int(i) for i in np.argwhere(there)[0])
    return None


def differing(a: Sequence[Branch], b: Sequence[Branch]) -> list[tuple[Branch, tuple[int, ...]]]:
    """The operations that went another way, each with the first element that did."""
    found: list[tuple[Branch, tuple[int, ...]]] = []
    for p, q in zip(a, b):
        if p.card is not q.card or p.mask.shape != q.mask.shape:
            return found
        if not same_mask(p.mask, q.mask):
            differ = np.asarray((p.mask != q.mask) & ~((p.mask != p.mask) & (q.mask != q.mask)))
            found.append((p, tuple(int(i) for i in np.argwhere(differ)[0])))
    return found
