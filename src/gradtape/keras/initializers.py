"""First values of weights.

An initializer is a function `(shape, dtype=None)`; a class derived from `Initializer` is one, and so is any function,
which may return an array, a constant or a variable.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradtape.base.config import settings
from gradtape.base.dtypes import DTYPES, as_dtype
from gradtape.core.tensor import Tensor, wrap
from gradtape.keras import registry
from gradtape.random import initializer_source

_SEEDING = {"lesson": "2.9", "2.12": "2.12"}
_TRUNCATED_STDDEV = 0.87962566103423978  # of a standard normal cut off at two


class Initializer:
    """Base of initializers: derive `__call__(self, shape, dtype=None, **kwargs)`.

    >>> class Halves(tf.keras.initializers.Initializer):
    ...     def __call__(self, shape, dtype=None, **kwargs):
    ...         return tf.fill(shape, 0.5)
    >>> Halves()([2]).numpy()
    array([0.5, 0.5], dtype=float32)
    """

    fields: tuple[str, ...] = ()

    def __call__(self, shape: Any, dtype: Any = None, **kwargs: Any) -> Any:
        raise NotImplementedError("Initializer subclasses must implement the `__call__()` method.")

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the initializer again."""
        return {name: getattr(self, name) for name in self.fields}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        config = dict(config)
        config.pop("dtype", None)
        return cls(**config)


def _dims(shape: Any) -> tuple[int, ...]:
    return (
        tuple(int(n) for n in np.asarray(shape).reshape(-1))
        if not isinstance(shape, int)
        else (shape,)
    )


def _dtype(dtype: Any, floating: bool = True) -> np.dtype[Any]:
    found = as_dtype(dtype or "float32")
    if floating and not found.is_floating:
        raise ValueError(f"Expected floating point type, got {found}.")
    return found.np


class Zeros(Initializer):
    """All zeros."""

    def __call__(self, shape, dtype=None, **kwargs):
        wanted = _numeric(dtype, "Zeros")
        return Tensor(np.zeros(_dims(shape), wanted))


class Ones(Initializer):
    """All ones."""

    def __call__(self, shape, dtype=None, **kwargs):
        wanted = _numeric(dtype, "Ones")
        return Tensor(np.ones(_dims(shape), wanted))


def _numeric(dtype: Any, name: str) -> np.dtype[Any]:
    wanted = _dtype(dtype, floating=False)
    if wanted.kind == "O":
        raise ValueError(f"Expected numeric or boolean dtype, got {DTYPES[wanted]}. ({name})")
    return wanted


class Constant(Initializer):
    """All equal to `value`, a number."""

    fields = ("value",)

    def __init__(self, value=0):
        self.value = value

    def __call__(self, shape, dtype=None, **kwargs):
        value = np.asarray(getattr(self.value, "_value", self.value))
        return Tensor(np.array(np.broadcast_to(value, _dims(shape)), _dtype(dtype, floating=False)))


class _Drawn(Initializer):
    """An initializer that draws.  How a seed goes on from call to call: `gradtape.config.initializer_seeding`."""

    def __init__(self, seed: int | None):
        self.seed = seed
        self._source = initializer_source(seed, _SEEDING[settings.initializer_seeding])

    def _draw(self, method: str, shape: Any, a: float, b: float, dtype: Any) -> Tensor:
        return wrap(getattr(self._source, method)(_dims(shape), a, b, _dtype(dtype)))


class RandomUniform(_Drawn):
    """Uniform in [minval, maxval)."""

    fields = ("minval", "maxval", "seed")

    def __init__(self, minval=-0.05, maxval=0.05, seed=None):
        super().__init__(seed)
        self.minval, self.maxval = minval, maxval

    def __call__(self, shape, dtype=None, **kwargs):
        wanted = _dtype(dtype, floating=False)
        if wanted.kind not in "fViu":
            raise ValueError(f"Expected float or integer dtype, got {DTYPES[wanted]}.")
        return wrap(self._source.uniform(_dims(shape), self.minval, self.maxval, wanted))


class RandomNormal(_Drawn):
    """Normal with `mean` and `stddev`."""

    fields = ("mean", "stddev", "seed")

    def __init__(self, mean=0.0, stddev=0.05, seed=None):
        super().__init__(seed)
        self.mean, self.stddev = mean, stddev

    def __call__(self, shape, dtype=None, **kwargs):
        return self._draw("normal", shape, self.mean, self.stddev, dtype)


class TruncatedNormal(_Drawn):
    """Normal with `mean` and `stddev`, drawn again beyond two standard deviations."""

    fields = ("mean", "stddev", "seed")

    def __init__(self, mean=0.0, stddev=0.05, seed=None):
        super().__init__(seed)
        self.mean, self.stddev = mean, stddev

    def __call__(self, shape, dtype=None, **kwargs):
        return self._draw("truncated_normal", shape, self.mean, self.stddev, dtype)


class VarianceScaling(_Drawn):
    """Draws whose variance is scale / n, with n the inputs (fan_in), the outputs (fan_out) or their mean (fan_avg).

    distribution: "truncated_normal", "untruncated_normal" or "uniform".  Raises ValueError for other arguments.
    """

    fields = ("scale", "mode", "distribution", "seed")

    def __init__(self, scale=1.0, mode="fan_in", distribution="truncated_normal", seed=None):
        super().__init__(seed)
        distribution = distribution.lower()
        distribution = "truncated_normal" if distribution == "normal" else distribution
        if scale <= 0.0:
            raise ValueError(f"`scale` must be positive float. Received: scale={scale}.")
        if mode not in ("fan_in", "fan_out", "fan_avg"):
            raise ValueError(
                f"Invalid `mode` argument: {mode}. Please use one of fan_in, fan_out, fan_avg."
            )
        if distribution not in ("uniform", "truncated_normal", "untruncated_normal"):
            raise ValueError(
                f"Invalid `distribution` argument: {distribution}. Allowed distributions: uniform, "
                "truncated_normal, untruncated_normal."
            )
        self.scale, self.mode, self.distribution = scale, mode, distribution

    def __call__(self, shape, dtype=None, **kwargs):
        fan_in, fan_out = fans(_dims(shape))
        n = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2.0}[self.mode]
        scale = self.scale / max(1.0, n)
        if self.distribution == "truncated_normal":
            return self._draw(
                "truncated_normal", shape, 0.0, math.sqrt(scale) / _TRUNCATED_STDDEV, dtype
            )
        if self.distribution == "untruncated_normal":
            return self._draw("normal", shape, 0.0, math.sqrt(scale), dtype)
        limit = math.sqrt(3.0 * scale)
        return self._draw("uniform", shape, -limit, limit, dtype)


def fans(shape: tuple[int, ...]) -> tuple[int, int]:
    """(inputs, outputs) of a kernel [..., in, out]; the receptive field multiplies both."""
    if not shape:
        return 1, 1
    if len(shape) == 1:
        return shape[0], shape[0]
    field = math.prod(shape[:-2])
    return shape[-2] * field, shape[-1] * field


class _Named(VarianceScaling):
    """A VarianceScaling with a name of its own; only the seed is free."""

    fields = ("seed",)
    fixed: tuple[float, str, str]

    def __init__(self, seed=None):
        super().__init__(*self.fixed, seed=seed)


class GlorotUniform(_Named):
    """Uniform with variance 2 / (fan_in + fan_out).   Source: Glorot and Bengio, 2010."""

    fixed = (1.0, "fan_avg", "uniform")


class GlorotNormal(_Named):
    """Truncated normal with variance 2 / (fan_in + fan_out).   Source: Glorot and Bengio, 2010."""

    fixed = (1.0, "fan_avg", "truncated_normal")


class LecunNormal(_Named):
    """Truncated normal with variance 1 / fan_in.   Source: Klambauer et al., 2017."""

    fixed = (1.0, "fan_in", "truncated_normal")


class LecunUniform(_Named):
    """Uniform with variance 1 / fan_in.   Source: Klambauer et al., 2017."""

    fixed = (1.0, "fan_in", "uniform")


class HeNormal(_Named):
    """Truncated normal with variance 2 / fan_in.   Source: He et al., 2015."""

    fixed = (2.0, "fan_in", "truncated_normal")


class HeUniform(_Named):
    """Uniform with variance 2 / fan_in.   Source: He et al., 2015."""

    fixed = (2.0, "fan_in", "uniform")


class Orthogonal(_Drawn):
    """A matrix with orthonormal rows or columns, times `gain`; higher ranks are flattened to [-1, last].

    Raises ValueError for fewer than two axes.   Source: Saxe et al., 2014.
    """

    fields = ("gain", "seed")

    def __init__(self, gain=1.0, seed=None):
        super().__init__(seed)
        self.gain = gain

    def __call__(self, shape, dtype=None, **kwargs):
        dims = _dims(shape)
        if len(dims) < 2:
            raise ValueError(
                "The tensor to initialize must be at least two-dimensional. "
                f"Received: shape={shape} of rank {len(dims)}."
            )
        rows, columns = math.prod(dims[:-1]), dims[-1]
        wanted = _dtype(dtype)
        drawn = self._source.normal((max(rows, columns), min(rows, columns)), 0.0, 1.0, wanted)
        q, r = np.linalg.qr(drawn)
        q = q * np.sign(np.diagonal(r))
        q = q.T if rows < columns else q
        return Tensor(np.asarray(wanted.type(self.gain) * q.reshape(dims), wanted))


class Identity(Initializer):
    """The identity matrix times `gain`.  Raises ValueError unless there are two axes."""

    fields = ("gain",)

    def __init__(self, gain=1.0):
        self.gain = gain

    def __call__(self, shape, dtype=None, **kwargs):
        dims = _dims(shape)
        if len(dims) != 2:
            raise ValueError(
                "Identity matrix initializer can only be used for 2D matrices. "
                f"Received: shape={shape} of rank {len(dims)}."
            )
        return Tensor(np.asarray(self.gain * np.eye(*dims), _dtype(dtype)))


_CLASSES = (
    Zeros, Ones, Constant, RandomUniform, RandomNormal, TruncatedNormal, VarianceScaling, GlorotUniform, GlorotNormal,
    LecunNormal, LecunUniform, HeNormal, HeUniform, Orthogonal, Identity,
)  # fmt: skip
_KNOWN: dict[str, Any] = {c.__name__: c for c in _CLASSES}
_KNOWN |= {registry.snake_case(c.__name__): c for c in _CLASSES}
_KNOWN |= {"normal": RandomNormal, "uniform": RandomUniform, "one": Ones, "zero": Zeros}
globals().update({name: cls for name, cls in _KNOWN.items() if name.islower()})


def get(identifier: Any) -> Any:
    """An initializer of a name, a configuration, a class or any callable; None stays None.

    Raises ValueError for anything else.
    """
    if identifier is None:
        return None
    if isinstance(identifier, str | dict):
        return deserialize(identifier)
    if callable(identifier):
        return identifier() if isinstance(identifier, type) else identifier
    raise ValueError(f"Could not interpret initializer identifier: {identifier}")


def serialize(initializer: Any, use_legacy_format: bool = False) -> Any:
    """The class name and configuration of an initializer."""
    return registry.to_config(initializer)


def deserialize(config: Any, custom_objects: Any = None, use_legacy_format: bool = False) -> Any:
    """The initializer of a name or configuration."""
    return registry.from_config(config, _KNOWN, "initializer", custom_objects)
