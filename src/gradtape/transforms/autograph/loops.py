"""`while` and `for`: Python's over Python values, one equation of the graph where a tensor decides."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from gradtape.base import tree
from gradtape.core.card import PUBLIC
from gradtape.core.context import STATE, recorders
from gradtape.core.convert import convert
from gradtape.core.tensor import Tensor
from gradtape.core.variable import Variable
from gradtape.graph.traced import CannotTrace, Traced
from gradtape.graph.tracer import Trace
from gradtape.transforms.autograph.branches import condition, is_staged
from gradtape.transforms.autograph.state import (
    NUMBERS,
    Undefined,
    frozen,
    is_missing,
    leaf_tensors,
    rebuilt,
    same_structure,
    tensors_of,
)
from gradtape.transforms.staging import body as loop_part
from gradtape.transforms.staging import staged_while

_HINT = "Did you intend to make it a TF loop?"


class Range:
    """`tf.range` with bounds that are only known when the function runs: for loops."""

    def __init__(self, start: Any, limit: Any, delta: Any):
        self.start, self.limit, self.delta = start, limit, delta

    def _as_tensor(self) -> Any:
        raise CannotTrace("the length of a tf.range is only known when the function runs")


def while_stmt(
    test: Callable[[], Any], body: Callable[[], Any], get_state: Callable[[], Any],
    set_state: Callable[[Any], None], symbol_names: tuple[str, ...], opts: dict[str, Any],
) -> None:  # fmt: skip
    """A `while` statement whose body changes the user's names by `set_state`."""
    if STATE.trace is None:
        while test():
            body()
        return
    first = _tried(test)
    if is_staged(first):
        _staged(test, body, get_state, set_state, symbol_names, opts, "while loop")
        return
    _python_while(first, test, body)


def _tried(test: Callable[[], Any]) -> Any:
    """What a condition gives, without leaving anything of it in the graph."""
    with recorders(()), Trace(STATE.trace, "test").active():
        return test()


def _python_while(first: Any, test: Callable[[], Any], body: Callable[[], Any]) -> None:
    found = first
    while True:
        if is_staged(found):
            raise NotImplementedError(
                "The condition of while loop started as non-Tensor, then changed to Tensor. This may happen either "
                "because variables changed type, or when a break or return statement inside the loop depends on a "
                "Tensor condition. In both cases, changing to a TF loop should remove the error."
            )
        if not found:
            return
        body()
        found = test()


def for_stmt(
    iter_: Any, extra_test: Callable[[], Any] | None, body: Callable[[Any], Any], get_state: Callable[[], Any],
    set_state: Callable[[Any], None], symbol_names: tuple[str, ...], opts: dict[str, Any],
) -> None:  # fmt: skip
    """A `for` statement.  extra_test: whether it goes on (no `break`, no `return` yet)."""
    if STATE.trace is not None:
        if isinstance(iter_, Variable):
            iter_ = iter_._as_tensor()
        if isinstance(iter_, Range):
            _over_range(iter_.start, iter_.limit, iter_.delta, None, extra_test, body, get_state, set_state,
                        symbol_names, opts)  # fmt: skip
            return
        if isinstance(iter_, Tensor):
            _over_tensor(iter_, extra_test, body, get_state, set_state, symbol_names, opts)
            return
        if hasattr(iter_, "element_spec"):
            _over_dataset(iter_, extra_test, body, get_state, set_state, symbol_names, opts)
            return
    _python_for(iter_, extra_test, body)


def _python_for(
    iter_: Any, extra_test: Callable[[], Any] | None, body: Callable[[Any], Any]
) -> None:
    if extra_test is None:
        for item in iter_:
            body(item)
        return

    def goes_on() -> bool:
        found = extra_test()
        if is_staged(found):
            raise NotImplementedError(
                "break and return statements which depend on a TF condition are not supported in Python for loops. "
                f"{_HINT}"
            )
        return bool(found)

    if goes_on():
        for item in iter_:
            body(item)
            if not goes_on():
                break


def _over_tensor(
    rows: Any,
    extra_test: Any,
    body: Any,
    get_state: Any,
    set_state: Any,
    symbol_names: Any,
    opts: Any,
) -> None:
    array = rows._value
    if not array.ndim:
        raise TypeError("Cannot iterate over a scalar tensor")
    known = array.known if isinstance(rows, Traced) else array  # type: ignore[attr-defined]
    steps = _progression(known) if known is not None else None
    if steps is not None:
        start, delta, count = steps
        dtype = array.dtype
        _over_range(
            Tensor(np.asarray(start, dtype)), Tensor(np.asarray(start + delta * count, dtype)),
            Tensor(np.asarray(delta, dtype)), count, extra_test, body, get_state, set_state, symbol_names, opts,
        )  # fmt: skip
        return
    n = int(array.shape[0])
    if not n:
        return
    zero, one = Tensor(np.zeros((), np.int32)), Tensor(np.ones((), np.int32))
    _over_range(
        zero, Tensor(np.asarray(n, np.int32)), one, n, extra_test,
        lambda i: body(PUBLIC["gather"](rows, i)), get_state, set_state, symbol_names, opts,
    )  # fmt: skip


def _over_dataset(
    dataset: Any,
    extra_test: Any,
    body: Any,
    get_state: Any,
    set_state: Any,
    symbol_names: Any,
    opts: Any,
) -> None:
    """Elements are read by Python, one before each turn, when the graph runs."""
    start, advance, avals = readers(dataset)
    more, *element = STATE.trace.host(start, [], avals)
    place: list[Any] = [more, element]

    def get_all() -> tuple[Any, ...]:
        return (place[0], place[1], *get_state())

    def set_all(values: Any) -> None:
        place[0], place[1] = values[0], values[1]
        set_state(tuple(values[2:]))

    def test() -> Any:
        goes_on = place[0]
        if extra_test is None:
            return goes_on
        more = extra_test()
        if not is_staged(more):
            more = Tensor(np.asarray(bool(more)))
        return PUBLIC["logical_and"](goes_on, condition(more, "for loop"))

    def turn() -> None:
        body(tree.pack(dataset.element_spec, place[1]))
        place[0], *place[1] = STATE.trace.host(advance, [], avals)

    names = ("<internal more>", "<internal element>", *symbol_names)
    _staged(test, turn, get_all, set_all, names, opts, "for loop")


def readers(dataset: Any) -> tuple[Callable[[], Any], Callable[[], Any], list[Any]]:
    """(begin and read, read on, types of what they give): whether there is an element, and its tensors."""
    avals: list[Any] = [((), np.bool_)]
    for spec in tree.flatten(dataset.element_spec):
        shape = getattr(spec, "shape", None)
        if shape is None or not shape.is_fully_defined() or spec.dtype.np.kind == "O":
            raise CannotTrace(
                f"the elements of a tf.data.Dataset are of open shape or no numbers ({spec!r})"
            )
        avals.append((tuple(shape.as_list()), spec.dtype.np))
    reading = threading.local()

    def advance() -> tuple[Any, ...]:
        with recorders(()):
            element = next(reading.iterator, None)
        if element is None:
            return (np.zeros((), bool), *[np.zeros(s, d) for s, d in avals[1:]])
        return (np.ones((), bool), *[t._value for t in tree.flatten(element)])

    def start() -> tuple[Any, ...]:
        reading.iterator = iter(dataset)
        return advance()

    return start, advance, avals


def _progression(values: np.ndarray) -> tuple[int, int, int] | None:
    """(start, step, length) of integers in even steps, as `tf.range` gives them."""
    if values.ndim != 1 or values.dtype.kind not in "iu":
        return None
    if not values.size:
        return 0, 1, 0
    start = int(values[0])
    delta = int(values[1]) - start if values.size > 1 else 1
    if not delta or (values.size > 2 and (np.diff(values) != delta).any()):
        return None
    return start, delta, int(values.size)


def _over_range(
    start: Any, limit: Any, delta: Any, count: int | None, extra_test: Any, body: Any, get_state: Any,
    set_state: Any, symbol_names: tuple[str, ...], opts: dict[str, Any],
) -> None:  # fmt: skip
    """`for i in tf.range(start, limit, delta)`: carries `i` where the step's sign is known, else a count of turns."""
    step = _known(delta)
    place: list[Any] = [start]
    index: list[Any] = [None]  # the number of the turn

    def get_all() -> tuple[Any, ...]:
        return (place[0], *get_state())

    def set_all(values: Any) -> None:
        place[0] = values[0]
        set_state(tuple(values[1:]))

    if step is not None and start._value.dtype.kind in "iu":
        compare = PUBLIC["less" if step > 0 else "greater"]

        def within() -> Any:
            return compare(place[0], limit)

        def turn() -> None:
            i = place[0]
            index[0] = i if step == 1 and _known(start) == 0 else None
            place[0] = i + delta
            body(i)

        bound = count
        if bound is None:
            low, high = _known(start), _known(limit)
            if low is not None and high is not None:
                bound = max(0, math.ceil((high - low) / step))
    else:
        turns = _turns(start, limit, delta)
        place[0] = Tensor(np.zeros((), np.int32))

        def within() -> Any:
            return PUBLIC["less"](place[0], turns)

        def turn() -> None:
            k = place[0]
            place[0] = k + 1
            body(start + PUBLIC["cast"](k, delta.dtype) * delta)

        bound = count

    def test() -> Any:
        goes_on = within()
        if extra_test is None:
            return goes_on
        more = extra_test()
        if not is_staged(more):
            return goes_on if more else PUBLIC["logical_and"](goes_on, Tensor(np.zeros((), bool)))
        return PUBLIC["logical_and"](goes_on, condition(more, "for loop"))

    names = ("<internal iterate>", *symbol_names)
    _staged(
        test,
        turn,
        get_all,
        set_all,
        names,
        {**opts, "count": bound, "whole": extra_test is None, "index": index},
        "for loop",
    )


def _known(tensor: Any) -> Any:
    value = tensor._value
    known = value.known if isinstance(tensor, Traced) else value  # type: ignore[attr-defined]
    return None if known is None else known.item()


def _turns(start: Any, limit: Any, delta: Any) -> Any:
    """How many numbers a range has."""
    span = limit - start
    size = PUBLIC["ceil"](
        PUBLIC["cast"](span, np.dtype(np.float64)) / PUBLIC["cast"](delta, np.dtype(np.float64))
    )
    return PUBLIC["cast"](PUBLIC["maximum"](size, Tensor(np.zeros(()))), np.dtype(np.int32))


# --- the loop as one equation ---


def _staged(
    test: Callable[[], Any], body: Callable[[], Any], get_state: Callable[[], Any],
    set_state: Callable[[Any], None], names: tuple[str, ...], opts: dict[str, Any], what: str,
) -> None:  # fmt: skip
    before = get_state()
    try:
        start = _initial(before, body, get_state, set_state, names, opts)
        carried = [t for v in start for t in tensors_of(v)]
        ends: list[Any] = []

        def traced_test(*tensors: Any) -> list[Any]:
            _set(set_state, start, tensors)
            return [condition(test(), what)]

        def traced_body(*tensors: Any) -> list[Any]:
            _set(set_state, start, tensors)
            body()
            ends.extend(get_state())
            check_turn(start, ends, names, opts)
            for array in tree.flatten(ends):
                if hasattr(array, "_check_places"):
                    array._check_places(opts.get("index", [None])[0])
            return [t for v in ends for t in tensors_of(v)]

        condition_part = loop_part(traced_test, carried, "test")
        turn = loop_part(traced_body, carried, "turn")
    finally:
        set_state(before)
    limit = opts.get("count")
    most = opts.get("maximum_iterations")
    if most is not None:
        number = _known(convert(most))
        if number is None:
            raise CannotTrace("maximum_iterations is only known when the function runs")
        limit = number if limit is None else min(limit, number)
    results = iter(staged_while(condition_part, turn, carried, limit))
    set_state(tuple([rebuilt(v, results) for v in start]))


def _set(set_state: Callable[[Any], None], start: Any, tensors: tuple[Any, ...]) -> None:
    rest = iter(tensors)
    set_state(tuple([rebuilt(v, rest) for v in start]))


def _initial(
    before: Any, body: Callable[[], Any], get_state: Callable[[], Any], set_state: Callable[[Any], None],
    names: tuple[str, ...], opts: dict[str, Any],
) -> tuple[Any, ...]:  # fmt: skip
    """What the names hold before the loop; zeros for those that get their first value in its body."""
    values = [_prepared(v, opts) for v in before]
    if any(is_missing(v) or _shapeless(v) for v in values):
        values = _tried_turn(values, body, get_state, set_state, names)
    for name, value in zip(names, values):
        if type(value) is Undefined or is_missing(value):
            if value is None:
                raise ValueError(f"'{name}' may not be None before the loop.")
            if name.startswith("retval_"):
                raise NotImplementedError(
                    "a return statement cannot be placed inside this TensorFlow loop; this may happen if a return "
                    "statement depends on a static Python condition such as a hyperparameter"
                )
            raise ValueError(f"'{name}' must be defined before the loop.")
    return tuple(values)


def _prepared(value: Any, opts: dict[str, Any]) -> Any:
    """Numbers as tensors; growing arrays with room for all turns."""

    def leaf(x: Any) -> Any:
        if isinstance(x, (*NUMBERS, Variable)):
            return convert(x)
        room = getattr(x, "_with_room", None)
        return x if room is None else room(opts.get("count"), opts.get("whole", False))

    if is_missing(value):
        return value
    return tree.pack(value, [leaf(x) for x in tree.flatten(value)])


def _shapeless(value: Any) -> bool:
    """Whether a TensorArray in it will get to know its shape in the loop."""
    return not is_missing(value) and any(
        getattr(x, "_shapeless", False) for x in tree.flatten(value)
    )


def _shaped(array: Any, after: Any) -> Any:
    return array._shaped_like(after) if getattr(array, "_shapeless", False) else array


def _tried_turn(
    values: list[Any], body: Callable[[], Any], get_state: Callable[[], Any], set_state: Callable[[Any], None],
    names: tuple[str, ...],
) -> list[Any]:  # fmt: skip
    """One turn that leaves nothing in the graph: it shows what the missing values will be."""
    trial = Trace(STATE.trace, "trial")
    error: Exception | None = None
    after: Any = values
    with recorders(()), trial.active():
        stand_ins = []
        for value in values:
            tensors = [trial.placeholder(t._value.shape, t._value.dtype) for t in tensors_of(value)]
            stand_ins.append(value if is_missing(value) else rebuilt(value, iter(tensors)))
        set_state(tuple(map(frozen, stand_ins)))
        try:
            body()
            after = get_state()
        except (UnboundLocalError, TypeError, ValueError, KeyError) as reason:
            error = reason
    found = []
    for name, value, new in zip(names, values, after):
        if _shapeless(value) and error is None and same_structure(value, new):
            leaves = zip(tree.flatten(value), tree.flatten(new))
            found.append(tree.pack(value, [_shaped(a, b) for a, b in leaves]))
            continue
        if not is_missing(value) or is_missing(new) or error is not None:
            found.append(value)
            continue
        if name.startswith("retval_"):
            raise NotImplementedError(
                "a return statement cannot be placed inside this TensorFlow loop; this may happen if a return "
                "statement depends on a static Python condition such as a hyperparameter"
            )
        zeros = [
            Tensor(np.zeros([int(n) for n in t._value.shape], t._value.dtype))
            for t in tensors_of(new)
        ]
        found.append(rebuilt(new, iter(zeros)))
    return found


def check_turn(start: Any, ends: Any, names: tuple[str, ...], opts: dict[str, Any]) -> None:
    """Raises the user's error where a turn changes what a name is: its structure, dtype or shape."""
    for name, a, b in zip(names, start, ends):
        if is_missing(b):
            text = "is None" if b is None else "is not defined"
            raise ValueError(f"'{name}' {text} at the end of the iteration.")
        if not same_structure(a, b):
            raise TypeError(
                f"'{name}' does not have the same nested structure after one iteration.\n\nThe two structures don't "
                f"have the same nested structure. Received: {a!r} before the loop and {b!r} after one iteration"
            )
        for x, y in zip(tree.flatten(a), tree.flatten(b)):
            own, new = leaf_tensors(x), leaf_tensors(y)
            if own is None or new is None:
                if x is not y:
                    raise TypeError(
                        f"'{name}' must be a tensor to change in a loop. Received: {x!r} before and {y!r} after one "
                        "iteration"
                    )
                continue
            _check_tensors(name, own, new, opts)


def _check_tensors(name: str, own: list[Any], new: list[Any], opts: dict[str, Any]) -> None:
    if len(own) != len(new):
        raise CannotTrace(f"{name!r} holds another number of tensors after one turn of a loop")
    for s, t in zip(own, new):
        if s.dtype is not t.dtype:
            raise TypeError(
                f"'{name}' has dtype {s.dtype.name} before the loop, but dtype {t.dtype.name} after one iteration"
            )
        if tuple(s._value.shape) != tuple(t._value.shape):
            if opts.get("shape_invariants"):
                raise CannotTrace(f"the shape of {name!r} changes from turn to turn of a loop")
            raise ValueError(
                f"'{name}' has shape {s.shape} before the loop, but shape {t.shape} after one iteration. Use "
                "tf.autograph.experimental.set_loop_options to set shape invariants."
            )
