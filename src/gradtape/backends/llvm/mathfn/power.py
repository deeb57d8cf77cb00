"""x^y = e^(y ln |x|): the logarithm in two words, so that its product with y has the digits that e^ needs."""

from __future__ import annotations

import math
from typing import Any

from gradtape.backends.llvm.mathfn import coefficients as table
from gradtape.backends.llvm.mathfn.exponential import HIGHEST, LOWEST, reduced
from gradtape.backends.llvm.mathfn.kit import (
    MANTISSA,
    above,
    below,
    fast_two_sum,
    horner,
    numbers,
    scale,
    two_product,
    two_sum,
)
from gradtape.backends.llvm.mathfn.logarithm import SMALLEST_NORMAL, log, split, to_float

TWO_THIRDS = 2 / 3
TWO_THIRDS_LOW = 3.700743415417188e-17  # 2/3 less its float64


def log_two_words(b: Any, x: Any) -> tuple[Any, Any]:
    """ln x in two words for finite x > 0: 2 atanh(s), s = (m - 1) / (m + 1)."""
    tiny = b.lt(x, b.const(SMALLEST_NORMAL[64]))
    m, whole = split(b, b.select(tiny, b.mul(x, b.const(2.0 ** MANTISSA[64])), x))
    k = b.sub(to_float(b, whole), b.select(tiny, b.const(MANTISSA[64]), b.const(0)))
    one = b.const(1)
    f = b.sub(m, one)
    d, d_low = fast_two_sum(b, b.const(2), f)
    inverse = b.div(one, d)
    s = b.mul(f, inverse)
    s_low = b.mul(b.sub(b.fma(b.neg(s), d, f), b.mul(s, d_low)), inverse)
    z, z_low = two_product(b, s, s)
    z_low = b.fma(b.add(s, s), s_low, z_low)
    others = b.mul(z, horner(b, z, table.ATANH_BEYOND))
    c, c_low = fast_two_sum(b, b.const(TWO_THIRDS), others)
    c_low = b.add(c_low, b.const(TWO_THIRDS_LOW))
    u, u_low = two_product(b, z, c)
    u_low = b.add(u_low, b.fma(z, c_low, b.mul(z_low, c)))
    v, v_low = two_product(b, u, s)
    v_low = b.add(v_low, b.fma(u, s_low, b.mul(u_low, s)))
    high, low = fast_two_sum(b, b.add(s, s), v)
    low = b.add(low, b.add(v_low, b.add(s_low, s_low)))
    ln2, ln2_low = numbers(b, "LN2")
    total, lost = two_sum(b, b.mul(k, b.const(ln2)), high)
    return fast_two_sum(b, total, b.add(lost, b.fma(k, b.const(ln2_low), low)))


def _magnitude(b: Any, a: Any, y: Any) -> Any:
    """a^y for a >= 0, inf included, but 1 for no nan."""
    positive = b.logical_and(b.gt(a, b.const(0)), b.lt(a, b.const(math.inf)))
    kept = b.select(positive, a, b.const(1))
    if b.narrow:
        high, low = log(b, kept), None
    else:
        high, low = log_two_words(b, kept)
    edge = b.select(b.eq(a, b.const(0)), b.const(-math.inf), a)  # ln of 0, inf, nan
    high = b.select(positive, high, edge)
    power = b.mul(y, high)
    inside = b.lt(b.abs(power), b.const(800))
    p, n = reduced(b, above(b, below(b, power, HIGHEST[64]), LOWEST[64]))
    if low is not None:
        more = b.fma(y, low, b.fma(y, high, b.neg(power)))
        more = b.select(inside, more, b.const(0))
        p = b.add(p, b.fma(more, p, more))
    return scale(b, b.add(p, b.const(1)), n)


def pow(b: Any, x: Any, y: Any) -> Any:
    w = b.wide
    wx, wy = b.widened(x), b.widened(y)
    one = w.const(1)
    a = w.abs(wx)
    z = _magnitude(w, a, wy)
    both_far = w.logical_and(w.eq(a, one), w.isinf(wy))
    z = w.select(both_far, one, z)
    whole = w.eq(w.floor(wy), wy)
    half = w.mul(wy, w.const(0.5))
    odd = w.logical_and(whole, w.ne(w.floor(half), half))
    below_zero = w.lt(w.copysign(one, wx), w.const(0))
    z = w.select(w.logical_and(below_zero, odd), w.neg(z), z)
    fraction = w.logical_and(w.lt(wx, w.const(0)), w.logical_not(whole))
    fraction = w.logical_and(fraction, w.isfinite(wx))
    z = w.select(fraction, w.const(math.nan), z)
    certain = w.logical_or(w.eq(wx, one), w.eq(wy, w.const(0)))
    return b.narrowed(w.select(certain, one, z))
