"""Measuring: interleaved rounds, agreement of the results, medians and ratios with their spread."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

from benchmarks.catalog import CATALOG, Work
from benchmarks.peers import Peer, environment

PAUSE_S = 0.05  # before a turn: the idle threads of the last one still look for work, and take a processor
SLICE_S = 0.1  # one framework's turn in one round; short, so that a disturbance hits all alike
OURS = (
    "gradtape function",
    "gradtape eager",
)  # what the others are set against: the first there is
Times = dict[str, list[float]]


def quartiles(values: list[float]) -> dict[str, float]:
    """Median and quartiles."""
    if len(values) == 1:
        return {"median": values[0], "low": values[0], "high": values[0]}
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return {"median": middle, "low": low, "high": high}


def rounds_of(turns: dict[str, Callable[[], float]], rounds: int) -> Times:
    """Seconds of each turn in each round; the order rotates, so that nobody is always first."""
    times: Times = {name: [] for name in turns}
    names = list(turns)
    for n in range(rounds):
        k = n % len(names)
        for name in names[k:] + names[:k]:
            time.sleep(PAUSE_S)
            times[name].append(turns[name]())
    return times


def ratio(times: Times, above: str, below: str) -> dict[str, float]:
    """The ratio of two, taken within each round."""
    return quartiles([a / b for a, b in zip(times[above], times[below])])


def summarize(times: Times, ours: str) -> dict[str, Any]:
    """Seconds by framework, and the ratio of each to ours, taken within each round."""
    return {
        name: {"seconds": quartiles(values), "ratio": ratio(times, name, ours)}
        for name, values in times.items()
    }


def agreement(answers: dict[str, dict[str, Any]], reference: str) -> dict[str, float]:
    """Largest difference to the reference, in losses and arrays, relative to the largest entry."""
    worst = {}
    base = answers[reference]
    for name, answer in answers.items():
        pairs = list(zip([answer["losses"], *answer["state"]], [base["losses"], *base["state"]]))
        worst[name] = max(
            max(abs(a - b) for a, b in zip(mine, theirs)) / (max(map(abs, theirs)) or 1.0)
            for mine, theirs in pairs
        )
    return worst


def chosen(work: Work, wanted: set[str]) -> list[str]:
    """The frameworks to run: the wanted ones, always with gradtape and NumPy."""
    names = [n for n in work.frameworks if not wanted or n in wanted | {*OURS, "NumPy by hand"}]
    return [*names, *(n for n in work.bounds if not wanted or n in wanted)]


def said(framework: str, error: RuntimeError) -> str:
    """Why a framework is left out; shown at once, too."""
    text = " ".join(str(error).split())[:500]
    print(f"  {framework}: {text}", file=sys.stderr, flush=True)
    return text


def steps(name: str, rounds: int, wanted: set[str]) -> dict[str, Any]:
    """Time one workload in all frameworks, side by side."""
    work = CATALOG[name]
    peers: dict[str, Peer] = {}
    started: list[Peer] = []
    missing: dict[str, str] = {}
    answers: dict[str, dict[str, Any]] = {}
    turns: dict[str, Callable[[], float]] = {}
    try:
        for framework in chosen(work, wanted):
            try:
                peer = Peer.start(framework, work)
                started.append(peer)
                peers[framework] = peer
                if framework not in work.bounds:
                    answers[framework] = peer.ask(do="check", steps=work.check)
            except RuntimeError as error:
                peers.pop(framework, None)
                missing[framework] = said(framework, error)
        difference = agreement(answers, "NumPy by hand")
        for framework, peer in peers.items():
            try:
                if difference.get(framework, 0.0) > work.tolerance:
                    raise RuntimeError(f"its results differ by {difference[framework]:.1e}")
                turns[framework] = turn(peer, work)
            except RuntimeError as error:
                missing[framework] = said(framework, error)
        if not any(ours in turns for ours in OURS):
            raise RuntimeError(missing[OURS[-1]])
        times = rounds_of(turns, rounds)
        return {
            "rounds": rounds,
            "per": work.per,
            "times": times,
            "versions": {name: peers[name].versions for name in turns},
            "difference": difference,
            "missing": missing,
        }
    finally:
        for peer in started:
            peer.stop()


def turn(peer: Peer, work: Work) -> Callable[[], float]:
    """Warm the peer up; what is returned gives the seconds of one step, in one turn."""
    if work.once:
        # a step here is many first times: each needs a process that has not seen them
        return lambda: anew(peer.name, work) / work.per
    one = peer.ask(do="warm", seconds=3 * SLICE_S)["seconds"]
    n = max(1, int(SLICE_S / max(one, 1e-7)))
    return lambda: peer.ask(do="time", steps=n)["seconds"] / (n * work.per)


def anew(framework: str, work: Work) -> float:
    peer = Peer.start(framework, work)
    try:
        return peer.ask(do="time", steps=1)["seconds"]
    finally:
        peer.stop()


# These keep compiled code on disk.
CACHED = ("gradtape function", "PyTorch compile", "JAX jit", "JAX scan")
JAX_CACHE = {
    "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
}


def first_call(framework: str, work: Work) -> dict[str, Any]:
    """Fresh processes: the first step with empty caches, then with warm ones; the memory of the first.

    JAX keeps nothing on disk unless asked; only the warm figure asks.
    """
    with tempfile.TemporaryDirectory() as folder:
        cold = {
            "GRADTAPE_CACHE": f"{folder}/gradtape",
            "TORCHINDUCTOR_CACHE_DIR": f"{folder}/inductor",
            "TRITON_CACHE_DIR": f"{folder}/triton",
        }
        warm = {**cold, **JAX_CACHE, "JAX_COMPILATION_CACHE_DIR": f"{folder}/jax"}
        variants = [cold]
        if framework in CACHED:
            variants += [warm, warm] if framework.startswith("JAX") else [warm]
        answers = []
        for variables in variants:
            peer = Peer.start(framework, work, **variables)
            try:
                answers.append(peer.ask(do="fresh", steps=20 if work.check == 20 else 2))
            finally:
                peer.stop()
        result = {"cold": answers[0]["first"], "memory": answers[0]["memory"]}
        if len(answers) > 1:
            result["warm"] = answers[-1]["first"]
        return result


def fresh(name: str, rounds: int, wanted: set[str]) -> dict[str, Any]:
    """First call and peak memory of one workload in all frameworks."""
    work = CATALOG[name]
    found: dict[str, list[dict[str, Any]]] = {}
    missing: dict[str, str] = {}
    for n in range(rounds):
        names = [f for f in work.frameworks if f in chosen(work, wanted) and f not in missing]
        for framework in names[n % len(names) :] + names[: n % len(names)]:
            try:
                found.setdefault(framework, []).append(first_call(framework, work))
            except RuntimeError as error:
                missing[framework] = said(framework, error)
                found.pop(framework, None)
    frameworks = {}
    for framework in [f for f in work.frameworks if f in found]:
        rows = found[framework]
        frameworks[framework] = {
            kind: quartiles([row[kind] for row in rows])
            for kind in ("cold", "warm")
            if kind in rows[0]
        }
        keys = rows[0]["memory"]
        frameworks[framework]["memory"] = {
            k: statistics.median(row["memory"][k] for row in rows) for k in keys
        }
    return {"rounds": rounds, "frameworks": frameworks, "missing": missing}


def processes(commands: dict[str, list[str]], rounds: int) -> dict[str, Any]:
    """Time whole processes, from their start to their end, side by side."""

    def run(command: list[str]) -> float:
        begin = time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True, env=environment())
        if done.returncode:
            raise RuntimeError(f"{' '.join(command[1:3])} failed:\n{done.stderr[-2000:]}")
        return time.perf_counter() - begin

    missing: dict[str, str] = {}
    for name, command in commands.items():
        try:
            run(command)  # the files come from the disk once
        except RuntimeError as error:
            missing[name] = said(name, error)
    turns = {n: lambda c=command: run(c) for n, command in commands.items() if n not in missing}
    if "gradtape" not in turns:
        raise RuntimeError(missing["gradtape"])
    return {"rounds": rounds, "times": rounds_of(turns, rounds), "missing": missing}
