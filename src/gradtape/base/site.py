"""Where in the user's code a value comes from."""

from __future__ import annotations

import functools
import linecache
import os
import sys
from types import CodeType
from typing import NamedTuple

import numpy as np

PACKAGE_ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
# NumPy and functools call back into the package; their frames are not the user's either.
_NOT_THE_USERS = (
    PACKAGE_ROOT,
    os.path.dirname(os.path.abspath(np.__file__)) + os.sep,
    functools.__file__,
)

_OURS: dict[str, bool] = {}  # file name -> whether it is one of the package, or of NumPy


class Site(NamedTuple):
    """A place in the user's code: never a frame, which would keep its locals alive."""

    code: CodeType
    instruction: int

    @property
    def filename(self) -> str:
        return self.code.co_filename

    @property
    def line(self) -> int:
        """The line number, resolved on demand from the code object's position table."""
        for index, (line, *_) in enumerate(self.code.co_positions()):
            if index * 2 >= self.instruction and line is not None:
                return line
        return self.code.co_firstlineno

    @property
    def text(self) -> str:
        """The source line, or an empty string where the source is not to be had."""
        return linecache.getline(self.filename, self.line).strip()

    def __str__(self) -> str:
        return f"{self.filename}:{self.line}"


def user_site(depth: int = 2) -> tuple[CodeType, int] | None:
    """The nearest frame outside the package and NumPy, as (code, instruction); `depth` frames are skipped."""
    try:
        frame = sys._getframe(depth)
    except ValueError:
        return None
    while frame is not None:
        code = frame.f_code
        name = code.co_filename
        ours = _OURS.get(name)
        if ours is None:
            ours = _OURS[name] = name.startswith(_NOT_THE_USERS)
        if not ours:
            return code, frame.f_lasti
        frame = frame.f_back
    return None


def where(depth: int = 2) -> str:
    """' (file.py:12: text)' for the user's line, or an empty string."""
    found = user_site(depth + 1)
    if found is None:
        return ""
    site = Site(*found)
    text = site.text
    return f"\n  at {site}" + (f": {text}" if text else "")
