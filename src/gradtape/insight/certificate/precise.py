"""Derivatives in fifty digits, by mpmath: for functions so flat, steep or cancelling that float64 cannot tell.

Only programs of elementwise operations, sums and products are computed so; others have no precise derivative.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradtape.insight.certificate.program import Run

DIGITS = 60
LARGEST = 4096  # elements of all operations together


def _functions(mp: Any) -> dict[str, Callable[..., Any]]:
    one = mp.mpf(1)
    scalar: dict[str, Callable[..., Any]] = {
        **{name: getattr(mp, name) for name in (
            "exp", "expm1", "log", "log1p", "tanh", "sqrt", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh",
            "asinh", "acosh", "atanh", "erf", "erfc")},
        "sigmoid": lambda x: one / (one + mp.exp(-x)),
        "softplus": lambda x: mp.log1p(mp.exp(x)),
        "log_sigmoid": lambda x: -mp.log1p(mp.exp(-x)),
        "silu": lambda x, beta: x / (one + mp.exp(-beta * x)),
        "rsqrt": lambda x: one / mp.sqrt(x),
        "reciprocal": lambda x: one / x,
        "square": lambda x: x * x,
        "negative": lambda x: -x,
        "add": lambda x, y: x + y,
        "subtract": lambda x, y: x - y,
        "multiply": lambda x, y: x * y,
        "real_div": lambda x, y: x / y,
        "squared_difference": lambda x, y: (x - y) ** 2,
        "pow": mp.power,
        "atan2": mp.atan2,
        "lgamma": lambda x: mp.log(abs(mp.gamma(x))),
        "digamma": mp.digamma,
        "softsign": lambda x: x / (one + abs(x)),
        "abs": abs,
        "relu": lambda x: x if x > 0 else mp.mpf(0),
        "elu": lambda x: x if x > 0 else mp.expm1(x),
        "maximum": max,
        "minimum": min,
    }  # fmt: skip
    found: dict[str, Callable[..., Any]] = {}
    for name, function in scalar.items():
        n = 2 if name in ("add", "subtract", "multiply", "real_div", "squared_difference", "pow", "atan2", "maximum",
                          "minimum", "silu") else 1  # fmt: skip
        found[name] = np.frompyfunc(function, n, 1)
    found["add_n"] = lambda *xs: sum(xs[1:], xs[0])
    found["matmul"] = lambda a, b, transpose_a, transpose_b: np.matmul(
        a.swapaxes(-1, -2) if transpose_a else a, b.swapaxes(-1, -2) if transpose_b else b
    )
    found["reduce_sum"] = lambda x, axis, keepdims: np.asarray(
        np.sum(x, axis=axis, keepdims=keepdims)
    )
    found["reduce_mean"] = lambda x, axis, keepdims: np.asarray(
        np.sum(x, axis=axis, keepdims=keepdims)
        / mp.mpf(int(np.prod([x.shape[a] for a in axis], initial=1)))
    )
    return found


# Kernels that take numbers of any kind as they are.
_MOVES = (*("bias_add", "reshape"), *("expand_dims", "squeeze", "transpose", "identity", "tile", "reverse"),
          *("concat", "stack", "strided_slice", "broadcast_to"))  # fmt: skip


def precise(run: Run, seeds: list[np.ndarray], source: int, place: int) -> float | None:
    """The derivative by one entry; None where mpmath is not installed or the program is not of this kind."""
    try:
        import mpmath
    except ImportError:
        return None
    if run.opaque or run.unseen or any(s._value.dtype.kind == "c" for s in run.starts):
        return None
    if sum(np.size(getattr(s.output, "_value", 0)) for s in run.steps) > LARGEST:
        return None
    with mpmath.workdps(DIGITS):
        functions = _functions(mpmath.mp)
        if any(s.card.name not in functions and s.card.name not in _MOVES for s in run.steps):
            return None
        h = mpmath.mpf(10) ** -25 * max(1, abs(float(run.starts[source]._value.reshape(-1)[place])))
        try:
            ends = [_value(run, seeds, source, place, t, functions, mpmath.mp) for t in (h, -h)]
            slope = (ends[0] - ends[1]) / (2 * h)
        except (ArithmeticError, ValueError, TypeError):
            return None
        return (
            float(slope) if mpmath.isfinite(slope) and not isinstance(slope, mpmath.mpc) else None
        )


def _value(
    run: Run, seeds: list[np.ndarray], source: int, place: int, t: Any, functions: Any, mp: Any
) -> Any:
    exactly = np.frompyfunc(lambda x: mp.mpf(float(x)), 1, 1)
    known: dict[int, np.ndarray] = {}

    def of(tensor: Any) -> np.ndarray:
        found = known.get(id(tensor))
        if found is None:
            value = tensor._value
            found = np.asarray(exactly(value), object) if value.dtype.kind == "f" else value
            known[id(tensor)] = found
        return found

    moved = np.array(of(run.starts[source]), object)
    moved.reshape(-1)[place] = moved.reshape(-1)[place] + t
    known[id(run.starts[source])] = moved
    for step in run.steps:
        rule = functions.get(step.card.name) or step.card.kernel
        known[id(step.output)] = np.asarray(
            rule(*[of(x) for x in step.inputs], **step.attrs), object
        )
    total = mp.mpf(0)
    for output, seed in zip(run.outputs, seeds):
        for y, s in zip(of(output).reshape(-1), np.asarray(seed).reshape(-1)):
            total += mp.mpf(float(s)) * y
    return total
