"""Executables of machine code."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np

from gradtape.backends.llvm import native
from gradtape.backends.llvm.blas import blas
from gradtape.backends.llvm.callbacks import Callback
from gradtape.backends.llvm.context import PARALLEL
from gradtape.backends.llvm.engine import Compiled
from gradtape.backends.llvm.program import Program, compiled
from gradtape.backends.llvm.threads import parallel_address
from gradtape.backends.protocol import check_donations, undonated
from gradtape.graph.ir import Aval, Graph, graphs_in

ALIGNMENT = 64


def aligned(nbytes: int) -> np.ndarray:
    """Bytes that begin at a cache line."""
    raw = np.empty(nbytes + ALIGNMENT, np.uint8)
    start = -raw.ctypes.data % ALIGNMENT
    return raw[start : start + nbytes]


def new_buffer(aval: Aval) -> np.ndarray:
    """An array in C order whose memory begins at a cache line and belongs to nobody else."""
    return aligned(aval.nbytes).view(aval.dtype).reshape(aval.shape)


def compile_graph(graph: Graph, donate: Mapping[int, int] | None = None) -> NativeExecutable:
    """Machine code of a graph.  donate: input -> output that takes over its buffer.

    Raises NotImplementedError where arrays cannot be read from machine code: strings, other interpreters.
    """
    if not readable():
        raise NotImplementedError(
            "This interpreter's arrays are not laid out as machine code expects."
        )
    if holds_objects(graph):
        raise NotImplementedError("Strings are left to NumPy.")
    donate = dict(donate or {})
    check_donations(graph, donate)
    return NativeExecutable(graph, donate, *compiled(graph, donate))


@cache
def readable() -> bool:
    """Whether machine code can read this interpreter's arrays."""
    return sys.implementation.name == "cpython" and os.name == "posix" and native.layout_known()


def holds_objects(graph: Graph) -> bool:
    """Whether strings occur: arrays of objects, which only Python may copy."""
    values = [*graph.inputs, *graph.constants, *graph.outputs]
    for equation in graph.equations:
        values += equation.outputs
        if any(holds_objects(held) for held in graphs_in(equation.attrs)):
            return True
    return any(v.dtype.hasobject for v in values)


class NativeExecutable:
    """A graph as machine code.  See `backends.protocol.Executable` for who owns which array.

    door: the built-in function itself, `door(*inputs, *fresh)`: arrays of exactly the graph's types in C order, `fresh`
    for the undonated outputs.  None when all is done; else a number, and nothing has been written.
    call(*inputs): a Python function around it.
    """

    def __init__(self, graph: Graph, donate: dict[int, int], program: Program, code: Compiled):
        self.graph, self.donate, self.mode = graph, donate, program.mode
        self._arena_bytes, self._release = program.arena_bytes, program.release
        self._compiled = code
        self.from_disk = self._compiled.from_disk
        self._keep: list[Any] = [self._compiled]  # lives as long as any door
        self._table = self._filled_table(program)
        self._idle: list[Callable[..., Any]] = []
        self._lock = threading.Lock()
        self._undonated = undonated(graph, donate)
        self.door = self._new_door()
        self.call = self._make_call()

    new_buffer = staticmethod(new_buffer)

    def _filled_table(self, program: Program) -> np.ndarray:
        table = np.zeros(max(len(program.slots), 1), np.uint64)
        for name, slot in program.slots.items():
            if name in program.constants:
                table[slot] = self._kept(
                    np.require(program.constants[name], None, ["C", "A"])
                ).ctypes.data
            elif name in program.callbacks:
                table[slot] = id(self._kept(Callback(program.callbacks[name])))
            elif name.startswith("cblas_"):
                table[slot] = self._blas(name)
            elif name == PARALLEL:
                table[slot] = parallel_address()
            else:
                table[slot] = native.api_address(name)
        return table

    def _kept(self, thing: Any) -> Any:
        self._keep.append(thing)
        return thing

    @staticmethod
    def _blas(name: str) -> int:
        found = blas()
        if found is None:
            raise RuntimeError(f"There is no BLAS here. Received: {name}")
        return found.address(name)

    def _new_door(self) -> Callable[..., Any]:
        """A door with memory of its own: one for each call in flight."""
        words, dtypes = native.described(self.graph.avals_in, self.graph.avals_out, self.donate)
        given = {
            "table": self._table.ctypes.data,
            "inputs": len(self.graph.inputs),
            "arrays": len(self.graph.inputs) + len(self._undonated),
            "outputs": len(self.graph.outputs),
            "release": int(self._release),
            "words": words.ctypes.data,
        }
        if self._arena_bytes is not None:
            arena = self._kept(aligned(native.STATE_BYTES + self._arena_bytes))
            given["arena"] = arena.ctypes.data
        frame = np.array([given.get(name, 0) for name in native.FRAME], np.uint64)
        self._keep += [words, dtypes]
        return native.make_door(self._compiled.address("door"), frame, self._keep)

    def _make_call(self) -> Callable[..., tuple[np.ndarray, ...]]:
        """def call(i0, i1, ...): the shortest way, written for this graph."""
        names = [f"i{k}" for k in range(len(self.graph.inputs))]
        fresh = [f"o{k}" for k in self._undonated]
        lines = [f"def call({', '.join(names)}):"]
        scope: dict[str, Any] = {"empty": np.empty, "door": self.door, "again": self._again}
        for k, name in zip(self._undonated, fresh):
            aval = self.graph.outputs[k].aval
            scope[f"s{k}"], scope[f"t{k}"] = aval.shape, aval.dtype
            lines.append(f"    {name} = empty(s{k}, t{k})")
        lines += [
            f"    code = door({', '.join([*names, *fresh])})",
            "    if code is not None:",
            f"        again(code, ({''.join(n + ', ' for n in names)}), ({''.join(n + ', ' for n in fresh)}))",
            f"    return ({''.join(n + ', ' for n in fresh)})",
        ]
        exec("\n".join(lines), scope)
        return scope["call"]

    def _again(
        self, code: int, arrays: tuple[np.ndarray, ...], fresh: tuple[np.ndarray, ...]
    ) -> None:
        """What the first try could not do: another door, arrays of another layout, or the kernels' error."""
        if code == native.MISFIT:
            arrays = tuple([self._fitting(k, a) for k, a in enumerate(arrays)])
        if code != native.REFUSED:
            with self._lock:
                door = self._idle.pop() if self._idle else None
            door = door or self._new_door()
            try:
                answer = door(*arrays, *fresh)
            finally:
                with self._lock:
                    self._idle.append(door)
            if answer is None:
                return
            if answer != native.REFUSED:
                raise RuntimeError(f"Compiled code could not be called. Received: answer {answer}")
        found = self.graph.run(*arrays)  # raises the user's error; if not, its values are as good
        for o, array in zip(self._undonated, fresh):
            array[...] = found[o]
        for i, o in self.donate.items():
            arrays[i][...] = found[o]

    def _fitting(self, k: int, array: np.ndarray) -> np.ndarray:
        """An input as the code takes it."""
        aval = self.graph.inputs[k].aval
        if array.shape != aval.shape or array.dtype != aval.dtype:
            raise TypeError(
                f"Expected {aval} for input {k}. Received: {array.dtype.name}{list(array.shape)}"
            )
        if k in self.donate:
            if type(array) is np.ndarray and array.flags.carray:
                return array
            raise ValueError(
                f"Input {k} is donated: it must be a writeable array in C order, such as `new_buffer` makes. "
                f"Received: {array.flags}"
            )
        fitting = np.require(np.asarray(array), aval.dtype, ["C", "A"])
        # The same numbers under another of NumPy's names for their type.
        return fitting if fitting.dtype is aval.dtype else fitting.view(aval.dtype)

    def run(self, *arrays: np.ndarray) -> tuple[np.ndarray, ...]:
        """All outputs; no input is written."""
        if len(arrays) != len(self.graph.inputs):
            raise TypeError(f"Expected {len(self.graph.inputs)} arrays. Received: {len(arrays)}")
        given = list(arrays)
        for i in self.donate:
            given[i] = new_buffer(self.graph.inputs[i].aval)
            given[i][...] = arrays[i]
        outputs: list[Any] = [None] * len(self.graph.outputs)
        for o, array in zip(self._undonated, self.call(*given)):
            outputs[o] = array
        for i, o in self.donate.items():
            outputs[o] = given[i]
        return tuple(outputs)
