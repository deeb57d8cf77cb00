"""The user's own file: it runs once, and each place with a `tape.gradient` call is an entry of the gallery."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from gradtape.insight.calls.spots import Spot, Turn
from gradtape.lab.shelf import Shelf


@dataclass
class Entry:
    """A place with a call, and the paths of the live pages of its turns ("" where there is none)."""

    number: int
    spot: Spot
    pages: list[str] = field(default_factory=list)

    def turns(self) -> list[tuple[Turn, str]]:
        return list(zip(self.spot.turns, self.pages))


class Visit:
    """A file as it ran.

    path: the file.  spots: the places with a call.  trouble: why it did not run to its end; "" where it did.
    """

    def __init__(self, path: Path, spots: list[Spot], trouble: str = ""):
        self.path, self.trouble = path, trouble
        self.entries = [Entry(number, spot) for number, spot in enumerate(spots, start=1)]

    def entry(self, number: int) -> Entry | None:
        """The entry of a number, from 1."""
        return self.entries[number - 1] if 1 <= number <= len(self.entries) else None

    def shelve(self, shelf: Shelf) -> None:
        """Put the live pages on a server's shelf."""
        for entry in self.entries:
            entry.pages = [shelf.keep(turn.page) if turn.page else "" for turn in entry.spot.turns]
