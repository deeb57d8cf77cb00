"""`tf.random_normal_initializer` and its kin: functions (shape, dtype) -> tensor."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape.base.dtypes import DType, as_dtype, float32
from gradtape.base.exports import export
from gradtape.core.convert import constant_array
from gradtape.core.tensor import Tensor, wrap
from gradtape.lib.random import dims_of
from gradtape.random import stateful, stateless
from gradtape.random.traced import perform

_PARTITION = ("partition_shape", "partition_offset")


def _shape_of(shape: Any, kwargs: dict[str, Any]) -> Any:
    for name in kwargs:
        if name not in _PARTITION:
            raise TypeError(
                f"Keyword argument should be one of {list(_PARTITION)}. Received: {name}"
            )
    return kwargs.get("partition_shape", shape)


def _filled_shape(shape: Any, kwargs: dict[str, Any]) -> Any:
    found = _shape_of(shape, kwargs)
    if isinstance(found, int):
        return [found]
    return [int(n) for n in found]


def _numeric(dtype: Any, also_bool: bool) -> DType:
    found = as_dtype(dtype)
    if not (
        found.is_floating or found.is_integer or (also_bool and (found.is_bool or found.is_complex))
    ):
        raise ValueError(f"Argument `dtype` expected to be numeric or boolean. Received {found}.")
    return found


class _Initializer:
    fields: tuple[str, ...] = ()

    def get_config(self) -> dict[str, Any]:
        """The arguments that make it again."""
        return {name: getattr(self, name) for name in self.fields}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """The initializer of these arguments."""
        config = dict(config)
        config.pop("dtype", None)
        return cls(**config)


@export("zeros_initializer")
class ZerosInitializer(_Initializer):
    """All zeros.

    >>> tf.zeros_initializer()([2]).numpy()
    array([0., 0.], dtype=float32)
    """

    def __call__(self, shape: Any, dtype: Any = float32, **kwargs: Any) -> Tensor:
        return Tensor(np.zeros(_filled_shape(shape, kwargs), _numeric(dtype, True).np))


@export("ones_initializer")
class OnesInitializer(_Initializer):
    """All ones."""

    def __call__(self, shape: Any, dtype: Any = float32, **kwargs: Any) -> Tensor:
        return Tensor(np.ones(_filled_shape(shape, kwargs), _numeric(dtype, True).np))


@export("constant_initializer")
class ConstantInitializer(_Initializer):
    """A number everywhere, or given values in the shape asked for.

    Raises TypeError for values that do not fill the shape.

    >>> tf.constant_initializer([1, 2])([2, 1]).numpy().tolist()
    [[1], [2]]
    """

    fields = ("value",)

    def __init__(self, value: Any = 0):
        if not (np.isscalar(value) or isinstance(value, list | tuple | np.ndarray)):
            raise TypeError(
                f"Invalid type for initial value: {type(value).__name__}. Expected Python scalar, list or tuple of "
                "values, or numpy.ndarray."
            )
        self.value = value

    def __call__(self, shape: Any, dtype: Any = None, **kwargs: Any) -> Tensor:
        if kwargs:
            _shape_of(shape, kwargs)
            raise ValueError("constant_initializer does not make parts of a tensor.")
        return Tensor(constant_array(self.value, dtype, shape))


class _Drawn(_Initializer):
    """seed: the same values in each call; without it, the next ones of the stream that `tf.random.set_seed` begins."""

    method = ""
    seed: int | None

    def __call__(self, shape: Any, dtype: Any = float32, **kwargs: Any) -> Tensor:
        sizes = dims_of(_shape_of(shape, kwargs))
        first, second = (getattr(self, name) for name in self.fields[:2])
        if self.method == "normal" and not as_dtype(dtype).is_floating:
            raise ValueError(
                f"Argument `dtype` is expected to be floating point. Received: {as_dtype(dtype)}."
            )
        kind = _numeric(dtype, False)
        if self.seed is None:
            return wrap(perform(getattr(stateful, self.method), sizes, first, second, kind.np))
        pair = [self.seed, 0]
        return wrap(perform(getattr(stateless, self.method), sizes, pair, first, second, kind.np))


@export("random_normal_initializer")
class RandomNormalInitializer(_Drawn):
    """mean + stddev * z, z standard normal.

    >>> draw = tf.random_normal_initializer(seed=3)
    >>> bool((draw([2]) == draw([2])).numpy().all())
    True
    """

    fields = ("mean", "stddev", "seed")
    method = "normal"

    def __init__(self, mean: Any = 0.0, stddev: Any = 0.05, seed: int | None = None):
        self.mean, self.stddev, self.seed = mean, stddev, seed


@export("random_uniform_initializer")
class RandomUniformInitializer(_Drawn):
    """Uniform in [minval, maxval)."""

    fields = ("minval", "maxval", "seed")
    method = "uniform"

    def __init__(self, minval: Any = -0.05, maxval: Any = 0.05, seed: int | None = None):
        self.minval, self.maxval, self.seed = minval, maxval, seed
