"""Ways back through loops: as one operation, and as loops over the rows of buffers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradtape as tf
from gradtape.graph.ir import Graph, graphs_in
from gradtape.graph.passes import optimize
from gradtape.graph.passes.sweeps import loops
from gradtape.graph.verify import verify

RNG = np.random.default_rng(3)


def operations(graph: Graph) -> set[str]:
    found = {e.op for e in graph.equations}
    return found.union(*[operations(g) for e in graph.equations for g in graphs_in(e.attrs)])


def first(x: Any, y: Any, loop: Callable[..., Any]) -> Any:
    with tf.GradientTape() as tape:
        tape.watch([x, y])
        z = loop(x, y)
    return tape.gradient(z, [x, y])


def second(x: Any, y: Any, loop: Callable[..., Any]) -> Any:
    with tf.GradientTape() as tape:
        tape.watch([x, y])
        total = tf.add_n([tf.reduce_sum(tf.sin(g)) for g in first(x, y, loop)])
    return tape.gradient(total, [x, y])


def plain(x: Any, y: Any) -> Any:
    for _ in tf.range(4):
        x = tf.tanh(x * y)
    return tf.reduce_sum(x)


def left_early(x: Any, y: Any) -> Any:
    for i in tf.range(9):
        x = x * y + tf.cast(i, x.dtype)
        if tf.reduce_sum(x) > 20.0:
            break
    return tf.reduce_sum(x)


def no_turn(x: Any, y: Any) -> Any:
    for _ in tf.range(5):
        if tf.reduce_sum(x) > -100.0:
            break
        x = x * y
    return tf.reduce_sum(x * y)


def inside_one_another(x: Any, y: Any) -> Any:
    for i in tf.range(3):
        for _ in tf.range(2):
            x = tf.sin(x * y) if i != 1 else x + y
    return tf.reduce_sum(x)


@pytest.mark.parametrize("order", [first, second])
@pytest.mark.parametrize("loop", [plain, left_early, no_turn, inside_one_another])
def test_loops_give_what_sweeps_give(order: Any, loop: Any) -> None:
    x, y = (RNG.uniform(0.5, 1.5, 3) for _ in range(2))
    f = tf.function(lambda a, b: order(a, b, loop))
    graph = f.get_concrete_function(tf.constant(x), tf.constant(y)).graph
    verify(graph, thorough=True)
    assert "sweeps" in operations(graph)
    wanted = graph.run(x, y)
    for found in (loops(graph), optimize(graph), optimize(loops(optimize(graph)))):
        verify(found, thorough=True)
        for a, b in zip(found.run(x, y), wanted):
            assert np.array_equal(a, b)
    assert "sweeps" not in operations(loops(graph))


def test_a_loop_without_a_limit_stays() -> None:
    def loop(x: Any, y: Any) -> Any:
        while tf.reduce_sum(x) < 50.0:
            x = x * y
        return tf.reduce_sum(x)

    x, y = np.array([1.0, 2.0]), np.array([1.5, 1.25])
    f = tf.function(lambda a, b: first(a, b, loop))
    graph = f.get_concrete_function(tf.constant(x), tf.constant(y)).graph
    assert "sweeps" in operations(loops(graph))
    for a, b in zip(f(tf.constant(x), tf.constant(y)), first(tf.constant(x), tf.constant(y), loop)):
        np.testing.assert_allclose(a, b, rtol=1e-12)


def test_what_the_way_back_does_not_look_at_is_not_kept() -> None:
    def loop(x: Any, y: Any) -> Any:
        s = x
        for _ in tf.range(3):
            s = s + tf.exp(x) * y  # linear in s: no turn needs to know it
        return tf.reduce_sum(s)

    f = tf.function(lambda a, b: first(a, b, loop))
    graph = f.get_concrete_function(tf.constant([1.0]), tf.constant([2.0])).graph
    (sweeps,) = [e for e in graph.equations if e.op == "sweeps"]
    body = sweeps.attrs["bodies"][0]
    n_carried = sweeps.attrs["plan"][0][1]
    assert len(body.outputs) == n_carried
