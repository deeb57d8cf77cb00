"""The examination: which entries are checked, what is tested of the whole, and the verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from gradtape.insight.certificate.certificate import (
    AT_KINK,
    OPEN,
    WRONG,
    Certificate,
    Check,
    Entry,
)
from gradtape.insight.certificate.claims import Claim
from gradtape.insight.certificate.directions import blame, check, inner_product, random_directions
from gradtape.insight.certificate.entries import Judge, badness
from gradtape.insight.certificate.program import Recorded
from gradtape.insight.source import place_of

RUNS = 12  # about so many runs for an entry
WORK = 10**9  # numbers to be computed for all entries together
FEWEST = 24


def examine(
    claim: Claim,
    claimed: Sequence[Any],
    seeds: Sequence[np.ndarray],
    entries: int,
    seed: int,
    notes: list[str],
) -> Certificate:
    """The certificate for gradients that are claimed, `seeds` being the cotangents of the targets."""
    names, program = claim.names, claim.program
    misshapen = [
        f"the gradient of {name} has the shape {list(g.shape)} instead of {list(value.shape)}"
        for name, g, value in zip(names, claimed, program.own_values)
        if g is not None and g.shape != value.shape
    ]
    if misshapen:
        return _without_entries("wrong", [*notes, *misshapen], _by(names, claimed))
    judge = Judge(program, claimed, seeds, seed)
    notes = [*notes, *_notes(judge, claim)]
    if not np.isfinite(judge.value) or (judge.base.unseen and isinstance(program, Recorded)):
        return _without_entries("not decided", notes, _by(names, judge.claimed))
    rng = np.random.default_rng([seed, 2])
    chosen = _chosen(judge, _affordable(judge, entries), rng)
    total = sum(v.size for v in judge.values)
    checks: list[Check] = []
    if len(chosen) < total:
        checks = _whole(judge, names, rng, chosen)
    found = [judge.entry(names[i], i, k) for i, k in chosen]
    order = sorted(range(len(found)), key=lambda n: badness(found[n]), reverse=True)
    arrays = (
        [np.full(v.shape, np.nan, v.dtype) for v in judge.values],
        [np.full(v.shape, np.nan) for v in judge.values],
    )
    bounds = [judge.rounding(i).copy() for i in range(len(judge.values))]
    for (i, k), entry in zip(chosen, found):
        arrays[0][i].reshape(-1)[k] = entry.reference
        arrays[1][i].reshape(-1)[k] = entry.error
        bounds[i].reshape(-1)[k] = entry.bound
    verdict = _verdict(found, checks)
    if verdict == "wrong" and any(step.card.name == "cholesky" for step in judge.base.steps):
        notes.append(
            "cholesky takes its matrix as symmetric and shares the gradient between both halves; entries of a matrix "
            "that is free are wrong then: certify with 0.5 * (a + tf.transpose(a)) in its place"
        )
    poisoned = [e.name for e in found if e.status == AT_KINK and e.claimed != e.claimed]
    if poisoned:
        notes.append(
            f"the gradient is nan at {', '.join(poisoned[:4])}{' ...' if poisoned[4:] else ''}: so says convention at "
            "this kink, but a step of descent would make the weights nan"
        )
    if verdict == "not decided" and judge.failure is not None:
        error = judge.failure
        notes.append(f"the function fails near the inputs: {type(error).__name__}: {error}")
    return Certificate(
        verdict, tuple([found[n] for n in order]), tuple(judge.kinks), tuple(checks), tuple(notes),
        _by(names, judge.claimed), _by(names, arrays[0]), _by(names, arrays[1]), _by(names, bounds),
    )  # fmt: skip


def _without_entries(
    verdict: str, notes: list[str], claimed: Mapping[str, np.ndarray]
) -> Certificate:
    return Certificate(verdict, (), (), (), tuple(notes), claimed, {}, {}, {})


def _notes(judge: Judge, claim: Claim) -> list[str]:
    """What the reader should know of how it was examined."""
    if not np.isfinite(judge.value):
        return [f"the target is {judge.value}: there is nothing to compare with"]
    notes = []
    for _, site in judge.base.unseen:
        line = f" at {place_of(site)}" if site else ""
        notes.append(
            f"what is called{line} cannot be computed again: it draws random numbers, or needs its own dtype"
        )
    if judge.leaks:
        places = "; ".join(f"{place_of(site)}" for site in claim.breaks)
        through = f": NumPy at {places}" if places else ""
        notes.append(f"results depend on what the tape did not see{through}")
    for name, source in zip(claim.names, claim.program.sources):
        if id(source) in judge.base.reassigned:
            notes.append(
                f"{name} is assigned inside: what that adds is taken as a constant, as tapes do"
            )
    if judge.base.stops:
        notes.append("behind stop_gradient, values are taken as constants")
    if claim.program.fixed.drawn:
        notes.append("random numbers are taken as constants")
    return notes


def _verdict(found: Sequence[Entry], checks: Sequence[Check]) -> str:
    statuses = {e.status for e in found}
    if WRONG in statuses or not all(c.passed for c in checks):
        return "wrong"
    if OPEN in statuses:
        return "not decided"
    return "right except at kinks" if AT_KINK in statuses else "right"


def _by(names: Sequence[str], arrays: Sequence[Any]) -> Mapping[str, np.ndarray]:
    found = {}
    for name, array in zip(names, arrays):
        if array is not None:
            array = np.asarray(array).view()
            array.flags.writeable = False
            found[name] = array
    return MappingProxyType(found)


def _chosen(judge: Judge, entries: int, rng: np.random.Generator) -> list[tuple[int, int]]:
    """(source, place) of the entries to check: all, or the most doubtful, the largest and random ones."""
    sources = range(len(judge.values))
    first = np.cumsum([0, *[v.size for v in judge.values]])
    total = int(first[-1])
    if total <= entries:
        return [(i, k) for i in sources for k in range(judge.values[i].size)]
    doubt = np.concatenate([judge.doubt(i).reshape(-1) for i in sources])
    size = np.concatenate([np.nan_to_num(np.abs(judge.claimed[i]).reshape(-1)) for i in sources])
    picked: dict[int, None] = {}
    for measure in (doubt, size):
        picked.update(dict.fromkeys(_largest(measure, max(1, entries // 3))))
    for i in sources:  # of each source the largest entry and one more
        begin, end = int(first[i]), int(first[i + 1])
        if end > begin:
            picked[begin + int(np.argmax(size[begin:end]))] = None
            picked[int(rng.integers(begin, end))] = None
    for k in rng.choice(total, min(total, entries), replace=False):
        if len(picked) >= entries:
            break
        picked[int(k)] = None
    at = np.array(sorted(picked))
    of = np.searchsorted(first, at, side="right") - 1
    return [(int(i), int(k - first[i])) for i, k in zip(of, at)]


def _affordable(judge: Judge, entries: int) -> int:
    """Fewer entries where each takes long, for the operations work on many numbers."""
    outputs = [y for s in judge.base.steps for y in (s.output if s.card.multi else (s.output,))]
    once = sum(y._value.size for y in outputs)
    return min(entries, max(FEWEST, WORK // max(1, RUNS * once)))


def _largest(values: np.ndarray, count: int) -> list[int]:
    """The places of so many largest values, the first of equals."""
    part = np.argpartition(-values, count - 1)[:count]
    edge = values[part].min()
    above = np.flatnonzero(values > edge)
    equal = np.flatnonzero(values == edge)[: count - above.size]
    return [int(k) for k in (*above, *equal)]


def _whole(
    judge: Judge, names: Sequence[str], rng: np.random.Generator, chosen: list[tuple[int, int]]
) -> list[Check]:
    """Tests of all entries together; an entry that is found wrong is added to `chosen`."""
    checks = []
    blamed = False
    for what, direction in random_directions(judge, names, rng):
        found = check(judge, what, direction)
        if found is None:
            continue
        checks.append(found)
        if not found.passed and not blamed:
            blamed = True
            place = blame(judge, direction)
            if place not in chosen:
                chosen.append(place)
        if len(checks) == 1:
            forward = inner_product(judge, direction)
            if forward is not None:
                checks.append(forward)
    return checks
