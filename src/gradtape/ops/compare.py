"""Comparisons and logic: tensors of bool."""

import numpy as np

from gradtape.core.card import Arg, Elementwise, S
from gradtape.ops.half import FLOATS, REALS

WHY = "a bool has no derivative"


class Equal(Elementwise):
    """Whether x = y.  x, y: any[...] -> bool[...].  nan equals nothing.

    Raises InvalidArgumentError for shapes that do not broadcast (`x == y` gives False instead).

    >>> tf.equal([1, 2], [1, 3]).numpy()
    array([ True, False])
    """

    public = ("equal", "math.equal")
    samples = (S("3,4", "4"),)
    no_gradient = WHY

    def kernel(x, y):
        return np.equal(x, y).astype(np.bool_, copy=False)

    def scalar(b, x, y):
        return b.eq(x, y)

    def xla(lax, x, y):
        return lax.eq(x, y)


class NotEqual(Elementwise):
    """Whether x differs from y.  x, y: any[...] -> bool[...].  nan differs from all.

    Raises InvalidArgumentError for shapes that do not broadcast (`x != y` gives True instead).
    """

    public = ("not_equal", "math.not_equal")
    samples = (S("3,4", "4"),)
    no_gradient = WHY

    def kernel(x, y):
        return np.not_equal(x, y).astype(np.bool_, copy=False)

    def scalar(b, x, y):
        return b.ne(x, y)

    def xla(lax, x, y):
        return lax.ne(x, y)


class Less(Elementwise):
    """Whether x < y.  x, y: real[...] -> bool[...].  False where either is nan."""

    public = ("less", "math.less")
    operators = ("__lt__",)
    takes = REALS
    samples = (S("3,4", "4"),)
    no_gradient = WHY

    def kernel(x, y):
        return np.less(x, y)

    def scalar(b, x, y):
        return b.lt(x, y)

    def xla(lax, x, y):
        return lax.lt(x, y)


class LessEqual(Elementwise):
    """Whether x <= y.  x, y: real[...] -> bool[...].  False where either is nan."""

    public = ("less_equal", "math.less_equal")
    operators = ("__le__",)
    takes = REALS
    samples = (S("3,4", "4"),)
    no_gradient = WHY

    def kernel(x, y):
        return np.less_equal(x, y)

    def scalar(b, x, y):
        return b.le(x, y)

    def xla(lax, x, y):
        return lax.le(x, y)


class Greater(Elementwise):
    """Whether x > y.  x, y: real[...] -> bool[...].  False where either is nan."""

    public = ("greater", "math.greater")
    operators = ("__gt__",)
    takes = REALS
    samples = (S("3,4", "4"),)
    no_gradient = WHY

    def kernel(x, y):
        return np.greater(x, y)

    def scalar(b, x, y):
        return b.lt(y, x)

    def xla(lax, x, y):
        return lax.gt(x, y)


class GreaterEqual(Elementwise):
    """Whether x >= y.  x, y: real[...] -> bool[...].  False where either is nan."""

    public = ("greater_equal", "math.greater_equal")
    operators = ("__ge__",)
    takes = REALS
    samples = (S("3,4", "4"),)
    no_gradient = WHY

    def kernel(x, y):
        return np.greater_equal(x, y)

    def scalar(b, x, y):
        return b.le(y, x)

    def xla(lax, x, y):
        return lax.ge(x, y)


class ApproximateEqual(Elementwise):
    """Whether |x - y| < tolerance.  x, y: number[...] of one shape -> bool[...]"""

    takes = "fVciu"
    lowers = "f"  # integers meet the tolerance in float64
    samples = (S("3,4", "3,4", tolerance=1e-5),)
    no_gradient = WHY

    def kernel(x, y, *, tolerance):
        return np.abs(x - y) < tolerance

    def scalar(b, x, y, *, tolerance):
        return b.lt(b.abs(b.sub(x, y)), b.const(tolerance))


class LogicalAnd(Elementwise):
    """Both.  x, y: bool[...] -> bool[...]"""

    public = ("logical_and", "math.logical_and")
    takes = "b"
    warns = False
    samples = (S(Arg("3", dtype="bool"), Arg("3", dtype="bool")),)
    no_gradient = WHY

    def kernel(x, y):
        return np.logical_and(x, y)

    def scalar(b, x, y):
        return b.logical_and(x, y)


class LogicalOr(Elementwise):
    """Either or both.  x, y: bool[...] -> bool[...]"""

    public = ("logical_or", "math.logical_or")
    takes = "b"
    warns = False
    samples = (S(Arg("3", dtype="bool"), Arg("3", dtype="bool")),)
    no_gradient = WHY

    def kernel(x, y):
        return np.logical_or(x, y)

    def scalar(b, x, y):
        return b.logical_or(x, y)


class LogicalXor(Elementwise):
    """One but not both.  x, y: bool[...] -> bool[...]"""

    public = ("math.logical_xor",)
    takes = "b"
    warns = False
    samples = (S(Arg("3", dtype="bool"), Arg("3", dtype="bool")),)
    no_gradient = WHY

    def kernel(x, y):
        return np.logical_xor(x, y)

    def scalar(b, x, y):
        return b.logical_xor(x, y)


class LogicalNot(Elementwise):
    """The contrary.  x: bool[...] -> bool[...]"""

    public = ("logical_not", "math.logical_not")
    takes = "b"
    warns = False
    samples = (S(Arg("3", dtype="bool")),)
    no_gradient = WHY

    def kernel(x):
        return np.logical_not(x)

    def scalar(b, x):
        return b.logical_not(x)


class IsNan(Elementwise):
    """Whether x is not a number.  x: float[...] -> bool[...]"""

    public = ("math.is_nan",)
    takes = FLOATS
    samples = (S("3"),)
    no_gradient = WHY

    def kernel(x):
        return np.isnan(x)

    def scalar(b, x):
        return b.isnan(x)


class IsInf(Elementwise):
    """Whether x is inf or -inf.  x: float[...] -> bool[...]"""

    public = ("math.is_inf",)
    takes = FLOATS
    samples = (S("3"),)
    no_gradient = WHY

    def kernel(x):
        return np.isinf(x)

    def scalar(b, x):
        return b.isinf(x)


class IsFinite(Elementwise):
    """Whether x is neither nan nor infinite.  x: float[...] -> bool[...]"""

    public = ("math.is_finite",)
    takes = FLOATS
    samples = (S("3"),)
    no_gradient = WHY

    def kernel(x):
        return np.isfinite(x)

    def scalar(b, x):
        return b.isfinite(x)
