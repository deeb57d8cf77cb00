"""Where the user asks from: the call, the frames around it, and what their names hold."""

from __future__ import annotations

import ast
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from types import FunctionType, MethodType, ModuleType
from typing import Any

from gradtape.base.site import PACKAGE_ROOT
from gradtape.core.tape import GradientTape
from gradtape.core.tensor import Tensor
from gradtape.core.variable import Variable
from gradtape.insight.naming import given_name
from gradtape.insight.source import expression_at, locals_of, place_of
from gradtape.insight.why.code import (
    Binding,
    Source,
    earlier_cells,
    latest,
    makes_variable,
    source_at,
    texts_in,
)

_ASKING = ("why", "gradient")
_LOOKED_AT = 5_000  # objects that are looked into for a name
_NOT_LOOKED_INTO = (type, Tensor, Variable, GradientTape, FunctionType, MethodType, ModuleType)
_FOREIGN = (os.path.dirname(os.__file__) + os.sep, f"{os.sep}site-packages{os.sep}")


@dataclass(eq=False)
class View:
    """One frame of the user's, as it stands."""

    source: Source
    line: int
    function: str
    names: dict[str, Any]

    @property
    def scope(self) -> ast.AST:
        return self.source.scope_at(self.line, self.function)


class Here:
    """The user's frames, the nearest first.  It lives for one question, for it keeps what the frames hold."""

    def __init__(self) -> None:
        self.views: list[View] = []
        self.expression: Any = None  # that the user's line is at
        self.target_text = self.source_text = ""
        self._names: dict[int, str] | None = None  # by id of what the frames hold
        self._elements: tuple[str, ...] = ()
        frame: Any = sys._getframe(1)
        while frame is not None:
            code = frame.f_code
            if self.views and any(part in code.co_filename for part in _FOREIGN):
                break  # the program that runs the user's
            if not code.co_filename.startswith(PACKAGE_ROOT):
                if not self.views:
                    self.expression, _ = expression_at(place_of((code, frame.f_lasti)))
                    self._read_call()
                place = place_of((code, frame.f_lasti))
                line = place.line if place is not None else frame.f_lineno
                names = {**frame.f_globals, **locals_of(frame)}
                self.views.append(View(source_at(code.co_filename), line, code.co_name, names))
            frame = frame.f_back

    def _read_call(self) -> None:
        """What the target and the source are called in the question."""
        call = self.expression
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
            return
        if call.func.attr not in _ASKING:
            return
        given = dict(zip(("target", "source"), call.args))
        given |= {(k.arg or "").removesuffix("s"): k.value for k in call.keywords}
        if "target" in given:
            self.target_text = ast.unparse(given["target"])
        sources = given.get("source")
        if isinstance(sources, ast.List | ast.Tuple):
            self._elements = tuple([ast.unparse(e) for e in sources.elts])
        elif isinstance(sources, ast.Name | ast.Attribute | ast.Subscript):
            self.source_text = ast.unparse(sources)

    def name_of_source(self, source: Any, index: int | None) -> str:
        """A source's name in the user's code.  index: its place among several."""
        if index is None and self.source_text:
            return self.source_text
        if index is not None and index < len(self._elements):
            return self._elements[index]
        return self.name_of(source) or (
            f"{self.source_text}[{index}]" if self.source_text else given_name(source)
        )

    def name_of(self, thing: Any) -> str:
        """The name under which the nearest frame holds an object: its own, or that of something that holds it."""
        if self._names is None:
            self._names = {}
            for view in self.views:
                for text, value in _held(view.names):
                    self._names.setdefault(id(value), text)
        return self._names.get(id(thing), "")

    def value_of(self, text: str) -> Any:
        """What a plain name holds in the nearest frame."""
        return self.views[0].names.get(text) if self.views else None

    def bindings(self, view: View, text: str) -> list[Binding]:
        """The statements that give `text` a value, seen from a frame; of `thing.attribute` also those of its class."""
        found = bindings_of(view.source, text, view.scope)
        root, _, attribute = text.rpartition(".")
        if found or not root.isidentifier() or root == "self":
            return found
        for cls in type(view.names.get(root)).__mro__:
            for function in vars(cls).values():
                file = getattr(getattr(function, "__code__", None), "co_filename", PACKAGE_ROOT)
                if not file.startswith(PACKAGE_ROOT):
                    source = source_at(file)
                    return source.all_bindings(f"self.{attribute}", source.tree)
        return found

    def origin(self, thing: Any, text: str) -> Binding | None:
        """The statement that gave the name `text` what it holds, `thing`; the caller's where it is a parameter."""
        for level, view in enumerate(self.views):
            name = text if level == 0 else _name_in(view, thing)
            if not name:
                continue
            found = [b for b in self.bindings(view, name) if _may_make(b, thing)]
            found = [b for b in found if b.kind != "parameter"]
            near = bool(found) and found[0].source is view.source and text.isidentifier()
            binding = latest(view.source, found, view.line) if near else None
            if binding is not None or (found and not near):
                return binding or found[-1]
        return None


def bindings_of(source: Source, text: str, scope: ast.AST) -> list[Binding]:
    """`Source.all_bindings`, in a notebook also of the cells run before."""
    found = source.all_bindings(text, scope)
    if not found:
        for cell in earlier_cells(source.file):
            found = cell.all_bindings(text, cell.tree)
            if found:
                break
    return found


def given_to(parameter: Binding, deepest: int = 3) -> Iterator[tuple[str, Binding]]:
    """What the calls of a function in its file give to a parameter: names, and where these got their values."""
    source = parameter.source
    function = source.scope_of(parameter.statement)
    name = getattr(function, "name", "")
    arguments = getattr(function, "args", None)
    if not name or not isinstance(parameter.statement, ast.arg) or arguments is None:
        return
    names = [a.arg for a in (*arguments.posonlyargs, *arguments.args)]
    for call in ast.walk(source.tree):
        if not isinstance(call, ast.Call):
            continue
        bound = isinstance(call.func, ast.Attribute)
        called = call.func.attr if isinstance(call.func, ast.Attribute) else ast.unparse(call.func)
        if called != name and not (name in ("call", "__call__") and not bound):
            continue
        method = bool(names) and names[0] in ("self", "cls")
        given = dict(zip(names[1:] if method else names, call.args))
        given |= {k.arg or "": k.value for k in call.keywords}
        value = given.get(parameter.statement.arg)
        if value is None:
            continue
        for text in sorted(texts_in(value)):
            found = bindings_of(source, text, source.scope_of(call))
            binding = latest(source, found, call.lineno)
            if binding is not None and binding.value is None and deepest:
                yield from given_to(binding, deepest - 1)
            elif binding is not None and binding.value is not None:
                yield text, binding


def _may_make(binding: Binding, thing: Any) -> bool:
    """Whether a statement can have made such an object: one that makes a variable makes no tensor."""
    if isinstance(thing, Tensor):
        return not makes_variable(binding)
    return True


def _name_in(view: View, thing: Any) -> str:
    return next((text for text, value in _held(view.names) if value is thing), "")


def _held(names: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Names, and the texts of what lies in the objects that they hold, nearest first."""
    layer = [(k, v) for k, v in names.items() if k.isidentifier() and not k.startswith("_")]
    yield from layer
    seen: set[int] = set()
    budget = _LOOKED_AT
    for _ in range(4):
        inner: list[tuple[str, Any]] = []
        for text, value in layer:
            if budget <= 0 or id(value) in seen:
                continue
            seen.add(id(value))
            parts = list(_parts(text, value))
            budget -= len(parts)
            inner += parts
        yield from inner
        layer = inner


def _parts(text: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, list | tuple):
        yield from ((f"{text}[{i}]", v) for i, v in enumerate(value[:200]))
    elif isinstance(value, dict):
        yield from ((f"{text}[{k!r}]", v) for k, v in list(value.items())[:200])
    elif isinstance(value, _NOT_LOOKED_INTO) or not hasattr(value, "__dict__"):
        return
    else:
        layers = value.layers if hasattr(type(value), "layers") else None
        if isinstance(layers, list):
            yield from ((f"{text}.layers[{i}]", v) for i, v in enumerate(layers))
        own = dict(vars(value))
        yield from ((f"{text}.{k}", v) for k, v in own.items() if not k.startswith("_"))
