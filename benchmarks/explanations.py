"""What it costs to record where things come from: the lesson's eager steps with the setting on, and with it off.

python -m benchmarks.explanations [--only neuron two_layer] [--rounds 101] [--no-history]

Both are the same objects in one process: turns of some hundred steps alternate, and the ratio is taken within each
round. `gradtape.config.explanations` is the setting. Exit status 1 where a ratio is above what is promised.
"""

from __future__ import annotations

import argparse
import datetime
import gc
import importlib
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradtape as tf
from benchmarks import machine
from benchmarks.catalog import CATALOG
from benchmarks.measure import Times, quartiles, ratio
from benchmarks.promises import Verdict
from benchmarks.run import HISTORY, append, judged

WORKLOADS = ("neuron", "two_layer", "deep")
ON, OFF = "recording places", "recording none"
LIMIT = 1.10
TURN_S = 0.02  # short turns: what else the machine does hits both


def workload(name: str) -> Any:
    """gradtape's eager version of a workload of the catalog."""
    work = CATALOG[name]
    room = f"benchmarks.workloads.{work.folder}"
    problem = importlib.import_module(room).data(**work.arguments)
    return importlib.import_module(f"{room}.tensorflow_api").Workload(tf, "eager", problem)


def turn(step: Callable[[], Any], explanations: bool, n: int) -> float:
    """Seconds of one of `n` steps with the setting."""
    before = tf.config.explanations
    tf.config.explanations = explanations
    try:
        step()
        begin = time.perf_counter()
        for _ in range(n):
            step()
        return (time.perf_counter() - begin) / n
    finally:
        tf.config.explanations = before


def measured(name: str, rounds: int) -> Times:
    """Seconds of a step with and without, round by round."""
    step = workload(name).step
    n = max(3, int(TURN_S / max(turn(step, True, 5), 1e-7)))
    times: Times = {ON: [], OFF: []}
    gc.collect()
    for k in range(rounds):
        for on in (True, False) if k % 2 else (False, True):
            times[ON if on else OFF].append(turn(step, on, n))
    return times


def verdict(name: str, times: Times) -> Verdict:
    claim = "gradtape eager: time of a step with places recorded over that without"
    return Verdict(name, claim, "<=", LIMIT, ratio(times, ON, OFF)["median"])


def main(command: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", choices=list(CATALOG), default=list(WORKLOADS))
    parser.add_argument("--rounds", type=int, default=101)
    parser.add_argument("--history", type=Path, default=HISTORY, help="the folder to append to")
    parser.add_argument("--no-history", action="store_true")
    given = parser.parse_args(command)
    found = []
    for name in given.only:
        times = measured(name, given.rounds)
        found.append(verdict(name, times))
        over = ratio(times, ON, OFF)
        medians = "  ".join(
            [f"{k} {1e6 * quartiles(v)['median']:8.1f} us" for k, v in times.items()]
        )
        print(
            f"{name:<12}{medians}  ratio {over['median']:.3f} ({over['low']:.3f} to {over['high']:.3f})"
        )
        if not given.no_history:
            record = {
                "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
                "commit": machine.commit(), "machine": machine.describe(), "workload": name,
                "frameworks": {k: {"seconds": quartiles(v)} for k, v in times.items()}, "ratio": over,
                "promises": judged(found[-1:]),
            }  # fmt: skip
            append(given.history, "explanations", record)
    return 0 if all(v.holds for v in found) else 1


if __name__ == "__main__":
    sys.exit(main())
