"""The user's source: where an operation stands, what its result is called there, and what its operands are called.

Everything is read from the text of the file, when somebody asks: nothing is kept while the program runs.
"""

from __future__ import annotations

import ast
import linecache
import re
import sys
from inspect import CO_OPTIMIZED
from itertools import islice
from sys import getrefcount
from typing import Any, NamedTuple

from gradtape.base.site import PACKAGE_ROOT

_LONGEST_NAME = 24


class Place(NamedTuple):
    """A place in a file. Lines count from 1, columns from 0 (bytes); columns are -1 where Python kept none."""

    file: str
    line: int
    text: str
    column: int = -1
    end_line: int = -1
    end_column: int = -1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if cell_of(self.file) is None else self.spot

    @property
    def spot(self) -> str:
        """Without folders: "train.py:12"; of a notebook "cell 3:2"."""
        cell = cell_of(self.file)
        if cell is None:
            return f"{self.file.replace(chr(92), '/').rpartition('/')[2]}:{self.line}"
        return f"cell {cell}:{self.line}" if cell else f"cell, line {self.line}"


_CELL = re.compile(r"Cell In\[(\d+)\]|<ipython-input-(\d+)|ipykernel_\d+")


def cell_of(file: str) -> int | None:
    """The number of a notebook's cell, 0 where it is not known; None for a file."""
    found = _CELL.search(file)
    if found is None:
        return None
    number = found.group(1) or found.group(2)
    if number is None:  # IPython knows which cell it gave the name to
        shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
        named = getattr(getattr(shell, "compile", None), "format_code_name", lambda name: None)(
            file
        )
        number = re.sub(r"\D", "", named[1]) if named else ""
    return int(number or 0)


class Spelling(NamedTuple):
    """How an operation is written: what its result is assigned to, its operands' names, the function called.

    A name is "" where the expression has none: a number, a call, an operator's result.  function: "" for an operator,
    "()" where what is called has no name.
    """

    result: str
    operands: tuple[str, ...]
    keywords: tuple[tuple[str, str], ...]
    function: str


NOTHING = Spelling("", (), (), "")


def place_of(site: Any) -> Place | None:
    """The place of a site (code object, instruction); None where there is none."""
    if not site:
        return None
    code, instruction = site
    found = next(islice(code.co_positions(), instruction // 2, None), (None,) * 4)
    line, end_line, column, end_column = found
    if line is None:
        line = code.co_firstlineno
    text = linecache.getline(code.co_filename, line).strip()
    if column is None or end_column is None or end_line is None:
        return Place(code.co_filename, line, text)
    return Place(code.co_filename, line, text, column, end_line, end_column)


def spelling_of(place: Place | None) -> Spelling:
    """How the operation at a place is written; nothing where the source is not to be had."""
    node, result = expression_at(place)
    if node is None:
        return NOTHING
    if isinstance(node, ast.BinOp):
        return Spelling(result, (name_of(node.left), name_of(node.right)), (), "")
    if isinstance(node, ast.AugAssign):
        return Spelling(name_of(node.target), (name_of(node.target), name_of(node.value)), (), "")
    if isinstance(node, ast.UnaryOp):
        return Spelling(result, (name_of(node.operand),), (), "")
    if isinstance(node, ast.Compare):
        return Spelling(result, (name_of(node.left), *map(name_of, node.comparators)), (), "")
    if isinstance(node, ast.Subscript):
        return Spelling(result, (name_of(node.value),), (), "")
    if isinstance(node, ast.Call):
        keywords = tuple([(k.arg, name_of(k.value)) for k in node.keywords if k.arg])
        return Spelling(result, tuple(map(name_of, node.args)), keywords, _last(node.func))
    return Spelling(result, (), (), "")


def expression_at(place: Place | None) -> tuple[ast.expr | ast.AugAssign | None, str]:
    """The expression that stands at a place, and the name that its value is assigned to; None and "" without source."""
    if place is None or place.column < 0:
        return None, ""
    return _index_of(place.file).get(place[1:2] + place[3:], (None, ""))


def name_of(node: ast.expr) -> str:
    """The name that an expression has: of a variable, an attribute, an element; "" for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        inner = name_of(node.value)
        if inner in ("self", "cls"):
            return node.attr
        return _short(f"{inner}.{node.attr}") if inner else ""
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        inner = name_of(node.value)
        return _short(f"{inner}[{node.slice.value!r}]") if inner else ""
    return ""


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else ""


def _last(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "()")


_INDEXES: dict[str, tuple[list[str], dict[Any, Any]]] = {}


def _index_of(file: str) -> dict[Any, Any]:
    """(line, column, end line, end column) -> (expression, the name that its value is assigned to)."""
    lines = linecache.getlines(file)
    known = _INDEXES.get(file)
    if known is not None and known[0] == lines:
        return known[1]
    index: dict[Any, Any] = {}
    try:
        module = ast.parse("".join(lines))
    except (SyntaxError, ValueError):
        module = ast.Module([], [])
    names: dict[int, str] = {}
    for node in ast.walk(module):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                _assign(target, node.value, names)
        elif isinstance(node, ast.AnnAssign | ast.NamedExpr) and node.value is not None:
            _assign(node.target, node.value, names)
        if isinstance(node, ast.expr | ast.AugAssign):
            key = (node.lineno, node.col_offset, node.end_lineno, node.end_col_offset)
            index.setdefault(key, (node, names.get(id(node), "")))
    _INDEXES[file] = (lines, index)
    return index


def _assign(target: ast.expr, value: ast.expr, names: dict[int, str]) -> None:
    if isinstance(target, ast.Tuple | ast.List):
        if isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(target.elts):
            for t, v in zip(target.elts, value.elts):
                _assign(t, v, names)
        return
    names.setdefault(id(value), name_of(target))


def locals_of(frame: Any) -> dict[str, Any]:
    """A frame's local names with what they hold."""
    held = frame.f_locals
    found = dict(held)
    # Up to Python 3.12 a function's frame keeps the dictionary, and with it what was deleted since: it is emptied,
    # unless somebody else has it too (who called `locals()`).
    if type(held) is dict and frame.f_code.co_flags & CO_OPTIMIZED and getrefcount(held) <= 3:
        held.clear()
    return found


def _enclosing_names(frame: Any) -> dict[int, str]:
    """Names of the objects that a frame's user can see, by id: its locals, then its globals."""
    found: dict[int, str] = {}
    for scope in (locals_of(frame), frame.f_globals):
        for name, value in list(scope.items()):
            if not name.startswith("__"):
                found.setdefault(id(value), name)
    return found


def visible_names() -> dict[int, str]:
    """Names of objects, by id, in the frames of the user's that are active now, the nearest first."""
    found: dict[int, str] = {}
    frame: Any = sys._getframe(1)
    while frame is not None:
        if not frame.f_code.co_filename.startswith(PACKAGE_ROOT):
            for key, name in _enclosing_names(frame).items():
                found.setdefault(key, name)
        frame = frame.f_back
    return found


__all__ = [
    "Place",
    "Spelling",
    "expression_at",
    "locals_of",
    "name_of",
    "place_of",
    "spelling_of",
    "visible_names",
]
