"""Errors, versions, time, and functions of the user's own NumPy or Python."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from gradtape.api.python_calls import in_graph
from gradtape.base import errors
from gradtape.base.dtypes import as_dtype
from gradtape.base.exports import EXPORTS, export
from gradtape.core.context import STATE
from gradtape.core.convert import convert
from gradtape.core.tensor import Tensor

VERSION = "2.12.0"

_CODES = {
    "CANCELLED": 1, "UNKNOWN": 2, "INVALID_ARGUMENT": 3, "DEADLINE_EXCEEDED": 4, "NOT_FOUND": 5, "ALREADY_EXISTS": 6,
    "PERMISSION_DENIED": 7, "RESOURCE_EXHAUSTED": 8, "FAILED_PRECONDITION": 9, "ABORTED": 10, "OUT_OF_RANGE": 11,
    "UNIMPLEMENTED": 12, "INTERNAL": 13, "UNAVAILABLE": 14, "DATA_LOSS": 15, "UNAUTHENTICATED": 16, "OK": 0,
}  # fmt: skip
_CLASSES = (
    "OpError", "CancelledError", "UnknownError", "InvalidArgumentError", "DeadlineExceededError", "NotFoundError",
    "AlreadyExistsError", "PermissionDeniedError", "ResourceExhaustedError", "FailedPreconditionError", "AbortedError",
    "OutOfRangeError", "UnimplementedError", "InternalError", "UnavailableError", "DataLossError",
    "UnauthenticatedError", "OperatorNotAllowedInGraphError",
)  # fmt: skip
for _name, _code in _CODES.items():
    EXPORTS[f"errors.{_name}"] = _code
for _name in _CLASSES:
    EXPORTS[f"errors.{_name}"] = getattr(errors, _name)
EXPORTS["version.VERSION"] = VERSION
EXPORTS["version.GIT_VERSION"] = f"v{VERSION}-gradtape"
EXPORTS["version.COMPILER_VERSION"] = "none"
EXPORTS["version.GRAPH_DEF_VERSION"] = 1395
EXPORTS["version.GRAPH_DEF_VERSION_MIN_CONSUMER"] = 0
EXPORTS["version.GRAPH_DEF_VERSION_MIN_PRODUCER"] = 0


@export("timestamp")
def timestamp(name: str | None = None) -> Tensor:
    """Seconds since 1970 as float64."""
    return Tensor(np.array(time.time()))


def _results(value: Any, types: Any) -> Any:
    """A function's results as tensors: a list when several types are given, else one."""
    several = isinstance(types, list | tuple)
    wanted = [as_dtype(t).np for t in types] if several else [as_dtype(types).np]
    if not wanted:
        return []
    values = list(value) if several and isinstance(value, list | tuple) else [value]
    if len(values) != len(wanted):
        raise errors.ArgumentError(
            "Expected as many results as Tout has types.", results=len(values), Tout=len(wanted)
        )
    tensors = []
    for item, dtype in zip(values, wanted):
        try:
            tensors.append(convert(item, dtype))
        except (TypeError, ValueError) as error:
            raise errors.ArgumentError(f"{type(error).__name__}: {error}") from None
    return tensors if several else tensors[0]


@export("py_function")
def py_function(
    func: Callable[..., Any] | None = None,
    inp: Any = None,
    Tout: Any = None,
    name: str | None = None,
) -> Any:
    """func(*inp) on tensors; the result as tensors of type `Tout` (a list of types: a list).  Gradients flow through.

    Raises InvalidArgumentError when a result has another dtype.

    >>> float(tf.py_function(lambda x: x * x, [3.0], tf.float32))
    9.0
    """
    assert func is not None
    tensors = [convert(x) for x in inp or ()]
    if STATE.trace is not None:
        return in_graph(func, tensors, lambda found: _results(found, Tout), Tout, True)
    return _results(func(*tensors), Tout)


@export("numpy_function")
def numpy_function(func: Callable[..., Any] | None = None, inp: Any = None, Tout: Any = None, stateful: bool = True,
                   name: str | None = None) -> Any:  # fmt: skip
    """func(*inp) on NumPy arrays; the result as tensors.  No gradient flows through: use `tf.py_function` for that.

    >>> float(tf.numpy_function(np.sinh, [0.0], tf.float32))
    0.0
    """
    assert func is not None
    tensors = [convert(x) for x in inp or ()]

    def results(found: Any) -> Any:
        if not isinstance(Tout, list | tuple):
            return convert(found)
        several = found if isinstance(found, list | tuple) else [found]
        return [convert(item) for item in several][: len(Tout)]

    if STATE.trace is not None:
        return in_graph(lambda *xs: func(*[x.numpy() for x in xs]), tensors, results, Tout, False)
    return results(func(*[x.numpy() for x in tensors]))


@export("test.is_built_with_mkl")
def is_built_with_mkl() -> bool:
    """Whether the package holds MKL kernels: it does not."""
    return False


@export("register_tensor_conversion_function")
def register_tensor_conversion_function(
    base_type: Any, conversion_func: Any, priority: int = 100
) -> None:
    """Make objects of a class convert to tensors.  conversion_func(value, dtype=, name=, as_ref=) -> tensor.

    Raises TypeError for what is no class or cannot be called.
    """
    if not isinstance(base_type, type) or not callable(conversion_func):
        raise TypeError("base_type must be a class and conversion_func callable.")
    base_type._as_tensor = lambda self: conversion_func(self, dtype=None, name=None, as_ref=False)
