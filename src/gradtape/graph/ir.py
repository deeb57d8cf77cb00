"""The intermediate representation: a graph is a list of frozen, typed equations over values.

    { a: float32[2,3], b: float32[3] .
      c: float32[2,3] = add(a, b)
      d: float32[] = reduce_sum(c, axis=(0, 1), keepdims=False)
      return d }

An equation names a card of the registry; its attributes are the card's.  A graph is pure: what a function reads
from and writes to variables are inputs and outputs of its graph.  Equations with an effect (`host`) stand in the
order in which they happen; no pass moves one past another, merges two, or drops one.
Control flow is an equation too: `cond` and `while` hold graphs in their attributes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from gradtape.base.quiet import quiet
from gradtape.core.card import REGISTRY


class Aval(NamedTuple):
    """What is known of a value before it is computed: shape and dtype."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        return self.size * self.dtype.itemsize

    def __str__(self) -> str:
        return f"{self.dtype.name}[{','.join(map(str, self.shape))}]"


def aval_of(array: np.ndarray) -> Aval:
    return Aval(tuple(array.shape), array.dtype)


class Value:
    """One value of a graph.  It is itself: two values are equal only if they are the same object."""

    __slots__ = ("aval",)

    def __init__(self, aval: Aval):
        self.aval = aval

    @property
    def shape(self) -> tuple[int, ...]:
        return self.aval.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.aval.dtype

    def __repr__(self) -> str:
        return f"<Value {self.aval}>"


@dataclass(frozen=True, slots=True, eq=False)
class Equation:
    """outputs = op(inputs, **attrs).  `op`: registry name of a card.  `site`: the user's place, or None."""

    op: str
    inputs: tuple[Value, ...]
    attrs: Mapping[str, Any]
    outputs: tuple[Value, ...]
    site: Any = None

    @property
    def effect(self) -> bool:
        return has_effect(self.op, self.attrs)


def has_effect(op: str, attrs: Mapping[str, Any]) -> bool:
    """Whether an equation does more than compute its outputs: calls back into Python, or holds one that does."""
    if op == "host":
        return True
    if op == "custom_rule":
        return False  # it holds the way back, which does not run with it
    return any(equation.effect for graph in graphs_in(attrs) for equation in graph.equations)


def graphs_in(attrs: Mapping[str, Any]) -> Iterator[Graph]:
    """The graphs that an equation holds."""
    for attr in attrs.values():
        if isinstance(attr, Graph):
            yield attr
        elif type(attr) is tuple:
            for item in attr:
                if isinstance(item, Graph):
                    yield item


def with_graphs(attrs: Mapping[str, Any], change: Callable[[Graph], Graph]) -> Mapping[str, Any]:
    """The attributes with each graph among them changed: the same object where `change` gives back what it got."""
    found: dict[str, Any] = {}
    for name, attr in attrs.items():
        if isinstance(attr, Graph):
            new: Any = change(attr)
            if new is not attr:
                found[name] = new
        elif type(attr) is tuple and attr and isinstance(attr[0], Graph):
            new = tuple([change(g) for g in attr])
            if any(a is not b for a, b in zip(attr, new)):
                found[name] = new
    return {**attrs, **found} if found else attrs


def holding(e: Equation, change: Callable[[Graph], Graph]) -> Equation:
    """The equation with each graph that it holds changed; the same object where none is."""
    attrs = with_graphs(e.attrs, change)
    return e if attrs is e.attrs else Equation(e.op, e.inputs, attrs, e.outputs, e.site)


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Graph:
    """inputs -> outputs by the equations, in their order.  `constants`: values that are known, with their arrays.

    A constant's array is never written.  An output may be an input or a constant, and may be named twice.
    """

    inputs: tuple[Value, ...]
    equations: tuple[Equation, ...]
    outputs: tuple[Value, ...]
    constants: Mapping[Value, np.ndarray] = field(default_factory=dict)
    name: str = ""

    @property
    def avals_in(self) -> tuple[Aval, ...]:
        return tuple(v.aval for v in self.inputs)

    @property
    def avals_out(self) -> tuple[Aval, ...]:
        return tuple(v.aval for v in self.outputs)

    def run(self, *arrays: np.ndarray) -> tuple[np.ndarray, ...]:
        """Interpret the graph on arrays, one NumPy kernel after the other."""
        env: dict[Value, np.ndarray] = dict(zip(self.inputs, arrays))
        env.update(self.constants)
        with quiet():
            for equation in self.equations:
                run_equation(equation, env)
        return tuple([env[v] for v in self.outputs])

    def evaluate(self, F: Any, inputs: Sequence[Any]) -> list[Any]:
        """The graph in the terms of `F`, an interpreter of rules."""
        env: dict[Value, Any] = dict(zip(self.inputs, inputs))
        for value, array in self.constants.items():
            env[value] = F.lift(array)
        for e in self.equations:
            found = getattr(F, e.op)(*[env[v] for v in e.inputs], **e.attrs)
            env.update(zip(e.outputs, found if REGISTRY[e.op].multi else (found,)))
        return [env[v] for v in self.outputs]

    def gradient(self, given: tuple[int, ...]) -> Any:
        """Its way back, from cotangents of the outputs `given`: a `Derivative`."""
        return DERIVE[0](self, given)

    def keeping(self, places: Sequence[int]) -> Graph:
        """The graph that gives some of its inputs too."""
        outputs = (*self.outputs, *[self.inputs[i] for i in places])
        return Graph(self.inputs, self.equations, outputs, self.constants, self.name)


# Set by the room that differentiates graphs: (graph, given) -> Derivative.
DERIVE: list[Callable[[Graph, tuple[int, ...]], Any]] = []


def run_equation(equation: Equation, env: dict[Value, np.ndarray]) -> None:
    """One equation by its card's NumPy kernel."""
    card = REGISTRY[equation.op]
    found = card.kernel(*[env[v] for v in equation.inputs], **equation.attrs)
    outputs = found if card.multi else (found,)
    for value, array in zip(equation.outputs, outputs):
        env[value] = array if type(array) is np.ndarray else np.asarray(array)
