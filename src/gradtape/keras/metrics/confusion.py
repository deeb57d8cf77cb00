"""Counts of right and wrong yes and no, and what follows from them: precision, recall, areas under curves."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape.base.exports import EXPORTS as TF
from gradtape.core.convert import convert
from gradtape.keras.activations import sigmoid
from gradtape.keras.engine.arrays import array_like, is_traced
from gradtape.keras.losses.weighting import fit_labels
from gradtape.keras.metrics.base import Metric, ratio, values

EPSILON = 1e-7
COUNTS = ("true_positives", "true_negatives", "false_positives", "false_negatives")


def check_thresholds(thresholds: Any) -> list[float]:
    """Raises ValueError for thresholds outside of [0, 1]."""
    found = list(thresholds) if isinstance(thresholds, list | tuple | np.ndarray) else [thresholds]
    bad = [t for t in found if t is None or t < 0 or t > 1]
    if bad:
        raise ValueError(f"Threshold values must be in [0, 1]. Received: {bad}")
    return found


def counts(
    y_true: Any, y_pred: Any, thresholds: Any, sample_weight: Any = None, top_k: int | None = None,
    class_id: int | None = None, by_label: bool = False, label_weights: Any = None,
) -> dict[str, np.ndarray]:  # fmt: skip
    """The four weighted counts for each threshold: [t], or [t, labels] where `by_label`.

    Raises InvalidArgumentError-like ValueError for predictions outside of [0, 1].
    """
    prediction, truth = fit_labels(convert(y_pred), convert(y_true))
    p, t = array_like(prediction._value, np.float32), array_like(truth._value, np.float32)
    if not is_traced(p) and p.size and (p.min() < 0 or p.max() > 1):
        raise ValueError(
            "predictions must be >= 0 and <= 1. Use an activation, or from_logits where there is one."
        )
    if p.shape != t.shape:
        raise ValueError(f"Shapes {t.shape} and {p.shape} are incompatible")
    if top_k is not None:
        if is_traced(p):
            kept = TF["math.top_k"](p.tensor, top_k)[0]._value[..., top_k - 1, None]
        else:
            kept = np.sort(p, axis=-1)[..., -top_k, None]
        p = np.where(p >= kept, p, np.float32(-np.inf))
    if class_id is not None:
        p, t = p[..., class_id], t[..., class_id]
    weight = np.ones_like(p)
    if sample_weight is not None:
        given = values(sample_weight).astype(np.float32)
        while given.ndim and given.ndim < p.ndim:
            given = given[..., None]
        weight = weight * given.reshape(p.shape) if given.size == p.size else weight * given
    if label_weights is not None:
        weight = weight * np.asarray(label_weights, np.float32)
    if not by_label:
        p, t, weight = p.reshape(-1), t.reshape(-1), weight.reshape(-1)
    limits = np.asarray(thresholds, np.float32).reshape(-1, *[1] * p.ndim)
    yes, right = p[None] > limits, t[None].astype(bool)
    no, wrong = np.logical_not(yes), np.logical_not(right)
    hits = [np.logical_and(a, b) for a, b in ((yes, right), (no, wrong), (yes, wrong), (no, right))]
    return {
        name: array_like(np.sum(hit * weight[None], axis=1, dtype=np.float32))
        for name, hit in zip(COUNTS, hits)
    }


class ConditionCount(Metric):
    """One of the four counts."""

    condition: str

    def __init__(self, thresholds=None, name=None, dtype=None):
        super().__init__(name, dtype)
        self.init_thresholds = thresholds
        self.thresholds = check_thresholds(0.5 if thresholds is None else thresholds)
        self.accumulator = self.add_weight(
            "accumulator", shape=(len(self.thresholds),), initializer="zeros"
        )

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        self._add(
            self.accumulator, counts(y_true, y_pred, self.thresholds, sample_weight)[self.condition]
        )

    def result(self) -> Any:
        found = self.accumulator._value
        return self._tensor(found[0] if len(self.thresholds) == 1 else found)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "thresholds": self.init_thresholds}


class TruePositives(ConditionCount):
    """How many yes were right."""

    condition = "true_positives"


class TrueNegatives(ConditionCount):
    """How many no were right."""

    condition = "true_negatives"


class FalsePositives(ConditionCount):
    """How many yes were wrong."""

    condition = "false_positives"


class FalseNegatives(ConditionCount):
    """How many no were wrong."""

    condition = "false_negatives"


class _Share(Metric):
    """True positives over them and another count."""

    other: str

    def __init__(self, thresholds=None, top_k=None, class_id=None, name=None, dtype=None):
        super().__init__(name, dtype)
        self.init_thresholds, self.top_k, self.class_id = thresholds, top_k, class_id
        default = -np.inf if top_k is not None else 0.5
        self.thresholds = [default] if thresholds is None else check_thresholds(thresholds)
        shape = (len(self.thresholds),)
        self.true_positives = self.add_weight("true_positives", shape=shape, initializer="zeros")
        setattr(self, self.other, self.add_weight(self.other, shape=shape, initializer="zeros"))

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        found = counts(y_true, y_pred, self.thresholds, sample_weight, self.top_k, self.class_id)
        self._add(self.true_positives, found["true_positives"])
        self._add(getattr(self, self.other), found[self.other])

    def result(self) -> Any:
        hits = self.true_positives._value
        found = ratio(hits, hits + getattr(self, self.other)._value)
        return self._tensor(found[0] if len(self.thresholds) == 1 else found)

    def get_config(self) -> dict[str, Any]:
        own = {"thresholds": self.init_thresholds, "top_k": self.top_k, "class_id": self.class_id}
        return {**super().get_config(), **own}


class Precision(_Share):
    """true positives / (true positives + false positives); 0 without a yes."""

    other = "false_positives"


class Recall(_Share):
    """true positives / (true positives + false negatives); 0 without a positive label."""

    other = "false_negatives"


class _Curve(Metric):
    """The four counts at many thresholds."""

    def _make(self, thresholds: Any, shape: tuple[int, ...]) -> None:
        self._thresholds = np.array([0.0 - EPSILON, *thresholds, 1.0 + EPSILON])
        for name in COUNTS:
            setattr(self, name, self.add_weight(name, shape=shape, initializer="zeros"))

    @property
    def thresholds(self) -> list[float]:
        return list(self._thresholds)

    def _count(self, **options: Any) -> None:
        found = counts(thresholds=self._thresholds, **options)
        for name in COUNTS:
            self._add(getattr(self, name), found[name])

    def _rates(self) -> tuple[np.ndarray, ...]:
        return tuple(getattr(self, name)._value for name in COUNTS)


def evenly(num_thresholds: int) -> list[float]:
    """Thresholds inside (0, 1) at equal steps."""
    return [(i + 1) / (num_thresholds - 1) for i in range(num_thresholds - 2)]


class AUC(_Curve):
    """The area under the ROC or precision-recall curve, from counts at thresholds.

    curve: "ROC" or "PR"; summation_method: "interpolation", "minoring" or "majoring".
    Raises ValueError for other arguments.   Source: Davis and Goadrich, 2006, for the PR interpolation.
    """

    def __init__(
        self, num_thresholds=200, curve="ROC", summation_method="interpolation", name=None, dtype=None, thresholds=None,
        multi_label=False, num_labels=None, label_weights=None, from_logits=False,
    ):  # fmt: skip
        if str(curve) not in ("ROC", "PR"):
            raise ValueError(
                f'Invalid AUC curve value: "{curve}". Expected values are ["PR", "ROC"]'
            )
        if str(summation_method) not in ("interpolation", "minoring", "majoring"):
            raise ValueError(
                f'Invalid AUC summation method value: "{summation_method}". Expected values are ["interpolation", '
                '"minoring", "majoring"]'
            )
        if thresholds is None and num_thresholds <= 1:
            raise ValueError(
                f"Argument `num_thresholds` must be an integer > 1. Received: num_thresholds={num_thresholds}"
            )
        if num_labels and not multi_label:
            raise ValueError("`num_labels` is needed only when `multi_label` is True.")
        super().__init__(name, dtype)
        self.curve, self.summation_method, self.multi_label = curve, summation_method, multi_label
        self.num_labels, self.label_weights, self._from_logits = (
            num_labels,
            label_weights,
            from_logits,
        )
        self._given = sorted(thresholds) if thresholds is not None else evenly(num_thresholds)
        self.num_thresholds = len(self._given) + 2
        self._made = False
        if not multi_label or num_labels:
            self._make_once((int(num_labels or 0),) if multi_label else ())

    def _make_once(self, labels: tuple[int, ...]) -> None:
        self._make(self._given, (self.num_thresholds, *labels))
        self._made = True

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        y_pred = convert(y_pred)
        if not self._made:
            self._make_once((int(y_pred.shape[-1]),))
        if self._from_logits:
            y_pred = sigmoid(y_pred)
        self._count(
            y_true=y_true, y_pred=y_pred, sample_weight=sample_weight, by_label=self.multi_label,
            label_weights=None if self.multi_label else self.label_weights,
        )  # fmt: skip

    def result(self) -> Any:
        tp, tn, fp, fn = self._rates()
        if self.curve == "PR" and self.summation_method == "interpolation":
            return self._tensor(self._over_labels(self._interpolated(tp, fp, fn)))
        recall = ratio(tp, tp + fn)
        if self.curve == "ROC":
            x, y = ratio(fp, fp + tn), recall
        else:
            x, y = recall, ratio(tp, tp + fp)
        if self.summation_method == "interpolation":
            heights = (y[:-1] + y[1:]) / np.float32(2)
        else:
            heights = (np.minimum if self.summation_method == "minoring" else np.maximum)(
                y[:-1], y[1:]
            )
        return self._tensor(self._over_labels((x[:-1] - x[1:]) * heights))

    @staticmethod
    def _interpolated(tp: np.ndarray, fp: np.ndarray, fn: np.ndarray) -> np.ndarray:
        """Areas between thresholds, true and all positives taken as linear in between."""
        gained, p = tp[:-1] - tp[1:], tp + fp
        slope = ratio(gained, np.maximum(p[:-1] - p[1:], 0))
        intercept = tp[1:] - slope * p[1:]
        both = np.logical_and(p[:-1] > 0, p[1:] > 0)
        shrink = np.where(both, ratio(p[:-1], np.maximum(p[1:], 0)), np.float32(1))
        return ratio(slope * (gained + intercept * np.log(shrink)), np.maximum(tp[1:] + fn[1:], 0))

    def _over_labels(self, areas: np.ndarray) -> Any:
        if not self.multi_label:
            return areas.sum()
        by_label = areas.sum(axis=0)
        if self.label_weights is None:
            return by_label.mean()
        weights = np.asarray(self.label_weights, np.float32)
        return ratio((by_label * weights).sum(), weights.sum())

    def reset_state(self) -> None:
        if self._made:
            super().reset_state()

    def get_config(self) -> dict[str, Any]:
        own = {
            "num_thresholds": self.num_thresholds, "curve": self.curve, "summation_method": self.summation_method,
            "multi_label": self.multi_label, "num_labels": self.num_labels, "label_weights": self.label_weights,
        }  # fmt: skip
        return {**super().get_config(), **own, "from_logits": self._from_logits}


class _Tradeoff(_Curve):
    """The best of one rate where another reaches a value."""

    argument: str

    def __init__(self, value, num_thresholds=200, class_id=None, name=None, dtype=None):
        if not 0 <= value <= 1:
            raise ValueError(
                f"Argument `{self.argument}` must be in the range [0, 1]. Received: {self.argument}={value}"
            )
        if num_thresholds <= 0:
            raise ValueError(
                f"Argument `num_thresholds` must be an integer > 0. Received: num_thresholds={num_thresholds}"
            )
        super().__init__(name, dtype)
        self.value, self.class_id, self.num_thresholds = value, class_id, num_thresholds
        setattr(self, self.argument, value)
        if num_thresholds == 1:
            self._make([], (1,))
            self._thresholds = np.array([0.5])
        else:
            self._make(evenly(num_thresholds), (num_thresholds,))
            self._thresholds = np.array([0.0, *evenly(num_thresholds), 1.0])

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        self._count(
            y_true=y_true, y_pred=y_pred, sample_weight=sample_weight, class_id=self.class_id
        )

    def _rate_pair(self) -> tuple[np.ndarray, np.ndarray]:
        raise NotImplementedError

    def result(self) -> Any:
        held, wanted = self._rate_pair()
        reached = np.where(
            held >= self.value, wanted, np.zeros((), wanted.dtype)
        )  # none is below 0
        return self._tensor(reached.max())

    def get_config(self) -> dict[str, Any]:
        own = {
            "num_thresholds": self.num_thresholds,
            self.argument: self.value,
            "class_id": self.class_id,
        }
        return {**super().get_config(), **own}


class SensitivityAtSpecificity(_Tradeoff):
    """The best tp / (tp + fn) where tn / (tn + fp) is at least `specificity`."""

    argument = "specificity"

    def __init__(self, specificity, num_thresholds=200, class_id=None, name=None, dtype=None):
        super().__init__(specificity, num_thresholds, class_id, name, dtype)

    def _rate_pair(self):
        tp, tn, fp, fn = self._rates()
        return ratio(tn, tn + fp), ratio(tp, tp + fn)


class SpecificityAtSensitivity(_Tradeoff):
    """The best tn / (tn + fp) where tp / (tp + fn) is at least `sensitivity`."""

    argument = "sensitivity"

    def __init__(self, sensitivity, num_thresholds=200, class_id=None, name=None, dtype=None):
        super().__init__(sensitivity, num_thresholds, class_id, name, dtype)

    def _rate_pair(self):
        tp, tn, fp, fn = self._rates()
        return ratio(tp, tp + fn), ratio(tn, tn + fp)


class PrecisionAtRecall(_Tradeoff):
    """The best precision where recall is at least `recall`."""

    argument = "recall"

    def __init__(self, recall, num_thresholds=200, class_id=None, name=None, dtype=None):
        super().__init__(recall, num_thresholds, class_id, name, dtype)

    def _rate_pair(self):
        tp, _, fp, fn = self._rates()
        return ratio(tp, tp + fn), ratio(tp, tp + fp)


class RecallAtPrecision(_Tradeoff):
    """The best recall where precision is at least `precision`."""

    argument = "precision"

    def __init__(self, precision, num_thresholds=200, class_id=None, name=None, dtype=None):
        super().__init__(precision, num_thresholds, class_id, name, dtype)

    def _rate_pair(self):
        tp, _, fp, fn = self._rates()
        return ratio(tp, tp + fp), ratio(tp, tp + fn)
