"""The cards' rules as interpreters of expressions.

    value:             card.scalar(LETTERS, x, ...)            one entry, as compiled code computes it
    local derivative:  card.vjp(Letters(dtype), 1, y, x, ...)  the cotangent of an entry for the cotangent 1

What a rule needs beyond single numbers is not spelled: `NotSpelledError`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import FunctionType
from typing import Any

import numpy as np

from gradtape.core.card import REGISTRY, Op
from gradtape.insight.derivation.expression import (
    Call,
    Expression,
    Number,
    add,
    call,
    div,
    mul,
    neg,
    select,
    square,
    sub,
    total,
)

ONE, ZERO, TWO = Number(1), Number(0), Number(2)


class NotSpelledError(Exception):
    """A rule does what expressions do not have."""


class Letters:
    """The builder `b` of scalar rules: every instruction is an expression."""

    def __init__(self, dtype: Any) -> None:
        self.dtype = np.dtype(dtype)

    def const(self, c: Any) -> Expression:
        return _constant(c, self.dtype)

    def of(self, dtype: Any) -> Letters:
        return Letters(dtype)

    def cast(self, x: Expression, source: Any, target: Any) -> Expression:
        return as_number(x)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name not in BUILT:
            raise NotSpelledError(name)
        return BUILT[name]


class Rules:
    """The functions `F` of derivative rules, on single numbers: every operation by its card."""

    def __init__(self, dtype: Any) -> None:
        self._dtype = np.dtype(dtype)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        card = REGISTRY.get(name)
        if card is None:
            raise NotSpelledError(name)

        def function(*args: Any, **attrs: Any) -> Expression:
            if card.name in _THROUGH:
                return args[0]
            return spelled(card, args, attrs, self._dtype)

        return function

    def const(self, c: Any, like: Any) -> Expression:
        return _constant(c, self._dtype)

    def dtype(self, x: Any) -> Any:
        return self._dtype

    def cast(self, x: Expression, dtype: Any) -> Expression:
        return as_number(x)

    def conj(self, x: Any) -> Any:
        return x

    def shape(self, x: Any) -> tuple[int, ...]:
        return ()

    def lift(self, value: Any) -> Expression:
        return _constant(value, self._dtype)

    def mul_no_nan(self, x: Expression, y: Expression) -> Expression:
        return mul(x, y)


def _constant(c: Any, dtype: np.dtype[Any]) -> Expression:
    """A rule's number, rounded to the dtype; whole ones are written without a point."""
    value = np.asarray(c).item()
    if abs(value) < 1e15 and float(value).is_integer():
        return Number(int(value))
    return Number(dtype.type(value) if dtype.kind == "f" else value)


_THROUGH = frozenset({"reshape", "broadcast_to", "identity", "real", "conj"})


def spelled(card: type[Op], args: Sequence[Any], attrs: Mapping[str, Any], dtype: Any) -> Expression:  # fmt: skip
    """The value of an elementwise operation for one entry.  Raises NotSpelledError."""
    own = SPELLED.get(card.name)
    if own is not None:
        return own(*args, **attrs)
    if card.scalar is None or card.family != "Elementwise":
        raise NotSpelledError(card.name)
    try:
        return card.scalar(Letters(dtype), *args, **attrs)
    except TypeError as error:
        raise NotSpelledError(card.name) from error


def local(card: type[Op], attrs: Mapping[str, Any], y: Expression, xs: Sequence[Any], position: int,
          dtype: Any) -> Expression | None:  # fmt: skip
    """d y / d xs[position] for one entry; None where there is none.  Raises NotSpelledError."""
    own = LOCAL.get(card.name)
    if own is not None:
        return own(y, *xs, **attrs)[position]
    if card.vjp is None:
        return None
    try:
        found = card.vjp(Rules(dtype), ONE, y, *xs, **attrs)
        part: Any = found[position]
        return part() if isinstance(part, FunctionType) else part
    except TypeError as error:
        raise NotSpelledError(card.name) from error


LOGICAL = frozenset({"lt", "le", "gt", "ge", "eq", "ne", "and", "or", "not", "xor"})


def as_number(x: Expression) -> Expression:
    """A condition as 1 or 0."""
    return select(x, ONE, ZERO) if isinstance(x, Call) and x.name in LOGICAL else x


def _log1p(x: Expression) -> Expression:
    return call("log", add(ONE, x))


def _sigmoid(x: Expression) -> Expression:
    return div(ONE, add(ONE, call("exp", neg(x))))


def _function(name: str) -> Callable[..., Expression]:
    return lambda *args: Call(name, args)


BUILT: dict[str, Callable[..., Expression]] = {
    "add": add, "sub": sub, "mul": mul, "div": div, "neg": neg,
    "fma": lambda x, y, z: add(mul(x, y), z),
    "select": select, "log1p": _log1p, "sigmoid": _sigmoid,
    "expm1": lambda x: sub(call("exp", x), ONE),
    "logical_and": _function("and"), "logical_or": _function("or"),
    "logical_not": _function("not"), "logical_xor": _function("xor"),
    **{n: _function(n) for n in (
        "exp", "log", "sqrt", "abs", "sign", "max", "min", "lt", "le", "gt", "ge", "eq", "ne", "floor", "ceil", "pow",
        "sin", "cos", "tan", "asin", "acos", "atan", "atan2", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh",
        "erf", "erfc",
    )},
}  # fmt: skip


def _bessel(name: str, order: int, scale: int = 0) -> Callable[..., Expression]:
    """A Bessel function; scale: of its growth, exp(|x|) for -1, exp(-x) for 1, that is taken away."""

    def spell(x: Expression) -> Expression:
        y = call(name, Number(order), x)
        if not scale:
            return y
        return mul(call("exp", neg(call("abs", x)) if scale < 0 else x), y)

    return spell


def _constants(*args: Expression, **attrs: Any) -> Expression:
    raise NotSpelledError("a value that is rounded")


def _cast(x: Expression, *, dtype: Any, **attrs: Any) -> Expression:
    if np.dtype(getattr(dtype, "np", dtype)).kind in "iu":
        raise NotSpelledError("digits that are cut off")
    return as_number(x)


_WITHOUT_FORMULA = (
    "round", "rint", "nextafter", "truncate_mod", "truncate_div", "bitwise_and", "bitwise_or", "bitwise_xor", "invert",
    "left_shift", "right_shift", "is_nan", "is_inf", "is_finite", "approximate_equal",
)  # fmt: skip

# Where the rule of compiled code is written for accuracy, the formula that people know.
SPELLED: dict[str, Callable[..., Expression]] = {
    "square": square,
    "squared_difference": lambda x, y: square(sub(x, y)),
    "add_n": lambda *xs: total(xs),
    "sigmoid": _sigmoid,
    "softplus": lambda x: call("log", add(ONE, call("exp", x))),
    "log_sigmoid": lambda x: neg(call("log", add(ONE, call("exp", neg(x))))),
    "silu": lambda x, beta: div(x, add(ONE, call("exp", neg(mul(beta, x))))),
    "relu": lambda x: call("max", x, ZERO),
    "relu6": lambda x: call("min", call("max", x, ZERO), Number(6)),
    "sigmoid_cross_entropy_with_logits": lambda x, t: sub(
        call("log", add(ONE, call("exp", x))), mul(x, t)
    ),
    "maximum": _function("max"),
    "minimum": _function("min"),
    "rsqrt": lambda x: div(ONE, call("sqrt", x)),
    "greater": _function("gt"),
    "greater_equal": _function("ge"),
    "clip_by_value": lambda x, low, high: call("max", call("min", x, high), low),
    "floor_mod": _function("mod"),
    "floor_div": lambda x, y: call("floor", div(x, y)),
    "lgamma": _function("lgamma"),
    "digamma": _function("digamma"),
    "polygamma": _function("polygamma"),
    "zeta": _function("zeta"),
    "expint": _function("ei"),
    **{f"bessel_{k}{n}": _bessel(f"bessel{k}", n) for k in "jyik" for n in (0, 1)},
    **{f"bessel_i{n}e": _bessel("besseli", n, -1) for n in (0, 1)},
    **{f"bessel_k{n}e": _bessel("besselk", n, 1) for n in (0, 1)},
    "fresnel_cos": _function("fresnelc"),
    "fresnel_sin": _function("fresnels"),
    "erfinv": _function("erfinv"),
    "erfcinv": lambda x: call("erfinv", sub(ONE, x)),
    "cast": _cast,
    "real_div": div,
    "identity": lambda x: x,
    "stop_gradient": lambda x: x,
    **dict.fromkeys(_WITHOUT_FORMULA, _constants),
}  # fmt: skip

# Where the derivative's rule reuses the result, the formula by the argument that people know.
LOCAL: dict[str, Callable[..., Sequence[Expression | None]]] = {
    "reciprocal": lambda y, x: (neg(div(ONE, square(x))),),
    "real_div": lambda y, a, b: (div(ONE, b), neg(div(a, square(b)))),
    "exp": lambda y, x: (call("exp", x),),
    "sqrt": lambda y, x: (div(ONE, mul(TWO, call("sqrt", x))),),
    "rsqrt": lambda y, x: (neg(div(ONE, mul(TWO, mul(x, call("sqrt", x))))),),
    "tanh": lambda y, x: (sub(ONE, square(y)),),
    "squared_difference": lambda z, x, y: (
        mul(TWO, sub(x, y)),
        neg(mul(TWO, sub(x, y))),
    ),
    "pow": lambda z, x, y: (
        mul(y, call("pow", x, sub(y, ONE))),
        select(call("gt", x, ZERO), mul(z, call("log", x)), ZERO),
    ),
    "relu": lambda y, x: (select(call("gt", x, ZERO), ONE, ZERO),),
    "relu6": lambda y, x: (
        select(call("and", call("gt", x, ZERO), call("lt", x, Number(6))), ONE, ZERO),
    ),
    "stop_gradient": lambda y, x: (None,),
}
