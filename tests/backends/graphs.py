"""Graphs made by hand, for the tests of backends."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape.core.card import REGISTRY
from gradtape.graph.ir import Aval, Equation, Graph, Value


class Builder:
    """Writes a graph equation by equation; shapes of results come from running the kernels on zeros or ones."""

    def __init__(self) -> None:
        self.inputs: list[Value] = []
        self.equations: list[Equation] = []
        self.constants: dict[Value, np.ndarray] = {}

    def input(self, shape: tuple[int, ...], dtype: Any = np.float32) -> Value:
        value = Value(Aval(shape, np.dtype(dtype)))
        self.inputs.append(value)
        return value

    def constant(self, array: Any, dtype: Any = np.float32) -> Value:
        array = np.asarray(array, dtype)
        value = Value(Aval(array.shape, array.dtype))
        self.constants[value] = array
        return value

    def __call__(self, op: str, *inputs: Value, **attrs: Any) -> Any:
        card = REGISTRY[op]
        with np.errstate(all="ignore"):
            arrays = [self.constants.get(v, np.ones(v.shape, v.dtype)) for v in inputs]
            found = card.kernel(*arrays, **attrs)
        made = [np.asarray(a) for a in (found if card.multi else (found,))]
        outputs = tuple([Value(Aval(a.shape, a.dtype)) for a in made])
        self.equations.append(Equation(op, tuple(inputs), attrs, outputs))
        return outputs if card.multi else outputs[0]

    def graph(self, *outputs: Value) -> Graph:
        return Graph(tuple(self.inputs), tuple(self.equations), tuple(outputs), self.constants)


def lesson_step(rate: float = 0.01) -> Graph:
    """One training step of dense 2 -> 5 sigmoid -> 5 with sparse cross-entropy, batch 1, by the cards' own rules.

    x, labels, w1, b1, w2, b2 -> loss, and the four weights after a step of gradient descent.
    """
    g = Builder()
    x, labels = g.input((1, 2)), g.input((1,), np.int64)
    w1, b1, w2, b2 = g.input((2, 5)), g.input((5,)), g.input((5, 5)), g.input((5,))
    plain = {"transpose_a": False, "transpose_b": False}
    h = g("sigmoid", g("add", g("matmul", x, w1, **plain), b1))
    y = g("add", g("matmul", h, w2, **plain), b2)
    losses, slope = g("sparse_softmax_cross_entropy_with_logits", y, labels)
    loss = g("reduce_mean", losses, axis=(0,), keepdims=False)
    # backward
    one = g.constant(1.0)
    of_losses = g("broadcast_to", g("reshape", one, shape=(1,)), shape=(1,))
    of_y = g("multiply", g("reshape", of_losses, shape=(1, 1)), slope)
    of_b2 = g("reduce_sum", of_y, axis=(0,), keepdims=False)
    of_w2 = g("matmul", h, of_y, transpose_a=True, transpose_b=False)
    of_h = g("matmul", of_y, w2, transpose_a=False, transpose_b=True)
    of_z = g("multiply", of_h, g("multiply", h, g("subtract", one, h)))
    of_b1 = g("reduce_sum", of_z, axis=(0,), keepdims=False)
    of_w1 = g("matmul", x, of_z, transpose_a=True, transpose_b=False)
    step = g.constant(rate)
    new = [
        g("subtract", w, g("multiply", step, of))
        for w, of in zip((w1, b1, w2, b2), (of_w1, of_b1, of_w2, of_b2))
    ]
    return g.graph(loss, *new)


def lesson_loop(turns: int = 100) -> Graph:
    """The lesson's step, `turns` times: x, labels, w1, b1, w2, b2 -> last loss, weights."""
    step = lesson_step()
    cond, body = Builder(), Builder()
    for b in (cond, body):
        for v in step.inputs[:2]:
            b.input(v.shape, v.dtype)
        b.input((), np.int32)
        b.input(())
        for v in step.inputs[2:]:
            b.input(v.shape, v.dtype)
    cond_graph = cond.graph(cond("less", cond.inputs[2], cond.constant(turns, np.int32)))
    env = dict(zip(step.inputs, [*body.inputs[:2], *body.inputs[4:]]))
    equations = [
        Equation(e.op, tuple([env.get(v, v) for v in e.inputs]), e.attrs, e.outputs)
        for e in step.equations
    ]
    body.constants.update(step.constants)
    following = body("add", body.inputs[2], body.constant(1, np.int32))
    body.equations += equations
    body_graph = body.graph(following, *step.outputs)
    g = Builder()
    inputs = [g.input(v.shape, v.dtype) for v in step.inputs]
    carried = [g.constant(0, np.int32), g.constant(0.0), *inputs[2:]]
    outputs = tuple([Value(v.aval) for v in carried])
    attrs = {"cond": cond_graph, "body": body_graph, "n_constants": 2, "limit": None}
    g.equations.append(Equation("while", (*inputs[:2], *carried), attrs, outputs))
    return g.graph(*outputs[1:])


def lesson_arrays(seed: int = 0) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    shapes = [(2, 5), (5,), (5, 5), (5,)]
    return [
        rng.random((1, 2), np.float32),
        np.array([3]),
        *[(0.5 * rng.standard_normal(s)).astype(np.float32) for s in shapes],
    ]
