"""Reductions: axes folded into one number each."""

import math

import numpy as np

from gradtape.base.shapes import normalize_axes
from gradtape.core.card import Arg, Reduce, S
from gradtape.ops.half import FLOATS, NUMBERS, REALS, is_half, via_float32


def axes_of(axis, x):
    """Attribute `axis` from TensorFlow's argument: None, an int, a list, or a tensor of them."""
    if axis is None:
        return tuple(range(rank_of(x)))
    value = getattr(axis, "_value", axis)
    return normalize_axes(value.tolist() if isinstance(value, np.ndarray) else value, rank_of(x))


def rank_of(x):
    rank = getattr(x, "ndim", None)
    if rank is None and isinstance(x, list | tuple):
        return 1 + (rank_of(x[0]) if x else 0)
    return np.ndim(x) if rank is None else rank


def kept_shape(shape, axis):
    """`shape` with ones on the folded axes."""
    return tuple([1 if i in axis else n for i, n in enumerate(shape)])


FEW = 32


def total(x, axis, keepdims):
    """The sum. bfloat16 is added up in float32, float16 as `halves` has it."""
    dtype = x.dtype
    if is_half(dtype):
        if dtype.kind == "f":
            return halves(np.add, x, axis, keepdims)
        y = np.add.reduce(x.astype(np.float32), axis=axis, keepdims=keepdims)
        return np.asarray(y).astype(dtype)
    return np.add.reduce(x, axis=axis, dtype=dtype, keepdims=keepdims)


def halves(ufunc, x, axis, keepdims):
    """A fold of 16-bit floats. Few elements: each step rounded, as TensorFlow does on x86; many: in float32."""
    dtype, n = x.dtype, folded(x.shape, axis)
    if n > FEW or n == 0:
        y = ufunc.reduce(x.astype(np.float32), axis=axis, keepdims=keepdims)
        return np.asarray(y).astype(dtype)
    rest = [a for a in range(x.ndim) if a not in axis]
    rows = np.transpose(x, (*rest, *axis)).reshape(*[x.shape[a] for a in rest], n)
    inner = axis[-1:] == (x.ndim - 1,)  # neighbours in memory go through lanes of eight
    lanes = n // 8 * 8 if inner else 0
    start = np.full(rows.shape[:-1], ufunc.identity, dtype)
    y = start
    for k in range(lanes, n):
        y = ufunc(y, rows[..., k])
    if lanes:
        wide = rows[..., :8]
        for k in range(8, lanes, 8):
            wide = ufunc(wide, rows[..., k : k + 8])
        wide = wide.astype(np.float32)
        while wide.shape[-1] > 1:
            middle = wide.shape[-1] // 2
            wide = ufunc(wide[..., :middle], wide[..., middle:])
        y = ufunc(y, wide[..., 0].astype(dtype))
    return np.reshape(y, kept_shape(x.shape, axis)) if keepdims else y


def spread(F, g, shape, axis):
    """`g` of a reduction, repeated along the folded axes."""
    if len(axis) == len(shape):
        return F.broadcast_to(g if not F.shape(g) else F.reshape(g, shape=()), shape=shape)
    return F.broadcast_to(F.reshape(g, shape=kept_shape(shape, axis)), shape=shape)


class ReduceSum(Reduce):
    """Sum over axes.  input_tensor: number[...], axis: None (all), int or ints -> the rest.   dy/dx = 1

    The sum over no elements is 0.  Raises InvalidArgumentError for an axis outside of the rank.

    >>> tf.reduce_sum([[1.0, 2.0], [3.0, 4.0]], axis=0).numpy()
    array([4., 6.], dtype=float32)
    """

    public = ("reduce_sum", "math.reduce_sum")
    tf_name = "Sum"
    takes = NUMBERS
    samples = (
        S("3,4", axis=(0,), keepdims=False),
        S("3,4", axis=(0, 1), keepdims=True),
        S("2,3,4", axis=(0, 2), keepdims=False),
        S("", axis=(), keepdims=False),
    )

    def api(op, input_tensor, axis=None, keepdims=False, name=None):
        return op(input_tensor, axis=axes_of(axis, input_tensor), keepdims=bool(keepdims))

    def kernel(x, *, axis, keepdims):
        return total(x, axis, keepdims)

    def vjp(F, g, y, x, *, axis, keepdims):
        return (spread(F, g, F.shape(x), axis),)

    def jvp(F, t, y, x, *, axis, keepdims):
        return F.reduce_sum(t[0], axis=axis, keepdims=keepdims)


class ReduceMean(Reduce):
    """Mean over axes.  input_tensor: number[...], axis: None (all), int or ints -> the rest.   dy/dx = 1/n

    The mean of no elements is nan. Integers: the quotient is rounded towards 0.

    >>> tf.reduce_mean([[1.0, 2.0], [3.0, 4.0]]).numpy()
    np.float32(2.5)
    """

    public = ("reduce_mean", "math.reduce_mean")
    tf_name = "Mean"
    takes = NUMBERS
    samples = (
        S("3,4", axis=(0,), keepdims=False),
        S("3,4", axis=(0, 1), keepdims=True),
        S("2,3,4", axis=(0, 2), keepdims=False),
        S("", axis=(), keepdims=False),
    )

    def api(op, input_tensor, axis=None, keepdims=False, name=None):
        return op(input_tensor, axis=axes_of(axis, input_tensor), keepdims=bool(keepdims))

    def kernel(x, *, axis, keepdims):
        dtype = x.dtype
        n = x.size if len(axis) == x.ndim else folded(x.shape, axis)
        if dtype.itemsize <= 2 and is_half(dtype):
            if n > FEW:
                y = np.add.reduce(x.astype(np.float32), axis=axis, keepdims=keepdims)
                return np.asarray(y / np.float32(n)).astype(dtype)
            return halves(np.add, x, axis, keepdims) / np.asarray(n, dtype)
        y = np.add.reduce(x, axis=axis, dtype=dtype, keepdims=keepdims)
        if dtype.kind in "iu":
            return np.asarray(np.trunc(y / n)).astype(dtype) if n else y
        return y / dtype.type(n)

    def vjp(F, g, y, x, *, axis, keepdims):
        shape = F.shape(x)
        n = folded(shape, axis)
        return (spread(F, g if n <= 1 else g / F.const(n, like=g), shape, axis),)

    def jvp(F, t, y, x, *, axis, keepdims):
        return F.reduce_mean(t[0], axis=axis, keepdims=keepdims)


def folded(shape, axis):
    """How many elements fall into one."""
    if len(axis) == len(shape):
        return math.prod(shape)
    return math.prod([shape[a] for a in axis])


def lowest(dtype):
    """The start of a maximum: -inf, or the lowest integer."""
    return -np.inf if dtype.kind in FLOATS else np.iinfo(dtype).min


def highest(dtype):
    return np.inf if dtype.kind in FLOATS else np.iinfo(dtype).max


def chosen(F, g, y, x, axis):
    """The cotangent of a maximum or minimum: shared evenly by the elements equal to it."""
    shape = kept_shape(F.shape(x), axis)
    indicators = F.cast(F.equal(F.reshape(y, shape=shape), x), dtype=F.dtype(g))
    count = F.reduce_sum(indicators, axis=axis, keepdims=True)
    return indicators / count * F.reshape(g, shape=shape)


class ReduceMax(Reduce):
    """Largest over axes.  input_tensor: real[...], axis: None (all), int or ints -> the rest.

    dy/dx is shared evenly by the elements equal to the largest. nan if there is one; -inf (or the lowest
    integer) of no elements.
    """

    public = ("reduce_max", "math.reduce_max")
    tf_name = "Max"
    takes = REALS
    samples = (
        S("3,4", axis=(0,), keepdims=False),
        S("3,4", axis=(0, 1), keepdims=True),
        S("2,3,4", axis=(0, 2), keepdims=False),
        S("", axis=(), keepdims=False),
    )

    def api(op, input_tensor, axis=None, keepdims=False, name=None):
        return op(input_tensor, axis=axes_of(axis, input_tensor), keepdims=bool(keepdims))

    def kernel(x, *, axis, keepdims):
        return np.maximum.reduce(x, axis=axis, keepdims=keepdims, initial=lowest(x.dtype))

    def vjp(F, g, y, x, *, axis, keepdims):
        return (chosen(F, g, y, x, axis),)


class ReduceMin(Reduce):
    """Smallest over axes.  input_tensor: real[...], axis: None (all), int or ints -> the rest.

    dy/dx is shared evenly by the elements equal to the smallest. nan if there is one; inf (or the highest
    integer) of no elements.
    """

    public = ("reduce_min", "math.reduce_min")
    tf_name = "Min"
    takes = REALS
    samples = (
        S("3,4", axis=(0,), keepdims=False),
        S("3,4", axis=(0, 1), keepdims=True),
        S("2,3,4", axis=(0, 2), keepdims=False),
        S("", axis=(), keepdims=False),
    )

    def api(op, input_tensor, axis=None, keepdims=False, name=None):
        return op(input_tensor, axis=axes_of(axis, input_tensor), keepdims=bool(keepdims))

    def kernel(x, *, axis, keepdims):
        return np.minimum.reduce(x, axis=axis, keepdims=keepdims, initial=highest(x.dtype))

    def vjp(F, g, y, x, *, axis, keepdims):
        return (chosen(F, g, y, x, axis),)


class ReduceProd(Reduce):
    """Product over axes.  input_tensor: number[...], axis: None (all), int or ints -> the rest.

    dy/dx_i is the product of the others, exact where elements are 0. The product of no elements is 1.
    """

    public = ("reduce_prod", "math.reduce_prod")
    tf_name = "Prod"
    takes = NUMBERS
    samples = (
        S("3,4", axis=(0,), keepdims=False, low=0.5),
        S("3,4", axis=(0, 1), keepdims=True, low=0.5, high=1.5),
        S("2,3,2", axis=(0, 2), keepdims=False, low=0.5, high=1.5),
        S("", axis=(), keepdims=False, low=0.5),
    )

    def api(op, input_tensor, axis=None, keepdims=False, name=None):
        return op(input_tensor, axis=axes_of(axis, input_tensor), keepdims=bool(keepdims))

    def kernel(x, *, axis, keepdims):
        if is_half(x.dtype):
            return halves(np.multiply, x, axis, keepdims)
        return np.multiply.reduce(x, axis=axis, dtype=x.dtype, keepdims=keepdims)

    def vjp(F, g, y, x, *, axis, keepdims):
        shape = F.shape(x)
        rest = tuple([a for a in range(len(shape)) if a not in axis])
        perm = (*axis, *rest)
        back = tuple(int(i) for i in np.argsort(perm))
        sizes = tuple([shape[a] for a in perm])
        flat = F.reshape(
            F.transpose(x, perm=perm), shape=(folded(shape, axis), folded(shape, rest))
        )
        left = F.cumprod(flat, axis=0, exclusive=True, reverse=False)
        right = F.cumprod(flat, axis=0, exclusive=True, reverse=True)
        others = F.transpose(F.reshape(F.conj(left) * F.conj(right), shape=sizes), perm=back)
        return (spread(F, g, shape, axis) * others,)


class ReduceLogsumexp(Reduce):
    """Logarithm of the sum of exponentials, without overflow.  input_tensor: float[...], axis -> the rest.

    y = ln(sum e^x);  dy/dx = e^x / sum e^x. -inf of no elements.

    >>> tf.reduce_logsumexp([1000.0, 1000.0]).numpy()
    np.float32(1000.6932)
    """

    public = ("reduce_logsumexp", "math.reduce_logsumexp")
    takes = FLOATS
    samples = (
        S("3,4", axis=(0,), keepdims=False),
        S("3,4", axis=(0, 1), keepdims=True),
        S("2,3,4", axis=(0, 2), keepdims=False),
        S("3,4", low=500, high=501, axis=(1,), keepdims=False),
        S("", axis=(), keepdims=False),
    )

    def api(op, input_tensor, axis=None, keepdims=False, name=None):
        return op(input_tensor, axis=axes_of(axis, input_tensor), keepdims=bool(keepdims))

    def kernel(x, *, axis, keepdims):
        top = np.maximum.reduce(x, axis=axis, keepdims=True, initial=-np.inf)
        top = np.where(np.isfinite(top), top, np.zeros((), x.dtype))
        y = np.log(total(np.exp(x - top), axis, keepdims))
        return y + (top if keepdims else np.reshape(top, np.shape(y)))

    def vjp(F, g, y, x, *, axis, keepdims):
        shape = kept_shape(F.shape(x), axis)
        top = F.reduce_max(x, axis=axis, keepdims=True)
        top = F.where(F.is_finite(top), top, F.const(0, like=top))
        e = F.exp(x - top)
        scale = F.reciprocal(F.reduce_sum(e, axis=axis, keepdims=True))
        return (F.reshape(g, shape=shape) * scale * e,)


class ReduceAny(Reduce):
    """Whether any is true.  input_tensor: bool[...], axis: None (all), int or ints -> bool.  False of none."""

    public = ("reduce_any", "math.reduce_any")
    tf_name = "Any"
    takes = "b"
    warns = False
    samples = (S(Arg("3,4", dtype="bool"), axis=(0,), keepdims=False),)
    no_gradient = "a bool has no derivative"

    def api(op, input_tensor, axis=None, keepdims=False, name=None):
        return op(input_tensor, axis=axes_of(axis, input_tensor), keepdims=bool(keepdims))

    def kernel(x, *, axis, keepdims):
        return np.logical_or.reduce(x, axis=axis, keepdims=keepdims)


class ReduceAll(Reduce):
    """Whether all are true.  input_tensor: bool[...], axis: None (all), int or ints -> bool.  True of none."""

    public = ("reduce_all", "math.reduce_all")
    tf_name = "All"
    takes = "b"
    warns = False
    samples = (S(Arg("3,4", dtype="bool"), axis=(0,), keepdims=False),)
    no_gradient = "a bool has no derivative"

    def api(op, input_tensor, axis=None, keepdims=False, name=None):
        return op(input_tensor, axis=axes_of(axis, input_tensor), keepdims=bool(keepdims))

    def kernel(x, *, axis, keepdims):
        return np.logical_and.reduce(x, axis=axis, keepdims=keepdims)


class ReduceEuclideanNorm(Reduce):
    """Length: the root of the sum of squares.  input_tensor: number[...], axis -> the rest.   dy/dx = x / y

    The derivative at 0 is nan, as TensorFlow has it.
    """

    public = ("math.reduce_euclidean_norm",)
    tf_name = "EuclideanNorm"
    takes = NUMBERS
    samples = (
        S("3,4", axis=(0,), keepdims=False),
        S("3,4", axis=(0, 1), keepdims=True),
        S("2,3,4", axis=(0, 2), keepdims=False),
    )

    def api(op, input_tensor, axis=None, keepdims=False, name=None):
        return op(input_tensor, axis=axes_of(axis, input_tensor), keepdims=bool(keepdims))

    def kernel(x, *, axis, keepdims):
        def norm(x):
            squares = (x * np.conj(x)).real if x.dtype.kind == "c" else np.square(x)
            return np.sqrt(np.add.reduce(squares, axis=axis, keepdims=keepdims))

        return np.asarray(via_float32(norm, x)).astype(x.dtype)

    def vjp(F, g, y, x, *, axis, keepdims):
        shape = kept_shape(F.shape(x), axis)
        return (x / (F.reshape(y, shape=shape) / F.reshape(g, shape=shape)),)

    def jvp(F, t, y, x, *, axis, keepdims):
        return F.reduce_sum(x * t[0], axis=axis, keepdims=keepdims) / y


class L2Loss(Reduce):
    """Half of the sum of squares of all elements.  t: float[...] -> float[].   y = sum t^2 / 2;  dy/dt = t"""

    public = ("nn.l2_loss",)
    takes = FLOATS
    samples = (S("3,4"), S(""))

    def kernel(t):
        def half(t):
            flat = t.reshape(-1)
            return np.dot(flat, flat) / t.dtype.type(2)

        return via_float32(half, t)

    def vjp(F, g, y, t):
        return (t * g,)

    def shape(t):
        return ()
