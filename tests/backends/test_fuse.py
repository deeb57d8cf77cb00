"""Fusion: random programs keep their meaning, bit for bit in the interpreter and to rounding in native code."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("llvmlite")

from native import Native

from gradtape.backends.llvm.nests import group_lowering, nestable, prepared
from gradtape.core.card import REGISTRY
from gradtape.graph.ir import Aval, Equation, Graph, Value, aval_of
from gradtape.graph.passes.fuse import fuse
from gradtape.graph.space import space_of

UNARY = ["tanh", "sigmoid", "negative", "square", "relu", "abs", "identity"]
BINARY = ["add", "subtract", "multiply", "maximum", "relu_grad"]
FOLDS = ["reduce_sum", "reduce_mean", "reduce_max", "reduce_min"]


class Builder:
    """A graph with the arrays that its values have."""

    def __init__(self, seed: int):
        self.rng = np.random.default_rng(seed)
        self.equations: list[Equation] = []
        self.arrays: dict[Value, np.ndarray] = {}
        self.constants: dict[Value, np.ndarray] = {}
        self.inputs: list[Value] = []

    def input(self, shape, dtype=np.float64):
        v = Value(Aval(tuple(shape), np.dtype(dtype)))
        self.arrays[v] = np.asarray(self.rng.uniform(-1, 1, shape), dtype)
        self.inputs.append(v)
        return v

    def const(self, number, dtype=np.float64):
        v = Value(Aval((), np.dtype(dtype)))
        self.arrays[v] = self.constants[v] = np.asarray(number, dtype)
        return v

    def __call__(self, op, *xs, **attrs):
        y = REGISTRY[op].kernel(*[self.arrays[x] for x in xs], **attrs)
        ys = [np.asarray(a) for a in (y if REGISTRY[op].multi else (y,))]
        out = [Value(aval_of(a)) for a in ys]
        self.arrays.update(zip(out, ys))
        self.equations.append(Equation(op, xs, attrs, tuple(out)))
        return out[0] if len(out) == 1 else out

    def graph(self, *outputs):
        return Graph(tuple(self.inputs), tuple(self.equations), outputs, self.constants)

    def given(self):
        return [self.arrays[v] for v in self.inputs]


def random_program(seed: int) -> Builder:
    b = Builder(seed)
    rng = b.rng
    n, m = int(rng.integers(1, 40)), int(rng.integers(1, 90))
    pool = [b.input(s) for s in ((n, m), (n, m), (m,), (n, 1), ())] + [b.const(0.5), b.const(-1.5)]
    for _ in range(int(rng.integers(4, 22))):
        kind = rng.random()
        x = pool[int(rng.integers(len(pool)))]
        if kind < 0.3:
            y = b(str(rng.choice(UNARY)), x)
        elif kind < 0.7:
            other = pool[int(rng.integers(len(pool)))]
            try:
                shape = np.broadcast_shapes(x.shape, other.shape)
            except ValueError:
                continue
            if len(shape) > 2:
                continue
            y = b(str(rng.choice(BINARY)), x, other)
        elif kind < 0.85 and x.shape:
            rank = len(x.shape)
            axis = tuple(a for a in range(rank) if rng.random() < 0.6) or (rank - 1,)
            y = b(str(rng.choice(FOLDS)), x, axis=axis, keepdims=bool(rng.random() < 0.6))
        elif kind < 0.9 and len(x.shape) == 2:
            y = b("softmax", x, axis=-1)
        elif kind < 0.95:
            y = (
                b("broadcast_to", x, shape=(n, m))
                if x.shape in ((m,), (n, 1), (), (1, 1))
                else b("identity", x)
            )
        else:
            y = b("reshape", x, shape=x.shape[::-1] if 1 in x.shape else x.shape)
        pool.append(y)
    return b


def outputs_of(b: Builder):
    made = [e.outputs[0] for e in b.equations]
    picked = [v for v in made if b.rng.random() < 0.3]
    return picked or made[-1:]


@pytest.mark.parametrize("seed", range(120))
def test_random_programs_keep_their_meaning(seed):
    b = random_program(seed)
    if not b.equations:
        pytest.skip("an empty program")
    graph = b.graph(*outputs_of(b))
    fused = fuse(graph, nestable)
    assert len(fused.equations) <= len(graph.equations) + 3
    expected, found = graph.run(*b.given()), fused.run(*b.given())
    for e, f in zip(expected, found):
        assert e.tobytes() == f.tobytes()
    env = dict(zip(fused.inputs, b.given()))
    env.update(fused.constants)
    for equation in fused.equations:
        lower = group_lowering(equation)
        arrays = [np.asarray(env[v]) for v in equation.inputs]
        reference = REGISTRY[equation.op].kernel(*arrays, **equation.attrs)
        if not REGISTRY[equation.op].multi:
            reference = (reference,)
        if equation.op == "fused":
            assert lower is not None
            for y, r in zip(Native(equation, lower)(*arrays), reference):
                np.testing.assert_allclose(y, r, rtol=1e-11, atol=1e-11)
        env.update(zip(equation.outputs, [np.asarray(r) for r in reference]))


def chain(b: Builder, n: int):
    """Twelve elementwise operations, their sum, and its gradient."""
    x, c = b.input((n,), np.float32), lambda v: b.const(v, np.float32)
    t = b("tanh", b("add", b("multiply", x, c(1.3)), c(0.1)))
    s = b("sigmoid", b("multiply", t, c(2.0)))
    r = b("relu", b("add", s, c(-0.3)))
    e = b("exp", b("multiply", b("square", r), c(0.5)))
    total = b("reduce_sum", b("add", e, c(1.0)), axis=(0,), keepdims=False)
    g = b("multiply", b("broadcast_to", c(1.0), shape=(n,)), e)
    g = b("multiply", b("multiply", g, c(0.5)), b("multiply", c(2.0), r))
    g = b("multiply", b("relu_grad", g, r), b("multiply", s, b("subtract", c(1.0), s)))
    g = b("multiply", b("multiply", g, c(2.0)), b("subtract", c(1.0), b("square", t)))
    return total, b("multiply", g, c(1.3))


def test_a_chain_and_its_gradient_are_one_loop_with_every_function_once():
    b = Builder(0)
    total, slope = chain(b, 4099)
    graph = prepared(b.graph(total, slope))
    (equation,) = graph.equations
    assert equation.op == "fused"
    inner = [e.op for e in equation.attrs["graph"].equations]
    assert [inner.count(op) for op in ("tanh", "sigmoid", "exp")] == [1, 1, 1]
    space = space_of(equation.attrs["graph"])
    assert space is not None and len(space.dims) == 1 and space.last_stage == 0
    found = Native(equation, group_lowering(equation))(*b.given())
    for y, e in zip(found, graph.run(*b.given())):
        np.testing.assert_allclose(y, e, rtol=2e-6, atol=1e-6)


def test_an_optimizer_step_is_one_pass_over_the_weights():
    b = Builder(1)
    f = np.float32
    w, m, v, g = (b.input((30, 17), f) for _ in range(4))
    rate = b.input((), f)
    c = lambda x: b.const(x, f)
    m2 = b("add", m, b("multiply", b("subtract", g, m), c(0.1)))
    v2 = b("add", v, b("multiply", b("subtract", b("square", g), v), c(0.001)))
    step = b("real_div", b("multiply", m2, rate), b("add", b("sqrt", b("abs", v2)), c(1e-7)))
    w2 = b("subtract", w, step)
    graph = prepared(b.graph(w2, m2, v2))
    (equation,) = graph.equations
    from gradtape.backends.llvm.nests import inplace

    pairs = {
        (graph.outputs.index(equation.outputs[k]), graph.inputs.index(equation.inputs[i]))
        for k, i in inplace(equation)
    }
    assert {(0, 0), (1, 1), (2, 2)} <= pairs
    for y, e in zip(Native(equation, group_lowering(equation))(*[b.arrays[x] for x in equation.inputs]),
                    equation.attrs["graph"].run(*[b.arrays[x] for x in equation.inputs])):  # fmt: skip
        np.testing.assert_allclose(y, e, rtol=1e-6, atol=1e-7)


def test_an_effect_is_neither_moved_nor_joined():
    b = Builder(2)
    x = b.input((8,))
    y = b("tanh", x)
    seen = []
    out = Value(y.aval)
    b.equations.append(
        Equation(
            "host",
            (y,),
            {"function": lambda a: (seen.append(1), (a,))[1], "avals": (y.aval,)},
            (out,),
        )
    )
    b.arrays[out] = b.arrays[y]
    z = b("add", b("exp", y), out)
    graph = fuse(b.graph(z), nestable)
    assert [e.op for e in graph.equations] == ["fused", "host", "add"]
    graph.run(*b.given())
    assert seen == [1]


def test_no_group_waits_for_itself():
    b = Builder(3)
    x = b.input((40, 30))
    y = b("tanh", x)
    z = b("matmul", y, y, transpose_a=False, transpose_b=True)
    s = b("reduce_sum", z, axis=(0, 1), keepdims=False)
    w = b("multiply", b("exp", y), s)
    graph = fuse(b.graph(w), nestable)
    for expected, found in zip(b.graph(w).run(*b.given()), graph.run(*b.given())):
        assert expected.tobytes() == found.tobytes()


def test_a_cheap_value_is_computed_again_rather_than_stored():
    b = Builder(4)
    x, y, z = b.input((30, 20)), b.input((30, 20)), b.input((20, 30))
    shifted = b("add", x, y)
    product = b("matmul", b("tanh", shifted), z, transpose_a=False, transpose_b=False)
    whole = b("reduce_sum", product, axis=(0, 1), keepdims=False)
    late = b("multiply", b("subtract", shifted, b("multiply", x, whole)), y)
    graph = fuse(b.graph(late), nestable)
    first, last = graph.equations[0], graph.equations[-1]
    assert [e.op for e in first.attrs["graph"].equations] == ["add", "tanh"]
    assert len(first.outputs) == 1
    assert "add" in [e.op for e in last.attrs["graph"].equations]
    for expected, found in zip(b.graph(late).run(*b.given()), graph.run(*b.given())):
        assert expected.tobytes() == found.tobytes()
