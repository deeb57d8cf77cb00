"""Tensors made from nothing but a shape or a few numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape.base.dtypes import as_dtype, bool_, float32, float64, int32
from gradtape.base.errors import ArgumentError, ShapeError
from gradtape.base.exports import export
from gradtape.base.quiet import quiet
from gradtape.base.shapes import TensorShape, broadcast_shapes
from gradtape.core.card import PUBLIC
from gradtape.core.convert import convert, to_array
from gradtape.core.tensor import Tensor, made
from gradtape.ops.movement import shape_of
from gradtape.ops.structure import filled

_FLOAT32 = np.dtype(np.float32)
_RANGE_ORDER = [np.dtype(d) for d in ("int32", "int64", "float32", "float64")]


def _full(shape: Any, value: int, dtype: Any) -> Tensor:
    wanted = _FLOAT32 if dtype is None else as_dtype(dtype).np
    sizes = shape_of(shape)
    for n in sizes:
        if n < 0:
            raise ArgumentError(f"Dimension {n} must be >= 0.", shape=shape)
    return made(filled(sizes, value, wanted), "zeros" if value == 0 else "ones")


@export("zeros")
def zeros(shape: Any, dtype: Any = float32, name: str | None = None, layout: Any = None) -> Tensor:
    """Zeros.  shape: ints -> dtype[shape].

    >>> tf.zeros([2]).numpy()
    array([0., 0.], dtype=float32)
    """
    return _full(shape, 0, dtype)


@export("ones")
def ones(shape: Any, dtype: Any = float32, name: str | None = None, layout: Any = None) -> Tensor:
    """Ones.  shape: ints -> dtype[shape].

    >>> tf.ones([2], tf.int32).numpy()
    array([1, 1], dtype=int32)
    """
    return _full(shape, 1, dtype)


@export("fill")
def fill(dims: Any, value: Any, name: str | None = None, layout: Any = None) -> Tensor:
    """One value repeated.  dims: ints, value: any[] -> any[dims].   dy/dvalue = 1, summed

    Raises InvalidArgumentError when the value is not a scalar.

    >>> tf.fill([2], 9).numpy()
    array([9, 9], dtype=int32)
    """
    tensor = convert(value)
    if tensor.ndim != 0:
        raise ShapeError(f"value must represent a scalar, got shape {tensor.shape}.", value=tensor)
    return PUBLIC["broadcast_to"](tensor, dims)


@export("eye", "linalg.eye")
def eye(num_rows: Any, num_columns: Any = None, batch_shape: Any = None, dtype: Any = float32,
        name: str | None = None) -> Tensor:  # fmt: skip
    """The identity matrix.  -> dtype[batch_shape..., num_rows, num_columns], ones on the main diagonal.

    >>> tf.eye(2).numpy().tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    rows = int(num_rows)
    matrix = np.eye(
        rows, rows if num_columns is None else int(num_columns), dtype=as_dtype(dtype).np
    )
    if batch_shape is not None:
        matrix = np.broadcast_to(matrix, (*shape_of(batch_shape), *matrix.shape))
    return made(matrix)


def _number(value: Any, dtype: Any, name: str) -> np.ndarray:
    if dtype is not None and not isinstance(value, Tensor) and not hasattr(value, "_as_tensor"):
        return to_array(value, dtype)
    array = convert(value)._value
    array = array if dtype is None else array.astype(dtype)
    if array.ndim:
        raise ShapeError(f"{name} must be a scalar, not shape {list(array.shape)}.")
    return array


@export("range")
def range(
    start: Any, limit: Any = None, delta: Any = 1, dtype: Any = None, name: str = "range"
) -> Tensor:
    """start, start + delta, ... below limit.  `range(n)` counts from 0.

    dtype: the widest of the arguments' in the order int32, int64, float32, float64.
    Raises InvalidArgumentError for delta = 0, or a limit on the wrong side of start.

    >>> tf.range(1, 4).numpy()
    array([1, 2, 3], dtype=int32)
    """
    if limit is None:
        start, limit = 0, start
    wanted = None if dtype is None else as_dtype(dtype).np
    a: Any
    b: Any
    d: Any
    if type(start) is int and type(limit) is int and type(delta) is int and wanted is None:
        a, b, d = start, limit, delta
        wanted = _RANGE_ORDER[0] if max(abs(a), abs(b), abs(d)) < 2**31 else _RANGE_ORDER[1]
    else:
        parts = [
            _number(v, wanted, n) for v, n in ((start, "start"), (limit, "limit"), (delta, "delta"))
        ]
        if wanted is None:
            kinds = [p.dtype for p in parts]
            for kind in kinds:
                if kind not in _RANGE_ORDER:
                    raise TypeError(
                        f"Expected start, limit and delta of int32, int64, float32 or float64. Received: {kind.name}; "
                        "give dtype=, or use tf.cast."
                    )
            wanted = max(kinds, key=_RANGE_ORDER.index)
        a, b, d = (p.astype(wanted)[()] for p in parts)
    if d == 0:
        raise ArgumentError(f"Requires delta != 0: {d}.")
    if (d > 0 and a > b) or (d < 0 and a < b):
        sign = ("<=", ">") if d > 0 else (">=", "<")
        raise ArgumentError(f"Requires start {sign[0]} limit when delta {sign[1]} 0: {a}/{b}.")
    if wanted.kind in "iu":
        return made(np.arange(a, b, d, dtype=wanted), "range")
    size = int(np.ceil(abs((b - a) / d)))
    steps = np.full(size, d, wanted)
    if size:
        steps[0] = a
    return made(np.add.accumulate(steps, dtype=wanted), "range")


@export("linspace", "lin_space")
def linspace(start: Any, stop: Any, num: Any, name: str | None = None, axis: int = 0) -> Tensor:
    """num values from start to stop, evenly spaced, both ends included, along a new axis.

    start, stop: float[...] of one dtype (integers become float64); num = 1 gives start.
    y_i = start + i (stop - start) / (num - 1): differentiable in start and stop.
    Raises ValueError for num < 0 or an axis out of range.

    >>> tf.linspace(0.0, 1.0, 3).numpy()
    array([0. , 0.5, 1. ], dtype=float32)
    """
    n = int(num)
    if n < 0:
        raise ArgumentError("`num` must be non-negative.", num=n)
    if type(start) is float and type(stop) is float and n > 1 and axis in (0, -1):
        return Tensor(_even_steps(np.float32(start), np.float32(stop), n))
    a, b = _float_pair(start, stop)
    shape = broadcast_shapes(a._value.shape, b._value.shape)
    a, b = (t if t._value.shape == shape else PUBLIC["broadcast_to"](t, shape) for t in (a, b))
    expand, rank = PUBLIC["expand_dims"], len(shape) + 1
    if not -rank <= axis < rank:
        raise ArgumentError(f"Expected axis in the range [{-rank}, {rank}).", axis=axis)
    first, last = expand(a, axis), expand(b, axis)
    if n <= 1:
        return first if n else PUBLIC["slice"](first, [0] * rank, _middle(shape, axis, 0))
    step = (last - first) / to_array(n - 1, a._value.dtype)
    counts = (
        np.arange(1, n - 1).astype(a._value.dtype).reshape(_middle([1] * (rank - 1), axis, n - 2))
    )
    return PUBLIC["concat"]([first, first + step * counts, last], axis)


def _even_steps(start: np.float32, stop: np.float32, n: int) -> np.ndarray:
    with quiet():
        steps = np.arange(n, dtype=np.float32)
        steps *= (stop - start) / np.float32(n - 1)
        steps += start
    steps[-1] = stop
    return steps


def _middle(shape: Any, axis: int, n: int) -> list[int]:
    sizes = list(shape)
    sizes.insert(axis % (len(sizes) + 1), n)
    return sizes


def _float_pair(start: Any, stop: Any) -> tuple[Any, Any]:
    a = convert(start)
    if a.dtype.is_integer:
        a = _cast(a, float64)
    nested = isinstance(stop, list | tuple) and any(isinstance(s, Tensor) for s in stop)
    if nested or isinstance(stop, Tensor) or hasattr(stop, "_as_tensor"):
        return a, _cast(convert(stop), a.dtype)
    return a, Tensor(to_array(stop, None).astype(a.dtype.np))


def _cast(tensor: Any, dtype: Any) -> Any:
    return tensor if tensor.dtype is dtype else PUBLIC["cast"](tensor, dtype)


@export("meshgrid")
def meshgrid(*args: Any, **kwargs: Any) -> list[Tensor]:
    """Coordinate matrices of coordinate vectors.  args: any[n_i] each -> any[n_1, n_2, ...] each.

    indexing: "xy" (the first two axes exchanged; the default) or "ij".  Differentiable.
    Raises ValueError for another indexing, TypeError for another keyword.

    >>> [g.numpy().tolist() for g in tf.meshgrid([1, 2], [3, 4])]
    [[[1, 2], [1, 2]], [[3, 3], [4, 4]]]
    """
    indexing = kwargs.pop("indexing", "xy")
    kwargs.pop("name", None)
    if kwargs:
        raise TypeError(f"'{next(iter(kwargs))}' is an invalid keyword argument for this function")
    if indexing not in ("xy", "ij"):
        raise ValueError(f"Argument `indexing` must be one of ('xy', 'ij'). Received: {indexing!r}")
    vectors = [PUBLIC["reshape"](a, [-1]) for a in args]
    sizes = [v._value.size for v in vectors]
    places = [*map(int, np.arange(len(vectors)))]
    if indexing == "xy" and len(vectors) > 1:
        places[0], places[1] = 1, 0
    full = [0] * len(vectors)
    for place, size in zip(places, sizes):
        full[place] = size
    grids = []
    for place, vector in zip(places, vectors):
        shape = [1] * len(vectors)
        shape[place] = -1
        grids.append(PUBLIC["broadcast_to"](PUBLIC["reshape"](vector, shape), full))
    return grids


@export("broadcast_static_shape")
def broadcast_static_shape(shape_x: TensorShape, shape_y: TensorShape) -> TensorShape:
    """The shape of two broadcast together.  Raises ValueError when they do not fit."""
    x, y = TensorShape(shape_x), TensorShape(shape_y)
    if x.rank is None or y.rank is None:
        return TensorShape(None)
    result: list[int | None] = []
    rank = max(x.rank, y.rank)
    pad = lambda s: [1] * (rank - len(s)) + s.as_list()
    for a, b in zip(pad(x), pad(y)):
        if a == b or b == 1:
            result.append(a)
        elif a == 1:
            result.append(b)
        elif a is None or b is None:
            result.append(b if a is None else a)
        else:
            raise ValueError(f"Incompatible shapes for broadcasting: {x} and {y}.")
    return TensorShape(result)


@export("broadcast_dynamic_shape")
def broadcast_dynamic_shape(shape_x: Any, shape_y: Any) -> Tensor:
    """The shape of two broadcast together, as a tensor.  Raises InvalidArgumentError when they do not fit."""
    x, y = convert(shape_x), convert(shape_y)
    shape = broadcast_shapes(tuple(x._value.tolist()), tuple(y._value.tolist()))
    return Tensor(np.array(shape, x._value.dtype))


@export("shape_n")
def shape_n(input: Any, out_type: Any = int32, name: str | None = None) -> list[Tensor]:
    """The shapes of several tensors."""
    return [PUBLIC["shape_of"](x, out_type) for x in input]


@export("identity_n")
def identity_n(input: Any, name: str | None = None) -> list[Tensor]:
    """The same values as tensors of their own."""
    return [PUBLIC["identity"](x) for x in input]


@export("parallel_stack")
def parallel_stack(values: Any, name: str = "parallel_stack") -> Tensor:
    """Not there in eager mode, in TensorFlow neither: use `tf.stack`.  Raises RuntimeError."""
    raise RuntimeError(
        "tf.parallel_stack() is not compatible with eager execution. Use tf.stack(values)."
    )


@export("repeat")
def repeat(input: Any, repeats: Any, axis: int | None = None, name: str | None = None) -> Tensor:
    """Each element repeated.  input: any[...], repeats: an int, or one per element of the axis (flattened when None).

    >>> tf.repeat([1, 2], 2).numpy().tolist()
    [1, 1, 2, 2]
    """
    tensor = convert(input)
    if axis is None:
        tensor, axis = PUBLIC["reshape"](tensor, [-1]), 0
    rank = tensor.ndim
    if not -rank <= axis < rank:
        raise ArgumentError(f"Expected axis in the range [{-rank}, {rank}).", axis=axis)
    counts = convert(repeats)._value
    if counts.size == 1:
        times: Any = int(counts.reshape(()))
    else:
        times = tuple(counts.tolist())
        if len(times) != tensor.shape[axis]:
            raise ArgumentError(
                "Expected one count per element.", input=tensor, repeats=counts, axis=axis
            )
    return PUBLIC["repeat"](tensor, repeats=times, axis=axis % rank)


@export("sequence_mask")
def sequence_mask(
    lengths: Any, maxlen: Any = None, dtype: Any = bool_, name: str | None = None
) -> Tensor:
    """True in the first `lengths` places.  lengths: int[...] -> dtype[..., maxlen] (the longest when None).

    >>> tf.sequence_mask([1, 2], 3).numpy().tolist()
    [[True, False, False], [True, True, False]]
    """
    counts = convert(lengths)._value
    longest = int(counts.max(initial=0)) if maxlen is None else int(maxlen)
    mask = np.arange(longest) < counts[..., None]
    return Tensor(mask.astype(as_dtype(dtype).np))
