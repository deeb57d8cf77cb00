"""How often predictions are right."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape.core.convert import convert
from gradtape.core.tensor import Tensor
from gradtape.keras.engine.arrays import array_like, as_tensor, is_traced
from gradtape.keras.metrics.base import MeanMetricWrapper, values


def _float(matches: Any, dtype: Any = np.float32) -> Tensor:
    return as_tensor(array_like(matches, dtype))


def accuracy(y_true: Any, y_pred: Any) -> Tensor:
    """1 where y_pred equals y_true.   Raises ValueError for shapes that differ."""
    y_true, y_pred = convert(y_true), convert(y_pred)
    y_pred.shape.assert_is_compatible_with(y_true.shape)
    return _float(y_true._value.astype(y_pred._value.dtype) == y_pred._value)


def binary_accuracy(y_true: Any, y_pred: Any, threshold: float = 0.5) -> Tensor:
    """The share of right answers over the last axis, y_pred a yes above `threshold`."""
    y_pred = values(y_pred)
    yes = (y_pred > y_pred.dtype.type(threshold)).astype(y_pred.dtype)
    right = values(y_true).astype(y_pred.dtype) == yes
    return _float(np.mean(right.astype(np.float64), axis=-1))


def categorical_accuracy(y_true: Any, y_pred: Any) -> Tensor:
    """1 where the largest of y_pred is that of the one-hot y_true."""
    y_true, y_pred = values(y_true), values(y_pred)
    return _matches(np.argmax(y_true, -1), y_pred)


def _matches(labels: np.ndarray, y_pred: np.ndarray) -> Tensor:
    return _float(labels == np.argmax(y_pred, -1))


def sparse_categorical_accuracy(y_true: Any, y_pred: Any) -> Tensor:
    """1 where the largest of y_pred is at the class index y_true."""
    y_true, y_pred = values(y_true), values(y_pred)
    if y_true.ndim == y_pred.ndim and y_true.shape[-1:] == (1,):
        y_true = y_true[..., 0]
    return _matches(y_true, y_pred)


def _in_top_k(labels: np.ndarray, y_pred: np.ndarray, k: int) -> Tensor:
    flat, scores = labels.reshape(-1).astype(np.int64), y_pred.reshape(-1, y_pred.shape[-1])
    inside = np.logical_and(flat >= 0, flat < scores.shape[1])
    if is_traced(scores) or is_traced(flat):
        own = flat[:, None] == np.arange(scores.shape[1])
        target = np.where(own, scores, np.zeros((), scores.dtype)).sum(axis=-1)
    else:
        target = scores[np.arange(len(flat)), np.where(inside, flat, 0)]
    above = np.sum((scores > target[:, None]).astype(np.int64), axis=-1)
    right = np.logical_and(np.logical_and(above < k, inside), np.isfinite(target))
    return _float(right.reshape(labels.shape))


def top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> Tensor:
    """1 where the class of the one-hot y_true is among the `k` largest of y_pred."""
    return _in_top_k(np.argmax(values(y_true), -1), values(y_pred), k)


def sparse_top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> Tensor:
    """1 where the class index y_true is among the `k` largest of y_pred."""
    y_true, y_pred = values(y_true), values(y_pred)
    if y_true.ndim == y_pred.ndim and y_true.shape[-1:] == (1,):
        y_true = y_true[..., 0]
    return _in_top_k(y_true, y_pred, k)


class Accuracy(MeanMetricWrapper):
    """The share of predictions equal to their labels."""

    def __init__(self, name="accuracy", dtype=None):
        super().__init__(accuracy, name, dtype)


class BinaryAccuracy(MeanMetricWrapper):
    """The share of right yes-no answers.  Raises ValueError unless 0 < threshold < 1."""

    def __init__(self, name="binary_accuracy", dtype=None, threshold=0.5):
        if threshold is not None and (threshold <= 0 or threshold >= 1):
            raise ValueError(
                "Invalid input argument value for `threshold`: it must be in the interval (0, 1). "
                f"Received: threshold={threshold}"
            )
        super().__init__(binary_accuracy, name, dtype, threshold=threshold)


class CategoricalAccuracy(MeanMetricWrapper):
    """The share of one-hot labels at the largest prediction."""

    def __init__(self, name="categorical_accuracy", dtype=None):
        super().__init__(categorical_accuracy, name, dtype)


class SparseCategoricalAccuracy(MeanMetricWrapper):
    """The share of class indices at the largest prediction.

    >>> m = tf.keras.metrics.SparseCategoricalAccuracy()
    >>> m.update_state([1, 0], [[0.1, 0.9], [0.2, 0.8]])
    >>> float(m.result())
    0.5
    """

    def __init__(self, name="sparse_categorical_accuracy", dtype=None):
        super().__init__(sparse_categorical_accuracy, name, dtype)


class TopKCategoricalAccuracy(MeanMetricWrapper):
    """The share of one-hot labels among the `k` largest predictions."""

    def __init__(self, k=5, name="top_k_categorical_accuracy", dtype=None):
        super().__init__(top_k_categorical_accuracy, name, dtype, k=k)


class SparseTopKCategoricalAccuracy(MeanMetricWrapper):
    """The share of class indices among the `k` largest predictions."""

    def __init__(self, k=5, name="sparse_top_k_categorical_accuracy", dtype=None):
        super().__init__(sparse_top_k_categorical_accuracy, name, dtype, k=k)
