"""`tf.random`: draws as tensors.  The bits are made in `gradtape.random`, the same as TensorFlow's."""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Any

import numpy as np

from gradtape.base.dtypes import as_dtype, float32, int32, int64
from gradtape.base.errors import ArgumentError, DtypeError, OpError, StructureError
from gradtape.base.exports import export
from gradtape.core.bind import bind
from gradtape.core.card import PUBLIC, REGISTRY
from gradtape.core.context import STATE as CONTEXT
from gradtape.core.convert import convert
from gradtape.core.tensor import Tensor, wrap
from gradtape.random import STATE, stateful, stateless
from gradtape.random.sampling import AUTO_SELECT, PHILOX, THREEFRY, scale, stretch
from gradtape.random.traced import perform

_PLAIN = (int, float)
_FLOATS = ("float16", "bfloat16", "float32", "float64")


@export("random.Algorithm", "random.experimental.Algorithm")
class Algorithm(enum.Enum):
    """The algorithms of random numbers; on a CPU there is Philox."""

    PHILOX = PHILOX
    THREEFRY = THREEFRY
    AUTO_SELECT = AUTO_SELECT


@export("random.set_seed")
def set_seed(seed: Any) -> None:
    """The global seed: every random operation begins its stream anew.  seed: int, or None for no seed.

    >>> tf.random.set_seed(1)
    >>> first = tf.random.uniform([1]).numpy()
    >>> tf.random.set_seed(1)
    >>> bool(first == tf.random.uniform([1]).numpy())
    True
    """
    STATE.set_seed(seed)


def dims_of(shape: Any) -> Any:
    """The sizes that a draw asks for: ints, or an array where the shape came with an integer dtype of its own.

    Raises InvalidArgumentError unless it is a vector of non-negative integers.
    """
    if type(shape) in (list, tuple):
        for n in shape:
            if type(n) is not int:
                wide = any(
                    getattr(values(n), "dtype", None) == np.int64
                    for n in shape
                    if n is not values(n)
                )
                shape = [_one_size(n) for n in shape]
                shape = np.array(shape, np.int64) if wide else shape
                break
        sizes: Any = shape
    else:
        own = isinstance(shape, np.ndarray) and shape.dtype == np.int64  # NumPy's default, kept
        sizes = shape if own else convert(shape, None, np.dtype(np.int32))._value
        if sizes.ndim != 1:
            raise ArgumentError(
                f"shape must be a vector of {{int32,int64}}, got shape {list(sizes.shape)}. Use [n] for one axis.",
                shape=shape,
            )  # fmt: skip
        if sizes.size and sizes.dtype.kind != "i":
            raise DtypeError("Expected int32 or int64 as the sizes of a shape.", shape=shape)
    for n in sizes:
        if n < 0:
            raise ArgumentError(f"Dimension {n} must be >= 0.", shape=list(sizes))
    return sizes


def _one_size(n: Any) -> Any:
    value = values(n)
    if hasattr(value, "__index__"):
        return int(value)
    raise StructureError("Expected int32 or int64 as the sizes of a shape.", shape=n)


def _float_dtype(dtype: Any, also: tuple[str, ...] = ()) -> np.dtype[Any]:
    found = as_dtype(dtype)
    if found.name not in _FLOATS and found.name not in also:
        accepted = ", ".join(f"tf.{name}" for name in (*_FLOATS, *also))
        error = ArgumentError if also else DtypeError
        raise error(
            f"Argument `dtype` got invalid value {found!r}. Accepted dtypes are ({accepted})."
        )
    return found.np


def draw(function: Callable[..., np.ndarray], *args: Any, **options: Any) -> Any:
    """The array that `function` draws; its complaints are those of the user's arguments."""
    if CONTEXT.trace is not None or CONTEXT.draws is not None:
        return perform(function, *args, call=complaining, **options)
    return complaining(function, *args, **options)


def complaining(function: Callable[..., np.ndarray], *args: Any, **options: Any) -> np.ndarray:
    try:
        return np.asarray(function(*args, **options))
    except OpError:
        raise
    except ValueError as error:
        text = str(error)
        raise ArgumentError(text if text.endswith(".") else text + ".") from None


def affine(z: Any, stddev: Any, mean: Any) -> Tensor:
    """stddev * z + mean, recorded where they are tensors."""
    if type(stddev) in _PLAIN and type(mean) in _PLAIN:
        if type(z) is np.ndarray:
            return Tensor(np.asarray(scale(z, stddev, mean)))
        if stddev == 1 and mean == 0:
            return wrap(z)
    dtype = z.dtype
    product = PUBLIC["multiply"](wrap(z), convert(stddev, dtype))
    return PUBLIC["add"](product, convert(mean, dtype))


def between(u: Any, minval: Any, maxval: Any) -> Tensor:
    """u stretched from [0, 1) to [minval, maxval), recorded where they are tensors."""
    maxval = 1 if maxval is None else maxval
    if type(minval) in _PLAIN and type(maxval) in _PLAIN:
        if type(u) is np.ndarray:
            return Tensor(np.asarray(stretch(u, minval, maxval)))
        if minval == 0 and maxval == 1:
            return wrap(u)
    low, high = convert(minval, u.dtype), convert(maxval, u.dtype)
    product = PUBLIC["multiply"](wrap(u), PUBLIC["subtract"](high, low))
    return PUBLIC["add"](product, low)


def values(x: Any) -> Any:
    """The bare value of a tensor or variable; anything else as it is."""
    return getattr(x, "_value", x)


@export("random.normal")
def normal(shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = float32, seed: Any = None,
           name: str | None = None) -> Tensor:  # fmt: skip
    """Normal numbers.  shape: ints, mean and stddev: number or tensor that broadcasts -> dtype[shape].

    y = stddev z + mean, z standard normal by Box and Muller;  dy/dmean = 1, dy/dstddev = z
    With a global seed the draws repeat from `set_seed` on; the operation seed chooses the stream.

    >>> tf.random.set_seed(5)
    >>> tf.random.normal([2]).numpy()
    array([-0.18030666, -0.95028627], dtype=float32)
    """
    return affine(
        draw(stateful.normal, dims_of(shape), 0.0, 1.0, _float_dtype(dtype), seed), stddev, mean
    )


@export("random.truncated_normal")
def truncated_normal(shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = float32, seed: Any = None,
                     name: str | None = None) -> Tensor:  # fmt: skip
    """Normal numbers of which none is further than two standard deviations from the mean.

    shape: ints, mean and stddev: number or tensor that broadcasts -> dtype[shape].
    """
    z = draw(stateful.truncated_normal, dims_of(shape), 0.0, 1.0, _float_dtype(dtype), seed)
    return affine(z, stddev, mean)


@export("random.uniform")
def uniform(shape: Any, minval: Any = 0, maxval: Any = None, dtype: Any = float32, seed: Any = None,
            name: str | None = None) -> Tensor:  # fmt: skip
    """Uniform numbers, minval <= y < maxval.  shape: ints -> dtype[shape], a floating dtype, int32 or int64.

    maxval None: 1; integers need one.  y = u (maxval - minval) + minval;  dy/dmaxval = u, dy/dminval = 1 - u
    Raises ValueError for integers without maxval, InvalidArgumentError unless minval < maxval there.

    >>> tf.random.set_seed(5)
    >>> tf.random.uniform([2]).numpy()
    array([0.6263931, 0.5298432], dtype=float32)
    """
    kind = _float_dtype(dtype, ("int32", "int64"))
    if kind.kind == "i":
        if maxval is None:
            raise ArgumentError(f"Must specify maxval for integer dtype {as_dtype(dtype)!r}.")
        low, high = values(minval), values(maxval)
        return wrap(draw(stateful.uniform, dims_of(shape), low, high, kind, seed))
    return between(draw(stateful.uniform, dims_of(shape), 0, 1, kind, seed), minval, maxval)


@export("random.shuffle")
def shuffle(value: Any, seed: Any = None, name: str | None = None) -> Tensor:
    """The rows (first axis) in random order.  value: any[n, ...] -> the same.  There is no gradient."""
    return wrap(draw(stateful.shuffle, convert(value)._value, seed))


@export("random.categorical")
def categorical(logits: Any, num_samples: Any, dtype: Any = None, seed: Any = None,
                name: str | None = None) -> Tensor:  # fmt: skip
    """Class numbers with probabilities softmax(logits).

    logits: float[batch, classes], num_samples: int -> int64 (or `dtype`)[batch, num_samples].  No gradient.
    Raises InvalidArgumentError unless the logits are a matrix.
    """
    x = _logits(logits)
    wanted = np.dtype(np.int64) if dtype is None else as_dtype(dtype).np
    return wrap(draw(stateful.categorical, x, int(values(num_samples)), wanted, seed))


def _logits(logits: Any) -> np.ndarray:
    x = convert(logits)._value
    if x.dtype.kind not in "fV":
        raise DtypeError("Expected logits of a floating dtype.", logits=x)
    return x


@export("random.poisson")
def poisson(
    shape: Any, lam: Any, dtype: Any = float32, seed: Any = None, name: str | None = None
) -> Tensor:
    """Poisson numbers.  shape: ints, lam: mean, number[...] -> dtype[shape + lam.shape].  No gradient."""
    kind = as_dtype(dtype).np
    return wrap(draw(stateful.poisson, dims_of(shape), values(lam), kind, seed))


@export("random.gamma")
def gamma(shape: Any, alpha: Any, beta: Any = None, dtype: Any = float32, seed: Any = None,
          name: str | None = None) -> Tensor:  # fmt: skip
    """Gamma numbers.  shape: ints, alpha (shape) and beta (rate, 1): number[...] -> dtype[shape + that of both].

    y = z / beta, z of rate 1;  dy/dbeta = -y / beta, dy/dalpha with the quantile of z kept (which has no gradient)
    """
    alphas, kind = _alphas(alpha, beta, dtype)
    return _rated(
        alphas, draw(stateful.gamma, dims_of(shape), alphas._value, None, kind, seed), beta
    )


@export("random.stateless_gamma")
def stateless_gamma(shape: Any, seed: Any, alpha: Any, beta: Any = None, dtype: Any = float32,
                    name: str | None = None) -> Tensor:  # fmt: skip
    """Gamma numbers that depend on the seed alone; the shape ends with that of alpha and beta.  -> dtype[shape]"""
    alphas, kind = _alphas(alpha, beta, dtype)
    z = draw(stateless.gamma, dims_of(shape), seed_of(seed), alphas._value, None, kind)
    return _rated(alphas, z, beta)


def _alphas(alpha: Any, beta: Any, dtype: Any) -> tuple[Any, np.dtype[Any]]:
    """alpha as a tensor of the shape it has together with beta."""
    kind = _float_dtype(dtype)
    tensor = convert(alpha, kind)
    shape = tensor._value.shape
    if beta is not None:
        common = np.broadcast_shapes(shape, np.shape(values(beta)))
        tensor = tensor if common == shape else PUBLIC["broadcast_to"](tensor, common)
    return tensor, kind


def _rated(alphas: Any, z: Any, beta: Any) -> Tensor:
    """z / beta, at least the smallest normal number."""
    sample = bind(REGISTRY["random_gamma"], alphas, wrap(z))
    if beta is None:
        return sample
    tiny = np.asarray(np.finfo(z.dtype).tiny, z.dtype)
    return PUBLIC["maximum"](Tensor(tiny), PUBLIC["real_div"](sample, convert(beta, z.dtype)))


@export("random.stateless_normal")
def stateless_normal(shape: Any, seed: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = float32,
                     name: str | None = None, alg: Any = "auto_select") -> Tensor:  # fmt: skip
    """Normal numbers that depend on the seed alone.  shape: ints, seed: int[2] -> dtype[shape].

    >>> tf.random.stateless_normal([2], seed=[1, 2]).numpy()
    array([0.5441101 , 0.20738031], dtype=float32)
    """
    pair, kind = seed_of(seed), _float_dtype(dtype)
    return affine(draw(stateless.normal, dims_of(shape), pair, 0.0, 1.0, kind, alg), stddev, mean)


@export("random.stateless_truncated_normal")
def stateless_truncated_normal(shape: Any, seed: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = float32,
                               name: str | None = None, alg: Any = "auto_select") -> Tensor:  # fmt: skip
    """Truncated normal numbers that depend on the seed alone.  shape: ints, seed: int[2] -> dtype[shape]."""
    pair, kind = seed_of(seed), _float_dtype(dtype)
    z = draw(stateless.truncated_normal, dims_of(shape), pair, 0.0, 1.0, kind, alg)
    return affine(z, stddev, mean)


@export("random.stateless_uniform")
def stateless_uniform(shape: Any, seed: Any, minval: Any = 0, maxval: Any = None, dtype: Any = float32,
                      name: str | None = None, alg: Any = "auto_select") -> Tensor:  # fmt: skip
    """Uniform numbers that depend on the seed alone.  shape: ints, seed: int[2] -> dtype[shape].

    Integers: minval <= y < maxval, or every value of the dtype where both are None.
    """
    pair, kind = seed_of(seed), _float_dtype(dtype, ("int32", "int64", "uint32", "uint64"))
    if kind.kind in "iu":
        low, high = values(minval), values(maxval)
        return wrap(draw(stateless.uniform, dims_of(shape), pair, low, high, kind, alg))
    return between(draw(stateless.uniform, dims_of(shape), pair, 0, 1, kind, alg), minval, maxval)


@export("random.experimental.stateless_shuffle")
def stateless_shuffle(
    value: Any, seed: Any, alg: Any = "auto_select", name: str | None = None
) -> Tensor:
    """The rows in an order that depends on the seed alone.  value: any[n, ...], seed: int[2] -> the same."""
    return wrap(draw(stateless.shuffle, convert(value)._value, seed_of(seed), alg))


@export("random.stateless_categorical")
def stateless_categorical(logits: Any, num_samples: Any, seed: Any, dtype: Any = int64,
                          name: str | None = None) -> Tensor:  # fmt: skip
    """Class numbers that depend on the seed alone.  logits: float[batch, classes] -> dtype[batch, num_samples]."""
    number, kind = int(values(num_samples)), as_dtype(dtype).np
    return wrap(draw(stateless.categorical, _logits(logits), number, seed_of(seed), kind))


@export("random.stateless_binomial")
def stateless_binomial(shape: Any, seed: Any, counts: Any, probs: Any, output_dtype: Any = int32,
                       name: str | None = None) -> Tensor:  # fmt: skip
    """Successes among `counts` trials of probability `probs`, by the seed alone.  -> output_dtype[shape]"""
    kind = as_dtype(output_dtype).np
    return wrap(
        draw(stateless.binomial, dims_of(shape), seed_of(seed), values(counts), values(probs), kind)
    )


@export("random.stateless_poisson")
def stateless_poisson(
    shape: Any, seed: Any, lam: Any, dtype: Any = int32, name: str | None = None
) -> Tensor:
    """Poisson numbers that depend on the seed alone; the shape ends with that of lam.  -> dtype[shape]"""
    kind = as_dtype(dtype).np
    return wrap(draw(stateless.poisson, dims_of(shape), seed_of(seed), values(lam), kind))


@export("random.split", "random.experimental.stateless_split")
def split(seed: Any, num: Any = 2, alg: Any = "auto_select") -> Tensor:
    """New seeds out of one.  seed: int[2] -> the seed's dtype[num, 2].

    >>> tf.random.split([1, 2]).numpy()
    array([[1105988140, 1738052849],
           [-335576002,  370444179]], dtype=int32)
    """
    return wrap(draw(stateless.split, seed_of(seed), int(values(num)), alg))


@export("random.fold_in", "random.experimental.stateless_fold_in")
def fold_in(seed: Any, data: Any, alg: Any = "auto_select") -> Tensor:
    """A new seed out of a seed and an integer.  seed: int[2], data: int[] -> data's dtype[2]."""
    return wrap(draw(stateless.fold_in, seed_of(seed), values(data), alg))


@export("random.experimental.index_shuffle")
def index_shuffle(index: Any, seed: Any, max_index: Any) -> Tensor:
    """Where `index` lies in the permutation of 0..max_index that the seed stands for: the dtype of index."""
    parts = [convert(x)._value for x in (index, seed, max_index)]
    return wrap(draw(stateless.index_shuffle, *parts))


def seed_of(seed: Any) -> np.ndarray:
    """The pair of integers of a stateless operation."""
    pair = convert(seed)._value
    if pair.dtype.kind not in "iu":
        raise DtypeError("Expected a seed of two int32 or int64.", seed=pair)
    if pair.shape != (2,):
        raise ArgumentError(f"seed must have shape [2], not {list(pair.shape)}.", seed=pair)
    return pair
