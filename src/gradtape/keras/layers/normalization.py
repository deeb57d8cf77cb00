"""Normalization layers."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape.base.exports import EXPORTS as TF
from gradtape.base.shapes import TensorShape
from gradtape.core.convert import convert
from gradtape.core.tensor import Tensor
from gradtape.keras.engine.data import DataHandler, unpack_x_y_sample_weight
from gradtape.keras.engine.input_spec import InputSpec
from gradtape.keras.layers.base import SameShape, in_mode
from gradtape.keras.layers.shared import settle, settled, settled_one


def _axes_of(axis: Any, rank: int, name: str) -> list[int]:
    """Non-negative axes.  Raises ValueError outside of the rank, or for one that is given twice."""
    given = list(axis) if isinstance(axis, list | tuple) else [axis]
    if any(not -rank <= a < rank for a in given):
        raise ValueError(
            f"Invalid value for `axis` argument of {name}: expected axes of a rank {rank} "
            f"input. Received: axis={axis}"
        )
    axes = [a % rank for a in given]
    if len(set(axes)) != len(axes):
        raise ValueError(f"Duplicate axis: {tuple(axes)}")
    return axes


class BatchNormalization(SameShape):
    """gamma (x - mean) / sqrt(variance + epsilon) + beta, over all axes but `axis`.

    In training, mean and variance are the batch's, and the moving ones follow: m <- m momentum + batch (1 - momentum);
    otherwise, and when the layer is not trainable, they are the moving ones. For images the moving variance follows the
    unbiased one, as in TensorFlow's fused operation.
    """

    def __init__(
        self, axis: Any = -1, momentum: float = 0.99, epsilon: float = 1e-3, center: bool = True, scale: bool = True,
        beta_initializer: Any = "zeros", gamma_initializer: Any = "ones", moving_mean_initializer: Any = "zeros",
        moving_variance_initializer: Any = "ones", beta_regularizer: Any = None, gamma_regularizer: Any = None,
        beta_constraint: Any = None, gamma_constraint: Any = None, synchronized: bool = False, **kwargs: Any,
    ):  # fmt: skip
        super().__init__(**kwargs)
        if not isinstance(axis, int | list | tuple):
            raise TypeError(
                f"Expected an int or a list/tuple of ints for the argument 'axis', but received: {axis}"
            )
        self.axis = axis if isinstance(axis, int) else tuple(axis)
        self.momentum, self.epsilon, self.center, self.scale = momentum, epsilon, center, scale
        settle(
            self, beta_initializer=beta_initializer, gamma_initializer=gamma_initializer,
            moving_mean_initializer=moving_mean_initializer, moving_variance_initializer=moving_variance_initializer,
            beta_regularizer=beta_regularizer, gamma_regularizer=gamma_regularizer, beta_constraint=beta_constraint,
            gamma_constraint=gamma_constraint,
        )  # fmt: skip
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        shape = TensorShape(input_shape)
        rank = len(shape)
        axes = _axes_of(self.axis, rank, "BatchNormalization")
        sizes = {a: shape[a] for a in axes}
        if None in sizes.values():
            raise ValueError(
                "Input has undefined `axis` dimension. Received input with shape "
                f"{tuple(shape)}. Axis value: {axes}"
            )
        self.__dict__["axis"] = axes
        self.input_spec = InputSpec(ndim=rank, axes=sizes)
        self._fused = rank == 4 and axes in ([1], [3])
        if len(axes) == 1:
            weight_shape: Any = (sizes[axes[0]],)
        else:
            weight_shape = [sizes.get(a, 1) for a in range(rank)]
        self._reduce = tuple(a for a in range(rank) if a not in axes)
        self._broadcast = None
        if axes != [rank - 1]:
            self._broadcast = tuple(sizes.get(a, 1) for a in range(rank))
        self.gamma = self.beta = None
        if self.scale:
            self.gamma = self.add_weight(
                "gamma",
                weight_shape,
                None,
                self.gamma_initializer,
                self.gamma_regularizer,
                True,
                self.gamma_constraint,
            )
        if self.center:
            self.beta = self.add_weight(
                "beta",
                weight_shape,
                None,
                self.beta_initializer,
                self.beta_regularizer,
                True,
                self.beta_constraint,
            )
        self.moving_mean = self.add_weight(
            "moving_mean", weight_shape, None, self.moving_mean_initializer, trainable=False
        )
        self.moving_variance = self.add_weight(
            "moving_variance", weight_shape, None, self.moving_variance_initializer, trainable=False
        )
        self.built = True

    def _wide(self, value: Any) -> Any:
        if value is None or self._broadcast is None:
            return value
        return TF["reshape"](value, self._broadcast)

    def call(self, inputs: Any, training: Any = None) -> Any:
        return in_mode(training, lambda mode: self._normalized(inputs, mode))

    def _normalized(self, inputs: Any, training: Any) -> Any:
        if training and self._trainable:
            mean, variance = TF["nn.moments"](inputs, self._reduce)
            self._follow(inputs, mean, variance)
        else:
            mean, variance = self.moving_mean, self.moving_variance
        return TF["nn.batch_normalization"](
            inputs,
            self._wide(mean),
            self._wide(variance),
            self._wide(self.beta),
            self._wide(self.gamma),
            self.epsilon,
        )

    def _follow(self, inputs: Any, mean: Any, variance: Any) -> None:
        n = inputs._value.size // max(1, mean._value.size)
        unbiased = variance._value * np.asarray(
            n / max(n - 1, 1) if self._fused else 1, variance._value.dtype
        )
        rate = np.asarray(1.0 - self.momentum, mean._value.dtype)
        for moving, value in ((self.moving_mean, mean._value), (self.moving_variance, unbiased)):
            moving._store(
                moving._value - (moving._value - value.reshape(moving._value.shape)) * rate
            )

    def get_config(self) -> dict[str, Any]:
        names = ("beta_initializer", "gamma_initializer", "moving_mean_initializer", "moving_variance_initializer",
                 "beta_regularizer", "gamma_regularizer", "beta_constraint", "gamma_constraint")  # fmt: skip
        config = {name: settled_one(self, name) for name in names}
        return {**super().get_config(), "axis": self.axis, "momentum": self.momentum, "epsilon": self.epsilon,
                "center": self.center, "scale": self.scale, **config}  # fmt: skip


class LayerNormalization(SameShape):
    """gamma (x - mean) / sqrt(variance + epsilon) + beta, over `axis` of each example."""

    def __init__(
        self, axis: Any = -1, epsilon: float = 1e-3, center: bool = True, scale: bool = True,
        beta_initializer: Any = "zeros", gamma_initializer: Any = "ones", beta_regularizer: Any = None,
        gamma_regularizer: Any = None, beta_constraint: Any = None, gamma_constraint: Any = None, **kwargs: Any,
    ):  # fmt: skip
        super().__init__(**kwargs)
        if not isinstance(axis, int | list | tuple):
            raise TypeError(
                f"Expected an int or a list/tuple of ints for the argument 'axis', but received: {axis}"
            )
        self.__dict__["axis"] = axis if isinstance(axis, int) else list(axis)
        self.epsilon, self.center, self.scale = epsilon, center, scale
        settle(
            self, beta_initializer=beta_initializer, gamma_initializer=gamma_initializer,
            beta_regularizer=beta_regularizer, gamma_regularizer=gamma_regularizer, beta_constraint=beta_constraint,
            gamma_constraint=gamma_constraint,
        )  # fmt: skip
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        shape = TensorShape(input_shape)
        self.__dict__["axis"] = _axes_of(self.axis, len(shape), "LayerNormalization")
        sizes = [shape[a] for a in self.axis]
        self._broadcast = tuple(shape[a] if a in self.axis else 1 for a in range(len(shape)))
        self.gamma = self.beta = None
        if self.scale:
            self.gamma = self.add_weight(
                "gamma",
                sizes,
                None,
                self.gamma_initializer,
                self.gamma_regularizer,
                True,
                self.gamma_constraint,
            )
        if self.center:
            self.beta = self.add_weight(
                "beta",
                sizes,
                None,
                self.beta_initializer,
                self.beta_regularizer,
                True,
                self.beta_constraint,
            )
        self.built = True

    def call(self, inputs: Any) -> Any:
        mean, variance = TF["nn.moments"](inputs, self.axis, keepdims=True)
        last = self.axis == [inputs._value.ndim - 1]
        wide = lambda w: w if w is None or last else TF["reshape"](w, self._broadcast)
        return TF["nn.batch_normalization"](
            inputs, mean, variance, wide(self.beta), wide(self.gamma), self.epsilon
        )

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis, "epsilon": self.epsilon, "center": self.center,
                "scale": self.scale, **settled(self, "beta", "gamma")}  # fmt: skip


class GroupNormalization(SameShape):
    """Mean and variance over groups of channels of each example.  groups: -1: each channel by itself."""

    def __init__(
        self, groups: int = 32, axis: int = -1, epsilon: float = 1e-3, center: bool = True, scale: bool = True,
        beta_initializer: Any = "zeros", gamma_initializer: Any = "ones", beta_regularizer: Any = None,
        gamma_regularizer: Any = None, beta_constraint: Any = None, gamma_constraint: Any = None, **kwargs: Any,
    ):  # fmt: skip
        super().__init__(**kwargs)
        self.supports_masking = True
        self.groups, self.axis, self.epsilon, self.center, self.scale = (
            groups,
            axis,
            epsilon,
            center,
            scale,
        )
        settle(
            self, beta_initializer=beta_initializer, gamma_initializer=gamma_initializer,
            beta_regularizer=beta_regularizer, gamma_regularizer=gamma_regularizer, beta_constraint=beta_constraint,
            gamma_constraint=gamma_constraint,
        )  # fmt: skip

    def build(self, input_shape: Any) -> None:
        shape = TensorShape(input_shape)
        n = shape[self.axis]
        if n is None:
            raise ValueError(
                f"Axis {self.axis} of input tensor should have a defined dimension but the "
                f"layer received an input with shape {shape}."
            )
        if self.groups == -1:
            self.groups = n
        if n < self.groups or n % self.groups:
            raise ValueError(
                f"The number of channels ({n}) must be a multiple of the number of groups "
                f"({self.groups})."
            )
        self.input_spec = InputSpec(ndim=len(shape), axes={self.axis: n})
        self.gamma = self.beta = None
        if self.scale:
            self.gamma = self.add_weight(
                "gamma",
                (n,),
                None,
                self.gamma_initializer,
                self.gamma_regularizer,
                None,
                self.gamma_constraint,
            )
        if self.center:
            self.beta = self.add_weight(
                "beta",
                (n,),
                None,
                self.beta_initializer,
                self.beta_regularizer,
                None,
                self.beta_constraint,
            )
        self.built = True

    def call(self, inputs: Any) -> Any:
        shape = inputs._value.shape
        axis = self.axis % len(shape)
        grouped = (*shape[:axis], self.groups, shape[axis] // self.groups, *shape[axis + 1 :])
        x = TF["reshape"](inputs, grouped)
        axes = [a for a in range(1, len(grouped)) if a != axis]
        mean, variance = TF["nn.moments"](x, axes, keepdims=True)
        wide = (1,) * axis + grouped[axis : axis + 2] + (1,) * (len(grouped) - axis - 2)
        gamma, beta = (
            None if w is None else TF["reshape"](w, wide) for w in (self.gamma, self.beta)
        )
        return TF["reshape"](
            TF["nn.batch_normalization"](x, mean, variance, beta, gamma, self.epsilon), shape
        )

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "groups": self.groups, "axis": self.axis, "epsilon": self.epsilon,
                "center": self.center, "scale": self.scale, **settled(self, "beta", "gamma")}  # fmt: skip


class UnitNormalization(SameShape):
    """Each example scaled to length 1 along `axis`."""

    def __init__(self, axis: Any = -1, **kwargs: Any):
        super().__init__(**kwargs)
        if not isinstance(axis, int | list | tuple):
            raise TypeError(
                "Invalid value for `axis` argument: expected an int or a list/tuple of ints. "
                f"Received: axis={axis}"
            )
        self.__dict__["axis"] = axis if isinstance(axis, int) else list(axis)
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        self.__dict__["axis"] = _axes_of(
            self.axis, len(TensorShape(input_shape)), "UnitNormalization"
        )
        self.built = True

    def call(self, inputs: Any) -> Any:
        return TF["math.l2_normalize"](inputs, axis=self.axis, epsilon=1e-12)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis}


class Normalization(SameShape):
    """(x - mean) / sqrt(variance), with the mean and variance of data given to `adapt`, or given here.

    axis: those that keep their own mean and variance (None: one for all). invert: the other way round.
    """

    def __init__(
        self,
        axis: Any = -1,
        mean: Any = None,
        variance: Any = None,
        invert: bool = False,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.axis: Any = () if axis is None else (axis,) if isinstance(axis, int) else tuple(axis)
        if (mean is None) != (variance is None):
            raise ValueError(
                f"When setting values directly, both `mean` and `variance` must be set. Got mean: {mean} and variance: "
                f"{variance}"
            )
        self.__dict__.update(input_mean=mean, input_variance=variance, mean=None, variance=None)
        self.invert = invert

    def build(self, input_shape: Any) -> None:
        shape = TensorShape(input_shape).as_list()
        rank = len(shape)
        if any(not -rank <= a < rank for a in self.axis):
            raise ValueError(
                f"All `axis` values must be in the range [-ndim, ndim). Found ndim: `{rank}`, "
                f"axis: {self.axis}"
            )
        keep = sorted(a % rank for a in self.axis)
        for a in keep:
            if shape[a] is None:
                raise ValueError(
                    "All `axis` values to be kept must have known shape. Got axis: "
                    f"{self.axis}, input shape: {shape}"
                )
        self._keep, self._reduce = keep, tuple(a for a in range(rank) if a not in keep)
        self._broadcast = tuple(shape[a] if a in keep else 1 for a in range(rank))
        sizes = tuple(shape[a] for a in keep)
        if self.input_mean is None:
            kind = self.compute_dtype
            self.adapt_mean = self.add_weight("mean", sizes, kind, "zeros", trainable=False)
            self.adapt_variance = self.add_weight("variance", sizes, kind, "ones", trainable=False)
            self.count = self.add_weight("count", (), "int64", "zeros", trainable=False)
            self.built = True
            self.finalize_state()
        else:
            self.__dict__.update(
                mean=self._given(self.input_mean, sizes),
                variance=self._given(self.input_variance, sizes),
            )
        self.built = True

    def _given(self, value: Any, sizes: tuple[int, ...]) -> Tensor:
        array = np.asarray(value, self._compute_np)
        array = array.reshape(sizes) if array.ndim else array
        return Tensor(np.broadcast_to(array, sizes).reshape(self._broadcast))

    def adapt(self, data: Any, batch_size: int | None = None, steps: int | None = None) -> None:
        """Learn the mean and variance of data: an array, or a dataset of batches."""
        if self.input_mean is not None:
            raise ValueError(
                "Cannot `adapt` a Normalization layer that is initialized with static `mean` "
                "and `variance`."
            )
        handler = DataHandler(data, batch_size=batch_size, steps_per_epoch=steps)
        first = True
        for _, iterator in handler.enumerate_epochs():
            with handler.catch_stop_iteration():
                for _ in handler.steps():
                    x, _, _ = unpack_x_y_sample_weight(next(iterator))
                    if first:
                        first = False
                        self._adapt_to(x)
                        self.reset_state()
                    self.update_state(x)
        self.finalize_state()

    def _adapt_to(self, x: Any) -> None:
        if not self.built:
            self.build(x.shape)

    def reset_state(self) -> None:
        """Forget what `adapt` learnt."""
        if self.input_mean is None and self.built:
            for variable, value in (
                (self.adapt_mean, 0),
                (self.adapt_variance, 1),
                (self.count, 0),
            ):
                variable._store(np.full(variable._value.shape, value, variable._value.dtype))

    def update_state(self, data: Any) -> None:
        """Count in one more batch."""
        x = convert(data)._value.astype(self._compute_np)
        n = int(np.prod([x.shape[a] for a in self._reduce], dtype=np.int64))
        mean, variance = x.mean(axis=self._reduce), x.var(axis=self._reduce)
        total = n + int(self.count._value)
        new = np.asarray(n / total, x.dtype)
        old = 1 - new
        old_mean, old_variance = self.adapt_mean._value, self.adapt_variance._value
        whole = old_mean * old + mean * new
        spread = (old_variance + (old_mean - whole) ** 2) * old + (
            variance + (mean - whole) ** 2
        ) * new
        self.adapt_mean._store(np.asarray(whole, x.dtype))
        self.adapt_variance._store(np.asarray(spread, x.dtype))
        self.count._store(np.asarray(total, np.int64))

    def finalize_state(self) -> None:
        if self.input_mean is not None or not self.built:
            return
        self.__dict__.update(
            mean=Tensor(self.adapt_mean._value.reshape(self._broadcast)),
            variance=Tensor(self.adapt_variance._value.reshape(self._broadcast)),
        )

    def call(self, inputs: Any) -> Any:
        if inputs._value.dtype != self._compute_np:
            inputs = TF["cast"](inputs, self._compute_np)
        low = np.asarray(1e-7, self._compute_np)
        deviation = np.maximum(np.sqrt(self.variance._value), low)
        if self.invert:
            return inputs * deviation + self.mean
        return (inputs - self.mean) / deviation

    def _output_dtype(self, inputs: Any) -> Any:
        return self.compute_dtype

    def get_config(self) -> dict[str, Any]:
        plain = lambda v: v if v is None else np.asarray(v).tolist()
        return {**super().get_config(), "axis": self.axis, "mean": plain(self.input_mean),
                "variance": plain(self.input_variance)}  # fmt: skip
