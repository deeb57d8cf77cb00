"""Metrics: numbers accumulated over batches."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from gradtape.base.dtypes import as_dtype
from gradtape.base.quiet import quiet
from gradtape.core.card import PUBLIC
from gradtape.core.context import no_recording
from gradtape.core.convert import convert
from gradtape.core.tensor import Tensor
from gradtape.core.variable import Variable
from gradtape.keras import initializers
from gradtape.keras.engine import naming
from gradtape.keras.engine.arrays import array_like, as_tensor, outside_traces
from gradtape.keras.losses.weighting import fit_labels, fit_weights, mask_of
from gradtape.transforms.autograph import for_trace


def values(thing: Any) -> np.ndarray:
    """The array of a tensor, variable or anything that converts."""
    return convert(thing)._value


def ratio(a: Any, b: Any) -> np.ndarray:
    """a / b, 0 where b is 0."""
    a, b = array_like(a), array_like(b)
    with quiet():
        return np.where(b == 0, np.zeros((), a.dtype), a / b)


def _as_tensor(result: Callable[..., Any]) -> Callable[..., Any]:
    """`result` that gives tensors: of a variable its value now, so that a later update does not change it."""

    @functools.wraps(result)
    def wrapped(self: Any) -> Any:
        found = result(self)
        if isinstance(found, dict):
            return {name: convert(value) for name, value in found.items()}
        return convert(found)

    return wrapped


class Metric:
    """Base of metrics: derive `update_state(self, y_true, y_pred, sample_weight=None)` and `result(self)`.

    Make the state with `self.add_weight(name=..., initializer="zeros")`; `reset_state` sets it back to zero.

    >>> class Count(tf.keras.metrics.Metric):
    ...     def __init__(self, name="count", **kwargs):
    ...         super().__init__(name=name, **kwargs)
    ...         self.seen = self.add_weight(name="seen", initializer="zeros")
    ...     def update_state(self, y_true, y_pred, sample_weight=None):
    ...         self.seen.assign_add(float(len(y_true)))
    ...     def result(self):
    ...         return self.seen
    >>> count = Count()
    >>> count.update_state([1, 2, 3], [1, 2, 3])
    >>> float(count.result())
    3.0
    """

    _is_metric = True

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "result" in cls.__dict__:
            cls.result = _as_tensor(cls.result)

    def __init__(self, name: str | None = None, dtype: Any = None, **kwargs: Any):
        if name is None:
            name = naming.unique_object_name(naming.to_snake_case(type(self).__name__), True)
        self.name = name
        self._dtype = as_dtype(dtype or "float32")
        self._weights: list[Any] = []
        self.stateful = True
        self.built = True

    @property
    def dtype(self) -> str:
        return self._dtype.name

    @property
    def variables(self) -> list[Any]:
        """The state."""
        return list(self._weights)

    weights = variables
    non_trainable_variables = variables
    non_trainable_weights = variables

    @property
    def trainable_variables(self) -> list[Any]:
        return []

    trainable_weights = trainable_variables

    def add_weight(
        self, name: str | None = None, shape: Any = (), aggregation: Any = None, synchronization: Any = None,
        initializer: Any = None, dtype: Any = None, **kwargs: Any,
    ) -> Any:  # fmt: skip
        """A variable of the metric's state; zeros unless told."""
        make = initializers.get("zeros" if initializer is None else initializer)
        shape = [] if shape is None else shape
        with outside_traces():
            value = make(list(shape), dtype=as_dtype(dtype or self._dtype))
            variable = Variable(value, name=name or "Variable", trainable=False)
        self._weights.append(variable)
        return variable

    def reset_state(self) -> None:
        """Forget all that was seen."""
        for variable in self.variables:
            variable.assign(np.zeros(variable._value.shape, variable._value.dtype))

    def reset_states(self) -> None:
        """The older name of `reset_state`."""
        self.reset_state()

    def update_state(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError("Must be implemented in subclasses.")

    def result(self) -> Any:
        raise NotImplementedError("Must be implemented in subclasses.")

    def merge_state(self, metrics: Any) -> None:
        """Add the state of other metrics of the same kind.  Raises ValueError for another kind."""
        for metric in metrics:
            if len(metric.variables) != len(self.variables):
                raise ValueError(f"Metric {metric} is not compatible with {self}")
            for mine, other in zip(self.variables, metric.variables):
                mine.assign_add(other)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Update, then the result so far."""
        self.update_state(*args, **kwargs)
        result = self.result()
        return result.read_value() if isinstance(result, Variable) else result

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name, "dtype": self.dtype}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        return cls(**config)

    def __str__(self) -> str:
        config = ",".join(f"{k}={v}" for k, v in Metric.get_config(self).items())
        return f"{type(self).__name__}({config})"

    def _add(self, variable: Any, amount: Any) -> None:
        variable._base._store(
            array_like(variable._value + array_like(amount, variable._value.dtype))
        )

    def _tensor(self, value: Any) -> Tensor:
        return as_tensor(array_like(value, self._dtype.np))


class Reduce(Metric):
    """A weighted total, and for means the weight it was taken over."""

    def __init__(self, name: str | None = None, dtype: Any = None, count: bool = True):
        super().__init__(name, dtype)
        self.total = self.add_weight("total", initializer="zeros")
        self.count: Any = self.add_weight("count", initializer="zeros") if count else None

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Add values [...], each times its weight."""
        found = convert(values)
        mask = mask_of(values)
        x = array_like(found._value, self._dtype.np)
        weight = (
            None
            if sample_weight is None
            else array_like(convert(sample_weight)._value, self._dtype.np)
        )
        if mask is not None:
            own = array_like(convert(mask)._value, self._dtype.np)
            weight = (
                own
                if weight is None
                else fit_weights(as_tensor(own), as_tensor(weight))._value * own
            )
        if weight is not None:
            weight = self._fit(x, weight)
            if weight.ndim > x.ndim - 1 >= 0 and weight.shape != x.shape and x.ndim > weight.ndim:
                x = x.mean(axis=tuple(range(weight.ndim, x.ndim)))
            try:
                weight = np.broadcast_to(weight, x.shape)
            except ValueError:
                x = x.mean(axis=tuple(range(weight.ndim, x.ndim)))
                weight = np.broadcast_to(weight, x.shape)
            x = x * weight
        self._add(self.total, np.sum(x, dtype=x.dtype))
        if self.count is not None:
            self._add(self.count, x.size if weight is None else np.sum(weight, dtype=x.dtype))

    @staticmethod
    def _fit(x: np.ndarray, weight: np.ndarray) -> np.ndarray:
        if weight.ndim == x.ndim + 1 and weight.shape[-1] == 1:
            return weight[..., 0]
        if weight.ndim == x.ndim - 1 and weight.ndim:
            return weight[..., None]
        return weight

    def result(self) -> Any:
        total = self.total._value
        return self._tensor(total if self.count is None else ratio(total, self.count._value))


class Sum(Reduce):
    """The weighted sum of all values.

    >>> m = tf.keras.metrics.Sum()
    >>> m.update_state([1, 3, 5, 7])
    >>> float(m.result())
    16.0
    """

    def __init__(self, name="sum", dtype=None):
        super().__init__(name, dtype, count=False)


class Mean(Reduce):
    """The weighted mean of all values; 0 before any.

    >>> m = tf.keras.metrics.Mean()
    >>> m.update_state([1, 3, 5, 7])
    >>> float(m.result())
    4.0
    """

    def __init__(self, name="mean", dtype=None):
        super().__init__(name, dtype)


class MeanMetricWrapper(Mean):
    """The mean of a function (y_true, y_pred, **kwargs)."""

    def __init__(self, fn: Callable[..., Any], name: Any = None, dtype: Any = None, **kwargs: Any):
        super().__init__(name, dtype)
        self._fn, self._fn_kwargs = fn, kwargs

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        """Add a batch."""
        with no_recording():
            y_pred, y_true = convert(y_pred), convert(y_true)
            mask = mask_of(y_pred)
            if (
                not y_true.dtype.is_floating
                and y_true.dtype.name != "string"
                and y_true.dtype.is_bool
            ):
                y_true = as_tensor(y_true._value.astype(self._dtype.np))
            y_pred, y_true = fit_labels(y_pred, y_true)
            found = for_trace(self._fn)(y_true, y_pred, **self._fn_kwargs)
            if mask is not None:
                found = PUBLIC["identity"](found)
                found._keras_mask = mask
            super().update_state(found, sample_weight)

    def get_config(self) -> dict[str, Any]:
        own = {"fn": self._fn} if type(self) is MeanMetricWrapper else {}
        return {**super().get_config(), **self._fn_kwargs, **own}


class MeanTensor(Metric):
    """The weighted mean of tensors of one shape, element by element."""

    def __init__(self, name="mean_tensor", dtype=None, shape=None):
        super().__init__(name, dtype)
        self._shape = None
        if shape is not None:
            self._make(shape)

    def _make(self, shape: Any) -> None:
        self._shape = tuple(shape)
        self._total = self.add_weight("total", shape=self._shape, initializer="zeros")
        self._count = self.add_weight("count", shape=self._shape, initializer="zeros")

    @property
    def total(self) -> Any:
        return self._total if self._shape is not None else None

    @property
    def count(self) -> Any:
        return self._count if self._shape is not None else None

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Add one tensor."""
        x = array_like(convert(values)._value, self._dtype.np)
        if self._shape is None:
            self._make(x.shape)
        if x.shape != self._shape:
            raise ValueError(
                "MeanTensor input values must always have the same shape. Expected shape (set during the first call): "
                f"{self._shape}. Got: {x.shape}."
            )
        weight = np.ones_like(x)
        if sample_weight is not None:
            weight = np.broadcast_to(
                Reduce._fit(x, array_like(convert(sample_weight)._value, x.dtype)), x.shape
            )
        self._add(self._total, x * weight)
        self._add(self._count, weight)

    def result(self) -> Any:
        if self._shape is None:
            raise ValueError(
                "MeanTensor does not have any value yet: call `.update_state(value)` before `.result()`."
            )
        return self._tensor(ratio(self._total._value, self._count._value))

    def reset_state(self) -> None:
        if self._shape is not None:
            super().reset_state()
