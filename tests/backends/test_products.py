"""Matrix products natively, and the passes that fold transposes and additions into them."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

pytest.importorskip("llvmlite")

from native import Native, equation_of, graph_of

from gradtape.backends.llvm.nests import inplace, lowering_of, prepared
from gradtape.core.card import REGISTRY
from gradtape.graph.ir import Aval, Equation, Graph, Value, aval_of
from gradtape.graph.passes.layout import accumulate, layout

RNG = np.random.default_rng(9)
SIZES = [(1, 1, 1), (3, 5, 7), (17, 33, 9), (1, 100, 64), (64, 1, 100), (10, 128, 10), (100, 100, 100), (1, 700, 90),
         (900, 1, 70), (130, 70, 90), (5, 3, 0), (0, 3, 4), (40, 24, 3)]  # fmt: skip


def near(y, e, a, b, dtype):
    """Within the rounding of k products and sums, each of at most half a unit in the last place."""
    bound = np.matmul(np.abs(a).astype(float), np.abs(b).astype(float)) + 1
    assert (np.abs(y.astype(float) - e) <= 4 * np.finfo(dtype).eps * bound).all()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("flags", list(itertools.product((False, True), repeat=2)))
def test_products_of_all_sizes_and_flags(size, flags):
    m, n, k = size
    for dtype in (np.float32, np.float64, np.int32):
        a, b = ((RNG.normal(size=s) * 3).astype(dtype) for s in ((m, k), (k, n)))
        given = [np.ascontiguousarray(x.T) if flag else x for x, flag in zip((a, b), flags)]
        equation = equation_of("matmul", given, transpose_a=flags[0], transpose_b=flags[1])
        (y,) = Native(equation, lowering_of(equation))(*given)
        if dtype is np.int32:
            np.testing.assert_array_equal(y, a @ b)
        else:
            near(y, a.astype(float) @ b.astype(float), a, b, dtype)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ((2, 3, 4), (4, 5)),
        ((2, 3, 4), (2, 4, 5)),
        ((3, 4), (2, 4, 5)),
        ((2, 1, 3, 4), (5, 4, 6)),
        ((6, 1, 2), (1, 2, 40)),
    ],
)
def test_batches_broadcast(a, b):
    for flags in itertools.product((False, True), repeat=2):
        x, y = (RNG.normal(size=s) for s in (a, b))
        given = [
            np.ascontiguousarray(z.swapaxes(-1, -2)) if flag else z
            for z, flag in zip((x, y), flags)
        ]
        equation = equation_of("matmul", given, transpose_a=flags[0], transpose_b=flags[1])
        (found,) = Native(equation, lowering_of(equation))(*given)
        near(found, x @ y, x, y, np.float64)


@pytest.mark.parametrize("size", [(3, 5, 7), (60, 70, 80), (200, 1, 300)])
def test_products_are_added_to_what_is_there_also_in_place(size):
    m, n, k = size
    c, a, b = (RNG.normal(size=s).astype(np.float32) for s in ((m, n), (m, k), (k, n)))
    alpha = np.float32(-0.25).reshape(())
    equation = equation_of("gemm", [c, a, b, alpha], transpose_a=False, transpose_b=False)
    assert inplace(equation) == [(0, 0)]
    native = Native(equation, lowering_of(equation))
    expected = c.astype(float) - 0.25 * (a.astype(float) @ b)
    near(native(c, a, b, alpha)[0], expected, a, b, np.float32)
    native(c, a, b, alpha, out=[c])
    near(c, expected, a, b, np.float32)


def test_an_affine_map_adds_its_bias_to_every_row():
    x, w, bias = (RNG.normal(size=s).astype(np.float32) for s in ((2, 33, 5), (5, 7), (7,)))
    equation = equation_of("affine", [x, w, bias])
    (y,) = Native(equation, lowering_of(equation))(x, w, bias)
    (e,) = graph_of(equation).run(x, w, bias)
    np.testing.assert_allclose(y, e, rtol=0, atol=1e-5)


def build(*steps, inputs, outputs, constants=None):
    """A graph of steps (name, op, names of inputs, attrs)."""
    values = {k: Value(Aval(a.shape, a.dtype)) for k, a in inputs.items()}
    arrays = dict(inputs)
    known = {}
    for k, a in (constants or {}).items():
        values[k] = Value(aval_of(a))
        known[values[k]] = arrays[k] = a
    equations = []
    for name, op, given, attrs in steps:
        arrays[name] = np.asarray(REGISTRY[op].kernel(*[arrays[g] for g in given], **attrs))
        values[name] = Value(aval_of(arrays[name]))
        equations.append(Equation(op, tuple(values[g] for g in given), attrs, (values[name],)))
    graph = Graph(
        tuple(values[k] for k in inputs), tuple(equations), tuple(values[k] for k in outputs), known
    )
    return graph, list(inputs.values())


PLAIN = {"transpose_a": False, "transpose_b": False}


def test_transposes_become_flags_and_change_no_bit():
    a, b = RNG.normal(size=(4, 3)), RNG.normal(size=(4, 5))
    graph, arrays = build(
        ("t", "transpose", ["a"], {"perm": (1, 0)}), ("y", "matmul", ["t", "b"], PLAIN),
        ("z", "transpose", ["y"], {"perm": None}), inputs={"a": a, "b": b}, outputs=["z"],
    )  # fmt: skip
    found = layout(graph)
    assert [e.op for e in found.equations] == ["matmul"]
    np.testing.assert_array_equal(found.run(*arrays)[0], (a.T @ b).T)


def test_a_product_used_twice_keeps_its_transpose():
    a = RNG.normal(size=(3, 3))
    graph, arrays = build(
        ("y", "matmul", ["a", "a"], PLAIN),
        ("z", "transpose", ["y"], {"perm": (1, 0)}),
        inputs={"a": a},
        outputs=["y", "z"],
    )
    found = layout(graph)
    assert [e.op for e in found.equations] == ["matmul", "transpose"]
    np.testing.assert_array_equal(found.run(*arrays)[1], (a @ a).T)


@pytest.mark.parametrize("known", [True, False])
def test_an_update_becomes_one_product(known):
    w, a, g, lr = (np.asarray(RNG.normal(size=s)) for s in ((3, 5), (4, 3), (4, 5), ()))
    rate = {"lr": lr}
    graph, arrays = build(
        ("d", "matmul", ["a", "g"], {"transpose_a": True, "transpose_b": False}), ("s", "multiply", ["lr", "d"], {}),
        ("u", "subtract", ["w", "s"], {}), inputs={"w": w, "a": a, "g": g, **({} if known else rate)}, outputs=["u"],
        constants=rate if known else {},
    )  # fmt: skip
    found = accumulate(graph)
    assert [e.op for e in found.equations] == (["gemm"] if known else ["negative", "gemm"])
    np.testing.assert_allclose(found.run(*arrays)[0], w - lr * (a.T @ g), rtol=1e-14)
    assert any(e.op == "gemm" for e in prepared(graph).equations)


def test_a_sum_whose_other_part_is_still_needed_stays():
    c, a = RNG.normal(size=(3, 3)), RNG.normal(size=(3, 3))
    graph, _ = build(
        ("h", "tanh", ["c"], {}), ("y", "matmul", ["a", "a"], PLAIN), ("z", "add", ["h", "y"], {}),
        inputs={"c": c, "a": a}, outputs=["z", "h"],
    )  # fmt: skip
    assert [e.op for e in accumulate(graph).equations] == ["tanh", "matmul", "add"]
