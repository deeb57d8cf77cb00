"""Whole programs: control flow, circuits of scalars, constants, what stays fixed, and what a page may rely on."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import gradtape as tf
from gradtape.backends.js import emit, unsupported
from gradtape.backends.js.cards import FIXED, TABLE, reason_of
from gradtape.backends.js.families.elementwise import SERIES
from gradtape.backends.js.parts import CHUNK
from gradtape.core.card import REGISTRY
from gradtape.graph.expand import RULES as PARTS
from gradtape.graph.ir import Equation, Graph, Value, aval_of
from gradtape.graph.passes.decompose import RULES as COMPOUND
from gradtape.transforms.graph_gradient import gradient_of

from ..graphs import Builder, lesson_arrays, lesson_loop
from .circuits import circuit
from .comparing import check, differs, traced

# Cards whose gradient is Python's business, or that hold what is looked into: no samples show them.
FIXED_HERE = {
    "cholesky", "complex", "custom_gradient", "eig", "host", "least_squares", "lu", "matrix_square_root", "qr",
    "self_adjoint_eig", "sparse_custom_gradient", "svd",
}  # fmt: skip


def test_every_card_is_accounted_for() -> None:
    """A card has code, is taken apart into cards that have, or stays fixed for a reason: one of them, and none else."""
    ways = [set(TABLE) & set(REGISTRY), set(SERIES), set(PARTS) | set(COMPOUND), set(FIXED)]
    scalar = {
        n for n, c in REGISTRY.items()
        if c.family == "Elementwise" and c.scalar is not None and not any(n in w for w in ways)
    }  # fmt: skip
    assert set(REGISTRY) == set().union(*ways, scalar)
    assert set(FIXED) == FIXED_HERE
    for name in FIXED:
        assert len(FIXED[name]) > 10
        assert not any(name in way for way in ways[:3])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_samples_are_computed(dtype: str) -> None:
    """Only what is fixed, and what holds complex numbers, is not computed on a card's own samples."""
    for name, card in REGISTRY.items():
        for sample in card.samples:
            arrays = [np.asarray(a) for a in sample.draw(np.random.default_rng(0))]
            arrays = [a.astype(dtype) if a.dtype.kind == "f" else a for a in arrays]
            inputs = tuple([Value(aval_of(a)) for a in arrays])
            reason = reason_of(Equation(name, inputs, sample.attrs, ()))
            kinds = {a.dtype.kind for a in arrays}
            assert (reason is not None) == (name in FIXED or "c" in kinds), name


# --- control flow


def test_a_loop_trains_as_gradtape_does(engine: Any) -> None:
    arrays = lesson_arrays()
    check(engine, lesson_loop(5), *arrays)


def test_what_a_loop_carries_may_change_places(engine: Any) -> None:
    def turns(x: Any, y: Any, n: Any) -> Any:
        def body(i: Any, a: Any, b: Any, s: Any) -> Any:
            return i + 1, b, a * 0.5, s + 1.0

        return tf.while_loop(lambda i, *_: i < n, body, [0, x, y, x[0]])[1:]

    x, y = np.arange(3.0), np.ones(3)
    for n in (0, 1, 4):
        check(engine, traced(turns, x, y, np.int32(n)), x, y, np.int32(n))


def test_branches_and_nested_loops(engine: Any) -> None:
    def steps(x: Any, n: Any) -> Any:
        def inner(j: Any, total: Any) -> Any:
            more = tf.cond(total < 2.0, lambda: total * 1.5, lambda: total - tf.sin(total))
            return j + 1, more

        def outer(i: Any, y: Any) -> Any:
            total = tf.while_loop(lambda j, _: j < i, inner, [0, tf.reduce_sum(y)])[1]
            return i + 1, y * 0.5 + total

        return tf.while_loop(lambda i, _: i < n, outer, [0, x])[1:]

    x = np.array([0.25, -0.5, 1.0])
    graph = traced(steps, x, np.int32(4))
    check(engine, graph, x, np.int32(4))
    check(engine, gradient_of(graph).graph, x, np.int32(4), np.array([1.0, -2.0, 0.5]))


def test_the_way_back_through_a_loop_of_unknown_length(engine: Any) -> None:
    def halved(x: Any, w: Any) -> Any:
        def body(y: Any) -> Any:
            return (tf.tanh(tf.linalg.matvec(w, y)) * 0.9,)

        return tf.while_loop(lambda y: tf.reduce_sum(y * y) > 0.1, body, [x])

    rng = np.random.default_rng(0)
    x, w = rng.normal(size=3), rng.normal(size=(3, 3)) * 0.5
    graph = traced(halved, x, w)
    check(engine, graph, x, w)
    check(engine, gradient_of(graph).graph, x, w, rng.normal(size=3))
    second = gradient_of(gradient_of(graph).graph).graph
    check(engine, second, *[rng.normal(size=v.shape) * 0.4 for v in second.inputs])


# --- large enough for loops that small graphs do not have


@pytest.mark.parametrize("flags", [(False, False), (True, False), (False, True), (True, True)])
def test_products_of_long_rows(engine: Any, flags: tuple[bool, bool]) -> None:
    rng = np.random.default_rng(0)
    for dtype, batch in (("float32", ()), ("float64", (2,)), ("int32", ())):
        x, y = (np.asarray(8 * rng.normal(size=s)).astype(dtype) for s in ((*batch, 5, 7), (7, 12)))
        x, y = (v.swapaxes(-1, -2) if turned else v for v, turned in zip((x, y), flags))

        def product(a: Any, b: Any) -> Any:
            return [
                tf.matmul(a, b, *flags),
                tf.einsum("...ij,jk->...ik", a, tf.transpose(b) if b.shape[0] == 12 else b),
            ]

        def plain(a: Any, b: Any) -> Any:
            return [tf.matmul(a, b, *flags)]

        check(engine, traced(plain if flags[0] else product, x, y), x, y)


def test_a_network_of_convolutions(engine: Any) -> None:
    def loss(x: Any, k: Any, w: Any, labels: Any) -> Any:
        h = tf.nn.max_pool2d(tf.nn.relu(tf.nn.conv2d(x, k, 1, "SAME")), 2, 2, "VALID")
        logits = tf.matmul(tf.reshape(h, [3, -1]), w)
        return [tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)]

    rng = np.random.default_rng(0)
    shapes = ((3, 8, 8, 1), (3, 3, 1, 8), (4 * 4 * 8, 10))
    arrays = [rng.normal(size=s).astype(np.float32) for s in shapes]
    labels = rng.integers(0, 10, 3)
    graph = traced(loss, *arrays, labels)
    g = rng.uniform(0.5, 1.5, 3).astype(np.float32)
    check(engine, gradient_of(graph).graph, *arrays, labels, g)


# --- circuits


@pytest.mark.parametrize("gates", [30, 1000])
def test_circuits(engine: Any, gates: int) -> None:
    graph, arrays = circuit(gates, "float64")
    program = check(engine, graph, *arrays)
    functions = re.findall(r"^function part\d+\(\)", program.source, re.MULTILINE)
    assert (len(functions) > 3) == (gates == 1000)
    bodies = re.split(r"^function part\d+\(\) \{$", program.source, flags=re.MULTILINE)[1:-1]
    assert all(body.count(";") < 3 * CHUNK for body in bodies)
    assert "for (" not in program.source  # straight on


def test_circuits_of_float32(engine: Any) -> None:
    """A chain of 1,000 roundings cancels digits of single wires: each is held to the largest of all wires."""
    graph, arrays = circuit(1000, "float32")
    (found,) = engine.run([(emit(graph), arrays)])
    wanted = graph.run(*arrays)
    half = len(wanted) // 2
    for part in (slice(0, half), slice(half, None)):
        assert differs(np.stack(found[part]), np.stack(wanted[part])) == ""


def test_booleans_go_from_function_to_function(engine: Any) -> None:
    def comparing(x: Any) -> Any:
        first = x > 0.5
        y = x
        for _ in range(2 * CHUNK + 10):
            y = y * (2.0 - y)  # used twice: a statement of its own
        return tf.where(first, y, -y), tf.math.logical_xor(first, y > 0.1), first

    x = np.float64(0.75)
    assert "part1" in check(engine, traced(comparing, x), x).source


# --- constants


KINDS = ("float32", "float64", "int8", "int32", "int64", "uint8", "uint32", "bool")


@pytest.mark.parametrize("dtype", KINDS)
def test_constants_are_exact(engine: Any, dtype: str) -> None:
    rng = np.random.default_rng(0)
    numbers = rng.normal(size=1000) * 10.0 ** rng.integers(-30, 30, 1000)
    numbers[:4] = [np.nan, np.inf, -np.inf, -0.0]
    kind = np.dtype(dtype)
    if kind.kind == "b":
        numbers = numbers > 0
    elif kind.kind in "iu":
        info = np.iinfo(kind)
        numbers = rng.integers(max(info.min, -(2**53)), min(info.max, 2**53), 1000)
    numbers = numbers.astype(kind)
    for size in (1, 5, 1000):
        value = Value(aval_of(numbers[:size]))
        (found,) = engine.run([(emit(Graph((), (), (value,), {value: numbers[:size]})), [])])
        assert found[0].dtype == kind
        assert found[0].tobytes() == numbers[:size].tobytes()


def test_constants_are_short() -> None:
    def source(array: Any) -> str:
        value = Value(aval_of(array))
        return emit(Graph((), (), (value,), {value: array})).source

    assert len(source(np.full(100_000, 0.1, np.float32))) < 2000
    large = np.random.default_rng(0).normal(size=10_000).astype(np.float32)
    assert len(source(large)) < 10_000 * 4 * 4 / 3 + 2000


def test_movement_is_no_table_where_strides_do() -> None:
    def moved(x: Any) -> Any:
        return (
            tf.transpose(x, [2, 0, 1]), x[::-1, 1:3], tf.tile(x, [1, 2, 1]), tf.roll(x, 3, 1), tf.reverse(x, [0, 2]),
            tf.pad(x, [[1, 1], [0, 2], [3, 0]]), tf.concat([x, 2.0 * x], 1), tf.broadcast_to(x, [2, 10, 20, 30]),
            *tf.split(x, 2, axis=2), *tf.unstack(x, axis=0)[:2],
        )  # fmt: skip

    assert len(emit(traced(moved, np.zeros((10, 20, 30)))).source) < 12_000


# --- what stays fixed


def roots(x: Any) -> Any:
    return tf.linalg.cholesky(tf.matmul(x, x, transpose_b=True) + tf.eye(2, dtype=x.dtype)) * x[
        0, 0
    ], x * 2.0


def test_decompositions_stay_fixed_and_say_so(engine: Any) -> None:
    x = np.array([[1.0, 2.0], [3.0, 4.0]])
    graph = traced(roots, x)
    ((equation, reason),) = unsupported(graph)
    assert equation.op == "cholesky"
    assert "linear algebra" in reason
    program = check(engine, graph, x)
    assert [f.equation.op for f in program.fixed] == ["cholesky"]
    (found,) = engine.run([(program, [2 * x])])
    assert (
        differs(found[0], 2 * graph.run(x)[0]) == ""
    )  # the factor follows, the decomposition does not
    assert differs(found[1], 4 * x) == ""


def test_fixed_values_need_inputs() -> None:
    with pytest.raises(ValueError, match=r"at=None, for a graph with cholesky \(linear algebra"):
        emit(traced(roots, np.eye(2)))


def test_what_holds_something_fixed_stays_fixed(engine: Any) -> None:
    def either(x: Any) -> Any:
        return [tf.cond(x[0, 0] > 0.0, lambda: tf.linalg.cholesky(x), lambda: x)]

    x = np.array([[4.0, 2.0], [2.0, 5.0]])
    graph = traced(either, x)
    ((equation, reason),) = unsupported(graph)
    assert (equation.op, "cholesky" in reason) == ("cond", True)
    check(engine, graph, x)


@pytest.mark.parametrize("dtype", ["float16", "complex64"])
def test_dtypes_that_javascript_has_not_are_kept(engine: Any, dtype: str) -> None:
    x = np.array([1.5, -2.5], dtype)
    y = np.array([0.5, 0.25], np.float32)
    graph = traced(
        lambda a, b: [
            tf.math.real(a * a) if dtype == "complex64" else tf.cast(a, tf.float32),
            a,
            b * b,
        ],
        x,
        y,
    )
    program = emit(graph, at=[x, y])
    assert all(dtype in reason or "complex" in reason for _, reason in unsupported(graph))
    (found,) = engine.run([(program, [x, y])])
    assert differs(found[0], graph.run(x, y)[0]) == ""
    assert differs(found[2], y * y) == ""
    assert np.frombuffer(found[1], "<f8" if dtype == "complex64" else "<f4")[0] == 1.5


# --- what a page relies on


def square() -> Graph:
    return traced(lambda x: [x * x, tf.reduce_sum(x)], np.zeros(3, np.float32))


def evaluated(engine: Any, graph: Graph, script: str) -> Any:
    """What a script gives for the program `f`."""
    engine.load([emit(graph).source])
    return engine.page.evaluate(f"() => {{ const f = programs[0]; {script} }}")


def test_results_are_written_anew_into_the_same_arrays(engine: Any) -> None:
    script = """const x = Float32Array.of(1, 2, 3), first = f(x), second = f(Float32Array.of(2, 2, 2));
        return [first[0] === second[0], Array.from(second[0]), Array.from(second[1]), Array.from(x)];"""
    assert evaluated(engine, square(), script) == [True, [4, 4, 4], [6], [1, 2, 3]]


def test_an_output_is_no_input(engine: Any) -> None:
    graph = traced(lambda x: [x, x], np.zeros(3))
    script = """const x = Float64Array.of(1, 2, 3), [a, b] = f(x); a[0] = 9; return [x[0], b[0]];"""
    assert evaluated(engine, graph, script) == [1, 1]


def test_other_arrays_are_converted(engine: Any) -> None:
    assert evaluated(engine, square(), "return Array.from(f([1, 2, 3])[0]);") == [1, 4, 9]
    assert evaluated(engine, square(), "return f(Float64Array.of(0.1, 2, 3))[0][1];") == 4
    longs = traced(lambda n: [n * n], np.zeros(2, np.int64))
    assert evaluated(engine, longs, "return Array.from(f(BigInt64Array.of(3n, -4n))[0]);") == [
        9,
        16,
    ]


@pytest.mark.parametrize(
    ("script", "text"),
    [
        ("f(Float32Array.of(1))", "Expected 3 numbers for input 0. Received: 1"),
        ("f()", "Received: undefined"),
    ],
)
def test_wrong_inputs_are_errors(engine: Any, script: str, text: str) -> None:
    caught = f"try {{ {script} }} catch (e) {{ return String(e); }}"
    assert text in evaluated(engine, square(), caught)


ERRORS = [
    (lambda x, n: [tf.gather(x, n)], [np.arange(3.0), np.int32(1)], [np.arange(3.0), np.int32(3)], "not in [0, 3)"),
    (lambda x, n: [n // x], [np.int32(1), np.int32(1)], [np.int32(0), np.int32(1)], "division by zero"),
    (lambda x, n: [n**x], [np.int32(1), np.int32(1)], [np.int32(-1), np.int32(1)], "negative integer powers"),
    (lambda x, n: [tf.debugging.check_numerics(x, "here") * n], [1.0, 1.0], [np.nan, 1.0], "here"),
    (lambda x, n: [tf.linalg.inv(x)], [np.eye(2), 1.0], [np.ones((2, 2)), 1.0], "not invertible"),
    (
        lambda x, n: [tf.nn.sparse_softmax_cross_entropy_with_logits(labels=n, logits=x)],
        [np.ones((1, 3)), np.array([0])], [np.ones((1, 3)), np.array([3])], "not in [0, 3)",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("function", "good", "bad", "text"), ERRORS)
def test_errors_of_values_are_errors_here(
    engine: Any, function: Any, good: Any, bad: Any, text: str
) -> None:
    graph = traced(function, *good)
    check(engine, graph, *good)
    with pytest.raises(Exception):
        graph.run(*[np.asarray(a) for a in bad])
    (found,) = engine.run([(emit(graph), bad)])
    assert isinstance(found, str)
    assert text in found


def test_shapes_that_depend_on_numbers_are_those_of_the_graph(engine: Any) -> None:
    g = Builder()
    x, mask = g.input((3,)), g.input((3,), np.bool_)
    y = Value(aval_of(np.zeros(2, np.float32)))
    equation = Equation("boolean_mask", (x, mask), {"axis": 0}, (y,))
    program = emit(Graph((x, mask), (equation,), (y,)))
    numbers = np.array([1, 2, 3], np.float32)
    good, bad = engine.run(
        [(program, [numbers, np.array(m)]) for m in ([True, False, True], [True] * 3)]
    )
    assert good[0].tolist() == [1, 3]
    assert isinstance(bad, str)
    assert "made for 2 elements here. Received: 3" in bad


def test_no_code_from_text() -> None:
    graph, _ = circuit(50, "float32")
    source = emit(graph, "wires").source
    assert source.startswith("export const wires = (() => {")
    assert not re.search(r"\beval\b|\bFunction\(|\bimport\b|\bimportScripts\b|https?:", source)


def test_the_same_graph_is_the_same_text() -> None:
    graph, _ = circuit(600, "float32")
    assert emit(graph).source == emit(graph).source


def test_names() -> None:
    assert emit(square(), "my_$1").name == "my_$1"
    with pytest.raises(ValueError, match="Received: 'no name'"):
        emit(square(), "no name")


def test_descriptions() -> None:
    program = emit(traced(lambda x, n: [x > 0.5, n + 1], np.zeros((2, 3), np.float32), np.int64(1)))
    assert [(d.shape, d.dtype, d.array) for d in (*program.inputs, *program.outputs)] == [
        ((2, 3), "float32", "Float32Array"), ((), "int64", "Float64Array"),
        ((2, 3), "bool", "Uint8Array"), ((), "int64", "Float64Array"),
    ]  # fmt: skip


def test_the_comparison_notices(engine: Any) -> None:
    """A program with one wrong function is told from a right one."""
    graph = traced(lambda x: [tf.exp(x)], np.zeros(3))
    program, x = emit(graph), np.array([0.1, 0.2, 0.3])
    assert "Math.exp(" in program.source
    changed = type(program)(
        program.name,
        program.source.replace("Math.exp(", "1e-9 + Math.exp("),
        program.inputs,
        program.outputs,
        (),
    )
    right, wrong = engine.run([(program, [x]), (changed, [x])])
    assert differs(right[0], np.exp(x)) == ""
    assert "off by" in differs(wrong[0], np.exp(x))
