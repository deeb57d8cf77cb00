"""Losses per example: y_true and y_pred [..., d] -> [...]."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from gradtape.base.site import where
from gradtape.core.convert import convert
from gradtape.core.tensor import Symbolic
from gradtape.keras.activations import logits_of
from gradtape.keras.engine.policy import epsilon
from gradtape.keras.functions import tf

LOG_2 = float(np.float32(math.log(2.0)))  # TensorFlow takes it in float32 for every dtype


def _pair(y_true: Any, y_pred: Any) -> tuple[Any, Any]:
    y_pred = convert(y_pred)
    return tf.cast(y_true, y_pred.dtype), y_pred


def mean_squared_error(y_true: Any, y_pred: Any) -> Any:
    """mean (y_pred - y_true)^2 over the last axis.

    >>> tf.keras.losses.mean_squared_error([[0.0, 1.0]], [[1.0, 3.0]]).numpy()
    array([2.5], dtype=float32)
    """
    y_true, y_pred = _pair(y_true, y_pred)
    return tf.reduce_mean(tf.math.squared_difference(y_pred, y_true), -1)


def mean_absolute_error(y_true: Any, y_pred: Any) -> Any:
    """mean |y_pred - y_true| over the last axis."""
    y_true, y_pred = _pair(y_true, y_pred)
    return tf.reduce_mean(tf.abs(y_pred - y_true), -1)


def mean_absolute_percentage_error(y_true: Any, y_pred: Any) -> Any:
    """100 mean |(y_true - y_pred) / max(|y_true|, 1e-7)| over the last axis."""
    y_true, y_pred = _pair(y_true, y_pred)
    return 100.0 * tf.reduce_mean(
        tf.abs((y_true - y_pred) / tf.maximum(tf.abs(y_true), epsilon())), -1
    )


def mean_squared_logarithmic_error(y_true: Any, y_pred: Any) -> Any:
    """mean (log(y_pred + 1) - log(y_true + 1))^2 over the last axis, both at least 1e-7."""
    y_true, y_pred = _pair(y_true, y_pred)
    first, second = (tf.math.log(tf.maximum(y, epsilon()) + 1.0) for y in (y_pred, y_true))
    return tf.reduce_mean(tf.math.squared_difference(first, second), -1)


def _signs(y_true: Any) -> Any:
    """Labels 0 and 1 become -1 and 1."""
    binary = tf.reduce_all(tf.logical_or(tf.equal(y_true, 0), tf.equal(y_true, 1)))
    if isinstance(binary, Symbolic):
        return tf.where(binary, 2.0 * y_true - 1.0, y_true)
    return 2.0 * y_true - 1.0 if bool(binary) else y_true


def hinge(y_true: Any, y_pred: Any) -> Any:
    """mean max(1 - y_true y_pred, 0) over the last axis, labels -1 or 1 (or 0 and 1)."""
    y_true, y_pred = _pair(y_true, y_pred)
    return tf.reduce_mean(tf.maximum(1.0 - _signs(y_true) * y_pred, 0.0), -1)


def squared_hinge(y_true: Any, y_pred: Any) -> Any:
    """mean max(1 - y_true y_pred, 0)^2 over the last axis, labels -1 or 1 (or 0 and 1)."""
    y_true, y_pred = _pair(y_true, y_pred)
    return tf.reduce_mean(tf.square(tf.maximum(1.0 - _signs(y_true) * y_pred, 0.0)), -1)


def categorical_hinge(y_true: Any, y_pred: Any) -> Any:
    """max(1 + max((1 - y_true) y_pred) - sum(y_true y_pred), 0) over the last axis."""
    y_true, y_pred = _pair(y_true, y_pred)
    right = tf.reduce_sum(y_true * y_pred, -1)
    wrong = tf.reduce_max((1.0 - y_true) * y_pred, -1)
    return tf.maximum(wrong - right + 1.0, 0.0)


def huber(y_true: Any, y_pred: Any, delta: float = 1.0) -> Any:
    """mean of e^2 / 2 for |e| <= delta, delta |e| - delta^2 / 2 beyond, e = y_pred - y_true, over the last axis."""
    y_pred, y_true = tf.cast(y_pred, "float32"), tf.cast(y_true, "float32")
    error = y_pred - y_true
    size = tf.abs(error)
    linear = delta * size - 0.5 * float(delta) ** 2
    return tf.reduce_mean(tf.where(tf.less_equal(size, delta), 0.5 * tf.square(error), linear), -1)


def log_cosh(y_true: Any, y_pred: Any) -> Any:
    """mean log(cosh(y_pred - y_true)) over the last axis."""
    y_true, y_pred = _pair(y_true, y_pred)
    x = y_pred - y_true
    return tf.reduce_mean(x + tf.math.softplus(-2.0 * x) - LOG_2, -1)


def kl_divergence(y_true: Any, y_pred: Any) -> Any:
    """sum y_true log(y_true / y_pred) over the last axis, both clipped to [1e-7, 1]."""
    y_true, y_pred = _pair(y_true, y_pred)
    y_true, y_pred = (tf.clip_by_value(y, epsilon(), 1.0) for y in (y_true, y_pred))
    return tf.reduce_sum(y_true * tf.math.log(y_true / y_pred), -1)


def poisson(y_true: Any, y_pred: Any) -> Any:
    """mean y_pred - y_true log(y_pred + 1e-7) over the last axis."""
    y_true, y_pred = _pair(y_true, y_pred)
    return tf.reduce_mean(y_pred - y_true * tf.math.log(y_pred + epsilon()), -1)


def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """Minus the cosine of the angle between y_true and y_pred: -1 for the same direction."""
    y_true, y_pred = (tf.math.l2_normalize(convert(y), axis=axis) for y in (y_true, y_pred))
    return -tf.reduce_sum(y_true * y_pred, axis)


# --- cross-entropies --------------------------------------------------------------------------------------------------


def _logits(output: Any, from_logits: bool, activation: str, function: str) -> tuple[Any, bool]:
    """The logits that a softmax or sigmoid left with its result, where there are some."""
    logits = logits_of(output, activation)
    if logits is None:
        return output, from_logits
    if from_logits:
        warnings.warn(
            f'"`{function}` received `from_logits=True`, but the `output` argument was produced by a {activation} '
            f"activation and thus does not represent logits. Was this intended?{where(3)}",
            stacklevel=4,
        )
    return logits, True


def _smoothed(y_true: Any, label_smoothing: float, share: float) -> Any:
    amount = float(label_smoothing)
    return y_true * (1.0 - amount) + amount * share if amount else y_true


def categorical_crossentropy(
    y_true: Any,
    y_pred: Any,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """-sum y_true log(p) over `axis`: p = y_pred / sum(y_pred), clipped to [1e-7, 1 - 1e-7], or softmax(y_pred).

    A softmax's own logits are used where y_pred comes from one.  label_smoothing: y_true moves to the uniform
    distribution by so much.  Raises ValueError for an axis that is no int, or shapes that differ.
    """
    if isinstance(axis, bool):
        raise ValueError(
            f"`axis` must be of type `int`. Received: axis={axis} of type {type(axis)}"
        )
    kept = y_pred
    y_true, y_pred = _pair(y_true, y_pred)
    if y_pred.shape[-1] == 1:
        warnings.warn(
            "In loss categorical_crossentropy, expected y_pred.shape to be (batch_size, num_classes) with num_classes "
            f"> 1. Received: y_pred.shape={y_pred.shape}. Consider using 'binary_crossentropy' if you only have 2 "
            "classes.", SyntaxWarning, stacklevel=2,
        )  # fmt: skip
    y_true = _smoothed(y_true, label_smoothing, 1.0 / int(y_true.shape[-1] or 1))
    if not y_true.shape.is_compatible_with(y_pred.shape):
        raise ValueError(f"Shapes {y_true.shape} and {y_pred.shape} are incompatible")
    output, from_logits = _logits(
        kept if logits_of(kept, "Softmax") is not None else y_pred,
        from_logits,
        "Softmax",
        "categorical_crossentropy",
    )
    if from_logits:
        return tf.nn.softmax_cross_entropy_with_logits(y_true, output, axis)
    p = output / tf.reduce_sum(output, axis, True)
    return -tf.reduce_sum(
        y_true * tf.math.log(tf.clip_by_value(p, epsilon(), 1.0 - epsilon())), axis
    )


def sparse_categorical_crossentropy(
    y_true: Any,
    y_pred: Any,
    from_logits: bool = False,
    axis: int = -1,
    ignore_class: int | None = None,
) -> Any:
    """-log(p[y_true]) over `axis`: p = y_pred, clipped to [1e-7, 1 - 1e-7] and normalized, or softmax(y_pred).

    y_true: class indices.  A softmax's own logits are used where y_pred comes from one.  ignore_class: examples of this
    class cost nothing.  Raises InvalidArgumentError for a label out of range.
    """
    output, from_logits = _logits(y_pred, from_logits, "Softmax", "sparse_categorical_crossentropy")
    output = convert(output)
    labels = convert(y_true)
    if not from_logits:
        output = tf.math.log(tf.clip_by_value(output, epsilon(), 1.0 - epsilon()))
    rank = len(output.shape)
    axis = axis % rank
    if axis != rank - 1:
        output = tf.transpose(output, [*range(axis), *range(axis + 1, rank), axis])
    shape = output.shape
    labels = tf.cast(tf.reshape(labels, [-1]), "int64")
    logits = tf.reshape(output, [-1, int(shape[-1])])
    valid = None
    if ignore_class is not None:
        valid = tf.not_equal(labels, ignore_class)
        labels = tf.where(valid, labels, tf.zeros_like(labels))
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
    if valid is not None:
        losses = tf.where(valid, losses, tf.zeros_like(losses))
    if rank != 2:
        losses = tf.reshape(losses, [int(n) for n in shape[:-1]])
    if valid is not None:  # a mean leaves out what costs nothing
        losses._keras_mask = tf.reshape(valid, losses.shape)
    return losses


def elementwise_binary_crossentropy(y_true: Any, output: Any, from_logits: bool) -> Any:
    output, from_logits = _logits(output, from_logits, "Sigmoid", "binary_crossentropy")
    if from_logits:
        return tf.nn.sigmoid_cross_entropy_with_logits(y_true, output)
    p = tf.clip_by_value(output, epsilon(), 1.0 - epsilon())
    return -(
        y_true * tf.math.log(p + epsilon()) + (1.0 - y_true) * tf.math.log(1.0 - p + epsilon())
    )


def binary_crossentropy(
    y_true: Any,
    y_pred: Any,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """Mean of -(y log(p) + (1 - y) log(1 - p)) over `axis`: p = y_pred in [1e-7, 1 - 1e-7], or sigmoid(y_pred).

    A sigmoid's own logits are used where y_pred comes from one.
    """
    y_true, y_pred = _pair(y_true, y_pred)
    return tf.reduce_mean(
        elementwise_binary_crossentropy(
            _smoothed(y_true, label_smoothing, 0.5), y_pred, from_logits
        ),
        axis,
    )


def binary_focal_crossentropy(
    y_true: Any, y_pred: Any, apply_class_balancing: bool = False, alpha: float = 0.25, gamma: float = 2.0,
    from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1,
) -> Any:  # fmt: skip
    """The binary cross-entropy times (1 - p_t)^gamma, p_t the true class's probability.   Source: Lin et al., 2018."""
    y_true, y_pred = _pair(y_true, y_pred)
    y_true = _smoothed(y_true, label_smoothing, 0.5)
    p = tf.sigmoid(y_pred) if from_logits else y_pred
    p_t = y_true * p + (1.0 - y_true) * (1.0 - p)
    loss = tf.pow(1.0 - p_t, gamma) * elementwise_binary_crossentropy(y_true, p, False)
    if apply_class_balancing:
        loss = (y_true * alpha + (1.0 - y_true) * (1.0 - alpha)) * loss
    return tf.reduce_mean(loss, axis)
