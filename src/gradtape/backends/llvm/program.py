"""A whole graph as one native function `i32 run(ptr* inputs, ptr* outputs, ptr arena, ptr* table)`.

Small graphs are held in registers (`rows`), all others in planned buffers (`buffers`).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from llvmlite import ir

from gradtape.backends.llvm import buffers, native
from gradtape.backends.llvm.blas import blas
from gradtape.backends.llvm.buffers import Maker, Ways, prepare
from gradtape.backends.llvm.context import Unit
from gradtape.backends.llvm.describe import (
    META,
    constants_from,
    describe,
    equations_of,
    meta_text,
    read_meta,
    with_meta,
)
from gradtape.backends.llvm.engine import Compiled, compile_described, compile_ir, host
from gradtape.backends.llvm.rows.cost import length
from gradtape.backends.llvm.rows.emit import FALSE, Emitter, load_rows, store_rows
from gradtape.base.config import settings
from gradtape.core.card import REGISTRY
from gradtape.graph.ir import Equation, Graph
from gradtape.graph.memory import plan_memory

ROWS_LIMIT = 2500  # vector instructions: longer code takes LLVM longer than it saves
CHECK_PLANS = os.environ.get("GRADTAPE_CHECK_PLANS", "0") != "0"  # set in tests
# Shorter calls keep Python's lock: to get it back may take longer than the call.
HOLD_LOCK_BELOW = 20_000  # instructions in registers
HOLD_LOCK_BYTES, HOLD_LOCK_PRODUCTS = 200_000, 1_000_000  # read and written, multiplications


@dataclass
class Program:
    """The code of a graph, and what it is to be called with.

    slots: names of what stands in the table.  constants: arrays by slot name.
    callbacks: what gives the equations that are done by Python, by slot name.
    arena_bytes: memory that a call needs besides its state (None: it needs none of its own).
    release: whether Python's lock is given away during a call.
    """

    module: ir.Module | None
    mode: str
    release: bool
    slots: dict[str, int] = field(default_factory=native.first_slots)
    constants: dict[str, np.ndarray] = field(default_factory=dict)
    callbacks: dict[str, Callable[[], Equation]] = field(default_factory=dict)
    arena_bytes: int | None = None

    def text(self, graph: Graph) -> str:
        """The code, and beside it what `found` needs."""
        assert self.module is not None
        return with_meta(native.complete(self.module), meta_text(graph, self))

    def slot(self, name: str) -> int:
        return self.slots.setdefault(name, len(self.slots))


def compiled(graph: Graph, donate: Mapping[int, int]) -> tuple[Program, Compiled]:
    """A graph's program and its machine code: found on disk where it was made before, else made."""
    made: list[Program] = []

    def make() -> str:
        made.append(build(graph, donate))
        return made[0].text(graph)

    library = buffers.blas()
    description = describe(
        graph, donate, ROWS_LIMIT, buffers.SMALL, library.bits if library else None
    )
    if description is None:
        code = compile_ir(make())
    else:
        code = compile_described(description, make)
    if made:
        return made[0], code
    return found(graph, donate, code) or build(graph, donate), code


def found(graph: Graph, donate: Mapping[int, int], code: Compiled) -> Program | None:
    """The program of code from disk, without its module; None where nothing is known but the code."""
    meta = read_meta(code.address(META))
    if meta is None:
        return None
    slots = {name: k for k, name in enumerate(meta["slots"])}
    program = Program(None, meta["mode"], meta["release"], slots, arena_bytes=meta["arena"])
    program.constants = constants_from(graph, meta["constants"])
    equations = equations_of(graph) if meta["callbacks"] else []
    built: list[Program] = []

    def equation_of(name: str, number: int | None) -> Callable[[], Equation]:
        """An equation of the graph itself, or one that only the compiler knows: then it is asked, on need."""

        def equation() -> Equation:
            if number is not None:
                return equations[number]
            if not built:
                built.append(build(graph, donate))
            return built[0].callbacks[name]()

        return equation

    program.callbacks = {name: equation_of(name, k) for name, k in meta["callbacks"].items()}
    return program


def build(graph: Graph, donate: Mapping[int, int]) -> Program:
    """The program of a graph."""
    size = length(graph, ROWS_LIMIT)
    if size is None or _has_effect(graph):
        return build_buffers(graph, donate)
    return build_rows(graph, donate, size)


def run_function(module: ir.Module) -> ir.Function:
    kind = ir.FunctionType(native.I32, [native.PTR] * 4)
    function = ir.Function(module, kind, "run")
    function.attributes.add("nounwind")
    for argument in function.args[:2]:
        argument.add_attribute("noalias")
    return function


def build_rows(graph: Graph, donate: Mapping[int, int], size: float) -> Program:
    """The program of a small graph, in registers from end to end."""
    module = new_module(graph)
    program = Program(module, "rows", size > HOLD_LOCK_BELOW or _loops(graph))
    run = run_function(module)
    inputs, outputs, arena, table = run.args
    b = ir.IRBuilder(run.append_basic_block("entry"))

    def poll(b: Any) -> Any:
        return native.poll(b, arena, table)

    def pointer(base: Any, k: int) -> Any:
        return b.load(
            b.gep(base, [native.I64(k)], inbounds=True, source_etype=native.PTR), typ=native.PTR
        )

    emitter = Emitter(b, poll)
    used = _used(graph)
    given = {
        v: load_rows(b, pointer(inputs, k), v) for k, v in enumerate(graph.inputs) if v in used
    }
    found = _emit(emitter, graph, given)
    if emitter.refused is not FALSE:
        refuse, good = run.append_basic_block("refuse"), run.append_basic_block("good")
        b.cbranch(emitter.refused, refuse, good)
        b.position_at_end(refuse)
        b.ret(native.I32(native.REFUSED))
        b.position_at_end(good)
    for k, rows in enumerate(found):
        store_rows(b, pointer(outputs, k), rows)
    b.ret(native.I32(native.DONE))
    return program


def build_buffers(graph: Graph, donate: Mapping[int, int]) -> Program:
    """The program of any graph, over planned buffers."""
    module = new_module(graph)
    program = Program(module, "buffers", not _short(graph))
    graph = prepare(graph)
    ways = Ways()
    plan = plan_memory(graph, donate, ways.writes_over, ways.raises, ways.whole)
    if CHECK_PLANS or settings.debug:
        from gradtape.graph.memory_check import check_plan

        check_plan(graph, plan, donate, ways.writes_over, whole=ways.whole)
    found = blas()
    unit = Unit(
        module, host().vector_bytes, native.I32 if found and found.bits == 32 else native.I64
    )
    unit.symbols = program.slots
    run = run_function(module)
    maker = Maker(run, unit, plan, ways, program.callbacks)
    maker.emit()
    program.constants = maker.constants
    program.arena_bytes = plan.arena_bytes + unit.scratch_bytes
    return program


def new_module(graph: Graph) -> ir.Module:
    module = ir.Module(name="graph")
    module.triple = host().triple
    return module


def _has_effect(graph: Graph) -> bool:
    return any(equation.effect for equation in graph.equations)


def _emit(emitter: Emitter, graph: Graph, given: dict[Any, Any]) -> list[Any]:
    env = dict(given)
    emitter.constants(graph, env)
    for equation in graph.equations:
        emitter.equation(equation, env)
    return [env[v] for v in graph.outputs]


def _used(graph: Graph) -> set[Any]:
    return {v for equation in graph.equations for v in equation.inputs} | set(graph.outputs)


def _short(graph: Graph) -> bool:
    """Whether a graph over buffers takes some ten microseconds at most: no loop, no Python, few numbers."""
    if _loops(graph) or _has_effect(graph):
        return False
    nbytes = products = 0
    for equation in graph.equations:
        nbytes += sum(v.aval.nbytes for v in (*equation.inputs, *equation.outputs))
        if REGISTRY[equation.op].family == "Contraction":
            products += equation.outputs[0].aval.size * max(equation.inputs[0].shape, default=1)
    return nbytes <= HOLD_LOCK_BYTES and products <= HOLD_LOCK_PRODUCTS


def _loops(graph: Graph) -> bool:
    """Whether a graph's time is not known beforehand."""
    return any(
        equation.op == "while"
        or any(
            _loops(held)
            for attr in equation.attrs.values()
            for held in (attr if type(attr) is tuple else (attr,))
            if isinstance(held, Graph)
        )
        for equation in graph.equations
    )
