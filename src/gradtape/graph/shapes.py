"""Shapes that broadcast, without building arrays."""

from __future__ import annotations

from collections.abc import Sequence


def broadcast_shape(shapes: Sequence[tuple[int, ...]]) -> tuple[int, ...] | None:
    """The shape that `shapes` broadcast to, or None."""
    first = shapes[0]
    for shape in shapes:
        if shape != first:
            break
    else:
        return first
    rank = max([len(s) for s in shapes])
    result = [1] * rank
    for shape in shapes:
        skip = rank - len(shape)
        for i, n in enumerate(shape):
            if n != 1:
                have = result[skip + i]
                if have == 1:
                    result[skip + i] = n
                elif have != n:
                    return None
    return tuple(result)
