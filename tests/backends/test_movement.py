"""Moved elements, picked and added rows, positions and running totals: exactly what the kernels give."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("llvmlite")

from native import Native, equation_of, graph_of

from gradtape.backends.llvm.nests import aliases, lowering_of

RNG = np.random.default_rng(11)
DTYPES = (np.float32, np.float64, np.int16, np.int8, np.bool_, np.float16)


def numbers(shape, dtype=np.float32):
    return np.asarray(RNG.normal(size=shape) * 20).astype(dtype)


def check(op, *arrays, close=0.0, **attrs):
    arrays = [np.asarray(a) for a in arrays]
    equation = equation_of(op, arrays, **attrs)
    lower = lowering_of(equation)
    assert lower is not None
    native = Native(equation, lower)
    found = native(*arrays)
    assert not native.failed
    for y, e in zip(found, graph_of(equation).run(*arrays)):
        np.testing.assert_allclose(y.astype(float), e.astype(float), rtol=0, atol=close)


@pytest.mark.parametrize(
    ("shape", "perm"),
    [((100, 70), (1, 0)), ((3, 5), (1, 0)), ((16, 16), (1, 0)), ((1000, 3), (1, 0)), ((20, 33, 17), (2, 0, 1)),
     ((20, 33, 17), (0, 2, 1)), ((20, 33, 17), None), ((4, 8, 33, 16), (0, 2, 1, 3)), ((4, 8, 33, 16), (0, 2, 3, 1)),
     ((2, 500, 16), (2, 1, 0)), ((300, 301), (1, 0)), ((7,), (0,)), ((2, 0, 3), (1, 0, 2))],
)  # fmt: skip
@pytest.mark.parametrize("dtype", DTYPES)
def test_axes_in_another_order(shape, perm, dtype):
    check("transpose", numbers(shape, dtype), perm=perm)


X = numbers((6, 10, 12))


@pytest.mark.parametrize(
    ("op", "attrs"),
    [
        ("slice", {"begin": (1, 2, 3), "size": (5, -1, 7)}),
        ("reverse", {"axis": (0, 2)}),
        ("strided_slice", {"spec": (..., (None, None, 2))}),
        ("strided_slice", {"spec": (3, (1, 9, 3), None, (10, 2, -2))}),
        ("split", {"sizes": (4, 5, 3), "axis": 2}),
        ("split", {"sizes": 2, "axis": 0}),
        ("unstack", {"num": 6, "axis": 0}),
        ("unstack", {"num": 12, "axis": -1}),
        ("tile", {"multiples": (2, 1, 3)}),
        ("repeat", {"repeats": 3, "axis": 1}),
        ("pad", {"paddings": ((1, 2), (0, 3), (4, 0)), "mode": "CONSTANT", "constant_values": 1.5}),
        ("pad", {"paddings": ((1, 2), (0, 0), (0, 0)), "mode": "CONSTANT", "constant_values": 0}),
        ("roll", {"shift": (7,), "axis": (1,)}),
        ("roll", {"shift": (-25,), "axis": (2,)}),
        ("broadcast_to", {"shape": (2, 6, 10, 12)}),
        ("reshape", {"shape": (12, 60)}),
    ],
)
def test_movement_of_one_array(op, attrs):
    for dtype in (np.float32, np.int8):
        if op != "pad" or dtype is np.float32:
            check(op, X.astype(dtype), **attrs)


def test_joining_and_repeating():
    check("concat", X, X[:, :3], X[:, :1], axis=1)
    check("concat", X[0, 0], X[0, 1], axis=0)
    for axis in range(4):
        check("stack", X, X + 1, axis=axis)
    check("broadcast_to", X[:, :1], shape=(6, 10, 12))
    check("broadcast_to", X[:, :, :1], shape=(3, 6, 10, 12))
    check("broadcast_to", np.float32(3), shape=(100, 7))
    check("strided_slice_grad", X[:5, :6], shape=(9, 12, 12), spec=((1, 6, 1), (None, None, 2)))


@pytest.mark.parametrize("kind", [np.int32, np.int64])
def test_rows_are_picked_and_added(kind):
    whole = lambda high, shape: RNG.integers(0, high, shape).astype(kind)
    for dtype in (np.float32, np.float64, np.int32):
        x = numbers((6, 10, 12), dtype)
        for axis in (0, 1, -1):
            check("gather", x, whole(6, (4, 5)), axis=axis, batch_dims=0)
        check("gather", x, whole(10, (6, 5)), axis=1, batch_dims=1)
        check("gather", x, whole(12, (6, 10, 5)), axis=2, batch_dims=2)
        check("gather", x[0, 0], kind(3), axis=0, batch_dims=0)
        check("unsorted_rows_sum", x, whole(4, 6), close=1e-4, shape=(4, 10, 12))
        check("unsorted_rows_sum", x[0, 0], whole(4, 12), close=1e-4, shape=(4,))
        check("gather_grad", x, whole(5, 10), close=1e-4, shape=(6, 5, 12), axis=1, batch_dims=0)


def test_an_index_out_of_range_is_left_to_the_kernel():
    equation = equation_of("gather", [X, np.array([1, 2])], axis=0, batch_dims=0)
    native = Native(equation, lowering_of(equation))
    for wrong in (6, -1, 2**40):
        native(X, np.array([1, wrong]))
        assert native.failed
    native(X, np.array([5, 0]))
    assert not native.failed


@pytest.mark.parametrize("op", ["argmax", "argmin"])
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_positions_of_extremes_pass_over_nan(op, axis):
    x = numbers((5, 20, 33), np.float64).round()
    x[RNG.random(x.shape) < 0.2] = np.nan
    x[3], x[:, :, 4] = np.nan, -np.inf
    for output in (np.int32, np.int64):
        for dtype in (np.float32, np.float64):
            check(op, x.astype(dtype), axis=axis, output_type=np.dtype(output))
        check(
            op, np.nan_to_num(x[:, :, :3]).astype(np.int32), axis=axis, output_type=np.dtype(output)
        )


@pytest.mark.parametrize("op", ["cumsum", "cumprod"])
def test_running_totals(op):
    x = (1 + numbers((5, 20, 33), np.float64) / 200).astype(np.float32)
    for axis in (0, 1, 2):
        for exclusive in (False, True):
            for reverse in (False, True):
                check(op, x, axis=axis, exclusive=exclusive, reverse=reverse)


def test_one_hot_rows():
    indices = RNG.integers(-2, 12, (5, 7))
    for axis in (0, 1, -1):
        check(
            "one_hot",
            indices,
            depth=10,
            on_value=3,
            off_value=-1,
            axis=axis,
            dtype=np.dtype(np.float64),
        )
    check(
        "one_hot",
        indices.astype(np.int32),
        depth=10,
        on_value=1,
        off_value=0,
        axis=-1,
        dtype=np.dtype(bool),
    )


def test_a_reshape_is_its_input():
    assert aliases(equation_of("reshape", [X], shape=(12, 60))) == {0: 0}
    assert aliases(equation_of("transpose", [X], perm=None)) == {}


def test_every_operation_is_found_in_its_room():
    from importlib import import_module

    from gradtape.backends.llvm.nests import ROOMS

    for room, ops in ROOMS.items():
        table = import_module(f"gradtape.backends.llvm.nests.{room}").TABLE
        assert set(table) == set(ops)
