"""`x[i]` in a traced function, where `i` is a number that is only known when the function runs."""

from __future__ import annotations

from typing import Any

from gradtape.core.card import PUBLIC
from gradtape.core.tensor import Symbolic


def is_open(part: Any) -> bool:
    """Whether an entry of an index is an integer tensor without a number yet."""
    return (
        isinstance(part, Symbolic)
        and getattr(getattr(part, "_value", None), "known", 0) is None
        and part._value.dtype.kind in "iu"  # type: ignore[attr-defined]
        and part._value.ndim == 0  # type: ignore[attr-defined]
    )


def split(key: Any, rank: int) -> tuple[tuple[Any, ...], list[tuple[int, Any]]] | None:
    """The index without its open entries (a full slice each), and those with the axis each has then; None without any.

    >>> split((0, ..., 1), 3) is None
    True
    """
    parts = list(key) if isinstance(key, tuple | list) else [key]
    if not any(is_open(p) for p in parts):
        return None
    if not any(p is ... for p in parts):
        parts.append(...)
    place = next(i for i, p in enumerate(parts) if p is ...)
    used = sum(1 for p in parts if p is not None and p is not ...)
    parts[place : place + 1] = [slice(None)] * (rank - used)
    found, axis = [], 0
    static = []
    for part in parts:
        if is_open(part):
            found.append((axis, part))
            static.append(slice(None))
            axis += 1
        else:
            static.append(part)
            axis += part is None or isinstance(part, slice)
    return tuple(static), found


def pick(x: Any, places: list[tuple[int, Any]]) -> Any:
    """The entries at open places along their axes, which go.  Negative places count from the end."""
    for axis, index in reversed(places):
        n = int(x._value.shape[axis])
        zero = PUBLIC["zeros_like"](index)
        index = PUBLIC["where"](PUBLIC["less"](index, zero), PUBLIC["add"](index, n), index)
        # Behind an axis of one the gradient of the gather is dense, as that of a slice is.
        whole = PUBLIC["expand_dims"](x, 0)
        x = PUBLIC["squeeze"](PUBLIC["gather"](whole, index, axis=axis + 1), axis=[0])
    return x
