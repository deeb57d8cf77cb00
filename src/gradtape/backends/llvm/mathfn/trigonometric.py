"""sin, cos and tan of any argument.

float64: x - n pi/2 with pi/2 in three words (Cody and Waite), which is right to the last place for |x| < 2^46; the rare
lane beyond is given to the C library (`mathfn.library`).
float32: x times 1/(2 pi), taken modulo a turn piece by piece in float64 (Payne and Hanek, without integers).
"""

from __future__ import annotations

import math
from typing import Any

from gradtape.backends.llvm.mathfn import coefficients as table
from gradtape.backends.llvm.mathfn.kit import MANTISSA, horner, numbers, two_sum, width
from gradtape.backends.llvm.mathfn.library import beyond

LARGEST = 2.0**46  # x 2/pi is still rounded to the nearest whole number, or very near it


def quadrants(b: Any, x: Any) -> tuple[Any, Any, Any]:
    """(r, its lost part or None, q as an integer) with x = q pi/2 + r modulo 2 pi, |r| <= pi/4."""
    return _by_turns(b, x) if width(b) == 32 else _by_words(b, x)


def _by_words(b: Any, x: Any) -> tuple[Any, Any, Any]:
    p1, p2, p3 = (b.const(-p) for p in table.HALF_PI_64)
    known = b.lt(b.abs(x), b.const(LARGEST))
    kept = b.select(known, x, b.mul(x, b.const(0)))  # inf becomes nan, what is put right later 0
    magic = 1.5 * 2.0 ** MANTISSA[64]
    moved = b.fma(kept, b.const(2 / math.pi), b.const(magic))
    n = b.sub(moved, b.const(magic))
    first = b.fma(n, p1, kept)  # exact
    w = b.mul(n, p2)
    r, lost = two_sum(b, first, w)
    lost = b.add(lost, b.fma(n, p3, b.fma(n, p2, b.neg(w))))
    return r, lost, b.bitcast(moved, b.bits)


def _by_turns(b: Any, x: Any) -> tuple[Any, Any, Any]:
    from numpy import float64

    d = b.of(float64)
    wide = b.widened(x)
    # Five words of 28 bits of 1 / (2 pi): a product with one is exact, so is what is left of it modulo 1.  For large x
    # the first two words give whole turns only.
    far = d.ge(d.abs(wide), d.const(2.0**81))
    near_words, far_words = table.TURN_PIECES[:5], table.TURN_PIECES[2:]
    parts = []
    for near, distant in zip(near_words, far_words):
        t = d.mul(wide, d.select(far, d.const(distant), d.const(near)))
        parts.append(d.sub(t, d.round(t)))
    high, low = two_sum(d, parts[0], parts[1])
    high, lost = two_sum(d, high, parts[2])
    high, low = two_sum(d, high, d.add(d.add(low, lost), d.add(parts[3], parts[4])))
    magic = d.const(1.5 * 2.0**52)
    moved = d.fma(high, d.const(4), magic)
    q = d.sub(moved, magic)
    r = d.mul(d.add(d.fma(q, d.const(-0.25), high), low), d.const(2 * math.pi))
    return r, None, d.cast(d.bitcast(moved, d.bits), d.bits.dtype, b.bits.dtype)


def sine_of(b: Any, r: Any, lost: Any) -> Any:
    """sin(r + lost), |r| <= pi/4."""
    z = b.mul(r, r)
    cube = b.mul(b.mul(r, z), horner(b, z, numbers(b, "SIN")))
    if lost is None:
        return b.add(r, cube)
    return b.add(r, b.add(cube, b.fma(b.mul(lost, z), b.const(-0.5), lost)))


def cosine_of(b: Any, r: Any, lost: Any) -> Any:
    """cos(r + lost), |r| <= pi/4."""
    z = b.mul(r, r)
    half = b.mul(z, b.const(0.5))
    one = b.const(1)
    w = b.sub(one, half)
    rest = b.sub(b.sub(one, w), half)
    tail = b.fma(b.mul(z, z), horner(b, z, numbers(b, "COS")), rest)
    return b.add(w, tail if lost is None else b.fma(b.neg(r), lost, tail))


def _wave(b: Any, x: Any, ahead: int) -> Any:
    """sin(x + ahead pi/2)."""
    r, lost, q = quadrants(b, x)
    if width(b) == 32:
        r = b.narrowed(r)
    i = b.bits
    if ahead:
        q = i.add(q, i.const(ahead))
    odd = i.ne(i.and_(q, i.const(1)), i.const(0))
    y = b.select(odd, cosine_of(b, r, lost), sine_of(b, r, lost))
    flip = i.shift_left(i.and_(q, i.const(2)), i.const(width(b) - 2))
    y = i.bitcast(i.xor(b.bitcast(y, i), flip), b)
    return y if width(b) == 32 else beyond(b, "cos" if ahead else "sin", x, y, LARGEST)


def sin(b: Any, x: Any) -> Any:
    tiny = b.lt(b.abs(x), b.const(2.0 ** -(MANTISSA[width(b)] // 2 + 2)))
    return b.select(tiny, x, _wave(b, x, 0))


def cos(b: Any, x: Any) -> Any:
    return _wave(b, x, 1)


def tan(b: Any, x: Any) -> Any:
    """sin / cos, or -cos / sin in the odd quadrants; float32 in float64."""
    r, lost, q = quadrants(b, x)
    i = b.bits
    odd = i.ne(i.and_(q, i.const(1)), i.const(0))
    w = b.wide
    sine, cosine = sine_of(w, r, lost), cosine_of(w, r, lost)
    y = w.div(w.select(odd, w.neg(cosine), sine), w.select(odd, sine, cosine))
    tiny = b.lt(b.abs(x), b.const(2.0 ** -(MANTISSA[width(b)] // 2 + 2)))
    y = b.narrowed(y) if width(b) == 32 else beyond(b, "tan", x, y, LARGEST)
    return b.select(tiny, x, y)
