"""One framework in one process of its own: reads commands as JSON lines, answers in JSON lines.

{"do": "start", "folder": ..., "module": ..., ...}  -> {"versions": {...}}   import, and make the numbers
{"do": "fresh", "steps": 20}     -> {"build": s, "first": s, "memory": {...}}   the first step's time
{"do": "check", "steps": 20}     -> {"losses": [...], "state": [[...], ...]}    from a fresh start
{"do": "warm", "seconds": 0.2}   -> {"seconds": 0.0123}     steps for so long; the time of the last
{"do": "time", "steps": 1000}    -> {"seconds": 0.0123}     wall clock
"""

from __future__ import annotations

import importlib
import json
import os
import platform
import sys
import time
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
ANSWERS = os.fdopen(os.dup(1), "w")  # the real stdout; a library that prints shall not disturb
os.dup2(2, 1)

SAMPLE = 4096  # entries of an array that are compared


class Worker:
    """Holds the workload between commands."""

    def start(
        self, folder: str, module: str, package: str, mode: str, arguments: dict[str, Any]
    ) -> dict[str, Any]:
        room = f"benchmarks.workloads.{folder}"
        self.cls = importlib.import_module(f"{room}.{module}").Workload
        name = package or module.removeprefix("bound_")
        framework = importlib.import_module("numpy" if name in ("products", "copy") else name)
        self.arguments = (framework,) if package else ()
        self.arguments += (mode, importlib.import_module(room).data(**arguments))
        self.workload: Any = None
        version = getattr(framework, "__version__", None) or metadata_version(name)
        numpy = importlib.import_module("numpy").__version__
        return {
            "versions": {
                "framework": version,
                "numpy": numpy,
                "python": platform.python_version(),
            }
        }

    def fresh(self, steps: int) -> dict[str, Any]:
        base = memory("VmRSS")
        forget_peak()
        begin = time.perf_counter()
        self.workload = self.cls(*self.arguments)
        built = time.perf_counter()
        self.workload.step()
        end = time.perf_counter()
        first_peak = memory("VmHWM")
        self.workload.step()
        forget_peak()
        for _ in range(steps):
            self.workload.step()
        steady = memory("VmHWM")
        mib = {
            "base": base,
            "first": first_peak - base,
            "steady": steady - base,
            "peak": max(first_peak, steady) - base,
        }
        return {"build": built - begin, "first": end - built, "memory": mib}

    def check(self, steps: int) -> dict[str, Any]:
        fresh = self.cls(*self.arguments)
        losses = [fresh.step() for _ in range(steps)]
        state = fresh.state() if hasattr(fresh, "state") else []
        return {"losses": losses, "state": [sample(a) for a in state]}

    def warm(self, seconds: float) -> dict[str, Any]:
        if self.workload is None:
            self.workload = self.cls(*self.arguments)
        self.workload.step()
        n, begin, took = 1, time.perf_counter(), 0.0
        while time.perf_counter() - begin < seconds:
            took = self.time(n)["seconds"] / n
            n *= 2
        return {"seconds": took}

    def time(self, steps: int) -> dict[str, Any]:
        if self.workload is None:
            self.workload = self.cls(*self.arguments)
        step = self.workload.step
        begin = time.perf_counter()
        for _ in range(steps):
            step()
        return {"seconds": time.perf_counter() - begin}


def sample(array: Any) -> list[float]:
    """At most SAMPLE entries, spread over the whole array."""
    flat = array.reshape(-1)
    return flat[:: 1 + flat.size // SAMPLE].tolist()


def memory(field: str) -> float:
    """A figure of this process's memory, in MiB: VmRSS (now), VmHWM (the largest since `forget_peak`)."""
    with open("/proc/self/status", encoding="ascii") as file:
        for line in file:
            if line.startswith(field + ":"):
                return int(line.split()[1]) / 1024
    raise KeyError(field)


def forget_peak() -> None:
    """Let VmHWM start anew from the present."""
    with open("/proc/self/clear_refs", "w", encoding="ascii") as file:
        file.write("5")


def metadata_version(package: str) -> str:
    from importlib.metadata import version

    return version(package)


def main() -> None:
    worker = Worker()
    for line in sys.stdin:
        command = json.loads(line)
        try:
            answer = getattr(worker, command.pop("do"))(**command)
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
            if os.environ.get("BENCH_STDERR"):
                import traceback

                traceback.print_exc()
        print(json.dumps(answer), file=ANSWERS, flush=True)


if __name__ == "__main__":
    main()
