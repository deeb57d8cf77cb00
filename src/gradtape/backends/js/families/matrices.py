"""Inverses, determinants and systems of equations, by elimination in float64, matrix by matrix."""

from __future__ import annotations

import math

from gradtape.backends.js.places import broadcast, walk
from gradtape.backends.js.writer import Writer
from gradtape.graph.ir import Equation


def _flag(truth: bool) -> str:
    return "true" if truth else "false"


def solve(w: Writer, e: Equation) -> None:
    (a, b), y = e.inputs, e.outputs[0]
    n, k = a.shape[-1], b.shape[-1]
    x, rhs, found = w.spilled(a), w.spilled(b), w.given(y)
    with w.loop(math.prod(a.shape[:-2])) as i:
        w.line(
            f"{w.helper('matrix_solve')}({x}, {i} * {n * n}, {n}, {_flag(e.attrs['adjoint'])}, {rhs}, "
            f"{i} * {n * k}, {k}, {found});"
        )
    w.taken(y)


def inverse(w: Writer, e: Equation) -> None:
    a, y = e.inputs[0], e.outputs[0]
    n = a.shape[-1]
    x, found = w.spilled(a), w.given(y)
    with w.loop(math.prod(a.shape[:-2])) as i:
        turned = _flag(e.attrs["adjoint"])
        w.line(f"{w.helper('matrix_inverse')}({x}, {i} * {n * n}, {n}, {turned}, {found});")
    w.taken(y)


def exponential(w: Writer, e: Equation) -> None:
    a, y = e.inputs[0], e.outputs[0]
    n = a.shape[-1]
    x, found = w.spilled(a), w.given(y)
    with w.loop(math.prod(a.shape[:-2])) as i:
        w.line(f"{w.helper('matrix_exponential')}({x}, {i} * {n * n}, {n}, {found});")
    w.taken(y)


def determinant(w: Writer, e: Equation) -> None:
    a = e.inputs[0]
    n, x = a.shape[-1], w.spilled(a)
    logs = e.op == "log_matrix_determinant"
    for y in e.outputs:
        w.begin(y)
    b = w.builder(a.dtype)
    with w.loop(math.prod(a.shape[:-2])) as i:
        name = w.helper("log_determinant" if logs else "determinant")
        found = w.put(f"{name}({x}, {i} * {n * n}, {n})")
        for k, y in enumerate(e.outputs):
            w.store(y, i, b.rounded(f"{found}[{k}]" if logs else found))


def triangular(w: Writer, e: Equation) -> None:
    (a, b), y = e.inputs, e.outputs[0]
    n, k, adjoint = a.shape[-1], b.shape[-1], bool(e.attrs["adjoint"])
    lower = _flag(bool(e.attrs["lower"]) != adjoint)
    lead = y.shape[:-2]
    x, rhs, found = w.spilled(a), w.spilled(b), w.given(y)
    with walk(w, lead, *[broadcast(v.shape[:-2], lead) for v in (a, b, y)]) as (p, q, to):
        w.line(
            f"{w.helper('triangular_solve')}({x}, ({p}) * {n * n}, {n}, {_flag(adjoint)}, {lower}, {rhs}, "
            f"({q}) * {n * k}, {k}, {found}, ({to}) * {n * k});"
        )
    w.taken(y)


TABLE = {
    "matrix_solve": solve, "matrix_inverse": inverse, "matrix_determinant": determinant,
    "log_matrix_determinant": determinant, "matrix_triangular_solve": triangular, "matrix_exponential": exponential,
}  # fmt: skip
