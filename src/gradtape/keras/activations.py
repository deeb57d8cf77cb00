"""Activation functions.  `softmax` and `sigmoid` leave their logits with the result, for exact cross-entropies."""

from __future__ import annotations

from typing import Any

from gradtape.base.exports import EXPORTS
from gradtape.core.convert import convert
from gradtape.core.tensor import Tensor
from gradtape.keras import registry
from gradtape.keras.functions import tf


def logits_of(output: Any, activation: str = "") -> Any:
    """The logits that an activation left with its result, or None.

    activation: "Softmax" or "Sigmoid": while a function is traced, what such an operation was taken of, too.
    """
    logits = getattr(output, "_keras_logits", None)
    if logits is None and activation:
        name, made_of = getattr(output, "_made_of", None) or ("", None)
        return made_of if name == activation else None
    return logits


def _with_logits(output: Any, logits: Any) -> Any:
    if isinstance(output, Tensor):
        output._keras_logits = logits
    return output


def _rank(x: Any) -> int:
    return len(x.shape)


def softmax(x: Any, axis: int = -1) -> Any:
    """exp(x) / sum(exp(x)) along `axis`.  Raises ValueError for a vector.

    >>> tf.keras.activations.softmax(tf.constant([[0.0, 0.0]])).numpy()
    array([[0.5, 0.5]], dtype=float32)
    """
    if _rank(x) <= 1:
        raise ValueError(
            f"Cannot apply softmax to a tensor that is 1D. Received input: {x}. Add an axis: x[tf.newaxis]."
        )
    return _with_logits(_SOFTMAX(x, axis), x)


def sigmoid(x: Any) -> Any:
    """1 / (1 + exp(-x))."""
    return _with_logits(_SIGMOID(x), x)


def elu(x: Any, alpha: float = 1.0) -> Any:
    """x where positive, alpha (exp(x) - 1) elsewhere."""
    y = tf.nn.elu(x)
    return y if alpha == 1 else tf.where(tf.greater(x, 0), y, alpha * y)


def selu(x: Any) -> Any:
    """scale * elu(x, alpha), with alpha = 1.67326324 and scale = 1.05070098.   Source: Klambauer et al., 2017."""
    return tf.nn.selu(x)


def softplus(x: Any) -> Any:
    """log(exp(x) + 1)."""
    return tf.math.softplus(x)


def softsign(x: Any) -> Any:
    """x / (|x| + 1)."""
    return tf.nn.softsign(x)


def swish(x: Any) -> Any:
    """x sigmoid(x)."""
    return tf.nn.silu(x)


def relu(x: Any, alpha: float = 0.0, max_value: float | None = None, threshold: float = 0.0) -> Any:
    """x above `threshold` (at most `max_value`), alpha (x - threshold) below.  At 0 the derivative is 0."""
    if alpha == 0.0 and max_value is None and threshold == 0.0:
        return _RELU(x)
    if alpha != 0.0:
        if max_value is None and threshold == 0:
            return tf.nn.leaky_relu(x, alpha)
        negative = tf.nn.relu(-x + threshold) if threshold != 0 else tf.nn.relu(-x)
    if threshold != 0:
        y = x * tf.cast(tf.greater(x, threshold), x.dtype)
        y = y if max_value is None else tf.clip_by_value(y, 0.0, max_value)
    elif max_value == 6:
        y = tf.nn.relu6(x)
    else:
        y = tf.nn.relu(x)
        y = y if max_value is None else tf.clip_by_value(y, 0.0, max_value)
    return y if alpha == 0.0 else y - alpha * negative


def gelu(x: Any, approximate: bool = False) -> Any:
    """x P(X <= x) for a standard normal X; `approximate` by tanh.   Source: Hendrycks and Gimpel, 2016."""
    return tf.nn.gelu(x, approximate)


def tanh(x: Any) -> Any:
    """The hyperbolic tangent."""
    return _TANH(x)


def exponential(x: Any) -> Any:
    """exp(x)."""
    return tf.exp(x)


def hard_sigmoid(x: Any) -> Any:
    """0.2 x + 0.5, clipped to [0, 1]."""
    return tf.clip_by_value(0.2 * x + 0.5, 0.0, 1.0)


def linear(x: Any) -> Any:
    """x."""
    return x


_SOFTMAX, _SIGMOID, _RELU, _TANH = (
    EXPORTS[name] for name in ("nn.softmax", "sigmoid", "nn.relu", "tanh")
)
_KNOWN: dict[str, Any] = {
    f.__name__: f
    for f in (
        softmax, sigmoid, elu, selu, softplus, softsign, swish, relu, gelu, tanh, exponential, hard_sigmoid, linear,
    )
}  # fmt: skip
_KNOWN |= {"silu": swish}


def leaky_relu(x: Any) -> Any:
    """`tf.nn.leaky_relu`, by its name."""
    return tf.nn.leaky_relu(convert(x))


_KNOWN |= {
    "leaky_relu": leaky_relu,
    "relu6": lambda x: tf.nn.relu6(x),
    "log_softmax": lambda x: tf.nn.log_softmax(x),
}


def get(identifier: Any) -> Any:
    """The activation of a name or configuration; None is `linear`; a callable is itself.

    Raises ValueError for an unknown name, TypeError for anything else.
    """
    if identifier is None:
        return linear
    if isinstance(identifier, str | dict):
        return deserialize(identifier)
    if callable(identifier):
        return identifier
    raise TypeError(f"Could not interpret activation function identifier: {identifier}")


def serialize(activation: Any, use_legacy_format: bool = False) -> Any:
    """The name of an activation."""
    name = getattr(activation, "__name__", None)
    if name in _KNOWN:
        return name
    return registry.to_config(activation)


def deserialize(name: Any, custom_objects: Any = None, use_legacy_format: bool = False) -> Any:
    """The activation of a name."""
    return registry.from_config(name, _KNOWN, "activation function", custom_objects)
