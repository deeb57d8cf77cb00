"""`tf.cond`, `tf.while_loop`, `tf.map_fn` and their kin in a traced function: equations that hold graphs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradtape.base import tree
from gradtape.base.errors import ArgumentError
from gradtape.core.card import PUBLIC
from gradtape.core.context import STATE, recorders
from gradtape.core.convert import convert
from gradtape.core.tensor import Tensor
from gradtape.graph.traced import CannotTrace, Traced
from gradtape.graph.tracer import Trace
from gradtape.transforms.autograph.state import (
    is_missing,
    leaf_tensors,
    rebuilt,
    same_structure,
    tensors_of,
)
from gradtape.transforms.staging import body as loop_part
from gradtape.transforms.staging import branch, is_settled, staged_cond, staged_while, turn_with

# Set by the room that converts Python's control flow.
CONVERT: list[Callable[[Any], Any]] = []
_INT32 = np.dtype(np.int32)


class BranchError(TypeError, ValueError, AssertionError):
    """Branches that give different things; by place, TensorFlow has one or the other of these classes."""


def converted(function: Any) -> Any:
    return CONVERT[0](function) if CONVERT else function


def is_known(value: Any) -> bool:
    return not isinstance(value, Traced) or value._value.known is not None  # type: ignore[attr-defined]


def scalar_bool(pred: Any) -> Any:
    """A predicate as bool[].  Raises InvalidArgumentError for another dtype."""
    tensor = convert(pred)
    array = tensor._value
    if array.dtype.kind != "b":
        raise ArgumentError("Input 'pred' expected bool.", pred=tensor)
    if array.ndim:
        if array.size != 1:
            raise ArgumentError("A condition must be a scalar.", pred=tensor)
        tensor = PUBLIC["reshape"](tensor, [])
    return tensor


def cond(pred: Any, true_fn: Callable[[], Any], false_fn: Callable[[], Any]) -> Any:
    """`tf.cond` on a traced predicate."""
    if isinstance(pred, bool):
        raise TypeError(f"pred must not be a Python bool. Received: {pred}")
    found: dict[str, Any] = {}

    def run(function: Callable[[], Any], label: str) -> Any:
        def traced() -> list[Any]:
            found[label] = converted(function)()
            return [t for leaf in tree.flatten(found[label]) for t in _tensors(leaf, label)]

        return branch(traced, label)

    pred = scalar_bool(pred)
    yes, no = run(true_fn, "true_fn"), run(false_fn, "false_fn")
    then, other = found["true_fn"], found["false_fn"]
    if len(yes.outputs) != len(no.outputs) or not same_structure(then, other):
        raise BranchError(
            "true_fn and false_fn arguments to tf.cond must have the same number, type, and overall structure of "
            f"return values. Received: true_fn output {then!r}, false_fn output {other!r}"
        )
    for a, b in zip(yes.outputs, no.outputs):
        if a.dtype is not b.dtype:
            raise TypeError(
                "true_fn and false_fn arguments to tf.cond must have the same number, type, and overall structure of "
                f"return values. Received: {a.dtype.name} and {b.dtype.name}"
            )
        if tuple(a._value.shape) != tuple(b._value.shape) and not is_settled(pred):
            raise CannotTrace(
                f"the branches of tf.cond give tensors of different shapes, {a.shape} and {b.shape}"
            )
    return rebuilt(then, iter(staged_cond(pred, no, yes)))


def _tensors(leaf: Any, label: str) -> list[Any]:
    if leaf is None:
        return []
    found = leaf_tensors(leaf)
    if found is None:
        raise TypeError(f"{label} must return tensors. Received: {leaf!r}")
    return found


def switch(index: Any, numbered: list[Callable[[], Any]]) -> Any:
    """`tf.switch_case` on a traced index: conditions one inside the other; the last branch takes what is outside."""

    def choose(place: int) -> Any:
        if place == len(numbered) - 1:
            return converted(numbered[place])()
        return cond(PUBLIC["equal"](index, place), numbered[place], lambda: choose(place + 1))

    return choose(0)


def case(pairs: list[tuple[Any, Any]], default: Callable[[], Any] | None) -> Any:
    """`tf.case` on traced predicates: the first that holds."""

    def choose(place: int) -> Any:
        if place == len(pairs):
            assert default is not None
            return converted(default)()
        pred, function = pairs[place]
        if isinstance(pred, bool):
            pred = Tensor(np.asarray(pred))
        if place == len(pairs) - 1 and default is None:
            PUBLIC_ASSERT[0](pred)
            return converted(function)()
        return cond(pred, function, lambda: choose(place + 1))

    return choose(0)


def _check_held(pred: Any) -> None:
    """Raises, when the graph runs, where no condition of a `tf.case` without default holds."""

    def check(held: np.ndarray) -> tuple[np.ndarray, ...]:
        if not held:
            raise ArgumentError("None of the conditions evaluated as True and there is no default.")
        return ()

    STATE.trace.host(check, [pred], [])


PUBLIC_ASSERT: list[Callable[[Any], None]] = [_check_held]


def while_loop(
    test: Callable[..., Any],
    body: Callable[..., Any],
    loop_vars: Any,
    shape_invariants: Any,
    limit: Any,
) -> Any:
    """`tf.while_loop` in a traced function."""
    if not isinstance(loop_vars, list | tuple | dict):
        raise TypeError(
            f"'loop_vars' must be a list or tuple of variables. Received: {loop_vars!r}"
        )
    if not loop_vars:
        raise ValueError("'loop_vars' must hold at least one variable. Received: none.")
    test, body = converted(test), converted(body)
    start = _as_tensors(loop_vars)
    by_name = isinstance(start, dict)
    if limit is not None:
        number = convert(limit)
        if not is_known(number):
            return _counted(test, body, start, shape_invariants, number)
        limit = int(number)
    ends: list[Any] = []

    def call(function: Callable[..., Any], tensors: tuple[Any, ...]) -> Any:
        values = rebuilt(start, iter(tensors))
        return function(**values) if by_name else function(*values)

    if any(getattr(x, "_shapeless", False) for x in tree.flatten(start)):
        trial = Trace(STATE.trace, "trial")  # arrays learn the shape of their tensors
        with recorders(()), trial.active():
            call(
                body,
                tuple(
                    [trial.placeholder(t._value.shape, t._value.dtype) for t in tensors_of(start)]
                ),
            )
    carried = tensors_of(start)

    def traced_body(*tensors: Any) -> list[Any]:
        found = call(body, tensors)
        if not by_name and not (isinstance(found, list | tuple) and len(found) == len(start)):
            if len(start) != 1:
                raise ValueError(
                    "The two structures don't have the same nested structure. "
                    f"Received: loop_vars={start!r}, body gave {found!r}"
                )
            found = [found]
        if not by_name and type(found) is not type(start) and type(start) in (list, tuple):
            found = type(start)(found)
        if not same_structure(start, found):
            raise ValueError(
                "The two structures don't have the same nested structure. "
                f"Received: loop_vars={start!r}, body gave {found!r}"
            )
        ends.append(found)
        results = [t for leaf in tree.flatten(found) for t in _tensors(leaf, "body")]
        _check_turn(carried, results, shape_invariants)
        return results

    part = loop_part(lambda *tensors: [scalar_bool(call(test, tensors))], carried, "cond")
    turn = loop_part(traced_body, carried, "body")
    return rebuilt(start, iter(staged_while(part, turn, carried, limit)))


def _counted(test: Any, body: Any, start: Any, shape_invariants: Any, most: Any) -> Any:
    """With a limit that is only known when the function runs: the turns are counted."""
    counter = Tensor(np.zeros((), _INT32))
    most = PUBLIC["cast"](most, _INT32)

    def goes_on(turns: Any, values: Any) -> Any:
        return PUBLIC["logical_and"](PUBLIC["less"](turns, most), scalar_bool(test(*values)))

    def turn(turns: Any, values: Any) -> Any:
        found = body(*values)
        if not isinstance(found, list | tuple):
            found = [found]
        return turns + 1, type(values)(found) if type(values) in (list, tuple) else found

    invariants = None if shape_invariants is None else (None, shape_invariants)
    return while_loop(goes_on, turn, (counter, start), invariants, None)[1]


def _as_tensors(values: Any) -> Any:
    def leaf(x: Any) -> Any:
        if hasattr(x, "_with_flow"):
            room = getattr(x, "_with_room", None)
            return x if room is None else room(None, False)
        return convert(x)

    return tree.pack(values, [leaf(x) for x in tree.flatten(values)])


def _check_turn(start: list[Any], ends: list[Any], shape_invariants: Any) -> None:
    if len(start) != len(ends):
        raise ValueError(
            "The two structures don't have the same number of elements. "
            f"Received: {len(start)} before the loop, {len(ends)} after one turn"
        )
    for s, t in zip(start, ends):
        if s.dtype is not t.dtype:
            raise TypeError(
                f"Loop var {s} enters the loop with type {s.dtype.name} but has type {t.dtype.name} after 1 iteration. "
                "Its type should remain constant."
            )
        if tuple(s._value.shape) != tuple(t._value.shape):
            if shape_invariants is not None:
                raise CannotTrace("the shape of a loop variable changes from turn to turn")
            raise ValueError(
                f"Input tensor {s} enters the loop with shape {s.shape}, but has shape {t.shape} after one iteration. "
                "To allow the shape to vary across iterations, use the `shape_invariants` argument of tf.while_loop to "
                "specify a less-specific shape."
            )


# --- rows ---


def loop_rows(
    step: Callable[[Any, Any], tuple[Any, Any]],
    elems: Any,
    carried: Any,
    reverse: bool = False,
    first: int = 0,
) -> tuple[Any, Any]:
    """`carried, result = step(carried, row)` over the rows of `elems` from `first` on: (carried, results stacked).

    Results are put at the place of their row.
    """
    columns = tree.flatten(elems)
    n = int(columns[0]._value.shape[0])
    start = tensors_of(carried)
    index = Tensor(np.asarray(n - 1 if reverse else first, _INT32))
    stop = Tensor(np.asarray(first if reverse else n, _INT32))
    one = Tensor(np.ones((), _INT32))
    kept: list[Any] = []

    def turn(trace: Any) -> tuple[list[Any], list[Any]]:
        i = trace.placeholder((), _INT32, "i")
        held = [trace.placeholder(t._value.shape, t._value.dtype) for t in start]
        rows = [PUBLIC["gather"](c, i) for c in columns]
        new, result = step(rebuilt(carried, iter(held)), tree.pack(elems, rows))
        results = tensors_of(result)
        buffers = [trace.placeholder((n, *r._value.shape), r._value.dtype) for r in results]
        put = [PUBLIC["put_row"](b, i, r) for b, r in zip(buffers, results)]
        kept.append((result, [b._value.aval for b in buffers]))
        after = tensors_of(new)
        for s, t in zip(start, after):
            if s.dtype is not t.dtype:
                raise TypeError(
                    f"The accumulated value is {s.dtype.name} and becomes {t.dtype.name}."
                )
            if tuple(s._value.shape) != tuple(t._value.shape):
                raise CannotTrace("the shape of the accumulated value changes from row to row")
        return [i, *held, *buffers], [i - one if reverse else i + one, *after, *put]

    part = turn_with(turn, "turn")
    result, avals = kept[0]
    buffers = [Tensor(np.zeros(a.shape, a.dtype)) for a in avals]
    compare = PUBLIC["greater_equal" if reverse else "less"]
    everything = [index, *start, *buffers]
    test = loop_part(lambda i, *_: [compare(i, stop)], everything, "test")
    ends = staged_while(test, part, everything, max(0, n - first))[1:]
    return rebuilt(carried, iter(ends[: len(start)])), rebuilt(result, iter(ends[len(start) :]))


def map_rows(fn: Callable[..., Any], elems: Any, wanted: Any) -> Any:
    """`tf.map_fn` in a traced function.  wanted: dtypes or specs of the results, or None: like `elems`."""
    fn = converted(fn)

    def step(carried: Any, row: Any) -> tuple[Any, Any]:
        result = fn(row)
        if is_missing(result):
            raise ValueError("fn gives nothing to stack. Received: None")
        if wanted is None and not same_structure(elems, result):
            raise ValueError(
                "The two structures don't have the same nested structure: give fn_output_signature. Received: "
                f"elems={elems!r}, results={result!r}"
            )
        leaves = [convert(x) for x in tree.flatten(result)]
        expected = tree.flatten(elems if wanted is None else wanted)
        for leaf, like in zip(leaves, expected):
            dtype = getattr(like, "dtype", like)
            if leaf.dtype != dtype:
                raise ArgumentError(
                    f"fn gives {leaf.dtype.name} where {getattr(dtype, 'name', dtype)} is expected: give "
                    "fn_output_signature.",
                    result=leaf,
                )
        return (), tree.pack(result, leaves)

    return loop_rows(step, elems, ())[1]
