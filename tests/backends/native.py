"""One equation, or one group, as native code over arrays: what the tests of lowerings run."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
from llvmlite import ir

from gradtape.backends.llvm import engine
from gradtape.backends.llvm.context import (
    I32,
    I64,
    PARALLEL,
    PTR,
    VOID,
    Context,
    Unit,
    call_pointer,
)
from gradtape.graph.ir import Aval, Equation, Graph, Value, aval_of

CALLBACK = ctypes.CFUNCTYPE(
    None, ctypes.c_void_p, ctypes.c_void_p, ctypes.POINTER(ctypes.c_int64), ctypes.c_int64
)
PART = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64, ctypes.c_int64)


class TestContext(Context):
    """Falls back by returning 1."""

    __test__ = False

    def fallback_if(self, condition: ir.Value, equation: Equation) -> None:
        bad, fine = self._blocks("bad", "fine")
        self.b.cbranch(condition, bad, fine)
        self.b.position_at_end(bad)
        self.b.ret(ir.Constant(I32, 1))
        self.b.position_at_end(fine)


@CALLBACK
def serial(function: int, operands: int, cuts: Any, count: int) -> None:
    for k in range(count):
        PART(function)(operands, cuts[k], cuts[k + 1], k)


class Native:
    """run(*arrays) -> arrays, by the code of `lower(ctx, equation)`."""

    def __init__(self, equation: Equation, lower: Any, threads: Any = None, vector_bytes: int = 0):
        self.equation = equation
        module = ir.Module()
        module.triple = engine.host().triple
        self.unit = Unit(module, vector_bytes or engine.host().vector_bytes)
        function = ir.Function(module, ir.FunctionType(I32, [PTR, PTR, PTR]), "run")
        buffers, table, arena = function.args
        b = ir.IRBuilder(function.append_basic_block("entry"))
        known: dict[Value, ir.Value] = {}
        for k, v in enumerate((*equation.inputs, *equation.outputs)):
            cell = b.gep(buffers, [ir.Constant(I64, k)], source_etype=PTR)
            known.setdefault(v, b.load(cell, typ=PTR))
        ctx = TestContext(self.unit, b, known.__getitem__, table, arena)
        lower(ctx, equation)
        ctx.b.ret(ir.Constant(I32, 0))
        self.text = str(module)
        self.compiled = engine.compile_ir(self.text)
        self.run_native = ctypes.CFUNCTYPE(ctypes.c_int, *[ctypes.c_void_p] * 3)(
            self.compiled.address("run")
        )
        addresses = [self._address(name, threads) for name in self.unit.symbols]
        self.table = (ctypes.c_void_p * max(len(addresses), 1))(*addresses)
        self.arena = np.empty(self.unit.scratch_bytes + 64, np.uint8)
        self.failed = False

    def _address(self, name: str, threads: Any) -> int:
        if name == PARALLEL:
            return threads or ctypes.cast(serial, ctypes.c_void_p).value or 0
        return blas_address(name)

    def bind(self, arrays: Any, outputs: Any) -> Any:
        """A function of no arguments that runs on these buffers."""
        pointers = (ctypes.c_void_p * (len(arrays) + len(outputs)))(
            *[a.ctypes.data for a in (*arrays, *outputs)]
        )
        arena = -(-self.arena.ctypes.data // 64) * 64
        return lambda: self.run_native(pointers, self.table, arena)

    def __call__(self, *arrays: np.ndarray, out: Any = None) -> list[np.ndarray]:
        arrays = [
            np.require(np.ascontiguousarray(a).reshape(np.shape(a)), requirements="CA")
            for a in arrays
        ]
        outputs = (
            [np.full(v.shape, 77).astype(v.dtype) for v in self.equation.outputs]
            if out is None
            else out
        )
        self.failed = self.bind(arrays, outputs)() != 0
        return outputs


def blas_address(name: str) -> int:
    import glob
    import os

    folder = os.path.join(os.path.dirname(os.path.dirname(np.__file__)), "numpy.libs")
    (path,) = glob.glob(os.path.join(folder, "libscipy_openblas64_*"))
    library = ctypes.CDLL(path)
    return ctypes.cast(getattr(library, f"scipy_{name}64_"), ctypes.c_void_p).value or 0


def equation_of(op: str, arrays: Any, **attrs: Any) -> Equation:
    """An equation on inputs like these arrays."""
    from gradtape.core.card import REGISTRY

    card = REGISTRY[op]
    found = card.kernel(*arrays, **attrs)
    outputs = [np.asarray(y) for y in (found if card.multi else (found,))]
    return Equation(
        op,
        tuple(Value(aval_of(np.asarray(a))) for a in arrays),
        attrs,
        tuple(Value(aval_of(y)) for y in outputs),
    )


def graph_of(equation: Equation) -> Graph:
    return Graph(equation.inputs, (equation,), equation.outputs)


__all__ = [
    "CALLBACK",
    "PART",
    "TestContext",
    "Value",
    "Equation",
    "Graph",
    "aval_of",
    "ctypes",
    "np",
    "Aval",
    "Native",
    "equation_of",
    "graph_of",
    "serial",
    "VOID",
    "call_pointer",
]
