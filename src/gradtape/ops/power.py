"""Powers, roots, absolute values, signs; the larger and the smaller of two."""

import numpy as np

from gradtape.base.errors import ArgumentError
from gradtape.core.card import Elementwise, S
from gradtape.ops.half import INEXACT, REALS, via_float32


class Pow(Elementwise):
    """Power.  x, y: number[...] (not unsigned) -> same.   z = x^y;  dz/dx = y x^(y-1), dz/dy = z ln x

    0^0 = 1. Where x <= 0 (complex: x = 0) dz/dy is taken as 0. A negative float to a fraction is nan.
    Raises InvalidArgumentError for an integer to a negative integer.

    >>> tf.pow([2.0, 3.0], 2.0).numpy()
    array([4., 9.], dtype=float32)
    """

    public = ("pow", "math.pow")
    operators = ("__pow__", "__rpow__")
    takes = "fVci"
    lowers = "f"  # a negative exponent of an integer is an error
    samples = (
        S("3,4", "3,4", low=0.2, high=2.0),
        S("3,4", "", low=0.2),
        S("4", "3,1", low=0.3, high=1.5),
    )

    def kernel(x, y):
        kind = x.dtype.kind
        if kind == "i":
            if (y < 0).any():
                raise ArgumentError(
                    "Integers to negative integer powers are not allowed: cast to a float first.", x=x, y=y
                )  # fmt: skip
        elif y.size == 1 and y.ndim <= x.ndim and kind == "f":
            exponent = y.item()
            if exponent == 2.0:
                return np.square(x)
            if exponent == 1.0:
                return x
            if exponent == 3.0 and x.dtype.itemsize > 2:
                return np.square(x) * x
        return np.power(x, y)

    def vjp(F, g, z, x, y):
        def of_x():
            a, b = F.conj(x), F.conj(y)
            return g * b * F.pow(a, b - F.const(1, like=b))

        def of_y():
            a, zero = F.conj(x), F.const(0, like=x)
            mask = F.not_equal(a, zero) if F.dtype(x).kind == "c" else F.greater(a, zero)
            log = F.where(mask, F.log(F.where(mask, a, F.const(1, like=x))), zero)
            return g * F.conj(z) * log

        return of_x, of_y

    def scalar(b, x, y):
        return b.pow(x, y)

    def xla(lax, x, y):
        return lax.pow(x, y)

    def latex(z, x, y):
        return rf"{y} \cdot {x}^{{{y} - 1}}", rf"{z} \ln({x})"


class Sqrt(Elementwise):
    """Square root.  x: float or complex[...] -> same.   y = sqrt(x);  dy/dx = 1 / (2 y)

    sqrt(0) = 0 with derivative inf (0 times it is 0); a negative number gives nan.

    >>> tf.sqrt([4.0, 9.0]).numpy()
    array([2., 3.], dtype=float32)
    """

    public = ("sqrt", "math.sqrt")
    takes = INEXACT
    samples = (S("3,4", low=0.1), S("", low=0.5))

    def kernel(x):
        return np.sqrt(x)

    def vjp(F, g, y, x):
        return (F.mul_no_nan(F.const(0.5, like=x) / F.conj(y), g),)

    def scalar(b, x):
        return b.sqrt(x)

    def xla(lax, x):
        return lax.sqrt(x)

    def latex(y, x):
        return (rf"\frac{{1}}{{2 \cdot {y}}}",)


class Rsqrt(Elementwise):
    """Reciprocal of the square root.  x: float or complex[...] -> same.   y = x^(-1/2);  dy/dx = -y^3 / 2

    inf at 0, nan for negative numbers.
    """

    public = ("math.rsqrt",)
    takes = INEXACT
    samples = (S("3,4", low=0.2), S("", low=0.5))

    def kernel(x):
        return via_float32(_rsqrt, x)

    def vjp(F, g, y, x):
        c = F.conj(y)
        return (F.mul_no_nan(c * c, F.const(-0.5, like=x) * F.mul_no_nan(c, g)),)

    def scalar(b, x):
        return b.div(b.const(1.0), b.sqrt(x))

    def xla(lax, x):
        return lax.rsqrt(x)

    def latex(y, x):
        return (rf"-\frac{{1}}{{2}} {y}^3",)


def _rsqrt(x):
    return np.reciprocal(np.sqrt(x))


class Reciprocal(Elementwise):
    """Reciprocal.  x: float or complex[...] -> same.   y = 1 / x;  dy/dx = -y^2

    inf with the sign of the zero at 0.
    """

    public = ("math.reciprocal",)
    takes = INEXACT
    samples = (S("3,4", low=0.4), S("4", low=-2, high=-0.4))

    def kernel(x):
        return via_float32(np.reciprocal, x)

    def vjp(F, g, y, x):
        c = F.conj(y)
        return (F.mul_no_nan(-(c * c), g),)

    def scalar(b, x):
        return b.div(b.const(1.0), x)

    def xla(lax, x):
        return lax.div(lax.full_like(x, 1), x)

    def latex(y, x):
        return (f"-{y}^2",)


class Abs(Elementwise):
    """Absolute value.  x: number[...] -> same, real for complex ones.   y = |x|;  dy/dx = sign(x)

    The derivative at 0 is 0. For complex x it is x / |x|.

    >>> tf.abs([-1.5, 0.0, 2.0]).numpy()
    array([1.5, 0. , 2. ], dtype=float32)
    """

    public = ("abs", "math.abs")
    operators = ("__abs__",)
    takes = "fVci"
    samples = (S("3,4", avoid=(0.0,)), S("", low=0.5))

    def kernel(x):
        return np.abs(x)

    def vjp(F, g, y, x):
        if F.dtype(x).kind != "c":
            return (g * F.sign(x),)
        wide = F.dtype(x)
        return (F.div_no_nan(F.cast(g, dtype=wide) * x, F.cast(y, dtype=wide)),)

    def scalar(b, x):
        return b.abs(x)

    def xla(lax, x):
        return lax.abs(x)

    def latex(y, x):
        return (rf"\mathrm{{sign}}({x})",)


class Sign(Elementwise):
    """Sign.  x: number[...] -> same: -1, 0 or 1 (complex: x / |x|); nan for nan.   dy/dx = 0"""

    public = ("sign", "math.sign")
    takes = "fVci"
    samples = (S("3,4", avoid=(0.0,)),)

    def kernel(x):
        return np.sign(x)

    def vjp(F, g, y, x):
        return (lambda: F.lift(np.zeros(F.shape(x), F.dtype(x))),)

    def scalar(b, x):
        return b.sign(x)

    def xla(lax, x):
        return lax.sign(x)

    def latex(y, x):
        return ("0",)


class Maximum(Elementwise):
    """The larger.  x, y: real[...] -> real[...].   z = max(x, y);  dz/dx = 1 where x >= y, dz/dy = 1 where x < y

    Equal ones: the derivative goes to x. nan in either gives nan.

    >>> tf.maximum([1.0, 5.0], [3.0, 2.0]).numpy()
    array([3., 5.], dtype=float32)
    """

    public = ("maximum", "math.maximum")
    takes = REALS
    samples = (S("3,4", "3,4"), S("3,4", "4"), S("", "2,3"))

    def kernel(x, y):
        return np.maximum(x, y)

    def vjp(F, g, z, x, y):
        zero = F.const(0, like=g)
        return (
            lambda: F.where(F.greater_equal(x, y), g, zero),
            lambda: F.where(F.greater_equal(x, y), zero, g),
        )

    def scalar(b, x, y):
        return b.max(x, y)

    def xla(lax, x, y):
        return lax.max(x, y)

    def latex(z, x, y):
        return rf"[{x} \ge {y}]", f"[{x} < {y}]"


class Minimum(Elementwise):
    """The smaller.  x, y: real[...] -> real[...].   z = min(x, y);  dz/dx = 1 where x <= y, dz/dy = 1 where x > y

    Equal ones: the derivative goes to x. nan in either gives nan.
    """

    public = ("minimum", "math.minimum")
    takes = REALS
    samples = (S("3,4", "3,4"), S("3,4", "4"), S("", "2,3"))

    def kernel(x, y):
        return np.minimum(x, y)

    def vjp(F, g, z, x, y):
        zero = F.const(0, like=g)
        return (
            lambda: F.where(F.less_equal(x, y), g, zero),
            lambda: F.where(F.less_equal(x, y), zero, g),
        )

    def scalar(b, x, y):
        return b.min(x, y)

    def xla(lax, x, y):
        return lax.min(x, y)

    def latex(z, x, y):
        return rf"[{x} \le {y}]", f"[{x} > {y}]"


class SquaredDifference(Elementwise):
    """Square of the difference.  x, y: number[...] -> number[...].   z = |x - y|^2;  dz/dx = 2(x-y), dz/dy = -2(x-y)"""

    public = ("math.squared_difference",)
    takes = "fVci"
    samples = (S("3,4", "3,4"), S("3,4", "4"), S("", "2,3"))

    def kernel(x, y):
        d = np.subtract(x, y)
        return d * np.conj(d) if d.dtype.kind == "c" else np.square(d)

    def vjp(F, g, z, x, y):
        def of_x():
            return F.const(2, like=g) * g * (x - y)

        return of_x, lambda: -of_x()

    def scalar(b, x, y):
        d = b.sub(x, y)
        return b.mul(d, d)

    def xla(lax, x, y):
        return lax.square(lax.sub(x, y))

    def latex(z, x, y):
        return f"2({x} - {y})", f"-2({x} - {y})"
