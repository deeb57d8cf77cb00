"""e^x and what is made of it: expm1, sigmoid, tanh, sinh, cosh.

e^x = 2^n e^r with n the whole number nearest x / ln 2, r = x - n ln 2 in two steps, and e^r = 1 + (r + r^2 q(r)).
"""

from __future__ import annotations

import math
from typing import Any

from gradtape.backends.llvm.mathfn.kit import (
    above,
    below,
    estrin,
    horner,
    nearest,
    numbers,
    power_of_two,
    scale,
    width,
)

HIGHEST = {32: 89.0, 64: 710.0}  # beyond: inf
LOWEST = {32: -104.0, 64: -746.0}  # beyond: 0
TANH_EDGE = 0.55  # from here on tanh is above 1/2
ONE_FROM = {32: 9.1, 64: 19.1}  # tanh is 1 to the last bit


def reduced(b: Any, x: Any, exact: bool = False) -> tuple[Any, Any]:
    """(e^r - 1, n as an integer) with x = n ln 2 + r, for x in range.  `exact`: less the rounding of r."""
    high, low = numbers(b, "LN2")
    n, whole = nearest(b, x, 1 / math.log(2))
    first = b.fma(n, b.const(-high), x)
    r = b.fma(n, b.const(-low), first)
    square = b.mul(r, r)
    q = estrin(b, r, square, numbers(b, "EXPM1"))
    if exact:
        lost = b.fma(n, b.const(-low), b.sub(first, r))
        return b.add(r, b.fma(square, q, lost)), whole
    return b.fma(square, q, r), whole


def exp(b: Any, x: Any) -> Any:
    w = width(b)
    p, n = reduced(b, above(b, below(b, x, HIGHEST[w]), LOWEST[w]))
    return scale(b, b.add(p, b.const(1)), n)


def expm1(b: Any, x: Any) -> Any:
    w = width(b)
    lowest = {32: -18.0, 64: -38.0}[w]  # beyond: -1
    kept = above(b, below(b, x, HIGHEST[w]), lowest)
    p, n = reduced(b, kept, exact=True)
    i = b.bits
    # 2^n (p + 1) - 1 with the half of 2^n, which is finite where the result is
    half = power_of_two(b, i.sub(n, i.const(1)))
    y = b.fma(half, p, b.sub(half, b.const(0.5)))
    y = b.add(y, y)
    return b.select(b.eq(x, b.const(0)), x, y)


def sigmoid(b: Any, x: Any) -> Any:
    """1 / (1 + E), E = e^-x = s (1 + p): the sum s p + (s + 1) is rounded once.

    From |x| = 44 (330) down, E and the sum are scaled, so that neither overflows and the result may be subnormal.
    """
    w = width(b)
    edge, shift = {32: (-44.0, 64), 64: (-330.0, 512)}[w]
    kept = above(b, below(b, x, {32: 30.0, 64: 50.0}[w]), LOWEST[w])
    p, n = reduced(b, b.neg(kept))
    i = b.bits
    far = b.lt(kept, b.const(edge))
    unit = b.select(far, b.const(2.0**-shift), b.const(1))
    s = power_of_two(b, i.select(far, i.sub(n, i.const(shift)), n))
    top = b.add(s, unit)
    left = b.sub(unit, b.sub(top, s))
    total = b.add(top, b.fma(s, p, left))
    return b.mul(b.div(b.const(1), total), unit)


def tanh(b: Any, x: Any) -> Any:
    """1 - 2 / (e^(2|x|) + 1) with the sign of x; below 0.55, where that loses digits, x + x^3 p(x^2)."""
    a = b.abs(x)
    kept = below(b, a, ONE_FROM[width(b)])
    p, n = reduced(b, b.add(kept, kept))
    s = power_of_two(b, n)
    one = b.const(1)
    large = b.fma(b.const(-2), b.div(one, b.fma(s, p, b.add(s, one))), one)
    z = b.mul(a, a)
    small = b.fma(b.mul(a, z), horner(b, z, numbers(b, "TANH")), a)
    return b.copysign(b.select(b.lt(a, b.const(TANH_EDGE)), small, large), x)


def half_exp(b: Any, a: Any) -> Any:
    """e^a / 2 for a >= 0, finite as long as it can be."""
    edge = {32: 90.0, 64: 711.0}[width(b)]
    p, n = reduced(b, below(b, a, edge))
    i = b.bits
    return scale(b, b.add(p, b.const(1)), i.sub(n, i.const(1)))


def cosh(b: Any, x: Any) -> Any:
    h = half_exp(b, b.abs(x))
    return b.add(h, b.div(b.const(0.25), h))


def sinh(b: Any, x: Any) -> Any:
    a = b.abs(x)
    h = half_exp(b, a)
    large = b.copysign(b.sub(h, b.div(b.const(0.25), h)), x)
    kept = below(b, a, 1.0)
    z = b.mul(kept, kept)
    small = b.fma(b.mul(x, z), horner(b, z, numbers(b, "SINH")), x)
    return b.select(b.lt(a, b.const(1)), small, large)
