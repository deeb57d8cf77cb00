"""ln x and what is made of it: log1p, and the inverse hyperbolic functions.

x = 2^k m with m between sqrt(1/2) and sqrt(2); ln x = k ln 2 + ln(1 + f), f = m - 1.
"""

from __future__ import annotations

import math
import struct
from typing import Any

from gradtape.backends.llvm.mathfn.kit import (
    BIAS,
    MANTISSA,
    estrin,
    horner,
    numbers,
    power_of_two,
    two_sum,
    width,
)

SMALLEST_NORMAL = {32: 2.0**-126, 64: 2.0**-1022}
ROOT_HALF = {
    32: struct.unpack("<i", struct.pack("<f", math.sqrt(0.5)))[0],
    64: struct.unpack("<q", struct.pack("<d", math.sqrt(0.5)))[0],
}


def split(b: Any, x: Any) -> tuple[Any, Any]:
    """(m, k as an integer) with x = 2^k m, sqrt(1/2) <= m < sqrt(2), for positive normal x."""
    i, w = b.bits, width(b)
    pattern = b.bitcast(x, i)
    k = i.shift_right(i.sub(pattern, i.const(ROOT_HALF[w])), i.const(MANTISSA[w]))
    m = i.bitcast(i.sub(pattern, i.shift_left(k, i.const(MANTISSA[w]))), b)
    return m, k


def to_float(b: Any, k: Any) -> Any:
    return b.cast(k, b.bits.dtype, b.dtype)


def log_of(b: Any, f: Any, k: Any, tail: Any = None) -> Any:
    """k ln 2 + ln(1 + f + tail), `tail` below the last place of f."""
    high, low = numbers(b, "LN2")
    square = b.mul(f, f)
    half_square = b.mul(square, b.const(0.5))
    if width(b) == 32:
        p = b.mul(b.mul(square, f), estrin(b, f, square, numbers(b, "LOG1P")))
    else:
        s = b.div(f, b.add(f, b.const(2)))
        z = b.mul(s, s)
        p = b.mul(s, b.fma(z, horner(b, z, numbers(b, "ATANH")), half_square))
    rest = b.fma(k, b.const(low), p)
    if tail is not None:
        # d ln(1 + f) = d f / (1 + f), to the accuracy that the tail needs
        rest = b.add(rest, b.fma(b.neg(f), b.mul(tail, b.sub(b.const(1), f)), tail))
    return b.fma(k, b.const(high), b.add(f, b.sub(rest, half_square)))


def log(b: Any, x: Any) -> Any:
    w = width(b)
    tiny = b.lt(x, b.const(SMALLEST_NORMAL[w]))
    scaled = b.select(tiny, b.mul(x, b.const(2.0 ** MANTISSA[w])), x)
    m, whole = split(b, scaled)
    k = b.sub(to_float(b, whole), b.select(tiny, b.const(MANTISSA[w]), b.const(0)))
    y = log_of(b, b.sub(m, b.const(1)), k)
    return edges(b, y, x, x)


def edges(b: Any, y: Any, u: Any, x: Any) -> Any:
    """y = ln u where u is positive and finite; -inf, inf and nan elsewhere."""
    y = b.select(b.lt(u, b.const(math.inf)), y, x)  # inf, nan
    y = b.select(b.lt(u, b.const(0)), b.const(math.nan), y)
    return b.select(b.eq(u, b.const(0)), b.const(-math.inf), y)


def log1p_sum(b: Any, x: Any, small: Any = None) -> Any:
    """ln(1 + x + small) for x > -1, finite; `small` is far below x."""
    u, left = two_sum(b, b.const(1), x)
    if small is not None:
        left = b.add(left, small)
    m, whole = split(b, u)
    i = b.bits
    least = i.const(1 - BIAS[width(b)])  # further down the scaled tail is nothing beside m
    down = i.max(i.sub(i.const(0), whole), least)
    tail = b.mul(left, power_of_two(b, down))
    f = b.sub(m, b.const(1))
    total = b.add(f, tail)
    return log_of(b, total, to_float(b, whole), b.add(b.sub(f, total), tail))


def log1p(b: Any, x: Any) -> Any:
    u = b.add(x, b.const(1))
    # at inf and below -1 anything finite will do: `edges` puts the value
    kept = b.select(b.isfinite(x), b.select(b.gt(u, b.const(0)), x, b.const(0)), b.const(0))
    y = log1p_sum(b, kept)
    return b.select(b.eq(x, b.const(0)), x, edges(b, y, u, x))
