"""The error function and its relatives."""

import math

import numpy as np

from gradtape.base.special import error
from gradtape.core.card import Elementwise, S
from gradtape.ops.half import FLOATS, via_float32, via_float64


def gauss(F, x):
    """e^(-x^2)."""
    return F.exp(-F.square(x))


class Erf(Elementwise):
    """Error function.  x: float[...] -> same, in [-1, 1].

    y = 2/sqrt(pi) int_0^x e^(-t^2) dt;  dy/dx = 2/sqrt(pi) e^(-x^2).

    Source: DLMF 7.2.1.

    >>> tf.math.erf([0.0, 1.0]).numpy()
    array([0.       , 0.8427008], dtype=float32)
    """

    public = ("math.erf",)
    takes = FLOATS
    samples = (S("3,4"), S(""), S("3", low=0.9, high=1.1))

    def kernel(x):
        if x.dtype == np.float64:
            return via_float64(error.erf, x)
        return via_float32(error.erf32, x)

    def vjp(F, g, y, x):
        return (g * F.const(2 / math.sqrt(math.pi), like=x) * gauss(F, x),)

    def scalar(b, x):
        return b.erf(x)

    def xla(lax, x):
        return lax.erf(x)

    def latex(y, x):
        return (rf"\frac{{2}}{{\sqrt{{\pi}}}} e^{{-{x}^2}}",)


class Erfc(Elementwise):
    """Complement of the error function, exact where it is small.  x: float[...] -> same.

    y = 1 - erf x;  dy/dx = -2/sqrt(pi) e^(-x^2).

    Source: DLMF 7.2.2; Shepherd and Laframboise, Math. Comp. 36 (1981).
    """

    public = ("math.erfc",)
    takes = FLOATS
    samples = (S("3,4"), S(""))

    def kernel(x):
        return via_float64(error.erfc, x)

    def vjp(F, g, y, x):
        return (g * F.const(-2 / math.sqrt(math.pi), like=x) * gauss(F, x),)

    def scalar(b, x):
        return b.erfc(x)

    def xla(lax, x):
        return lax.erfc(x)

    def latex(y, x):
        return (rf"-\frac{{2}}{{\sqrt{{\pi}}}} e^{{-{x}^2}}",)


class Erfinv(Elementwise):
    """Inverse of the error function.  x: float[...] in (-1, 1) -> same.   erf y = x;  dy/dx = sqrt(pi)/2 e^(y^2)

    inf from 1 on, -inf from -1 on. Source: DLMF 7.17.
    """

    public = ("math.erfinv",)
    takes = FLOATS
    samples = (S("3,4", low=-0.9, high=0.9), S("", low=0.1, high=0.5))

    def kernel(x):
        return via_float64(error.erfinv, x)

    def vjp(F, g, y, x):
        return (g * F.const(math.sqrt(math.pi) / 2, like=x) * F.exp(F.square(y)),)

    def xla(lax, x):
        return lax.erf_inv(x)

    def latex(y, x):
        return (rf"\frac{{\sqrt{{\pi}}}}{{2}} e^{{{y}^2}}",)


class Erfcinv(Elementwise):
    """Inverse of the complement of the error function.  x: float[...] in (0, 2) -> same.

    erfc y = x;  dy/dx = -sqrt(pi)/2 e^(y^2).

    inf from 0 down, -inf from 2 on.
    """

    public = ("math.erfcinv",)
    takes = FLOATS
    samples = (S("3,4", low=0.2, high=1.8), S("", low=0.1, high=0.5))

    def kernel(x):
        return via_float64(error.erfcinv, x)

    def vjp(F, g, y, x):
        return (g * F.const(-math.sqrt(math.pi) / 2, like=x) * F.exp(F.square(y)),)

    def latex(y, x):
        return (rf"-\frac{{\sqrt{{\pi}}}}{{2}} e^{{{y}^2}}",)


class Ndtri(Elementwise):
    """Quantile of the normal distribution.  x: float[...] in (0, 1) -> same.

    Phi(y) = x;  dy/dx = sqrt(2 pi) e^(y^2 / 2).

    -inf from 0 down, inf from 1 on.
    """

    public = ("math.ndtri",)
    takes = FLOATS
    samples = (S("3,4", low=0.1, high=0.9), S("", low=0.2, high=0.5))

    def kernel(x):
        return via_float64(error.ndtri, x)

    def vjp(F, g, y, x):
        half = F.const(0.5, like=x)
        return (g * F.const(math.sqrt(2 * math.pi), like=x) * F.exp(F.square(y) * half),)

    def latex(y, x):
        return (rf"\sqrt{{2\pi}} e^{{{y}^2 / 2}}",)


class Dawsn(Elementwise):
    """Dawson's integral.  x: float[...] -> same.   y = e^(-x^2) int_0^x e^(t^2) dt;  dy/dx = 1 - 2 x y

    Source: DLMF 7.2.5; Rybicki, Computers in Physics 3 (1989).
    """

    public = ("math.special.dawsn",)
    takes = FLOATS
    samples = (S("3,4"), S("", low=0.2, high=0.5))

    def kernel(x):
        return via_float64(error.dawsn, x)

    def vjp(F, g, y, x):
        return (g * (F.const(1, like=x) - F.const(2, like=x) * x * y),)

    def latex(y, x):
        return (rf"1 - 2 {x} \cdot {y}",)
