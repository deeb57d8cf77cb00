"""Coefficients of the compiled functions: minimax polynomials by Remez's exchange.

    python tools/minimax.py > src/gradtape/backends/llvm/mathfn/coefficients.py

Each polynomial sum c_k x^e_k is as near to its function as can be: the largest weighted error on the interval is
least.  The coefficients are then rounded to their format, and the error of the rounded ones is written beside them; the
leading terms, where a rounding would count, are no part of the polynomials but stand exactly in the code.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

import mpmath as mp
import numpy as np

mp.mp.prec = 220
F = Callable[[mp.mpf], mp.mpf]


def exchange(f: F, weight: F, powers: Sequence[int], a: mp.mpf, b: mp.mpf) -> list[mp.mpf]:
    """The coefficients of the powers that make max |f - p| weight least on [a, b]."""
    n = len(powers)
    m = 24 * (n + 2) + 1  # odd: no point in the middle, where a weight may vanish
    grid = [(a + b) / 2 - (b - a) / 2 * mp.cos(mp.pi * i / m) for i in range(m + 1)]
    # An odd lowest power changes the sign of every error at 0: without it, the signs alternate throughout.
    turn = -1 if powers[0] % 2 else 1
    values, weights = [f(x) for x in grid], [weight(x) * (turn if x < 0 else 1) for x in grid]
    rows = [[x**k for k in powers] for x in grid]
    nodes = [round(i * m / (n + 0.1)) for i in range(n + 1)]
    found: list[mp.mpf] = []
    for _ in range(40):
        matrix = mp.matrix(n + 1)
        right = mp.matrix(n + 1, 1)
        for i, g in enumerate(nodes):
            for j in range(n):
                matrix[i, j] = rows[g][j] * weights[g]
            matrix[i, n] = (-1) ** i
            right[i] = values[g] * weights[g]
        solution = mp.lu_solve(matrix, right)
        found = [solution[j] for j in range(n)]
        errors = [(v - mp.fdot(r, found)) * w for v, r, w in zip(values, rows, weights)]
        largest = max(abs(e) for e in errors)
        if largest <= abs(solution[n]) * mp.mpf("1.003"):
            break
        nodes = alternation(errors, n + 1, nodes)
    return found


def alternation(errors: list[mp.mpf], count: int, old: list[int]) -> list[int]:
    """The places of `count` extremes of the error with alternating signs."""
    peaks: list[int] = []
    for i, e in enumerate(errors):
        if e == 0:
            continue
        if peaks and (errors[peaks[-1]] > 0) == (e > 0):
            if abs(e) > abs(errors[peaks[-1]]):
                peaks[-1] = i
        else:
            peaks.append(i)
    while len(peaks) > count:  # the smaller end goes
        peaks.pop(0 if abs(errors[peaks[0]]) < abs(errors[peaks[-1]]) else -1)
    return peaks if len(peaks) == count else old


def rounded(x: mp.mpf, dtype: type) -> mp.mpf:
    """The nearest number of the format."""
    if x == 0:
        return mp.mpf(0)
    bits = 24 if dtype is np.float32 else 53
    mantissa, exponent = mp.frexp(x)
    return mp.ldexp(mp.nint(mp.ldexp(mantissa, bits)), int(exponent) - bits)


def fit(
    f: F, weight: F, powers: Sequence[int], a: float, b: float, dtype: type
) -> tuple[list[float], float]:
    """Rounded coefficients of the powers, and log2 of the largest weighted error."""
    low, high = mp.mpf(a), mp.mpf(b)
    found = [rounded(c, dtype) for c in exchange(f, weight, powers, low, high)]
    n = 600
    error = max(
        abs((f(x) - mp.fsum(c * x**k for c, k in zip(found, powers))) * weight(x))
        for x in (low + (high - low) * (mp.mpf(i) + mp.mpf(0.5)) / n for i in range(n))
    )
    return [float(c) for c in found], float(mp.log(error, 2))


def lost(f: F, weight: F, powers: Sequence[int], a: float, b: float, dtype: type) -> list[float]:
    """What the coefficients of `fit` have lost in rounding."""
    exact = exchange(f, weight, powers, mp.mpf(a), mp.mpf(b))
    return [float(c - rounded(c, dtype)) for c in exact]


def text(name: str, says: str, coefficients: Sequence[float], error: float | None) -> str:
    """A tuple of hexadecimal numbers, lowest power first."""
    bound = f": error 2^{error:.1f}" if error is not None else ""
    lines = [f"# {says}{bound}", f"{name} = _numbers(", '    """']
    words = [float(c).hex() for c in coefficients]
    lines += ["    " + " ".join(words[i : i + 4]) for i in range(0, len(words), 4)]
    return "\n".join([*lines, '    """', ")"])


def words(x: mp.mpf, bits: int, count: int, dtype: type) -> list[float]:
    """x as a sum of `count` numbers of at most `bits` bits each, the last one rounded to the format."""
    parts = []
    for i in range(count):
        mantissa, exponent = mp.frexp(x)
        if i < count - 1:
            part = mp.ldexp(mp.floor(mp.ldexp(mantissa, bits)), int(exponent) - bits)
        else:
            part = rounded(x, dtype)
        parts.append(float(part))
        x -= part
    return parts


def tables() -> list[str]:
    from minimax_functions import entries

    return [text(*entry) for entry in entries(fit, lost, words)]


def main() -> None:
    sys.path.insert(0, __file__.rpartition("/")[0])
    print(
        '"""Coefficients of minimax polynomials, lowest power first: made by tools/minimax.py."""'
    )
    print()
    print("from __future__ import annotations")
    print()
    print()
    print("def _numbers(text: str) -> tuple[float, ...]:")
    print("    return tuple(float.fromhex(word) for word in text.split())")
    print()
    for entry in tables():
        print()
        print(entry)


if __name__ == "__main__":
    main()
