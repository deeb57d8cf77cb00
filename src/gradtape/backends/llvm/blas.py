"""The BLAS that NumPy has loaded: its functions by address, and the integers that they take.

Wheels of NumPy carry an OpenBLAS whose names are dressed (`scipy_cblas_sgemm64_`, integers of 64 bits); other builds
have the plain names and 32 bits.  Where none is found, products are left to NumPy.
"""

from __future__ import annotations

import ctypes
import importlib
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

DRESSES = (
    ("scipy_", "64_", 64),
    ("", "64_", 64),
    ("scipy_", "", 32),
    ("", "", 32),
)  # before, after, bits


class Blas:
    """A library, and how its names are dressed."""

    def __init__(self, library: Any, before: str, after: str, bits: int):
        self._library, self._before, self._after, self.bits = library, before, after, bits

    def address(self, name: str) -> int:
        """Where `cblas_sgemm` and its like begin."""
        function = getattr(self._library, f"{self._before}{name}{self._after}")
        return ctypes.cast(function, ctypes.c_void_p).value or 0


@cache
def blas() -> Blas | None:
    """The BLAS at hand, or None."""
    for path in _candidates():
        try:
            library = ctypes.CDLL(path)
        except OSError:
            continue
        for before, after, bits in DRESSES:
            if hasattr(library, f"{before}cblas_sgemm{after}"):
                return Blas(library, before, after, bits)
    return None


def _candidates() -> list[str]:
    """Libraries that may hold it: those that this process has loaded, those beside NumPy, those of a package."""
    found: list[str] = []
    maps = Path("/proc/self/maps")
    if maps.exists():
        for line in maps.read_text().splitlines():
            path = line.split(maxsplit=5)[-1]
            if path.startswith("/") and ("blas" in Path(path).name.lower() or "mkl_rt" in path):
                found.append(path)
    folder = Path(np.__file__).parents[1]
    for beside in (folder / "numpy.libs", Path(np.__file__).parent / ".dylibs"):
        if beside.is_dir():
            found += [str(p) for p in sorted(beside.iterdir()) if "blas" in p.name.lower()]
    for package in ("scipy_openblas64", "scipy_openblas32"):
        try:
            module = importlib.import_module(package)
        except ImportError:
            continue
        found += [str(p) for p in Path(module.get_lib_dir()).glob("*openblas*.so")]
    return list(dict.fromkeys(found))
