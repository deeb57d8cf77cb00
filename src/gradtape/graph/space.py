"""The iteration space of a group of equations: which loops it needs, and what each of them visits.

A group is a graph of elementwise equations over one shape, of folds (reductions) of it, and of what is computed from
the folds row by row.  `space_of(graph)` says how it runs as one nest of loops, or None where it cannot:

    dims     sizes of the loops, outermost first, each folded or kept; axes that every operand walks as one are one
    strides  per operand in memory: how far each loop moves it (0: it stays)
    steps    the equations, each with its level (how often it runs) and its stage (after how many folds)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from gradtape.graph.expand import FOLDS, expanded
from gradtape.graph.ir import Equation, Graph, Value

ONES = {"reshape", "expand_dims", "squeeze"}  # no more than axes of length 1 put in or taken out
SAME = {"identity", "stop_gradient", "broadcast_to", "ensure_shape"} | ONES
REAL_SAME = {"conj", "real"}  # of numbers that are real
Axes = tuple[int, ...]  # per dimension of a value: its axis of the space, or -1 for a length of 1


class Level(IntEnum):
    """How often a step runs: once, per row, per element."""

    SCALAR = 0
    ROW = 1
    POINT = 2


@dataclass(frozen=True)
class Dim:
    """One loop.  folded: what it visits is folded into one number."""

    size: int
    folded: bool


@dataclass(frozen=True)
class Step:
    """An equation in its place.  A fold belongs to the stage that it closes."""

    equation: Equation
    level: Level
    stage: int

    @property
    def fold(self) -> str | None:
        return FOLDS.get(self.equation.op)

    @property
    def output(self) -> Value:
        return self.equation.outputs[0]


@dataclass(frozen=True)
class Space:
    """How a group runs.  See the module."""

    graph: Graph
    dims: tuple[Dim, ...]
    strides: dict[Value, tuple[int, ...]]
    steps: tuple[Step, ...]
    levels: dict[Value, Level]
    spans: dict[Value, frozenset[int]]  # the loops that a value varies with
    stages: dict[Value, int]
    reads: tuple[Value, ...]  # operands in memory
    constants: dict[Value, np.ndarray]  # of one number each
    checks: tuple[
        tuple[Value, int], ...
    ]  # labels, and the number of classes that they must be below

    @property
    def inner_folded(self) -> bool:
        return bool(self.dims) and self.dims[-1].folded

    @property
    def last_stage(self) -> int:
        return max((s.stage for s in self.steps if s.level is Level.POINT), default=0)


def is_same(equation: Equation) -> bool:
    """Whether an equation only names its input anew (the indices may differ by axes of length 1)."""
    op = equation.op
    if op in ONES:
        return without_ones(equation.inputs[0].shape) == without_ones(equation.outputs[0].shape)
    return op in SAME or (op in REAL_SAME and equation.inputs[0].dtype.kind != "c")


def without_ones(shape: Sequence[int]) -> tuple[int, ...]:
    return tuple([n for n in shape if n != 1])


def fold_axes(equation: Equation) -> tuple[int, ...]:
    """The axes that a fold takes, those of length 1 among them."""
    rank = len(equation.inputs[0].shape)
    return tuple([a % rank for a in equation.attrs["axis"]])


class _ClashError(Exception):
    """The equations do not walk one space."""


class _Axes:
    """Finds, for each value, which axis of the space each of its dimensions is."""

    def __init__(
        self, root: tuple[int, ...], equations: Sequence[Equation], values: Sequence[Value]
    ):
        self.root, self.equations = root, equations
        self.known: dict[Value, Axes] = {}
        whole = tuple([a if n != 1 else -1 for a, n in enumerate(root)])
        for v in values:
            if not without_ones(v.shape):
                self.known[v] = (-1,) * len(v.shape)
            elif v.shape == root:
                self.known[v] = whole

    def solve(self) -> dict[Value, Axes]:
        before = -1
        while before != len(self.known):
            before = len(self.known)
            for equation in (*self.equations, *reversed(self.equations)):
                self._visit(equation)
        return self.known

    def put(self, value: Value, axes: Axes) -> None:
        if self.known.setdefault(value, axes) != axes:
            raise _ClashError
        for n, a in zip(value.shape, axes):
            if (a < 0) != (n == 1) or (a >= 0 and self.root[a] != n):
                raise _ClashError

    def _visit(self, equation: Equation) -> None:
        if equation.op in FOLDS:
            self._fold(equation)
        elif equation.op in ONES:
            self._ones(equation)
        else:
            self._aligned(equation)

    def _fold(self, equation: Equation) -> None:
        (x,), (y,) = equation.inputs, equation.outputs
        if x not in self.known:
            return
        axes, taken = self.known[x], fold_axes(equation)
        if equation.attrs["keepdims"]:
            self.put(y, tuple([-1 if i in taken else a for i, a in enumerate(axes)]))
        else:
            self.put(y, tuple([a for i, a in enumerate(axes) if i not in taken]))

    def _ones(self, equation: Equation) -> None:
        pair = equation.inputs[0], equation.outputs[0]
        for one, other in (pair, pair[::-1]):
            if one in self.known:
                rest = iter([a for a in self.known[one] if a >= 0])
                self.put(other, tuple([-1 if n == 1 else next(rest) for n in other.shape]))

    def _aligned(self, equation: Equation) -> None:
        y = equation.outputs[0]
        if y not in self.known:
            found = [-1] * len(y.shape)
            for x in equation.inputs:
                for place, a in enumerate(reversed(self.known.get(x, ())), start=1):
                    if a >= 0:
                        if found[-place] not in (-1, a):
                            raise _ClashError
                        found[-place] = a
            if any(n != 1 and a < 0 for n, a in zip(y.shape, found)):
                return
            self.put(y, tuple(found))
        axes = self.known[y]
        for x in equation.inputs:
            tail = axes[len(axes) - len(x.shape) :]
            self.put(x, tuple([-1 if n == 1 else a for n, a in zip(x.shape, tail)]))


def space_of(graph: Graph) -> Space | None:
    """How the group runs as one nest, or None."""
    try:
        return _space(graph)
    except _ClashError:
        return None


def _space(graph: Graph) -> Space:
    equations, constants, checks = expanded(graph)
    root = _root(equations)
    values = list(dict.fromkeys([v for e in equations for v in (*e.inputs, *e.outputs)]))
    for v in (*graph.outputs, *graph.inputs):
        if v not in values:
            values.append(v)
    axes = _Axes(root, equations, values).solve()
    if any(v not in axes for v in values):
        raise _ClashError
    folded = _folded(equations, axes)
    if 0 in root:
        raise _ClashError
    made = {e.outputs[0] for e in equations}
    reads = tuple([v for v in values if v not in made and v not in constants])
    if any(o not in made for o in graph.outputs):
        raise _ClashError
    buffers = [*reads, *dict.fromkeys(graph.outputs)]
    raw = {v: _strides(v, axes[v], len(root)) for v in buffers}
    dims, groups = _collapse(root, folded, [axes[v] for v in values], raw)
    strides = {v: tuple([s[g[-1]] for g in groups]) for v, s in raw.items()}
    spans = {v: frozenset([k for k, g in enumerate(groups) if g[0] in axes[v]]) for v in values}
    levels = {v: _level(s, dims) for v, s in spans.items()}
    steps, stages = _steps(equations, levels, [*reads, *constants])
    return Space(graph, dims, strides, steps, levels, spans, stages, reads, constants, checks)


def _root(equations: Sequence[Equation]) -> tuple[int, ...]:
    """The shape of the space: that of the largest value."""
    best: tuple[int, ...] = ()
    for e in equations:
        shape = e.inputs[0].shape if e.op in FOLDS else e.outputs[0].shape
        if (math.prod(shape), len(shape)) > (math.prod(best), len(best)) or not best:
            best = shape
        if 0 in shape:
            raise _ClashError
    return best


def _folded(equations: Sequence[Equation], axes: dict[Value, Axes]) -> frozenset[int]:
    """The axes that the folds take: the same for all of them."""
    found: frozenset[int] | None = None
    for e in equations:
        if e.op in FOLDS:
            own = axes[e.inputs[0]]
            taken = frozenset([own[a] for a in fold_axes(e)]) - {-1}
            if found not in (None, taken):
                raise _ClashError
            found = taken
    return found or frozenset()


def _strides(value: Value, axes: Axes, rank: int) -> tuple[int, ...]:
    strides, step = [0] * rank, 1
    for n, a in zip(reversed(value.shape), reversed(axes)):
        if a >= 0:
            strides[a] = step
        step *= n
    return tuple(strides)


def _collapse(
    root: tuple[int, ...],
    folded: frozenset[int],
    axes: Sequence[Axes],
    strides: dict[Value, tuple[int, ...]],
) -> tuple[tuple[Dim, ...], list[list[int]]]:
    """Loops, and for each the axes that it joins."""
    spans = [frozenset(a) for a in axes]
    groups: list[list[int]] = []
    for a, n in enumerate(root):
        if n == 1:
            continue
        if groups:
            p = groups[-1][-1]
            if (
                (p in folded) == (a in folded)
                and all((p in s) == (a in s) for s in spans)
                and all(s[p] == s[a] * n for s in strides.values())
            ):
                groups[-1].append(a)
                continue
        groups.append([a])
    dims = tuple([Dim(math.prod(root[a] for a in g), g[0] in folded) for g in groups])
    return dims, groups


def _level(spanned: frozenset[int], dims: tuple[Dim, ...]) -> Level:
    """Per element: what spans a folded loop, or, where none is folded, the innermost."""
    if not spanned:
        return Level.SCALAR
    if any(d.folded for d in dims):
        return Level.POINT if any(dims[k].folded for k in spanned) else Level.ROW
    return Level.POINT if len(dims) - 1 in spanned else Level.ROW


def _steps(
    equations: Sequence[Equation], levels: dict[Value, Level], given: Sequence[Value]
) -> tuple[tuple[Step, ...], dict[Value, int]]:
    stages: dict[Value, int] = dict.fromkeys(given, 0)
    steps = []
    for e in equations:
        stage = max([stages[x] for x in e.inputs], default=0)
        y = e.outputs[0]
        if e.op in FOLDS:
            if levels[e.inputs[0]] is not Level.POINT:
                raise _ClashError
            steps.append(Step(e, Level.POINT, stage))
            stages[y] = stage + 1
        else:
            steps.append(Step(e, levels[y], stage))
            stages[y] = stage
    return tuple(steps), stages
