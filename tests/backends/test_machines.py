"""The same code for narrower registers, and by two threads: the same results."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("llvmlite")

from native import Native, equation_of, graph_of

from gradtape.backends.llvm.nests import lowering_of
from gradtape.backends.llvm.threads import parallel_address

RNG = np.random.default_rng(21)
F = np.float32
PLAIN = {"transpose_a": False, "transpose_b": True}
CONV = {"strides": (1, 1), "padding": "SAME", "dilations": (1, 1)}


def numbers(*shape):
    return RNG.normal(size=shape).astype(F)


CASES = [
    ("add", (numbers(50, 33), numbers(33)), {}),
    ("exp", (numbers(1000),), {}),
    ("reduce_sum", (numbers(40, 333),), {"axis": (1,), "keepdims": False}),
    ("reduce_sum", (numbers(333, 40),), {"axis": (0,), "keepdims": False}),
    ("reduce_max", (numbers(70, 90),), {"axis": (0, 1), "keepdims": False}),
    ("softmax", (numbers(9, 77),), {"axis": -1}),
    ("matmul", (numbers(130, 70), numbers(90, 70)), PLAIN),
    ("matmul", (numbers(7, 9), numbers(11, 9)), PLAIN),
    ("transpose", (numbers(37, 50),), {"perm": (1, 0)}),
    ("conv", (numbers(2, 9, 9, 3), numbers(3, 3, 3, 20)), CONV),
    ("argmax", (numbers(5, 50),), {"axis": 1, "output_type": np.dtype(np.int64)}),
]


@pytest.mark.parametrize("nbytes", [16, 32, 64])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case[0])
def test_registers_of_any_width(case, nbytes):
    op, arrays, attrs = case
    equation = equation_of(op, arrays, **attrs)
    found = Native(equation, lowering_of(equation), vector_bytes=nbytes)(*arrays)
    for y, e in zip(found, graph_of(equation).run(*arrays)):
        np.testing.assert_allclose(y, e, rtol=1e-5, atol=1e-4)


LARGE = [
    ("exp", (numbers(500_000),), {}),
    ("reduce_sum", (numbers(1_000_003),), {"axis": (0,), "keepdims": False}),
    ("reduce_sum", (numbers(100_000, 7),), {"axis": (0,), "keepdims": False}),
    ("reduce_sum", (numbers(300, 5000),), {"axis": (0,), "keepdims": False}),
    ("softmax", (numbers(500, 300),), {"axis": -1}),
    ("matmul", (numbers(300, 400), numbers(500, 400)), PLAIN),
    ("transpose", (numbers(1000, 900),), {"perm": (1, 0)}),
    ("conv_backprop_filter", (numbers(16, 28, 28, 4), numbers(16, 28, 28, 8)), {**CONV, "filter_shape": (3, 3, 4, 8)}),
]  # fmt: skip


@pytest.mark.parametrize("case", LARGE, ids=lambda case: case[0])
def test_two_threads_give_the_bits_of_one(case):
    op, arrays, attrs = case
    equation = equation_of(op, arrays, **attrs)
    alone = Native(equation, lowering_of(equation))
    shared = Native(equation, lowering_of(equation), parallel_address())
    assert "gradtape_parallel" in shared.unit.symbols
    (expected,) = alone(*arrays)
    for _ in range(5):
        assert shared(*arrays)[0].tobytes() == expected.tobytes()
