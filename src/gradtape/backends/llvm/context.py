"""Where the code of one equation goes: the builder, the buffers, loops, threads, functions outside.

A lowering is a function `lower(ctx, equation)`.  It finds its operands' buffers through `ctx.pointer(value)` (C order,
bools as bytes), emits at `ctx.b`, and leaves `ctx.b` at the end of what it emitted.

Large loops are cut into parts, each the call of a function of its own, so that threads can share them.  How a loop is
cut depends on its size alone, never on how many threads there are: results are the same, bit for bit, from run to run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from llvmlite import ir

from gradtape.graph.ir import Equation, Value

I1, I8, I32, I64 = (ir.IntType(n) for n in (1, 8, 32, 64))
F64 = ir.DoubleType()
PTR = ir.PointerType()
VOID = ir.VoidType()

PARALLEL_FROM = 30_000.0  # nanoseconds of work below which a loop is not cut
PART = 15_000.0  # nanoseconds of work that a part has at least
MOST_PARTS = 8
CACHE_LINE = 64
# void gradtape_parallel(ptr function, ptr operands, ptr bounds, i64 parts), which calls for all parts, in any order,
# void function(ptr operands, i64 begin, i64 end, i64 part)
PARALLEL = "gradtape_parallel"


@dataclass
class Unit:
    """What all functions of one compiled module share.

    symbols: functions outside, by name, with their places in the table that the code is called with.
    scratch_bytes: how much scratch the hungriest equation asked for.
    blas_int: the integer type of the BLAS at hand.
    """

    module: ir.Module
    vector_bytes: int = 64
    blas_int: ir.Type = I64
    symbols: dict[str, int] = field(default_factory=dict)
    scratch_bytes: int = 0
    helpers: dict[Any, Any] = field(default_factory=dict)

    def slot(self, name: str) -> int:
        return self.symbols.setdefault(name, len(self.symbols))


class Context:
    """The place in a function where the code of equations is emitted.

    table: pointer to the addresses of functions outside.  arena: pointer to scratch memory (None: nothing may ask).
    pointers: value -> pointer to its buffer.
    """

    def __init__(
        self,
        unit: Unit,
        b: ir.IRBuilder,
        pointers: Callable[[Value], ir.Value],
        table: ir.Value,
        arena: ir.Value | None = None,
        arena_offset: int = 0,
    ):
        self.unit, self.b, self.module = unit, b, unit.module
        self._pointers, self._table = pointers, table
        self._arena, self._base, self._top = arena, arena_offset, 0
        self.called = False
        self.most = 0  # bytes of scratch asked for at a time

    # -- memory and functions outside

    def pointer(self, value: Value) -> ir.Value:
        """The buffer of a value of the graph."""
        return self._pointers(value)

    def within(self, function: ir.Function) -> Context:
        """The place at the start of a function that several equations may call: it has no scratch and no table."""
        b = ir.IRBuilder(function.append_basic_block("entry"))
        return Context(self.unit, b, self._pointers, self._table)

    def begin(self) -> None:
        """A new equation: the scratch of the last one is free again."""
        self._top = 0

    def scratch(self, nbytes: int) -> ir.Value:
        """Memory that lasts until the end of the equation, aligned to a cache line."""
        if self._arena is None:
            raise RuntimeError("Scratch memory is asked for where there is none.")
        offset = self._top
        self._top += -(-nbytes // CACHE_LINE) * CACHE_LINE
        self.most = max(self.most, self._top)
        self.unit.scratch_bytes = max(self.unit.scratch_bytes, self._base_top())
        return self.at(self._arena, self.index(self._base + offset), I8)

    def _base_top(self) -> int:
        """What the whole unit needs: a function that others call counts where it is called."""
        return 0 if self.called else self.most

    def shared(self, key: Any, pointers: Sequence[ir.Value], emit: Callable[..., None]) -> None:
        """emit(ctx, pointers) as a function of its own, which everything with the same key calls."""
        found = self.unit.helpers.get(key)
        if found is None:
            kind = ir.FunctionType(VOID, [PTR] * (len(pointers) + 2))
            name = self.module.get_unique_name(str(key[0]))
            function = ir.Function(self.module, kind, name)
            function.linkage = "internal"
            for attribute in ("nounwind", "noinline"):
                function.attributes.add(attribute)
            *given, table, arena = function.args
            b = ir.IRBuilder(function.append_basic_block("entry"))
            inner = Context(self.unit, b, self._pointers, table, arena)
            inner.called = True
            emit(inner, given)
            inner.b.ret_void()
            found = self.unit.helpers[key] = (function, inner.most)
        function, nbytes = found
        memory = self.scratch(nbytes) if nbytes else self._table
        self.b.call(function, [*pointers, self._table, memory])

    def symbol(self, name: str) -> ir.Value:
        """The address of a function outside, from the table."""
        cell = self.at(self._table, self.index(self.unit.slot(name)), PTR)
        return self.b.load(cell, typ=PTR)

    def call(self, name: str, result: ir.Type, arguments: Sequence[ir.Value]) -> ir.Value:
        """A call of a function outside."""
        kind = ir.FunctionType(result, [a.type for a in arguments])
        return call_pointer(self.b, self.symbol(name), kind, arguments)

    def fallback_if(self, condition: ir.Value, equation: Equation) -> None:
        """Where the condition holds, the equation is left to its NumPy kernel, which raises the user's error."""
        raise NotImplementedError

    # -- numbers

    def lanes(self, dtype: np.dtype[Any]) -> int:
        """How many numbers fit into one register."""
        return max(self.unit.vector_bytes // dtype.itemsize, 1)

    def index(self, n: int | ir.Value) -> ir.Value:
        return ir.Constant(I64, n) if isinstance(n, int) else n

    def at(self, pointer: ir.Value, index: ir.Value, kind: ir.Type) -> ir.Value:
        """The address of element `index`."""
        return self.b.gep(pointer, [index], inbounds=True, source_etype=kind)

    # -- loops

    def loop_over(
        self,
        start: int | ir.Value,
        stop: int | ir.Value,
        step: int,
        carried: Sequence[ir.Value],
        body: Callable[..., Sequence[ir.Value]],
    ) -> list[ir.Value]:
        """for i in range(start, stop, step): carried = body(i, *carried).  The values carried, at the end.

        Known bounds spare the test before the first turn, and a single turn the loop.
        """
        known = isinstance(start, int) and isinstance(stop, int)
        if known and start >= stop:
            return list(carried)
        if known and start + step >= stop:
            return list(body(self.index(start), *carried))
        first, last = self.index(start), self.index(stop)
        before = self.b.block
        head, done = self._blocks("loop", "done")
        if known:
            self.b.branch(head)
        else:
            self.b.cbranch(self.b.icmp_signed("<", first, last), head, done)
        self.b.position_at_end(head)
        i = self.b.phi(I64, "i")
        phis = [self.b.phi(c.type) for c in carried]
        results = list(body(i, *phis))
        after = self.b.block
        following = self.b.add(i, ir.Constant(I64, step), flags=["nsw", "nuw"])
        again = self.b.icmp_signed("<", following, last)
        self.b.cbranch(again, head, done)
        i.add_incoming(first, before)
        i.add_incoming(following, after)
        for phi, initial, result in zip(phis, carried, results):
            phi.add_incoming(initial, before)
            phi.add_incoming(result, after)
        self.b.position_at_end(done)
        if known:
            return results
        ends = []
        for initial, result in zip(carried, results):
            end = self.b.phi(initial.type)
            end.add_incoming(initial, before)
            end.add_incoming(result, after)
            ends.append(end)
        return ends

    @contextmanager
    def loop(
        self, n: int | ir.Value, start: int | ir.Value = 0, step: int = 1
    ) -> Iterator[ir.Value]:
        """for i in range(start, n, step), without values carried."""
        first, last = self.index(start), self.index(n)
        before = self.b.block
        head, done = self._blocks("loop", "done")
        if isinstance(start, int) and isinstance(n, int) and start < n:
            self.b.branch(head)
        else:
            self.b.cbranch(self.b.icmp_signed("<", first, last), head, done)
        self.b.position_at_end(head)
        i = self.b.phi(I64, "i")
        yield i
        after = self.b.block
        following = self.b.add(i, ir.Constant(I64, step), flags=["nsw", "nuw"])
        self.b.cbranch(self.b.icmp_signed("<", following, last), head, done)
        i.add_incoming(first, before)
        i.add_incoming(following, after)
        self.b.position_at_end(done)

    def _blocks(self, *names: str) -> list[ir.Block]:
        return [self.b.function.append_basic_block(name) for name in names]

    # -- threads

    def parts(self, n: int, cost: float, align: int = 1) -> list[int]:
        """The bounds of the parts into which n turns of `cost` nanoseconds each are cut: [0, ..., n]."""
        work = n * cost
        count = 1 if work < PARALLEL_FROM else max(1, min(MOST_PARTS, int(work / PART), n // align))
        cuts = [n * p // count // align * align for p in range(1, count)]
        return [0, *cuts, n]

    def parallel(
        self,
        n: int,
        cost: float,
        pointers: Sequence[ir.Value],
        body: Callable[..., None],
        align: int = 1,
        name: str = "part",
    ) -> int:
        """body(ctx, pointers, begin, end, part) over parts of range(n); `cost`: nanoseconds of one turn.

        What the body reads and writes goes through `pointers`: it may be emitted into a function of its own.  Bounds
        and part are ints where the loop is not cut.
        Gives the number of parts.  Cuts fall on multiples of `align`.
        """
        bounds = self.parts(n, cost, align)
        count = len(bounds) - 1
        if count == 1:
            body(self, list(pointers), 0, n, 0)
            return 1
        self.parallel_call(self._part(pointers, body, name), bounds, pointers)
        return count

    def parallel_call(
        self, function: ir.Function, bounds: Sequence[int], pointers: Sequence[ir.Value]
    ) -> None:
        """function(operands, begin, end, part) for all parts; operands: the table of symbols, then the pointers."""
        count = len(bounds) - 1
        operands = self._stacked([self._table, *pointers])
        if count == 1:
            self.b.call(function, [operands, *map(self.index, (0, bounds[1], 0))])
            return
        kind = ir.ArrayType(I64, count + 1)
        cuts = ir.GlobalVariable(self.module, kind, self.module.get_unique_name("cuts"))
        cuts.linkage, cuts.global_constant = "internal", True
        cuts.initializer = ir.Constant(kind, bounds)
        given = [opaque(function), operands, opaque(cuts), self.index(count)]
        self.call(PARALLEL, VOID, given)

    def _part(
        self, pointers: Sequence[ir.Value], body: Callable[..., None], name: str
    ) -> ir.Function:
        kind = ir.FunctionType(VOID, [PTR, I64, I64, I64])
        function = ir.Function(self.module, kind, self.module.get_unique_name(name))
        function.linkage = "internal"
        function.attributes.add("nounwind")
        operands, begin, end, part = function.args
        b = ir.IRBuilder(function.append_basic_block("entry"))
        loaded = []
        for k in range(len(pointers) + 1):
            cell = b.gep(operands, [ir.Constant(I64, k)], inbounds=True, source_etype=PTR)
            loaded.append(b.load(cell, typ=PTR))
        inner = Context(self.unit, b, self._pointers, loaded[0])
        body(inner, loaded[1:], begin, end, part)
        inner.b.ret_void()
        return function

    def _stacked(self, pointers: Sequence[ir.Value]) -> ir.Value:
        """The pointers in an array in scratch memory."""
        place = self.scratch(8 * len(pointers))
        for k, pointer in enumerate(pointers):
            self.b.store(pointer, self.at(place, self.index(k), PTR))
        return place


def opaque(named: ir.Function | ir.GlobalVariable) -> ir.Value:
    """The address of something with a name, as a pointer without a type."""
    return ir.FormattedConstant(PTR, named.get_reference())


def call_pointer(
    b: ir.IRBuilder, address: ir.Value, kind: ir.FunctionType, arguments: Sequence[ir.Value]
) -> ir.Value:
    """A call through an address."""
    call = ir.CallInstr(b.block, _Callee(address, kind), list(arguments))
    b._insert(call)
    return call


class _Callee:
    """An address with a function's type: llvmlite calls only what has one."""

    def __init__(self, address: ir.Value, kind: ir.FunctionType):
        self.type = address.type
        self.function_type = kind
        self._address = address

    def get_reference(self) -> str:
        return self._address.get_reference()
