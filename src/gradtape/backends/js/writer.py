"""Where lowerings put their code: statements, names, buffers, and how a value is read and written.

A value of one element is a local variable, whatever its rank; all others are typed arrays in row-major order, which
the module keeps from call to call.  In memory a bool is 0 or 1, in local variables it is a boolean.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from gradtape.backends.js.numbers import BOOL, array_of, constant, known, spelled
from gradtape.backends.js.scalar import JsBuilder
from gradtape.graph.ir import Equation, Graph, Value


class Ref(NamedTuple):
    """Where a value is: in a local variable (or it is a literal), or in a typed array."""

    name: str
    scalar: bool


class Writer:
    """Collects the statements of a program.

    env: where the values of the graph at hand are.  statements: per equation of the outermost graph.
    """

    def __init__(self, lower: Callable[[Writer, Equation], None]):
        self.lower = lower
        self.env: dict[Value, Ref] = {}
        self.declarations: list[str] = []  # of the module
        self.helpers: set[str] = set()
        self.units: list[int] = []  # where statements of an equation begin outside of all blocks
        self.truths: set[str] = set()  # variables that are booleans
        self.lines: list[str] = []
        self.depth = 0
        self._count = 0

    # --- names and statements ---

    def name(self, letter: str) -> str:
        self._count += 1
        return f"{letter}{self._count}"

    def line(self, text: str) -> None:
        self.lines.append("  " * self.depth + text)

    def put(self, text: str) -> str:
        """The value of an expression, under a name."""
        name = self.name("t")
        self.line(f"const {name} = {text};")
        return name

    def helper(self, name: str) -> str:
        """A function of the runtime."""
        self.helpers.add(name)
        return name

    @contextmanager
    def block(self, head: str, tail: str = "}") -> Iterator[None]:
        self.line(f"{head} {{")
        self.depth += 1
        yield
        self.depth -= 1
        self.line(tail)

    @contextmanager
    def loop(self, size: int | str, start: int | str = 0, step: str = "++") -> Iterator[str]:
        """Statements for each number below `size`; its name."""
        i = self.name("i")
        with self.block(f"for (let {i} = {start}; {i} < {size}; {i}{step})"):
            yield i

    @contextmanager
    def loops(self, sizes: Sequence[int]) -> Iterator[list[str]]:
        """Nested loops over a shape; their numbers (an axis of length 1 has none: 0)."""
        if not sizes:
            yield []
            return
        if sizes[0] == 1:
            with self.loops(sizes[1:]) as rest:
                yield ["0", *rest]
            return
        with self.loop(sizes[0]) as i, self.loops(sizes[1:]) as rest:
            yield [i, *rest]

    # --- values ---

    def buffer(self, dtype: np.dtype[Any], size: int) -> str:
        """A typed array of the module."""
        name = self.name("b")
        self.declarations.append(f"const {name} = new {array_of(dtype)}({size});")
        return name

    def table(self, array: np.ndarray) -> str:
        """A typed array of numbers that are known."""
        name, text = self.name("k"), constant(array)
        if text.startswith("unpacked("):
            self.helper("unpacked")
        self.declarations.append(f"const {name} = {text};")
        return name

    def known(self, array: np.ndarray) -> Ref:
        """Where a constant is."""
        if array.size != 1:
            return Ref(self.table(array), False)
        text = spelled(array.dtype, array.reshape(-1)[0])
        return Ref(f"({text})" if text.startswith("-") else text, True)

    def array(self, value: Value) -> str:
        """A typed array for a result of several elements."""
        name = self.buffer(value.dtype, value.aval.size)
        self.env[value] = Ref(name, False)
        return name

    def ref(self, value: Value) -> Ref:
        return self.env[value]

    def bind_input(self, value: Value, name: str) -> None:
        """An input of the program is the typed array `name`."""
        self.env[value] = Ref(name, False)
        if value.aval.size == 1:
            self.local(value, self.put_as("v", self.element(value, "0")))

    def local(self, value: Value, name: str) -> Ref:
        """A value of one element is in the variable `name`."""
        self.env[value] = found = self.variable(value, name)
        return found

    def variable(self, like: Value, name: str) -> Ref:
        """The variable `name`, which holds what values such as `like` do."""
        if like.dtype == BOOL:
            self.truths.add(name)
        return Ref(name, True)

    def alias(self, value: Value, source: Value) -> None:
        self.env[value] = self.env[source]

    def begin(self, value: Value, start: str | None = None) -> None:
        """A result that is written step by step: filled with `start` first (a literal; None: left as it is)."""
        if value.aval.size == 1:
            name = self.name("v")
            self.line(f"let {name} = {start};" if start is not None else f"let {name};")
            self.local(value, name)
            return
        name = self.array(value)
        if start is not None and value.aval.size:
            self.line(f"{name}.fill({self.in_memory(value.dtype, start)});")

    @staticmethod
    def in_memory(dtype: np.dtype[Any], text: str) -> str:
        return text if dtype != BOOL else {"true": "1", "false": "0"}.get(text, text)

    def element(self, value: Value, place: str) -> str:
        """An expression for one element, as builders take it."""
        ref = self.env[value]
        if ref.scalar:
            return ref.name
        return f"{ref.name}[{place}] !== 0" if value.dtype == BOOL else f"{ref.name}[{place}]"

    @staticmethod
    def truth(ref: Ref) -> str:
        """A bool of one element as a condition."""
        return ref.name if ref.scalar else f"{ref.name}[0] !== 0"

    def read(self, value: Value, place: str) -> str:
        """One element, under a name."""
        ref = self.env[value]
        return ref.name if ref.scalar else self.put(self.element(value, place))

    def store(self, value: Value, place: str, text: str) -> None:
        """Write one element of a result."""
        ref = self.env.get(value)
        if ref is None and value.aval.size != 1:
            self.array(value)
            ref = self.env[value]
        if ref is None:
            self.local(value, self.put_as("v", text))
        elif ref.scalar:
            self.line(f"{ref.name} = {text};")
        else:
            self.line(f"{ref.name}[{place}] = {text};")

    def rename(self, value: Value, text: str) -> None:
        """A result of one element is that expression: a name or a literal."""
        made = f"const {text} = "
        if text[0] == "t" and text[1:].isdigit():
            if self.lines[-1].lstrip().startswith(made):
                text = self.put_as("v", self.lines.pop().split(made, 1)[1].rstrip(";"))
            else:
                text = self.put_as("v", text)
        self.local(value, text)

    def spilled(self, value: Value) -> str:
        """The value as a typed array, for functions of the runtime."""
        ref = self.env[value]
        if not ref.scalar:
            return ref.name
        name = self.buffer(value.dtype, 1)
        self.line(f"{name}[0] = {ref.name};")
        return name

    def given(self, value: Value) -> str:
        """A typed array that a function of the runtime fills with a result; `taken` follows."""
        return self.array(value)

    def taken(self, value: Value) -> None:
        """After `given`: a value of one element becomes a variable."""
        if value.aval.size == 1:
            self.local(value, self.put_as("v", self.element(value, "0")))

    def put_as(self, letter: str, text: str) -> str:
        name = self.name(letter)
        self.line(f"const {name} = {text};")
        return name

    def builder(self, dtype: Any) -> JsBuilder:
        return JsBuilder(self, dtype)

    # --- equations, and graphs that they hold ---

    def equation(self, equation: Equation) -> None:
        if not self.depth:
            self.units.append(len(self.lines))
        self.lower(self, equation)

    def inline(self, graph: Graph, given: Sequence[Ref]) -> list[Ref]:
        """The statements of a graph on values that are there; where its outputs are."""
        outer = self.env
        self.env = dict(zip(graph.inputs, given))
        self.constants(graph.constants)
        for equation in graph.equations:
            self.equation(equation)
        found = [self.env[v] for v in graph.outputs]
        self.env = outer
        return found

    def constants(self, constants: Mapping[Value, np.ndarray]) -> None:
        for value, array in constants.items():
            if not known(value.dtype):
                continue  # an output as it is
            self.env[value] = self.known(np.asarray(array))
