"""`tf.image.random_*` and `stateless_random_*`: the same changes by random amounts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradtape.base.dtypes import int32
from gradtape.base.errors import ArgumentError
from gradtape.base.exports import EXPORTS as TF
from gradtape.base.exports import export
from gradtape.core.context import STATE
from gradtape.core.convert import convert
from gradtape.lib.image import checked
from gradtape.lib.random import stateless_uniform, uniform
from gradtape.ops.movement import shape_of

Draw = Callable[..., Any]


def _stateful(seed: Any) -> Draw:
    return lambda shape, low, high, **more: uniform(shape, low, high, seed=seed, **more)


def _stateless(seed: Any) -> Draw:
    return lambda shape, low, high, **more: stateless_uniform(shape, seed, low, high, **more)


def _range(lower: float, upper: float) -> None:
    if upper <= lower:
        raise ArgumentError("upper must be > lower.")
    if lower < 0:
        raise ArgumentError("lower must be non-negative.")


def _delta(max_delta: float, most: float | None = None) -> None:
    if most is not None and max_delta > most:
        raise ArgumentError(f"max_delta must be <= {most}.")
    if max_delta < 0:
        raise ArgumentError("max_delta must be non-negative.")


def _flip(image: Any, draw: Draw, flip: str) -> Any:
    """One image is flipped by an even chance, of a batch each by its own."""
    image = checked(image)
    flipped = TF[f"image.{flip}"](image)
    if len(image.shape) == 3:
        chance: Any = draw([], 0, 1.0)
        if STATE.trace is not None:
            return TF["where"](chance < 0.5, flipped, image)
        return flipped if float(chance) < 0.5 else image
    n = image.shape.as_list()[0]
    choice = TF["cast"](
        TF["math.round"](TF["reshape"](draw([n], 0, 1.0), [n, 1, 1, 1])), image.dtype
    )
    return choice * flipped + (1 - choice) * image


@export("image.random_flip_left_right")
def random_flip_left_right(image: Any, seed: Any = None) -> Any:
    """Mirrored, left for right, by an even chance."""
    return _flip(image, _stateful(seed), "flip_left_right")


@export("image.random_flip_up_down")
def random_flip_up_down(image: Any, seed: Any = None) -> Any:
    """Mirrored, top for bottom, by an even chance."""
    return _flip(image, _stateful(seed), "flip_up_down")


@export("image.stateless_random_flip_left_right")
def stateless_random_flip_left_right(image: Any, seed: Any) -> Any:
    """Mirrored, left for right, by an even chance that depends on the seed alone."""
    return _flip(image, _stateless(seed), "flip_left_right")


@export("image.stateless_random_flip_up_down")
def stateless_random_flip_up_down(image: Any, seed: Any) -> Any:
    """Mirrored, top for bottom, by an even chance that depends on the seed alone."""
    return _flip(image, _stateless(seed), "flip_up_down")


@export("image.random_brightness")
def random_brightness(image: Any, max_delta: float, seed: Any = None) -> Any:
    """Brightness changed by up to max_delta."""
    _delta(max_delta)
    return TF["image.adjust_brightness"](image, _stateful(seed)([], -max_delta, max_delta))


@export("image.stateless_random_brightness")
def stateless_random_brightness(image: Any, max_delta: float, seed: Any) -> Any:
    """Brightness changed by up to max_delta, by the seed alone."""
    _delta(max_delta)
    return TF["image.adjust_brightness"](image, _stateless(seed)([], -max_delta, max_delta))


@export("image.random_contrast")
def random_contrast(image: Any, lower: float, upper: float, seed: Any = None) -> Any:
    """Contrast times a factor in [lower, upper)."""
    _range(lower, upper)
    return TF["image.adjust_contrast"](image, _stateful(seed)([], lower, upper))


@export("image.stateless_random_contrast")
def stateless_random_contrast(image: Any, lower: float, upper: float, seed: Any) -> Any:
    """Contrast times a factor in [lower, upper), by the seed alone."""
    _range(lower, upper)
    return TF["image.adjust_contrast"](image, _stateless(seed)([], lower, upper))


@export("image.random_saturation")
def random_saturation(image: Any, lower: float, upper: float, seed: Any = None) -> Any:
    """Saturation times a factor in [lower, upper)."""
    _range(lower, upper)
    return TF["image.adjust_saturation"](image, _stateful(seed)([], lower, upper))


@export("image.stateless_random_saturation")
def stateless_random_saturation(image: Any, lower: float, upper: float, seed: Any = None) -> Any:
    """Saturation times a factor in [lower, upper), by the seed alone."""
    _range(lower, upper)
    return TF["image.adjust_saturation"](image, _stateless(seed)([], lower, upper))


@export("image.random_hue")
def random_hue(image: Any, max_delta: float, seed: Any = None) -> Any:
    """Hue turned by up to max_delta, at most 0.5."""
    _delta(max_delta, 0.5)
    return TF["image.adjust_hue"](image, _stateful(seed)([], -max_delta, max_delta))


@export("image.stateless_random_hue")
def stateless_random_hue(image: Any, max_delta: float, seed: Any) -> Any:
    """Hue turned by up to max_delta, at most 0.5, by the seed alone."""
    _delta(max_delta, 0.5)
    return TF["image.adjust_hue"](image, _stateless(seed)([], -max_delta, max_delta))


def _crop(value: Any, size: Any, draw: Draw) -> Any:
    value, wanted = convert(value), shape_of(size)
    whole = value.shape.as_list()
    if len(wanted) != len(whole) or any(n > have for n, have in zip(wanted, whole)):
        raise ArgumentError("Need value.shape >= size.", value=value, size=list(wanted))
    room = np.asarray(whole) - np.asarray(wanted) + 1
    drawn: Any = draw([len(whole)], 0, 2**31 - 1, dtype=int32)
    if STATE.trace is not None:
        for axis, n in enumerate(wanted):
            if n != whole[axis]:
                start = drawn[axis] % int(room[axis])
                value = TF["gather"](value, start + TF["range"](n), axis=axis)
        return value
    offset = drawn.numpy() % room
    return TF["slice"](value, offset.tolist(), list(wanted))


@export("image.random_crop")
def random_crop(value: Any, size: Any, seed: Any = None, name: str | None = None) -> Any:
    """A block of the given size from a random place.  Raises ValueError where it is larger than the value."""
    return _crop(value, size, _stateful(seed))


@export("image.stateless_random_crop")
def stateless_random_crop(value: Any, size: Any, seed: Any, name: str | None = None) -> Any:
    """A block of the given size from a place that depends on the seed alone."""
    return _crop(value, size, _stateless(seed))
