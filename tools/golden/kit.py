"""Helpers that cases share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from golden.registry import Rng


def vjp(rng: Rng, f: Callable[..., Any], *xs: Any, linear: bool = False) -> list[Any]:
    """[y, the gradients of the xs] for a random cotangent."""
    tf = rng.tf
    with tf.GradientTape() as tape:
        for x in xs:
            tape.watch(x)
        y = f(*xs)
    return [y, *tape.gradient(y, list(xs), output_gradients=rng.like(y))]


def slopes(tf: Any, f: Callable[..., Any], *xs: Any) -> list[Any]:
    """[y, the gradients of its sum]."""
    with tf.GradientTape() as tape:
        for x in xs:
            tape.watch(x)
        y = f(*xs)
    return [y, *tape.gradient(y, list(xs))]


def second(tf: Any, f: Callable[..., Any], x: Any, weighted: int = 0) -> list[Any]:
    """[first, second] derivative of a function; the first summed with as many weights, for one whose sum is flat."""
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = f(x)
        first = inner.gradient(y, x)
        if weighted:
            first = first * tf.cast(tf.linspace(1.0, 2.0, weighted) ** 2, x.dtype)
    return [first, outer.gradient(first, x)]


def unwatched(tf: Any) -> Any:
    """The module itself: TensorFlow's autograph knows a directive only by way of the real module."""
    return vars(tf).get("_module", tf)
