"""Folding, common subexpressions, dead code, broadcasts, and all of them together."""

from __future__ import annotations

import time

import pytest
from graph_text import graph_of

import gradtape.graph.passes as passes
from gradtape.base.config import settings
from gradtape.graph.ir import Graph, Value
from gradtape.graph.passes import algebra, common, dead_code, fold, optimize
from gradtape.graph.pretty import text_of
from gradtape.graph.verify import InvalidGraphError, verify


def becomes(change: object, before: str, after: str) -> None:
    graph = graph_of(before)
    verify(graph, thorough=True)
    found = change(graph)  # type: ignore[operator]
    verify(found, thorough=True)
    assert text_of(found) == text_of(graph_of(after))


def test_equations_on_constants_are_computed() -> None:
    becomes(
        lambda g: dead_code(fold(g)),
        """{ a: float32[2] .
          b: float32[] = exp(0.0:float32)
          c: float32[] = add(b, 1.0:float32)
          d: float32[2] = multiply(a, c)
          return d, c }""",
        """{ a: float32[2] .
          d: float32[2] = multiply(a, 2.0:float32)
          return d, 2.0:float32 }""",
    )


def test_what_raises_is_not_folded() -> None:
    graph = graph_of("{ .\na: int32[] = floor_div(1:int32, 0:int32)\nreturn a }")
    assert fold(graph) is graph


def test_large_results_are_not_folded() -> None:
    graph = graph_of(
        "{ .\na: float32[300,300] = broadcast_to(1.0:float32, shape=(300, 300))\nreturn a }"
    )
    assert fold(graph) is graph


def test_the_same_is_computed_once() -> None:
    becomes(
        common,
        """{ a: float32[2], b: float32[2] .
          c: float32[2] = add(a, b)
          d: float32[2] = add(b, a)
          e: float32[2] = multiply(c, 2.0:float32)
          f: float32[2] = multiply(d, 2.0:float32)
          g: float32[2] = subtract(a, b)
          h: float32[2] = subtract(b, a)
          return e, f, g, h }""",
        """{ a: float32[2], b: float32[2] .
          c: float32[2] = add(a, b)
          e: float32[2] = multiply(c, 2.0:float32)
          g: float32[2] = subtract(a, b)
          h: float32[2] = subtract(b, a)
          return e, e, g, h }""",
    )


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("axis=0", "axis=1"),
        ("axis=0", "axis=(0,)"),
        ("axis=1", "axis=1.0"),
        ("axis=1", "axis=True"),
        ("axis=0.0", "axis=-0.0"),
    ],
)
def test_other_attributes_are_another_thing(first: str, second: str) -> None:
    graph = graph_of(
        f"{{ a: float32[2] .\nb: float32[2] = softmax(a, {first})\nc: float32[2] = softmax(a, {second})\nreturn b, c }}"
    )
    assert common(graph) is graph


def test_products_of_complex_numbers_do_not_commute_to_the_bit() -> None:
    graph = graph_of(
        """{ a: complex64[2], b: complex64[2] .
          c: complex64[2] = multiply(a, b)
          d: complex64[2] = multiply(b, a)
          return c, d }"""
    )
    assert common(graph) is graph


def test_constants_of_other_bits_are_kept_apart() -> None:
    graph = graph_of(
        """{ a: float32[2] .
          b: float32[2] = add(a, 0.0:float32)
          c: float32[2] = add(a, -0.0:float32)
          d: float32[2] = add(a, 0.0:float32)
          return b, c, d }"""
    )
    found = common(graph)
    assert len(found.constants) == 2
    assert len(found.equations) == 2


def test_dead_code_goes_and_guards_stay() -> None:
    becomes(
        dead_code,
        """{ a: float32[2] .
          b: float32[2] = exp(a)
          c: float32[2] = sin(b)
          d: float32[2] = check_numerics(b, message='no')
          e: float32[2] = cos(a)
          return e }""",
        """{ a: float32[2] .
          b: float32[2] = exp(a)
          d: float32[2] = check_numerics(b, message='no')
          e: float32[2] = cos(a)
          return e }""",
    )


def test_a_gradient_that_is_one_number_is_not_spread_out() -> None:
    # the gradient of mean(square(x)) as it is traced
    becomes(
        optimize,
        """{ a: float32[4,5] .
          b: float32[] = real_div(1.0:float32, 20.0:float32)
          c: float32[4,5] = broadcast_to(b, shape=(4, 5))
          d: float32[4,5] = multiply(2.0:float32, a)
          e: float32[4,5] = multiply(c, d)
          return e }""",
        """{ a: float32[4,5] .
          d: float32[4,5] = multiply(2.0:float32, a)
          e: float32[4,5] = multiply(0.05:float32, d)
          return e }""",
    )


def test_what_is_large_late_stays_small_long() -> None:
    becomes(
        lambda g: dead_code(algebra(g)),
        """{ a: float32[3], b: float32[3], c: float32[2,3] .
          d: float32[2,3] = broadcast_to(a, shape=(2, 3))
          e: float32[2,3] = exp(d)
          f: float32[2,3] = broadcast_to(b, shape=(2, 3))
          g: float32[2,3] = multiply(e, f)
          h: float32[2,3] = add(g, c)
          return h }""",
        """{ a: float32[3], b: float32[3], c: float32[2,3] .
          e: float32[3] = exp(a)
          g: float32[3] = multiply(e, b)
          h: float32[2,3] = add(g, c)
          return h }""",
    )


def test_nested_graphs_are_optimized_too() -> None:
    graph = graph_of(
        """{ a: bool[], b: float32[2] .
          c: float32[2] = cond(a, b, branches=...)
              branches[0] = { d: float32[2] .
                e: float32[2] = negative(d)
                f: float32[2] = negative(e)
                return f }
              branches[1] = { g: float32[2] .
                return g }
          return c }"""
    )
    assert text_of(optimize(graph)) == text_of(graph_of("{ a: bool[], b: float32[2] .\nreturn b }"))


def test_a_settled_graph_stays_the_same_object() -> None:
    graph = graph_of("{ a: float32[2] .\nb: float32[2] = exp(a)\nreturn b }")
    assert optimize(graph) is graph
    assert optimize(optimize(graph), allow_rounding=True) is graph


def test_a_wrong_pass_is_found_out_in_debugging(monkeypatch: pytest.MonkeyPatch) -> None:
    def forgets(graph: Graph) -> Graph:
        return Graph(graph.inputs, graph.equations[:-1], graph.outputs, graph.constants)

    graph = graph_of("{ a: float32[2] .\nb: float32[2] = exp(a)\nreturn b }")
    monkeypatch.setattr(passes, "EXACT", (forgets,))
    assert isinstance(passes.optimize(graph).outputs[0], Value)
    monkeypatch.setattr(settings, "debug", True)
    with pytest.raises(InvalidGraphError, match="not defined"):
        passes.optimize(graph)


def test_passes_are_fast() -> None:
    lines = ["{ a: float32[8], b: float32[8] ."]
    names = ["a", "b"]
    for i in range(100):
        op = ("add", "multiply", "subtract")[i % 3]
        lines.append(f"v{i}: float32[8] = {op}({names[-1]}, {names[-2]})")
        names.append(f"v{i}")
    graph = graph_of("\n".join([*lines, f"return {names[-1]} }}"]))
    best = 1.0
    for _ in range(20):
        start = time.perf_counter()
        optimize(graph)
        best = min(best, time.perf_counter() - start)
    assert best < 5e-3
