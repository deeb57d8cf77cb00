"""The certificate: what was claimed, what is so, and how sure that is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from gradtape.insight.source import Place

RIGHT, AT_KINK, WRONG, OPEN = "right", "kink", "wrong", "open"


@dataclass(frozen=True)
class Entry:
    """One entry of one gradient.

    source, index: which.  claimed: what the gradient says; None: that the target does not depend on the source.
    reference: what differences say.  error: |claimed - reference|.  bound: how large it may be.
    method: how the reference was found.  status: "right", "kink", "wrong" or "open" (it could not be told).
    """

    source: str
    index: tuple[int, ...]
    claimed: complex | float | None
    reference: complex | float
    error: float
    bound: float
    method: str
    status: str

    @property
    def name(self) -> str:
        return self.source + (f"[{','.join(map(str, self.index))}]" if self.index else "")


@dataclass(frozen=True)
class Kink:
    """Where a derivative jumps.

    source, index: by which entry.  op: the operation's name.  place: the user's line, or None.  element: of the
    operation.  left, right: the one-sided derivatives of the target by the entry.  claimed: what the gradient says.
    jump: whether the value jumps too.
    """

    source: str
    index: tuple[int, ...]
    op: str
    place: Place | None
    element: tuple[int, ...] | None
    left: float
    right: float
    claimed: complex | float | None
    jump: bool = False

    def __str__(self) -> str:
        entry = self.source + (f"[{','.join(map(str, self.index))}]" if self.index else "")
        line = f" at {self.place}: {self.place.text}" if self.place else ""
        what = "jumps" if self.jump else "has a kink"
        return (
            f"{self.op} {what}{line}; by {entry}: left {_number(self.left)}, right {_number(self.right)}, "
            f"claimed {_number(self.claimed)}"
        )


class Check(NamedTuple):
    """A test of the whole gradient: what was compared, the two numbers, how far apart they may be."""

    what: str
    claimed: float
    reference: float
    bound: float
    passed: bool

    def __str__(self) -> str:
        sign = "agrees with" if self.passed else "DIFFERS FROM"
        return (
            f"{self.what}: {_number(self.claimed)} {sign} {_number(self.reference)} "
            f"(may differ by {self.bound:.1e})"
        )


@dataclass(frozen=True, eq=False)
class Certificate:
    """What `tf.certify` found.

    verdict: "right", "right except at kinks" (there the gradient is one of the one-sided derivatives, between them, or
    what convention says), "wrong", or "not decided".
    entries: those that were checked, the worst first.  worst: the first of them.
    kinks: where derivatives jump.  checks: tests of the whole gradient.  notes: remarks for the reader.
    claimed, reference, error, bound: by the names of the sources, arrays of the source's shape; NaN where an entry
    was not checked.  bound is there for all of `claimed`, and takes only rounding into account where not checked.
    """

    verdict: str
    entries: tuple[Entry, ...]
    kinks: tuple[Kink, ...]
    checks: tuple[Check, ...]
    notes: tuple[str, ...]
    claimed: Mapping[str, np.ndarray] = field(repr=False)
    reference: Mapping[str, np.ndarray] = field(repr=False)
    error: Mapping[str, np.ndarray] = field(repr=False)
    bound: Mapping[str, np.ndarray] = field(repr=False)

    @property
    def worst(self) -> Entry | None:
        return self.entries[0] if self.entries else None

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong and all could be told."""
        return self.verdict in ("right", "right except at kinks")

    def text(self, rows: int = 12) -> str:
        """The verdict and a table of the worst entries, for a terminal."""
        lines = [f"{self.verdict}: {self._checked()}"]
        lines += [f"  {note}" for note in self.notes]
        lines += self._table(rows)
        lines += [f"  {check}" for check in self.checks]
        lines += [f"  {kink}" for kink in self.kinks[:rows]]
        if len(self.kinks) > rows:
            lines.append(f"  and {len(self.kinks) - rows} more at kinks")
        return "\n".join(lines)

    __str__ = text

    def _checked(self) -> str:
        total = sum(a.size for a in self.claimed.values())
        n = len(self.entries)
        wrong = sum(e.status == WRONG for e in self.entries)
        open_ = sum(e.status == OPEN for e in self.entries)
        said = f"{n} of {total} entries checked" if n < total else f"all {n} entries checked"
        if wrong:
            said += f", {wrong} wrong"
        if open_:
            said += f", {open_} not decided"
        return said

    def _table(self, rows: int) -> list[str]:
        if not self.entries:
            return []
        cells = [_HEAD, *[_row(e) for e in self.entries[:rows]]]
        widths = [max(len(row[i]) for row in cells) for i in range(len(_HEAD))]
        lines = [
            "  " + "  ".join(
                c.ljust(w) if i in (0, 5, 6) else c.rjust(w) for i, (c, w) in enumerate(zip(row, widths))
            ).rstrip()
            for row in cells
        ]  # fmt: skip
        if len(self.entries) > rows:
            lines.append(f"  and {len(self.entries) - rows} more, none of them worse")
        return lines

    def _repr_html_(self) -> str:
        from html import escape

        style = {WRONG: ' style="color:#b00020"', OPEN: ' style="color:#7a5b00"'}
        head = "".join(f"<th>{h}</th>" for h in _HEAD)
        rows = "".join(
            f"<tr{style.get(e.status, '')}>"
            + "".join(f"<td>{escape(c)}</td>" for c in _row(e))
            + "</tr>"
            for e in self.entries[:24]
        )
        more = "".join(
            f"<li>{escape(str(t))}</li>" for t in (*self.notes, *self.checks, *self.kinks[:24])
        )
        return (
            f"<div><p><b>{escape(self.verdict)}</b>: {escape(self._checked())}</p>"
            f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
            + (f"<ul>{more}</ul>" if more else "")
            + "</div>"
        )

    def __repr__(self) -> str:
        return f"<Certificate {self.verdict}: {self._checked()}>"


_HEAD = ("entry", "claimed", "reference", "error", "bound", "status", "by")


def _row(e: Entry) -> tuple[str, ...]:
    return (
        e.name,
        _number(e.claimed),
        _number(e.reference),
        f"{e.error:.1e}",
        f"{e.bound:.1e}",
        e.status,
        e.method,
    )


def _number(x: complex | float | None) -> str:
    return "None" if x is None else f"{x:.9g}"
