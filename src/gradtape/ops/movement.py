"""Movement: the same elements in another form."""

import math
from operator import index
from typing import Any

import numpy as np

from gradtape.base.errors import ArgumentError, ShapeError
from gradtape.core.card import PUBLIC, Movement, S

SMALL = 4096  # elements: below, a filled array costs less than a view


def shape_of(shape):
    """Attribute `shape` from TensorFlow's argument: a TensorShape, ints, or a tensor of them.  None becomes -1."""
    if type(shape) is not tuple and type(shape) is not list:
        value = getattr(shape, "_value", shape)
        if hasattr(value, "tolist"):
            value = value.tolist()
        shape = (value,) if hasattr(value, "__index__") and not getattr(value, "ndim", 0) else value
    try:
        return tuple([n if type(n) is int else -1 if n is None else index(n) for n in shape])
    except TypeError:
        raise TypeError(f"Expected a shape: an int, or ints. Received: {shape!r}") from None


def ints_of(values: Any) -> Any:
    """Attribute from TensorFlow's int, ints, or tensor of them: an int stays one, the rest a tuple (nested)."""
    value = getattr(values, "_value", values)
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return tuple([ints_of(v) for v in value])
    return None if value is None else int(value)


def rank_of(x):
    """The number of axes of anything that converts to a tensor."""
    rank = getattr(x, "ndim", None)
    return np.ndim(x) if rank is None else rank


def axis_in(axis, rank, text="axis"):
    """`axis` counted from the front.  Raises InvalidArgumentError (a ValueError) outside of [-rank, rank)."""
    if not -rank <= axis < rank:
        raise ArgumentError(f"Expected {text} in the range [{-rank}, {rank}).", **{text: axis})
    return axis % rank


def behind(axis):
    """`axis` when another axis comes first."""
    return axis + 1 if axis >= 0 else axis


def all_batched(F, axes, xs):
    """Every input with the leading axis: those without are repeated."""
    n = next(F.shape(x)[0] for x, batched in zip(xs, axes) if batched)
    return [
        x if batched else F.broadcast_to(x, shape=(n, *F.shape(x))) for x, batched in zip(xs, axes)
    ]


class Reshape(Movement):
    """The same elements in another shape.  tensor: any[...], shape: ints, one of which may be -1.   dy/dx = 1

    Raises InvalidArgumentError when the number of elements differs.

    >>> tf.reshape([1, 2, 3, 4], [2, -1]).numpy()
    array([[1, 2],
           [3, 4]], dtype=int32)
    """

    public = ("reshape",)
    samples = (S("3,4", shape=(2, 6)), S("3,4", shape=(12,)), S("", shape=(1, 1)))

    def api(op, tensor, shape, name=None):
        return op(tensor, shape=shape_of(shape))

    def kernel(x, *, shape):
        try:
            return x.reshape(shape)
        except ValueError:
            raise ShapeError(
                f"Input to reshape is a tensor with {x.size} values, but the requested shape has "
                f"{abs(int(np.prod(shape)))}.", tensor=x, shape=list(shape),
            ) from None  # fmt: skip

    def vjp(F, g, y, x, *, shape):
        return (F.reshape(g, shape=F.shape(x)),)

    def jvp(F, t, y, x, *, shape):
        return F.reshape(t[0], shape=shape)


class ExpandDims(Movement):
    """A new axis of length 1 before `axis`.  input: any[...], axis: int in [-r - 1, r] -> any[..., 1, ...].   dy/dx = 1

    >>> tf.expand_dims([1.0, 2.0], -1).shape
    TensorShape([2, 1])
    """

    public = ("expand_dims",)
    samples = (S("3,4", axis=0), S("3,4", axis=-1), S("", axis=0), S("2", axis=1))

    def api(op, input, axis, name=None):
        return op(input, axis=int(getattr(axis, "_value", axis)))

    def kernel(x, *, axis):
        rank = x.ndim + 1
        if not -rank <= axis < rank:
            raise ShapeError(
                f"Tried to expand dim index {axis} for tensor with {x.ndim} dimensions.", input=x
            )
        shape = x.shape
        axis %= rank
        return x.reshape((*shape[:axis], 1, *shape[axis:]))

    def vjp(F, g, y, x, *, axis):
        return (F.reshape(g, shape=F.shape(x)),)

    def jvp(F, t, y, x, *, axis):
        return F.expand_dims(t[0], axis=axis)

    def batch(F, axes, x, *, axis):
        return F.expand_dims(x, axis=behind(axis))


class Squeeze(Movement):
    """Axes of length 1 taken out.  input: any[...], axis: int or ints (all of length 1 when None).   dy/dx = 1

    Raises InvalidArgumentError for an axis whose length is not 1.

    >>> tf.squeeze([[1.0, 2.0]]).shape
    TensorShape([2])
    """

    public = ("squeeze",)
    samples = (S("1,3,1", axis=()), S("1,3,1", axis=(0,)), S("3,1", axis=(-1,)), S("1", axis=(0,)))

    def api(op, input, axis=None, name=None):
        axis = ints_of(axis)
        return op(input, axis=() if axis is None else axis if type(axis) is tuple else (axis,))

    def kernel(x, *, axis):
        if not axis:
            return x.reshape(tuple([n for n in x.shape if n != 1]))
        for a in axis:
            if not -x.ndim <= a < x.ndim:
                raise ShapeError(
                    f"Tried to squeeze dim index {a} for tensor with {x.ndim} dimensions.", input=x
                )
            if x.shape[a] != 1:
                raise ShapeError(
                    f"Can not squeeze dim[{a % x.ndim}], expected a dimension of 1, got {x.shape[a]}.",
                    input=x,
                )
        return x.squeeze(axis)

    def vjp(F, g, y, x, *, axis):
        return (F.reshape(g, shape=F.shape(x)),)

    def jvp(F, t, y, x, *, axis):
        return F.squeeze(t[0], axis=axis)

    def batch(F, axes, x, *, axis):
        shape = F.shape(x)
        places = [a % (len(shape) - 1) + 1 for a in axis] or [
            a for a, n in enumerate(shape) if n == 1 and a
        ]
        return F.reshape(x, shape=tuple(n for a, n in enumerate(shape) if a not in places))


class BroadcastTo(Movement):
    """Repeated to a larger shape.  input: any[...], shape: ints.   dy/dx = 1, summed over the repeats

    Raises InvalidArgumentError where the shapes do not broadcast.

    >>> tf.broadcast_to([1, 2], [2, 2]).numpy().tolist()
    [[1, 2], [1, 2]]
    """

    public = ("broadcast_to",)
    samples = (S("3,1", shape=(3, 4)), S("4", shape=(2, 3, 4)), S("", shape=(2, 2)))

    def api(op, input, shape, name=None):
        return op(input, shape=shape_of(shape))

    def kernel(x, *, shape):
        if x.size == 1 and x.ndim <= len(shape) and math.prod(shape) <= SMALL:
            y = np.empty(shape, x.dtype)
            y[...] = x
            return y
        try:
            return np.broadcast_to(x, shape)
        except ValueError:
            raise ShapeError(
                f"Incompatible shapes: {list(x.shape)} vs. {list(shape)}.", input=x
            ) from None

    def vjp(F, g, y, x, *, shape):
        return (F.unbroadcast(g, F.shape(x)),)

    def jvp(F, t, y, x, *, shape):
        return F.broadcast_to(t[0], shape=shape)


class Transpose(Movement):
    """Axes in another order.  a: any[...], perm: ints (reversed when None); conjugate: of complex ones.   dy/dx = 1

    Raises InvalidArgumentError when `perm` is no permutation of the axes.

    >>> tf.transpose([[1, 2], [3, 4]]).numpy().tolist()
    [[1, 3], [2, 4]]
    """

    public = ("transpose",)
    samples = (S("3,4", perm=(1, 0)), S("2,3,4", perm=(2, 0, 1)), S("3", perm=(0,)),
               S("2,3,4", perm=None))  # fmt: skip

    def api(op, a, perm=None, conjugate=False, name="transpose"):
        y = op(a, perm=None if perm is None else shape_of(perm))
        return PUBLIC["conj"](y) if conjugate and y.dtype.is_complex else y

    def kernel(x, *, perm):
        try:
            return x.transpose(perm)
        except ValueError:
            raise ShapeError(
                f"Expected perm to be a permutation of the {x.ndim} axes.", a=x, perm=perm
            ) from None

    def vjp(F, g, y, x, *, perm):
        rank = len(F.shape(x))
        back = list(range(rank - 1, -1, -1))
        if perm is not None:
            for i, p in enumerate(perm):
                back[p] = i
        return (F.transpose(g, perm=tuple(back)),)

    def jvp(F, t, y, x, *, perm):
        return F.transpose(t[0], perm=perm)


class Identity(Movement):
    """The same value as a tensor of its own.  input: any[...].   dy/dx = 1"""

    public = ("identity",)
    passes_slices = True
    samples = (S("3,4"), S(""))

    def api(op, input, name=None):
        return op(input)

    def kernel(x):
        return x

    def vjp(F, g, y, x):
        return (g,)

    def jvp(F, t, y, x):
        return t[0]

    def batch(F, axes, x):
        return x


class StopGradient(Movement):
    """The same value, through which no gradient flows.  input: any[...].   dy/dx = 0 by decree (None on a tape)"""

    public = ("stop_gradient",)
    samples = (S("3,4"),)
    no_gradient = "stop_gradient is where gradients end"

    def api(op, input, name=None):
        return op(input)

    def kernel(x):
        return x


class Tile(Movement):
    """Repeated as a block.  input: any[...], multiples: one int per axis.   dy/dx = 1, summed over the copies

    Raises InvalidArgumentError when `multiples` has another length than the rank, or a negative entry.

    >>> tf.tile([[1, 2]], [2, 2]).numpy().tolist()
    [[1, 2, 1, 2], [1, 2, 1, 2]]
    """

    public = ("tile",)
    samples = (S("2,3", multiples=(2, 1)), S("3", multiples=(3,)), S("2,1,2", multiples=(1, 3, 2)),
               S("", multiples=()))  # fmt: skip

    def api(op, input, multiples, name=None):
        return op(input, multiples=shape_of(multiples))

    def kernel(x, *, multiples):
        if len(multiples) != x.ndim:
            raise ShapeError(
                f"Expected multiples argument to be a vector of length {x.ndim} but got length {len(multiples)}.",
                input=x, multiples=multiples,
            )  # fmt: skip
        if any(n < 0 for n in multiples):
            raise ArgumentError("Expected multiples[i] >= 0.", multiples=multiples)
        return np.tile(x, multiples)

    def vjp(F, g, y, x, *, multiples):
        parts, axes = [], []
        for times, n in zip(multiples, F.shape(x)):
            axes.append(len(parts))
            parts += [times, n]
        total = F.reduce_sum(F.reshape(g, shape=tuple(parts)), axis=tuple(axes), keepdims=False)
        return (total,)

    def jvp(F, t, y, x, *, multiples):
        return F.tile(t[0], multiples=multiples)

    def batch(F, axes, x, *, multiples):
        return F.tile(x, multiples=(1, *multiples))


class Repeat(Movement):
    """Each element along `axis` repeated.  input: any[...], repeats: an int, or one per element.   dy/dx = 1, summed"""

    samples = (S("2,3", repeats=2, axis=1), S("3,2", repeats=(2, 0, 1), axis=0), S("2,2,2", repeats=3, axis=0),
               S("2,2", repeats=(1, 3), axis=1), S("2,2", repeats=(3,), axis=0))  # fmt: skip

    def api(op, input, *, repeats, axis):
        return op(input, repeats=repeats, axis=axis)

    def kernel(x, *, repeats, axis):
        return np.repeat(x, repeats, axis)

    def vjp(F, g, y, x, *, repeats, axis):
        shape = F.shape(x)
        n = shape[axis]
        if type(repeats) is int:
            split = (*shape[:axis], n, repeats, *shape[axis + 1 :])
            return (F.reduce_sum(F.reshape(g, shape=split), axis=(axis + 1,), keepdims=False),)
        order = (axis, *[a for a in range(len(shape)) if a != axis])
        rows = F.transpose(g, perm=order)
        counts = repeats * n if len(repeats) == 1 else repeats
        where = F.lift(np.repeat(np.arange(n), counts))
        total = F.unsorted_rows_sum(rows, where, shape=tuple(shape[a] for a in order))
        return (F.transpose(total, perm=tuple(order.index(a) for a in range(len(shape)))),)

    def batch(F, axes, x, *, repeats, axis):
        return F.repeat(x, repeats=repeats, axis=axis + 1)


class Roll(Movement):
    """Shifted around the ends.  input: any[...], shift and axis: an int or ints, paired.   dy/dx = 1

    >>> tf.roll([1, 2, 3, 4], 1, 0).numpy().tolist()
    [4, 1, 2, 3]
    """

    public = ("roll",)
    samples = (S("3,4", shift=(1,), axis=(1,)), S("3,4", shift=(-1, 2), axis=(0, 1)),
               S("4", shift=(1, 2), axis=(0, 0)))  # fmt: skip

    def api(op, input, shift, axis, name=None):
        shift, axis = ints_of(shift), ints_of(axis)
        shift = shift if type(shift) is tuple else (shift,)
        axis = axis if type(axis) is tuple else (axis,)
        if len(shift) != len(axis):
            raise ArgumentError("shift and axis must have the same size.", shift=shift, axis=axis)
        return op(input, shift=shift, axis=axis)

    def kernel(x, *, shift, axis):
        if x.ndim == 0:
            raise ShapeError("input must be 1-D or higher.", input=x)
        for a in axis:
            axis_in(a, x.ndim)
        return np.roll(x, shift, axis)

    def vjp(F, g, y, x, *, shift, axis):
        return (F.roll(g, shift=tuple(-s for s in shift), axis=axis),)

    def jvp(F, t, y, x, *, shift, axis):
        return F.roll(t[0], shift=shift, axis=axis)

    def batch(F, axes, x, *, shift, axis):
        return F.roll(x, shift=shift, axis=tuple(behind(a) for a in axis))


class Reverse(Movement):
    """Turned around along axes.  tensor: any[...], axis: ints.   dy/dx = 1

    >>> tf.reverse([1, 2, 3], [0]).numpy().tolist()
    [3, 2, 1]
    """

    public = ("reverse",)
    tf_name = "ReverseV2"
    samples = (S("3,4", axis=(1,)), S("2,3", axis=(0, -1)), S("2,3", axis=()))

    def api(op, tensor, axis, name=None):
        return op(tensor, axis=shape_of(axis))

    def kernel(x, *, axis):
        places = [axis_in(a, x.ndim) for a in axis]
        if len(set(places)) != len(places):
            raise ArgumentError(f"axis {places[-1]} specified more than once.", axis=axis)
        return np.flip(x, axis)

    def vjp(F, g, y, x, *, axis):
        return (F.reverse(g, axis=axis),)

    def jvp(F, t, y, x, *, axis):
        return F.reverse(t[0], axis=axis)

    def batch(F, axes, x, *, axis):
        return F.reverse(x, axis=tuple(behind(a) for a in axis))
