"""The verifier finds what is wrong, and its text shows where; the printer is deterministic."""

from __future__ import annotations

import numpy as np
import pytest
from graph_text import graph_of

from gradtape.base.site import Site
from gradtape.graph.ir import Aval, Equation, Graph, Value
from gradtape.graph.pretty import letters, text_of
from gradtape.graph.verify import InvalidGraphError, verify

F = np.dtype(np.float32)


def broken(text: str, words: str) -> None:
    graph = graph_of(text)
    with pytest.raises(InvalidGraphError, match=words) as info:
        verify(graph, thorough=True)
    assert "The graph:\n{ " in str(info.value)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("b: float32[3] = exp(a)", r"gives shape \(2,\), not \(3,\)"),
        ("b: float64[2] = exp(a)", "gives float32, not float64"),
        ("b: float32[2] = less(a, a)", "gives bool, not float32"),
        ("b: float32[2] = add(a, 1:int32)", "have one dtype"),
        ("b: float32[2] = logical_not(a)", "does not take float32"),
        ("b: float32[2] = add(a)", "takes 2 operands"),
        ("b: float32[2] = nonsense(a)", "There is no operation 'nonsense'"),
        ("b: float32[3] = add(a, 1.0:float32[3])", "of add do not fit"),
        ("b: float32[2,2] = reshape(a, shape=(2, 2))", "of reshape do not fit"),
        ("b: float32[3] = broadcast_to(a, shape=(3,))", "of broadcast_to do not fit"),
        ("b: float32[1] = reduce_sum(a, axis=(0,), keepdims=False)", r"gives shape \(\)"),
        ("b: float32[3] = pad(a, paddings=((0, 0),), mode='CONSTANT', constant_values=0)", "The kernel of pad gives"),
        ("b: float32[2], c: float32[2] = exp(a)", "has one result"),
    ],
)  # fmt: skip
def test_a_wrong_equation_is_shown(line: str, words: str) -> None:
    broken(f"{{ a: float32[2] .\n{line}\nreturn a }}", words)


def test_the_text_shows_the_equation() -> None:
    graph = graph_of(
        "{ a: float32[2] .\nb: float32[2] = exp(a)\nc: float32[3] = sin(b)\nreturn c }"
    )
    with pytest.raises(InvalidGraphError) as info:
        verify(graph)
    assert "in  c: float32[3] = sin(b)" in str(info.value)


def test_values_are_defined_once_and_before_their_use() -> None:
    a, b = Value(Aval((), F)), Value(Aval((), F))
    exp = Equation("exp", (a,), {}, (b,))
    late = Equation("sin", (b,), {}, (Value(Aval((), F)),))
    verify(Graph((a,), (exp, late), (b,)))
    for graph, words in (
        (Graph((a,), (late, exp), (b,)), "used before it is defined"),
        (Graph((a,), (exp, exp), (b,)), "defined twice"),
        (Graph((a, a), (exp,), (b,)), "defined twice"),
        (Graph((a,), (), (b,)), "is not defined"),
        (Graph((a,), (exp,), (b,), {b: np.float32(1).reshape(())}), "defined twice"),
        (Graph((a,), (), (b,), {b: np.zeros(2, np.float32)}), "holds float32"),
    ):
        with pytest.raises(InvalidGraphError, match=words):
            verify(graph)


def test_nested_graphs_are_verified_and_see_nothing_of_the_outer_one() -> None:
    a, p = Value(Aval((), F)), Value(Aval((), np.dtype(bool)))
    inner = Value(Aval((), F))
    closed = Graph((inner,), (), (inner,))
    leaky = Graph((inner,), (), (a,))
    out = Value(Aval((), F))
    verify(
        Graph((p, a), (Equation("cond", (p, a), {"branches": (closed, closed)}, (out,)),), (out,))
    )
    with pytest.raises(InvalidGraphError, match="is not defined"):
        verify(
            Graph(
                (p, a), (Equation("cond", (p, a), {"branches": (closed, leaky)}, (out,)),), (out,)
            )
        )


CONTROL = {
    "The predicate of cond": """{ a: float32[] .
        b: float32[] = cond(a, a, branches=...)
            branches[0] = { c: float32[] .
              return c }
            branches[1] = { d: float32[] .
              return d }
        return b }""",
    "A branch gives": """{ a: bool[], b: float32[] .
        e: float32[] = cond(a, b, branches=...)
            branches[0] = { c: float32[] .
              return c }
            branches[1] = { d: float32[] .
              return 1.0:float64 }
        return e }""",
    "A branch takes": """{ a: bool[], b: float32[] .
        e: float32[] = cond(a, b, branches=...)
            branches[0] = { c: float32[] .
              return c }
            branches[1] = { c: float32[], d: float32[] .
              return d }
        return e }""",
    "The body gives": """{ a: int32[] .
        e: int32[] = while(a, cond=..., body=..., n_constants=0, limit=None)
            cond = { b: int32[] .
              return True:bool }
            body = { c: int32[] .
              return 1.0:float32 }
        return e }""",
    "The condition gives": """{ a: int32[] .
        e: int32[] = while(a, cond=..., body=..., n_constants=0, limit=None)
            cond = { b: int32[] .
              return b }
            body = { c: int32[] .
              return c }
        return e }""",
    "has no 2 constants": """{ a: int32[] .
        e: int32[] = while(a, cond=..., body=..., n_constants=2, limit=None)
            cond = { b: int32[] .
              return True:bool }
            body = { c: int32[] .
              return c }
        return e }""",
    "limit of a loop": """{ a: int32[] .
        e: int32[] = while(a, cond=..., body=..., n_constants=0, limit=1.5)
            cond = { b: int32[] .
              return True:bool }
            body = { c: int32[] .
              return c }
        return e }""",
}


@pytest.mark.parametrize("words", CONTROL)
def test_wrong_control_flow_is_found(words: str) -> None:
    broken(CONTROL[words], words)


def test_the_text_reads_back_to_the_same_text() -> None:
    text = """{ a: bool[], b: float32[2,3] .
  c: float32[2] = reduce_sum(b, axis=(1,), keepdims=False)
  h: float32[2], i: float32[2] = cond(a, c, [1.0, 2.5]:float32[2], branches=...)
      branches[0] = { d: float32[2], e: float32[2] .
        return d, e }
      branches[1] = { f: float32[2], g: float32[2] .
        return g, f }
  return h, i, c }"""
    spaced = text.replace("[1.0, 2.5]:float32[2]", "1.5:float32[2]")
    once = text_of(graph_of(spaced))
    assert once == spaced.replace("1.5:float32[2]", "[1.5, 1.5]:float32[2]")


def test_names_are_letters() -> None:
    names = {0: "a", 25: "z", 26: "aa", 27: "ab", 51: "az", 52: "ba", 701: "zz", 702: "aaa"}
    assert {n: letters(n) for n in names} == names


def test_sites_are_shown_when_asked_for() -> None:
    code = compile("x = 1\ny = 2\n", "user_file.py", "exec")
    a, b = Value(Aval((), F)), Value(Aval((), F))
    graph = Graph((a,), (Equation("exp", (a,), {}, (b,), Site(code, 6)),), (b,))
    assert "# user_file.py:2" in text_of(graph, sites=True)
    assert "#" not in text_of(graph)
