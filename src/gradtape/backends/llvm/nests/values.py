"""The values of a nest while its code is emitted: one number, or a vector of neighbours, computed when first wanted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from llvmlite import ir

from gradtape.backends.llvm.context import I32, I64, Context
from gradtape.backends.llvm.nests.memory import address, constant_vector, load, splat, store
from gradtape.backends.llvm.scalar import constant, llvm_type, scalar_rule
from gradtape.core.card import REGISTRY
from gradtape.graph.expand import IOTA
from gradtape.graph.ir import Equation, Value
from gradtape.graph.space import Space, Step, is_same


def rule_of(equation: Equation) -> Any:
    """How one step becomes instructions, `emit(builder, lanes, *xs)`; None where it does not."""
    if equation.op == IOTA or is_same(equation):
        return lambda builder, lanes, *xs: xs[0]
    if equation.op in ("zeros_like", "ones_like"):
        number, dtype = float(equation.op == "ones_like"), equation.outputs[0].dtype
        return lambda builder, lanes, *xs: constant(dtype, lanes, number)
    card = REGISTRY[equation.op]
    return scalar_rule(card, [x.dtype for x in equation.inputs], equation.attrs)


class Values:
    """What has been computed, at one place of the code.

    Scalars (`one`) are cached by scope: what is computed inside a loop is forgotten behind it.  Vectors (`many`) are of
    one place of the innermost loop: `at(j, mask)` says which.
    """

    def __init__(self, ctx: Context, space: Space, bases: dict[Value, ir.Value], lanes: int):
        self.ctx, self.b, self.space, self.lanes = ctx, ctx.b, space, lanes
        self.bases = bases
        self.scopes: list[dict[Value, ir.Value]] = [{}]
        self.splats: list[dict[Value, ir.Value]] = [{}]
        self.vectors: dict[Value, ir.Value] = {}
        self.kept: dict[Value, ir.Value] = {}  # value -> where an earlier pass put it
        self.kept_places: dict[Value, ir.Value] = {}  # value -> where a pass will put it
        self.steps: dict[Value, Step] = {s.output: s for s in space.steps}
        self.j: ir.Value = ctx.index(0)
        self.mask: ir.Value | None = None
        self.inner = len(space.dims) - 1
        self.entered: set[int] = set()

    # scopes

    @contextmanager
    def scope(self) -> Iterator[None]:
        """What is computed inside is forgotten behind it."""
        self.scopes.append({})
        self.splats.append({})
        yield
        self.scopes.pop()
        self.splats.pop()

    @contextmanager
    def inside(self, loop: int, index: ir.Value) -> Iterator[None]:
        """The body of a loop at turn `index`: the operands have moved."""
        before = self.bases
        self.bases = dict(before)
        for v, strides in self.space.strides.items():
            if strides[loop]:
                self.bases[v] = address(self.ctx, before[v], index, v.dtype, strides[loop])
        self.entered.add(loop)
        with self.scope():
            yield
        self.entered.discard(loop)
        self.bases = before

    def put(self, v: Value, x: ir.Value) -> None:
        self.scopes[-1][v] = x

    # numbers

    def one(self, v: Value) -> ir.Value:
        """A value that does not vary with the innermost loop, as one number."""
        for scope in reversed(self.scopes):
            if v in scope:
                return scope[v]
        if v in self.space.constants:
            return constant(v.dtype, 1, self.space.constants[v].item())
        step = self.steps.get(v)
        if step is None:
            x = load(self.ctx, v.dtype, self.bases[v])
        else:
            x = self._compute(step, 1, [self.one(x) for x in step.equation.inputs])
        self.put(v, x)
        return x

    def spread(self, v: Value) -> ir.Value:
        """The same in every lane."""
        if v in self.space.constants:
            return constant(v.dtype, self.lanes, self.space.constants[v].item())
        for cache in reversed(self.splats):
            if v in cache:
                return cache[v]
        x = splat(self.b, self.one(v), self.lanes)
        self.splats[-1][v] = x
        return x

    def prepare(self, steps: Iterable[Step], more: Iterable[Value] = ()) -> None:
        """What the steps of a loop need from outside of it, computed before it."""
        for v in (*(x for s in steps for x in s.equation.inputs), *more):
            if self.space.spans[v] <= self.entered:
                self.spread(v)

    def prepare_once(self) -> None:
        """What varies with no loop, computed before all of them."""
        for v, spans in self.space.spans.items():
            if not spans and self.space.stages[v] == 0 and v not in self.space.constants:
                self.one(v)

    # vectors

    def at(
        self, j: ir.Value, mask: ir.Value | None, known: dict[Value, ir.Value] | None = None
    ) -> None:
        """A place of the innermost loop, and what is known there already."""
        self.j, self.mask, self.vectors = j, mask, {} if known is None else known

    def many(self, v: Value) -> ir.Value:
        """A value as a vector of neighbours in the innermost loop."""
        if self.inner not in self.space.spans[v]:
            return self.spread(v)
        found = self.vectors.get(v)
        if found is not None:
            return found
        if v in self.kept:
            place = address(self.ctx, self.kept[v], self.j, v.dtype)
            x = load(self.ctx, v.dtype, place, self.lanes, self.mask)
        elif v in self.steps:
            step = self.steps[v]
            x = self._compute(step, self.lanes, [self.many(x) for x in step.equation.inputs])
        else:
            place = address(self.ctx, self.bases[v], self.j, v.dtype)
            x = load(self.ctx, v.dtype, place, self.lanes, self.mask)
        self.vectors[v] = x
        return x

    def _compute(self, step: Step, lanes: int, xs: list[ir.Value]) -> ir.Value:
        equation = step.equation
        if equation.op == IOTA:
            return self._iota(equation.outputs[0].dtype, lanes)
        rule = rule_of(equation)
        assert rule is not None, equation.op
        return rule(self.b, lanes, *xs)

    def _iota(self, dtype: np.dtype[Any], lanes: int) -> ir.Value:
        kind = llvm_type(dtype)
        j = self.b.trunc(self.j, kind) if dtype.itemsize < 8 else self.j
        if lanes == 1:
            return j
        return self.b.add(splat(self.b, j, lanes), constant_vector(kind, range(lanes)))

    # stores

    def save(self, v: Value) -> None:
        """A vector to its place among the outputs."""
        place = address(self.ctx, self.bases[v], self.j, v.dtype)
        store(self.ctx, v.dtype, self.many(v), place, self.lanes, self.mask)

    def keep(self, v: Value, buffer: ir.Value) -> None:
        """A vector to where the next pass finds it."""
        store(
            self.ctx,
            v.dtype,
            self.many(v),
            address(self.ctx, buffer, self.j, v.dtype),
            self.lanes,
            self.mask,
        )

    def save_one(self, v: Value) -> None:
        """A number to its place among the outputs."""
        store(self.ctx, v.dtype, self.one(v), self.bases[v])


__all__ = ["I32", "I64", "Values", "rule_of"]
