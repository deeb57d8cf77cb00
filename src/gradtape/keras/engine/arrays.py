"""Arrays that may be those of a function being traced."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np

from gradtape.core.context import STATE
from gradtape.core.tensor import wrap as as_tensor
from gradtape.graph.traced import CannotTrace, TracedArray
from gradtape.graph.tracer import outside

__all__ = ["CannotTrace", "array_like", "as_tensor", "is_traced", "outside_traces"]


def is_traced(value: Any) -> bool:
    """Whether this is an array whose numbers are known only when the traced function runs."""
    return type(value) is TracedArray


def array_like(value: Any, dtype: Any = None) -> Any:
    """`np.asarray`, also of a traced array, which stays one."""
    if type(value) is TracedArray:
        return value if dtype is None else value.astype(dtype)
    return np.asarray(value, dtype)


def outside_traces() -> AbstractContextManager[Any]:
    """What runs inside runs now, not when a function that is being traced will run: state is being made."""
    return nullcontext() if STATE.trace is None else outside()
