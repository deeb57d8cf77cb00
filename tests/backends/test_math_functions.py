"""The compiled elementary functions against wide references: within two units in the last place, edges exact."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath as mp
import numpy as np
import pytest

from gradtape.backends.llvm import engine

if not engine.available():
    pytest.skip("llvmlite is not installed", allow_module_level=True)

from compiling import looped, ulps

from gradtape.backends.llvm.scalar import ScalarBuilder

BOUND = 2.0
INF, NAN = np.inf, np.nan
NAMES = ("exp", "expm1", "log", "log1p", "tanh", "sigmoid", "sinh", "cosh", "sin", "cos", "tan",
         "asin", "acos", "atan", "asinh", "acosh", "atanh", "erf", "erfc")  # fmt: skip
_NUMPY = {f"a{name}": f"arc{name}" for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh")}


def compiled(name: str, dtype: str, lanes: int = 8, arity: int = 1) -> Callable[..., np.ndarray]:
    """The builder's function `name` on arrays."""

    def emit(builder: Any, lanes: int, *xs: Any) -> Any:
        return getattr(ScalarBuilder(builder, dtype, lanes), name)(*xs)

    return looped(emit, [dtype] * arity, dtype, lanes)


def wide(name: str) -> Callable[[np.ndarray], np.ndarray]:
    """The function in float64 or in the 80 bits of long double."""
    if name == "sigmoid":
        return lambda x: np.where(x < 0, np.exp(-np.abs(x)), 1) / (1 + np.exp(-np.abs(x)))
    if name in ("erf", "erfc"):
        special = pytest.importorskip("scipy.special")
        return getattr(special, name)
    return getattr(np, _NUMPY.get(name, name))


def exactly(name: str, xs: np.ndarray) -> np.ndarray:
    """The function by mpmath, as long double: some digits more than float64."""

    def of(x: float) -> Any:
        v = mp.mpf(x)
        return 1 / (1 + mp.exp(-v)) if name == "sigmoid" else getattr(mp, name)(v)

    def split(value: Any) -> np.longdouble:
        high = float(value)
        return (
            np.longdouble(high) + np.longdouble(float(value - high))
            if np.isfinite(high)
            else np.longdouble(high)
        )

    with mp.workprec(220):
        return np.array([split(of(float(x))) for x in xs], np.longdouble)


def spread(name: str, n: int, rng: np.random.Generator) -> np.ndarray:
    """Arguments of all sizes within the domain, thick where the function bends."""
    parts = [
        rng.uniform(-1, 1, n),
        rng.uniform(-8, 8, n),
        2.0 ** rng.uniform(-40, 12, n) * rng.choice([-1, 1], n),
    ]
    if name in ("exp", "expm1", "sinh", "cosh", "sigmoid", "tanh"):
        parts.append(rng.uniform(-740, 700, n))
    if name in ("sin", "cos", "tan"):
        parts.append(np.round(rng.uniform(-(2**45), 2**45, n)) * (np.pi / 2))  # where digits cancel
        parts.append(2.0 ** rng.uniform(40, 70, n))  # beyond 2^46 the C library's
    if name in ("log", "acosh"):
        parts = [np.abs(p) + (name == "acosh") for p in parts]
        parts += [1 + np.abs(rng.uniform(-1e-3, 1e-3, n)), 2.0 ** rng.uniform(0, 1000, n)]
    if name == "log1p":
        parts = [np.where(p <= -1, -p, p) for p in parts]
    if name in ("asin", "acos", "atanh"):
        parts = [
            rng.uniform(-1, 1, 2 * n),
            1 - 2.0 ** rng.uniform(-50, -1, n),
            2.0 ** rng.uniform(-60, -1, n),
        ]
    if name in ("erf", "erfc"):
        parts.append(rng.uniform(0.4, 27, n))
    return np.concatenate(parts)


@pytest.mark.parametrize("name", NAMES)
def test_float64(name) -> None:
    x = spread(name, 400, np.random.default_rng(11))
    off = ulps(compiled(name, "float64")(x), exactly(name, x))
    worst = int(off.argmax())
    assert off[worst] <= BOUND, (x[worst], off[worst])


def of_bits(step: int, start: int = 0) -> np.ndarray:
    """Every `step`-th float32, by its bits: all exponents, subnormal numbers, infinities and nans."""
    return np.arange(start, 2**32, step, dtype=np.uint64).astype(np.uint32).view(np.float32)


@pytest.mark.parametrize("name", NAMES)
def test_float32_of_all_sizes(name) -> None:
    check_float32(name, of_bits(9973))


@pytest.mark.full
@pytest.mark.parametrize("name", NAMES)
def test_float32_densely(name) -> None:
    for start in range(0, 61 * 16, 61):
        check_float32(name, of_bits(61 * 16, start))


def check_float32(name: str, x: np.ndarray) -> None:
    with np.errstate(all="ignore"):
        exact = wide(name)(x.astype(np.float64))
    off = ulps(compiled(name, "float32", lanes=16)(x), exact)
    worst = int(off.argmax())
    assert off[worst] <= BOUND, (x[worst], off[worst])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ["pow", "atan2"])
def test_two_arguments(name, dtype) -> None:
    rng = np.random.default_rng(5)
    n, top = 20_000, 85 if dtype == "float32" else 700
    x = np.concatenate(
        [
            2.0 ** rng.uniform(-1.4 * top, 1.4 * top, n),
            1 + rng.uniform(-0.4, 0.4, n),
            rng.uniform(-20, 20, n),
        ]
    )
    if name == "pow":  # results of all sizes
        y = np.concatenate(
            [rng.uniform(-top, top, 2 * n) / np.log(x[: 2 * n]), np.round(rng.uniform(-30, 30, n))]
        )
    else:
        y = rng.permutation(x) * rng.choice([-1, 1], 3 * n)
    x, y = x.astype(dtype), y.astype(dtype)
    broad = np.float64 if dtype == "float32" else np.longdouble
    with np.errstate(all="ignore"):
        exact = (np.power if name == "pow" else np.arctan2)(x.astype(broad), y.astype(broad))
    off = ulps(compiled(name, dtype, arity=2)(x, y), exact)
    worst = int(off.argmax())
    assert off[worst] <= BOUND, (x[worst], y[worst], off[worst])


EDGES = {
    "exp": ([0.0, -0.0, INF, -INF, NAN, 1e4, -1e4], [1, 1, INF, 0, NAN, INF, 0]),
    "expm1": ([0.0, -0.0, INF, -INF, NAN, -1e4], [0, -0.0, INF, -1, NAN, -1]),
    "log": ([0.0, -0.0, 1.0, INF, -INF, -1.0, NAN], [-INF, -INF, 0, INF, NAN, NAN, NAN]),
    "log1p": ([0.0, -0.0, -1.0, INF, -INF, -2.0, NAN], [0, -0.0, -INF, INF, NAN, NAN, NAN]),
    "tanh": ([0.0, -0.0, INF, -INF, NAN, 50.0], [0, -0.0, 1, -1, NAN, 1]),
    "sigmoid": ([0.0, INF, -INF, NAN, 1e3, -1e4], [0.5, 1, 0, NAN, 1, 0]),
    "sin": ([0.0, -0.0, INF, -INF, NAN], [0, -0.0, NAN, NAN, NAN]),
    "cos": ([0.0, -0.0, INF, NAN], [1, 1, NAN, NAN]),
    "tan": ([0.0, -0.0, INF, NAN], [0, -0.0, NAN, NAN]),
    "asin": ([0.0, -0.0, 1.0, -1.0, 1.5, NAN], [0, -0.0, np.pi / 2, -np.pi / 2, NAN, NAN]),
    "acos": ([1.0, -1.0, 0.0, 1.5, -1.5, NAN], [0, np.pi, np.pi / 2, NAN, NAN, NAN]),
    "atan": ([0.0, -0.0, INF, -INF, NAN], [0, -0.0, np.pi / 2, -np.pi / 2, NAN]),
    "asinh": ([0.0, -0.0, INF, -INF, NAN], [0, -0.0, INF, -INF, NAN]),
    "acosh": ([1.0, 0.5, -3.0, INF, -INF, NAN], [0, NAN, NAN, INF, NAN, NAN]),
    "atanh": ([0.0, -0.0, 1.0, -1.0, 2.0, NAN], [0, -0.0, INF, -INF, NAN, NAN]),
    "sinh": ([0.0, -0.0, INF, -INF, NAN], [0, -0.0, INF, -INF, NAN]),
    "cosh": ([0.0, INF, -INF, NAN], [1, INF, INF, NAN]),
    "erf": ([0.0, -0.0, INF, -INF, NAN], [0, -0.0, 1, -1, NAN]),
    "erfc": ([0.0, INF, -INF, NAN, 40.0], [1, 0, 2, NAN, 0]),
}  # fmt: skip


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("lanes", [1, 5])
@pytest.mark.parametrize("name", NAMES)
def test_edges(name, lanes, dtype) -> None:
    given, expected = (np.array(v, dtype) for v in EDGES[name])
    found = compiled(name, dtype, lanes)(given)
    np.testing.assert_array_equal(found, expected)
    sure = ~np.isnan(expected)
    np.testing.assert_array_equal(np.signbit(found[sure]), np.signbit(expected[sure]))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ["exp", "tanh", "sigmoid", "log", "sin", "erf"])
def test_lanes_do_not_matter(name, dtype) -> None:
    x = np.random.default_rng(2).uniform(-20, 20, 80).astype(dtype)
    first = compiled(name, dtype, 1)(x)
    for lanes in (2, 5, 8, 16):
        assert compiled(name, dtype, lanes)(x).tobytes() == first.tobytes()


@pytest.mark.parametrize("name", ["exp", "sigmoid", "sinh", "erfc", "pow"])
def test_without_the_scale_instruction(name, monkeypatch) -> None:
    """Machines without AVX-512 multiply by powers of two in two steps: the same numbers."""
    x = np.concatenate(
        [np.random.default_rng(4).uniform(-110, 100, 4000), [-103.9, -87.5, 88.72, 0.0]]
    )
    for dtype in ("float32", "float64"):
        args = (
            [x.astype(dtype)] if name != "pow" else [np.abs(x).astype(dtype), x[::-1].astype(dtype)]
        )
        own = compiled(name, dtype, arity=len(args))(*args)
        with monkeypatch.context() as patch:
            patch.setattr(type(engine.host()), "has_scale", property(lambda self: False))
            plain = compiled(name, dtype, arity=len(args))(*args)
        assert plain.tobytes() == own.tobytes()


@pytest.mark.parametrize(("cpu", "needs"), [("x86-64", "sse2"), ("haswell", "avx2")])
def test_older_machines_give_the_same_bits(cpu, needs, monkeypatch) -> None:
    host = engine.host()
    if needs not in host.features:
        pytest.skip(f"this machine has no {needs}")
    rng = np.random.default_rng(0)
    x = np.concatenate(
        [rng.uniform(-110, 110, 500), rng.uniform(-1, 1, 500), [0, -0.0, INF, -INF, NAN, 1e-40]]
    )
    for name in NAMES:
        for dtype in ("float32", "float64"):
            own = compiled(name, dtype, lanes=16)(x.astype(dtype))
            with monkeypatch.context() as patch:
                for attribute, value in [
                    ("cpu", cpu),
                    ("feature_text", ""),
                    ("features", frozenset({needs})),
                ]:
                    patch.setattr(host, attribute, value)
                older = compiled(name, dtype, lanes=16)(x.astype(dtype))
            assert older.tobytes() == own.tobytes(), (name, dtype)
