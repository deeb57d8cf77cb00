"""What passes do with branches and loops, and what they never do with effects."""

from __future__ import annotations

from typing import Any

import numpy as np
from graph_text import graph_of

from gradtape.graph.ir import Graph
from gradtape.graph.passes import control, dead_code, loop_invariants, optimize
from gradtape.graph.pretty import text_of
from gradtape.graph.verify import verify


def check(before: Graph, after: Graph, text: str) -> None:
    verify(before, thorough=True)
    verify(after, thorough=True)
    assert text_of(after) == text_of(graph_of(text))


COND = """{ a: bool[], b: float32[3], c: float32[3] .
  p: float32[3], q: float32[3] = cond(%s, %s, branches=...)
      branches[0] = { d: float32[3], e: float32[3] .
        f: float32[3] = exp(d)
        return f, e }
      branches[1] = { g: float32[3], h: float32[3] .
        i: float32[3] = sin(g)
        return i, h }
  return %s }"""


def test_a_known_predicate_leaves_its_branch() -> None:
    for truth, op in (("True", "sin"), ("False", "exp")):
        before = graph_of(COND % (f"{truth}:bool", "b, c", "p, q"))
        after = dead_code(control(before))
        check(
            before,
            after,
            f"{{ a: bool[], b: float32[3], c: float32[3] .\nd: float32[3] = {op}(b)\nreturn d, c }}",
        )


def test_a_result_that_is_the_same_operand_in_both_branches_is_that_operand() -> None:
    before = graph_of(COND % ("a", "b, c", "q"))
    after = optimize(before)
    check(before, after, "{ a: bool[], b: float32[3], c: float32[3] .\nreturn c }")


def test_unused_results_and_operands_of_branches_go() -> None:
    before = graph_of(COND % ("a", "b, c", "p"))
    after = dead_code(before)
    (equation,) = after.equations
    assert len(equation.inputs) == 2
    assert len(equation.outputs) == 1
    assert [len(g.inputs) for g in equation.attrs["branches"]] == [1, 1]
    verify(after)


def test_constants_are_handed_into_branches_and_doubles_only_once() -> None:
    before = graph_of(COND % ("a", "b, b", "p, q"))
    after = control(before)
    verify(after)
    assert len(after.equations[0].inputs) == 2
    before = graph_of(COND % ("a", "2.0:float32[3], c", "p, q"))
    after = optimize(before)
    verify(after)
    (equation,) = after.equations
    assert len(equation.inputs) == 1  # each branch has computed its constant
    assert [len(g.equations) for g in equation.attrs["branches"]] == [0, 0]
    for truth in (False, True):
        arrays = np.asarray(truth), np.ones(3, np.float32), np.zeros(3, np.float32)
        assert all(map(np.array_equal, before.run(*arrays), after.run(*arrays)))


def test_a_negated_predicate_turns_the_branches() -> None:
    text = COND % ("n", "b, c", "p, q")
    before = graph_of(text.replace("p: float", "n: bool[] = logical_not(a)\np: float", 1))
    after = dead_code(control(before))
    (equation,) = after.equations
    assert [g.equations[0].op for g in equation.attrs["branches"]] == ["sin", "exp"]
    assert equation.inputs[0] is after.inputs[0]


LOOP = """{ a: float32[3], b: float32[3] .
  m: int32[], n: float32[3], o: float32[3] = while(a, %s, b, b, cond=..., body=..., n_constants=1, limit=None)
      cond = { c: float32[3], d: int32[], e: float32[3], f: float32[3] .
        g: bool[] = less(d, 3:int32)
        return g }
      body = { h: float32[3], i: int32[], j: float32[3], k: float32[3] .
        l: int32[] = add(i, 1:int32)
        p: float32[3] = exp(h)
        q: float32[3] = multiply(j, p)
        return l, q, %s }
  return %s }"""


def run(graph: Graph) -> list[np.ndarray]:
    return list(graph.run(np.array([0.5, -1, 2], np.float32), np.array([1, 2, 3], np.float32)))


def test_a_loop_that_does_not_begin_is_what_it_was_handed() -> None:
    before = graph_of(LOOP % ("3:int32", "k", "m, n"))
    check(before, optimize(before), "{ a: float32[3], b: float32[3] .\nreturn 3:int32, b }")
    never = graph_of((LOOP % ("0:int32", "k", "m, n")).replace("limit=None", "limit=0"))
    check(never, optimize(never), "{ a: float32[3], b: float32[3] .\nreturn 0:int32, b }")


def test_a_carried_value_that_does_not_change_is_not_carried() -> None:
    before = graph_of(LOOP % ("0:int32", "k", "n, o"))
    after = optimize(before)
    verify(after)
    loop = after.equations[-1]
    assert loop.op == "while"
    assert [v.aval.dtype.name for v in loop.outputs] == ["int32", "float32"]
    assert after.outputs[1] is after.inputs[1]
    assert all(map(np.array_equal, run(before), run(after)))


def test_carried_values_that_nothing_needs_go() -> None:
    before = graph_of(LOOP % ("0:int32", "q", "n"))
    after = dead_code(before)
    verify(after)
    loop = after.equations[-1]
    assert len(loop.outputs) == 2
    before = graph_of(LOOP % ("0:int32", "q", "m"))
    after = dead_code(before)
    assert len(after.equations[-1].outputs) == 1
    assert not after.equations[-1].attrs["n_constants"]
    assert run(after)[0] == 3


def test_what_does_not_change_in_a_loop_is_computed_before_it() -> None:
    before = graph_of(LOOP % ("0:int32", "k", "n"))
    after = loop_invariants(before)
    verify(after)
    assert [e.op for e in after.equations] == ["exp", "while"]
    assert [e.op for e in after.equations[1].attrs["body"].equations] == ["add", "multiply"]
    assert all(map(np.array_equal, run(before), run(after)))


def test_what_may_raise_stays_in_the_loop() -> None:
    text = (LOOP % ("0:int32", "k", "n")).replace("exp(h)", "check_numerics(h, message='x')")
    before = graph_of(text)
    assert loop_invariants(before) is before
    assert any(
        e.op == "check_numerics" for e in optimize(before).equations[-1].attrs["body"].equations
    )


# --- effects ---


def logging(log: list[Any]) -> Any:
    def write(*arrays: np.ndarray) -> tuple[np.ndarray, ...]:
        log.append([a.tolist() for a in arrays])
        return ()

    return write


def test_effects_are_not_merged_nor_dropped_nor_moved() -> None:
    log: list[Any] = []
    graph = graph_of(
        """{ a: float32[] .
          host(a, function=write, avals=())
          host(a, function=write, avals=())
          b: float32[] = negative(a)
          c: float32[] = negative(b)
          host(b, function=write, avals=())
          host(c, function=write, avals=())
          return  }""",
        {"write": logging(log)},
    )
    after = optimize(graph)
    verify(after)
    after.run(np.float32(2.0))
    assert log == [[2.0], [2.0], [-2.0], [2.0]]
    assert [e.op for e in after.equations] == ["host", "host", "negative", "host", "host"]


def test_effects_inside_of_control_flow_stay_there() -> None:
    log: list[Any] = []
    graph = graph_of(
        """{ a: int32[], b: float32[] .
          m: int32[] = while(b, 0:int32, cond=..., body=..., n_constants=1, limit=None)
              cond = { c: float32[], d: int32[] .
                e: bool[] = less(d, 2:int32)
                return e }
              body = { f: float32[], g: int32[] .
                n: float32[] = exp(f)
                host(g, function=write, avals=())
                h: bool[] = equal(g, 1:int32)
                cond(h, g, branches=...)
                    branches[0] = { i: int32[] .
                      return  }
                    branches[1] = { j: int32[] .
                      host(j, 7:int32, function=write, avals=())
                      return  }
                k: int32[] = add(g, 1:int32)
                return k }
          return a }""",
        {"write": logging(log)},
    )
    after = optimize(graph)
    verify(after)
    after.run(np.int32(5), np.float32(2.0))
    assert log == [[0], [1], [1, 7]]
    assert [e.op for e in after.equations] == ["while"]  # `exp` had no use
