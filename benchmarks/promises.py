"""What the project promises, checked against the times of one run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from benchmarks.measure import Times, quartiles, ratio
from benchmarks.peers import BOUNDS


class Verdict(NamedTuple):
    """`claim` about a workload; `limit` is at least (>=) or at most (<=) what was measured."""

    workload: str
    claim: str
    sense: str
    limit: float
    measured: float

    @property
    def holds(self) -> bool:
        above = self.measured >= self.limit
        return above if self.sense == ">=" else self.measured <= self.limit


class Fresh(NamedTuple):
    """What `measure.fresh` found of one workload: seconds and MiB by framework."""

    frameworks: dict[str, Any]

    def cold(self, name: str) -> float:
        return self.frameworks[name]["cold"]["median"]

    def peak(self, name: str) -> float:
        return self.frameworks[name]["memory"]["peak"]


def others(times: Times | dict[str, Any]) -> list[str]:
    """The peers: whatever is neither gradtape nor a bound."""
    return [n for n in times if not n.startswith("gradtape") and n not in BOUNDS]


def fastest(times: Times) -> str:
    return min(others(times), key=lambda name: quartiles(times[name])["median"])


def faster(ours: str, peer: str, limit: float) -> Callable[[str, Times], Iterator[Verdict]]:
    """At least so many times as fast as a peer."""

    def check(workload: str, times: Times) -> Iterator[Verdict]:
        theirs = fastest(times) if peer == "the fastest peer" else peer
        if ours in times and theirs in times:
            claim = f"{ours}: times as fast as {peer}"
            claim += f", {theirs}" * (theirs != peer)
            yield Verdict(workload, claim, ">=", limit, ratio(times, theirs, ours)["median"])

    return check


def over(ours: str, bound: str, limit: float) -> Callable[[str, Times], Iterator[Verdict]]:
    """At most so many times what it cannot do without."""

    def check(workload: str, times: Times) -> Iterator[Verdict]:
        if ours in times and bound in times:
            measured = ratio(times, ours, bound)["median"]
            yield Verdict(workload, f"{ours}: time over its {bound}", "<=", limit, measured)

    return check


def bound_of(times: Times) -> list[float]:
    """Of each round: the longer of a plain copy and the three functions in the fastest way there is."""
    ways = [n for n in times if n.startswith("functions in ")]
    way = min(ways, key=lambda name: quartiles(times[name])["median"])
    return [max(pair) for pair in zip(times["plain copy"], times[way])]


def share(ours: str, limit: float) -> Callable[[str, Times], Iterator[Verdict]]:
    """At least this share of the speed that memory and functions allow."""

    def check(workload: str, times: Times) -> Iterator[Verdict]:
        if ours in times and "plain copy" in times and "functions in NumPy" in times:
            shares = [b / t for b, t in zip(bound_of(times), times[ours])]
            measured = quartiles(shares)["median"]
            yield Verdict(workload, f"{ours}: share of the bound", ">=", limit, measured)

    return check


FUNCTION, EAGER = "gradtape function", "gradtape eager"
MOST = {"sgd": {32: 1.08, 128: 1.08, 512: 1.08}, "adam": {32: 1.25, 128: 1.15, 512: 1.08}}
PROMISES: dict[str, list[Callable[[str, Times], Iterator[Verdict]]]] = {
    "neuron": [faster(EAGER, "TensorFlow eager", 25), faster(EAGER, "PyTorch eager", 2)],
    "two_layer": [
        faster(EAGER, "TensorFlow eager", 25),
        faster(EAGER, "PyTorch eager", 2),
        faster(FUNCTION, "JAX jit", 2.5),
    ],
    "loop_100": [faster(FUNCTION, "JAX scan", 2)],
    **{
        f"mlp_{optimizer}_{batch}": [
            faster(FUNCTION, "the fastest peer", 1),
            over(FUNCTION, "bare products", most),
        ]
        for optimizer, limits in MOST.items()
        for batch, most in limits.items()
    },
    "chain": [share(FUNCTION, 0.8)],
    "lesson": [faster("gradtape", "TensorFlow 2.12", 5)],
}


def verdicts(workload: str, times: Times) -> list[Verdict]:
    """The verdicts on one workload from its times."""
    found = [v for check in PROMISES.get(workload, ()) for v in check(workload, times)]
    if workload == "import":
        above = [1e3 * (g - n) for g, n in zip(times["gradtape"], times["numpy alone"])]
        claim = "gradtape: ms above a bare numpy"
        found.append(Verdict(workload, claim, "<=", 60, quartiles(above)["median"]))
    if workload == "lesson":
        seconds = quartiles(times["gradtape"])["median"]
        found.append(Verdict(workload, "gradtape: seconds", "<=", 2, seconds))
    return found


def fresh_verdicts(workload: str, fresh: Fresh) -> list[Verdict]:
    """The verdicts on first call and memory."""
    found = []
    frameworks = fresh.frameworks
    if FUNCTION not in frameworks:
        return found
    if workload == "two_layer":
        ms = 1e3 * fresh.cold(FUNCTION)
        found.append(Verdict(workload, "gradtape function: first call in ms", "<=", 250, ms))
    if workload.startswith("mlp"):
        if "JAX jit" in frameworks:
            measured = fresh.cold(FUNCTION) / fresh.cold("JAX jit")
            claim = "gradtape function: first call over JAX's"
            found.append(Verdict(workload, claim, "<=", 0.5, measured))
        if peers := others(frameworks):
            leanest = min(peers, key=fresh.peak)
            measured = fresh.peak(FUNCTION) / max(fresh.peak(leanest), 1e-3)
            claim = f"gradtape function: peak memory over the leanest peer's, {leanest}"
            found.append(Verdict(workload, claim, "<=", 1, measured))
    return found
