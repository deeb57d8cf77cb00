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


def entries(fit: Any, words: Any) -> Iterator[tuple[str, str, list[float], float | None]]:
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
