"""Graphs of cards' samples, and how far JavaScript may be from gradtape.

Floats: |found - wanted| <= LIMIT times the largest finite |wanted| of the array (at least 1e-30), nan and infinities
where gradtape has them.  Integers and bools: equal (64-bit ones beyond 2^53 as float64).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradtape.backends.js import JsProgram, emit
from gradtape.base.quiet import quiet
from gradtape.core.card import Op, S
from gradtape.core.context import recorders
from gradtape.graph.ir import Equation, Graph, Value, aval_of
from gradtape.graph.tracer import Trace

LIMIT = {"float32": 1e-6, "float64": 1e-12}


def unlike(found: np.ndarray, wanted: np.ndarray) -> str:
    """How an array differs in shape, dtype, whole numbers, or in where it is not finite; "" where it does not."""
    if found.shape != wanted.shape or found.dtype != wanted.dtype:
        return f"{found.dtype}{found.shape} instead of {wanted.dtype}{wanted.shape}"
    exact = ~np.isfinite(wanted) if wanted.dtype.kind == "f" else ...
    same = np.array_equal(found[exact], wanted[exact], equal_nan=wanted.dtype.kind == "f")
    return "" if same else f"{found} instead of {wanted}"


def differs(found: np.ndarray, wanted: np.ndarray) -> str:
    """How an array is not what it should be; "" where it is."""
    wanted = np.asarray(wanted)
    if wanted.dtype.name in ("int64", "uint64"):  # beyond 2^53 rounded to float64
        found, wanted = found.astype(np.float64), wanted.astype(np.float64)
        return "" if np.array_equal(found, wanted) else f"{found} instead of {wanted}"
    if unlike(found, wanted):
        return unlike(found, wanted)
    if wanted.dtype.kind != "f":
        return ""
    finite = np.isfinite(wanted)
    a, b = found[finite].astype(np.float64), wanted[finite].astype(np.float64)
    error = np.abs(a - b).max(initial=0.0)
    largest = max(np.abs(b).max(initial=0.0), 1e-30)
    if error <= LIMIT[wanted.dtype.name] * largest:
        return ""
    return f"off by {error / largest:.3g} of the largest: {found} instead of {wanted}"


def sample_graph(
    card: type[Op], sample: S, wanted: Any, rng: np.random.Generator
) -> tuple[Graph, list[np.ndarray]] | None:
    """A graph of one equation, and its arrays with the sample's floats in the dtype `wanted`; None where none fits."""
    arrays = [np.asarray(a) for a in sample.draw(rng)]
    arrays = [a.astype(wanted) if a.dtype.kind == "f" else a for a in arrays]
    if arrays and arrays[0].dtype.kind not in card.takes:
        return None
    try:
        with quiet():
            found = card.kernel(*arrays, **sample.attrs)
    except ValueError:
        return None  # a sample of float64 alone
    made = [np.asarray(y) for y in (found if card.multi else (found,))]
    inputs = tuple([Value(aval_of(a)) for a in arrays])
    outputs = tuple([Value(aval_of(y)) for y in made])
    equation = Equation(card.name, inputs, sample.attrs, outputs)
    return Graph(inputs, (equation,), outputs, name=card.name), arrays


def cotangents(graph: Graph, places: tuple[int, ...], rng: np.random.Generator) -> list[np.ndarray]:
    """Cotangents of outputs, away from zero."""
    found = []
    for k in places:
        aval = graph.outputs[k].aval
        g = rng.uniform(0.5, 1.5, aval.shape) * rng.choice([-1, 1], aval.shape)
        found.append(np.asarray(g, aval.dtype))
    return found


def traced(function: Callable[..., Any], *arrays: Any) -> Graph:
    """The graph of a function of tensors that gives a list of them."""
    trace = Trace(None, "traced")
    with trace.active(), recorders(()):
        xs = [trace.placeholder(np.shape(a), np.asarray(a).dtype) for a in arrays]
        ys = function(*xs)
    return trace.graph(list(ys))


def check(engine: Any, graph: Graph, *arrays: Any) -> JsProgram:
    """A graph in the browser against gradtape; its program."""
    given = [np.asarray(a) for a in arrays]
    program = emit(graph, at=given)
    (found,) = engine.run([(program, given)])
    assert not isinstance(found, str), found
    texts = [differs(a, b) for a, b in zip(found, graph.run(*given), strict=True)]
    assert not any(texts), "\n".join(filter(None, texts))
    return program
