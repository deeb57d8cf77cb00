"""Quotients and remainders."""

import numpy as np

from gradtape.base.errors import ArgumentError, InternalError
from gradtape.core.card import Arg, Elementwise, S
from gradtape.ops.half import INEXACT, NUMBERS, REALS, via_float32
from gradtape.ops.select import choose


class RealDiv(Elementwise):
    """Quotient with broadcasting.  x, y: number[...] -> number[...].   z = x / y;  dz/dx = 1/y, dz/dy = -x/y^2

    Integers become float64 (8 and 16 bits: float32) first. Division by 0 gives inf or nan.

    >>> tf.divide([1, 3], 2).numpy()
    array([0.5, 1.5])
    """

    public = ("divide", "math.divide", "truediv", "math.truediv", "realdiv")
    operators = ("__truediv__", "__rtruediv__", "__div__", "__rdiv__")
    takes = NUMBERS
    samples = (S("3,4", "3,4", low=0.5), S("3,4", "4", low=0.5), S("", "2,3", low=-2, high=-0.5))

    def kernel(x, y):
        if x.dtype.kind in "iu":
            wide = np.float32 if x.dtype.itemsize <= 2 else np.float64
            return np.divide(x, y, dtype=wide)
        return np.divide(x, y)

    def vjp(F, g, z, x, y):
        if F.dtype(x).kind in "iu":
            return None, None

        def of_y():
            c = F.conj(y)
            return g * (-F.conj(x) / c / c)

        return (lambda: g / F.conj(y)), of_y

    def scalar(b, x, y):
        if b.dtype.kind in "iu":
            wide = np.dtype(np.float32 if b.dtype.itemsize <= 2 else np.float64)
            return b.of(wide).div(b.cast(x, b.dtype, wide), b.cast(y, b.dtype, wide))
        return b.div(x, y)

    def xla(lax, x, y):
        return lax.div(x, y)

    def latex(z, x, y):
        return rf"\frac{{1}}{{{y}}}", rf"-\frac{{{x}}}{{{y}^2}}"


class DivNoNan(Elementwise):
    """Quotient which is 0 where y is 0.  x, y: float or complex[...] -> same.   dz/dx = 1/y, dz/dy = -x/y^2, 0 at y = 0

    >>> tf.math.divide_no_nan([1.0, 2.0], [0.0, 4.0]).numpy()
    array([0. , 0.5], dtype=float32)
    """

    public = ("math.divide_no_nan",)
    takes = INEXACT
    samples = (S("3,4", "3,4", low=0.5), S("3,4", "4", low=0.5), S("", "2,3", low=-2, high=-0.5))

    def kernel(x, y):
        return choose(y == 0, np.zeros((), x.dtype), np.divide(x, y))

    def vjp(F, g, z, x, y):
        def of_y():
            c = F.conj(y)
            return g * F.div_no_nan(F.div_no_nan(-F.conj(x), c), c)

        return (lambda: F.div_no_nan(g, F.conj(y))), of_y

    def scalar(b, x, y):
        zero = b.const(0.0)
        return b.select(b.eq(y, zero), zero, b.div(x, y))

    def latex(z, x, y):
        return rf"\frac{{1}}{{{y}}}", rf"-\frac{{{x}}}{{{y}^2}}"


class MulNoNan(Elementwise):
    """Product which is 0 where y is 0, whatever x is.  x, y: float or complex[...] -> same.   dz/dx = y, dz/dy = x"""

    public = ("math.multiply_no_nan",)
    takes = INEXACT
    samples = (S("3,4", "3,4", low=0.5), S("3,4", "4"), S("", "2,3"))

    def kernel(x, y):
        return choose(y == 0, np.zeros((), x.dtype), np.multiply(x, y))

    def vjp(F, g, z, x, y):
        return (lambda: F.mul_no_nan(g, F.conj(y))), (lambda: F.mul_no_nan(F.conj(x), g))

    def scalar(b, x, y):
        zero = b.const(0.0)
        return b.select(b.eq(y, zero), zero, b.mul(x, y))

    def latex(z, x, y):
        return y, x


def check_divisor(x, y, error=ArgumentError):
    if x.dtype.kind in "iu" and not np.all(y):
        raise error("Integer division by zero: every divisor must differ from 0.", x=x, y=y)


class FloorDiv(Elementwise):
    """Quotient rounded towards minus infinity.  x, y: real[...] -> same.   z = floor(x / y)

    Raises InvalidArgumentError for an integer divided by 0; floats give inf or nan.

    >>> (tf.constant([-6, 5, -5]) // 2).numpy()
    array([-3,  2, -3], dtype=int32)
    """

    public = ("math.floordiv",)
    operators = ("__floordiv__", "__rfloordiv__")
    takes = REALS
    lowers = "f"  # an integer divided by 0 is an error
    samples = (S("3,4", "4", low=0.5),)
    no_gradient = "piecewise constant: TensorFlow gives None"

    def kernel(x, y):
        if x.dtype.kind in "iu":
            check_divisor(x, y)
            return np.floor_divide(x, y)
        return np.floor(np.divide(x, y))

    def scalar(b, x, y):
        return b.floor(b.div(x, y))


class FloorMod(Elementwise):
    """Remainder with the sign of the divisor.  x, y: real[...] -> same.   z = x - y floor(x / y)

    dz/dx = 1, dz/dy = -floor(x / y).

    Raises InvalidArgumentError for an integer divided by 0; floats give nan.

    >>> (tf.constant([-5, 5]) % 3).numpy()
    array([1, 2], dtype=int32)
    """

    public = ("math.floormod", "math.mod")
    operators = ("__mod__", "__rmod__")
    takes = REALS
    lowers = "f"
    samples = (
        S(Arg("3,4", 4.1, 4.9), Arg("4", 1.05, 1.35), order=1),
        S(Arg("4", -4.9, -4.1), Arg("4", 1.05, 1.35), order=1),
        S(Arg("4", 2.1, 2.9), Arg("", 1.0, 1.02)),
    )

    def kernel(x, y):
        if x.dtype.kind in "iu":
            check_divisor(x, y)
            return np.remainder(x, y)
        return via_float32(_floor_mod, x, y)

    def vjp(F, g, z, x, y):
        return g, lambda: g * -F.floor_div(x, y)

    def scalar(b, x, y):
        zero = b.const(0)
        r = b.fmod(x, y)
        differ = b.logical_xor(b.lt(y, zero), b.lt(r, zero))
        return b.select(b.logical_and(b.ne(r, zero), differ), b.add(r, y), r)

    def latex(z, x, y):
        return "1", rf"-\lfloor {x} / {y} \rfloor"


def _floor_mod(x, y):
    r = np.fmod(x, y)
    return np.where((r != 0) & ((y < 0) != (r < 0)), r + y, r)


class TruncateDiv(Elementwise):
    """Quotient rounded towards 0.  x, y: real[...] -> same.   z = trunc(x / y)

    Raises InternalError (TensorFlow's class here) for an integer divided by 0.
    """

    public = ("truncatediv",)
    takes = REALS
    lowers = "f"
    samples = (S("3,4", "4", low=0.5),)
    no_gradient = "piecewise constant: TensorFlow gives None"

    def kernel(x, y):
        if x.dtype.kind == "u":
            check_divisor(x, y, _zero_divisor)
            return np.floor_divide(x, y)
        if x.dtype.kind == "i":
            check_divisor(x, y, _zero_divisor)
            q = np.floor_divide(x, y)
            return q + ((q < 0) & (q * y != x)).astype(x.dtype)
        return np.trunc(np.divide(x, y))

    def scalar(b, x, y):
        return b.trunc(b.div(x, y))


class TruncateMod(Elementwise):
    """Remainder with the sign of the dividend.  x, y: real[...] -> same.   z = x - y trunc(x / y)

    Raises InternalError (TensorFlow's class here) for an integer divided by 0; floats give nan.
    """

    public = ("truncatemod",)
    takes = REALS
    lowers = "f"
    samples = (S("3,4", "4", low=0.5),)
    no_gradient = "TensorFlow has no gradient of TruncateMod; use tf.math.floormod"
    gradient_missing = True

    def kernel(x, y):
        check_divisor(x, y, _zero_divisor)
        return np.fmod(x, y)

    def scalar(b, x, y):
        return b.fmod(x, y)


def _zero_divisor(message, **values):
    return InternalError(None, None, message)
