"""Every card with a `scalar` rule, compiled, against its NumPy kernel: on its samples, and where numbers end."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import gradtape
from gradtape.backends.llvm import engine
from gradtape.backends.llvm.scalar import scalar_rule
from gradtape.core.card import REGISTRY, Elementwise

if not engine.available():
    pytest.skip("llvmlite is not installed", allow_module_level=True)

from compiling import looped, ulps

assert gradtape
LANES = (1, 5, 8, 16)
FLOATS = ("float32", "float64")
INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
ELEMENTWISE = sorted(
    (c for c in REGISTRY.values() if issubclass(c, Elementwise) or c.family == "Elementwise"),
    key=lambda c: c.name,
)
RULED = [c for c in ELEMENTWISE if c.scalar is not None]

SERIES = "its kernel sums a series or iterates until it has converged"
WITHOUT = {
    **dict.fromkeys((
        "bessel_i0", "bessel_i0e", "bessel_i1", "bessel_i1e", "bessel_j0", "bessel_j1", "bessel_k0", "bessel_k0e",
        "bessel_k1", "bessel_k1e", "bessel_y0", "bessel_y1", "betainc", "dawsn", "digamma", "erfcinv", "erfinv",
        "expint", "fresnel_cos", "fresnel_sin", "igamma", "igamma_grad_a", "igammac", "lgamma", "ndtri", "polygamma",
        "random_gamma_grad", "spence", "zeta",
    ), SERIES),
    "cross": "it works along an axis of three",
    "complex": "complex numbers have no scalar type in the builder",
}  # fmt: skip
# Units in the last place between the compiled function and the kernel, where both round: each is within 2 of the truth,
# NumPy's own functions within 4 (its float32 ones), and compositions add up.
APPROXIMATE = {
    **dict.fromkeys((
        "exp", "expm1", "log", "log1p", "tanh", "sigmoid", "sinh", "cosh", "sin", "cos", "tan", "asin", "acos",
        "atan", "atan2", "asinh", "acosh", "atanh", "erfc", "pow",
    ), 6.0),
    **dict.fromkeys((
        "softplus", "log_sigmoid", "xlogy", "xlog1py", "elu", "selu", "silu", "sigmoid_cross_entropy_with_logits",
    ), 8.0),
    "erf": 8.0,  # the kernel's float32 fit is to 2e-8
}  # fmt: skip
# What loses digits in the kernel too: differences from 1, and what is below the normal numbers.
NEAR_ONE = {"elu", "selu"}
UNDERFLOWS = {
    "sigmoid",
    "silu",
}  # the kernel's e^-x is inf there; the compiled one goes down to the subnormal numbers


def dtypes_of(card: Any) -> list[str]:
    """The dtypes that the card takes and its rule is for."""
    kinds = set(card.takes) & set(card.lowers)
    return [
        d
        for d in (*FLOATS, *INTEGERS, "bool")
        if np.dtype(d).kind in kinds and card.name != "where"
    ] + ([*FLOATS, *INTEGERS, "bool"] if card.name == "where" else [])


def inputs_of(card: Any, sample: Any, dtype: str, rng: np.random.Generator) -> list[np.ndarray]:
    """The sample's inputs: floating ones in `dtype`, and for integers and bools what fits them."""
    drawn = []
    wanted = np.dtype(dtype)
    for x in (np.real(x) for x in sample.draw(rng)):
        if x.dtype.kind == "b" and card.name == "where":
            drawn.append(x)
        elif wanted.kind == "b":
            drawn.append(np.asarray(x > 0 if x.dtype.kind != "b" else x))
        elif wanted.kind == "u":
            drawn.append(np.abs(np.round(x.astype(np.float64) * 9)).astype(wanted))
        elif wanted.kind == "i":
            drawn.append(np.round(x.astype(np.float64) * 9).astype(wanted))
        else:
            drawn.append(x.astype(wanted))
    return drawn


def edges(dtype: str, arity: int) -> list[np.ndarray]:
    """All combinations of the values where functions turn."""
    kind = np.dtype(dtype)
    if kind.kind == "b":
        values: list[Any] = [False, True]
    elif kind.kind in "iu":
        info = np.iinfo(kind)
        values = [info.min, info.min + 1, 0, 1, 2, 3, 5, 6, 7, 31, info.max - 1, info.max]
        values += [-1, -2, -7] if kind.kind == "i" else []
    else:
        f = np.finfo(kind)
        values = [0.0, f.smallest_subnormal, f.tiny, f.eps, 0.1, 0.4, 0.5, 0.55, 1.0, 1.5, 2.0, 2.5]
        values += [3.0, 6.0, 7.5, 20.0, 88.0, 100.0, 3e4, 2.0**25, f.max, np.inf]
        values = [*values, *(-v for v in values), np.nan]
    if arity > 2:
        values = values[:: max(1, len(values) // 9)]
    table = np.array(list(itertools.product(values, repeat=arity)), dtype=kind)
    return [np.ascontiguousarray(table[:, k]) for k in range(arity)]


def check(card: Any, attrs: dict[str, Any], xs: list[np.ndarray], lanes: int) -> None:
    """The compiled rule on `xs` (of one shape) against the kernel."""
    with np.errstate(all="ignore"):
        expected = np.asarray(card.kernel(*xs, **attrs))
    emit = scalar_rule(card, [x.dtype for x in xs], attrs)
    assert emit is not None
    found = looped(emit, [x.dtype for x in xs], expected.dtype, lanes)(*xs)
    assert found.shape == expected.shape
    if expected.dtype.kind != "f":
        assert np.array_equal(found, expected), (card.name, attrs)
        return
    off = ulps(found, expected)
    if card.name in NEAR_ONE | UNDERFLOWS:
        f = np.finfo(expected.dtype)
        least = f.eps if card.name in NEAR_ONE else f.tiny
        with np.errstate(all="ignore"):
            off[np.abs(found - expected) < least] = 0.0
    bound = APPROXIMATE.get(card.name, 0.0)
    worst = int(np.argmax(off)) if off.size else 0
    assert off.max(initial=0.0) <= bound, (
        card.name, str(expected.dtype), lanes, [x.reshape(-1)[worst] for x in xs],
        found.reshape(-1)[worst], expected.reshape(-1)[worst], off.max(),
    )  # fmt: skip


CASES = [
    pytest.param(card, dtype, id=f"{card.name}-{dtype}")
    for card in RULED
    for dtype in dtypes_of(card)
]


def test_every_elementwise_card_is_accounted_for() -> None:
    assert {c.name for c in ELEMENTWISE if c.scalar is None} == set(WITHOUT)
    assert len(RULED) > 80


@pytest.mark.parametrize(("card", "dtype"), CASES)
def test_samples(card, dtype) -> None:
    rng = np.random.default_rng(3)
    for sample, lanes in itertools.zip_longest(card.samples, LANES, fillvalue=None):
        sample, lanes = sample or card.samples[0], lanes or 5
        xs = [np.array(x) for x in np.broadcast_arrays(*inputs_of(card, sample, dtype, rng))]
        check(card, sample.attrs, xs, lanes)


@pytest.mark.parametrize(("card", "dtype"), CASES)
def test_edges(card, dtype) -> None:
    arity = card.arity or len(card.samples[0].inputs)
    xs = edges(dtype, arity)
    if card.name == "where":
        xs[0] = xs[0] != 0
    check(card, card.samples[0].attrs, xs, 8)


@pytest.mark.parametrize("target", [*FLOATS, *INTEGERS, "bool"])
@pytest.mark.parametrize("source", [*FLOATS, *INTEGERS, "bool"])
def test_casts(source, target) -> None:
    (x,) = edges(source, 1)
    if np.dtype(source).kind == "f":
        near = np.array([2.0**k for k in (7, 8, 15, 16, 31, 32, 53, 63, 64)])
        near = np.concatenate([near, near - 0.5, near - 1, near + 1])
        x = np.concatenate([x, near.astype(source), -near.astype(source)])
    for lanes in (1, 8):
        check(REGISTRY["cast"], {"dtype": np.dtype(target)}, [x], lanes)
