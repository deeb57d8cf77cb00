"""Elementwise cards where numbers end: infinities, nan, zeros of both signs, the ends of the integers; casts."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import gradtape  # noqa: F401 - fills the registry
from gradtape.backends.js import JsProgram, emit
from gradtape.base.quiet import quiet
from gradtape.core.card import REGISTRY, Op
from gradtape.graph.ir import Equation, Graph, Value, aval_of

FLOATS = ("float32", "float64")
INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
CARDS = sorted(
    (c for c in REGISTRY.values() if c.family == "Elementwise" and c.name != "complex"),
    key=lambda c: c.name,
)
LIMIT = {"float32": 1e-6, "float64": 1e-12}  # of each element
SMALLEST = {"float32": 3e-45, "float64": 1e-323}  # two roundings of subnormal numbers
# Sums that cancel nearly all of their digits, in either order of the additions.
CANCELS = {"igammac", "polygamma"}
NUMBERS = [np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 1.5, 2.5, -2.5, 2.0, -3.0, 1e-30, -1e-30, 1e30,
           -1e30, 1e-10, 20.0, -20.0, 88.0, -88.0, 104.0, 1e-40, 7.0, 100.3, -100.3, 3e9, -3e9, 1e5]  # fmt: skip


def values(dtype: str) -> list[Any]:
    """Numbers at which something may happen; 64-bit integers as far as JavaScript holds them."""
    kind = np.dtype(dtype)
    if kind.kind == "f":
        return NUMBERS
    if kind.kind == "b":
        return [False, True]
    low, high = (int(n) for n in (np.iinfo(kind).min, np.iinfo(kind).max))
    if kind.itemsize == 8:
        low, high = max(low, -(2**53)), 2**53
    return [low, low + 1, 0, 1, 2, 3, 5, 7, 31, high - 1, high, *([-1, -2, -7] if low else [])]


def arity(card: type[Op]) -> int:
    sample = card.samples[0]
    return card.arity or len(sample.draw(np.random.default_rng(0)))


def job(card: type[Op], arrays: list[np.ndarray], attrs: Any) -> tuple[JsProgram, Any, np.ndarray]:
    """A program of one equation, its arrays, and what the kernel gives."""
    with quiet():
        wanted = np.asarray(card.kernel(*arrays, **attrs))
    inputs = tuple([Value(aval_of(a)) for a in arrays])
    output = Value(aval_of(wanted))
    graph = Graph(inputs, (Equation(card.name, inputs, attrs, (output,)),), (output,))
    program = emit(graph)
    assert not program.fixed
    return program, arrays, wanted


def grid(card: type[Op], dtype: str) -> list[np.ndarray]:
    """All pairs of those numbers; a third operand is the first again."""
    n = arity(card)
    points = list(itertools.product(values(dtype), repeat=min(n, 2)))
    arrays = [np.array([p[i % len(p)] for p in points], dtype) for i in range(n)]
    if card.name == "where":
        arrays[0] = arrays[0] > 0
    return arrays


def wrong(name: str, found: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Which elements are not what they should be."""
    if wanted.dtype.name in ("int64", "uint64"):
        return found.astype(np.float64) != wanted.astype(np.float64)
    assert found.dtype == wanted.dtype
    if wanted.dtype.kind != "f":
        return found != wanted
    limit = 1e-7 if name in CANCELS else 0.0
    limit = max(limit, LIMIT[wanted.dtype.name])
    with np.errstate(all="ignore"):
        near = np.abs(found - wanted) <= limit * np.abs(wanted) + SMALLEST[wanted.dtype.name]
    return ~(near | (found == wanted) | (np.isnan(found) & np.isnan(wanted)))


def check(engine: Any, jobs: list[tuple[str, tuple[JsProgram, Any, np.ndarray]]]) -> None:
    texts = []
    results = engine.run([(program, arrays) for _, (program, arrays, _) in jobs])
    for (name, (_, arrays, wanted)), found in zip(jobs, results, strict=True):
        if isinstance(found, str):
            texts.append(f"{name}: {found}")
            continue
        bad = wrong(name, found[0], wanted)
        for i in np.flatnonzero(bad)[:3]:
            at = [a[i] for a in arrays]
            texts.append(f"{name} at {at}: {found[0][i]} instead of {wanted[i]}")
    assert not texts, "\n".join(texts)


@pytest.mark.parametrize("dtype", FLOATS)
def test_floats(engine: Any, dtype: str) -> None:
    jobs = []
    for card in CARDS:
        if "f" not in card.takes:
            continue
        arrays = grid(card, dtype)
        if card.name == "zeta":  # of an infinite order its kernel gives any number
            kept = np.isfinite(arrays[0])
            arrays = [a[kept] for a in arrays]
        jobs.append((card.name, job(card, arrays, card.samples[0].attrs)))
    assert len(jobs) > 90
    check(engine, jobs)


# The grids hold what their kernels refuse.
SEVERAL = {
    "add_n",
    "squared_difference",
}  # several steps: what lies between must be held exactly, too
NO_ZERO = {"floor_div", "floor_mod", "truncate_div", "truncate_mod"}


@pytest.mark.parametrize("dtype", [*INTEGERS, "bool"])
def test_integers(engine: Any, dtype: str) -> None:
    jobs = []
    kind = np.dtype(dtype).kind
    for card in CARDS:
        if kind not in card.takes and card.name != "where":
            continue
        if (
            card.scalar is not None
            and kind not in card.lowers
            and card.name not in (*NO_ZERO, "pow")
        ):
            continue
        arrays = grid(card, dtype)
        if card.name in NO_ZERO:
            arrays = [a[arrays[1] != 0] for a in arrays]
        if card.name == "pow":
            arrays = [a[arrays[1] >= 0] for a in arrays]
        if card.name in SEVERAL and dtype in ("int64", "uint64"):
            small = np.all([np.abs(a.astype(float)) < 2**20 for a in arrays], axis=0)
            arrays = [a[small] for a in arrays]
        jobs.append((card.name, job(card, arrays, card.samples[0].attrs)))
    assert len(jobs) > (8 if dtype == "bool" else 20)
    check(engine, jobs)


@pytest.mark.parametrize("source", [*FLOATS, *INTEGERS, "bool"])
def test_casts(engine: Any, source: str) -> None:
    x = np.array(values(source), source)
    if x.dtype.kind == "f":
        near = np.array([2.0**k for k in (7, 8, 15, 16, 31, 32, 53, 63)])
        near = np.concatenate([near, near - 0.5, near - 1, near + 1]).astype(source)
        x = np.concatenate([x, near, -near])
    jobs = []
    for target in (*FLOATS, *INTEGERS, "bool"):
        jobs.append(
            (f"{source} to {target}", job(REGISTRY["cast"], [x], {"dtype": np.dtype(target)}))
        )
    check(engine, jobs)
