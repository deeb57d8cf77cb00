"""Means of the losses, as metrics."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape.core.convert import convert
from gradtape.core.tensor import Tensor
from gradtape.keras.engine.arrays import array_like, as_tensor
from gradtape.keras.losses import functions
from gradtape.keras.losses.weighting import fit_labels
from gradtape.keras.metrics.base import Mean, MeanMetricWrapper, ratio


def _metric(cls_name: str, fn: Any, default_name: str, doc: str) -> type[MeanMetricWrapper]:
    """A metric of a loss without further arguments."""

    class Made(MeanMetricWrapper):
        def __init__(self, name=default_name, dtype=None):
            super().__init__(fn, name, dtype)

    Made.__name__ = Made.__qualname__ = cls_name
    Made.__doc__ = doc
    return Made


MeanSquaredError = _metric(
    "MeanSquaredError",
    functions.mean_squared_error,
    "mean_squared_error",
    "Mean of the squared errors.",
)
MeanAbsoluteError = _metric(
    "MeanAbsoluteError",
    functions.mean_absolute_error,
    "mean_absolute_error",
    "Mean of the absolute errors.",
)
MeanAbsolutePercentageError = _metric(
    "MeanAbsolutePercentageError", functions.mean_absolute_percentage_error, "mean_absolute_percentage_error",
    "Mean of the absolute errors in percent of the labels.",
)  # fmt: skip
MeanSquaredLogarithmicError = _metric(
    "MeanSquaredLogarithmicError", functions.mean_squared_logarithmic_error, "mean_squared_logarithmic_error",
    "Mean of the squared differences of log(1 + y).",
)  # fmt: skip
LogCoshError = _metric("LogCoshError", functions.log_cosh, "logcosh", "Mean of log(cosh(error)).")
Poisson = _metric("Poisson", functions.poisson, "poisson", "Mean of y_pred - y_true log(y_pred).")
KLDivergence = _metric(
    "KLDivergence",
    functions.kl_divergence,
    "kullback_leibler_divergence",
    "Mean Kullback-Leibler divergence.",
)
Hinge = _metric("Hinge", functions.hinge, "hinge", "Mean hinge loss.")
SquaredHinge = _metric(
    "SquaredHinge", functions.squared_hinge, "squared_hinge", "Mean squared hinge loss."
)
CategoricalHinge = _metric(
    "CategoricalHinge",
    functions.categorical_hinge,
    "categorical_hinge",
    "Mean categorical hinge loss.",
)


def cosine(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """The cosine of the angle between y_true and y_pred."""
    return -functions.cosine_similarity(y_true, y_pred, axis)


class CosineSimilarity(MeanMetricWrapper):
    """Mean cosine between labels and predictions."""

    def __init__(self, name="cosine_similarity", dtype=None, axis=-1):
        super().__init__(cosine, name, dtype, axis=axis)


class BinaryCrossentropy(MeanMetricWrapper):
    """Mean binary cross-entropy."""

    def __init__(
        self, name="binary_crossentropy", dtype=None, from_logits=False, label_smoothing=0
    ):
        super().__init__(
            functions.binary_crossentropy,
            name,
            dtype,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
        )


class CategoricalCrossentropy(MeanMetricWrapper):
    """Mean cross-entropy of one-hot labels."""

    def __init__(
        self,
        name="categorical_crossentropy",
        dtype=None,
        from_logits=False,
        label_smoothing=0,
        axis=-1,
    ):
        super().__init__(
            functions.categorical_crossentropy, name, dtype,
            from_logits=from_logits, label_smoothing=label_smoothing, axis=axis,
        )  # fmt: skip


class SparseCategoricalCrossentropy(MeanMetricWrapper):
    """Mean cross-entropy of class indices."""

    def __init__(
        self,
        name="sparse_categorical_crossentropy",
        dtype=None,
        from_logits=False,
        ignore_class=None,
        axis=-1,
    ):
        super().__init__(
            functions.sparse_categorical_crossentropy, name, dtype,
            from_logits=from_logits, ignore_class=ignore_class, axis=axis,
        )  # fmt: skip


class RootMeanSquaredError(Mean):
    """The root of the mean squared error."""

    def __init__(self, name="root_mean_squared_error", dtype=None):
        super().__init__(name, dtype)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        y_pred, y_true = fit_labels(convert(y_pred), convert(y_true))
        a, b = (array_like(v._value, self._dtype.np) for v in (y_pred, y_true))
        super().update_state(as_tensor(np.square(a - b)), sample_weight)

    def result(self) -> Any:
        return self._tensor(np.sqrt(ratio(self.total._value, self.count._value)))


class MeanRelativeError(Mean):
    """The mean of |y_true - y_pred| / normalizer."""

    def __init__(self, normalizer, name=None, dtype=None):
        super().__init__("mean_relative_error" if name is None else name, dtype)
        self.normalizer = Tensor(np.asarray(convert(normalizer)._value, self._dtype.np))

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        y_pred, y_true = fit_labels(convert(y_pred), convert(y_true))
        a, b = (array_like(v._value, self._dtype.np) for v in (y_pred, y_true))
        error = ratio(np.abs(b - a), self.normalizer._value)
        super().update_state(as_tensor(error), sample_weight)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "normalizer": self.normalizer._value}
