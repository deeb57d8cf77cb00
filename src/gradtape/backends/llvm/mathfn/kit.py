"""What the functions share: polynomials, powers of two, sums of two words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradtape.backends.llvm.mathfn import coefficients as table

BIAS = {32: 127, 64: 1023}
MANTISSA = {32: 23, 64: 52}


def width(b: Any) -> int:
    return 8 * b.dtype.itemsize


def numbers(b: Any, name: str) -> tuple[float, ...]:
    """The coefficients `name` for the builder's width; where float32 is enough, the shorter ones."""
    if b.narrow:
        short = getattr(table, f"{name}_NARROW", None)
        if short is not None:
            return short
    return getattr(table, f"{name}_{width(b)}")


def horner(b: Any, x: Any, coefficients: Sequence[float]) -> Any:
    """c0 + c1 x + c2 x^2 + ... by one chain of fused products."""
    *rest, last = coefficients
    y = b.const(last)
    for c in reversed(rest):
        y = b.fma(y, x, b.const(c))
    return y


def estrin(b: Any, x: Any, square: Any, coefficients: Sequence[float]) -> Any:
    """The same by pairs, given x^2: as many products and log2 of them deep, so that a lone value waits less."""
    terms: list[Any] = [b.const(c) for c in coefficients]
    power = x
    while len(terms) > 1:
        if len(terms) == 3 and power is x:  # c0 + c1 x + c2 x^2 at once
            return b.fma(terms[2], square, b.fma(terms[1], x, terms[0]))
        pairs = [b.fma(terms[i + 1], power, terms[i]) for i in range(0, len(terms) - 1, 2)]
        terms = pairs + ([terms[-1]] if len(terms) % 2 else [])
        power = square if power is x else b.mul(power, power) if len(terms) > 1 else power
    return terms[0]


def nearest(b: Any, x: Any, factor: float) -> tuple[Any, Any]:
    """n = x factor rounded to a whole number, below 2^22 (2^51) in size: as a float and as an integer."""
    magic = 1.5 * 2.0 ** MANTISSA[width(b)]  # the sum's last bits are those of n
    moved = b.fma(x, b.const(factor), b.const(magic))
    i = b.bits
    whole = i.sub(b.bitcast(moved, i), i.const(b.pattern(magic)))
    return b.sub(moved, b.const(magic)), whole


def power_of_two(b: Any, n: Any) -> Any:
    """2^n of the integer n, for normal results."""
    i, w = b.bits, width(b)
    return i.bitcast(i.shift_left(i.add(n, i.const(BIAS[w])), i.const(MANTISSA[w])), b)


def scale(b: Any, x: Any, n: Any) -> Any:
    """x 2^n, rounded once where it is subnormal, for |n| below twice the largest exponent."""
    if b.has_scale:
        i = b.of("int32")
        n = n if width(b) == 32 else b.cast(n, b.bits.dtype, i.dtype)
        return b.call("llvm.ldexp", x, n, kinds=2)
    i = b.bits
    first = i.shift_right(n, i.const(1))
    second = i.sub(n, first)
    return b.mul(b.mul(x, power_of_two(b, first)), power_of_two(b, second))


def below(b: Any, x: Any, edge: float) -> Any:
    """x, at most the edge; nan stays."""
    return b.select(b.gt(x, b.const(edge)), b.const(edge), x)


def above(b: Any, x: Any, edge: float) -> Any:
    """x, at least the edge; nan stays."""
    return b.select(b.lt(x, b.const(edge)), b.const(edge), x)


def two_sum(b: Any, x: Any, y: Any) -> tuple[Any, Any]:
    """x + y, and what its rounding left out (Knuth)."""
    s = b.add(x, y)
    t = b.sub(s, x)
    return s, b.add(b.sub(x, b.sub(s, t)), b.sub(y, t))


def fast_two_sum(b: Any, x: Any, y: Any) -> tuple[Any, Any]:
    """The same where |x| >= |y| (Dekker)."""
    s = b.add(x, y)
    return s, b.sub(y, b.sub(s, x))


def two_product(b: Any, x: Any, y: Any) -> tuple[Any, Any]:
    """x y, and what its rounding left out."""
    p = b.mul(x, y)
    return p, b.fma(x, y, b.neg(p))
