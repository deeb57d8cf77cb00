"""Matrix products that take over what stands around them: transposes as flags, additions as accumulation.

    layout(graph)        matmul(transpose(a), b) -> matmul(a, b, transpose_a=True); transpose(matmul(a, b)) likewise
    accumulate(graph)    c + s (a b) -> gemm(c, a, b, s), where c is not needed any more

The first changes no bit of a result.  The second rounds less often than the separate steps.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from gradtape.graph.ir import Aval, Equation, Graph, Value, aval_of

FLOATS = (np.dtype(np.float32), np.dtype(np.float64))


class _Rewrite:
    """A graph being rewritten, equation by equation."""

    def __init__(self, graph: Graph):
        self.graph = graph
        self.makers: dict[Value, Equation] = {}
        self.uses: dict[Value, int] = {}
        self.constants: dict[Value, np.ndarray] = dict(graph.constants)
        for v in (*(x for e in graph.equations for x in e.inputs), *graph.outputs):
            self.uses[v] = self.uses.get(v, 0) + 1
        self.equations: list[Equation] = []

    def put(self, equation: Equation) -> Equation:
        self.equations.append(equation)
        for v in equation.outputs:
            self.makers[v] = equation
        return equation

    def maker(self, v: Value, op: str) -> Equation | None:
        """The equation that makes a value, if it is of this kind."""
        found = self.makers.get(v)
        return found if found is not None and found.op == op else None

    def once(self, v: Value) -> bool:
        """Whether a value is used in one place only."""
        return self.uses.get(v, 0) == 1

    def done(self) -> Graph:
        """The graph, without the equations that nobody uses any more."""
        g = self.graph
        needed = set(g.outputs)
        kept = []
        for e in reversed(self.equations):
            if e.effect or any(v in needed for v in e.outputs):
                kept.append(e)
                needed.update(e.inputs)
        constants = {v: a for v, a in self.constants.items() if v in needed}
        return Graph(g.inputs, tuple(reversed(kept)), g.outputs, constants, g.name)


def swaps_last(equation: Equation) -> bool:
    """Whether a transpose exchanges the last two axes and leaves the rest."""
    rank = len(equation.inputs[0].shape)
    perm = equation.attrs["perm"]
    perm = tuple(reversed(range(rank))) if perm is None else tuple([p % rank for p in perm])
    return rank >= 2 and perm == (*range(rank - 2), rank - 1, rank - 2)


def layout(graph: Graph) -> Graph:
    """Transposes around matrix products as flags of these."""
    work = _Rewrite(graph)
    for e in graph.equations:
        if e.op == "matmul":
            work.put(_flagged(work, e))
        elif (
            e.op == "transpose"
            and swaps_last(e)
            and (m := work.maker(e.inputs[0], "matmul"))
            and work.once(e.inputs[0])
        ):
            attrs = {
                "transpose_a": not m.attrs["transpose_b"],
                "transpose_b": not m.attrs["transpose_a"],
            }
            work.put(_flagged(work, Equation("matmul", m.inputs[::-1], attrs, e.outputs, e.site)))
        else:
            work.put(e)
    return work.done()


def _flagged(work: _Rewrite, e: Equation) -> Equation:
    inputs, flags = list(e.inputs), [e.attrs["transpose_a"], e.attrs["transpose_b"]]
    for k, x in enumerate(e.inputs):
        t = work.maker(x, "transpose")
        while t is not None and swaps_last(t):
            inputs[k], flags[k] = t.inputs[0], not flags[k]
            t = work.maker(inputs[k], "transpose")
    attrs: Mapping[str, bool] = {"transpose_a": flags[0], "transpose_b": flags[1]}
    return Equation("matmul", tuple(inputs), attrs, e.outputs, e.site)


def accumulate(graph: Graph) -> Graph:
    """Sums with matrix products as products that are added to what is there."""
    work = _Rewrite(graph)
    for e in graph.equations:
        found = _accumulated(work, e) if e.op in ("add", "subtract") else None
        work.put(e if found is None else found)
    return work.done()


def _accumulated(work: _Rewrite, e: Equation) -> Equation | None:
    pairs = [(e.inputs[0], e.inputs[1])]
    if e.op == "add":
        pairs.append((e.inputs[1], e.inputs[0]))
    out = e.outputs[0]
    for c, term in pairs:
        if (
            out.dtype not in FLOATS
            or c.aval != out.aval
            or term.aval != out.aval
            or not _ends(work, c, out)
        ):
            continue
        product, factor = _scaled(work, term)
        if product is None:
            continue
        alpha = _alpha(work, factor, e.op == "subtract", out)
        return Equation("gemm", (c, *product.inputs, alpha), product.attrs, e.outputs, e.site)
    return None


def _ends(work: _Rewrite, c: Value, out: Value) -> bool:
    """Whether the memory of c can become that of the result."""
    if c in work.graph.constants:
        return False
    if c in work.graph.inputs:
        return out in work.graph.outputs
    return work.once(c)


def _scaled(work: _Rewrite, term: Value) -> tuple[Equation | None, Value | None]:
    """The matrix product in a term, and the number that it is multiplied by."""
    if not work.once(term):
        return None, None
    product = work.maker(term, "matmul")
    if product is not None:
        return product, None
    scaled = work.maker(term, "multiply")
    if scaled is None:
        return None, None
    for factor, inner in (scaled.inputs, scaled.inputs[::-1]):
        product = work.maker(inner, "matmul")
        if (
            product is not None
            and factor.aval.size == 1
            and work.once(inner)
            and inner.aval == term.aval
        ):
            return product, factor
    return None, None


def _alpha(work: _Rewrite, factor: Value | None, negative: bool, out: Value) -> Value:
    known = np.ones((), out.dtype) if factor is None else work.constants.get(factor)
    if known is not None:
        array = np.asarray(-known if negative else known, out.dtype).reshape(())
        alpha = Value(aval_of(array))
        work.constants[alpha] = array
        return alpha
    assert factor is not None
    if factor.shape:
        flat = Value(Aval((), out.dtype))
        work.put(Equation("reshape", (factor,), {"shape": ()}, (flat,)))
        factor = flat
    if negative:
        turned = Value(Aval((), out.dtype))
        work.put(Equation("negative", (factor,), {}, (turned,)))
        factor = turned
    return factor
