"""Graphs in registers against the interpreter."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradtape.backends.llvm import program
from gradtape.backends.llvm.runtime import compile_graph
from gradtape.base.errors import InvalidArgumentError

from .graphs import Builder, lesson_arrays, lesson_loop, lesson_step
from .programs import random_graph


@pytest.fixture(autouse=True)
def long_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program, "ROWS_LIMIT", 20_000)


TOLERANCE = {"float32": 2e-5, "float64": 1e-12, "int32": 0, "int64": 0}


def check(graph: Any, arrays: list[np.ndarray], mode: str = "rows") -> None:
    wanted = graph.run(*arrays)
    executable = compile_graph(graph)
    assert executable.mode == mode
    for got, want in zip(executable.run(*arrays), wanted, strict=True):
        assert (got.shape, got.dtype) == (want.shape, want.dtype)
        tolerance = TOLERANCE.get(want.dtype.name, 0)
        np.testing.assert_allclose(got, want, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "int64"])
@pytest.mark.parametrize("seed", range(8))
def test_random_graphs(seed: int, dtype: str) -> None:
    graph, arrays = random_graph(seed, dtype, (1, 2, 3, 5), 10)
    check(graph, arrays)


def test_step_of_the_lesson() -> None:
    graph, arrays = lesson_step(), lesson_arrays()
    check(graph, arrays)


def test_loop_of_the_lesson() -> None:
    check(lesson_loop(100), lesson_arrays())


def test_donated_weights_are_written_in_place() -> None:
    graph, arrays = lesson_step(), lesson_arrays()
    executable = compile_graph(graph, {2: 1, 3: 2, 4: 3, 5: 4})
    wanted = graph.run(*arrays)
    weights = []
    for v, array in zip(graph.inputs[2:], arrays[2:]):
        weights.append(executable.new_buffer(v.aval))
        weights[-1][...] = array
    (loss,) = executable.call(*arrays[:2], *weights)
    for got, want in zip((loss, *weights), wanted):
        np.testing.assert_allclose(got, want, rtol=1e-6, atol=1e-6)


def test_label_out_of_range_raises_the_users_error_and_writes_nothing() -> None:
    graph, arrays = lesson_step(), lesson_arrays()
    executable = compile_graph(graph, {2: 1, 3: 2, 4: 3, 5: 4})
    arrays[1] = np.array([5])
    before = [a.copy() for a in arrays]
    with pytest.raises(InvalidArgumentError, match="label value of 5"):
        executable.call(*arrays)
    for now, then in zip(arrays, before):
        np.testing.assert_array_equal(now, then)


def test_bad_label_in_a_loop_that_never_turns_is_no_error() -> None:
    arrays = lesson_arrays()
    arrays[1] = np.array([77])
    graph = lesson_loop(0)
    check(graph, arrays)
    with pytest.raises(InvalidArgumentError, match="label value of 77"):
        compile_graph(lesson_loop(3)).run(*arrays)


def test_large_graphs_are_not_held_in_registers() -> None:
    g = Builder()
    x = g.input((300, 300))
    assert program.build(g.graph(g("tanh", x)), {}).mode == "buffers"
