"""The way back through a graph, and the turns that loops make of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from gradtape.graph.ir import Equation, Graph, Value


class Derivative(NamedTuple):
    """graph: (inputs, cotangents of the outputs `given`) -> cotangents of the inputs `sources`: those that have one."""

    graph: Graph
    given: tuple[int, ...]
    sources: tuple[int, ...]

    def giving(self, wanted: Sequence[int]) -> Graph:
        """The same with the cotangents of `wanted`, zeros where there is none."""
        if tuple(wanted) == self.sources:
            return self.graph
        graph, constants, outputs = self.graph, dict(self.graph.constants), []
        for place in wanted:
            if place in self.sources:
                outputs.append(graph.outputs[self.sources.index(place)])
                continue
            aval = graph.inputs[place].aval
            outputs.append(Value(aval))
            constants[outputs[-1]] = np.zeros(aval.shape, aval.dtype)
        return Graph(graph.inputs, graph.equations, tuple(outputs), constants, graph.name)

    def uses(self, places: Sequence[int]) -> list[int]:
        """Which of these inputs the way back looks at."""
        used = {v for e in self.graph.equations for v in e.inputs} | set(self.graph.outputs)
        return [i for i in places if self.graph.inputs[i] in used]

    def turn(
        self, n_constants: int, n: int, carried: list[int], constants: list[int], rows: list[int],
        contributions: list[int],
    ) -> Graph:  # fmt: skip
        """A turn of the loop that goes back, for a graph (constants, `n` carried values, rows) -> (carried, kept).

        (constants; cotangents of `carried`, sums of those of `constants`; carried values and rows that it uses,
        cotangents of what was kept: `contributions` of them each) -> (the cotangents one turn earlier, the sums;
        cotangents of `rows`).
        """
        wanted = [n_constants + i for i in carried]
        wanted += constants
        wanted += [n_constants + n + r for r in rows]
        graph = self.giving(wanted)
        n_given = len(self.given)
        inputs = graph.inputs[: len(graph.inputs) - n_given]
        looked_at = [inputs[i] for i in self.uses(range(n_constants, len(inputs)))]
        given = graph.inputs[len(inputs) :]
        parts: list[Value] = []
        before: list[Equation] = []
        for value, count in zip(given[len(carried) :], contributions):
            if count == 1:
                parts.append(value)
                continue
            terms = [Value(value.aval) for _ in range(count)]
            parts += terms
            total = terms[0]
            for k, term in enumerate(terms[1:], 2):
                new = value if k == count else Value(value.aval)
                before.append(Equation("add", (total, term), {}, (new,)))
                total = new
        sums = [Value(graph.inputs[i].aval) for i in constants]
        outputs, after = list(graph.outputs), []
        for k, value in enumerate(sums):
            place = len(carried) + k
            new = Value(value.aval)
            after.append(Equation("add", (value, outputs[place]), {}, (new,)))
            outputs[place] = new
        return Graph(
            (*inputs[:n_constants], *given[: len(carried)], *sums, *looked_at, *parts),
            (*before, *graph.equations, *after), tuple(outputs), graph.constants, graph.name,
        )  # fmt: skip
