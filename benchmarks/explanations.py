"""What it costs to record where things come from: the lesson's eager steps with the setting on, and with it off.

python -m benchmarks.explanations [--only neuron two_layer] [--rounds 101] [--json]

Both are the same objects in one process: turns of some hundred steps alternate, and the ratio is taken within each
round. `gradtape.config.explanations` is the setting. Exit status 1 where a ratio is above what is promised.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import json
import sys
import time
from collections.abc import Callable
from typing import Any

import gradtape as tf
from benchmarks.catalog import CATALOG
from benchmarks.measure import Times, quartiles, ratio
from benchmarks.promises import Verdict

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
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args(command)
    results = {}
    holds = True
    for name in given.only:
        times = measured(name, given.rounds)
        holds = holds and verdict(name, times).holds
        over, medians = ratio(times, ON, OFF), {k: quartiles(v)["median"] for k, v in times.items()}
        results[name] = {"seconds": medians, "ratio": over}
        if not given.json:
            texts = "  ".join([f"{k} {1e6 * v:8.1f} us" for k, v in medians.items()])
            spread = f"({over['low']:.3f} to {over['high']:.3f})"
            print(f"{name:<12}{texts}  ratio {over['median']:.3f} {spread}")
    if given.json:
        print(json.dumps(results))
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
