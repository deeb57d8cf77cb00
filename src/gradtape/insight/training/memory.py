"""What is kept within a limit of bytes, and which steps go when there is no more room."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

from gradtape.base.errors import ArgumentError

UNITS = {
    "": 1,
    "B": 1,
    "KB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "KIB": 2**10,
    "MIB": 2**20,
    "GIB": 2**30,
}
OBJECT = 112  # bytes of an array beside its entries, and of other small objects
SMALLEST = 2**16


def limit_in_bytes(limit: Any) -> int:
    """ "64 MiB", "1.5 GB" or a number of bytes.  Raises ValueError for anything else, or less than 64 KiB."""
    if isinstance(limit, str):
        found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([a-zA-Z]*)\s*", limit)
        unit = UNITS.get(found[2].upper()) if found else None
        limit = int(float(found[1]) * unit) if found and unit else None
    if (
        isinstance(limit, bool)
        or not isinstance(limit, int | float)
        or not SMALLEST <= limit < math.inf
    ):
        raise ArgumentError(
            'Expected `limit` as a text such as "64 MiB", or as a number of bytes, of 64 KiB at least.',
            limit=limit,
        )
    return int(limit)


class Ledger:
    """Counts the bytes of arrays that may be shared between steps: each once."""

    def __init__(self) -> None:
        self.total = 0
        self._held: dict[int, list[Any]] = {}  # id -> [how often, the array]

    def add(self, array: Any) -> None:
        entry = self._held.get(id(array))
        if entry is None:
            self._held[id(array)] = [1, array]
            self.total += array.nbytes + 2 * OBJECT
        else:
            entry[0] += 1

    def drop(self, array: Any) -> None:
        entry = self._held[id(array)]
        entry[0] -= 1
        if not entry[0]:
            del self._held[id(array)]
            self.total -= array.nbytes + 2 * OBJECT


def level(index: int) -> int:
    """How often 2 divides an index: steps of a low level go first, so that every 2nd, 4th, 8th ... stays."""
    return (index & -index).bit_length() - 1 if index else 64


def to_drop(indices: Sequence[int]) -> list[int]:
    """Which steps go, of those kept: of the older half, those of the lowest level.  Never the first or the last."""
    older = list(indices[1 : max(2, len(indices) // 2)]) if len(indices) > 2 else []
    if not older:
        return []
    lowest = min(level(i) for i in older)
    return [i for i in older if level(i) == lowest]


def density(indices: Sequence[int]) -> str:
    """Which steps are kept, in words."""
    parts, start = [], 0
    while start < len(indices) - 1:
        gap, end = indices[start + 1] - indices[start], start + 1
        while end < len(indices) - 1 and indices[end + 1] - indices[end] == gap:
            end += 1
        every = "every step" if gap == 1 else f"every {ordinal(gap)}"
        parts.append(f"{every} from {indices[start]:,} to {indices[end]:,}")
        start = end
    return ", ".join(parts) or ", ".join(f"step {i:,}" for i in indices)


def ordinal(n: int) -> str:
    """2 -> "2nd"."""
    ending = "th" if 10 <= n % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")
    return f"{n:,}{ending}"


class Curve:
    """A number for each step; of a curve that grows too long, every second number stays."""

    def __init__(self, most: int):
        self._most = max(most, 16)
        self.stride, self._seen = 1, 0
        self.values: list[float] = []

    def add(self, value: float) -> None:
        if self._seen % self.stride == 0:
            self.values.append(value)
            if len(self.values) > self._most:
                self.values, self.stride = self.values[::2], self.stride * 2
        self._seen += 1

    @property
    def steps(self) -> list[int]:
        return list(range(0, self.stride * len(self.values), self.stride))

    @property
    def nbytes(self) -> int:
        return 40 * len(self.values)
