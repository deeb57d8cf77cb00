"""Loops and their ways back: what nothing needs goes, what does not change is computed before."""

from __future__ import annotations

import numpy as np
from graph_text import graph_of

from gradtape.graph.ir import Graph
from gradtape.graph.passes import control, dead_code, loop_invariants, optimize
from gradtape.graph.verify import verify

# x <- x * exp(a), three times, with a count; then the cotangents of x and of a on the way back, and a sum of rows.
TEXT = """{ a: float32[2], b: float32[2], c: float32[2] .
  d: int32[], e: float32[2], f: float32[2], g: float32[2], h: float32[2] = sweeps(a, c, 0:int32, b, b, a, a, cond=..., bodies=..., plan=((False, 2, ()), (True, 2, (0, 1)), (False, 1, (2,))), n_constants=2, limit=None)
      cond = { i: float32[2], j: float32[2], k: int32[], l: float32[2] .
        m: bool[] = less(k, 3:int32)
        return m }
      bodies[0] = { n: float32[2], o: float32[2], p: int32[], q: float32[2] .
        r: int32[] = add(p, 1:int32)
        s: float32[2] = exp(n)
        t: float32[2] = multiply(q, s)
        return r, t, q, s }
      bodies[1] = { n: float32[2], o: float32[2], u: float32[2], v: float32[2], w: float32[2], x: float32[2] .
        y: float32[2] = multiply(u, x)
        z: float32[2] = multiply(u, w)
        aa: float32[2] = multiply(z, x)
        ab: float32[2] = add(v, aa)
        return y, ab, y }
      bodies[2] = { n: float32[2], o: float32[2], ac: float32[2], ad: float32[2] .
        ae: float32[2] = add(ac, ad)
        return ae }
  return %s }"""  # noqa: E501
ARRAYS = [np.array(x, np.float32) for x in ([0.5, -0.25], [1.5, -2.0], [3.0, 4.0])]


def same(before: Graph, after: Graph) -> None:
    verify(before, thorough=True)
    verify(after, thorough=True)
    for x, y in zip(before.run(*ARRAYS), after.run(*ARRAYS), strict=True):
        assert x.tobytes() == y.tobytes()


def test_carried_values_rows_and_sweeps_that_nothing_needs_go() -> None:
    before = graph_of(TEXT % "f")
    after = dead_code(before)
    same(before, after)
    (loop,) = after.equations
    assert loop.attrs["plan"] == ((False, 1, ()), (True, 1, (0,)))
    assert loop.attrs["n_constants"] == 1
    assert [len(b.outputs) for b in loop.attrs["bodies"]] == [2, 1]


def test_a_last_sweep_keeps_the_rows_that_it_reads() -> None:
    before = graph_of(TEXT % "h")
    after = dead_code(before)
    same(before, after)
    assert after.equations[0].attrs["plan"] == ((False, 1, ()), (True, 1, (0,)), (False, 1, (1,)))


def test_a_sweep_alone_is_a_loop() -> None:
    before = graph_of(TEXT % "e, d")
    after = dead_code(before)
    same(before, after)
    (loop,) = after.equations
    assert loop.op == "while"
    assert len(loop.outputs) == 2


def test_what_does_not_change_is_computed_before_all_sweeps() -> None:
    before = graph_of(TEXT % "d, e, f, g, h")
    after = loop_invariants(before)
    same(before, after)
    assert [e.op for e in after.equations] == ["exp", "sweeps"]
    assert "exp" not in [e.op for b in after.equations[1].attrs["bodies"] for e in b.equations]


def test_constants_are_handed_into_sweeps() -> None:
    before = graph_of(
        (TEXT % "d, e, f, g, h").replace("sweeps(a, c,", "sweeps([0.5, 0.25]:float32[2], a,")
    )
    after = control(before)
    same(before, after)
    assert after.equations[0].attrs["n_constants"] == 1
    same(before, optimize(before))
