"""Elementwise equations: the card's scalar rule in one loop nest over the broadcast shape."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradtape.backends.js.numbers import known
from gradtape.backends.js.places import broadcast, row_major, walk
from gradtape.backends.js.scalar import JsBuilder
from gradtape.backends.js.writer import Writer
from gradtape.core.card import REGISTRY
from gradtape.graph.ir import Equation

# Functions of the runtime in float64, for cards whose kernels sum series.
SERIES = frozenset((
    "bessel_i0", "bessel_i0e", "bessel_i1", "bessel_i1e", "bessel_j0", "bessel_j1", "bessel_k0", "bessel_k0e",
    "bessel_k1", "bessel_k1e", "bessel_y0", "bessel_y1", "betainc", "dawsn", "digamma", "erfcinv", "erfinv",
    "expint", "fresnel_cos", "fresnel_sin", "igamma", "igamma_grad_a", "igammac", "lgamma", "ndtri", "polygamma",
    "random_gamma_grad", "spence", "zeta",
))  # fmt: skip


def _quotient(name: str) -> Callable[..., str]:
    def rule(b: JsBuilder, x: str, y: str) -> str:
        return b.helped(name, x, y)

    return rule


def _whole_power(b: JsBuilder, x: str, y: str) -> str:
    signed = "true" if b.signed else "false"
    return b.rounded(
        f"{b.writer.helper('whole_power')}({x}, {y}, {8 * b.dtype.itemsize}, {signed})"
    )


# What the cards leave to their kernels: integers where there may be an error.
INTEGERS: dict[str, Callable[..., str]] = {
    "floor_div": _quotient("floor_quotient"),
    "floor_mod": _quotient("floor_remainder"),
    "truncate_div": _quotient("whole_quotient"),
    "truncate_mod": _quotient("whole_remainder"),
    "pow": _whole_power,
}


def rule_of(equation: Equation) -> Callable[..., str] | None:
    """How one element is computed: (builder of the operands' dtype, elements) -> the element."""
    op, dtypes = equation.op, [v.dtype for v in equation.inputs]
    card = REGISTRY.get(op)
    if card is None or card.family != "Elementwise" or not all(map(known, dtypes)):
        return None
    if not all(known(v.dtype) for v in equation.outputs):
        return None
    dtype = dtypes[-1] if op == "where" else dtypes[0]
    if op in SERIES:
        return lambda b, *xs: b.helped(op, *xs)
    if dtype.kind in "iu" and op in INTEGERS:
        return INTEGERS[op]
    rule = card.scalar
    if rule is None or dtype.kind not in card.lowers:
        return None
    return lambda b, *xs: rule(b, *xs, **equation.attrs)


def elementwise(w: Writer, e: Equation) -> None:
    rule, y = rule_of(e), e.outputs[0]
    assert rule is not None
    dtypes = [v.dtype for v in e.inputs]
    b = w.builder(dtypes[-1] if e.op == "where" else y.dtype if e.op in SERIES else dtypes[0])
    if y.aval.size == 1:
        found = rule(b, *[w.element(v, "0") for v in e.inputs])
        w.rename(y, found)
        return
    if not y.aval.size:
        w.array(y)
        return
    strides = [broadcast(v.shape, y.shape) for v in e.inputs]
    w.begin(y)
    with walk(w, y.shape, row_major(y.shape), *strides) as (to, *places):
        w.store(y, to, rule(b, *[w.read(v, p) for v, p in zip(e.inputs, places)]))


def iota(w: Writer, e: Equation) -> None:
    """The position along the last axis."""
    y = e.outputs[0]
    w.env[y] = w.known(np.broadcast_to(np.arange(y.shape[-1], dtype=y.dtype), y.shape))


def lowering(e: Equation) -> Any:
    return elementwise if rule_of(e) is not None else None
