"""Layers that reshape, drop, mask or apply a function."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from gradtape.base.dtypes import DTYPES, as_dtype
from gradtape.base.exports import EXPORTS as TF
from gradtape.base.shapes import TensorShape
from gradtape.keras import activations, constraints, initializers, regularizers
from gradtape.keras.engine.arrays import as_tensor
from gradtape.keras.engine.context import set_mask
from gradtape.keras.engine.input_spec import InputSpec
from gradtape.keras.layers.base import BuiltIn, Passing, SameShape, in_mode
from gradtape.random.keras_seeds import RandomSource
from gradtape.transforms.autograph import for_trace


class Activation(SameShape):
    """activation(x).  activation: name or function.

    >>> tf.keras.layers.Activation("relu")(tf.constant([-1.0, 2.0])).numpy()
    array([0., 2.], dtype=float32)
    """

    _leaf = True

    def __init__(self, activation: Any, **kwargs: Any):
        super().__init__(**kwargs)
        self.supports_masking = True
        self.activation = activations.get(activation)

    def call(self, inputs: Any) -> Any:
        return self.activation(inputs)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "activation": activations.serialize(self.activation)}


class ActivityRegularization(SameShape):
    """Passes the input on and adds l1 * sum(|x|) + l2 * sum(x^2) per example to the losses."""

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **kwargs: Any):
        super().__init__(activity_regularizer=regularizers.L1L2(l1=l1, l2=l2), **kwargs)
        self.supports_masking = True
        self.l1, self.l2 = l1, l2

    def call(self, inputs: Any) -> Any:
        return inputs

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "l1": self.l1, "l2": self.l2}


class RandomLayer(SameShape):
    """A layer with a random source: the operation seeds s, s + 1, ... of `seed`."""

    def __init__(
        self,
        seed: int | None = None,
        force_generator: bool = False,
        rng_type: str | None = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.__dict__["_random_generator"] = RandomSource(seed, rng_type)


class Dropout(RandomLayer):
    """In training, sets a fraction `rate` of the values to 0 and scales the rest by 1 / (1 - rate); else passes x on.

    noise_shape: shape of the mask (1: shared along the axis; None: the input's). seed: of the random source.
    Raises ValueError for a rate outside of [0, 1].
    """

    _leaf = True

    def __init__(
        self, rate: float, noise_shape: Any = None, seed: int | None = None, **kwargs: Any
    ):
        super().__init__(seed=seed, **kwargs)
        if isinstance(rate, int | float) and not 0 <= rate <= 1:
            raise ValueError(
                f"Invalid value {rate} received for `rate`, expected a value between 0 and 1."
            )
        if isinstance(rate, int | float) and rate == 1:
            rate = 1.0
        self.rate = rate
        self.noise_shape = noise_shape
        self.seed = seed
        self.supports_masking = True

    def _noise_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        if self.noise_shape is None:
            return shape
        return tuple(
            n if given is None else int(given) for n, given in zip(shape, self.noise_shape)
        )

    def call(self, inputs: Any, training: Any = None) -> Any:
        return in_mode(training, lambda mode: self._dropped(inputs, mode))

    def _dropped(self, inputs: Any, training: Any) -> Any:
        if not training or self.rate == 0:
            return inputs
        return drop(
            inputs, self.rate, self._noise_shape(inputs._value.shape), self._random_generator
        )

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "rate": self.rate,
            "noise_shape": self.noise_shape,
            "seed": self.seed,
        }


def drop(x: Any, rate: float, noise_shape: tuple[int, ...], source: RandomSource) -> Any:
    """x / (1 - rate) where the mask keeps it, else 0."""
    kind = x._value.dtype
    if rate >= 1:
        return TF["zeros_like"](x)
    keep = source.keep_mask(noise_shape, rate, kind)
    scaled = x * np.asarray(1 / (1 - rate), kind)
    return TF["where"](as_tensor(keep), scaled, np.zeros((), kind))


class SpatialDropout(Dropout):
    """Drops whole feature maps."""

    _ndim = 3

    def __init__(self, rate: float, data_format: str | None = None, **kwargs: Any):
        super().__init__(rate, **kwargs)
        if data_format not in (None, "channels_last", "channels_first"):
            raise ValueError(
                f'`data_format` must be "channels_last" or "channels_first". Received: data_format={data_format}.'
            )
        self.data_format = data_format or "channels_last"
        self.input_spec = InputSpec(ndim=self._ndim)

    def _noise_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        if self.data_format == "channels_first":
            return (*shape[:2], *(1,) * (len(shape) - 2))
        return (shape[0], *(1,) * (len(shape) - 2), shape[-1])


class SpatialDropout1D(SpatialDropout):
    """Drops whole features of float[b, steps, features]."""

    def __init__(self, rate: float, **kwargs: Any):
        super().__init__(rate, **kwargs)


class SpatialDropout2D(SpatialDropout):
    """Drops whole channels of float[b, h, w, c]."""

    _ndim = 4


class SpatialDropout3D(SpatialDropout):
    """Drops whole channels of float[b, d, h, w, c]."""

    _ndim = 5


class GaussianNoise(RandomLayer):
    """In training, adds normal noise of standard deviation `stddev`."""

    def __init__(self, stddev: float, seed: int | None = None, **kwargs: Any):
        super().__init__(seed=seed, **kwargs)
        self.supports_masking = True
        self.stddev, self.seed = stddev, seed

    def call(self, inputs: Any, training: Any = None) -> Any:
        return in_mode(training, lambda mode: self._noisy(inputs, mode))

    def _noisy(self, inputs: Any, training: Any) -> Any:
        if not training:
            return inputs
        noise = self._random_generator.normal(
            inputs._value.shape, 0.0, self.stddev, inputs._value.dtype
        )
        return inputs + as_tensor(noise)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "stddev": self.stddev, "seed": self.seed}


class GaussianDropout(RandomLayer):
    """In training, multiplies by normal noise of mean 1 and variance rate / (1 - rate)."""

    def __init__(self, rate: float, seed: int | None = None, **kwargs: Any):
        super().__init__(seed=seed, **kwargs)
        self.supports_masking = True
        self.rate, self.seed = rate, seed

    def call(self, inputs: Any, training: Any = None) -> Any:
        return in_mode(training, lambda mode: self._noisy(inputs, mode))

    def _noisy(self, inputs: Any, training: Any) -> Any:
        if not training or not 0 < self.rate < 1:
            return inputs
        stddev = np.sqrt(self.rate / (1.0 - self.rate))
        noise = self._random_generator.normal(inputs._value.shape, 1.0, stddev, inputs._value.dtype)
        return inputs * as_tensor(noise)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rate": self.rate, "seed": self.seed}


class Flatten(Passing):
    """All axes but the first in one: any[b, ...] -> any[b, n].

    >>> tuple(tf.keras.layers.Flatten()(tf.zeros([2, 3, 4])).shape)
    (2, 12)
    """

    _leaf = True

    def __init__(self, data_format: str | None = None, **kwargs: Any):
        super().__init__(**kwargs)
        self.data_format = data_format or "channels_last"
        self.input_spec = InputSpec(min_ndim=1)

    def call(self, inputs: Any) -> Any:
        shape = inputs._value.shape
        if self.data_format == "channels_first" and len(shape) > 1:
            inputs = TF["transpose"](inputs, (0, *range(2, len(shape)), 1))
        return TF["reshape"](inputs, (shape[0], int(np.prod(shape[1:], dtype=np.int64))))

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        shape = TensorShape(input_shape).as_list()
        if not shape:
            return TensorShape([None, 1])
        inner = shape[1:]
        return TensorShape(
            [shape[0], None if None in inner else int(np.prod(inner, dtype=np.int64))]
        )

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "data_format": self.data_format}


class Reshape(Passing):
    """Another shape for each example.  target_shape: without the batch axis; one size may be -1.

    Raises ValueError when the sizes do not fit.
    """

    _leaf = True

    def __init__(self, target_shape: Any, **kwargs: Any):
        super().__init__(**kwargs)
        self.target_shape = tuple(int(n) for n in target_shape)

    def call(self, inputs: Any) -> Any:
        shape = inputs._value.shape
        return TF["reshape"](inputs, (shape[0], *self._fixed(shape[1:])))

    def _fixed(self, sizes: tuple[int, ...]) -> tuple[int, ...]:
        known, total = 1, int(np.prod(sizes, dtype=np.int64))
        if self.target_shape.count(-1) > 1:
            raise ValueError(
                "There must be at most one unknown dimension in output_shape. Received: "
                f"output_shape={self.target_shape}."
            )
        for n in self.target_shape:
            known *= n if n != -1 else 1
        fits = total == known if -1 not in self.target_shape else known and total % known == 0
        if not fits:
            raise ValueError(
                f"total size of new array must be unchanged, input_shape = {list(sizes)}, output_shape = "
                f"{list(self.target_shape)}"
            )
        return tuple(total // known if n == -1 else n for n in self.target_shape)

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        shape = TensorShape(input_shape).as_list()
        if None in shape[1:]:
            return TensorShape([shape[0], *(n if n != -1 else None for n in self.target_shape)])
        return TensorShape([shape[0], *self._fixed(tuple(shape[1:]))])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "target_shape": self.target_shape}


class Permute(Passing):
    """Axes of each example in another order.  dims: a permutation of 1..n; axis 0 is the batch and stays."""

    _leaf = True

    def __init__(self, dims: Any, **kwargs: Any):
        super().__init__(**kwargs)
        self.dims = tuple(dims)
        if sorted(dims) != list(range(1, len(dims) + 1)):
            raise ValueError(
                "Invalid permutation argument `dims` for Permute Layer. The set of indices in `dims` "
                "must be consecutive and "
                f"start from 1. Received dims={dims}"
            )
        self.input_spec = InputSpec(ndim=len(self.dims) + 1)

    def call(self, inputs: Any) -> Any:
        return TF["transpose"](inputs, (0, *self.dims))

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        shape = TensorShape(input_shape).as_list()
        return TensorShape([shape[0], *(shape[d] for d in self.dims)])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "dims": self.dims}


class RepeatVector(Passing):
    """any[b, k] -> any[b, n, k]."""

    _leaf = True

    def __init__(self, n: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.n = n
        if not isinstance(n, int):
            raise TypeError(f"Expected an integer value for `n`, got {type(n)}.")
        self.input_spec = InputSpec(ndim=2)

    def call(self, inputs: Any) -> Any:
        return TF["tile"](TF["expand_dims"](inputs, 1), (1, self.n, 1))

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        shape = TensorShape(input_shape).as_list()
        return TensorShape([shape[0], self.n, shape[1]])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "n": self.n}


class Lambda(BuiltIn):
    """A function of the user's as a layer.  arguments: keywords for it.  Variables it uses are not tracked."""

    def __init__(
        self, function: Callable[..., Any], output_shape: Any = None, mask: Any = None, arguments: Any = None,
        **kwargs: Any
    ):  # fmt: skip
        super().__init__(**kwargs)
        self.arguments = arguments or {}
        self.function = function
        self.mask = mask
        if mask is not None:
            self.supports_masking = True
        self._output_shape = output_shape
        try:
            names = set(inspect.signature(function).parameters)
        except (TypeError, ValueError):
            names = set()
        self._takes = names & {"mask", "training"}

    def call(self, inputs: Any, mask: Any = None, training: Any = None) -> Any:
        kwargs = dict(self.arguments)
        if "mask" in self._takes:
            kwargs["mask"] = mask
        if "training" in self._takes:
            kwargs["training"] = training
        return for_trace(self.function)(inputs, **kwargs)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return self.mask(inputs, mask) if callable(self.mask) else self.mask

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "function": self.function, "output_shape": self._output_shape,
                "mask": self.mask, "arguments": self.arguments}  # fmt: skip


class Masking(SameShape):
    """Steps whose features all equal `mask_value` are masked for the layers that follow.  float[b, steps, features]"""

    def __init__(self, mask_value: float = 0.0, **kwargs: Any):
        super().__init__(**kwargs)
        self.supports_masking = True
        self.mask_value = mask_value
        self.__dict__["_masks_itself"] = True

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return TF["reduce_any"](TF["not_equal"](inputs, self.mask_value), axis=-1)

    def call(self, inputs: Any) -> Any:
        kept = TF["reduce_any"](TF["not_equal"](inputs, self.mask_value), axis=-1, keepdims=True)
        outputs = inputs * TF["cast"](kept, inputs.dtype)
        set_mask(outputs, TF["squeeze"](kept, axis=[-1]))
        return outputs

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "mask_value": self.mask_value}


class Embedding(BuiltIn):
    """Rows of a table.  int[b, ...] -> float[b, ..., output_dim]; table: [input_dim, output_dim].

    mask_zero: 0 is padding, masked for the layers that follow. The gradient of the table is IndexedSlices.
    Raises InvalidArgumentError for an index outside of [0, input_dim).
    """

    def __init__(
        self, input_dim: int, output_dim: int, embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        activity_regularizer: Any = None, embeddings_constraint: Any = None, mask_zero: bool = False,
        input_length: Any = None, sparse: bool = False, **kwargs: Any,
    ):  # fmt: skip
        if "input_shape" not in kwargs:
            kwargs["input_shape"] = (input_length,) if input_length else (None,)
        if input_dim <= 0 or output_dim <= 0:
            raise ValueError(
                "Both `input_dim` and `output_dim` should be positive, Received input_dim = "
                f"{input_dim} and output_dim = {output_dim}"
            )
        kwargs["autocast"] = False
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.input_dim, self.output_dim = input_dim, output_dim
        self.embeddings_initializer = initializers.get(embeddings_initializer)
        self.embeddings_regularizer = regularizers.get(embeddings_regularizer)
        self.embeddings_constraint = constraints.get(embeddings_constraint)
        self.mask_zero = self.supports_masking = mask_zero
        self.input_length = input_length

    def build(self, input_shape: Any = None) -> None:
        self.embeddings = self.add_weight(
            shape=(self.input_dim, self.output_dim), initializer=self.embeddings_initializer, name="embeddings",
            regularizer=self.embeddings_regularizer, constraint=self.embeddings_constraint, experimental_autocast=False,
        )  # fmt: skip
        self.built = True

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return TF["not_equal"](inputs, 0) if self.mask_zero else None

    def call(self, inputs: Any) -> Any:
        if DTYPES[inputs._value.dtype].name not in ("int32", "int64"):
            inputs = TF["cast"](inputs, as_dtype("int32"))
        return TF["gather"](self.embeddings, inputs)

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        return TensorShape(input_shape).concatenate(self.output_dim)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "input_dim": self.input_dim,
            "output_dim": self.output_dim,
            "embeddings_initializer": initializers.serialize(self.embeddings_initializer),
            "embeddings_regularizer": regularizers.serialize(self.embeddings_regularizer),
            "activity_regularizer": regularizers.serialize(self.activity_regularizer),
            "embeddings_constraint": constraints.serialize(self.embeddings_constraint),
            "mask_zero": self.mask_zero,
            "input_length": self.input_length,
        }
