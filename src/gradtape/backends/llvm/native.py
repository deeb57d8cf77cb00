"""Doors between Python and machine code: the table, the state of a call, and the functions that know Python's C API.

Every function of a compiled graph gets a pointer to the *table*: addresses of functions outside, constants and Python
objects, by slots; nothing is baked into the code, which can so be kept on disk.  At the head of the memory that a call
gets (`arena`) lies its *state*: the interpreter's thread state while the lock is released, the stop flag, an
exception on its way out.

The *door* is a built-in function, made of the code through `PyCFunction_NewEx`: it takes NumPy arrays, checks their
types, reads the addresses of their data, and calls `run`.
"""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import ml_dtypes
import numpy as np
from llvmlite import ir

from gradtape.graph.ir import Aval

I1, I8, I32, I64 = (ir.IntType(n) for n in (1, 8, 32, 64))
PTR, VOID = ir.PointerType(), ir.VoidType()
NULL = ir.Constant(PTR, None)

STATE_BYTES = 128
THREAD, STOP, ERROR, LAST, CLOCK = 0, 8, 16, 40, 48  # offsets into the state; ERROR: three pointers
INTERVAL = 50_000_000  # nanoseconds between two visits to Python
CLOCK_ID = 6  # Linux: CLOCK_MONOTONIC_COARSE; macOS: CLOCK_MONOTONIC

# What `run` and the door answer.
DONE, RAISED, REFUSED, BUSY, MISFIT = range(5)

# The fields of an array object, as NumPy's C headers have them.
ARRAY_TYPE, ARRAY_DATA, ARRAY_RANK, ARRAY_SHAPE, ARRAY_DTYPE, ARRAY_FLAGS = 8, 16, 24, 32, 56, 64
CONTIGUOUS, ALIGNED, WRITEABLE = 0x1, 0x100, 0x400

# The fields of a door's frame.
FRAME_BUSY, FRAME_TABLE, FRAME_ARENA = 0, 8, 16
FASTCALL = 0x80

API = ("PyEval_SaveThread", "PyEval_RestoreThread", "PyErr_CheckSignals", "PyErr_Fetch", "PyErr_Restore",
       "PyLong_FromVoidPtr", "PyLong_FromLong", "PyObject_CallOneArg", "Py_IncRef", "Py_DecRef")  # fmt: skip


def layout_known() -> bool:
    """Whether arrays of this NumPy and Python lie in memory as said above."""
    probe = np.zeros((3, 2), np.float32)
    if time.get_clock_info("monotonic").resolution <= 0 or np.ndarray.__basicsize__ < 72:
        return False

    def word(offset: int) -> int | None:
        return ctypes.c_void_p.from_address(id(probe) + offset).value

    shape = word(ARRAY_SHAPE)
    return (
        word(ARRAY_TYPE) == id(np.ndarray)
        and word(ARRAY_DATA) == probe.ctypes.data
        and word(ARRAY_DTYPE) == id(probe.dtype)
        and ctypes.c_int.from_address(id(probe) + ARRAY_RANK).value == 2
        and shape is not None
        and list((ctypes.c_ssize_t * 2).from_address(shape)) == [3, 2]
        and ctypes.c_int.from_address(id(probe) + ARRAY_FLAGS).value & 0x501 == 0x501
    )


def api_address(name: str) -> int:
    """The address of a function of Python's C API, or of the C library."""
    if name == "clock_gettime":
        library: Any = ctypes.CDLL(None)
    else:
        library = ctypes.pythonapi
    return ctypes.cast(getattr(library, name), ctypes.c_void_p).value or 0


class Emit:
    """Short forms for code on addresses."""

    def __init__(self, b: ir.IRBuilder, slot: Callable[[str], int], table: Any):
        self.b, self.slot, self.table = b, slot, table

    def at(self, base: Any, offset: int) -> Any:
        return self.b.gep(base, [I64(offset)], inbounds=True, source_etype=I8)

    def load(self, base: Any, offset: int, kind: ir.Type = PTR) -> Any:
        return self.b.load(self.at(base, offset), typ=kind)

    def store(self, value: Any, base: Any, offset: int) -> None:
        self.b.store(value, self.at(base, offset))

    def entry(self, name: str) -> Any:
        """What stands in the table under a name."""
        return self.load(self.table, 8 * self.slot(name))

    def call(self, name: str, result: ir.Type, *arguments: Any) -> Any:
        return call_pointer(self.b, self.entry(name), result, arguments)

    def given(self, pointer: Any) -> Any:
        return self.b.icmp_unsigned("!=", self.b.ptrtoint(pointer, I64), I64(0))


def on_stack(b: ir.IRBuilder, nbytes: int) -> Any:
    """Bytes that last until the function returns."""
    place: Any = b.alloca(ir.ArrayType(I8, max(nbytes, 8)))
    place.align, place.type = 64, PTR
    return place


def call_pointer(b: ir.IRBuilder, address: Any, result: ir.Type, arguments: Sequence[Any]) -> Any:
    """A call through an address."""
    callee = _Callee(address, ir.FunctionType(result, [a.type for a in arguments]))
    call = ir.CallInstr(b.block, callee, list(arguments))
    b._insert(call)
    return call


class _Callee:
    """An address with a function's type: llvmlite calls only what has one."""

    def __init__(self, address: Any, kind: ir.FunctionType):
        self.type, self.function_type, self._address = address.type, kind, address

    def get_reference(self) -> str:
        return self._address.get_reference()


def _function(module: ir.Module, name: str, result: ir.Type, *arguments: ir.Type) -> ir.Function:
    function = ir.Function(module, ir.FunctionType(result, arguments), name)
    function.linkage = "internal"
    function.attributes.add("noinline")
    function.attributes.add("nounwind")
    return function


def poll_function(module: ir.Module, slot: Callable[[str], int]) -> ir.Function:
    """i1 poll(state, table): whether loops are to end.  Every 50 ms Python gets its turn: signals, other threads."""
    found = module.globals.get("gradtape_poll")
    if found is not None:
        return found
    function = _function(module, "gradtape_poll", I1, PTR, PTR)
    state, table = function.args
    b = ir.IRBuilder(function.append_basic_block("entry"))
    e = Emit(b, slot, table)
    blocks = [function.append_basic_block(n) for n in ("go", "due", "take", "look", "stop", "back")]
    go, due, take, look, stop, back = blocks
    leave = function.append_basic_block("leave")
    stopped = b.icmp_signed("!=", e.load(state, STOP, I64), I64(0))
    b.cbranch(stopped, leave, go)
    b.position_at_end(go)
    clock = e.at(state, CLOCK)
    e.call("clock_gettime", I32, I32(CLOCK_ID), clock)
    now = b.add(b.mul(e.load(clock, 0, I64), I64(10**9)), e.load(clock, 8, I64))
    last = e.load(state, LAST, I64)
    first = b.icmp_signed("==", last, I64(0))
    late = b.icmp_signed(">", b.sub(now, last), I64(INTERVAL))
    e.store(b.select(b.or_(first, late), now, last), state, LAST)
    b.cbranch(b.and_(late, b.not_(first)), due, leave)
    b.position_at_end(due)
    thread = e.load(state, THREAD)
    released = e.given(thread)
    b.cbranch(released, look, take)
    b.position_at_end(take)  # the lock is held: give it away for a moment
    own = e.call("PyEval_SaveThread", PTR)
    b.branch(look)
    b.position_at_end(look)
    holder = b.phi(PTR)
    holder.add_incoming(thread, due)
    holder.add_incoming(own, take)
    e.call("PyEval_RestoreThread", VOID, holder)
    bad = b.icmp_signed("!=", e.call("PyErr_CheckSignals", I32), I32(0))
    b.cbranch(bad, stop, back)
    b.position_at_end(stop)
    _keep_error(e, state)
    b.branch(back)
    b.position_at_end(back)
    again = function.append_basic_block("again")
    b.cbranch(released, again, leave)
    b.position_at_end(again)
    e.store(e.call("PyEval_SaveThread", PTR), state, THREAD)
    b.branch(leave)
    b.position_at_end(leave)
    b.ret(b.icmp_signed("!=", e.load(state, STOP, I64), I64(0)))
    return function


def _keep_error(e: Emit, state: Any) -> None:
    """Python's exception goes into the state, and loops are to end."""
    e.call("PyErr_Fetch", VOID, *[e.at(state, ERROR + 8 * k) for k in range(3)])
    e.store(I64(1), state, STOP)


def python_function(module: ir.Module, slot: Callable[[str], int]) -> ir.Function:
    """i1 python(state, table, callable, pointers): callable(address of the pointers); whether it raised."""
    found = module.globals.get("gradtape_python")
    if found is not None:
        return found
    function = _function(module, "gradtape_python", I1, PTR, PTR, PTR, PTR)
    state, table, target, pointers = function.args
    b = ir.IRBuilder(function.append_basic_block("entry"))
    e = Emit(b, slot, table)
    take, ask, failed, fine, back, again, leave = [
        function.append_basic_block(n)
        for n in ("take", "ask", "failed", "fine", "back", "again", "leave")
    ]
    thread = e.load(state, THREAD)
    released = e.given(thread)
    b.cbranch(released, take, ask)
    b.position_at_end(take)
    e.call("PyEval_RestoreThread", VOID, thread)
    b.branch(ask)
    b.position_at_end(ask)
    number = e.call("PyLong_FromVoidPtr", PTR, pointers)
    result = e.call("PyObject_CallOneArg", PTR, target, number)
    e.call("Py_DecRef", VOID, number)
    b.cbranch(e.given(result), fine, failed)
    b.position_at_end(failed)
    _keep_error(e, state)
    b.branch(back)
    b.position_at_end(fine)
    e.call("Py_DecRef", VOID, result)
    b.branch(back)
    b.position_at_end(back)
    bad = b.phi(I1)
    bad.add_incoming(I1(1), failed)
    bad.add_incoming(I1(0), fine)
    b.cbranch(released, again, leave)
    b.position_at_end(again)
    e.store(e.call("PyEval_SaveThread", PTR), state, THREAD)
    b.branch(leave)
    b.position_at_end(leave)
    b.ret(bad)
    return function


def door_function(
    module: ir.Module,
    run: ir.Function,
    slot: Callable[[str], int],
    inputs: Sequence[Aval],
    outputs: Sequence[Aval],
    donate: Mapping[int, int],
    arena: bool,
    release: bool,
) -> ir.Function:
    """PyObject* door(frame array, arrays, n): the arrays are the inputs, then those of the undonated outputs."""
    function = ir.Function(module, ir.FunctionType(PTR, [PTR, PTR, I64]), "door")
    function.attributes.add("nounwind")
    frame_array, arrays, count = function.args
    b = ir.IRBuilder(function.append_basic_block("entry"))
    ins = on_stack(b, 8 * len(inputs))
    outs = on_stack(b, 8 * len(outputs))
    own = None if arena else on_stack(b, STATE_BYTES)
    frame = b.load(b.gep(frame_array, [I64(ARRAY_DATA)], source_etype=I8), typ=PTR)
    e = Emit(b, slot, None)
    e.table = e.load(frame, FRAME_TABLE)
    misfit, busy = function.append_basic_block("misfit"), function.append_basic_block("busy")

    def require(condition: Any, otherwise: ir.Block = misfit) -> None:
        good = function.append_basic_block("good")
        b.cbranch(condition, good, otherwise)
        b.position_at_end(good)

    fresh = [o for o in range(len(outputs)) if o not in set(donate.values())]
    require(b.icmp_signed("==", count, I64(len(inputs) + len(fresh))))
    kind = e.entry("python:ndarray")
    for k, aval in enumerate([*inputs, *[outputs[o] for o in fresh]]):
        array = e.load(arrays, 8 * k)
        good = b.icmp_unsigned("==", e.load(array, ARRAY_TYPE), kind)
        require(good)
        flags = CONTIGUOUS | ALIGNED
        if k >= len(inputs) or k in donate:
            flags |= WRITEABLE
        good = b.icmp_unsigned(
            "==", b.and_(e.load(array, ARRAY_FLAGS, I32), I32(flags)), I32(flags)
        )
        rank = b.icmp_unsigned("==", e.load(array, ARRAY_RANK, I32), I32(len(aval.shape)))
        dtype = e.entry(f"dtype:{aval.dtype.name}")
        good = b.and_(b.and_(good, rank), b.icmp_unsigned("==", e.load(array, ARRAY_DTYPE), dtype))
        require(good)
        if aval.shape:
            shape = e.load(array, ARRAY_SHAPE)
            good = I1(1)
            for axis, n in enumerate(aval.shape):
                same = b.icmp_signed("==", e.load(shape, 8 * axis, I64), I64(n))
                good = same if axis == 0 else b.and_(good, same)
            require(good)
        data = e.load(array, ARRAY_DATA)
        if k < len(inputs):
            e.store(data, ins, 8 * k)
            if k in donate:
                e.store(data, outs, 8 * donate[k])
        else:
            e.store(data, outs, 8 * fresh[k - len(inputs)])
    if own is None:
        require(b.icmp_signed("==", e.load(frame, FRAME_BUSY, I64), I64(0)), busy)
        e.store(I64(1), frame, FRAME_BUSY)
        state = e.load(frame, FRAME_ARENA)
    else:
        state = own
    for offset in (THREAD, STOP, ERROR, LAST):
        e.store(I64(0), state, offset)
    if release:
        e.store(e.call("PyEval_SaveThread", PTR), state, THREAD)
    answer = b.call(run, [ins, outs, state, e.table])
    if release:
        e.call("PyEval_RestoreThread", VOID, e.load(state, THREAD))
    if own is None:
        e.store(I64(0), frame, FRAME_BUSY)
    raised, fine, unfinished, finished = [
        function.append_basic_block(n) for n in ("raised", "fine", "unfinished", "finished")
    ]
    b.cbranch(e.given(e.load(state, ERROR)), raised, fine)
    b.position_at_end(raised)
    e.call("PyErr_Restore", VOID, *[e.load(state, ERROR + 8 * k) for k in range(3)])
    b.ret(NULL)
    b.position_at_end(fine)
    b.cbranch(b.icmp_signed("==", answer, I32(DONE)), finished, unfinished)
    b.position_at_end(finished)
    none = e.entry("python:None")
    e.call("Py_IncRef", VOID, none)
    b.ret(none)
    b.position_at_end(unfinished)
    b.ret(e.call("PyLong_FromLong", PTR, b.sext(answer, I64)))
    for block, code in ((misfit, MISFIT), (busy, BUSY)):
        b.position_at_end(block)
        b.ret(e.call("PyLong_FromLong", PTR, I64(code)))
    return function


class _MethodDef(ctypes.Structure):
    _fields_ = [
        ("name", ctypes.c_char_p),
        ("function", ctypes.c_void_p),
        ("flags", ctypes.c_int),
        ("doc", ctypes.c_char_p),
    ]


_new_function = ctypes.PYFUNCTYPE(
    ctypes.py_object, ctypes.c_void_p, ctypes.py_object, ctypes.c_void_p
)(("PyCFunction_NewEx", ctypes.pythonapi))


def make_door(address: int, frame: np.ndarray, keep: list[Any]) -> Callable[..., Any]:
    """The built-in function whose code lies at `address`.  `keep` gets what must live as long as it."""
    method = _MethodDef(b"door", address, FASTCALL, None)
    keep.append(method)
    return _new_function(ctypes.addressof(method), frame, None)


def dtype_named(name: str) -> np.dtype[Any]:
    """A dtype by its own name; those of `ml_dtypes` too."""
    return np.dtype(ml_dtypes.bfloat16) if name == "bfloat16" else np.dtype(name)


def object_address(name: str) -> int:
    """The address of a Python object that machine code names."""
    kind, _, rest = name.partition(":")
    if kind == "dtype":
        return id(dtype_named(rest))
    return id({"ndarray": np.ndarray, "None": None}[rest])
