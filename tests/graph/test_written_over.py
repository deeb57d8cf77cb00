"""A result written over an operand, in a group with a fold: not one that is looked at again after the fold."""

from __future__ import annotations

import numpy as np
import pytest
from graph_text import graph_of

pytest.importorskip("llvmlite")

from gradtape.backends.llvm import program, runtime

# q is ready after the fold, r before it; j and k are temporary, so r could take the place of either.
TEXT = """{ a: bool[], b: float64[2], c: float64[2], d: float64[2], e: float64[2], f: float64[2,2], g: float64[1] .
  j: float64[2], k: float64[2] = cond(a, b, branches=...)
      branches[0] = { h: float64[2] .
        return h, h }
      branches[1] = { i: float64[2] .
        return i, i }
  l: float64[1] = reduce_sum(c, axis=(0,), keepdims=True)
  m: float64[] = reshape(l, shape=())
  n: float64[2] = multiply(m, d)
  o: float64[2] = real_div(j, g)
  p: float64[2] = add(k, o)
  q: float64[2] = add(p, n)
  r: float64[2] = add(e, d)
  s: float64[2,1] = reshape(q, shape=(2, 1))
  t: float64[2,1] = reshape(r, shape=(2, 1))
  u: float64[2,1] = multiply(t, 0.5:float64)
  v: float64[2,2] = multiply(s, f)
  w: float64[2,2] = multiply(u, f)
  x: float64[2,2] = add(v, w)
  return x }"""


@pytest.mark.parametrize("truth", [False, True])
def test_an_operand_that_is_needed_after_the_fold_stays(
    truth: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(program, "length", lambda *_: None)  # in buffers, however small
    graph = graph_of(TEXT)
    rng = np.random.default_rng(0)
    arrays = [np.asarray(truth), *[rng.normal(size=v.shape) for v in graph.inputs[1:]]]
    (want,) = graph.run(*arrays)
    (got,) = runtime.compile_graph(graph, {}).run(*arrays)
    assert np.allclose(want, got, rtol=1e-14, atol=1e-14)
