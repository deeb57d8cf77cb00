"""Pages that explain, kept for the browser to ask for: those of the user's file, and the last few asked for."""

from __future__ import annotations

import itertools
import threading
from collections import OrderedDict

from gradtape.lab.limits import PAGE_BYTES, PAGES_KEPT


class Shelf:
    """Self-contained pages by number.  Those put with `keep` stay; of the others the oldest go."""

    def __init__(self) -> None:
        self.numbers = itertools.count(1)
        self.kept: dict[int, str] = {}
        self.passing: OrderedDict[int, str] = OrderedDict()
        self.lock = threading.Lock()

    def keep(self, page: str) -> str:
        """Put a page that stays; its path."""
        with self.lock:
            number = next(self.numbers)
            self.kept[number] = page
        return path_of(number)

    def put(self, page: str) -> str:
        """Put a page; its path.  It goes when there are too many after it, or too large ones."""
        with self.lock:
            number = next(self.numbers)
            self.passing[number] = page
            while len(self.passing) > 1 and (
                len(self.passing) > PAGES_KEPT or sum(map(len, self.passing.values())) > PAGE_BYTES
            ):
                self.passing.popitem(last=False)
        return path_of(number)

    def get(self, number: int) -> str | None:
        """The page of a number, or None where it is gone."""
        with self.lock:
            return self.kept.get(number) or self.passing.get(number)


def path_of(number: int) -> str:
    return f"/page/{number}"
