"""What the cards' `scalar` rules are written to: one element, as JavaScript.

    b = JsBuilder(writer, np.dtype("float32"))
    y = b.add(b.exp(x), b.const(1))         # x: an expression; y: the name of a local constant

Each operation is a statement of its own.  Results of float32 are rounded by `f`, which is `Math.fround`; functions
that JavaScript has are its own, computed in float64.  Values of bool are booleans.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape.backends.js.numbers import BOOL, FLOAT32, spelled

NARROW = {
    "int8": "{} << 24 >> 24", "int16": "{} << 16 >> 16", "int32": "{} | 0", "uint8": "{} & 255",
    "uint16": "{} & 65535", "uint32": "{} >>> 0",
}  # fmt: skip


class JsBuilder:
    """Emits statements on values of one dtype.  `writer` has `put(expression) -> name` and `helper(name) -> name`."""

    def __init__(self, writer: Any, dtype: Any):
        self.writer = writer
        self.dtype: np.dtype[Any] = np.dtype(dtype)
        self.floating = self.dtype.kind == "f"
        self.signed = self.dtype.kind == "i"
        self.long = self.dtype.kind in "iu" and self.dtype.itemsize == 8

    def of(self, dtype: Any) -> JsBuilder:
        """The builder of another dtype, at the same place."""
        wanted = np.dtype(dtype)
        return self if wanted == self.dtype else JsBuilder(self.writer, wanted)

    def put(self, text: str) -> str:
        """The value of an expression, under a name."""
        return self.writer.put(text)

    def rounded(self, text: str) -> str:
        """An expression of Numbers, rounded (or wrapped) to the dtype."""
        if self.dtype == FLOAT32:
            return self.put(f"f({text})")
        if self.dtype.name in NARROW:
            return self.put(NARROW[self.dtype.name].format(f"({text})"))
        return self.put(text)

    def helped(self, name: str, *xs: str) -> str:
        """A call of a function of the runtime, rounded."""
        return self.rounded(f"{self.writer.helper(name)}({', '.join(xs)})")

    def _long(self, name: str, *xs: str) -> str:
        """A call of a function on 64-bit integers, which is told whether they are signed."""
        signed = "true" if self.signed else "false"
        return self.put(f"{self.writer.helper(name)}({', '.join((*xs, signed))})")

    # constants and conversions ------------------------------------------------------------------------------------

    def const(self, c: Any) -> str:
        """The number `c`, rounded to the dtype."""
        text = spelled(self.dtype, c)
        return f"({text})" if text.startswith("-") else text

    def cast(self, x: str, source: Any, target: Any) -> str:
        """`x` of one dtype in another, as a C++ cast on x86 does it."""
        source, target = np.dtype(source), np.dtype(target)
        if source == target:
            return x
        to = self.of(target)
        if target == BOOL:
            return self.put(f"{x} !== 0")
        if source == BOOL:
            return self.put(f"{x} ? 1 : 0")
        if target.kind == "f":
            return self.put(f"f({x})") if target == FLOAT32 else x
        if source.kind == "f":
            return to._from_float(x)
        if to.long:
            same = source.kind == target.kind or (source.kind == "u" and source.itemsize < 8)
            return x if same else to._long("whole64", x)
        return to.rounded(x)

    def _from_float(self, x: str) -> str:
        """Towards 0; out of range and nan: the lowest int32 or int64, and its low bits in narrower ones."""
        if self.dtype.name in ("int64", "uint64", "uint32"):
            return self.put(f"{self.writer.helper('to_' + self.dtype.name)}({x})")
        y = self.put(f"{self.writer.helper('to_int32')}({x})")
        return y if self.dtype == np.int32 else self.rounded(y)

    # arithmetic -----------------------------------------------------------------------------------------------------

    def add(self, x: str, y: str) -> str:
        return self._long("add64", x, y) if self.long else self.rounded(f"{x} + {y}")

    def sub(self, x: str, y: str) -> str:
        return self._long("sub64", x, y) if self.long else self.rounded(f"{x} - {y}")

    def mul(self, x: str, y: str) -> str:
        if self.long:
            return self._long("mul64", x, y)
        if self.dtype.itemsize == 4 and not self.floating:
            return self.rounded(f"Math.imul({x}, {y})")
        return self.rounded(f"{x} * {y}")

    def div(self, x: str, y: str) -> str:
        """Quotient: of integers, truncated."""
        if self.floating:
            return self.rounded(f"{x} / {y}")
        return self._long("div64", x, y) if self.long else self.rounded(f"Math.trunc({x} / {y})")

    def neg(self, x: str) -> str:
        return self.put(f"-{x}") if self.floating else self.sub("0", x)

    def abs(self, x: str) -> str:
        return self.put(f"Math.abs({x})") if self.floating else self.rounded(f"Math.abs({x})")

    def fma(self, x: str, y: str, z: str) -> str:
        """x y + z: of float32 rounded once (the product is exact in float64), of float64 twice."""
        if self.floating:
            return self.rounded(f"{x} * {y} + {z}")
        return self.add(self.mul(x, y), z)

    # functions --------------------------------------------------------------------------------------------------------

    def _of_math(self, name: str, x: str) -> str:
        return self.rounded(f"Math.{name}({x})")

    def exp(self, x: str) -> str:
        return self._of_math("exp", x)

    def expm1(self, x: str) -> str:
        return self._of_math("expm1", x)

    def log(self, x: str) -> str:
        return self._of_math("log", x)

    def log1p(self, x: str) -> str:
        return self._of_math("log1p", x)

    def sqrt(self, x: str) -> str:
        return self._of_math("sqrt", x)

    def tanh(self, x: str) -> str:
        return self._of_math("tanh", x)

    def sinh(self, x: str) -> str:
        return self._of_math("sinh", x)

    def cosh(self, x: str) -> str:
        return self._of_math("cosh", x)

    def sin(self, x: str) -> str:
        return self._of_math("sin", x)

    def cos(self, x: str) -> str:
        return self._of_math("cos", x)

    def tan(self, x: str) -> str:
        return self._of_math("tan", x)

    def asin(self, x: str) -> str:
        return self._of_math("asin", x)

    def acos(self, x: str) -> str:
        return self._of_math("acos", x)

    def atan(self, x: str) -> str:
        return self._of_math("atan", x)

    def asinh(self, x: str) -> str:
        return self._of_math("asinh", x)

    def acosh(self, x: str) -> str:
        return self._of_math("acosh", x)

    def atanh(self, x: str) -> str:
        return self._of_math("atanh", x)

    def sigmoid(self, x: str) -> str:
        # e^-x is rounded to the dtype first: where it is beyond the range, the result is 0
        return self.rounded(f"1 / (1 + {self.exp(self.neg(x))})")

    def pow(self, x: str, y: str) -> str:
        return self.helped("power", x, y)

    def atan2(self, y: str, x: str) -> str:
        return self.rounded(f"Math.atan2({y}, {x})")

    def erf(self, x: str) -> str:
        return self.helped("erf", x)

    def erfc(self, x: str) -> str:
        return self.helped("erfc", x)

    # whole numbers, order ---------------------------------------------------------------------------------------------

    def floor(self, x: str) -> str:
        return self.put(f"Math.floor({x})") if self.floating else x

    def ceil(self, x: str) -> str:
        return self.put(f"Math.ceil({x})") if self.floating else x

    def trunc(self, x: str) -> str:
        return self.put(f"Math.trunc({x})") if self.floating else x

    def round(self, x: str) -> str:
        """To the nearest whole number, halves to the even one."""
        return self.put(f"{self.writer.helper('rint')}({x})") if self.floating else x

    def fmod(self, x: str, y: str) -> str:
        """x - y trunc(x / y), exactly."""
        return self.put(f"{x} % {y}" if self.floating else f"{x} % {y} + 0")

    def nextafter(self, x: str, y: str) -> str:
        """The neighbour of x in the direction of y."""
        bits = 32 if self.dtype == FLOAT32 else 64
        return self.put(f"{self.writer.helper('nextafter')}({x}, {y}, {bits})")

    def copysign(self, x: str, y: str) -> str:
        """The size of x with the sign of y."""
        return self.put(f"{y} < 0 || Object.is({y}, -0) ? -Math.abs({x}) : Math.abs({x})")

    def max(self, x: str, y: str) -> str:
        """The larger; nan where either is."""
        return self.put(f"Math.max({x}, {y})")

    def min(self, x: str, y: str) -> str:
        """The smaller; nan where either is."""
        return self.put(f"Math.min({x}, {y})")

    def sign(self, x: str) -> str:
        """-1, 0 or 1; nan for nan."""
        return self.put(f"Math.sign({x})")

    # comparisons: booleans --------------------------------------------------------------------------------------------

    def lt(self, x: str, y: str) -> str:
        return self.put(f"{x} < {y}")

    def le(self, x: str, y: str) -> str:
        return self.put(f"{x} <= {y}")

    def gt(self, x: str, y: str) -> str:
        return self.put(f"{x} > {y}")

    def ge(self, x: str, y: str) -> str:
        return self.put(f"{x} >= {y}")

    def eq(self, x: str, y: str) -> str:
        return self.put(f"{x} === {y}")

    def ne(self, x: str, y: str) -> str:
        return self.put(f"{x} !== {y}")

    def unordered(self, x: str, y: str) -> str:
        """Whether either is nan."""
        return self.put(f"{x} !== {x} || {y} !== {y}")

    def isnan(self, x: str) -> str:
        return self.put(f"{x} !== {x}")

    def isinf(self, x: str) -> str:
        return self.put(f"Math.abs({x}) === Infinity")

    def isfinite(self, x: str) -> str:
        return self.put(f"Math.abs({x}) < Infinity")

    def select(self, condition: str, x: str, y: str) -> str:
        """x where the condition holds, else y."""
        return self.put(f"{condition} ? {x} : {y}")

    # bits -------------------------------------------------------------------------------------------------------------

    def logical_and(self, x: str, y: str) -> str:
        return self.put(f"{x} && {y}")

    def logical_or(self, x: str, y: str) -> str:
        return self.put(f"{x} || {y}")

    def logical_xor(self, x: str, y: str) -> str:
        return self.put(f"{x} !== {y}")

    def logical_not(self, x: str) -> str:
        return self.put(f"!{x}")

    def and_(self, x: str, y: str) -> str:
        return self._long("and64", x, y) if self.long else self.rounded(f"{x} & {y}")

    def or_(self, x: str, y: str) -> str:
        return self._long("or64", x, y) if self.long else self.rounded(f"{x} | {y}")

    def xor(self, x: str, y: str) -> str:
        return self._long("xor64", x, y) if self.long else self.rounded(f"{x} ^ {y}")

    def invert(self, x: str) -> str:
        return self._long("xor64", x, "-1") if self.long else self.rounded(f"~{x}")

    def shift_left(self, x: str, n: str) -> str:
        """x 2^n; n is below the width."""
        return self._long("left64", x, n) if self.long else self.rounded(f"{x} << {n}")

    def shift_right(self, x: str, n: str) -> str:
        """floor(x / 2^n); n is below the width.  Signed numbers keep their sign."""
        if self.long:
            return self._long("right64", x, n)
        return self.put(f"{x} {'>>' if self.signed else '>>>'} {n}")
