"""The syntax tree of a function, with the places that its nodes have in the user's file."""

from __future__ import annotations

import ast
import inspect
import linecache
from types import CodeType, FunctionType
from typing import Any


class NoSourceError(Exception):
    """The source of a function is not to be had, or it cannot be converted."""


def tree_of(function: FunctionType) -> ast.FunctionDef | ast.Lambda:
    """The definition of `function` (of itself, not of what it wraps).  Raises NoSourceError."""
    code = function.__code__
    if code.co_name == "<lambda>":
        return _lambda(code)
    try:
        lines, first = inspect.getsourcelines(code)
    except (OSError, TypeError, SyntaxError, IndexError) as error:
        raise NoSourceError(f"its source is not to be had ({error})") from None
    text = "".join(lines)
    indented = text[:1] in (" ", "\t")
    try:
        module = ast.parse("if 1:\n" + text if indented else text)
    except SyntaxError as error:
        raise NoSourceError(f"its source cannot be read ({error})") from None
    body: Any = module.body[0].body if indented else module.body  # type: ignore[attr-defined]
    node = body[0]
    if isinstance(node, ast.AsyncFunctionDef) or not isinstance(node, ast.FunctionDef):
        raise NoSourceError("it is no plain function")
    if node.name != code.co_name:
        raise NoSourceError("its source has changed")
    ast.increment_lineno(node, first - (2 if indented else 1))
    return node


def _lambda(code: CodeType) -> ast.Lambda:
    """The lambda with this code: found by the places of its instructions."""
    lines = linecache.getlines(code.co_filename)
    if not lines:
        raise NoSourceError("its source is not to be had")
    try:
        module = ast.parse("".join(lines))
    except SyntaxError as error:
        raise NoSourceError(f"its source cannot be read ({error})") from None
    places = [p for p in code.co_positions() if None not in p and p[2:] != (0, 0)]
    names = list(code.co_varnames[: code.co_argcount])
    found: list[ast.Lambda] = []
    for node in ast.walk(module):
        if isinstance(node, ast.Lambda) and node.lineno == code.co_firstlineno:
            arguments = [a.arg for a in (*node.args.posonlyargs, *node.args.args)]
            if arguments == names and all(_within(p, node.body) for p in places):
                found.append(node)
    innermost = max([(n.lineno, n.col_offset) for n in found], default=None)
    found = [n for n in found if (n.lineno, n.col_offset) == innermost]
    if len(found) != 1:
        raise NoSourceError("its source cannot be told from that of its neighbours")
    return found[0]


def _within(place: Any, node: Any) -> bool:
    line, end_line, column, end_column = place
    start, end = (node.lineno, node.col_offset), (node.end_lineno, node.end_col_offset)
    return start <= (line, column) and (end_line, end_column) <= end
