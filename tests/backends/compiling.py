"""Loops around scalar rules, as tests need them: compiled for a number of lanes, run on arrays."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradtape.backends.llvm import engine
from gradtape.backends.llvm.scalar import ScalarBuilder, llvm_type

BYTE = np.dtype(np.int8)


def looped(
    emit: Callable[..., Any], inputs: Sequence[Any], output: Any, lanes: int
) -> Callable[..., np.ndarray]:
    """`emit(irbuilder, lanes, *values)` on arrays of one size, `lanes` elements at a time (the last block padded)."""
    from llvmlite import ir

    kinds, result = [np.dtype(d) for d in inputs], np.dtype(output)
    pointer, index = ir.PointerType(), ir.IntType(64)
    module = ir.Module()
    signature = ir.FunctionType(ir.VoidType(), [pointer] * (1 + len(kinds)) + [index])
    function = ir.Function(module, signature, "kernel")
    entry, body, done = (function.append_basic_block(n) for n in ("entry", "body", "done"))
    ir.IRBuilder(entry).branch(body)
    b = ir.IRBuilder(body)
    i = b.phi(index)
    i.add_incoming(ir.Constant(index, 0), entry)

    def place(p: Any, dtype: Any) -> Any:
        return b.gep(p, [i], source_etype=llvm_type(in_memory(dtype)))

    values = []
    for p, dtype in zip(function.args[1:], kinds):
        x = b.load(place(p, dtype), typ=llvm_type(in_memory(dtype), lanes), align=1)
        if dtype.kind == "b":
            x = ScalarBuilder(b, BYTE, lanes).cast(x, BYTE, dtype)
        values.append(x)
    y = emit(b, lanes, *values)
    if result.kind == "b":
        y = b.zext(y, llvm_type(BYTE, lanes))
    b.store(y, place(function.args[0], result), align=1)
    following = b.add(i, ir.Constant(index, lanes))
    i.add_incoming(following, body)
    b.cbranch(b.icmp_signed("<", following, function.args[-1]), body, done)
    ir.IRBuilder(done).ret_void()
    code = engine.compile_ir(module)
    call = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * (1 + len(kinds)), ctypes.c_int64)(
        code.address("kernel")
    )

    def run(*arrays: np.ndarray) -> np.ndarray:
        size = arrays[0].size
        whole = -(-size // lanes) * lanes
        padded = [
            np.resize(np.ascontiguousarray(x, d).reshape(-1), whole) for x, d in zip(arrays, kinds)
        ]
        out = np.empty(whole, result)
        if size:
            call(out.ctypes.data, *[x.ctypes.data for x in padded], whole)
        return out[:size].reshape(arrays[0].shape)

    run.code = code  # pyright: ignore[reportFunctionMemberAccess]: it lives as long as the function
    return run


def in_memory(dtype: np.dtype[Any]) -> np.dtype[Any]:
    return BYTE if dtype.kind == "b" else dtype


def ulps(found: np.ndarray, exact: np.ndarray) -> np.ndarray:
    """|found - exact| in units of the last place; inf where nan, infinity or the sign of a zero differ."""
    dtype = found.dtype
    with np.errstate(all="ignore"):
        rounded = exact.astype(dtype)
        finite = np.isfinite(rounded) & np.isfinite(found)
        gap = np.spacing(np.abs(np.where(finite, rounded, 1))).astype(exact.dtype)
        off = np.abs(found.astype(exact.dtype) - np.where(finite, exact, 0)) / gap
        largest = np.finfo(dtype).max
        # on the edge of the range one may be inf and the other the largest number
        near = (np.isinf(found) & (np.abs(rounded) == largest)) | (
            np.isinf(rounded) & (np.abs(found) == largest)
        )
    same = (found == rounded) | (np.isnan(found) & np.isnan(rounded)) | near
    off = np.where(finite, off, np.where(same, 0.0, np.inf))
    turned = (np.signbit(found) != np.signbit(rounded)) & ~np.isnan(rounded)
    return np.where(turned, np.inf, off).astype(np.float64)
