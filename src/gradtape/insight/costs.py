"""What a tape's recording costs, by line of the user's code: bytes kept, seconds there and back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np

from gradtape.base.dtypes import DIFFERENTIABLE
from gradtape.base.errors import ArgumentError
from gradtape.base.quiet import quiet
from gradtape.core.bind import RAW
from gradtape.core.context import no_recording
from gradtape.core.slices import IndexedSlices
from gradtape.insight.source import Place, place_of

# Calls of the user's own Python, and draws: they are not run again.
_ONCE = ("host", "custom_gradient", "sparse_custom_gradient")


@dataclass(frozen=True)
class MemoryLine:
    """A line and the bytes of the results that it made and the tape keeps.  count: how many results."""

    place: Place | None
    bytes: int
    count: int


@dataclass(frozen=True)
class TimeLine:
    """A line and the seconds of its operations, there and back.  count: how many operations."""

    place: Place | None
    forward: float
    backward: float
    count: int


@dataclass(frozen=True, repr=False)
class Memory:
    """Bytes that a tape keeps, the largest line first.

    let_go: bytes that were let go when the gradient was asked for.
    """

    lines: tuple[MemoryLine, ...]
    let_go: int = 0

    @property
    def total(self) -> int:
        return sum(line.bytes for line in self.lines)

    def __repr__(self) -> str:
        rows = [(_size(line.bytes), str(line.count), _where(line.place)) for line in self.lines]
        rows.append((_size(self.total), str(sum(line.count for line in self.lines)), "in all"))
        text = _table(("kept", "results", "line"), rows)
        if self.let_go:
            text += f"\n{_size(self.let_go)} were let go when the gradient was asked for."
        return text


@dataclass(frozen=True, repr=False)
class Profile:
    """Seconds by line, the slowest first.  left_out: operations that were not run again."""

    lines: tuple[TimeLine, ...]
    left_out: int = 0

    @property
    def forward(self) -> float:
        return sum(line.forward for line in self.lines)

    @property
    def backward(self) -> float:
        return sum(line.backward for line in self.lines)

    def __repr__(self) -> str:
        rows = [
            (_time(line.forward), _time(line.backward), str(line.count), _where(line.place))
            for line in self.lines
        ]
        count = str(sum(line.count for line in self.lines))
        rows.append((_time(self.forward), _time(self.backward), count, "in all"))
        text = _table(("forward", "backward", "operations", "line"), rows)
        if self.left_out:
            text += f"\nNot run again: {self.left_out} (draws, and calls of your own Python)."
        return text


def memory(tape: Any) -> Memory:
    """What `tape` keeps, by line: each buffer once, where it was made; not those of variables and constants."""
    seen = _given(tape._records)
    found: dict[Any, list[int]] = {}
    for _, attrs, _, output, site in tape._records:
        for array in _kept(attrs, output):
            base = _base(array)
            size = 0 if id(base) in seen else base.nbytes
            seen.add(id(base))
            entry = found.setdefault(_line(site), [0, 0])
            entry[0] += size
            entry[1] += 1
    lines = [MemoryLine(place, size, count) for place, (size, count) in found.items()]
    return Memory(tuple(sorted(lines, key=lambda line: -line.bytes)), tape.trail.let_go)


def _given(records: Any) -> set[int]:
    """The buffers that come from outside: what variables and constants hold."""
    made: set[int] = set()
    found: set[int] = set()
    for _, _, inputs, output, _ in records:
        found.update(id(_base(t._value)) for t in inputs if id(t) not in made)
        made.update(id(t) for t in (output if type(output) is tuple else (output,)))
    return found


def _base(array: np.ndarray) -> np.ndarray:
    """The array whose buffer an array looks at."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def _kept(attrs: Any, output: Any) -> Iterator[np.ndarray]:
    for tensor in output if type(output) is tuple else (output,):
        yield tensor._value
    for array in attrs.get("residuals", ()):
        if isinstance(array, np.ndarray):
            yield array


def profile(tape: Any, repeats: int = 5) -> Profile:
    """Seconds of what `tape` recorded, by line: each operation and its way back are run `repeats` times."""
    if repeats < 1:
        raise ArgumentError("`repeats` must be at least 1.", repeats=repeats)
    found: dict[Any, list[float]] = {}
    left_out = 0
    with no_recording(), quiet():
        for record in tape._records:
            times = _times(record, repeats)
            if times is None:
                left_out += 1
                continue
            entry = found.setdefault(_line(record[4]), [0.0, 0.0, 0])
            entry[0] += times[0]
            entry[1] += times[1]
            entry[2] += 1
    lines = [
        TimeLine(place, there, way_back, int(n)) for place, (there, way_back, n) in found.items()
    ]
    lines.sort(key=lambda line: -(line.forward + line.backward))
    return Profile(tuple(lines), left_out)


def _times(record: Any, repeats: int) -> tuple[float, float] | None:
    """The shortest times of one operation and of its way back; None for what is not run again."""
    card, attrs, inputs, output, _ = record
    program = attrs.get("program")
    if card.name in _ONCE or card.family == "Random":
        return None
    if program is not None and any(e.effect for e in program.graph.equations):
        return None
    xs = [t._value for t in inputs]
    there = min(_seconds(lambda: card.kernel(*xs, **attrs)) for _ in range(repeats))
    if card.vjp is None:
        return there, 0.0
    outputs = output if type(output) is tuple else (output,)
    ys = tuple([t._value for t in outputs])
    gs = tuple([np.ones_like(y) if y.dtype in DIFFERENTIABLE else None for y in ys])
    if all(g is None for g in gs):
        return there, 0.0

    def way_back() -> None:
        found = card.vjp(
            RAW, gs if card.multi else gs[0], ys if card.multi else ys[0], *xs, **attrs
        )
        for c, x in zip(found, xs):
            part: Any = c() if callable(c) else c
            if part is not None and not isinstance(part, IndexedSlices) and part.shape != x.shape:
                RAW.unbroadcast(part, x.shape)

    return there, min(_seconds(way_back) for _ in range(repeats))


def _seconds(work: Any) -> float:
    start = perf_counter()
    work()
    return perf_counter() - start


def _line(site: Any) -> Place | None:
    """The line of a site, without columns."""
    place = place_of(site)
    return None if place is None else Place(*place[:3])


def _where(place: Place | None) -> str:
    return "unknown" if place is None else f"{place}: {place.text}" if place.text else str(place)


def _size(n: float) -> str:
    for unit in ("B", "KiB", "MiB"):
        if n < 1024 or unit == "MiB":
            return f"{n:.0f} {unit}" if unit == "B" else f"{n:.1f} {unit}"
        n /= 1024
    raise AssertionError


def _time(seconds: float) -> str:
    return f"{seconds * 1e6:.1f} µs" if seconds < 1e-3 else f"{seconds * 1e3:.2f} ms"


def _table(heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """Columns side by side: numbers to the right, the last column to the left."""
    widths = [max(len(row[i]) for row in (heads, *rows)) for i in range(len(heads) - 1)]
    return "\n".join(
        "  ".join([*[cell.rjust(w) for cell, w in zip(row, widths)], row[-1]])
        for row in (heads, *rows)
    )


__all__ = ["Memory", "MemoryLine", "Profile", "TimeLine", "memory", "profile"]
