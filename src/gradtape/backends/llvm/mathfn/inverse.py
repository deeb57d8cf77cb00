"""Inverse trigonometric functions.  In float32 they are computed in float64 with shorter polynomials."""

from __future__ import annotations

import math
from typing import Any

from gradtape.backends.llvm.mathfn import coefficients as table
from gradtape.backends.llvm.mathfn.kit import below, fast_two_sum, horner, numbers

HALF_PI, HALF_PI_LOW = table.HALF_PI_64[0], table.HALF_PI_64[1]


def atan_of(b: Any, a: Any, a_low: Any = None) -> Any:
    """atan(a + a_low) for a >= 0, inf included: by the angles pi/8 and 3 pi/8 to |t| <= tan(pi/8)."""
    one, zero = b.const(1), b.const(0)
    a = below(b, a, 2.0**60)  # pi/2 to the last bit
    steep = b.gt(a, b.const(math.sqrt(2) + 1))
    middle = b.gt(a, b.const(math.sqrt(2) - 1))

    def of(far: Any, half_way: Any, near: Any) -> Any:
        return b.select(steep, far, b.select(middle, half_way, near))

    top = of(b.const(-1), b.sub(a, one), a)
    bottom = of(a, b.add(a, one), one)
    base = of(b.const(HALF_PI), b.const(HALF_PI / 2), zero)
    if b.narrow:
        t = b.div(top, bottom)
        z = b.mul(t, t)
        return b.add(base, b.fma(b.mul(t, z), horner(b, z, numbers(b, "ATAN")), t))
    inverse = b.div(one, bottom)
    t = b.mul(top, inverse)
    z = b.mul(t, t)
    # What t has lost to its rounding and to those of the two sums.  A change of a turns the angle by itself over
    # 1 + a^2, which is bottom^2 (1 + t^2), or half of it.
    larger, smaller = b.max(a, one), b.min(a, one)
    bottom_low = b.select(b.eq(bottom, one), zero, b.sub(smaller, b.sub(bottom, larger)))
    bottom_low = b.select(steep, zero, bottom_low)
    top_low = of(zero, b.sub(a, b.add(top, one)), zero)
    off = b.sub(b.add(b.fma(b.neg(t), bottom, top), top_low), b.mul(t, bottom_low))
    off = b.mul(off, inverse)
    if a_low is not None:
        share = b.mul(b.mul(a_low, inverse), inverse)
        off = b.add(off, of(share, b.add(share, share), share))
    off = b.sub(off, b.mul(off, z))
    lost = of(b.const(HALF_PI_LOW), b.const(HALF_PI_LOW / 2), zero)
    rest = b.fma(b.mul(t, z), horner(b, z, numbers(b, "ATAN")), b.add(lost, off))
    high, low = fast_two_sum(b, base, t)  # base is 0 or the larger
    low = b.select(b.eq(base, zero), zero, low)
    return b.add(high, b.add(rest, low))


def atan(b: Any, x: Any) -> Any:
    w = b.wide
    y = b.narrowed(atan_of(w, w.abs(b.widened(x))))
    return b.copysign(y, x)


def atan2(b: Any, y: Any, x: Any) -> Any:
    """The angle of |y| / |x|, turned into the quadrant of the signs."""
    w = b.wide
    wy, wx = b.widened(y), b.widened(x)
    ay, ax = w.abs(wy), w.abs(wx)
    q = w.div(ay, ax)
    q = w.select(w.eq(ay, w.const(0)), ay, q)  # 0 / 0 is 0 here
    low = None if w.narrow else _lost_quotient(w, ay, ax, q)
    both = b.logical_and(w.isinf(wy), w.isinf(wx))
    q = w.select(both, w.const(1), q)
    angle = atan_of(w, q, low)
    pi = w.sub(w.const(2 * HALF_PI), w.sub(angle, w.const(2 * HALF_PI_LOW)))
    left = w.lt(w.copysign(w.const(1), wx), w.const(0))
    found = b.narrowed(w.select(left, pi, angle))
    found = b.copysign(found, y)
    nan = b.logical_or(b.isnan(x), b.isnan(y))
    return b.select(nan, b.add(x, y), found)


def _lost_quotient(b: Any, ay: Any, ax: Any, q: Any) -> Any:
    """ay / ax - q where nothing under- or overflows, else 0."""
    low, high = b.const(2.0**-400), b.const(2.0**400)
    fits = b.logical_and(
        b.logical_and(b.gt(ay, low), b.lt(ay, high)), b.logical_and(b.gt(ax, low), b.lt(ax, high))
    )
    fits = b.logical_and(fits, b.lt(q, b.const(2.0**55)))  # beyond, the angle is pi/2
    one, zero = b.const(1), b.const(0)
    x, y, k = b.select(fits, ax, one), b.select(fits, ay, one), b.select(fits, q, one)
    return b.select(fits, b.div(b.fma(b.neg(k), x, y), x), zero)


def _half(b: Any, a: Any) -> tuple[Any, Any, Any]:
    """asin of a <= 1/2, or of sqrt((1 - a)/2) above: (which, the root or a, what asin has beyond it)."""
    half = b.const(0.5)
    large = b.gt(a, half)
    z = b.select(large, b.fma(a, b.const(-0.5), half), b.mul(a, a))
    root = b.sqrt(z)
    # what the root has lost: the square of a root differs from z by twice the root times it
    lost = b.div(b.fma(b.neg(root), root, z), b.add(root, root))
    lost = b.select(b.gt(z, b.const(0)), lost, b.const(0))
    s = b.select(large, root, a)
    beyond = b.mul(b.mul(s, z), horner(b, z, numbers(b, "ASIN")))
    return large, s, b.select(large, b.add(beyond, lost), beyond)


def asin(b: Any, x: Any) -> Any:
    w = b.wide
    a = w.abs(b.widened(x))
    large, s, beyond = _half(w, a)
    small = w.add(s, beyond)
    twice = w.const(-2)
    # pi/2 - 2 s, less twice the rest
    first = w.fma(s, twice, w.const(HALF_PI))
    lost = w.fma(s, twice, w.sub(w.const(HALF_PI), first))
    turned = w.add(first, w.add(lost, w.fma(beyond, twice, w.const(HALF_PI_LOW))))
    y = b.copysign(b.narrowed(w.select(large, turned, small)), x)
    return b.select(b.eq(x, b.const(0)), x, y)


def acos(b: Any, x: Any) -> Any:
    w = b.wide
    wx = b.widened(x)
    a = w.abs(wx)
    large, s, beyond = _half(w, a)
    negative = w.lt(wx, w.const(0))
    # |x| <= 1/2: pi/2 - asin x
    t, rest = w.copysign(s, wx), w.copysign(beyond, wx)
    first = w.sub(w.const(HALF_PI), t)
    lost = w.sub(w.sub(w.const(HALF_PI), first), t)
    middle = w.add(first, w.add(lost, w.sub(w.const(HALF_PI_LOW), rest)))
    # above: 2 asin(root), and pi less that on the negative side
    twice = w.mul(w.add(s, beyond), w.const(2))
    first = w.fma(s, w.const(-2), w.const(2 * HALF_PI))
    lost = w.fma(s, w.const(-2), w.sub(w.const(2 * HALF_PI), first))
    turned = w.add(first, w.add(lost, w.fma(beyond, w.const(-2), w.const(2 * HALF_PI_LOW))))
    return b.narrowed(w.select(large, w.select(negative, turned, twice), middle))
