"""Forms that the cards' samples do not have: integers in sums and windows, nothing at all, one element, calls."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradtape as tf
from gradtape.backends.js import emit, unsupported
from gradtape.backends.js.cards import reason_of
from gradtape.backends.js.scalar import JsBuilder
from gradtape.graph.ir import Equation, Graph, Value, aval_of
from gradtape.transforms.concrete import Program
from gradtape.transforms.graph_gradient import gradient_of

from .comparing import check, traced

INTEGERS = ("int8", "uint8", "int32", "int64", "uint32")


@pytest.mark.parametrize("dtype", INTEGERS)
def test_integers_in_sums_and_windows(engine: Any, dtype: str) -> None:
    def forms(x: Any) -> Any:
        columns = tf.reshape(x, [4, 6])
        return [
            tf.reduce_sum(columns, 0),
            tf.reduce_prod(columns, 1),
            tf.reduce_mean(columns, 1),
            tf.reduce_max(x),
            tf.reduce_min(columns, 1),
            tf.cumsum(columns, 1),
            tf.math.cumprod(columns, 0, exclusive=True),
            tf.argmax(columns, 1),
            tf.sort(columns, direction="DESCENDING"),
            tf.math.top_k(columns, 2).indices,
            tf.math.unsorted_segment_sum(columns, [0, 2, 0, -1], 3),
            tf.math.unsorted_segment_max(columns, [0, 2, 0, -1], 3),
            tf.reverse(columns, [1]),
            tf.linalg.matmul(columns, columns, transpose_b=True),
        ]

    ends = np.iinfo(dtype)
    numbers = np.random.default_rng(0).integers(max(ends.min, -9), 10, 24).astype(dtype)
    if np.dtype(dtype).itemsize < 8:
        numbers[:2] = ends.max
    check(engine, traced(forms, numbers), numbers)


def test_convolutions_and_pools_of_integers(engine: Any) -> None:
    def forms(x: Any, k: Any) -> Any:
        return [tf.nn.conv2d(x, k, 2, "SAME"), tf.nn.max_pool2d(x, 2, 1, "SAME")]

    rng = np.random.default_rng(0)
    x, k = (rng.integers(-9, 9, s).astype(np.int32) for s in ((2, 5, 5, 2), (3, 3, 2, 3)))
    check(engine, traced(forms, x, k), x, k)


def test_nothing(engine: Any) -> None:
    def forms(x: Any, y: Any) -> Any:
        return [
            x + 1.0,
            tf.reduce_sum(x),
            tf.reduce_max(x),
            tf.reduce_mean(x),
            tf.reduce_prod(x, 0),
            tf.transpose(x),
            tf.cumsum(x, 1),
            tf.matmul(x, y),
            tf.matmul(y, x),
            tf.concat([x, x], 0),
            tf.pad(x, [[1, 1], [0, 0]]),
            x[:, 1:],
            tf.gather(x, [0, 2], axis=1),
            tf.nn.softmax(x),
            tf.reduce_all(x > 0.0),
            tf.zeros([0, 2], x.dtype),
            tf.linalg.matmul(x, x, transpose_a=True),
            tf.gather_nd(x, np.zeros((0, 1), np.int32)),
            tf.nn.relu(x),
        ]

    x, y = np.zeros((0, 3)), np.zeros((3, 0))
    check(engine, traced(forms, x, y), x, y)


def test_arrays_of_one_element(engine: Any) -> None:
    def forms(x: Any, n: Any) -> Any:
        return [
            tf.sort(x),
            tf.math.top_k(x, 1)[0],
            tf.math.top_k(x, 1)[1],
            tf.argsort(x),
            tf.gather(x, n),
            tf.gather(x, n[0]),
            tf.tensor_scatter_nd_add(x, [[0], [0]], tf.concat([x, 2.0 * x], 0)),
            tf.scatter_nd([[0]], x, [1]),
            tf.one_hot(n, 1),
            tf.cumsum(x),
            tf.reverse(x, [0]),
            tf.tile(x, [3]),
            tf.stack([x, x]),
            tf.pad(x, [[2, 0]]),
            tf.pad(tf.reshape(x, [1]), [[0, 0]], "REFLECT"),
            tf.linalg.inv(tf.reshape(x, [1, 1])),
            tf.linalg.solve(tf.reshape(x, [1, 1]), tf.reshape(x, [1, 1])),
            tf.linalg.det(tf.reshape(x, [1, 1])),
            tf.searchsorted(x, 2.0 * x),
            tf.math.in_top_k(n, tf.reshape(tf.cast(x, tf.float32), [1, 1]), 1),
            tf.bitcast(x, tf.int32),
            tf.math.unsorted_segment_sum(x, n, 1),
            tf.unique(n)[0],
            tf.where(x > 0.0, x, -x),
            tf.math.invert_permutation(n),
            tf.nn.max_pool1d(tf.reshape(x, [1, 1, 1]), 1, 1, "SAME"),
            tf.linalg.expm(tf.reshape(x, [1, 1])),
        ]

    x, n = np.array([0.75]), np.array([0], np.int32)
    graph = traced(forms, x, n)
    check(engine, graph, x, n)
    check(engine, traced(lambda v: [tf.pad(v, [[1, 1]], "SYMMETRIC")], x), x)
    mirrored = gradient_of(traced(lambda v: [tf.pad(v, [[1, 1]], "SYMMETRIC")], x)).graph
    check(engine, mirrored, x, np.array([1.0, 2.0, 4.0]))


def test_moves_without_a_pattern(engine: Any) -> None:
    """What is no few boxes of strides goes by a table, with what is filled in between."""

    def forms(x: Any) -> Any:
        band = tf.linalg.band_part(x, 3, 2)
        return [
            band,
            tf.repeat(x, [3, 0, 1, 2, 0, 4, 1, 1, 0, 2, 3, 1], axis=0),
            tf.repeat(tf.reshape(x, [-1])[:40], [2, 0, 1, 3] * 10, axis=0),
            tf.linalg.diag(x, k=1, padding_value=7.0),
            tf.linalg.set_diag(x, x[0] * 0.0),
            tf.cast(x, tf.bool),
            tf.linalg.band_part(x > 0.5, 4, 0),
            tf.linalg.diag_part(x, k=(-9, 9), padding_value=5.0),
        ]

    x = np.random.default_rng(0).normal(size=(12, 12)).astype(np.float32)
    program = check(engine, traced(forms, x), x)
    assert "unpacked(" in program.source


def test_facts_of_shapes(engine: Any) -> None:
    x = np.zeros((2, 3))
    attrs: list[tuple[str, dict[str, Any], Any]] = [
        ("shape_of", {"out_type": np.dtype(np.int32)}, np.array([2, 3], np.int32)),
        ("size", {"out_type": np.dtype(np.int64)}, np.array(6)),
        ("rank", {}, np.array(2, np.int32)),
        ("ones_like", {"dtype": None}, np.ones((2, 3))),
        ("zeros_like", {"dtype": np.dtype(np.int32)}, np.zeros((2, 3), np.int32)),
    ]
    given = Value(aval_of(x))
    made = [Value(aval_of(found)) for _, _, found in attrs]
    equations = [Equation(op, (given,), a, (y,)) for (op, a, _), y in zip(attrs, made)]
    check(engine, Graph((given,), tuple(equations), tuple(made)), x)


# --- calls


def test_calls_of_traced_functions(engine: Any) -> None:
    x = np.array([0.5, 1.0, -1.0])
    program = Program(traced(lambda v: [tf.cumsum(tf.sin(v)) * v], x))
    given, made = Value(aval_of(x)), Value(aval_of(x))
    for op, attrs in (("call", {}), ("watched", {"residuals": ()})):
        equation = Equation(op, (given,), {"program": program, **attrs}, (made,))
        check(engine, Graph((given,), (equation,), (made,)), x)


def test_calls_that_hold_what_is_fixed(engine: Any) -> None:
    x = np.array([[4.0, 2.0], [2.0, 5.0]])
    program = Program(traced(lambda v: [tf.linalg.cholesky(v) * 2.0], x))
    given, made = Value(aval_of(x)), Value(aval_of(x))
    graph = Graph((given,), (Equation("call", (given,), {"program": program}, (made,)),), (made,))
    ((_, reason),) = unsupported(graph)
    assert reason.startswith("it holds cholesky: linear algebra")
    check(engine, graph, x)


def test_gradients_of_the_user(engine: Any) -> None:
    @tf.custom_gradient
    def clipped(x: Any) -> Any:
        return tf.exp(x), lambda upstream: tf.clip_by_value(upstream, -1.0, 1.0)

    x = np.array([0.5, 3.0])
    graph = traced(lambda v: [clipped(v) * v], x)
    assert "custom_rule" in [e.op for e in graph.equations]
    check(engine, graph, x)
    check(engine, gradient_of(graph).graph, x, np.array([4.0, 0.125]))


def test_what_python_does_is_left_out_or_fixed(
    engine: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    def printing(x: Any) -> Any:
        tf.print("seen")
        return [x * 2.0]

    x = np.array([1.0, 2.0])
    graph = traced(printing, x)
    ((equation, reason),) = unsupported(graph)
    assert (equation.op, reason) == ("host", "it calls Python")
    emit(graph)
    emit(graph, at=[x])
    assert "seen" not in "".join(capsys.readouterr())
    check(engine, graph, x)


def test_texts_are_nothing(engine: Any) -> None:
    word = Value(aval_of(np.array(b"word", object)))
    program = emit(Graph((), (), (word,), {word: np.array(b"word", object)}))
    assert engine.run([(program, [])]) == [[None]]
    assert "strings" in str(reason_of(Equation("identity", (word,), {}, (word,))))


def test_what_has_no_code_says_so() -> None:
    truths = [Value(aval_of(np.array(True))) for _ in range(3)]
    equation = Equation("floor_div", tuple(truths[:2]), {}, (truths[2],))
    assert reason_of(equation) == "FloorDiv of bool has no code"


# --- the builder, beyond what the cards' rules say


class Lines:
    """A writer that keeps its statements."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def put(self, text: str) -> str:
        self.lines.append(f"const t{len(self.lines)} = {text};")
        return f"t{len(self.lines) - 1}"

    def helper(self, name: str) -> str:
        return name


@pytest.mark.parametrize(
    ("dtype", "method", "arguments", "wanted"),
    [
        ("float64", "fma", ("2", "3", "0.5"), 6.5),
        ("int32", "fma", ("65536", "65536", "7"), 7),
        ("float32", "fma", ("0.1", "0.1", "0"), float(np.float32(0.1 * 0.1))),
        ("float64", "copysign", ("2", "(-0)"), -2),
        ("float64", "copysign", ("(-2)", "1"), 2),
        ("float64", "ge", ("2", "2"), True),
        ("float64", "ge", ("1", "NaN"), False),
        ("float64", "unordered", ("1", "NaN"), True),
        ("int32", "div", ("(-7)", "2"), -3),
        ("uint8", "sub", ("1", "2"), 255),
        ("int8", "mul", ("100", "2"), -56),
        ("float64", "fmod", ("(-7)", "3"), -1),
        ("float64", "sqrt", ("2.25",), 1.5),
    ],
)
def test_builder(engine: Any, dtype: str, method: str, arguments: Any, wanted: Any) -> None:
    lines = Lines()
    name = getattr(JsBuilder(lines, dtype), method)(*arguments)
    script = " ".join(["const f = Math.fround;", *lines.lines, f"return {name};"])
    assert engine.page.evaluate(f"() => {{ {script} }}") == wanted
