"""The walk that the passes of small rewrites share: one way through the equations, a table of rules by operation.

A rule takes (rewriter, equation), whose inputs are already the new ones, and gives what stands for the equation's
results (a value, or a tuple of values where there are several), or None where it does not apply.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from gradtape.graph.ir import Aval, Equation, Graph, Value

Rule = Callable[["Rewriter", Equation], Any]
Rules = Mapping[str, Sequence[Rule]]


class Table(dict[str, list[Rule]]):
    """Rules by operation.  `@table.on("multiply", "add")` puts a rule in."""

    def on(self, *ops: str) -> Callable[[Rule], Rule]:
        def put(rule: Rule) -> Rule:
            for op in ops:
                self.setdefault(op, []).append(rule)
            return rule

        return put

    def __or__(self, other: Any) -> Table:
        joined = Table()
        for table in (self, other):
            for op, rules in table.items():
                joined.setdefault(op, []).extend(rules)
        return joined


class Rewriter:
    """A graph on its way into another.

    makers: value -> the equation that gives it, in the new graph;  moved: old value -> new value.
    """

    __slots__ = ("_uniform", "constants", "equations", "makers", "moved", "rules")

    def __init__(self, graph: Graph, rules: Rules):
        self.rules = rules
        self.constants: dict[Value, np.ndarray] = dict(graph.constants)
        self.equations: list[Equation] = []
        self.makers: dict[Value, Equation] = {}
        self.moved: dict[Value, Value] = {}
        self._uniform: dict[Value, np.ndarray | None] = {}

    # --- what rules ask ---

    def maker(self, value: Value, op: str) -> Equation | None:
        """The equation that gives `value`, if it is of operation `op`."""
        found = self.makers.get(value)
        return found if found is not None and found.op == op else None

    def uniform(self, value: Value) -> np.ndarray | None:
        """The one number of a constant whose elements are all the same bits, as an array of shape ()."""
        array = self.constants.get(value)
        if array is None:
            return None
        if not array.shape:
            return array
        try:
            return self._uniform[value]
        except KeyError:
            found = self._uniform[value] = the_only(array)
            return found

    # --- what rules make ---

    def constant(self, array: np.ndarray) -> Value:
        value = Value(Aval(array.shape, array.dtype))
        self.constants[value] = array
        return value

    def emit(
        self,
        op: str,
        inputs: tuple[Value, ...],
        attrs: Mapping[str, Any],
        aval: Aval,
        like: Equation,
    ) -> Value:
        """A new equation of one result, rewritten in turn; its site is that of `like`."""
        return self.add(Equation(op, inputs, attrs, (Value(aval),), like.site))[0]

    def add(self, equation: Equation) -> tuple[Value, ...]:
        """Put an equation in, rewritten first.  Its results."""
        for rule in self.rules.get(equation.op, ()):
            found = rule(self, equation)
            if found is not None:
                return found if type(found) is tuple else (found,)
        self.equations.append(equation)
        for value in equation.outputs:
            self.makers[value] = equation
        return equation.outputs

    def inline(self, graph: Graph, values: Sequence[Value]) -> tuple[Value, ...]:
        """The equations of `graph` on `values`, with results of their own.  What stands for its outputs."""
        here: dict[Value, Value] = dict(zip(graph.inputs, values))
        for value, array in graph.constants.items():
            here[value] = self.constant(array)
        for e in graph.equations:
            fresh = tuple([Value(v.aval) for v in e.outputs])
            inputs = tuple([here[v] for v in e.inputs])
            results = self.add(Equation(e.op, inputs, e.attrs, fresh, e.site))
            here.update(zip(e.outputs, results))
        return tuple([here[v] for v in graph.outputs])

    def shaped(self, value: Value, shape: tuple[int, ...], like: Equation) -> Value:
        """`value`, broadcast to `shape`."""
        if value.aval.shape == shape:
            return value
        return self.emit("broadcast_to", (value,), {"shape": shape}, Aval(shape, value.dtype), like)

    def reshaped(self, value: Value, shape: tuple[int, ...], like: Equation) -> Value:
        if value.aval.shape == shape:
            return value
        return self.emit("reshape", (value,), {"shape": shape}, Aval(shape, value.dtype), like)


def rewrite(graph: Graph, rules: Rules) -> Graph:
    """`graph` with the rules applied on the way through.  The same object where none applies."""
    work = Rewriter(graph, rules)
    moved, makers, equations = work.moved, work.makers, work.equations
    look = rules.get
    changed = False
    for equation in graph.equations:
        if moved:
            inputs = equation.inputs
            for v in inputs:
                if v in moved:
                    equation = with_inputs(equation, tuple([moved.get(v, v) for v in inputs]))
                    break
        table = look(equation.op)
        if table is not None:
            results = None
            for rule in table:
                results = rule(work, equation)
                if results is not None:
                    break
            if results is not None:
                changed = True
                if type(results) is tuple:
                    moved.update(zip(equation.outputs, results))
                else:
                    moved[equation.outputs[0]] = results
                continue
        equations.append(equation)
        for v in equation.outputs:
            makers[v] = equation
    if not changed:
        return graph
    outputs = tuple([moved.get(v, v) for v in graph.outputs])
    return Graph(graph.inputs, tuple(equations), outputs, work.constants, graph.name)


def with_inputs(equation: Equation, inputs: tuple[Value, ...]) -> Equation:
    return Equation(equation.op, inputs, equation.attrs, equation.outputs, equation.site)


def the_only(array: np.ndarray) -> np.ndarray | None:
    """An array of shape () where all elements of `array` have the same bits."""
    if not array.size or array.dtype.kind == "O":
        return None
    flat = array.reshape(-1)
    first = flat[:1].tobytes()
    if flat[-1:].tobytes() != first:
        return None
    if flat.size > 2 and flat.tobytes() != first * flat.size:
        return None
    return flat[:1].reshape(()).copy()
