"""The user's source as a tree: which statements give a name its value, and what lies around them."""

from __future__ import annotations

import ast
import linecache
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gradtape.insight.source import Place, cell_of

_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.Module, ast.ClassDef)
_LOOPS = (ast.For, ast.AsyncFor, ast.While)
_OUTSIDE = ("numpy", "math", "scipy")  # modules whose functions tapes do not see
_LEAVING = ("numpy", "item", "tolist", "predict")  # methods that give plain numbers
_PYTHON = ("float", "int", "complex", "round")


@dataclass(frozen=True, eq=False)
class Binding:
    """A statement that gives a name its value: `value` is the expression, None where it is a parameter."""

    source: Source
    line: int
    value: ast.expr | None
    kind: str  # "assign", "augmented", "loop", "with", "parameter", "append"
    statement: ast.AST

    @property
    def place(self) -> Place:
        return self.source.place(self.line)

    @property
    def text(self) -> str:
        """The expression as it is written, shortened."""
        if self.value is None:
            return ""
        text = ast.unparse(self.value)
        return text if len(text) <= 60 else text[:57] + "..."


class Source:
    """One file (or notebook cell), parsed."""

    def __init__(self, file: str, lines: list[str]):
        self.file, self.lines = file, lines
        try:
            self.tree = ast.parse("".join(lines))
        except (SyntaxError, ValueError):
            self.tree = ast.Module([], [])
        self.parents: dict[int, ast.AST] = {}
        for node in ast.walk(self.tree):
            for child in ast.iter_child_nodes(node):
                self.parents[id(child)] = node
        self.outside = _aliases(self.tree)
        self._bound: dict[tuple[int, bool], dict[str, list[Binding]]] = {}

    def place(self, line: int) -> Place:
        return Place(self.file, line, linecache.getline(self.file, line).strip())

    def around(self, node: ast.AST) -> Iterator[ast.AST]:
        """The nodes around a node, from the inside out."""
        found = self.parents.get(id(node))
        while found is not None:
            yield found
            found = self.parents.get(id(found))

    def scope_of(self, node: ast.AST) -> ast.AST:
        return next((n for n in self.around(node) if isinstance(n, _SCOPES)), self.tree)

    def scope_at(self, line: int, name: str = "") -> ast.AST:
        """The innermost function around a line, called `name` if one of them is; the module outside of functions."""
        found: list[ast.AST] = []
        for node in ast.walk(self.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                first = min([node.lineno, *[d.lineno for d in getattr(node, "decorator_list", [])]])
                if first <= line <= (node.end_lineno or node.lineno):
                    found.append(node)
        named = [n for n in found if getattr(n, "name", "<lambda>") == name]
        inner = named or ([] if name == "<module>" else found)
        return inner[-1] if inner else self.tree

    def with_at(self, line: int) -> ast.With | None:
        """The `with` statement whose head stands on a line."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.With) and node.lineno <= line < node.body[0].lineno:
                return node
        return next((n for n in ast.walk(self.tree)
                     if isinstance(n, ast.With) and n.lineno == line), None)  # fmt: skip

    def statement_at(self, line: int) -> ast.stmt | None:
        """The innermost statement that covers a line."""
        found = None
        for node in ast.walk(self.tree):
            if isinstance(node, ast.stmt) and node.lineno <= line <= (node.end_lineno or 0):
                found = node
        return found

    def paused(self, node: ast.AST) -> ast.With | None:
        """The `with tape.stop_recording():` around a node."""
        for outer in self.around(node):
            if isinstance(outer, ast.With):
                for item in outer.items:
                    call = item.context_expr
                    if isinstance(call, ast.Call) and _method(call) == "stop_recording":
                        return outer
        return None

    def bindings(self, text: str, scope: ast.AST) -> list[Binding]:
        """The statements that give the name (or attribute, or element) `text` a value, in the order of their lines.

        A plain name is looked for in `scope`, then in the scopes around it; an attribute in the whole file.
        """
        everywhere = not text.isidentifier()
        while True:
            found = self._bound_in(scope, everywhere).get(text, [])
            if found or isinstance(scope, ast.Module):
                return list(found)
            scope = self.tree if everywhere else self.scope_of(scope)

    def latest(self, text: str, scope: ast.AST, line: int) -> Binding | None:
        """The binding of `text` that holds when a line of the scope runs."""
        return latest(self, self.all_bindings(text, scope), line)

    def _bound_in(self, scope: ast.AST, everywhere: bool) -> dict[str, list[Binding]]:
        """All that a scope gives a value, by its text, in the order of the lines."""
        found = self._bound.get((id(scope), everywhere))
        if found is None:
            found = self._bound[id(scope), everywhere] = {}
            for node in _own(scope, everywhere):
                for text, binding in self._made_by(node):
                    found.setdefault(text, []).append(binding)
            for bindings in found.values():
                bindings.sort(key=lambda b: b.line)
        return found

    def _made_by(self, node: ast.AST) -> Iterator[tuple[str, Binding]]:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                yield from self._unpacked(target, node.value, "assign", node)
        elif isinstance(node, ast.AnnAssign | ast.NamedExpr) and node.value is not None:
            yield from self._unpacked(node.target, node.value, "assign", node)
        elif isinstance(node, ast.AugAssign):
            yield from self._unpacked(node.target, node.value, "augmented", node)
        elif isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
            yield from self._unpacked(node.target, node.iter, "loop", node)
        elif isinstance(node, ast.withitem) and node.optional_vars is not None:
            yield from self._unpacked(node.optional_vars, node.context_expr, "with", node)
        elif isinstance(node, ast.arg):
            yield node.arg, Binding(self, node.lineno, None, "parameter", node)

    def _unpacked(
        self, target: ast.expr, value: ast.expr, kind: str, node: ast.AST
    ) -> Iterator[tuple[str, Binding]]:
        if isinstance(target, ast.Tuple | ast.List):
            parts = value.elts if isinstance(value, ast.Tuple | ast.List) else []
            values = parts if len(parts) == len(target.elts) else [value] * len(target.elts)
            for part, own in zip(target.elts, values):
                inner = part.value if isinstance(part, ast.Starred) else part
                yield from self._unpacked(inner, own, kind, node)
        else:
            yield ast.unparse(target), Binding(self, target.lineno, value, kind, node)

    def all_bindings(self, text: str, scope: ast.AST) -> list[Binding]:
        """`bindings`, and for an element `name[key]` also those of its place in what `name` was given."""
        found = self.bindings(text, scope)
        if "[" in text:
            found = sorted([*found, *self._elements(text, scope)], key=lambda b: b.line)
        return found

    def _elements(self, text: str, scope: ast.AST) -> Iterator[Binding]:
        try:
            node = ast.parse(text, mode="eval").body
        except SyntaxError:
            return
        if not isinstance(node, ast.Subscript) or not isinstance(node.slice, ast.Constant):
            return
        base, key = ast.unparse(node.value), node.slice.value
        for binding in self.bindings(base, scope):
            part = _part(binding.value, key)
            if part is not None:
                yield Binding(self, part.lineno, part, "assign", binding.statement)
        for call in ast.walk(self.tree):
            if isinstance(call, ast.Call) and _method(call) == "append" and call.args:
                owner = call.func
                if isinstance(owner, ast.Attribute) and ast.unparse(owner.value) == base:
                    yield Binding(self, call.lineno, call.args[0], "append", call)

    def leaving(self, node: ast.AST) -> str:
        """How a value leaves through NumPy or Python inside an expression: "np.exp", ".numpy()", "float"; or ""."""
        for part in ast.walk(node):
            if not isinstance(part, ast.Call):
                continue
            function = part.func
            if isinstance(function, ast.Name) and function.id in _PYTHON:
                return f"{function.id}()"
            if isinstance(function, ast.Attribute):
                root = function.value
                while isinstance(root, ast.Attribute):
                    root = root.value
                if isinstance(root, ast.Name) and root.id in self.outside:
                    return ast.unparse(function)
                if function.attr == "numpy_function":
                    return ast.unparse(function)
                if function.attr in _LEAVING:
                    return f".{function.attr}()"
            elif isinstance(function, ast.Name) and function.id in self.outside:
                return function.id
        return ""

    def same_loop(self, a: ast.AST, line: int) -> bool:
        """Whether a loop holds both a node and a line."""
        return any(
            isinstance(n, _LOOPS) and n.lineno <= line <= (n.end_lineno or 0)
            for n in self.around(a)
        )


def latest(source: Source, bindings: list[Binding], line: int) -> Binding | None:
    """The binding that holds when `line` runs: the last one before it, or one later in the same loop.

    Those of another source are of an earlier cell.
    """
    before = [b for b in bindings if b.source is not source or b.line < line]
    if before:
        return before[-1]
    around = [b for b in bindings if source.same_loop(b.statement, line)]
    return around[-1] if around else None


def _part(value: ast.expr | None, key: Any) -> ast.expr | None:
    """The expression of an element in a literal or a comprehension."""
    if isinstance(value, ast.Dict):
        for k, v in zip(value.keys, value.values):
            if isinstance(k, ast.Constant) and k.value == key:
                return v
    elif isinstance(value, ast.List | ast.Tuple) and isinstance(key, int):
        return value.elts[key] if -len(value.elts) <= key < len(value.elts) else None
    elif isinstance(value, ast.ListComp):
        return value.elt
    return None


def makes_variable(binding: Binding) -> bool:
    """Whether a variable is made there."""
    value = binding.value
    if not isinstance(value, ast.Call):
        return False
    name = value.func.attr if isinstance(value.func, ast.Attribute) else ast.unparse(value.func)
    return name.endswith("Variable") or name == "add_weight"


def texts_in(node: ast.AST) -> set[str]:
    """The names, attributes and elements that an expression reads, as text."""
    kinds = (ast.Name, ast.Attribute, ast.Subscript)
    return {ast.unparse(part) for part in ast.walk(node) if isinstance(part, kinds)}


def _own(scope: ast.AST, everywhere: bool) -> Iterator[ast.AST]:
    """The nodes of a scope, not those of the functions and classes inside of it."""
    for child in ast.iter_child_nodes(scope):
        yield child
        if everywhere or not isinstance(child, _SCOPES):
            yield from _own(child, everywhere)


def _method(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""


def _aliases(tree: ast.AST) -> set[str]:
    """The names under which a file has NumPy, math and their functions."""
    found = {"np", "numpy"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {(a.asname or a.name).split(".")[0] for a in node.names
                      if a.name.split(".")[0] in _OUTSIDE}  # fmt: skip
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in _OUTSIDE:
            found |= {a.asname or a.name for a in node.names}
    return found


_SOURCES: dict[str, Source] = {}


def source_at(file: str) -> Source:
    """A file parsed, once for each text of it."""
    lines = linecache.getlines(file)
    known = _SOURCES.get(file)
    if known is None or known.lines != lines:
        known = _SOURCES[file] = Source(file, lines)
    return known


def earlier_cells(file: str) -> Iterator[Source]:
    """The notebook cells that were run before a cell, the last first; nothing for a file."""
    for name in _cells_before(file):
        yield source_at(name)


def is_later_cell(file: str, other: str) -> bool:
    """Whether a notebook's cell was run after another one."""
    return other in _cells_before(file)


def _cells_before(file: str) -> list[str]:
    names = [name for name in list(linecache.cache) if _is_cell(name)] if _is_cell(file) else []
    return names[: names.index(file)][::-1] if file in names else []


def _is_cell(file: str) -> bool:
    return cell_of(file) is not None
