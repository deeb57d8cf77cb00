"""Places in memory: loops over a shape in which several arrays are walked, each by strides of its own."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any


def row_major(shape: Sequence[int]) -> list[int]:
    """The strides of an array in C order, in elements."""
    strides, step = [0] * len(shape), 1
    for axis in reversed(range(len(shape))):
        strides[axis] = step
        step *= shape[axis]
    return strides


def broadcast(shape: Sequence[int], over: Sequence[int]) -> list[int]:
    """The strides of an array of `shape` that is repeated over the shape `over`."""
    lead = len(over) - len(shape)
    return [0] * lead + [0 if n == 1 else s for n, s in zip(shape, row_major(shape))]


def collapsed(
    shape: Sequence[int], strides: Sequence[Sequence[int]]
) -> tuple[list[int], list[list[int]]]:
    """The same walk with as few axes as it takes."""
    sizes: list[int] = []
    found: list[list[int]] = [[] for _ in strides]
    for axis, n in enumerate(shape):
        if n == 1:
            continue
        if sizes and all(f[-1] == s[axis] * n for f, s in zip(found, strides)):
            sizes[-1] *= n
            for f, s in zip(found, strides):
                f[-1] = s[axis]
            continue
        sizes.append(n)
        for f, s in zip(found, strides):
            f.append(s[axis])
    return sizes, found


def place(names: Sequence[str], strides: Sequence[int], base: int | str = 0) -> str:
    """base + i * stride + ... as an expression."""
    terms = [] if base in (0, "0", "") else [str(base)]
    for name, stride in zip(names, strides):
        if stride and name != "0":
            terms.append(name if stride == 1 else f"{name} * {stride}")
    return " + ".join(terms).replace("+ -", "- ") or "0"


@contextmanager
def walk(
    w: Any, shape: Sequence[int], *strides: Sequence[int], bases: Sequence[int | str] = ()
) -> Iterator[list[str]]:
    """Loops over a shape; the places of each array there."""
    sizes, found = collapsed(shape, strides)
    with w.loops(sizes) as names:
        starts = [*bases, *[0] * (len(found) - len(bases))]
        yield [place(names, s, b) for s, b in zip(found, starts)]


def blocks(shape: Sequence[int], axis: int) -> tuple[int, int, int]:
    """A shape seen as (before, axis, behind)."""
    return math.prod(shape[:axis]), shape[axis], math.prod(shape[axis + 1 :])
