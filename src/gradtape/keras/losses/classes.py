"""Losses as objects: a function per example, weights, a reduction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradtape.core.convert import convert
from gradtape.keras.losses import functions
from gradtape.keras.losses.weighting import (
    Reduction,
    fit_labels,
    mask_of,
    masked_weights,
    weighted_loss,
)
from gradtape.transforms.autograph import for_trace


class Loss:
    """Base of losses: derive `call(self, y_true, y_pred)` that gives a loss per example.

    reduction: "auto" and "sum_over_batch_size" give the mean, "sum", "none".
    Raises ValueError for another reduction.

    >>> class Distance(tf.keras.losses.Loss):
    ...     def call(self, y_true, y_pred):
    ...         return tf.reduce_mean(tf.abs(y_pred - y_true), axis=-1)
    >>> float(Distance()(tf.constant([[1.0]]), tf.constant([[3.0]])))
    2.0
    """

    def __init__(self, reduction: str = Reduction.AUTO, name: str | None = None):
        Reduction.validate(reduction)
        self.reduction, self.name = reduction, name

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        losses = for_trace(self.call)(y_true, y_pred)
        mask, of_losses = mask_of(y_pred), mask_of(losses)
        mask = (
            mask & of_losses
            if mask is not None and of_losses is not None
            else mask
            if mask is not None
            else of_losses
        )
        weights = masked_weights(losses, sample_weight, mask, self.reduction)
        return weighted_loss(losses, weights, self.reduction)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        raise NotImplementedError("Must be implemented in subclasses.")

    def get_config(self) -> dict[str, Any]:
        return {"reduction": self.reduction, "name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        return cls(**config)


class LossFunctionWrapper(Loss):
    """A loss of a function (y_true, y_pred, **kwargs) -> loss per example."""

    def __init__(
        self,
        fn: Callable[..., Any],
        reduction: str = Reduction.AUTO,
        name: str | None = None,
        **kwargs: Any,
    ):
        super().__init__(reduction=reduction, name=name)
        self.fn, self._fn_kwargs = fn, kwargs

    def call(self, y_true: Any, y_pred: Any) -> Any:
        y_pred, y_true = fit_labels(convert(y_pred), convert(y_true))
        return for_trace(self.fn)(y_true, y_pred, **self._fn_kwargs)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self._fn_kwargs}


class MeanSquaredError(LossFunctionWrapper):
    """Mean of the squared errors.

    >>> float(tf.keras.losses.MeanSquaredError()([[0.0], [0.0]], [[1.0], [3.0]]))
    5.0
    """

    def __init__(self, reduction=Reduction.AUTO, name="mean_squared_error"):
        super().__init__(functions.mean_squared_error, reduction, name)


class MeanAbsoluteError(LossFunctionWrapper):
    """Mean of the absolute errors."""

    def __init__(self, reduction=Reduction.AUTO, name="mean_absolute_error"):
        super().__init__(functions.mean_absolute_error, reduction, name)


class MeanAbsolutePercentageError(LossFunctionWrapper):
    """Mean of the absolute errors in percent of the labels."""

    def __init__(self, reduction=Reduction.AUTO, name="mean_absolute_percentage_error"):
        super().__init__(functions.mean_absolute_percentage_error, reduction, name)


class MeanSquaredLogarithmicError(LossFunctionWrapper):
    """Mean of the squared differences of log(1 + y)."""

    def __init__(self, reduction=Reduction.AUTO, name="mean_squared_logarithmic_error"):
        super().__init__(functions.mean_squared_logarithmic_error, reduction, name)


class BinaryCrossentropy(LossFunctionWrapper):
    """Cross-entropy of yes-no labels with probabilities or (`from_logits`) logits."""

    def __init__(
        self,
        from_logits=False,
        label_smoothing=0.0,
        axis=-1,
        reduction=Reduction.AUTO,
        name="binary_crossentropy",
    ):
        super().__init__(
            functions.binary_crossentropy, reduction, name,
            from_logits=from_logits, label_smoothing=label_smoothing, axis=axis,
        )  # fmt: skip
        self.from_logits = from_logits


class BinaryFocalCrossentropy(LossFunctionWrapper):
    """Binary cross-entropy that makes little of what is easy."""

    def __init__(
        self, apply_class_balancing=False, alpha=0.25, gamma=2.0, from_logits=False, label_smoothing=0.0, axis=-1,
        reduction=Reduction.AUTO, name="binary_focal_crossentropy",
    ):  # fmt: skip
        super().__init__(
            functions.binary_focal_crossentropy, reduction, name, apply_class_balancing=apply_class_balancing,
            alpha=alpha, gamma=gamma, from_logits=from_logits, label_smoothing=label_smoothing, axis=axis,
        )  # fmt: skip
        self.from_logits, self.apply_class_balancing = from_logits, apply_class_balancing
        self.alpha, self.gamma = alpha, gamma


class CategoricalCrossentropy(LossFunctionWrapper):
    """Cross-entropy of one-hot labels with probabilities or (`from_logits`) logits."""

    def __init__(
        self,
        from_logits=False,
        label_smoothing=0.0,
        axis=-1,
        reduction=Reduction.AUTO,
        name="categorical_crossentropy",
    ):
        super().__init__(
            functions.categorical_crossentropy, reduction, name,
            from_logits=from_logits, label_smoothing=label_smoothing, axis=axis,
        )  # fmt: skip


class SparseCategoricalCrossentropy(LossFunctionWrapper):
    """Cross-entropy of class indices with probabilities or (`from_logits`) logits."""

    def __init__(
        self,
        from_logits=False,
        ignore_class=None,
        reduction=Reduction.AUTO,
        name="sparse_categorical_crossentropy",
    ):
        super().__init__(
            functions.sparse_categorical_crossentropy,
            reduction,
            name,
            from_logits=from_logits,
            ignore_class=ignore_class,
        )


class Hinge(LossFunctionWrapper):
    """max(1 - y_true y_pred, 0)."""

    def __init__(self, reduction=Reduction.AUTO, name="hinge"):
        super().__init__(functions.hinge, reduction, name)


class SquaredHinge(LossFunctionWrapper):
    """max(1 - y_true y_pred, 0)^2."""

    def __init__(self, reduction=Reduction.AUTO, name="squared_hinge"):
        super().__init__(functions.squared_hinge, reduction, name)


class CategoricalHinge(LossFunctionWrapper):
    """How far the best wrong class comes within 1 of the right one."""

    def __init__(self, reduction=Reduction.AUTO, name="categorical_hinge"):
        super().__init__(functions.categorical_hinge, reduction, name)


class Poisson(LossFunctionWrapper):
    """y_pred - y_true log(y_pred)."""

    def __init__(self, reduction=Reduction.AUTO, name="poisson"):
        super().__init__(functions.poisson, reduction, name)


class LogCosh(LossFunctionWrapper):
    """log(cosh(y_pred - y_true))."""

    def __init__(self, reduction=Reduction.AUTO, name="log_cosh"):
        super().__init__(functions.log_cosh, reduction, name)


class KLDivergence(LossFunctionWrapper):
    """y_true log(y_true / y_pred)."""

    def __init__(self, reduction=Reduction.AUTO, name="kl_divergence"):
        super().__init__(functions.kl_divergence, reduction, name)


class Huber(LossFunctionWrapper):
    """Quadratic up to `delta`, linear beyond."""

    def __init__(self, delta=1.0, reduction=Reduction.AUTO, name="huber_loss"):
        super().__init__(functions.huber, reduction, name, delta=delta)


class CosineSimilarity(LossFunctionWrapper):
    """Minus the cosine between labels and predictions."""

    def __init__(self, axis=-1, reduction=Reduction.AUTO, name="cosine_similarity"):
        super().__init__(functions.cosine_similarity, reduction, name, axis=axis)
