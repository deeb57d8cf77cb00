"""Many training steps of a network as one call: a whole training loop, its last loss returned."""

from __future__ import annotations

from typing import Any, NamedTuple

from benchmarks.workloads import network


class Problem(NamedTuple):
    steps: int
    network: network.Problem


def data(steps: int, **arguments: Any) -> Problem:
    return Problem(steps, network.data(**arguments))
