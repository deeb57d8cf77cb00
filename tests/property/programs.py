"""Random programs run four ways: eagerly, as a traced function (twice), and in float64 by the judge."""

from __future__ import annotations

import linecache
from dataclasses import dataclass
from typing import Any

import judge
import numpy as np
from random_sources import Source, dtypes_of

import gradtape as tf
from gradtape.base import tree
from gradtape.base.config import settings
from gradtape.base.quiet import quiet

WIDE = {
    "float16": "float64",
    "bfloat16": "float64",
    "float32": "float64",
    "complex64": "complex128",
}
ROUNDS = 8  # runs of the judge
ILL = 1e4  # a program whose results a rounding moves by more than so many roundoffs says nothing


@dataclass
class Outcome:
    source: Source
    eager: list[str]
    compiled: list[str]
    ill: bool

    def __str__(self) -> str:
        lines = [
            f"seed {self.source.seed}, {self.source.dtype}, order {self.source.order}, inside {self.source.inside}"
        ]
        lines += [f"eager: {t}" for t in self.eager] + [f"compiled: {t}" for t in self.compiled]
        return "\n".join([*lines, self.source.text])


def module(source: Source, dtype: str) -> dict[str, Any]:
    """The program's names, its source where `inspect` finds it."""
    name = f"<random program {source.seed} {dtype}>.py"
    lines = source.text.splitlines(keepends=True)
    linecache.cache[name] = (len(source.text), None, lines, name)
    scope: dict[str, Any] = {"tf": tf, "FLAG": True, "TRACES": [], "__name__": f"random_program_{source.seed}",
                             **dtypes_of(dtype)}  # fmt: skip
    exec(compile(source.text, name, "exec"), scope)
    return scope


def inputs(source: Source, dtype: str) -> list[Any]:
    wide = dtype != source.dtype
    with quiet():
        arrays = [
            a.astype(WIDE.get(a.dtype.name, a.dtype.name)) if wide else a for a in source.arrays
        ]
    return [tf.constant(a) for a in arrays]


def call(scope: dict[str, Any], function: Any, *arguments: Any) -> list[np.ndarray]:
    """The flat results, and the variable's value in the end."""
    if "reset" in scope:
        scope["reset"]()
    results = tree.flatten(function(*arguments))
    state = [scope["s0"]] if "reset" in scope else []
    return [np.array(t.numpy()) for t in [*results, *state]]


def exactly(source: Source) -> tuple[list[np.ndarray], list[float]]:
    """The results in float64, and how large each is for the purpose of a tolerance."""
    dtype = WIDE.get(source.dtype, source.dtype)
    scope, arguments = module(source, dtype), inputs(source, dtype)
    program = scope["program"]
    exact = call(scope, program, *arguments)
    roundoff = judge.ROUNDOFF[source.dtype]
    moved: list[list[np.ndarray]] = []
    for k in range(ROUNDS):
        rng = np.random.default_rng([source.seed, k])
        # A second tape makes every rule go through the operations, where its roundings are moved, too.
        with judge.rounding(roundoff, rng, k % 2 == 1), tf.GradientTape(persistent=True) as tape:
            tape.watch(arguments[:-3])
            moved.append(call(scope, program, *arguments))
    scales = []
    for i, x in enumerate(exact):
        others = [m[i] for m in moved if m[i].shape == x.shape]
        if x.dtype.kind in "iub":
            steady = len(others) == ROUNDS and all(np.array_equal(x, m) for m in others)
            scales.append(1.0 if steady else np.inf)
            continue
        steady = len(others) == ROUNDS and all(
            np.array_equal(np.isfinite(x), np.isfinite(m)) for m in others
        )
        scales.append(judge.scale(x, others, roundoff) if steady else np.inf)
    return exact, scales


def compiled(source: Source, dtype: str | None = None) -> tuple[list[list[np.ndarray]], int]:
    """The results of two calls of the traced function, and how often Python ran its body."""
    dtype = dtype or source.dtype
    scope, arguments = module(source, dtype), inputs(source, dtype)
    if source.inside:
        program = tf.function(scope["program"])
        results = [call(scope, program, *arguments) for _ in range(2)]
    else:
        f, n = tf.function(scope["f"]), len(arguments) - 3
        run = {1: scope["first"], 2: scope["second"]}[source.order]
        results = [call(scope, run, f, arguments[:n], arguments[n:]) for _ in range(2)]
    return results, len(scope["TRACES"])


def judged(
    source: Source, exact: list[np.ndarray], scales: list[float], results: list[np.ndarray]
) -> list[str]:
    """What is wrong with results."""
    if len(results) != len(exact):
        return [f"{len(results)} results instead of {len(exact)}"]
    texts = []
    for i, (x, y, s) in enumerate(zip(exact, results, scales)):
        text = judge.differs(x, y, source.dtype, s) if np.isfinite(s) else ""
        if text:
            texts.append(f"result {i}: {text}")
    return texts


def traced_exactly(source: Source) -> list[np.ndarray]:
    """The results in float64 of the traced function, run by NumPy's kernels.

    A traced call hands zeros back for results that have no cotangent, and adds those of a branch not taken, as
    TensorFlow's does; at an infinity that makes a NaN which the eager run has not.
    """
    before = settings.backend
    settings.backend = "numpy"
    try:
        return compiled(source, WIDE.get(source.dtype, source.dtype))[0][0]
    finally:
        settings.backend = before


def ill(exact: list[np.ndarray], scales: list[float]) -> bool:
    """Whether a result is so much moved by roundings that it says nothing."""
    sizes = [max(1.0, float(np.abs(x[np.isfinite(x)]).max(initial=0.0))) for x in exact]
    return any(s > ILL * n for s, n in zip(scales, sizes))


def examine(source: Source, with_compiled: bool = True) -> Outcome:
    exact, scales = exactly(source)
    scope = module(source, source.dtype)
    eager = call(scope, scope["program"], *inputs(source, source.dtype))
    outcome = Outcome(source, judged(source, exact, scales, eager), [], ill(exact, scales))
    if with_compiled:
        (once, again), traces = compiled(source)
        if source.special and source.order:
            exact = traced_exactly(source)
        outcome.compiled = judged(source, exact, scales, once)
        for i, (x, y, e) in enumerate(zip(once, again, eager)):
            if x.dtype != e.dtype or x.shape != e.shape:
                outcome.compiled.append(
                    f"result {i} is {x.dtype}{x.shape}, eagerly {e.dtype}{e.shape}"
                )
            if x.tobytes() != y.tobytes():
                outcome.compiled.append(f"result {i} differs from call to call: {x} then {y}")
        if traces != 1:
            outcome.compiled.append(f"Python ran the function {traces} times")
    return outcome
