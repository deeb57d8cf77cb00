"""A number from its printed form: read by sympy, computed with 40 digits, with a bound for what rounding may do.

The bound is a running error analysis in the unit roundoff u of the program's dtype: a printed number is known to u, an
operation adds u of its result, a function 8 u, a special function (which may pass through 0) 32 u of its result or of
1, a sum of n terms n u of the sum of their sizes.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import mpmath
import sympy
from sympy.parsing.sympy_parser import parse_expr

UNIT = {"float16": 2.0**-11, "bfloat16": 2.0**-8, "float32": 2.0**-24, "float64": 2.0**-53}
OF_FUNCTIONS = 8
OF_SPECIAL = 32


@cache
def recompute(text: str, dtype: str) -> tuple[Any, Any]:
    """The value of an expression in text, and how far rounding in `dtype` may have moved it."""
    with mpmath.workdps(40):
        value, bound = _walk(parse_expr(text, LAZY, evaluate=False), UNIT[dtype])
        plain = mpmath.mpf(str(sympy.N(parse_expr(text), 17)))
        assert abs(plain - value) <= bound + 1e-13 * abs(value) + 1e-15, (text, plain, value)
        return value, bound


FUNCTIONS: dict[str, Any] = {
    "exp": mpmath.exp, "log": mpmath.log, "sqrt": mpmath.sqrt, "sin": mpmath.sin, "cos": mpmath.cos, "tan": mpmath.tan,
    "asin": mpmath.asin, "acos": mpmath.acos, "atan": mpmath.atan, "atan2": mpmath.atan2, "sinh": mpmath.sinh,
    "cosh": mpmath.cosh, "tanh": mpmath.tanh, "asinh": mpmath.asinh, "acosh": mpmath.acosh, "atanh": mpmath.atanh,
    "erf": mpmath.erf, "erfc": mpmath.erfc, "sign": mpmath.sign, "Abs": abs, "floor": mpmath.floor,
    "ceiling": mpmath.ceil, "Max": max, "Min": min, "gamma": mpmath.gamma, "digamma": mpmath.digamma,
    "Mod": lambda a, b: a - b * mpmath.floor(a / b), "polygamma": lambda n, x: mpmath.polygamma(int(n), x),
    "zeta": mpmath.zeta, "Ei": mpmath.ei, "erfinv": mpmath.erfinv,
    "besselj": lambda n, x: mpmath.besselj(int(n), x), "bessely": lambda n, x: mpmath.bessely(int(n), x),
    "besseli": lambda n, x: mpmath.besseli(int(n), x), "besselk": lambda n, x: mpmath.besselk(int(n), x),
    "fresnelc": mpmath.fresnelc,
    "fresnels": mpmath.fresnels,
}  # fmt: skip
SPECIAL = frozenset(
    {"gamma", "digamma", "polygamma", "zeta", "Ei", "erfinv", "besselj", "bessely", "besseli", "besselk",
     "fresnelc", "fresnels"}
)  # fmt: skip
LOGIC: dict[str, Any] = {
    "And": all, "Or": any, "Not": lambda found: not found[0], "Xor": lambda found: found[0] != found[1]
}  # fmt: skip
# sympy evaluates functions of numbers at once: for the bound their arguments are kept as they are printed.
LAZY = {name: sympy.Function(name) for name in (*FUNCTIONS, *LOGIC, "Piecewise")}


def _walk(x: Any, u: float) -> tuple[Any, Any]:
    if isinstance(x, sympy.Integer | sympy.Rational):
        return mpmath.mpf(x.p) / x.q, mpmath.mpf(0)
    if isinstance(x, sympy.Float):
        value = mpmath.mpf(str(x))
        return value, abs(value) * u
    name = x.func.__name__
    if x.is_Boolean or x.is_Relational or name in LOGIC:
        return _truth(x, u), mpmath.mpf(0)
    if name == "Piecewise":
        return next(_walk(value, u) for value, condition in x.args if _truth(condition, u))
    parts = [_walk(a, u) for a in x.args]
    values, bounds = [v for v, _ in parts], [b for _, b in parts]
    if isinstance(x, sympy.Add):
        return mpmath.fsum(values), mpmath.fsum(bounds) + u * len(parts) * mpmath.fsum(map(abs, values))  # fmt: skip
    if isinstance(x, sympy.Mul):
        value, bound = mpmath.mpf(1), mpmath.mpf(0)
        for v, b in parts:
            bound = abs(value) * b + abs(v) * bound + b * bound
            value *= v
            bound += u * abs(value)
        return value, bound
    if name in ("Max", "Min"):
        return FUNCTIONS[name](values), max(bounds)
    function = mpmath.power if isinstance(x, sympy.Pow) else FUNCTIONS[name]
    value = function(*values)
    moved = mpmath.mpf(0)
    for k, (v, b) in enumerate(parts):
        if b:
            slope = mpmath.diff(lambda t, k=k: function(*values[:k], t, *values[k + 1 :]), v)
            moved += abs(slope) * b
    if name in SPECIAL:
        return value, moved + OF_SPECIAL * u * max(abs(value), 1)
    return value, moved + OF_FUNCTIONS * u * abs(value)


def _truth(x: Any, u: float) -> bool:
    if x in (sympy.true, sympy.false):
        return bool(x)
    name = x.func.__name__
    if name in LOGIC:
        return bool(LOGIC[name]([_truth(a, u) for a in x.args]))
    if x.is_Relational:
        a, b = (_walk(s, u)[0] for s in x.args)
        return bool(
            {"==": a == b, "!=": a != b, "<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[
                x.rel_op
            ]
        )
    return bool(_walk(x, u)[0])
