"""The graphs of 100 random programs, forward and gradients, in a browser against gradtape.

Floats: |found - wanted| <= LIMIT s, where s is the larger of the array's largest number and of what moves it: how far
the result goes when the graph's inputs are off by one rounding, in units of that rounding.  Integers: equal.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import programs
import pytest
from judge import ROUNDOFF, scale
from random_sources import Source, draw
from tests.backends.js.comparing import unlike

from gradtape.backends.interpreted import Interpreted
from gradtape.backends.js import emit
from gradtape.graph.ir import Graph
from gradtape.transforms import concrete

LIMIT = {"float32": 1e-6, "float64": 1e-12}
PROGRAMS = 100


class Run(NamedTuple):
    source: Source
    graph: Graph
    arrays: list[np.ndarray]
    results: list[np.ndarray]


class Noted(Interpreted):
    """A graph run by NumPy; each run is noted with its arrays and results."""

    runs: list[tuple[Graph, list[np.ndarray], list[np.ndarray]]] = []

    def run(self, *arrays: np.ndarray) -> tuple[np.ndarray, ...]:
        kept = [np.array(a) for a in arrays]
        found = super().run(*arrays)
        Noted.runs.append((self.graph, kept, [np.array(a) for a in found]))
        return found

    call = run


def executable_of(graph: Graph, donate: Mapping[int, int] | None = None) -> Any:
    return Noted(graph)


def runs_of(source: Source) -> list[Run]:
    """Each graph that a program compiles, its gradients among them, with a run of it."""
    Noted.runs = []
    programs.compiled(source)
    first = {id(run[0]): run for run in reversed(Noted.runs)}
    return [Run(source, *run) for run in first.values()]


def differs(run: Run, place: int, found: np.ndarray) -> str:
    """How a result is not what it should be."""
    wanted = run.results[place]
    if unlike(found, wanted):
        return unlike(found, wanted)
    if wanted.dtype.kind != "f":
        return ""
    finite = np.isfinite(wanted)
    error = np.abs(found[finite].astype(float) - wanted[finite].astype(float)).max(initial=0.0)
    limit = LIMIT[wanted.dtype.name]
    if error <= limit * np.abs(wanted[finite]).max(initial=0.0):
        return ""
    s = scale(wanted, moved(run, place), ROUNDOFF[run.source.dtype])
    return "" if error <= limit * s else f"off by {error}, allowed {limit * s}: {found}, {wanted}"


def moved(run: Run, place: int) -> list[np.ndarray]:
    """The result for inputs that are off by one rounding."""
    found = []
    for k in range(8):
        rng = np.random.default_rng(k)
        off = ROUNDOFF[run.source.dtype] * np.sign(rng.normal(size=64))
        nudged = [
            (a * (1 + np.resize(off, a.shape))).astype(a.dtype) if a.dtype.kind == "f" else a
            for a in run.arrays
        ]
        found.append(np.asarray(run.graph.run(*nudged)[place]))
    return found


def test_random_programs(engine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(concrete, "executable_of", executable_of)
    real = [source for source in map(draw, range(180)) if source.dtype in LIMIT][:PROGRAMS]
    assert len(real) == PROGRAMS
    runs = [run for source in real for run in runs_of(source)]
    assert sum(run.graph.name.endswith("gradient") for run in runs) > 20
    emitted = [emit(run.graph, at=run.arrays) for run in runs]
    # Only linear algebra stays fixed; that it is right where it is fixed is no test of anything.
    assert {f.equation.op for p in emitted for f in p.fixed} <= {
        "matrix_inverse",
        "matrix_determinant",
    }
    wrong = []
    for run, found in zip(runs, engine.run([(p, r.arrays) for p, r in zip(emitted, runs)])):
        texts = [found] if isinstance(found, str) else [
            differs(run, k, a) for k, a in enumerate(found)
        ]  # fmt: skip
        wrong += [f"seed {run.source.seed}, {run.graph.name}: {text}" for text in texts if text]
    assert not wrong, "\n".join([f"{len(wrong)} of {len(runs)} graphs", *wrong])
