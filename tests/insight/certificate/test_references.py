"""The references themselves: differences keep within their bounds, complex steps and fifty digits agree with them."""

from __future__ import annotations

from collections.abc import Callable

import mpmath
import numpy as np
import pytest

from gradtape.base.quiet import quiet
from gradtape.core.card import REGISTRY
from gradtape.insight.certificate import differences
from gradtape.insight.certificate.analytic import ANALYTIC, STEP
from gradtape.insight.certificate.branches import branch_of
from gradtape.insight.certificate.differences import Line, Point, central, one_sided
from gradtape.insight.certificate.precise import DIGITS, _functions
from gradtape.insight.certificate.shaking import roundoff_of, smallest_of


class Way:
    """A run of a function of one number, which goes one way or another."""

    def __init__(self, mark: float):
        self.mark = mark

    def goes_as(self, other: Way) -> bool:
        return self.mark == other.mark


def line(
    f: Callable[[float], float], x: float, mark: Callable[[float], float] = lambda x: 0.0
) -> Line:
    def at(t: float, sure: bool) -> Point:
        with np.errstate(all="ignore"):
            return Point(float(f(np.float64(x + t))), Way(mark(x + t)))

    return Line(at, at(0.0, False), 2.0**-52 * abs(f(np.float64(x))), max(1.0, abs(x)))


SMOOTH = [
    (np.exp, np.exp),
    (np.sin, np.cos),
    (np.tanh, lambda x: 1 - np.tanh(x) ** 2),
    (lambda x: x**5, lambda x: 5 * x**4),
    (lambda x: 1 / (1 + 25 * x * x), lambda x: -50 * x / (1 + 25 * x * x) ** 2),
    (lambda x: np.sin(40 * x), lambda x: 40 * np.cos(40 * x)),
    (lambda x: np.sin(3000 * x), lambda x: 3000 * np.cos(3000 * x)),
    (lambda x: np.exp(-x * x), lambda x: -2 * x * np.exp(-x * x)),
    (lambda x: np.exp(30 * np.sin(x)), lambda x: 30 * np.cos(x) * np.exp(30 * np.sin(x))),
    (lambda x: x, lambda x: 1.0),
    (lambda x: 7.0 + 0.0 * x, lambda x: 0.0),
]


@pytest.mark.parametrize("index", range(len(SMOOTH)))
def test_differences_keep_within_their_bounds(index: int) -> None:
    f, exact = SMOOTH[index]
    rng = np.random.default_rng(index)
    close = 0
    for x in rng.uniform(-3, 3, 60):
        found = central(line(f, x), 0.0)
        assert found is not None
        assert abs(found.value - exact(x)) <= found.error, (x, found, exact(x))
        close += found.error <= 1e-8 * max(abs(exact(x)), abs(f(x)))
    assert close >= 54


def test_a_period_of_the_steps_is_not_taken_for_a_constant() -> None:
    first = differences.FIRST
    f = lambda x: np.sin(2 * np.pi * x / first * 4**2)
    found = central(line(f, 0.0), 0.0)
    assert found is not None
    assert found.value == pytest.approx(2 * np.pi / first * 16, rel=1e-8)


def test_steps_do_not_cross_a_kink() -> None:
    for x in (1e-2, -1e-5, 3e-8):
        found = central(line(lambda x: max(x, 0.0) ** 2 + abs(x), x, np.sign), 0.0)
        assert found is not None and found.step < abs(x)
        assert abs(found.value - (2 * max(x, 0.0) + np.sign(x))) <= found.error


def test_at_a_kink_there_are_two_derivatives() -> None:
    at = line(lambda x: max(x, 0.0) * 3.0 - min(x, 0.0) ** 2 + np.sin(x), 0.0, np.sign)
    assert central(at, 0.0) is None
    left, right = one_sided(at, -1.0), one_sided(at, 1.0)
    assert abs(left.value - 1.0) <= left.error < 1e-6
    assert abs(right.value - 4.0) <= right.error < 1e-6


def test_roots_are_infinitely_steep_and_undefined_on_the_left() -> None:
    at = line(np.sqrt, 0.0, np.sign)
    assert one_sided(at, 1.0).value == np.inf and np.isnan(one_sided(at, -1.0).value)
    cusp = line(lambda x: np.cbrt(x * x), 0.0, np.sign)
    assert one_sided(cusp, 1.0).value == np.inf and one_sided(cusp, -1.0).value == -np.inf


def test_where_the_function_comes_from() -> None:
    at = line(lambda x: np.floor(x) + 0.5 * x, 2.0, np.floor)
    left, right = one_sided(at, -1.0), one_sided(at, 1.0)
    assert left.value == pytest.approx(0.5) and right.value == pytest.approx(0.5)
    assert left.limit == pytest.approx(2.0) and right.limit == pytest.approx(3.0)


@pytest.mark.parametrize("name", sorted(ANALYTIC))
def test_complex_steps_of_each_analytic_card_are_its_derivative(name: str) -> None:
    card = REGISTRY[name]
    rng = np.random.default_rng(0)
    for sample in card.samples:
        xs = list(sample.draw(rng))
        floating = [i for i, x in enumerate(xs) if np.asarray(x).dtype.kind == "f"]
        directions = {i: rng.normal(size=np.shape(xs[i])) for i in floating}
        if not floating:
            continue
        attrs = dict(sample.attrs)
        wide = [
            np.asarray(x, np.complex128) if i in directions else np.asarray(x)
            for i, x in enumerate(xs)
        ]
        moved = [
            x + 1j * STEP * directions[i] if i in directions else x for i, x in enumerate(wide)
        ]
        ends = []
        h = 1e-6
        with quiet():
            found = card.kernel(*moved, **attrs)
            for sign in (1, -1):
                at = [
                    x + sign * h * directions[i] if i in directions else x for i, x in enumerate(xs)
                ]
                ends.append(card.kernel(*at, **attrs))
        for part, up, down in zip(*(a if card.multi else (a,) for a in (found, *ends))):
            np.testing.assert_allclose(
                np.imag(part) / STEP,
                (up - down) / (2 * h),
                rtol=1e-6,
                atol=1e-7 * max(1.0, np.abs(up).max(initial=0)),
            )


def as_float(value: object) -> float:
    return float("nan") if isinstance(value, mpmath.mpc) else float(value)


def test_fifty_digits_of_each_function_are_its_kernel() -> None:
    rng = np.random.default_rng(0)
    with mpmath.workdps(DIGITS):
        functions = _functions(mpmath.mp)
        for name, function in functions.items():
            card = REGISTRY[name]
            for sample in card.samples:
                xs = [np.asarray(x) for x in sample.draw(rng)]
                if any(x.dtype.kind != "f" for x in xs) or any(0 in x.shape for x in xs):
                    continue
                exact = [np.frompyfunc(lambda v: mpmath.mpf(float(v)), 1, 1)(x) for x in xs]
                found = np.asarray(
                    function(*[np.asarray(x, object) for x in exact], **sample.attrs)
                )
                np.testing.assert_allclose(
                    np.asarray(np.frompyfunc(as_float, 1, 1)(found), float),
                    card.kernel(*xs, **sample.attrs),
                    rtol=1e-9,
                    atol=1e-12,
                    err_msg=name,
                )


@pytest.mark.parametrize(
    ("name", "arrays", "attrs", "expected"),
    [
        ("relu", [[-1.0, 0.0, 2.0]], {}, [-1, 0, 1]),
        ("relu6", [[-1.0, 3.0, 7.0]], {}, [-4, -2, 4]),
        ("maximum", [[1.0, 2.0], [2.0, 2.0]], {}, [-1, 0]),
        ("reduce_max", [[1.0, 3.0, 3.0]], {"axis": (0,), "keepdims": False}, [False, True, True]),
        ("clip_by_value", [[0.0, 1.0, 2.0], [0.0] * 3, [1.0] * 3], {}, [-3, 1, 4]),
        ("floor", [[0.5, 1.0]], {}, [0.0, 1.0]),
        ("greater", [[1.0, 2.0], [1.5, 1.5]], {}, [False, True]),
        ("arg_order", [[3.0, 1.0, 2.0]], {"descending": False}, [1, 2, 0]),
        ("reduce_euclidean_norm", [[0.0, 0.0]], {"axis": (0,), "keepdims": False}, True),
    ],
)
def test_which_way_an_operation_went(name: str, arrays: list, attrs: dict, expected: list) -> None:
    xs = [np.asarray(a) for a in arrays]
    mask = branch_of(name, xs, [np.asarray(REGISTRY[name].kernel(*xs, **attrs))], attrs)
    np.testing.assert_array_equal(mask, expected)


def test_smooth_operations_have_one_way() -> None:
    x = np.asarray([1.0, 2.0])
    for name in ("exp", "sin", "sigmoid", "softplus", "silu"):
        card = REGISTRY[name]
        xs = [x] * (card.arity or 1)
        assert branch_of(name, xs, [card.kernel(*xs)], {}) is None
    assert branch_of("shape_of", [x], [np.asarray([2])], {}) is None


@pytest.mark.parametrize("name", ["float16", "float32", "float64"])
def test_roundoffs(name: str) -> None:
    dtype = np.dtype(name)
    assert roundoff_of(dtype) == float(np.finfo(dtype).eps) / 2
    assert name == "float64" or smallest_of(dtype) == float(np.finfo(dtype).smallest_subnormal)
