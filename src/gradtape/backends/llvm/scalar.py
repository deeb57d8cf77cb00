"""What the cards' `scalar` rules are written to: one element, or a vector of them, as straight-line LLVM IR.

    b = ScalarBuilder(irbuilder, np.dtype("float32"), lanes=16)
    y = b.add(b.exp(x), b.const(1))         # x, y: <16 x float>

There are no branches, so that any number of lanes is computed at once, and no flags that let LLVM change a rounding:
products and sums are contracted only where a rule says `fma`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache, cached_property
from typing import Any

import numpy as np

from gradtape.backends.llvm.engine import host
from gradtape.backends.llvm.integers import IntegerMethods
from gradtape.backends.llvm.lines import line
from gradtape.backends.llvm.mathfn.methods import MathMethods
from gradtape.core.card import Op

FLOAT32, FLOAT64, BOOL = np.dtype(np.float32), np.dtype(np.float64), np.dtype(np.bool_)
LOWERED = frozenset(np.dtype(t) for t in "?bhilBHILfd") | {
    np.dtype(f"{k}{n}") for k in "iu" for n in (1, 2, 4, 8)
}


@cache
def llvm_type(dtype: np.dtype[Any], lanes: int = 1) -> Any:
    """The LLVM type of `lanes` elements in registers: bools are bits there."""
    from llvmlite import ir

    if dtype == FLOAT32:
        one: Any = ir.FloatType()
    elif dtype == FLOAT64:
        one = ir.DoubleType()
    elif dtype == BOOL:
        one = ir.IntType(1)
    elif dtype.kind in "iu":
        one = ir.IntType(8 * dtype.itemsize)
    else:
        raise TypeError(f"Machine code knows no {dtype}: use the NumPy kernel. Received: {dtype}")
    return one if lanes == 1 else ir.VectorType(one, lanes)


def spelled(dtype: np.dtype[Any], value: Any) -> str:
    """A number as LLVM's assembler reads it."""
    if dtype.kind == "f":
        return llvm_type(dtype).format_constant(float(dtype.type(value)))
    if dtype == BOOL:
        return "true" if value else "false"
    return str(int(value))


def constant(dtype: np.dtype[Any], lanes: int, value: Any) -> Any:
    """`value`, rounded to the dtype, in every lane."""
    return _constant(dtype, lanes, spelled(dtype, value))  # by its text: 0.0 and -0.0 are equal


@cache
def _constant(dtype: np.dtype[Any], lanes: int, text: str) -> Any:
    from llvmlite import ir

    found = ir.Constant(llvm_type(dtype, lanes), ir.Undefined)
    # Written out here: `llvmlite` would spell every lane.
    reference = text if lanes == 1 else f"splat ({llvm_type(dtype)} {text})"
    found._get_reference = lambda: reference
    return found


def mangled(kind: Any) -> str:
    """A type as the names of intrinsics have it."""
    one = getattr(kind, "element", kind)
    letter = {"float": "f32", "double": "f64"}.get(str(one)) or str(one)
    return letter if one is kind else f"v{kind.count}{letter}"


class ScalarBuilder(MathMethods, IntegerMethods):
    """Emits instructions on values of one dtype: scalars (`lanes` = 1) or vectors of any length."""

    def __init__(self, builder: Any, dtype: Any, lanes: int = 1, narrow: bool = False):
        self.ir = builder
        self.narrow = narrow  # float64 that will be rounded to float32: shorter polynomials do
        self.dtype: np.dtype[Any] = np.dtype(dtype)
        self.lanes = lanes
        self.type = llvm_type(self.dtype, lanes)
        self.spelled = str(self.type)
        self.floating = self.dtype.kind == "f"
        self.signed = self.dtype.kind == "i"

    def of(self, dtype: Any) -> ScalarBuilder:
        """The builder of as many elements of another dtype, at the same place."""
        wanted = np.dtype(dtype)
        return self if wanted == self.dtype else ScalarBuilder(self.ir, wanted, self.lanes)

    @cached_property
    def bits(self) -> ScalarBuilder:
        """The builder for the signed integers of the same width."""
        return self.of(f"i{self.dtype.itemsize}")

    @property
    def has_scale(self) -> bool:
        """Whether x 2^n is one instruction."""
        return host().has_scale

    @cached_property
    def wide(self) -> ScalarBuilder:
        """The builder for float64: where few functions of float32 are worth code of their own."""
        if self.dtype == FLOAT64:
            return self
        return ScalarBuilder(self.ir, FLOAT64, self.lanes, narrow=True)

    def widened(self, x: Any) -> Any:
        return x if self.dtype == FLOAT64 else self._turned("fpext", x, self.wide)

    def narrowed(self, x: Any) -> Any:
        """A value of `wide` back in the builder's dtype."""
        return x if self.dtype == FLOAT64 else self._turned("fptrunc", x, self)

    def call(self, name: str, *xs: Any, kinds: int = 1) -> Any:
        """Call of the intrinsic `name`, overloaded by the types of its first `kinds` arguments."""
        kind = xs[0].type
        full = ".".join([name, *[mangled(x.type) for x in xs[:kinds]]])
        module = self.ir.module
        if full not in module.globals:
            from llvmlite import ir

            ir.Function(module, ir.FunctionType(kind, [x.type for x in xs]), full)
        arguments = ", ".join([f"{x.type} {x.get_reference()}" for x in xs])
        return line(self.ir, kind, f'call {kind} @"{full}"({arguments})')

    def op(self, name: str, x: Any, y: Any) -> Any:
        """The instruction `name` of two operands of one type."""
        kind = x.type
        return line(self.ir, kind, f"{name} {kind} {x.get_reference()}, {y.get_reference()}")

    def _turned(self, name: str, x: Any, to: ScalarBuilder) -> Any:
        text = f"{name} {x.type} {x.get_reference()} to {to.spelled}"
        return line(self.ir, to.type, text)

    # constants and conversions ------------------------------------------------------------------------------------

    def const(self, c: Any) -> Any:
        """The number `c`, rounded to the dtype."""
        return constant(self.dtype, self.lanes, c)

    def cast(self, x: Any, source: Any, target: Any) -> Any:
        """`x` of one dtype in another, as a C++ cast on x86 does it.

        Floats to integers go towards 0; out of range and nan: the lowest int32 or int64, and its low bits in
        narrower ones.
        """
        source, target = np.dtype(source), np.dtype(target)
        if source == target:
            return x
        if target == BOOL:
            b = self.of(source)
            return b.ne(x, b.const(0))
        to = self.of(target)
        if source.kind in "iub":
            if target.kind == "f":
                return self._turned("sitofp" if source.kind == "i" else "uitofp", x, to)
            if source != BOOL and source.itemsize == target.itemsize:
                return x
            if source != BOOL and source.itemsize > target.itemsize:
                return self._turned("trunc", x, to)
            return self._turned("sext" if source.kind == "i" else "zext", x, to)
        if target.kind == "f":
            wider = target.itemsize > source.itemsize
            return self._turned("fpext" if wider else "fptrunc", x, to)
        return self._to_integer(x, source, target)

    def _to_integer(self, x: Any, source: np.dtype[Any], target: np.dtype[Any]) -> Any:
        wide = np.dtype(np.int64 if target.itemsize == 8 or target == np.uint32 else np.int32)
        b, i = self.of(source), self.of(wide)
        edge = float(2 ** (8 * wide.itemsize - 1))
        fits = b.op("and", b.lt(x, b.const(edge)), b.ge(x, b.const(-edge)))
        if target == np.uint64:  # the upper half of the unsigned range, as the compilers do it
            high = b.op("and", b.ge(x, b.const(edge)), b.lt(x, b.const(2 * edge)))
            moved = b.select(high, b.sub(x, b.const(edge)), x)
            fits = b.op("or", fits, high)
            y = self._turned("fptosi", b.select(fits, moved, b.const(0)), i)
            y = i.select(high, i.xor(y, i.const(-(2**63))), y)
        else:
            if wide.itemsize == 4 and source == FLOAT64:
                # numbers between the lowest and one less are truncated to it
                fits = b.op("and", b.lt(x, b.const(edge)), b.gt(x, b.const(-edge - 1)))
            y = self._turned("fptosi", b.select(fits, x, b.const(0)), i)
        y = i.select(fits, y, i.const(-(2 ** (8 * wide.itemsize - 1))))
        if target == np.uint64:
            y = i.select(b.ge(x, b.const(2 * edge)), i.const(0), y)
        return self.cast(y, wide, target)

    def bitcast(self, x: Any, to: ScalarBuilder) -> Any:
        """The same bits as values of the builder `to`."""
        return self._turned("bitcast", x, to)

    def pattern(self, c: float) -> int:
        """The bits of the number `c`, as a signed integer."""
        return int(np.array(c, self.dtype).view(f"i{self.dtype.itemsize}"))

    # arithmetic -----------------------------------------------------------------------------------------------------

    def add(self, x: Any, y: Any) -> Any:
        return self.op("fadd" if self.floating else "add", x, y)

    def sub(self, x: Any, y: Any) -> Any:
        return self.op("fsub" if self.floating else "sub", x, y)

    def mul(self, x: Any, y: Any) -> Any:
        return self.op("fmul" if self.floating else "mul", x, y)

    def div(self, x: Any, y: Any) -> Any:
        """Quotient: of integers, truncated."""
        return self.op("fdiv" if self.floating else "sdiv" if self.signed else "udiv", x, y)

    def neg(self, x: Any) -> Any:
        if not self.floating:
            return self.op("sub", self.const(0), x)
        return line(self.ir, x.type, f"fneg {x.type} {x.get_reference()}")

    def abs(self, x: Any) -> Any:
        if self.floating:
            return self.call("llvm.fabs", x)
        return self.select(self.lt(x, self.const(0)), self.neg(x), x) if self.signed else x

    def fma(self, x: Any, y: Any, z: Any) -> Any:
        """x y + z, rounded once (integers: wrapped)."""
        return self.call("llvm.fma", x, y, z) if self.floating else self.add(self.mul(x, y), z)

    def sqrt(self, x: Any) -> Any:
        return self.call("llvm.sqrt", x)

    def floor(self, x: Any) -> Any:
        return self.call("llvm.floor", x) if self.floating else x

    def ceil(self, x: Any) -> Any:
        return self.call("llvm.ceil", x) if self.floating else x

    def trunc(self, x: Any) -> Any:
        return self.call("llvm.trunc", x) if self.floating else x

    def round(self, x: Any) -> Any:
        """To the nearest whole number, halves to the even one."""
        return self.call("llvm.nearbyint", x) if self.floating else x

    def fmod(self, x: Any, y: Any) -> Any:
        """x - y trunc(x / y), exactly: the C library's function, lane by lane."""
        return self.op("frem", x, y)

    def nextafter(self, x: Any, y: Any) -> Any:
        """The neighbour of x in the direction of y: one up or down in the order of the bits."""
        i, zero = self.bits, self.const(0)
        away = self.op("xor", self.lt(x, y), self.lt(x, zero))  # from zero
        up = self.op("and", self.ne(x, y), away)
        pattern = self.bitcast(x, i)
        step = i.select(up, i.const(1), i.const(-1))
        moved = i.bitcast(i.add(pattern, step), self)
        least = i.bitcast(i.const(1), self)
        moved = self.select(self.eq(x, zero), self.copysign(least, y), moved)
        moved = self.select(self.eq(x, y), y, moved)
        return self.select(self.unordered(x, y), self.add(x, y), moved)

    def copysign(self, x: Any, y: Any) -> Any:
        """The size of x with the sign of y."""
        return self.call("llvm.copysign", x, y)

    def max(self, x: Any, y: Any) -> Any:
        """The larger; nan where either is."""
        larger = self.select(self.gt(x, y), x, y)  # y where they are equal or y is nan
        return self.select(self.isnan(x), x, larger) if self.floating else larger

    def min(self, x: Any, y: Any) -> Any:
        """The smaller; nan where either is."""
        smaller = self.select(self.lt(x, y), x, y)
        return self.select(self.isnan(x), x, smaller) if self.floating else smaller

    def sign(self, x: Any) -> Any:
        """-1, 0 or 1; nan for nan."""
        zero, one = self.const(0), self.const(1)
        if not self.floating:
            positive = self.select(self.ne(x, zero), one, zero)
            return (
                self.select(self.lt(x, zero), self.const(-1), positive) if self.signed else positive
            )
        whole = self.copysign(one, x)
        return self.select(self._bits_of("fcmp ueq", x, zero), self.add(x, zero), whole)

    # comparisons: bits ------------------------------------------------------------------------------------------------

    def _bits_of(self, name: str, x: Any, y: Any) -> Any:
        kind = llvm_type(BOOL, self.lanes)
        return line(self.ir, kind, f"{name} {x.type} {x.get_reference()}, {y.get_reference()}")

    def _compare(self, how: str, x: Any, y: Any) -> Any:
        if self.floating:
            name = "fcmp une" if how == "ne" else f"fcmp o{how}"
        elif how in ("eq", "ne"):
            name = f"icmp {how}"
        else:
            name = f"icmp {'s' if self.signed else 'u'}{how}"
        return self._bits_of(name, x, y)

    def lt(self, x: Any, y: Any) -> Any:
        return self._compare("lt", x, y)

    def le(self, x: Any, y: Any) -> Any:
        return self._compare("le", x, y)

    def gt(self, x: Any, y: Any) -> Any:
        return self._compare("gt", x, y)

    def ge(self, x: Any, y: Any) -> Any:
        return self._compare("ge", x, y)

    def eq(self, x: Any, y: Any) -> Any:
        return self._compare("eq", x, y)

    def ne(self, x: Any, y: Any) -> Any:
        return self._compare("ne", x, y)

    def unordered(self, x: Any, y: Any) -> Any:
        """Whether either is nan."""
        return self._bits_of("fcmp uno", x, y)

    def isnan(self, x: Any) -> Any:
        return self.unordered(x, x)

    def isinf(self, x: Any) -> Any:
        return self.eq(self.abs(x), self.const(np.inf))

    def isfinite(self, x: Any) -> Any:
        return self.lt(self.abs(x), self.const(np.inf))

    def select(self, condition: Any, x: Any, y: Any) -> Any:
        """x where the condition holds, else y."""
        kind, which = x.type, f"{condition.type} {condition.get_reference()}"
        text = f"select {which}, {kind} {x.get_reference()}, {kind} {y.get_reference()}"
        return line(self.ir, kind, text)


def scalar_rule(
    card: type[Op], dtypes: Sequence[np.dtype[Any]], attrs: Mapping[str, Any]
) -> Callable[..., Any] | None:
    """How one equation of an elementwise card becomes instructions, or None where it has to be its NumPy kernel.

    dtypes: of the inputs.  The result is `emit(irbuilder, lanes, *values) -> value`; bools go in and come out as bits.
    """
    rule = card.scalar
    if rule is None or any(dtype not in LOWERED for dtype in dtypes):
        return None
    dtype = dtypes[-1] if card.name == "where" else dtypes[0]
    if dtype.kind not in card.lowers:
        return None
    if card.name == "cast" and attrs["dtype"] not in LOWERED:
        return None

    def emit(builder: Any, lanes: int, *xs: Any) -> Any:
        return rule(ScalarBuilder(builder, dtype, lanes), *xs, **attrs)

    return emit
