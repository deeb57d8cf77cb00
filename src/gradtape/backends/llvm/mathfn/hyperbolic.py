"""Inverse hyperbolic functions, by ln(1 + t) with t in two words; in float32 they are computed in float64."""

from __future__ import annotations

import math
from typing import Any

from gradtape.backends.llvm.mathfn.kit import fast_two_sum
from gradtape.backends.llvm.mathfn.logarithm import log1p_sum

HUGE = 2.0**28  # from here on the 1 under the root counts for nothing


def asinh(b: Any, x: Any) -> Any:
    """ln(1 + t), t = a + a^2 / (1 + sqrt(1 + a^2)); for large a: ln a + ln 2."""
    w = b.wide
    a = w.abs(b.widened(x))
    huge = w.ge(a, w.const(HUGE))
    k = w.select(huge, w.const(1), a)
    one = w.const(1)
    square = w.mul(k, k)
    t, lost = fast_two_sum(w, k, w.div(square, w.add(one, w.sqrt(w.add(one, square)))))
    y = _or_huge(w, a, huge, t, lost)
    return b.select(b.eq(x, b.const(0)), x, b.copysign(b.narrowed(y), x))


def _or_huge(w: Any, a: Any, huge: Any, t: Any, lost: Any) -> Any:
    """ln(1 + t + lost), or ln 2a where a is huge; inf and nan as they are."""
    finite = w.isfinite(a)
    zero = w.const(0)
    kept = w.select(huge, w.select(finite, w.sub(a, w.const(1)), zero), t)
    y = log1p_sum(w, kept, w.select(huge, zero, lost))
    y = w.add(y, w.select(huge, w.const(math.log(2)), zero))
    return w.select(finite, y, a)


def acosh(b: Any, x: Any) -> Any:
    """ln(1 + t), t = d + sqrt(d (d + 2)), d = x - 1; nan below 1."""
    w = b.wide
    a = b.widened(x)
    huge = w.ge(a, w.const(HUGE))
    k = w.select(huge, w.const(2), a)
    d = w.sub(k, w.const(1))
    inside = w.mul(d, w.add(d, w.const(2)))
    root = w.sqrt(inside)
    t, lost = fast_two_sum(w, root, d)
    y = _or_huge(w, a, huge, t, lost)
    # below 1 the root may be that of a positive number
    return b.select(b.lt(x, b.const(1)), b.const(math.nan), b.narrowed(y))


def atanh(b: Any, x: Any) -> Any:
    """ln(1 + t) / 2, t = 2a + 2a^2 / (1 - a)."""
    w = b.wide
    a = w.abs(b.widened(x))
    one = w.const(1)
    k = w.select(w.lt(a, one), a, w.const(0))
    twice = w.add(k, k)
    t, lost = fast_two_sum(w, twice, w.div(w.mul(twice, k), w.sub(one, k)))
    y = w.mul(log1p_sum(w, t, lost), w.const(0.5))
    y = w.select(w.eq(a, one), w.const(math.inf), y)
    y = w.select(w.logical_not(w.le(a, one)), w.const(math.nan), y)
    return b.select(b.eq(x, b.const(0)), x, b.copysign(b.narrowed(y), x))
