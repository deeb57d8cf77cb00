"""A graph as one JavaScript module.

    program = emit(graph, "compute")
    program.source      export const compute = (() => { ... return function compute(x0, x1) { ... }; })();

The function takes a typed array for each input (one element for a scalar) and gives a list with one for each output:
the same arrays at each call, written anew.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gradtape.backends.js import runtime
from gradtape.backends.js.cards import lowering_of
from gradtape.backends.js.numbers import array_of, known
from gradtape.backends.js.parts import folded, in_functions
from gradtape.backends.js.simple import Fixed, fixed_at, simple
from gradtape.backends.js.writer import Writer
from gradtape.graph.ir import Aval, Equation, Graph
from gradtape.graph.passes import optimize

_MADE = re.compile(r"const ([tv]\d+)\b")
_PLACE = re.compile(r"(o\d+)\[(\d+)\]")
_IDENTIFIER = re.compile(r"[A-Za-z_$][\w$]*")


@dataclass(frozen=True)
class Described:
    """An input or an output: its shape and dtype, and the typed array that holds it ("" where none does)."""

    shape: tuple[int, ...]
    dtype: str
    array: str


@dataclass(frozen=True, eq=False)
class JsProgram:
    """A graph as JavaScript.

    source: an ES module that exports the function `name`.  inputs, outputs: what it takes and gives.
    fixed: what of the graph does not follow the inputs.
    """

    name: str
    source: str
    inputs: tuple[Described, ...]
    outputs: tuple[Described, ...]
    fixed: tuple[Fixed, ...]


def emit(graph: Graph, name: str = "compute", at: Sequence[np.ndarray] | None = None) -> JsProgram:
    """A graph as a module that exports the function `name`.

    at: arrays of the graph's inputs, at which what JavaScript does not compute (`unsupported`) gets its values: they
    stay as they are.  Raises ValueError where there is such a thing and `at` is not given, or for a bad name.
    """
    if not _IDENTIFIER.fullmatch(name):
        raise ValueError(f"Expected a name that JavaScript takes. Received: {name!r}")
    whole, fixed = fixed_at(graph, at)
    work = simple(optimize(whole))
    return _Program(name, graph, work).made(fixed)


class _Program:
    """The text of one program in the making."""

    def __init__(self, name: str, graph: Graph, work: Graph):
        self.name, self.graph, self.work = name, graph, work
        self.w = Writer(_lower)
        self.inputs: list[str] = []
        self.results: dict[str, str] = {}  # variable -> where it is wanted as an output

    def made(self, fixed: tuple[Fixed, ...]) -> JsProgram:
        w = self.w
        w.helper("taken")
        self._inputs()
        w.constants(self.work.constants)
        for equation in self.work.equations:
            w.equation(equation)
        outputs = self._outputs()
        body = self._functions()
        arguments = ", ".join([f"x{k}" for k in range(len(self.inputs))])
        lines = [
            f"export const {self.name} = (() => {{",
            "const f = Math.fround;",
            runtime.text_of(w.helpers),
            *w.declarations,
            f"const results = [{', '.join(outputs)}];",
            *body[0],
            f"return function {self.name}({arguments}) {{",
            *[f"  {text}" for text in (*self.inputs, *body[1], "return results;")],
            "};",
            "})();",
        ]
        source = "\n".join([text for text in lines if text]) + "\n"
        ins = tuple([_described(a) for a in self.graph.avals_in])
        outs = tuple([_described(a) for a in self.graph.avals_out])
        return JsProgram(self.name, source, ins, outs, fixed)

    def _inputs(self) -> None:
        w = self.w
        w.units.append(0)
        for k, value in enumerate(self.work.inputs):
            if not known(value.dtype):
                self.inputs.append("")
                continue
            name, kind = w.name("a"), array_of(value.dtype)
            w.declarations.append(f"let {name};")
            self.inputs.append(f'{name} = taken(x{k}, {kind}, {value.aval.size}, "input {k}");')
            w.bind_input(value, name)

    def _outputs(self) -> list[str]:
        """Where the outputs are in the end: in arrays of their own, which are no input and no constant.

        Those of one element stand side by side in one array, of which each gets a view.
        """
        w, found = self.w, []
        own = {text.split()[1] for text in w.declarations if text.startswith("const b")}
        made = {m[1] for text in w.lines if (m := _MADE.match(text))}
        beside: dict[str, list[str]] = {}
        for value, aval in zip(self.work.outputs, self.graph.avals_out):
            if not known(aval.dtype):
                found.append(_foreign(w, self.work.constants[value]))
                continue
            ref, kind = w.ref(value), array_of(aval.dtype)
            if ref.scalar:
                row = beside.setdefault(kind, [])
                name = f"o{list(beside).index(kind)}"
                place = f"{name}[{len(row)}]"
                if ref.name in made and ref.name not in self.results:
                    self.results[ref.name] = place
                else:
                    w.units.append(len(w.lines))
                    w.line(f"{place} = {ref.name};")
                row.append(name)
                found.append(place)
                continue
            w.units.append(len(w.lines))
            if ref.name in own:
                own.discard(ref.name)
                found.append(ref.name)
            else:
                name = w.buffer(aval.dtype, aval.size)
                w.line(f"{name}.set({ref.name});")
                found.append(name)
        for kind, row in beside.items():
            w.declarations.append(f"const {row[0]} = new {kind}({len(row)});")
        return self._views(found)

    def _views(self, found: list[str]) -> list[str]:
        """Results that stand side by side in one array, as one expression."""
        texts: list[str] = []
        run: tuple[str, int, int] | None = None
        for text in [*found, ""]:
            at = _PLACE.fullmatch(text)
            if run and at and at[1] == run[0] and int(at[2]) == run[2]:
                run = run[0], run[1], run[2] + 1
                continue
            if run:
                texts.append(f"...{self.w.helper('views')}({run[0]}, {run[1]}, {run[2]})")
            run = (at[1], int(at[2]), int(at[2]) + 1) if at else None
            if text and not at:
                texts.append(text)
        return texts

    def _functions(self) -> tuple[list[str], list[str]]:
        w = self.w
        lines, units = folded(w.lines, w.units, self.results)
        return in_functions(lines, units, self.results, w.truths)


def _lower(w: Writer, equation: Equation) -> None:
    lower = lowering_of(equation)
    assert lower is not None, equation.op
    lower(w, equation)


def _described(aval: Aval) -> Described:
    return Described(aval.shape, aval.dtype.name, array_of(aval.dtype) if known(aval.dtype) else "")


def _foreign(w: Writer, array: np.ndarray) -> str:
    """A fixed output of a dtype that JavaScript has not: 16-bit floats as float32, complex numbers by their parts."""
    if array.dtype.kind == "O":
        return "null"
    if array.dtype.kind == "c":
        return w.table(np.stack([np.real(array), np.imag(array)], -1).astype(np.float64))
    return w.table(array.astype(np.float32))
