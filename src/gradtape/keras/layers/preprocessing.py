"""Layers that prepare images and numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape.base.exports import EXPORTS as TF
from gradtape.base.shapes import TensorShape
from gradtape.core.convert import convert
from gradtape.keras.engine.arrays import array_like, as_tensor, is_traced
from gradtape.keras.layers.base import BuiltIn
from gradtape.keras.layers.core import RandomLayer
from gradtape.keras.layers.resampling import resized


class Rescaling(BuiltIn):
    """x * scale + offset.

    >>> tf.keras.layers.Rescaling(1 / 255)(tf.constant([[255.0]])).numpy()
    array([[1.]], dtype=float32)
    """

    def __init__(self, scale: Any, offset: Any = 0.0, **kwargs: Any):
        super().__init__(**kwargs)
        self.__dict__.update(scale=scale, offset=offset)

    def call(self, inputs: Any) -> Any:
        kind = self._compute_np
        x = inputs if inputs._value.dtype == kind else TF["cast"](inputs, kind)
        return x * np.asarray(self.scale, kind) + np.asarray(self.offset, kind)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "scale": self.scale, "offset": self.offset}


class Resizing(BuiltIn):
    """Images in another size.  number[b, h, w, c] -> float[b, height, width, c]."""

    def __init__(
        self, height: int, width: int, interpolation: str = "bilinear", crop_to_aspect_ratio: bool = False,
        **kwargs: Any
    ):  # fmt: skip
        super().__init__(**kwargs)
        self.height, self.width, self.interpolation = height, width, interpolation
        self.crop_to_aspect_ratio = crop_to_aspect_ratio

    def call(self, inputs: Any) -> Any:
        x = (
            inputs
            if inputs._value.dtype == self._compute_np
            else TF["cast"](inputs, self._compute_np)
        )
        if self.crop_to_aspect_ratio:
            height, width = x._value.shape[-3:-1]
            tall = min(height, int(width * self.height / self.width))
            wide = min(width, int(height * self.width / self.height))
            top, left = (height - tall) // 2, (width - wide) // 2
            x = x[..., top : top + tall, left : left + wide, :]
        return resized(x, self.height, self.width, self.interpolation)

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        shape = TensorShape(input_shape).as_list()
        return TensorShape([*shape[:-3], self.height, self.width, shape[-1]])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "height": self.height, "width": self.width,
                "interpolation": self.interpolation, "crop_to_aspect_ratio": self.crop_to_aspect_ratio}  # fmt: skip


class RandomFlip(RandomLayer):
    """In training, flips images at random.  mode: "horizontal", "vertical", or "horizontal_and_vertical"."""

    def __init__(
        self, mode: str = "horizontal_and_vertical", seed: int | None = None, **kwargs: Any
    ):
        super().__init__(seed=seed, **kwargs)
        if mode not in ("horizontal", "vertical", "horizontal_and_vertical"):
            raise ValueError(
                f"RandomFlip layer {self.name} received an unknown mode argument {mode}"
            )
        self.mode, self.seed = mode, seed

    def call(self, inputs: Any, training: Any = True) -> Any:
        if not training:
            return inputs
        for word, axis in (("horizontal", -2), ("vertical", -3)):
            if word in self.mode:
                n = inputs._value.shape[0] if inputs._value.ndim == 4 else 1
                flip = self._random_generator.uniform((n, 1, 1, 1), 0.0, 1.0, np.float32) < 0.5
                if inputs._value.ndim == 3:
                    flip = flip[0]
                inputs = TF["where"](
                    as_tensor(flip), TF["reverse"](inputs, axis=[axis % inputs._value.ndim]), inputs
                )
        return inputs

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "mode": self.mode, "seed": self.seed}


class CategoryEncoding(BuiltIn):
    """Integers as vectors.  output_mode: "one_hot", "multi_hot" or "count"; int[b, n] -> float[b, num_tokens]."""

    def __init__(
        self,
        num_tokens: int | None = None,
        output_mode: str = "multi_hot",
        sparse: bool = False,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        if num_tokens is None or num_tokens < 1:
            raise ValueError(
                f"`num_tokens` must be set to use this layer, and be at least 1. Received: {num_tokens}."
            )
        if output_mode not in ("one_hot", "multi_hot", "count"):
            raise ValueError(
                'Unknown argument for `output_mode`: expected "one_hot", "multi_hot" or '
                f'"count". Received: {output_mode}'
            )
        self.num_tokens, self.output_mode = num_tokens, output_mode

    def call(self, inputs: Any, count_weights: Any = None) -> Any:
        x = inputs._value.astype(np.int64)
        if not is_traced(x) and x.size and (x.min() < 0 or x.max() >= self.num_tokens):
            raise ValueError(
                f"Input values must be in the range 0 <= values < num_tokens with num_tokens={self.num_tokens}"
            )
        if self.output_mode == "one_hot" and (x.ndim == 0 or x.shape[-1] != 1):
            x = x[..., None]
        hits = x[..., None] == np.arange(self.num_tokens)
        if self.output_mode != "count":
            return as_tensor(array_like(hits.any(axis=-2), self._compute_np))
        found = hits.astype(self._compute_np)
        if count_weights is not None:
            found = found * convert(count_weights)._value[..., None].astype(self._compute_np)
        return as_tensor(found.sum(axis=-2))

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "num_tokens": self.num_tokens,
            "output_mode": self.output_mode,
            "sparse": False,
        }
