"""Graphs over planned buffers against the interpreter, plans checked; calls of Python, errors, threads, recursion."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import tracemalloc
from typing import Any

import numpy as np
import pytest

from gradtape.backends.llvm import buffers, program
from gradtape.backends.llvm.runtime import NativeExecutable, compile_graph
from gradtape.base.errors import InvalidArgumentError
from gradtape.graph.ir import Equation, Graph, Value, aval_of

from .graphs import Builder, lesson_arrays, lesson_loop, lesson_step
from .programs import random_graph

TOLERANCE = {"float32": 2e-5, "float64": 1e-12}


@pytest.fixture(autouse=True)
def over_buffers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program, "ROWS_LIMIT", -1)
    monkeypatch.setattr(program, "CHECK_PLANS", True)


def check(graph: Graph, arrays: list[np.ndarray]) -> NativeExecutable:
    wanted = graph.run(*arrays)
    executable = compile_graph(graph)
    assert executable.mode == "buffers"
    for _ in range(2):
        for got, want in zip(executable.run(*arrays), wanted, strict=True):
            assert (got.shape, got.dtype) == (want.shape, want.dtype)
            tolerance = TOLERANCE.get(want.dtype.name, 0)
            np.testing.assert_allclose(got, want, rtol=tolerance, atol=tolerance)
    return executable


def host(g: Builder, function: Any, *inputs: Value, like: Value) -> Value:
    output = Value(like.aval)
    attrs = {"function": function, "avals": (like.aval,)}
    g.equations.append(Equation("host", inputs, attrs, (output,)))
    return output


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "int64"])
@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("small", [2000, -1], ids=["rows", "python"])
def test_random_graphs(monkeypatch: Any, seed: int, dtype: str, small: int) -> None:
    monkeypatch.setattr(buffers, "SMALL", small)
    graph, arrays = random_graph(100 + seed, dtype, (1, 2, 3, 5, 17), 14)
    check(graph, arrays)


@pytest.mark.parametrize("seed", range(6))
def test_donated_inputs_of_random_graphs(monkeypatch: Any, seed: int) -> None:
    monkeypatch.setattr(buffers, "SMALL", -1)
    graph, arrays = random_graph(200 + seed, np.float32, (3,), 14)
    donate: dict[int, int] = {}
    for i, v in enumerate(graph.inputs):
        for o, w in enumerate(graph.outputs):
            if v.aval == w.aval and o not in donate.values():
                donate[i] = o
                break
    wanted = graph.run(*arrays)
    executable = compile_graph(graph, donate)
    before = [a.copy() for a in arrays]
    for got, want in zip(executable.run(*arrays), wanted, strict=True):
        np.testing.assert_allclose(got, want, rtol=2e-5, atol=2e-5)
    for now, then in zip(arrays, before):
        np.testing.assert_array_equal(now, then)  # `run` writes no input, donated or not
    given = [a.copy() for a in arrays]
    executable.call(*given)
    for i, o in donate.items():
        np.testing.assert_allclose(given[i], wanted[o], rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("make", [lesson_step, lambda: lesson_loop(7)])
def test_lesson(monkeypatch: Any, make: Any) -> None:
    monkeypatch.setattr(buffers, "SMALL", -1)
    check(make(), lesson_arrays())


def test_bits_do_not_change_from_run_to_run() -> None:
    g = Builder()
    x = g.input((300, 257))
    y = g("reduce_sum", g("exp", g("tanh", x)), axis=(0, 1), keepdims=False)
    executable = compile_graph(g.graph(y, g("softmax", x, axis=-1)))
    x = np.random.default_rng(0).standard_normal((300, 257)).astype(np.float32)
    first = executable.run(x)
    for _ in range(20):
        for a, b in zip(first, executable.run(x)):
            assert a.tobytes() == b.tobytes()


def test_users_errors_come_from_kernels() -> None:
    g = Builder()
    x, labels = g.input((400, 10)), g.input((400,), np.int64)
    w = g.input((10,))
    loss, _ = g("sparse_softmax_cross_entropy_with_logits", x, labels)
    new = g("add", w, g("reduce_sum", loss, axis=(0,), keepdims=False))
    executable = compile_graph(g.graph(new), {2: 0})
    x, labels = np.zeros((400, 10), np.float32), np.zeros(400, np.int64)
    w = np.ones(10, np.float32)
    executable.call(x, labels, w)
    after = w.copy()
    labels[77] = 12
    with pytest.raises(InvalidArgumentError, match="label value of 12"):
        executable.call(x, labels, w)
    np.testing.assert_array_equal(w, after)  # nothing is updated when an error comes up


def test_host_calls_happen_in_order_and_may_raise() -> None:
    seen: list[float] = []

    def note(x: np.ndarray) -> tuple[np.ndarray]:
        seen.append(float(x[0]))
        if x[0] > 6:
            raise KeyError("too much")
        return (x * 2,)

    g = Builder()
    x, w = g.input((3,)), g.input((3,))
    y = host(g, note, x, like=x)
    z = host(g, note, g("add", y, x), like=x)
    executable = compile_graph(g.graph(g("add", w, z)), {1: 0})
    w = np.zeros(3, np.float32)
    executable.call(np.ones(3, np.float32), w)
    assert seen == [1.0, 3.0] and w.tolist() == [6, 6, 6]
    with pytest.raises(KeyError, match="too much"):
        executable.call(np.full(3, 3, np.float32), w)
    assert seen == [1.0, 3.0, 3.0, 9.0] and w.tolist() == [6, 6, 6]
    executable.call(np.ones(3, np.float32), w)  # and it can be called again
    assert w.tolist() == [12, 12, 12]


def test_what_a_host_call_keeps_stays() -> None:
    kept: list[np.ndarray] = []
    g = Builder()
    x = g.input((1000,))
    y = host(g, lambda a: (kept.append(a), (a,))[1], g("tanh", x), like=x)
    executable = compile_graph(g.graph(g("exp", g("tanh", y))))
    x = np.ones(1000, np.float32)
    executable.run(x)
    executable.run(0 * x)
    np.testing.assert_allclose(kept[0], np.tanh(x), rtol=1e-6)


def test_a_result_of_another_shape_is_an_error() -> None:
    g = Builder()
    x = g.input((3,))
    y = host(g, lambda a: (a[:2],), x, like=x)
    with pytest.raises(TypeError, match=r"expected a result of float32\[3\]"):
        compile_graph(g.graph(y)).run(np.ones(3, np.float32))


def test_recursion() -> None:
    """A host call that calls the executable it is called from: each call in flight has memory of its own."""
    made: list[NativeExecutable] = []

    def down(x: np.ndarray) -> tuple[np.ndarray]:
        return made[0].run(x - 1) if x[0] > 0 else (np.zeros_like(x),)

    g = Builder()
    x = g.input((500,))
    double = g("add", x, x)
    y = host(g, down, x, like=x)
    made.append(compile_graph(g.graph(g("add", g("tanh", y), double))))
    (got,) = made[0].run(np.full(500, 5, np.float32))
    want = 0.0
    for n in range(6):
        want = np.tanh(want) + 2 * n
    np.testing.assert_allclose(got, np.full(500, want), rtol=1e-6)


def test_threads_share_an_executable() -> None:
    g = Builder()
    x = g.input((100, 100))
    y = x
    for _ in range(6):
        y = g("tanh", g("matmul", y, x, transpose_a=False, transpose_b=False))
    graph = g.graph(y)
    executable = compile_graph(graph)
    rng = np.random.default_rng(0)
    arrays = [0.1 * rng.standard_normal((100, 100)).astype(np.float32) for _ in range(4)]
    wanted = [executable.run(a)[0] for a in arrays]
    wrong: list[int] = []

    def work(k: int) -> None:
        for _ in range(50):
            if not np.array_equal(executable.run(arrays[k])[0], wanted[k]):
                wrong.append(k)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_arrays_of_any_layout() -> None:
    g = Builder()
    x, y = g.input((6, 5)), g.input((6, 5))
    executable = compile_graph(g.graph(g("subtract", x, y)))
    base = np.arange(60, dtype=np.float32).reshape(6, 10)
    a, b = base[:, ::2], np.asfortranarray(base[:, 1::2])
    c = np.frombuffer(b"\0" + base[:, :5].tobytes(), np.uint8)[1:].view(np.float32).reshape(6, 5)
    for x, y in ((a, b), (b, a), (np.broadcast_to(a[:1], (6, 5)), c)):
        np.testing.assert_array_equal(executable.run(x, y)[0], x - y)
    with pytest.raises(TypeError, match=r"Expected float32\[6,5\] for input 1"):
        executable.run(a, a[:5])
    with pytest.raises(TypeError, match="for input 0"):
        executable.run(a.astype(np.float64), b)


def test_strings_are_left_to_numpy() -> None:
    g = Builder()
    x = g.constant(np.array([b"a", b"b"], object), object)
    with pytest.raises(NotImplementedError, match="Strings"):
        compile_graph(g.graph(g("reverse", x, axis=(0,))))


@pytest.mark.parametrize("over", ["rows", "buffers"])
def test_a_steady_step_allocates_nothing_but_its_result(monkeypatch: Any, over: str) -> None:
    monkeypatch.setattr(program, "ROWS_LIMIT", 6000 if over == "rows" else -1)
    executable = compile_graph(lesson_step(), {2: 1, 3: 2, 4: 3, 5: 4})
    assert executable.mode == over
    arrays = lesson_arrays()
    call = executable.call
    for _ in range(100):
        call(*arrays)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(1000):
            call(*arrays)
        now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert now - before < 1000, "memory grows from step to step"
    assert peak - before < 1000, "more than the loss is allocated in a step"


SCRIPT = """
import sys, threading, time, signal, os
import numpy as np
sys.path.insert(0, {tests!r})
from backends.graphs import Builder, lesson_loop, lesson_arrays
from backends import graphs
import gradtape.backends.llvm.program as program
from gradtape.backends.llvm.runtime import compile_graph
program.ROWS_LIMIT = {limit}
executable = compile_graph(lesson_loop(10**9), {{2: 1, 3: 2, 4: 3, 5: 4}})
assert executable.mode == {mode!r}
arrays = lesson_arrays()
start = [a.copy() for a in arrays]
ticks = []
def tick():
    while True:
        ticks.append(1)
        time.sleep(0.01)
threading.Thread(target=tick, daemon=True).start()
threading.Timer(0.5, lambda: (sent.append(time.monotonic()), os.kill(os.getpid(), signal.SIGINT))).start()
sent = []
try:
    executable.call(*arrays)
except KeyboardInterrupt:
    late = time.monotonic() - sent[0]
    assert late < 0.5, late
    assert len(ticks) > 10, len(ticks)
    assert all(np.isfinite(a).all() for a in arrays[2:])
    assert not np.array_equal(arrays[2], start[2])
    # What was reached is one of the states that the loop goes through: one more step is as from there.
    step = graphs.lesson_step()
    a = step.run(*arrays)
    assert a[0] < step.run(*start)[0]
    executable2 = compile_graph(lesson_loop(3))
    executable2.run(*arrays)
    print("interrupted", round(late, 3))
"""


@pytest.mark.parametrize(("mode", "limit"), [("rows", 6000), ("buffers", -1)])
def test_ctrl_c_ends_a_native_loop(mode: str, limit: int) -> None:
    tests = os.path.dirname(os.path.dirname(__file__))
    code = SCRIPT.format(tests=tests, limit=limit, mode=mode)
    begin = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip
    assert done.stdout.startswith("interrupted"), done.stderr
    assert time.monotonic() - begin < 60


def test_aval_of_buffers() -> None:
    graph = lesson_step()
    for v in graph.inputs:
        buffer = NativeExecutable.new_buffer(v.aval)
        assert (
            aval_of(buffer) == v.aval and buffer.ctypes.data % 64 == 0 and buffer.flags.c_contiguous
        )


def test_short_calls_keep_the_lock_and_long_ones_give_it_away() -> None:
    def step(n: int) -> Graph:
        g = Builder()
        return g.graph(g("tanh", g.input((n,))))

    assert not program.build(step(100), {}).release
    assert program.build(step(1_000_000), {}).release
    assert program.build(lesson_loop(3), {}).release


def test_an_error_in_a_loop_in_registers_leaves_weights_as_they_were() -> None:
    """The loop is one step among others; a label out of range is the kernels' to complain of."""
    graph = lesson_loop(5)
    executable = compile_graph(graph, {2: 1, 3: 2, 4: 3, 5: 4})
    arrays = lesson_arrays()
    arrays[1] = np.array([9])
    before = [a.copy() for a in arrays]
    with pytest.raises(InvalidArgumentError, match="label value of 9"):
        executable.call(*arrays)
    assert all(np.array_equal(a, b) for a, b in zip(arrays, before))
    arrays[1] = np.array([1])
    wanted = graph.run(*arrays)
    (loss,) = executable.call(*arrays)
    np.testing.assert_allclose(loss, wanted[0], rtol=1e-5)


def test_ctrl_c_in_a_host_call() -> None:
    def interrupt(x: np.ndarray) -> tuple[np.ndarray]:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(1)
        return (x,)

    g = Builder()
    x = g.input((3,))
    executable = compile_graph(g.graph(host(g, interrupt, x, like=x)))
    begin = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        executable.run(np.ones(3, np.float32))
    assert time.monotonic() - begin < 0.9
