"""Nests of loops against the interpreter: maps, rows and strips, at sizes around a vector and around a block."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("llvmlite")

from native import Native, equation_of, graph_of

from gradtape.backends.llvm.nests import inplace, lowering_of
from gradtape.graph.ir import Aval, Equation, Graph, Value

RNG = np.random.default_rng(5)
START = RNG.bit_generator.state


@pytest.fixture(autouse=True)
def the_same_numbers():
    """Each test draws the same numbers, whichever ran before it."""
    RNG.bit_generator.state = START


SIZES = (1, 3, 16, 17, 64, 65, 1000, 5000)
FLOATS = (np.float32, np.float64)


def numbers(shape, dtype):
    if np.dtype(dtype) == np.bool_:
        return RNG.random(shape) < 0.5
    return np.asarray(RNG.normal(size=shape) * 3).astype(dtype)


def check(op, arrays, close=0.0, **attrs):
    """An equation runs natively, and gives what its kernel gives; `close`: in units of the last place."""
    equation = equation_of(op, arrays, **attrs)
    lower = lowering_of(equation)
    assert lower is not None, op
    native = Native(equation, lower)
    found, again = native(*arrays), native(*arrays)
    with np.errstate(all="ignore"):
        expected = graph_of(equation).run(*arrays)
    for y, z, e in zip(found, again, expected):
        assert y.tobytes() == z.tobytes()
        if y.dtype.kind != "f":
            np.testing.assert_array_equal(y, e)
        else:
            np.testing.assert_allclose(y, e, rtol=close * np.finfo(y.dtype).eps, atol=0)
    return found


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("dtype", [*FLOATS, np.int32, np.int64, np.int8, np.uint16])
def test_a_map_of_any_length(n, dtype):
    check("add", [numbers(n, dtype), numbers(n, dtype)])
    check("multiply", [numbers(n, dtype), numbers((), dtype)])


@pytest.mark.parametrize("n", SIZES)
def test_bools_are_bytes(n):
    x, y = numbers(n, np.float32), numbers(n, np.float32)
    (mask,) = check("less", [x, y])
    assert mask.dtype == np.bool_
    check("where", [mask, x, y])


@pytest.mark.parametrize(
    ("one", "other"),
    [("5,7", "7"), ("5,1", "1,7"), ("4,1,6", "3,1"), ("2,3,4", "2,1,4"), ("1,1", "6,1"), ("70,33", "70,1"),
     ("3,1,1,5", "2,1,5"), ("", "4,3")],
)  # fmt: skip
def test_operands_broadcast(one, other):
    shapes = [tuple(int(n) for n in text.split(",") if n) for text in (one, other)]
    for dtype in FLOATS:
        check("subtract", [numbers(s, dtype) for s in shapes])


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize(
    "op", ["reduce_sum", "reduce_mean", "reduce_max", "reduce_min", "reduce_prod"]
)
@pytest.mark.parametrize("dtype", FLOATS)
def test_folds_of_rows_columns_and_all(op, n, dtype):
    for shape, axis in (
        ((n,), (0,)),
        ((3, n), (1,)),
        ((n, 3), (0,)),
        ((4, n), (0,)),
        ((2, n, 3), (0, 2)),
        ((2, n, 3), (1,)),
    ):
        x = numbers(shape, dtype)
        if op == "reduce_prod":
            x = (1 + x / 100).astype(dtype)
        x = np.abs(x)  # so that sums are relative to their terms
        close = {"reduce_max": 0, "reduce_min": 0, "reduce_prod": 2 * n}.get(op, 40)
        check(op, [x], close=close, axis=axis, keepdims=False)


@pytest.mark.parametrize("op", ["reduce_any", "reduce_all"])
def test_folds_of_bools(op):
    for shape, axis in (((40,), (0,)), ((3, 70), (1,)), ((70, 3), (0,))):
        check(op, [RNG.random(shape) < 0.03], axis=axis, keepdims=False)
        check(op, [RNG.random(shape) < 0.97], axis=axis, keepdims=True)


def test_integers_add_up_exactly_and_wrap():
    x = RNG.integers(-(2**31), 2**31, (3, 1000)).astype(np.int32)
    for axis in ((0,), (1,), (0, 1)):
        check("reduce_sum", [x], axis=axis, keepdims=False)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("shape", [(60, 20_011), (20_011, 60)])
def test_sums_are_at_least_as_exact_as_pairwise_ones(dtype, shape):
    x = (RNG.normal(size=shape) * 10 ** RNG.uniform(-1, 1, shape)).astype(dtype)
    axis = (int(np.argmax(shape)),)
    (y,) = check("reduce_sum", [x], close=1e6, axis=axis, keepdims=False)
    exact = np.add.reduce(x.astype(np.longdouble), axis=axis)
    pairwise = np.add.reduce(np.ascontiguousarray(np.moveaxis(x, axis[0], -1)), axis=-1)
    assert np.sqrt(np.mean((y - exact) ** 2)) <= np.sqrt(np.mean((pairwise - exact) ** 2))


def test_a_long_sum_cut_for_threads_is_as_exact():
    ours, numpys = [], []
    for seed in range(8):  # one draw alone is a matter of luck: the errors of several are compared
        x = np.random.default_rng(seed).normal(size=3_000_017).astype(np.float32)
        (y,) = check("reduce_sum", [x], close=1e4, axis=(0,), keepdims=False)
        exact = np.add.reduce(x.astype(np.float64))
        ours.append(abs(float(y) - exact))
        numpys.append(abs(float(np.add.reduce(x)) - exact))
    assert np.linalg.norm(ours) <= np.linalg.norm(numpys)


def test_a_maximum_of_nan_is_nan_and_a_sum_of_infinities_infinite():
    x = numbers((4, 300), np.float32)
    x[0, 7], x[1, 100], x[2, 3], x[3, :2] = np.nan, np.inf, -np.inf, (np.inf, -np.inf)
    for dtype in FLOATS:
        for op in ("reduce_max", "reduce_min", "reduce_sum"):
            for axis in ((0,), (1,)):
                with np.errstate(all="ignore"):
                    equation = equation_of(op, [x.astype(dtype)], axis=axis, keepdims=False)
                (y,) = Native(equation, lowering_of(equation))(x.astype(dtype))
                (e,) = graph_of(equation).run(x.astype(dtype))
                np.testing.assert_array_equal(np.isnan(y), np.isnan(e))
                np.testing.assert_array_equal(y[np.isinf(e)], e[np.isinf(e)])


@pytest.mark.parametrize("n", [1, 2, 10, 16, 63, 65, 300, 3000])
@pytest.mark.parametrize("dtype", FLOATS)
def test_softmax_and_its_kin_run_row_by_row(n, dtype):
    x = numbers((7, n), dtype)
    for op in ("softmax", "log_softmax"):
        equation = equation_of(op, [x], axis=-1)
        (y,) = Native(equation, lowering_of(equation))(x)
        (e,) = graph_of(equation).run(x)
        eps = np.finfo(dtype).eps
        np.testing.assert_allclose(y, e, rtol=30 * eps, atol=30 * eps * np.abs(e).max())


@pytest.mark.parametrize("labels_dtype", [np.int32, np.int64])
@pytest.mark.parametrize("n", [2, 10, 33, 500])
def test_sparse_cross_entropy_gives_loss_and_slope(n, labels_dtype):
    for dtype in FLOATS:
        x, labels = numbers((9, n), dtype), RNG.integers(0, n, 9).astype(labels_dtype)
        equation = equation_of("sparse_softmax_cross_entropy_with_logits", [x, labels])
        native = Native(equation, lowering_of(equation))
        eps = np.finfo(dtype).eps
        for y, e in zip(native(x, labels), graph_of(equation).run(x, labels)):
            np.testing.assert_allclose(y, e, rtol=20 * eps, atol=20 * eps)
        assert not native.failed
        for wrong in (-1, n):
            labels[4] = wrong
            native(x, labels)
            assert native.failed


def test_an_empty_result_needs_no_loop():
    check("add", [numbers((0, 3), np.float32), numbers((3,), np.float32)])


def test_an_output_may_be_written_over_an_input_that_is_read_at_the_same_place():
    equation = equation_of("add", [numbers(100, np.float32), numbers(100, np.float32)])
    assert inplace(equation) == [(0, 0), (0, 1)]
    x, y = numbers(100, np.float32), numbers(100, np.float32)
    expected = x + y
    Native(equation, lowering_of(equation))(x, y, out=[x])
    np.testing.assert_array_equal(x, expected)
    broadcast = equation_of("add", [numbers((5, 4), np.float32), numbers(4, np.float32)])
    assert inplace(broadcast) == [(0, 0)]


def test_softmax_may_not_be_written_over_its_input_where_a_later_pass_reads_it():
    x = numbers((3, 1000), np.float32)
    equation = equation_of("softmax", [x], axis=-1)
    expected = Native(equation, lowering_of(equation))(x)[0]
    for out, place in inplace(equation):
        assert (out, place) == (0, 0)
        Native(equation, lowering_of(equation))(x, out=[x])
        np.testing.assert_array_equal(x, expected)


def test_scalars_go_through_without_a_loop():
    check("add", [numbers((), np.float64), numbers((1, 1), np.float64)])
    check("reduce_sum", [numbers((1, 1), np.float32)], axis=(0, 1), keepdims=False)


def test_what_has_no_rule_has_no_lowering():
    half = Value(Aval((3,), np.dtype(np.float16)))
    out = Value(Aval((3,), np.dtype(np.float16)))
    assert lowering_of(Equation("add", (half, half), {}, (out,))) is None
    assert Graph((half,), (), (half,)).run(np.zeros(3, np.float16))[0].dtype == np.float16


@pytest.mark.parametrize("dtype", FLOATS)
def test_tall_columns_are_shared_out_by_rows(dtype):
    x = np.abs(numbers((40_000, 5), dtype))
    for shape, axis in ((x.shape, (0,)), ((200, 200, 5), (0, 1))):
        for op, exact in (("reduce_sum", np.sum), ("reduce_mean", np.mean), ("reduce_max", np.max)):
            equation = equation_of(op, [x.reshape(shape)], axis=axis, keepdims=True)
            native = Native(equation, lowering_of(equation))
            (y,), (again,) = native(x.reshape(shape)), native(x.reshape(shape))
            assert y.tobytes() == again.tobytes()
            truth = exact(x.astype(np.longdouble).reshape(shape), axis=axis, keepdims=True)
            np.testing.assert_allclose(y, truth, rtol=4 * np.finfo(dtype).eps)
    check(
        "reduce_sum", [np.arange(200_000, dtype=np.int64).reshape(-1, 4)], axis=(0,), keepdims=False
    )


@pytest.mark.parametrize("n", [2, 5, 6, 15, 17, 31])
def test_short_rows_of_a_map_are_joined(n):
    for rows in (4096, 4099, 96):
        x, column = numbers((rows, n), np.float32), numbers(n, np.float32)
        check("add", [x, column])
        check("where", [x > 0, x, column])
        check("multiply", [x, numbers((rows, 1), np.float32)])
        check("multiply", [column, x])
