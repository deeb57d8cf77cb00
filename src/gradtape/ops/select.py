"""Choosing between values: by a mask, by bounds."""

import numpy as np

from gradtape.base.errors import ShapeError
from gradtape.core.card import Arg, Elementwise, Op, S
from gradtape.ops.half import REALS

_CODES = {n: np.dtype(f"i{n}") for n in (1, 2, 4, 8)}


def choose(mask, x, y):
    """`np.where(mask, x, y)` of one dtype through bits: no branch that a random mask makes slow."""
    code = _CODES.get(x.dtype.itemsize)
    if code is None or x.dtype.kind == "O" or x.dtype != y.dtype:
        return np.where(mask, x, y)
    a, b = x.view(code), y.view(code)
    k = mask.astype(code)
    if b.ndim == 0 and not b:
        k = np.negative(k, out=k) if k.ndim else -k
        shape = np.broadcast_shapes(k.shape, a.shape)
        return np.bitwise_and(k, a, out=k if k.ndim and k.shape == shape else None).view(x.dtype)
    if a.ndim == 0 and not a:
        k -= code.type(1)
        shape = np.broadcast_shapes(k.shape, b.shape)
        return np.bitwise_and(k, b, out=k if k.ndim and k.shape == shape else None).view(x.dtype)
    return (((a ^ b) & -k) ^ b).view(x.dtype)


class Where(Elementwise):
    """x where the condition holds, y elsewhere.  condition: bool[...], x, y: any[...] -> any[...], broadcast.

    dz/dx = 1 where the condition holds, dz/dy = 1 elsewhere. With no x and y: the coordinates of the true
    (non-zero) elements, int64[n, rank].
    Raises ValueError when only one of x and y is given.

    >>> tf.where([True, False], [1.0, 2.0], 0.0).numpy()
    array([1., 0.], dtype=float32)
    """

    tf_name = "SelectV2"
    takes = "b"
    uniform = False
    warns = False
    samples = (
        S(Arg("3,4", dtype="bool"), "3,4", "3,4"),
        S(Arg("3,1", dtype="bool"), "4", ""),
        S(Arg("", dtype="bool"), "2,3", "3"),
    )

    def kernel(condition, x, y):
        return choose(condition, x, y)

    def vjp(F, g, z, condition, x, y):
        zero = F.const(0, like=g)
        return None, (lambda: F.where(condition, g, zero)), (lambda: F.where(condition, zero, g))

    def scalar(b, condition, x, y):
        return b.select(condition, x, y)

    def xla(lax, condition, x, y):
        return lax.select(condition, x, y)

    def latex(z, condition, x, y):
        return "", f"[{condition}]", rf"[\neg {condition}]"


class WhereTrue(Op):
    """Coordinates of the elements that are not 0, in row-major order.  condition: number[...] -> int64[n, rank]"""

    tf_name = "Where"
    takes = "fVciub"
    samples = (S("3,4"),)
    no_gradient = "coordinates are integers"

    def kernel(condition):
        if condition.ndim == 0:
            raise ShapeError("WhereOp : Unhandled input dimensions: 0.", condition=condition)
        return np.argwhere(condition).astype(np.int64, copy=False)


class ClipByValue(Elementwise):
    """Kept within bounds.  t: real[...], clip_value_min, clip_value_max: real, broadcast to t -> like t.

    y = max(min(t, max), min);  dy/dt = 1 inside and at the bounds, 0 outside, where it goes to the bound.
    nan stays nan. A minimum above the maximum wins.
    Raises ValueError for bounds with more elements than t, TypeError for bounds of another dtype.

    >>> tf.clip_by_value([-1.0, 0.5, 3.0], 0.0, 1.0).numpy()
    array([0. , 0.5, 1. ], dtype=float32)
    """

    public = ("clip_by_value",)
    takes = REALS
    samples = (
        S("3,4", Arg("", -1.0, -0.5), Arg("", 0.5, 1.0)),
        S("3,4", Arg("4", -1.0, -0.5), Arg("3,1", 0.5, 1.0)),
        S("3", Arg("", 0.5, 0.6), Arg("", -1.0, -0.9)),
    )

    def kernel(t, clip_value_min, clip_value_max):
        y = np.maximum(np.minimum(t, clip_value_max), clip_value_min)
        if y.shape != t.shape:
            raise ShapeError(
                f"Shapes {t.shape} and {y.shape} are incompatible: bounds must broadcast to t.", t=t
            )
        return y

    def vjp(F, g, y, t, low, high):
        zero = F.const(0, like=g)

        def inside():
            return F.where(F.greater_equal(F.minimum(t, high), low), g, zero)

        return (
            lambda: F.where(F.less_equal(t, high), inside(), zero),
            lambda: F.where(F.greater_equal(F.minimum(t, high), low), zero, g),
            lambda: F.where(F.less_equal(t, high), zero, inside()),
        )

    def scalar(b, t, low, high):
        return b.max(b.min(t, high), low)

    def latex(y, t, low, high):
        return rf"[{low} \le {t} \le {high}]", f"[{t} < {low}]", f"[{t} > {high}]"
