"""A description of the machine on which a run was made."""

from __future__ import annotations

import ctypes
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.peers import environment, interpreter

ROOT = Path(__file__).resolve().parents[1]


def cpu_model() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in text.splitlines() if "model name" in line]
    return names[0] if names else platform.machine()


def vector_width() -> int:
    """Bytes of the widest vector registers that the processor says it has."""
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8").split("flags", 2)[1].split()
    except (OSError, IndexError):
        return 16
    return 64 if "avx512f" in flags else 32 if "avx2" in flags else 16


def blas_kernels() -> str:
    """The processor whose kernels NumPy's OpenBLAS has chosen in this process; empty if unknown."""
    import numpy

    libraries = Path(numpy.__file__).parent.parent / "numpy.libs"
    for path in libraries.glob("*openblas*"):
        library = ctypes.CDLL(str(path))
        for name in ("scipy_openblas_get_corename64_", "openblas_get_corename64_"):
            if hasattr(library, name):
                function = getattr(library, name)
                function.restype = ctypes.c_char_p
                return function().decode()
    return ""


def describe() -> dict[str, Any]:
    """Processor, cores, memory, system, the kernels of NumPy's BLAS, and how busy the machine was."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    ours = interpreter("GRADTAPE_PYTHON") or sys.executable
    code = "from benchmarks.machine import blas_kernels; print(blas_kernels())"
    done = subprocess.run(
        [ours, "-c", code], capture_output=True, text=True, cwd=ROOT, env=environment()
    )
    return {
        "cpu": cpu_model(),
        "cores": usable,
        "vector_bytes": vector_width(),
        "memory_gib": round(pages / 2**30, 1),
        "system": f"{platform.system()} {platform.machine()}",
        "blas": done.stdout.strip(),
        "load": [round(x, 2) for x in os.getloadavg()],
    }


def commit() -> str:
    """The commit of the working tree, marked where it differs from it."""
    command = ["git", "describe", "--always", "--dirty", "--abbrev=10"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    return done.stdout.strip() or "unknown"
