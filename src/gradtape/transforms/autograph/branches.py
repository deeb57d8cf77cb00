"""`if`, conditional expressions and logic: Python's on Python values, operations of the graph on tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradtape.base import tree
from gradtape.core.card import PUBLIC
from gradtape.core.context import STATE
from gradtape.core.convert import convert
from gradtape.core.tensor import Tensor
from gradtape.core.variable import Variable
from gradtape.graph.traced import CannotTrace
from gradtape.graph.tracer import Subgraph, replay
from gradtape.transforms.autograph.state import (
    Undefined,
    UndefinedReturnValue,
    frozen,
    leaf_tensors,
    rebuilt,
    same_structure,
    tensors_of,
)
from gradtape.transforms.staging import branch, is_settled, staged_cond

_SAFE = frozenset(("Elementwise", "Reduce", "Movement", "Contraction"))
_RAISING = frozenset(
    ("floor_div", "floor_mod", "truncate_div", "truncate_mod", "pow", "check_numerics")
)


def is_staged(value: Any) -> bool:
    """Whether a value is a tensor, and a graph is being traced."""
    return STATE.trace is not None and isinstance(value, Tensor | Variable)


def condition(value: Any, what: str) -> Any:
    """A tensor that decides, as bool[].  Raises ValueError for one of another dtype or of several elements."""
    tensor = convert(value)
    array = tensor._value
    hint = "; to check for None, use `is not None`"
    if array.dtype.kind != "b":
        raise ValueError(
            f"condition of {what} expected to be `tf.bool` scalar, got {tensor}; to use as boolean Tensor, use "
            f"`tf.cast`{hint}"
        )
    if array.ndim:
        if array.size != 1:
            raise ValueError(
                f"condition of {what} expected to be `tf.bool` scalar, got {tensor}{hint}"
            )
        tensor = PUBLIC["reshape"](tensor, [])
    return tensor


def if_stmt(
    cond: Any, body: Callable[[], Any], orelse: Callable[[], Any], get_state: Callable[[], Any],
    set_state: Callable[[Any], None], symbol_names: tuple[str, ...], nouts: int,
) -> None:  # fmt: skip
    """An `if` statement whose branches change the user's names by `set_state`."""
    if not is_staged(cond):
        body() if cond else orelse()
        return
    pred = condition(cond, "if statement")
    before = get_state()
    start = tuple(map(frozen, before))

    def run(part: Callable[[], Any], label: str) -> tuple[Subgraph, tuple[Any, ...]]:
        values: list[Any] = []

        def traced() -> list[Any]:
            set_state(tuple(map(frozen, start)))
            part()
            values.extend(get_state()[:nouts])
            check_branch(values, symbol_names, label)
            return [t for v in values for t in tensors_of(v)]

        return branch(traced, label), tuple(values)

    try:
        yes, then = run(body, "main")
        no, other = run(orelse, "else")
    finally:
        set_state(before)
    check_branches(then, other, symbol_names)
    check_types(pred, yes, no)
    results = iter(staged_cond(pred, no, yes))
    set_state((*[rebuilt(v, results) for v in then], *before[nouts:]))


def check_branch(values: Any, names: tuple[str, ...], label: str) -> None:
    """Raises ValueError for a name without a value at the end of a branch."""
    for name, value in zip(names, values):
        if type(value) is UndefinedReturnValue or (
            type(value) is Undefined and name.startswith("retval_")
        ):
            raise ValueError(f"the {label} branch must also have a return statement.")
        if type(value) is Undefined:
            raise ValueError(f"'{name}' must also be initialized in the {label} branch")
        if value is None:
            raise ValueError(f"'{name}' is None at the end of the {label} branch.")


def check_branches(then: Any, other: Any, names: tuple[str, ...]) -> None:
    """Raises TypeError where a name has another structure or dtype at the end of one branch than of the other."""
    for name, a, b in zip(names, then, other):
        if not same_structure(a, b):
            raise TypeError(
                f"'{name}' must have the same nested structure in the main and else branches:\n\nThe two structures "
                f"don't have the same nested structure. Received: {a!r} and {b!r}"
            )
        for x, y in zip(tree.flatten(a), tree.flatten(b)):
            own, theirs = leaf_tensors(x), leaf_tensors(y)
            if own is None or theirs is None:
                if x is not y and not (own is theirs and type(x) is type(y) and x == y):
                    if isinstance(x, str | bytes) and isinstance(y, str | bytes):
                        raise CannotTrace(f"{name!r} is another text in each branch of a condition")
                    raise TypeError(
                        f"'{name}' must be a tensor, or the same object in the main and else branches. Received: {x!r} "
                        f"and {y!r}"
                    )
                continue
            for s, t in zip(own, theirs):
                if s.dtype is not t.dtype:
                    raise TypeError(
                        f"'{name}' has dtype {s.dtype.name} in the main branch, but dtype {t.dtype.name} in the else "
                        "branch"
                    )


def check_types(pred: Any, yes: Subgraph, no: Subgraph) -> None:
    """A graph has one type for each value: other shapes in one branch cannot be traced, if both may be taken."""
    if is_settled(pred):
        return
    if len(yes.outputs) != len(no.outputs):
        raise CannotTrace("the branches of a condition give another number of tensors")
    for a, b in zip(yes.outputs, no.outputs):
        if tuple(a._value.shape) != tuple(b._value.shape):
            raise CannotTrace(
                f"the branches of a condition give tensors of different shapes, {a.shape} and {b.shape}"
            )


def if_exp(
    cond: Any, if_true: Callable[[], Any], if_false: Callable[[], Any], expr_repr: str
) -> Any:
    """`a if cond else b`."""
    if not is_staged(cond):
        return if_true() if cond else if_false()
    pred = condition(cond, "if expression")
    name = expr_repr if isinstance(expr_repr, str) else "conditional expression"
    return chosen(pred, if_true, if_false, name)


def chosen(pred: Any, if_true: Callable[[], Any], if_false: Callable[[], Any], name: str) -> Any:
    """What one of two functions gives, by a bool[]."""

    def run(part: Callable[[], Any], label: str) -> tuple[Subgraph, Any]:
        values: list[Any] = []

        def traced() -> list[Any]:
            values.append(part())
            check_branch(values, (name,), label)
            return tensors_of(values[0])

        return branch(traced, label), values[0]

    yes, then = run(if_true, "main")
    no, other = run(if_false, "else")
    check_branches((then,), (other,), (name,))
    check_types(pred, yes, no)
    return rebuilt(then, iter(staged_cond(pred, no, yes)))


# --- logic ---


def not_(a: Any) -> Any:
    """`not a`."""
    return PUBLIC["logical_not"](condition(a, "not")) if is_staged(a) else not a


def and_(a: Callable[[], Any], b: Callable[[], Any]) -> Any:
    """`a and b`; `b` is computed only where it counts."""
    first = a()
    if not is_staged(first):
        return first and b()
    return _joined(
        first, b, "logical_and", lambda pred, rest: chosen(pred, rest, lambda: pred, "and")
    )


def or_(a: Callable[[], Any], b: Callable[[], Any]) -> Any:
    """`a or b`; `b` is computed only where it counts."""
    first = a()
    if not is_staged(first):
        return first or b()
    return _joined(
        first, b, "logical_or", lambda pred, rest: chosen(pred, lambda: pred, rest, "or")
    )


def _joined(first: Any, b: Callable[[], Any], op: str, lazily: Callable[..., Any]) -> Any:
    pred = condition(first, op[8:])
    values: list[Any] = []

    def traced() -> list[Any]:
        values.append(b())
        return tensors_of(values[0])

    sub = branch(traced, op)
    scalar = (
        len(sub.outputs) == 1
        and sub.outputs[0]._value.dtype.kind == "b"
        and not sub.outputs[0]._value.ndim
    )
    if scalar and not sub.written and _harmless(sub):
        (second,) = replay(sub.graph(), sub.captures)
        return PUBLIC[op](pred, second)
    return lazily(pred, b)


def _harmless(sub: Subgraph) -> bool:
    """Whether a graph may run although its result does not count: nothing in it raises, and it is small."""
    from gradtape.core.card import REGISTRY

    equations = sub.trace.equations
    return len(equations) <= 32 and all(
        REGISTRY[e.op].family in _SAFE
        and e.op not in _RAISING
        and sum(v.aval.size for v in e.outputs) <= 4096
        for e in equations
    )


def eq(a: Any, b: Any) -> Any:
    """`a == b`."""
    return a == b


def not_eq(a: Any, b: Any) -> Any:
    """`a != b`."""
    return a != b


def assert_stmt(expression: Any, message: Callable[[], Any]) -> None:
    """`assert`: checked when the graph runs, where the expression is a tensor."""
    if not is_staged(expression):
        assert expression, message()
        return
    from gradtape.base.exports import EXPORTS

    EXPORTS["debugging.Assert"](expression, [message()])
