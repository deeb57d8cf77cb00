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
    notes = list(notes)
    for name, g, value in zip(names, claimed, program.own_values):
        if g is not None and g.shape != value.shape:
            notes.append(
                f"the gradient of {name} has the shape {list(g.shape)} instead of {list(value.shape)}"
            )
    if any("instead of" in note for note in notes):
        return Certificate(WRONG, (), (), (), tuple(notes), _by(names, claimed), {}, {}, {})
    judge = Judge(program, claimed, seeds, seed)
    if not np.isfinite(judge.value):
        notes.append(f"the target is {judge.value}: there is nothing to compare with")
        return Certificate(
            "not decided", (), (), (), tuple(notes), _by(names, judge.claimed), {}, {}, {}
        )
    for _, site in judge.base.unseen:
        line = f" at {place_of(site)}" if site else ""
        notes.append(
            f"what is called{line} cannot be computed again: it draws random numbers, or needs its own dtype"
        )
    if judge.base.unseen and isinstance(program, Recorded):
        return Certificate(
            "not decided", (), (), (), tuple(notes), _by(names, judge.claimed), {}, {}, {}
        )
    if judge.leaks:
        places = "; ".join(f"{place_of(site)}" for site in claim.breaks)
        notes.append(
            f"results depend on what the tape did not see{': NumPy at ' + places if places else ''}"
        )
    for name, source in zip(names, program.sources):
        if id(source) in judge.base.reassigned:
            notes.append(
                f"{name} is assigned inside: what that adds is taken as a constant, as tapes do"
            )
    if judge.base.stops:
        notes.append("behind stop_gradient, values are taken as constants")
    if program.fixed.drawn:
        notes.append("random numbers are taken as constants")
    rng = np.random.default_rng([seed, 2])
    chosen = _chosen(judge, entries, rng)
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
    return Certificate(
        verdict, tuple([found[n] for n in order]), tuple(judge.kinks), tuple(checks), tuple(notes),
        _by(names, judge.claimed), _by(names, arrays[0]), _by(names, arrays[1]), _by(names, bounds),
    )  # fmt: skip


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
    everything = [(i, k) for i, v in enumerate(judge.values) for k in range(v.size)]
    if len(everything) <= entries:
        return everything
    sources = range(len(judge.values))
    doubt = np.concatenate([judge.doubt(i).reshape(-1) for i in sources])
    size = np.concatenate([np.nan_to_num(np.abs(judge.claimed[i]).reshape(-1)) for i in sources])
    part = max(1, entries // 3)
    first = [0, *np.cumsum([v.size for v in judge.values])]
    picked: dict[int, None] = {}
    for order in (np.argsort(-doubt, kind="stable"), np.argsort(-size, kind="stable")):
        picked.update(dict.fromkeys(int(k) for k in order[:part]))
    for i in sources:  # of each source the largest entry and one more
        begin, end = first[i], first[i + 1]
        if end > begin:
            picked[begin + int(np.argmax(size[begin:end]))] = None
            picked[int(rng.integers(begin, end))] = None
    rest = rng.permutation(len(everything))
    for k in rest:
        if len(picked) >= entries:
            break
        picked[int(k)] = None
    return [everything[k] for k in sorted(picked)]


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
