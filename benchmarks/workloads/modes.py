"""How the modes of the table are said in TensorFlow's API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def compiled(tf: Any, mode: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """The function itself (eager), under `tf.function` (function), or compiled by XLA (xla)."""
    if mode == "eager":
        return function
    return tf.function(function, jit_compile=True if mode == "xla" else None)
