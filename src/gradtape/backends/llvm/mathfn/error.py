"""The error function and its complement.

Near 0: x + x p(x^2).  erfc a = e^(-a^2) t p(t) with t = k / (a + k), a >= 1/2.  float32 erf: 1 - e^(-p(a)).
"""

from __future__ import annotations

import math
from typing import Any

from gradtape.backends.llvm.mathfn import coefficients as table
from gradtape.backends.llvm.mathfn.exponential import exp, reduced
from gradtape.backends.llvm.mathfn.kit import (
    below,
    fast_two_sum,
    horner,
    numbers,
    scale,
    two_product,
    two_sum,
    width,
)

ERFC_K = 3.75


def _near(b: Any, x: Any) -> Any:
    z = below(b, b.mul(x, x), 1.0)
    return b.fma(x, horner(b, z, numbers(b, "ERF")), x)


def erf(b: Any, x: Any) -> Any:
    a = b.abs(x)
    one = b.const(1)
    if width(b) == 32:
        kept = below(b, a, 4.0)
        beyond = exp(b, b.neg(horner(b, kept, table.ERF_LOG_32)))
    else:
        beyond = erfc_of(b, below(b, a, 6.0))
    far = b.copysign(b.sub(one, beyond), x)
    return b.select(b.lt(a, one), _near(b, x), far)


def erfc_of(b: Any, a: Any) -> Any:
    """erfc a for a >= 1/2."""
    a = below(b, a, 28.0)
    k = b.const(ERFC_K)
    total, left = fast_two_sum(b, b.select(b.gt(a, k), a, k), b.select(b.gt(a, k), k, a))
    t = b.div(k, total)
    # the a that this t belongs to is off by `shift`, and e^(a^2) erfc a has the derivative 2 a g - 2/sqrt(pi)
    shift = b.mul(
        b.sub(b.fma(b.neg(t), total, k), b.mul(t, left)), b.mul(total, b.const(1 / ERFC_K))
    )
    p_t, p_low = _tail(b, t)
    slope = b.fma(b.mul(a, b.const(-2)), b.mul(t, p_t), b.const(2 / math.sqrt(math.pi)))
    g, g_low = two_product(b, t, p_t)
    g_low = b.add(b.fma(t, p_low, g_low), b.mul(shift, slope))
    square, more = two_product(b, a, a)
    p, n = reduced(b, b.neg(square))
    p = b.sub(p, b.fma(more, p, more))
    return scale(b, b.add(g, b.fma(g, p, b.fma(g_low, p, g_low))), n)


def _tail(b: Any, t: Any) -> tuple[Any, Any]:
    """e^(a^2) erfc(a) / t in two words: the last two steps of the polynomial are carried with what they lose."""
    if b.narrow:
        return horner(b, t, table.ERFC_NARROW), b.const(0)
    c0, c1, *others = table.ERFC_64
    low0, low1 = table.ERFC_LOW
    h, h_low = two_product(b, t, horner(b, t, others))
    s, s_low = two_sum(b, b.const(c1), h)
    s_low = b.add(s_low, b.add(h_low, b.const(low1)))
    h, h_low = two_product(b, t, s)
    y, y_low = two_sum(b, b.const(c0), h)
    return y, b.add(y_low, b.fma(t, s_low, b.add(h_low, b.const(low0))))


def erfc(b: Any, x: Any) -> Any:
    w = b.wide
    wx = b.widened(x)
    a = w.abs(wx)
    half = w.const(0.5)
    far = erfc_of(w, w.select(w.lt(a, half), half, a))
    near = w.sub(w.const(1), _near(w, wx))
    far = w.select(w.lt(wx, w.const(0)), w.sub(w.const(2), far), far)
    return b.narrowed(w.select(w.lt(a, half), near, far))
