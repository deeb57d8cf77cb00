"""The largest errors of the compiled functions, in units of the last place: the table of docs/compiled-functions.md.

    python tools/ulps.py            # float32: every 61st number; float64: 40,000 arguments of each function
    python tools/ulps.py 1 exp      # float32: all 2^32 of them, of one function

float32 is measured against NumPy's and SciPy's float64, float64 against mpmath with 220 bits.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "backends"))
from compiling import ulps  # pyright: ignore[reportMissingImports]
from test_math_functions import (  # pyright: ignore[reportMissingImports]
    NAMES,
    compiled,
    exactly,
    spread,
    wide,
)

BLOCK = 1 << 22


def float32(name: str, step: int) -> float:
    """Over every `step`-th float32, by its bits."""
    run, exact, worst = compiled(name, "float32", lanes=16), wide(name), 0.0
    for start in range(0, 2**32, BLOCK * step):
        bits = np.arange(start, min(start + BLOCK * step, 2**32), step, dtype=np.uint64)
        x = bits.astype(np.uint32).view(np.float32)
        with np.errstate(all="ignore"):
            worst = max(worst, float(ulps(run(x), exact(x.astype(np.float64))).max()))
    return worst


def float64(name: str, count: int) -> float:
    """Over `count` arguments of all sizes."""
    x = spread(name, count // 3, np.random.default_rng(7))
    return float(ulps(compiled(name, "float64")(x), exactly(name, x)).max())


def main(step: int = 61, *names: str) -> None:
    print("| function | float32 | float64 |")
    print("|---|---|---|")
    for name in names or NAMES:
        print(f"| `{name}` | {float32(name, step):.2f} | {float64(name, 40_000):.2f} |", flush=True)


if __name__ == "__main__":
    main(*[int(a) if a.isdigit() else a for a in sys.argv[1:]])
