"""Graphs made ready for code: what stays fixed becomes constants, compound equations are taken apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gradtape.backends.js.cards import reason_of
from gradtape.backends.js.families.control import graph_of
from gradtape.backends.js.numbers import known
from gradtape.base.quiet import quiet
from gradtape.graph.expand import expanded
from gradtape.graph.ir import Equation, Graph, Value, holding, run_equation
from gradtape.graph.passes.decompose import decompose


@dataclass(frozen=True, eq=False)
class Fixed:
    """An equation whose results stay as they are, and why."""

    equation: Equation
    reason: str


def unsupported(graph: Graph) -> list[tuple[Equation, str]]:
    """The equations of a graph whose results JavaScript does not compute, each with the reason."""
    found = []
    for e in graph.equations:
        reason = reason_of(e)
        if reason is not None:
            found.append((e, reason))
    return found


def fixed_at(graph: Graph, at: Sequence[np.ndarray] | None) -> tuple[Graph, tuple[Fixed, ...]]:
    """The graph with constants for what is not computed, and what that is."""
    found = tuple([Fixed(e, reason) for e, reason in unsupported(graph)])
    bad = {id(fixed.equation) for fixed in found}
    passed = {v for v in graph.outputs if v in graph.inputs and not known(v.dtype)}
    needed = passed.union(*[fixed.equation.outputs for fixed in found])
    if needed and (at is None or len(at) != len(graph.inputs)):
        texts = {f"{fixed.equation.op} ({fixed.reason})" for fixed in found}
        texts.update([f"an output of {v.dtype}" for v in passed])
        given = "at=None" if at is None else f"{len(at)} arrays"
        raise ValueError(
            "Expected arrays of the inputs, at which what JavaScript does not compute gets its values. Received: "
            f"{given}, for a graph with {', '.join(sorted(texts))}. Give emit(graph, at=arrays)."
        )
    values = _values(graph, at or (), needed)
    kept = {v: Value(v.aval) for v in passed}
    constants = {**graph.constants, **{kept.get(v, v): array for v, array in values.items()}}
    rest = tuple([e for e in graph.equations if id(e) not in bad])
    outputs = tuple([kept.get(v, v) for v in graph.outputs])
    return Graph(graph.inputs, rest, outputs, constants, graph.name), found


def _values(graph: Graph, at: Sequence[np.ndarray], wanted: set[Value]) -> dict[Value, np.ndarray]:
    """The numbers of some values, by the kernels of what they depend on."""
    needed, equations = set(wanted), []
    for e in reversed(graph.equations):
        if needed.intersection(e.outputs):
            equations.append(e)
            needed.update(e.inputs)
    env = dict(zip(graph.inputs, [np.asarray(a) for a in at]))
    env.update(graph.constants)
    with quiet():
        for e in reversed(equations):
            run_equation(e, env)
    return {v: env[v] for v in wanted}


def simple(graph: Graph) -> Graph:
    """A graph, and those that it holds, of equations that have code; labels out of range are looked for first."""
    work = decompose(graph)
    equations, constants, checks = expanded(work)
    looked = [Equation("in_range", (labels,), {"n": n}, ()) for labels, n in checks]
    found: list[Equation] = []
    for e in equations:
        if e.op in ("call", "watched"):
            e = Equation("fused", e.inputs, {"graph": graph_of(e)}, e.outputs, e.site)
        found.append(e if e.op == "custom_rule" else holding(e, simple))
    made = {v for e in found for v in e.outputs}
    first = [c for c in looked if c.inputs[0] not in made]
    late = {c.inputs[0]: c for c in looked if c.inputs[0] in made}
    ordered: list[Equation] = list(first)
    for e in found:
        ordered.append(e)
        ordered += [late[v] for v in e.outputs if v in late]
    used = {v for e in ordered for v in e.inputs} | set(work.outputs)
    kept = {v: array for v, array in constants.items() if v in used}
    return Graph(work.inputs, tuple(ordered), work.outputs, kept, work.name)
