"""The error function and its complement.

Near 0: x + x p(x^2).  erfc a = e^(-a^2) t p(t - 1/2) with t = k / (a + k), a >= 1/2.  float32 erf: 1 - e^(-p(a)).
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
    shift = b.mul(b.sub(b.fma(b.neg(t), total, k), b.mul(t, left)), b.mul(total, b.const(1 / ERFC_K)))
    p_t = horner(b, b.sub(t, b.const(0.5)), numbers(b, "ERFC"))
    slope = b.fma(b.mul(a, b.const(-2)), b.mul(t, p_t), b.const(2 / math.sqrt(math.pi)))
    g = b.fma(t, p_t, b.mul(shift, slope))
    square, more = two_product(b, a, a)
    p, n = reduced(b, b.neg(square))
    p = b.sub(p, b.fma(more, p, more))
    return scale(b, b.fma(g, p, g), n)


def erfc(b: Any, x: Any) -> Any:
    w = b.wide
    wx = b.widened(x)
    a = w.abs(wx)
    half = w.const(0.5)
    far = erfc_of(w, w.select(w.lt(a, half), half, a))
    near = w.sub(w.const(1), _near(w, wx))
    far = w.select(w.lt(wx, w.const(0)), w.sub(w.const(2), far), far)
    return b.narrowed(w.select(w.lt(a, half), near, far))
