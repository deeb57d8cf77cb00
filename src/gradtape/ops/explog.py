"""Exponentials, logarithms, and what is made of them."""

import numpy as np
from ml_dtypes import finfo

from gradtape.core.card import Elementwise, S
from gradtape.ops.half import FLOATS, INEXACT, is_half


class Exp(Elementwise):
    """Exponential.  x: float or complex[...] -> same.   y = e^x;  dy/dx = y

    >>> tf.exp([0.0, 1.0]).numpy()
    array([1.      , 2.718282], dtype=float32)
    """

    public = ("exp", "math.exp")
    takes = INEXACT
    samples = (S("3,4"), S(""))

    def kernel(x):
        return np.exp(x)

    def vjp(F, g, y, x):
        return (g * F.conj(y),)

    def scalar(b, x):
        return b.exp(x)

    def xla(lax, x):
        return lax.exp(x)

    def latex(y, x):
        return (rf"e^{{{x}}}",)


class Expm1(Elementwise):
    """Exponential less one, exact for small x.  x: float or complex[...] -> same.   y = e^x - 1;  dy/dx = e^x"""

    public = ("math.expm1",)
    takes = INEXACT
    samples = (S("3,4"), S(""))

    def kernel(x):
        return np.expm1(x)

    def vjp(F, g, y, x):
        return (g * F.exp(F.conj(x)),)

    def scalar(b, x):
        return b.expm1(x)

    def xla(lax, x):
        return lax.expm1(x)

    def latex(y, x):
        return (rf"e^{{{x}}}",)


class Log(Elementwise):
    """Natural logarithm.  x: float or complex[...] -> same.   y = ln x;  dy/dx = 1 / x

    -inf at 0, nan for negative numbers.

    >>> tf.math.log([1.0, 2.0]).numpy()
    array([0.       , 0.6931472], dtype=float32)
    """

    public = ("math.log",)
    takes = INEXACT
    samples = (S("3,4", low=0.2), S("", low=0.5))

    def kernel(x):
        return np.log(x)

    def vjp(F, g, y, x):
        return (g * F.reciprocal(F.conj(x)),)

    def scalar(b, x):
        return b.log(x)

    def xla(lax, x):
        return lax.log(x)

    def latex(y, x):
        return (rf"\frac{{1}}{{{x}}}",)


class Log1p(Elementwise):
    """Logarithm of one more, exact for small x.  x: float or complex[...] -> same.   y = ln(1+x);  dy/dx = 1/(1+x)"""

    public = ("math.log1p",)
    takes = INEXACT
    samples = (S("3,4", low=-0.6), S("", low=0.5))

    def kernel(x):
        return log1p(x)

    def vjp(F, g, y, x):
        return (g * F.reciprocal(F.const(1, like=x) + F.conj(x)),)

    def scalar(b, x):
        return b.log1p(x)

    def xla(lax, x):
        return lax.log1p(x)

    def latex(y, x):
        return (rf"\frac{{1}}{{1 + {x}}}",)


def log1p(x):
    """ln(1 + x); in float32 by Kahan's correction of ln(u), u = 1 + x, which NumPy has in vector code."""
    if x.dtype != np.float32 or x.size < 32:
        return np.log1p(x)
    one = np.float32(1)
    u = np.add(x, one)
    y = np.log(u)
    u -= one
    same = (u == 0) | (u == np.inf)
    np.divide(x, u, out=u)
    y *= u
    np.copyto(y, x, where=same)
    return y


class Sigmoid(Elementwise):
    """Logistic function.  x: float or complex[...] -> same.   y = 1 / (1 + e^-x);  dy/dx = y (1 - y)

    >>> tf.sigmoid([0.0, 1.0]).numpy()
    array([0.5      , 0.7310586], dtype=float32)
    """

    public = ("sigmoid", "math.sigmoid", "nn.sigmoid")
    takes = INEXACT
    samples = (S("3,4"), S(""))

    def kernel(x):
        one = _ONE.get(x.dtype) if x.ndim else None
        if one is None:
            return _sigmoid_of_halves(x) if is_half(x.dtype) else _sigmoid(x)
        y = np.negative(x)
        np.exp(y, y)
        np.add(y, one, y)
        return np.reciprocal(y, y)

    def vjp(F, g, y, x):
        c = F.conj(y)
        return (g * (c * (F.const(1, like=x) - c)),)

    def scalar(b, x):
        return b.sigmoid(x)

    def xla(lax, x):
        return lax.logistic(x)

    def latex(y, x):
        return (rf"{y} \, (1 - {y})",)


def _sigmoid(x):
    if x.ndim == 0:
        return np.reciprocal(x.dtype.type(1) + np.exp(-x))
    y = np.negative(x)
    np.exp(y, y)
    one = _ONE.get(y.dtype)
    np.add(y, np.ones((), y.dtype) if one is None else one, y)
    return np.reciprocal(y, y)


# An array without axes meets another array twice as fast as a NumPy scalar does.
_ONE = {np.dtype(t): np.ones((), t) for t in (np.float32, np.float64)}


def _sigmoid_of_halves(x):
    """As TensorFlow has it: e^x / (1 + e^x), each step rounded."""
    e = np.exp(x)
    one = np.ones((), x.dtype)
    return np.where(np.isinf(e), one, e / (one + e))


class Tanh(Elementwise):
    """Hyperbolic tangent.  x: float or complex[...] -> same.   y = tanh x;  dy/dx = 1 - y^2

    >>> tf.tanh([0.0, 1.0]).numpy()
    array([0.       , 0.7615942], dtype=float32)
    """

    public = ("tanh", "math.tanh", "nn.tanh")
    takes = INEXACT
    samples = (S("3,4"), S(""))

    def kernel(x):
        return np.tanh(x)

    def vjp(F, g, y, x):
        c = F.conj(y)
        return (g * (F.const(1, like=x) - c * c),)

    def scalar(b, x):
        return b.tanh(x)

    def xla(lax, x):
        return lax.tanh(x)

    def latex(y, x):
        return (f"1 - {y}^2",)


class Softplus(Elementwise):
    """Smooth rectifier.  features: float[...] -> same.   y = ln(1 + e^x);  dy/dx = sigmoid(x)

    >>> tf.math.softplus([0.0]).numpy()
    array([0.6931472], dtype=float32)
    """

    public = ("math.softplus", "nn.softplus")
    takes = FLOATS
    samples = (S("3,4"), S(""))

    def kernel(features):
        return _softplus(features)

    def vjp(F, g, y, x):
        return (g * F.sigmoid(x),)

    def scalar(b, x):
        return b.add(b.max(x, b.const(0)), b.log1p(b.exp(b.neg(b.abs(x)))))

    def latex(y, x):
        return (rf"\sigma({x})",)


def _softplus(x):
    if is_half(x.dtype):  # as TensorFlow has it: each step rounded
        e = np.exp(x)
        edge = np.float32(np.log(np.float64(finfo(x.dtype).eps)) + 2.0)
        return np.where(x > -edge, x, np.where(x < edge, e, np.log1p(e)))
    return np.maximum(x, x.dtype.type(0)) + log1p(np.exp(-np.abs(x)))


class LogSigmoid(Elementwise):
    """Logarithm of the logistic function.  x: float[...] -> same.   y = -ln(1 + e^-x);  dy/dx = sigmoid(-x)"""

    public = ("math.log_sigmoid",)
    takes = FLOATS
    samples = (S("3,4"), S(""))

    def kernel(x):
        return np.negative(_softplus(np.negative(x)))

    def vjp(F, g, y, x):
        return (g * F.sigmoid(-x),)

    def scalar(b, x):
        top = b.max(b.neg(x), b.const(0))
        return b.neg(b.add(top, b.log1p(b.exp(b.neg(b.abs(x))))))

    def latex(y, x):
        return (rf"\sigma(-{x})",)


class Xlogy(Elementwise):
    """x ln y, 0 where x is 0.  x, y: float or complex[...] -> same.   dz/dx = ln y (0 at x = 0), dz/dy = x / y"""

    public = ("math.xlogy",)
    takes = INEXACT
    samples = (S("3,4", "3,4", low=0.3), S("4", "3,1", low=0.3))

    def kernel(x, y):
        return _unless_zero(x, x * np.log(y))

    def vjp(F, g, z, x, y):
        return (lambda: F.xlogy(_not_zero(F, x), y) * g), (lambda: F.xdivy(x, y) * g)

    def scalar(b, x, y):
        return b.select(b.eq(x, b.const(0)), b.const(0), b.mul(x, b.log(y)))

    def latex(z, x, y):
        return rf"\ln({y})", rf"\frac{{{x}}}{{{y}}}"


class Xlog1py(Elementwise):
    """x ln(1+y), 0 where x is 0.  x, y: float or complex[...] -> same.   dz/dx = ln(1+y), dz/dy = x / (1+y)"""

    public = ("math.xlog1py",)
    takes = INEXACT
    samples = (S("3,4", "3,4", low=0.3), S("4", "3,1", low=0.3))

    def kernel(x, y):
        return _unless_zero(x, x * log1p(y))

    def vjp(F, g, z, x, y):
        return (
            lambda: F.xlog1py(_not_zero(F, x), y) * g,
            lambda: F.xdivy(x, y + F.const(1, like=y)) * g,
        )

    def scalar(b, x, y):
        return b.select(b.eq(x, b.const(0)), b.const(0), b.mul(x, b.log1p(y)))

    def latex(z, x, y):
        return rf"\ln(1 + {y})", rf"\frac{{{x}}}{{1 + {y}}}"


class Xdivy(Elementwise):
    """x / y, 0 where x is 0.  x, y: float or complex[...] -> same.   dz/dx = 1/y (0 at x = 0), dz/dy = -x / y^2"""

    public = ("math.xdivy",)
    takes = INEXACT
    samples = (S("3,4", "3,4", low=0.3), S("4", "3,1", low=0.3))

    def kernel(x, y):
        return _unless_zero(x, x / y)

    def vjp(F, g, z, x, y):
        return (lambda: F.xdivy(_not_zero(F, x), y) * g), (lambda: F.xdivy(-x, y * y) * g)

    def scalar(b, x, y):
        return b.select(b.eq(x, b.const(0)), b.const(0), b.div(x, y))

    def latex(z, x, y):
        return rf"\frac{{1}}{{{y}}}", rf"-\frac{{{x}}}{{{y}^2}}"


def _unless_zero(x, product):
    return np.where(x == 0, np.zeros((), x.dtype), product)


def _not_zero(F, x):
    return F.cast(F.not_equal(x, F.const(0, like=x)), dtype=F.dtype(x))
