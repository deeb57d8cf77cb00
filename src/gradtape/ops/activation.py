"""Activations: relu and its kin, softmax."""

import numpy as np

from gradtape.base.errors import ShapeError
from gradtape.core.card import PUBLIC, Elementwise, Op, S
from gradtape.ops.explog import Sigmoid
from gradtape.ops.half import FLOATS
from gradtape.ops.movement import behind

SELU_SCALE = 1.0507009873554805
SELU_SCALE_ALPHA = 1.7580993408473766
_ZERO = {np.dtype(t): np.zeros((), t) for t in (np.float32, np.float64, np.int32, np.int64)}


def nothing(F, x):
    """The zero cotangent of x."""
    return F.lift(np.zeros(F.shape(x), F.dtype(x)))


class Activation(Elementwise, abstract=True):
    """One argument, called `features` as in TensorFlow."""

    family = "Elementwise"
    takes = FLOATS
    parameters = ("features",)


class Relu(Activation):
    """Rectifier.  features: real[...] -> real[...].   y = max(x, 0);  dy/dx = 1 where x > 0, else 0 (also at 0)

    The value of NaN is NaN, its derivative 0.

    >>> tf.nn.relu([-1.0, 0.0, 2.0]).numpy()
    array([0., 0., 2.], dtype=float32)
    """

    public = ("nn.relu",)
    takes = "fViu"
    warns = False
    samples = (S("3,4", avoid=(0.0,)), S("", avoid=(0.0,)), S("0"))

    def kernel(x):
        zero = _ZERO.get(x.dtype)
        return np.maximum(x, np.zeros((), x.dtype) if zero is None else zero)

    def vjp(F, g, y, x):
        return (F.relu_grad(g, y),)

    def scalar(b, x):
        return b.select(b.le(x, b.const(0)), b.const(0), x)

    def xla(lax, x):
        return lax.max(x, lax.full_like(x, 0))

    def latex(y, x):
        return (f"[{x} > 0]",)


class ReluGrad(Elementwise):
    """Cotangent of relu.  gradients, features: real[...].   g [x > 0], a product: inf where x <= 0 gives NaN"""

    samples = (S("3,4", "3,4", avoid=(0.0,)),)

    def kernel(gradients, features):
        return gradients * (features > 0)

    def vjp(F, g, y, gradients, x):
        return (lambda: F.relu_grad(g, x)), (lambda: nothing(F, x))

    def scalar(b, g, x):
        return b.mul(g, b.select(b.lt(b.const(0), x), b.const(1), b.const(0)))

    def latex(y, g, x):
        return f"[{x} > 0]", "0"


class Relu6(Activation):
    """Rectifier that ends at 6.  features: real[...].   y = min(max(x, 0), 6);  dy/dx = 1 where 0 < x < 6, else 0

    >>> tf.nn.relu6([-1.0, 3.0, 8.0]).numpy()
    array([0., 3., 6.], dtype=float32)
    """

    public = ("nn.relu6",)
    takes = "fViu"
    warns = False
    samples = (S("3,4", low=-3, high=9, avoid=(0.0, 6.0)),)

    def kernel(x):
        return np.minimum(np.maximum(x, np.zeros((), x.dtype)), np.asarray(6, x.dtype))

    def vjp(F, g, y, x):
        return (F.relu6_grad(g, y),)

    def scalar(b, x):
        low = b.select(b.le(x, b.const(0)), b.const(0), x)
        return b.select(b.gt(low, b.const(6)), b.const(6), low)

    def latex(y, x):
        return (f"[0 < {x} < 6]",)


class Relu6Grad(Elementwise):
    """Cotangent of relu6.  gradients, features: real[...].   g [0 < x < 6]"""

    samples = (S("3,4", "3,4", low=-3, high=9, avoid=(0.0, 6.0)),)

    def kernel(gradients, features):
        return gradients * ((features > 0) & (features < np.asarray(6, features.dtype)))

    def vjp(F, g, y, gradients, x):
        return (lambda: F.relu6_grad(g, x)), (lambda: nothing(F, x))

    def scalar(b, g, x):
        inside = b.logical_and(b.lt(b.const(0), x), b.lt(x, b.const(6)))
        return b.mul(g, b.select(inside, b.const(1), b.const(0)))


class LeakyRelu(Activation):
    """Rectifier with a slope below zero.  features: float[...], alpha: number.

    y = x where x > 0, else alpha x;  dy/dx = 1 or alpha (alpha at 0).  alpha is rounded to float32.  Integers are
    taken as float32.

    >>> tf.nn.leaky_relu([-1.0, 2.0]).numpy()
    array([-0.2,  2. ], dtype=float32)
    """

    public = ("nn.leaky_relu",)
    samples = (S("3,4", avoid=(0.0,), alpha=0.2), S("3", avoid=(0.0,), alpha=1.5))

    def api(op, features, alpha=0.2, name=None):
        dtype = getattr(features, "dtype", None)
        if dtype is not None and getattr(dtype, "np", dtype).kind in "iu":
            features = PUBLIC["cast"](features, np.float32)
        return op(features, alpha=float(alpha))

    def kernel(x, *, alpha):
        return np.where(x > 0, x, x * np.asarray(np.float32(alpha), x.dtype))

    def vjp(F, g, y, x, *, alpha):
        return (F.leaky_relu_grad(g, x, alpha=alpha),)

    def scalar(b, x, *, alpha):
        return b.select(b.lt(b.const(0), x), x, b.mul(x, b.const(np.float32(alpha))))

    def latex(y, x, *, alpha):
        return (rf"[{x} > 0] + {alpha} [{x} \le 0]",)


class LeakyReluGrad(Elementwise):
    """Cotangent of leaky_relu.  gradients, features: float[...].   g where x > 0, else alpha g"""

    samples = (S("3,4", "3,4", avoid=(0.0,), alpha=0.2),)

    def kernel(gradients, features, *, alpha):
        scaled = gradients * np.asarray(np.float32(alpha), gradients.dtype)
        return np.where(features > 0, gradients, scaled)

    def vjp(F, g, y, gradients, x, *, alpha):
        return (lambda: F.leaky_relu_grad(g, x, alpha=alpha)), (lambda: nothing(F, x))

    def scalar(b, g, x, *, alpha):
        return b.select(b.lt(b.const(0), x), g, b.mul(g, b.const(np.float32(alpha))))


class Elu(Activation):
    """Exponential linear unit.  features: float[...].   y = x where x >= 0, else exp(x) - 1;  dy/dx = 1 or y + 1

    Near 0 the difference loses digits, as TensorFlow's does (elu(-1e-5) = -1.001358e-05 in float32).

    Source: Clevert, Unterthiner, Hochreiter, arXiv 1511.07289.

    >>> tf.nn.elu([-1.0, 2.0]).numpy()
    array([-0.6321206,  2.       ], dtype=float32)
    """

    public = ("nn.elu",)
    samples = (S("3,4", avoid=(0.0,)), S("", avoid=(0.0,)))

    def kernel(x):
        return np.where(x < 0, np.exp(x) - np.ones((), x.dtype), x)

    def vjp(F, g, y, x):
        return (F.elu_grad(g, y),)

    def scalar(b, x):
        return b.select(b.lt(x, b.const(0)), b.sub(b.exp(x), b.const(1)), x)

    def latex(y, x):
        return (rf"[{x} \ge 0] + [{x} < 0] ({y} + 1)",)


class EluGrad(Elementwise):
    """Cotangent of elu.  gradients, outputs: float[...] (outputs: elu's result).   g where y >= 0, else g (y + 1)"""

    takes = "fV"
    samples = (S("3,4", "3,4", avoid=(0.0,)),)

    def kernel(gradients, outputs):
        one = np.ones((), outputs.dtype)
        return np.where(outputs < 0, (outputs + one) * gradients, gradients)

    def vjp(F, g, z, gradients, y):
        return (lambda: F.elu_grad(g, y)), (lambda: F.relu_grad(g * gradients, -y))

    def scalar(b, g, y):
        return b.select(b.lt(y, b.const(0)), b.mul(b.add(y, b.const(1)), g), g)


class Selu(Activation):
    """Self-normalising exponential unit.  features: float[...].

    y = s x where x >= 0, else s a (exp(x) - 1), s = 1.0507, s a = 1.7581;  dy/dx = s or y + s a

    Source: Klambauer, Unterthiner, Mayr, Hochreiter, arXiv 1706.02515.

    >>> tf.nn.selu([-1.0, 2.0]).numpy()
    array([-1.1113309,  2.101402 ], dtype=float32)
    """

    public = ("nn.selu",)
    samples = (S("3,4", avoid=(0.0,)), S("", avoid=(0.0,)))

    def kernel(x):
        scale, scale_alpha = np.asarray(SELU_SCALE, x.dtype), np.asarray(SELU_SCALE_ALPHA, x.dtype)
        return np.where(x < 0, scale_alpha * (np.exp(x) - np.ones((), x.dtype)), scale * x)

    def vjp(F, g, y, x):
        return (F.selu_grad(g, y),)

    def scalar(b, x):
        low = b.mul(b.const(SELU_SCALE_ALPHA), b.sub(b.exp(x), b.const(1)))
        return b.select(b.lt(x, b.const(0)), low, b.mul(b.const(SELU_SCALE), x))

    def latex(y, x):
        return (rf"[{x} \ge 0] s + [{x} < 0] ({y} + s \alpha)",)


class SeluGrad(Elementwise):
    """Cotangent of selu.  gradients, outputs (of selu): float[...].   g s where y >= 0, else g (y + s a)"""

    takes = "fV"
    samples = (S("3,4", "3,4", low=-1.7, avoid=(0.0,)),)

    def kernel(gradients, outputs):
        dtype = outputs.dtype
        scale, scale_alpha = np.asarray(SELU_SCALE, dtype), np.asarray(SELU_SCALE_ALPHA, dtype)
        return gradients * np.where(outputs < 0, outputs + scale_alpha, scale)

    def vjp(F, g, z, gradients, y):
        return (lambda: F.selu_grad(g, y)), (lambda: F.relu_grad(g * gradients, -y))

    def scalar(b, g, y):
        low = b.add(y, b.const(SELU_SCALE_ALPHA))
        return b.mul(g, b.select(b.lt(y, b.const(0)), low, b.const(SELU_SCALE)))


class Silu(Elementwise):
    """Sigmoid-weighted unit, "swish".  features, beta: float[...] -> float[...].

    y = x s, s = sigmoid(beta x);  dy/dx = s (1 + beta x (1 - s)), dy/dbeta = x^2 s (1 - s)

    >>> tf.nn.silu([0.0, 1.0]).numpy()
    array([0.       , 0.7310586], dtype=float32)
    """

    public = ("nn.silu", "nn.swish")
    takes = FLOATS
    samples = (S("3,4", ""), S("3,4", "4"))

    def api(op, features, beta=1.0):
        own, like = getattr(beta, "dtype", None), getattr(features, "dtype", None)
        if own is not None and like is not None and own != like:
            beta = PUBLIC["cast"](beta, like)
        return op(features, beta)

    def kernel(features, beta):
        return features * Sigmoid.kernel(beta * features)

    def vjp(F, g, y, x, beta):
        s = F.sigmoid(beta * x)
        rest = F.const(1, like=x) - s
        return (
            lambda: g * (s * (F.const(1, like=x) + beta * x * rest)),
            lambda: g * F.square(x) * (s * rest),
        )

    def scalar(b, x, beta):
        return b.mul(x, b.sigmoid(b.mul(beta, x)))


class Softsign(Activation):
    """Softsign.  features: float[...].   y = x / (1 + |x|);  dy/dx = 1 / (1 + |x|)^2

    >>> tf.nn.softsign([-1.0, 0.0, 3.0]).numpy()
    array([-0.5 ,  0.  ,  0.75], dtype=float32)
    """

    public = ("nn.softsign", "math.softsign")
    samples = (S("3,4", avoid=(0.0,)), S("", avoid=(0.0,)))

    def kernel(x):
        return x / (np.ones((), x.dtype) + np.abs(x))

    def vjp(F, g, y, x):
        return (g / F.square(F.const(1, like=x) + F.abs(x)),)

    def scalar(b, x):
        return b.div(x, b.add(b.const(1), b.abs(x)))

    def latex(y, x):
        return (rf"\frac{{1}}{{(1 + |{x}|)^2}}",)


class AlongAxis(Op, abstract=True):
    """Softmax and its logarithm: one axis is normalised."""

    family = "Opaque"
    takes = FLOATS
    parameters = ("logits",)

    def shape(logits, *, axis):
        return logits


def check_axis(x, axis):
    """Raises the user's error for an axis that is not there."""
    rank = x.ndim
    if rank == 0:
        raise ShapeError("logits must have >= 1 dimension, got [].", logits=x)
    if not -rank <= axis < rank:
        raise ShapeError(
            f"`dim` must be in the range [-{rank}, {rank}) where {rank} is the number of dimensions in the input.",
            dim=axis, logits=x,
        )  # fmt: skip


def half_sum(x, axis):
    """Sum of halves along an axis, kept: rounded where TensorFlow rounds, so that softmax agrees to the bit.

    Eight at a time are summed in float32; the rest one by one, each step rounded.
    """
    x = np.moveaxis(x, axis, -1)
    whole = x.shape[-1] // 8 * 8
    total = np.add.reduce(x[..., :whole], axis=-1, dtype=np.float32).astype(x.dtype)
    if whole < x.shape[-1]:
        total = total + np.add.accumulate(x[..., whole:], axis=-1)[..., -1]
    return np.expand_dims(total, axis)


def axis_of(axis):
    return -1 if axis is None else int(axis)


class Softmax(AlongAxis):
    """Probabilities along an axis (the last when None).  logits: float[...], axis: int -> float[...].

    y_i = exp(x_i) / sum_j exp(x_j);  dL/dx = y (g - sum_j g_j y_j)
    The largest is taken away first, so that large logits do not overflow; -inf gives 0.
    Raises InvalidArgumentError for an axis that is not there.

    >>> tf.nn.softmax([0.0, 0.0]).numpy()
    array([0.5, 0.5], dtype=float32)
    """

    public = ("nn.softmax", "math.softmax")
    samples = (S("3,4", axis=-1), S("3,4", axis=0), S("5", axis=-1), S("2,3,2", axis=1))

    def api(op, logits, axis=None, name=None):
        return op(logits, axis=axis_of(axis))

    def kernel(x, *, axis):
        check_axis(x, axis)
        if not x.size:
            return x.copy()
        y = np.subtract(x, np.maximum.reduce(x, axis=axis, keepdims=True))
        np.exp(y, out=y)
        if x.dtype.itemsize == 2:
            return y * np.reciprocal(half_sum(y, axis))
        y /= np.add.reduce(y, axis=axis, keepdims=True)
        return y

    def vjp(F, g, y, x, *, axis):
        axis %= len(F.shape(x))
        return (y * (g - F.reduce_sum(g * y, axis=(axis,), keepdims=True)),)

    def batch(F, axes, x, *, axis):
        return F.softmax(x, axis=behind(axis))

    def latex(y, x, *, axis):
        return (rf"{y} (\delta - {y})",)


class LogSoftmax(AlongAxis):
    """Logarithm of softmax along an axis (the last when None).  logits: float[...], axis: int -> float[...].

    y_i = x_i - log(sum_j exp(x_j));  dL/dx = g - softmax(x) sum_j g_j

    >>> tf.nn.log_softmax([0.0, 0.0]).numpy()
    array([-0.6931472, -0.6931472], dtype=float32)
    """

    public = ("nn.log_softmax", "math.log_softmax")
    samples = (S("3,4", axis=-1), S("3,4", axis=0), S("5", axis=-1))

    def api(op, logits, axis=None, name=None):
        return op(logits, axis=axis_of(axis))

    def kernel(x, *, axis):
        check_axis(x, axis)
        if not x.size:
            return x.copy()
        y = np.subtract(x, np.maximum.reduce(x, axis=axis, keepdims=True))
        if x.dtype.itemsize == 2:
            return y - np.log(half_sum(np.exp(y), axis))
        y -= np.log(np.add.reduce(np.exp(y), axis=axis, keepdims=True))
        return y

    def vjp(F, g, y, x, *, axis):
        whole = F.reduce_sum(g, axis=(axis % len(F.shape(x)),), keepdims=True)
        return (g - whole * F.exp(y),)

    def batch(F, axes, x, *, axis):
        return F.log_softmax(x, axis=behind(axis))

    def latex(y, x, *, axis):
        return (rf"\delta - e^{{{y}}}",)
