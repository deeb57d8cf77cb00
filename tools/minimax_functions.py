"""The functions whose polynomials `tools/minimax.py` computes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import mpmath as mp
import numpy as np

LN2 = mp.log(2)


def even(f: Callable[[Any], Any], scale: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """f(sqrt z) / scale(sqrt z) as a function of z."""

    def of(z: Any) -> Any:
        x = mp.sqrt(z) if z > 0 else mp.mpf(2) ** -80
        return f(x) / scale(x)

    return of


def entries(
    fit: Any, lost: Any, words: Any
) -> Iterator[tuple[str, str, list[float], float | None]]:
    f32, f64 = np.float32, np.float64

    def one(name: str, says: str, *given: Any) -> tuple[str, str, list[float], float]:
        return (name, says, *fit(*given))

    half = float(LN2 / 2) * 1.0001
    for bits, dtype, top in ((32, f32, 6), (64, f64, 12)):
        yield one(
            f"EXPM1_{bits}", "e^r - 1 - r = r^2 (c0 + c1 r + ...), |r| <= ln(2)/2",
            lambda r: mp.expm1(r) - r, lambda r: 1 / abs(mp.expm1(r)) if r else mp.mpf(0),
            range(2, top + 1), -half, half, dtype,
        )  # fmt: skip
    yield "LN2_32", "ln 2 in two words: the first with 16 bits", words(LN2, 16, 2, f32), None
    yield "LN2_64", "ln 2 in two words: the first with 42 bits", words(LN2, 42, 2, f64), None
    for bits, dtype, count in ((32, f32, 5), (64, f64, 11)):
        yield one(
            f"TANH_{bits}", "tanh x - x = x z (c0 + c1 z + ...), z = x^2, |x| <= 0.55",
            even(lambda x: mp.tanh(x) - x, lambda x: x**3), even(lambda x: x**3, mp.tanh),
            range(count), 0, 0.3026, dtype,
        )  # fmt: skip
    for bits, dtype, count in ((32, f32, 4), (64, f64, 8)):
        yield one(
            f"SINH_{bits}", "sinh x - x = x z (c0 + c1 z + ...), z = x^2, |x| <= 1",
            even(lambda x: mp.sinh(x) - x, lambda x: x**3), even(lambda x: x**3, mp.sinh),
            range(count), 0, 1, dtype,
        )  # fmt: skip
    root = float(mp.sqrt(2))
    yield one(
        "LOG1P_32", "ln(1+f) - f + f^2/2 = f^3 (c0 + c1 f + ...), sqrt(1/2) <= 1+f <= sqrt(2)",
        lambda f: mp.log1p(f) - f + f * f / 2, lambda f: 1 / abs(mp.log1p(f)) if f else mp.mpf(0),
        range(3, 11), 1 / root - 1, root - 1, f32,
    )  # fmt: skip
    edge = float((root - 1) / (root + 1)) ** 2 * 1.0001
    yield one(
        "ATANH_64", "2 atanh(s) - 2 s = s z (c0 + c1 z + ...), z = s^2, |s| <= 0.1716",
        even(lambda s: 2 * mp.atanh(s) - 2 * s, lambda s: s * s * s), lambda z: z / 2,
        range(7), 0, edge, f64,
    )  # fmt: skip
    yield one(
        "ATANH_NARROW", "the same for results in float32",
        even(lambda s: 2 * mp.atanh(s) - 2 * s, lambda s: s * s * s), lambda z: z / 2,
        range(4), 0, edge, f64,
    )  # fmt: skip
    yield one(
        "ATANH_BEYOND", "2 atanh(s) - 2 s - 2/3 s z = s z^2 (c0 + c1 z + ...), z = s^2, |s| <= 0.1716",
        even(lambda s: 2 * mp.atanh(s) - 2 * s - 2 * s**3 / 3, lambda s: s**5), lambda z: z * z / 2,
        range(8), 0, edge, f64,
    )  # fmt: skip
    yield "HALF_PI_64", "pi / 2 in three words", words(mp.pi / 2, 53, 3, f64), None
    pieces = words(1 / (2 * mp.pi), 28, 8, f64)[:7]
    yield "TURN_PIECES", "1 / (2 pi) in words of 28 bits", pieces, None
    quarter = float((mp.pi / 4) ** 2) * 1.0002
    for name, dtype, count in (("32", f32, 4), ("64", f64, 7), ("NARROW", f64, 4)):
        yield one(
            f"SIN_{name}", "sin r - r = r z (c0 + c1 z + ...), z = r^2, |r| <= pi/4",
            even(lambda x: mp.sin(x) - x, lambda x: x**3), even(lambda x: x**3, mp.sin),
            range(count - (dtype is f32)), 0, quarter, dtype,
        )  # fmt: skip
        yield one(
            f"COS_{name}", "cos r - 1 + z/2 = z^2 (c0 + c1 z + ...), z = r^2, |r| <= pi/4",
            even(lambda x: mp.cos(x) - 1 + x**2 / 2, lambda x: x**4), even(lambda x: x**4, mp.cos),
            range(count - 1), 0, quarter, dtype,
        )  # fmt: skip
    eighth = float(mp.tan(mp.pi / 8) ** 2) * 1.0001
    for name, count in (("64", 12), ("NARROW", 6)):
        yield one(
            f"ATAN_{name}", "atan t - t = t z (c0 + c1 z + ...), z = t^2, |t| <= tan(pi/8)",
            even(lambda x: mp.atan(x) - x, lambda x: x**3), even(lambda x: x**3, mp.atan),
            range(count), 0, eighth, f64,
        )  # fmt: skip
    for name, count in (("64", 13), ("NARROW", 6)):
        yield one(
            f"ASIN_{name}", "asin s - s = s z (c0 + c1 z + ...), z = s^2 <= 1/4",
            even(lambda x: mp.asin(x) - x, lambda x: x**3), even(lambda x: x**3, mp.asin),
            range(count), 0, 0.25, f64,
        )  # fmt: skip
    for name, dtype, count in (("32", f32, 7), ("64", f64, 13), ("NARROW", f64, 8)):
        yield one(
            f"ERF_{name}", "erf x - x = x (c0 + c1 z + ...), z = x^2 <= 1",
            even(lambda x: mp.erf(x) - x, lambda x: x), even(lambda x: x, mp.erf),
            range(count), 0, 1, dtype,
        )  # fmt: skip
    yield one(
        "ERF_LOG_32", "-ln(erfc a) = c0 + c1 a + ..., 1 <= a <= 4; the error in erf",
        lambda a: -mp.log(mp.erfc(a)), mp.erfc, range(8), 1, 4, f32,
    )  # fmt: skip
    k = mp.mpf(3.75)

    def tail(t: Any) -> Any:
        a = k / t - k
        return mp.exp(a * a) * mp.erfc(a) / t

    low, high = float(k / (k + 28.1)), float(k / (k + 0.5)) * 1.0001
    says = "e^(a^2) erfc a = t (c0 + c1 t + ...), t = 3.75 / (a + 3.75), a >= 1/2"
    for name, count in (("64", 24), ("NARROW", 13)):
        given = (tail, lambda t: 1 / tail(t), range(count), low, high, f64)
        yield one(f"ERFC_{name}", says, *given)
        if name == "64":
            yield "ERFC_LOW", "what c0 and c1 have lost in rounding", lost(*given)[:2], None
