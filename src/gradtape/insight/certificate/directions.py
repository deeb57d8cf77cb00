"""Large gradients: tested whole along random directions, and searched for the entry that is to blame.

<g, t> = d/ds f(x + s t)        differences along t
<g, t> = <output gradient, J t>  J t by forward mode
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gradtape.base.quiet import quiet
from gradtape.core.context import no_recording
from gradtape.core.tensor import Tensor
from gradtape.insight.certificate.certificate import Check
from gradtape.insight.certificate.differences import central
from gradtape.insight.certificate.entries import Judge
from gradtape.transforms.forward import push_forward

TOGETHER = 4
ONE_BY_ONE = 32  # sources at most that get a direction of their own

Direction = list[np.ndarray | None]


def random_directions(
    judge: Judge, names: Sequence[str], rng: np.random.Generator
) -> list[tuple[str, Direction]]:
    """Signs for all entries: some for all sources together, then one for each source alone."""

    def signs(value: np.ndarray) -> np.ndarray:
        t = rng.integers(0, 2, value.shape) * 2.0 - 1.0
        return (
            t + 1j * (rng.integers(0, 2, value.shape) * 2.0 - 1.0) if value.dtype.kind == "c" else t
        )

    found: list[tuple[str, Direction]] = []
    for k in range(TOGETHER):
        found.append((f"along direction {k + 1}", [signs(v) for v in judge.values]))
    if len(names) > 1:
        for i, name in enumerate(names[:ONE_BY_ONE]):
            alone: Direction = [signs(v) if j == i else None for j, v in enumerate(judge.values)]
            found.append((f"along a direction of {name}", alone))
    return found


def check(judge: Judge, what: str, direction: Direction) -> Check | None:
    """The gradient along a direction against differences; None where a kink is nearer than the smallest step."""
    claimed, rounding = _projected(judge, direction)
    n = sum(int(np.count_nonzero(d)) for d in direction if d is not None)
    largest = max(
        float(np.abs(v).max(initial=0.0)) for v, d in zip(judge.values, direction) if d is not None
    )
    found = central(judge.line(direction, max(1.0, largest) / max(n, 1) ** 0.5), 0.1 * rounding)
    if found is None or not np.isfinite(found.error):
        return None
    bound = rounding + found.error
    return Check(what, claimed, found.value, bound, abs(claimed - found.value) <= bound)


def _projected(judge: Judge, direction: Direction) -> tuple[float, float]:
    """<g, t>, and how far rounding may move it."""
    total, square = 0.0, 0.0
    with quiet():
        for i, d in enumerate(direction):
            if d is None:
                continue
            total += float(np.sum(np.conj(judge.claimed[i]) * d).real)
            square += float(np.sum(np.square(judge.rounding(i) * np.abs(d))))
    return total, square**0.5


def blame(judge: Judge, direction: Direction) -> tuple[int, int]:
    """(source, place) of an entry that is wrong, by halving the direction that showed it."""
    at = [np.flatnonzero(d) if d is not None else np.zeros(0, int) for d in direction]
    of = np.repeat(np.arange(len(at)), [a.size for a in at])
    places = np.concatenate(at)
    while places.size > 1:
        middle = places.size // 2
        halves = [(of[part], places[part]) for part in (slice(middle), slice(middle, None))]
        ratios = []
        for half in halves:
            found = check(judge, "", _only(direction, *half))
            ratios.append(0.0 if found is None else _ratio(found))
        of, places = halves[0] if ratios[0] >= ratios[1] else halves[1]
    return int(of[0]), int(places[0])


def _ratio(found: Check) -> float:
    off = abs(found.claimed - found.reference)
    return np.inf if np.isnan(off) else off / (found.bound + 1e-300)


def _only(direction: Direction, of: np.ndarray, places: np.ndarray) -> Direction:
    """The direction at some entries alone: the sources' numbers, and places there."""
    result: Direction = [None] * len(direction)
    for i in np.unique(of):
        whole = direction[i]
        assert whole is not None
        at = places[of == i]
        part = np.zeros_like(whole)
        part.reshape(-1)[at] = whole.reshape(-1)[at]
        result[i] = part
    return result


def inner_product(judge: Judge, direction: Direction) -> Check | None:
    """<g, t> against <output gradient, J t>, with J t by forward mode; None where an operation has no derivative."""
    run = judge.base
    known = {id(s): Tensor(d) for s, d in zip(run.starts, direction) if d is not None}
    with no_recording(), quiet():
        for step in run.steps:
            tangents = [known.get(id(x)) for x in step.inputs]
            if all(t is None for t in tangents):
                continue
            if step.card.jvp is None and step.card.vjp is None:
                continue
            outputs = step.output if step.card.multi else (step.output,)
            found = push_forward(step.card, step.attrs, step.inputs, step.output, tangents)
            for output, tangent in zip(outputs, found):
                if tangent is not None and output._value.dtype.kind in "fc":
                    known[id(output)] = tangent
        total = 0.0
        for output, seed in zip(run.outputs, judge.seeds):
            tangent = known.get(id(output))
            if tangent is not None:
                total += float(np.sum(np.conj(seed) * tangent._value).real)
    claimed, rounding = _projected(judge, direction)
    bound = rounding + 1e-10 * abs(total) + 16.0 * judge.spread.noise
    return Check(
        "forward mode, <g, t> and <output gradient, J t>",
        claimed,
        total,
        bound,
        abs(claimed - total) <= bound,
    )
