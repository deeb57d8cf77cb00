"""Vectors of numbers to and from memory: whole, masked, one number in every lane.  Bools are bytes there, bits here."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from llvmlite import ir

from gradtape.backends.llvm.context import I8, I32, I64, PTR, VOID, Context
from gradtape.backends.llvm.scalar import llvm_type

BOOL = np.dtype(np.bool_)


def stored_type(dtype: np.dtype[Any], lanes: int = 1) -> ir.Type:
    """The type in memory."""
    if dtype != BOOL:
        return llvm_type(dtype, lanes)
    return I8 if lanes == 1 else ir.VectorType(I8, lanes)


class Known(ir.Constant):
    """A vector of constants whose text is put together once."""

    def __init__(self, kind: ir.Type, numbers: list[Any], text: str):
        super().__init__(kind, numbers)
        self.text = text

    def _to_string(self) -> str:
        return f"{self.type} {self.text}"

    def get_reference(self) -> str:
        return self.text


@cache
def nothing(kind: ir.Type, lanes: int) -> ir.Value:
    """A vector of anything."""
    return Known(ir.VectorType(kind, lanes), [ir.Constant(kind, 0)] * lanes, "poison")


@cache
def zeros(kind: ir.Type) -> ir.Value:
    none = [ir.Constant(kind.element, 0)] * kind.count
    return Known(kind, none, "zeroinitializer")


def splat(b: ir.IRBuilder, x: ir.Value, lanes: int) -> ir.Value:
    """The number x in every lane."""
    if lanes == 1:
        return x
    none = nothing(x.type, lanes)
    one = b.insert_element(none, x, ir.Constant(I32, 0))
    return b.shuffle_vector(one, none, zeros(ir.VectorType(I32, lanes)))


def constant_vector(kind: ir.Type, numbers: Any) -> ir.Value:
    """Integers, one per lane."""
    return _integers(kind, tuple(numbers))


@cache
def _integers(kind: ir.Type, numbers: tuple[int, ...]) -> ir.Value:
    text = ", ".join([f"{kind} {n}" for n in numbers])
    constants = [ir.Constant(kind, n) for n in numbers]
    return Known(ir.VectorType(kind, len(numbers)), constants, f"<{text}>")


def mask_below(b: ir.IRBuilder, j: ir.Value, end: ir.Value, lanes: int) -> ir.Value:
    """Bits: whether lane k is one of those before `end`, from place j on."""
    left = b.trunc(b.sub(end, j), I32)
    return b.icmp_signed(">", splat(b, left, lanes), constant_vector(I32, range(lanes)))


def intrinsic(
    module: ir.Module, name: str, result: ir.Type, arguments: list[ir.Type]
) -> ir.Function:
    """A declaration, made once."""
    found = module.globals.get(name)
    return (
        found
        if found is not None
        else ir.Function(module, ir.FunctionType(result, arguments), name)
    )


def element_name(kind: ir.Type) -> str:
    return {"float": "f32", "double": "f64"}.get(str(kind)) or str(kind)


def load(
    ctx: Context,
    dtype: np.dtype[Any],
    place: ir.Value,
    lanes: int = 1,
    mask: ir.Value | None = None,
) -> ir.Value:
    """`lanes` numbers from `place` on; those under a false bit are not touched, and 0."""
    b, kind = ctx.b, stored_type(dtype, lanes)
    if mask is None:
        x = b.load(place, typ=kind, align=dtype.itemsize)
    else:
        name = f"llvm.masked.load.v{lanes}{element_name(stored_type(dtype))}.p0"
        function = intrinsic(ctx.module, name, kind, [PTR, I32, mask.type, kind])
        x = b.call(function, [place, ir.Constant(I32, dtype.itemsize), mask, zeros(kind)])
    if dtype != BOOL:
        return x
    return b.icmp_unsigned("!=", x, zeros(kind) if lanes > 1 else ir.Constant(kind, 0))


def store(
    ctx: Context,
    dtype: np.dtype[Any],
    x: ir.Value,
    place: ir.Value,
    lanes: int = 1,
    mask: ir.Value | None = None,
) -> None:
    """`lanes` numbers to `place` and on; nothing where the mask is false."""
    b, kind = ctx.b, stored_type(dtype, lanes)
    if dtype == BOOL:
        x = b.zext(x, kind)
    if mask is None:
        b.store(x, place, align=dtype.itemsize)
        return
    name = f"llvm.masked.store.v{lanes}{element_name(stored_type(dtype))}.p0"
    function = intrinsic(ctx.module, name, VOID, [kind, PTR, I32, mask.type])
    b.call(function, [x, place, ir.Constant(I32, dtype.itemsize), mask])


def address(
    ctx: Context, base: ir.Value, index: ir.Value, dtype: np.dtype[Any], stride: int = 1
) -> ir.Value:
    """The place of element `index` times `stride`."""
    if stride != 1:
        index = ctx.b.mul(index, ir.Constant(I64, stride), flags=["nsw"])
    return ctx.at(base, index, stored_type(dtype))


def halves(b: ir.IRBuilder, x: ir.Value) -> tuple[ir.Value, ir.Value]:
    """The lower and the upper lanes of a vector."""
    n = x.type.count // 2
    none = nothing(x.type.element, x.type.count)
    low = b.shuffle_vector(x, none, constant_vector(I32, range(n)))
    return low, b.shuffle_vector(x, none, constant_vector(I32, range(n, 2 * n)))


def first_lane(b: ir.IRBuilder, x: ir.Value) -> ir.Value:
    return b.extract_element(x, ir.Constant(I32, 0))


def across(b: ir.IRBuilder, x: ir.Value, combine: Any) -> ir.Value:
    """All lanes of a vector combined into one number, in a fixed order: a tree."""
    while isinstance(x.type, ir.VectorType) and x.type.count > 1:
        low, high = halves(b, x)
        if x.type.count == 2:
            return combine(first_lane(b, x), b.extract_element(x, ir.Constant(I32, 1)))
        x = combine(low, high)
    return x
