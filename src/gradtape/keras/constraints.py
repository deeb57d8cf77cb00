"""Projections of weights after each step."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape.keras import registry
from gradtape.keras.engine.policy import epsilon
from gradtape.keras.functions import tf


class Constraint:
    """Base of constraints: derive `__call__(self, w)` that gives the projected weights."""

    fields: tuple[str, ...] = ()

    def __call__(self, w: Any) -> Any:
        return w

    def get_config(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.fields}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        return cls(**config)


def _norms(w: Any, axis: Any) -> Any:
    return tf.sqrt(tf.reduce_sum(tf.square(w), axis=axis, keepdims=True))


class MaxNorm(Constraint):
    """Norms along `axis` are at most `max_value`."""

    fields = ("max_value", "axis")

    def __init__(self, max_value=2, axis=0):
        self.max_value, self.axis = max_value, axis

    def __call__(self, w):
        norms = _norms(w, self.axis)
        return w * (tf.clip_by_value(norms, 0.0, float(self.max_value)) / (epsilon() + norms))


class NonNeg(Constraint):
    """Negative weights become 0."""

    def __call__(self, w):
        return w * tf.cast(tf.greater_equal(w, 0.0), w.dtype)


class UnitNorm(Constraint):
    """Norms along `axis` are 1."""

    fields = ("axis",)

    def __init__(self, axis=0):
        self.axis = axis

    def __call__(self, w):
        return w / (epsilon() + _norms(w, self.axis))


class MinMaxNorm(Constraint):
    """Norms along `axis` go to [min_value, max_value] at `rate`."""

    fields = ("min_value", "max_value", "rate", "axis")

    def __init__(self, min_value=0.0, max_value=1.0, rate=1.0, axis=0):
        self.min_value, self.max_value, self.rate, self.axis = min_value, max_value, rate, axis

    def __call__(self, w):
        norms = _norms(w, self.axis)
        wanted = (
            self.rate * tf.clip_by_value(norms, self.min_value, self.max_value)
            + (1 - self.rate) * norms
        )
        return w * (wanted / (epsilon() + norms))


class RadialConstraint(Constraint):
    """Square kernels [n, n, in, out] that are equal on each ring around the middle.

    The ring at distance i takes the weight i to below the middle.  Raises ValueError for another rank.
    """

    def __call__(self, w):
        if len(w.shape) != 4:
            raise ValueError(
                f"The weight tensor must have rank 4. Received weight tensor with shape: {w.shape}"
            )
        n = int(w.shape[0])
        start, odd = n // 2, n % 2
        rows = n * np.arange(n)[:, None] + np.arange(n)
        ring = np.full((1, 1) if odd else (2, 2), rows[start - 1, start - 1])
        for i in range(0 if odd else 1, start):
            ring = np.pad(ring, 1, constant_values=rows[start + i, start])
        flat = tf.reshape(w, [n * n, *w.shape[2:]])
        return tf.gather(flat, ring.astype(np.int32))


radial_constraint = RadialConstraint
max_norm, non_neg, unit_norm, min_max_norm = MaxNorm, NonNeg, UnitNorm, MinMaxNorm
maxnorm, nonneg, unitnorm = MaxNorm, NonNeg, UnitNorm
_KNOWN: dict[str, Any] = {
    c.__name__: c for c in (MaxNorm, NonNeg, UnitNorm, MinMaxNorm, RadialConstraint)
}
_KNOWN |= {
    "max_norm": MaxNorm, "non_neg": NonNeg, "unit_norm": UnitNorm, "min_max_norm": MinMaxNorm, "maxnorm": MaxNorm,
    "nonneg": NonNeg, "unitnorm": UnitNorm,
    "radial_constraint": RadialConstraint,
}  # fmt: skip


def get(identifier: Any) -> Any:
    """A constraint of a name, a configuration or any callable; None stays None."""
    if identifier is None:
        return None
    if isinstance(identifier, str | dict):
        return deserialize(identifier)
    if callable(identifier):
        return identifier() if isinstance(identifier, type) else identifier
    raise ValueError(f"Could not interpret constraint function identifier: {identifier}")


def serialize(constraint: Any, use_legacy_format: bool = False) -> Any:
    """The class name and configuration of a constraint."""
    return registry.to_config(constraint)


def deserialize(config: Any, custom_objects: Any = None, use_legacy_format: bool = False) -> Any:
    """The constraint of a name or configuration."""
    return registry.from_config(config, _KNOWN, "constraint", custom_objects)
