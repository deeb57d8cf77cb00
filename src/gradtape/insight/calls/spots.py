"""The `tape.gradient` calls of a file, as data: what was wished for, what was found, how it crosses to the parent."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

SHOWN_TURNS = (
    6  # of the calls at one place that are explained: the first two, 10, 100, 1,000 and the last
)
PLACES = 200  # that are explained; further ones are counted


@dataclass(frozen=True)
class Wish:
    """What a child is asked for.

    out: the file it writes to.  line: only calls that stand on this line of the file; cell: only calls of this cell
    as it is displayed; both None: all calls.  live: the live page of each call in place of texts and pictures.
    detail, decimals: of `explain`; "": by layers where there are many operations, else by operations.
    """

    out: str
    line: int | None = None
    cell: int | None = None
    live: bool = False
    detail: str = ""
    decimals: int | None = None

    def text(self) -> str:
        return json.dumps(asdict(self))

    @staticmethod
    def read(text: str) -> Wish:
        return Wish(**json.loads(text))

    def covers(self, place: Spot, main: str) -> bool:
        """Whether a call at this place is wished for; `main` is the file that runs."""
        if self.cell is not None and place.cell != self.cell:
            return False
        if self.line is None:
            return True
        own = place.cell is not None or place.file == main
        return own and place.line <= self.line <= place.end_line


@dataclass
class Source:
    """One source of a call and its gradient.

    state: "some", "zero", "none", "not finite".  text: the gradient's values, shortened.  norm: its Euclidean norm,
    None where there is none.  code, reason, fix, where: why it is none, zero or not finite, and what to do; "" if it
    is well.
    """

    name: str
    shape: list[int]
    dtype: str
    state: str
    text: str = ""
    norm: float | None = None
    code: str = ""
    reason: str = ""
    fix: str = ""
    where: str = ""


@dataclass
class Turn:
    """One call that is explained: the `turn`-th at its place.

    derivation: HTML.  circuit: SVG.  text: the derivation for the terminal.  page: the live page, in place of these.
    trouble: why one of these is not there.
    """

    turn: int
    targets: list[str]
    sources: list[Source]
    derivation: str = ""
    circuit: str = ""
    text: str = ""
    page: str = ""
    trouble: str = ""


@dataclass
class Spot:
    """A place at which `tape.gradient` is called.

    file: as Python names it.  cell: the notebook cell's number as displayed, None in a file.  line: 1-based, in the
    cell or the file.  code: the lines of the call.  times: how often it was called.
    """

    file: str
    cell: int | None
    line: int
    end_line: int
    code: str
    times: int = 0
    turns: list[Turn] = field(default_factory=list)
    trouble: str = ""

    @property
    def told(self) -> bool:
        """Whether something is explained or said of it."""
        return bool(self.turns or self.trouble)

    @property
    def title(self) -> str:
        """ "cell 3, line 2" or "train.py, line 12"."""
        where = f"cell {self.cell}" if self.cell is not None else Path(self.file).name
        return f"{where}, line {self.line}"


def write_spots(path: str, spots: list[Spot]) -> None:
    """Write what was found, for the parent."""
    with open(path, "w", encoding="utf-8") as file:
        json.dump([asdict(spot) for spot in spots], file)


def read_spots(path: str | Path) -> list[Spot]:
    """What a child wrote; nothing where it did not come to writing."""
    try:
        data = json.loads(Path(path).read_text("utf-8"))
    except (OSError, ValueError):
        return []
    return [_spot(entry) for entry in data]


def _spot(data: dict[str, Any]) -> Spot:
    turns = [
        Turn(**{**turn, "sources": [Source(**source) for source in turn["sources"]]})
        for turn in data.pop("turns")
    ]
    known = {f.name for f in fields(Spot)}
    return Spot(**{key: value for key, value in data.items() if key in known}, turns=turns)
