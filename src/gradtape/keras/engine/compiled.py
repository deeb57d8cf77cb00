"""The losses and metrics that `compile` was given, matched to the model's outputs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from gradtape.base.exports import EXPORTS as TF
from gradtape.core.convert import convert
from gradtape.core.tensor import Tensor
from gradtape.keras import losses as losses_module
from gradtape.keras import metrics as metrics_module
from gradtape.keras.engine.context import get_mask
from gradtape.keras.engine.losses_of import MEAN
from gradtape.keras.engine.nest import contents, flatten
from gradtape.transforms.autograph import for_trace

MEAN["class"] = metrics_module.Mean


def is_nested(value: Any) -> bool:
    return isinstance(value, list | tuple | dict)


class Container:
    """Matches what the user gave (one for all outputs, a list, a dict by output name) to the outputs."""

    def __init__(self, output_names: list[str] | None):
        self._names = output_names
        self._built = False

    @property
    def built(self) -> bool:
        return self._built

    def _build(self, y_pred: Any) -> None:
        if self._names is None:
            self._names = _pseudo_names(y_pred)
        self._n = len(flatten(y_pred))

    def _by_output(self, y_pred: Any, given: Any, one_for_all: bool) -> list[Any]:
        if one_for_all:
            return [given for _ in range(self._n)]
        given = by_name(y_pred, self._names, given)
        if isinstance(y_pred, dict) and isinstance(given, dict):
            return [given.get(key) for key in sorted(y_pred)]
        return list(given) if is_nested(given) else [given]


class LossesContainer(Container):
    """The total loss: the weighted sum of the outputs' losses, and the losses added by layers."""

    def __init__(self, losses: Any, loss_weights: Any = None, output_names: Any = None):
        super().__init__(output_names)
        self._user_losses, self._user_weights = losses, loss_weights
        self._losses: list[Any] = []
        self._weights: list[Any] = []
        self._per_output: list[Any] = []
        self._total = metrics_module.Mean(name="loss")

    @property
    def metrics(self) -> list[Any]:
        if not self._built:
            return []
        return [self._total, *(m for m in self._per_output if m is not None)]

    def build(self, y_pred: Any) -> None:
        self._build(y_pred)
        given = self._by_output(y_pred, self._user_losses, not is_nested(self._user_losses))
        self._losses = [_loss_object(loss) for loss in given]
        self._weights = self._by_output(
            y_pred, self._user_weights, not is_nested(self._user_weights)
        )
        if self._n == 1:
            self._per_output = [None]
        else:
            self._per_output = [
                None if loss is None else metrics_module.Mean(name=f"{name}_loss")
                for name, loss in zip(self._names or [], self._losses)
            ]
        self._built = True

    def __call__(
        self, y_true: Any, y_pred: Any, sample_weight: Any = None, regularization_losses: Any = None
    ) -> Any:
        """The total loss, noted in the loss metrics; None where there is no loss at all."""
        if not self._built:
            self.build(y_pred)
        values, n_batch = [], None
        rows = zip(
            conform(y_pred, self._names, y_true), flatten(y_pred), conform(y_pred, self._names, sample_weight),
            self._losses, self._weights, self._per_output,
        )  # fmt: skip
        for y_t, y_p, weight, loss, factor, metric in rows:
            if y_t is None or loss is None:
                continue
            y_t, y_p, weight = match(y_t, y_p, weight)
            value = loss(y_t, y_p, sample_weight=masked_weight(y_p, weight, get_mask(y_p)))
            if n_batch is None:
                n_batch = y_t._value.shape[0]
            if metric is not None:
                metric.update_state(value, sample_weight=n_batch)
            values.append(value if factor is None else value * factor)
        if regularization_losses:
            common = [_cast_like(v, regularization_losses[0]) for v in regularization_losses]
            values.append(common[0] if len(common) == 1 else TF["add_n"](common))
        if not values:
            return None
        total = (
            values[0]
            if len(values) == 1
            else TF["add_n"]([_cast_like(v, values[0]) for v in values])
        )
        self._total.update_state(total, sample_weight=n_batch)
        return total

    def reset_state(self) -> None:
        for metric in self.metrics:
            metric.reset_state()


class MetricsContainer(Container):
    """The metrics of `compile`."""

    def __init__(
        self,
        metrics: Any,
        weighted_metrics: Any = None,
        output_names: Any = None,
        from_serialized: bool = False,
    ):
        super().__init__(output_names)
        seen: list[Any] = []
        for m in (*flatten(metrics or []), *flatten(weighted_metrics or [])):
            if isinstance(m, metrics_module.Metric):
                if any(m is s for s in seen):
                    raise ValueError(
                        "Found duplicated metrics object in the user provided metrics and weighted "
                        "metrics. This will cause "
                        "the same metric object to be updated multiple times, and report wrong "
                        f"results. Duplicated: {m}"
                    )
                seen.append(m)
        self._user_metrics, self._user_weighted = metrics, weighted_metrics
        self._metrics: list[list[Any]] = []
        self._weighted: list[list[Any]] = []

    @property
    def metrics(self) -> list[Any]:
        if not self._built:
            return []
        pairs = zip(self._metrics, self._weighted)
        return [m for plain, weighted in pairs for m in (*plain, *weighted) if m is not None]

    @property
    def unweighted_metrics(self) -> Any:
        return [m for group in self._metrics for m in group] if self._built else None

    @property
    def weighted_metrics(self) -> Any:
        return [m for group in self._weighted for m in group] if self._built else None

    def build(self, y_pred: Any, y_true: Any) -> None:
        self._build(y_pred)
        truths = conform(y_pred, self._names, y_true)
        for attribute, given in (
            ("_metrics", self._user_metrics),
            ("_weighted", self._user_weighted),
        ):
            flat_list = isinstance(given, list | tuple) and not any(is_nested(m) for m in given)
            one_for_all = not is_nested(given) or flat_list
            if one_for_all and self._n > 1:
                groups = [[_copied(m) for m in contents([given])] for _ in range(self._n)]
            else:
                groups = [list(contents([g])) for g in self._by_output(y_pred, given, one_for_all)]
            made = [
                [_metric_object(m, y_t, y_p) for m in group]
                for group, y_t, y_p in zip(groups, truths, flatten(y_pred))
            ]
            setattr(self, attribute, made)
        self._name_metrics()
        self._built = True

    def _name_metrics(self) -> None:
        taken: set[str] = set()
        several = len(self._names or []) > 1
        for output, plain, weighted in zip(self._names or [], self._metrics, self._weighted):
            for metric in plain:
                if metric is None:
                    continue
                if several:
                    metric.name = f"{output}_{metric.name}"
                _take_name(taken, metric.name, "metrics")
            for metric in weighted:
                if metric is None:
                    continue
                if several:
                    plain_name = f"{output}_{metric.name}"
                    metric.name = (
                        f"{output}_weighted_{metric.name}" if plain_name in taken else plain_name
                    )
                elif metric.name in taken:
                    metric.name = f"weighted_{metric.name}"
                _take_name(taken, metric.name, "weighted metrics")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        if not self._built:
            self.build(y_pred, y_true)
        rows = zip(
            conform(y_pred, self._names, y_true), flatten(y_pred), conform(y_pred, self._names, sample_weight),
            self._metrics, self._weighted,
        )  # fmt: skip
        for y_t, y_p, weight, plain, weighted in rows:
            if y_t is None or not (
                any(m is not None for m in plain) or any(m is not None for m in weighted)
            ):
                continue
            y_t, y_p, weight = match(y_t, y_p, weight)
            mask = get_mask(y_p)
            for metric in plain:
                if metric is not None:
                    for_trace(metric.update_state)(y_t, y_p, sample_weight=mask)
            if weighted:
                weight = masked_weight(y_p, weight, mask)
                for metric in weighted:
                    if metric is not None:
                        for_trace(metric.update_state)(y_t, y_p, sample_weight=weight)

    def reset_state(self) -> None:
        if self._built:
            found: list[Any] = self.metrics
        else:
            found = [*flatten(self._user_metrics or []), *flatten(self._user_weighted or [])]
        for metric in found:
            if isinstance(metric, metrics_module.Metric):
                metric.reset_state()


def _take_name(taken: set[str], name: str, kind: str) -> None:
    if name in taken:
        raise ValueError(
            f"Found two {kind} with the same name: {name}. All the metrics added to the model need to "
            "have unique names."
        )
    taken.add(name)


def _copied(metric: Any) -> Any:
    if isinstance(metric, metrics_module.Metric):
        return type(metric).from_config(metric.get_config())
    return metric


def _custom_name(thing: Any) -> str | None:
    for attribute in ("name", "__name__"):
        if hasattr(thing, attribute):
            return getattr(thing, attribute)
    return type(thing).__name__ if callable(thing) else None


def _loss_object(loss: Any) -> Any:
    if loss is None:
        return None
    loss = losses_module.get(loss)
    if not isinstance(loss, losses_module.Loss):
        if not callable(loss):
            raise ValueError(f"Loss should be a callable, received: {loss}")
        loss = losses_module.LossFunctionWrapper(loss, name=_custom_name(loss))
    loss._allow_sum_over_batch_size = True
    return loss


_BY_SHAPE = {
    "accuracy": ("binary_accuracy", "sparse_categorical_accuracy", "categorical_accuracy"),
    "crossentropy": ("binary_crossentropy", "sparse_categorical_crossentropy", "categorical_crossentropy"),
}  # fmt: skip
_BY_SHAPE.update(acc=_BY_SHAPE["accuracy"], ce=_BY_SHAPE["crossentropy"])


def _metric_object(metric: Any, y_t: Any, y_p: Any) -> Any:
    if metric is None:
        return None
    choice = _BY_SHAPE.get(str(metric).lower()) if isinstance(metric, str) else None
    if choice is None:
        found = metrics_module.get(metric)
    else:
        true, pred = y_t._value.shape, y_p._value.shape
        last = pred[-1] if pred else 1
        sparse = len(true) < len(pred) or ((true[-1] if true else 1) == 1 and last > 1)
        found = getattr(metrics_module, choice[0 if last == 1 else 1 if sparse else 2])
    if isinstance(found, losses_module.Loss):
        found._allow_sum_over_batch_size = True
    if isinstance(found, metrics_module.Metric):
        return found
    name = metric if isinstance(metric, str) else _custom_name(metric)
    if name is None:
        raise ValueError(f"Metric should be a callable, received: {metric}")
    return metrics_module.MeanMetricWrapper(found, name=name)


def by_name(y_pred: Any, names: list[str] | None, given: Any) -> Any:
    """A dict by output name as a list in the order of the outputs, where the outputs are a list or single."""
    flat = not is_nested(y_pred) or (
        isinstance(y_pred, list | tuple) and not any(is_nested(y) for y in y_pred)
    )
    if not (flat and isinstance(given, dict)):
        return given
    names = names or _pseudo_names(y_pred)
    unknown = [key for key in given if key not in names]
    if unknown:
        raise ValueError(
            "Found unexpected losses or metrics that do not correspond to any Model output: "
            f"{unknown}. Valid mode output "
            f"names: {names}. Received struct is: {given}."
        )
    found = [given.get(name) for name in names]
    return found[0] if len(found) == 1 else found


def conform(y_pred: Any, names: list[str] | None, given: Any) -> list[Any]:
    """Labels or weights as a flat list, one for each output."""
    n_outputs = len(flatten(y_pred))
    if given is None:
        return [None] * n_outputs
    given = by_name(y_pred, names, given)
    if isinstance(y_pred, dict) and isinstance(given, dict):
        return [given.get(key) for key in sorted(y_pred)]
    flat = flatten(given) if is_nested(given) else [given]
    if len(flat) == 1 and n_outputs > 1 and not is_nested(given):
        return flat * n_outputs
    return flat


def match(y_t: Any, y_p: Any, weight: Any) -> tuple[Any, Any, Any]:
    """Labels and weights, which may be arrays, with the rank and dtype of the prediction."""
    y_t, weight = convert(y_t), None if weight is None else convert(weight)
    true, pred = y_t._value, y_p._value
    if true.ndim == 1 and pred.ndim == 2:
        y_t = TF["expand_dims"](y_t, axis=-1)
    if weight is not None and weight._value.ndim == 1 and pred.ndim == 2:
        weight = TF["expand_dims"](weight, axis=-1)
    if true.dtype is not pred.dtype:
        both_float = y_t.dtype.is_floating and y_p.dtype.is_floating
        if both_float or (y_t.dtype.is_integer and y_p.dtype.is_integer):
            y_t = TF["cast"](y_t, y_p.dtype)
    if weight is not None and weight._value.dtype != pred.dtype:
        weight = TF["cast"](weight, y_p.dtype)
    return y_t, y_p, weight


def masked_weight(y_p: Any, weight: Any, mask: Any) -> Any:
    """The sample weight with masked steps out."""
    if mask is None:
        return weight
    mask = TF["cast"](mask, y_p.dtype)
    if weight is None:
        return mask
    if weight._value.ndim < mask._value.ndim:
        weight = TF["reshape"](
            weight, weight._value.shape + (1,) * (mask._value.ndim - weight._value.ndim)
        )
    elif mask._value.ndim < weight._value.ndim and weight._value.shape[-1] == 1:
        weight = TF["squeeze"](weight, axis=[-1])
    return weight * mask


def _cast_like(value: Any, other: Any) -> Any:
    return value if value._value.dtype == other._value.dtype else TF["cast"](value, other.dtype)


def _pseudo_names(outputs: Any) -> list[str]:
    """output_1, output_2, ... for the outputs of a subclassed model."""

    def walk(value: Any, path: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
        if isinstance(value, dict):
            for key in sorted(value):
                yield from walk(value[key], (*path, key))
        elif isinstance(value, list | tuple):
            for index, inner in enumerate(value):
                yield from walk(inner, (*path, index + 1))
        else:
            yield path

    names = []
    for path in walk(outputs, ()):
        if not path:
            names.append("output_1")
        else:
            text = "_".join(str(p) for p in path)
            names.append(f"output_{text}" if isinstance(path[0], int) else text)
    return names


def to_python(value: Any) -> Any:
    """Tensors as Python numbers, or arrays where they have axes."""
    if isinstance(value, dict):
        return {key: to_python(v) for key, v in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(to_python(v) for v in value)
    if isinstance(value, Tensor) or hasattr(value, "_as_tensor"):
        value = np.array(value._value)
    if isinstance(value, np.ndarray | np.generic):
        return value.item() if np.ndim(value) == 0 else value
    return value
