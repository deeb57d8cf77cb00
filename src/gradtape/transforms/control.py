"""Control flow on tensors: branches, loops, maps and folds.  Eagerly they run as Python does.

In a traced function they become equations that hold graphs (`staged_control`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from gradtape.base import tree
from gradtape.base.errors import ArgumentError
from gradtape.base.exports import export
from gradtape.core.bind import PUBLIC
from gradtape.core.context import STATE
from gradtape.core.convert import convert
from gradtape.core.tensor import Tensor
from gradtape.transforms import staged_control as staged


def _truth(pred: Any) -> bool:
    value = pred if isinstance(pred, bool) else convert(pred)._value
    if not isinstance(value, bool) and value.ndim:
        raise ArgumentError("A condition must be a scalar.", pred=pred)
    return bool(value)


@export("cond")
def cond(pred: Any, true_fn: Any = None, false_fn: Any = None, name: str | None = None) -> Any:
    """`true_fn()` if `pred` (a scalar) is true, else `false_fn()`.  Only the chosen branch runs.

    Raises TypeError when a branch is not callable.
    """
    for label, branch in (("true_fn", true_fn), ("false_fn", false_fn)):
        if not callable(branch):
            raise TypeError(f"'{label}' must be callable. Received: {branch!r}")
    if STATE.trace is not None:
        return staged.cond(pred, true_fn, false_fn)
    return _single(true_fn() if _truth(pred) else false_fn())


def _single(result: Any) -> Any:
    """What a branch gave; a list or tuple of one is that one."""
    return result[0] if type(result) in (list, tuple) and len(result) == 1 else result


def _tensors(result: Any) -> Any:
    def leaf(x: Any) -> Any:
        return x if x is None or hasattr(x, "_element_shape") else convert(x)  # a TensorArray stays

    return tree.map_structure(leaf, result)


@export("case")
def case(
    pred_fn_pairs: Any,
    default: Any = None,
    exclusive: bool = False,
    strict: bool = False,
    name: str = "case",
) -> Any:
    """The function of the first true predicate, or `default`.

    Raises InvalidArgumentError when none is true and there is no default, or, with `exclusive`, when two are.
    """
    pairs = list(pred_fn_pairs.items() if isinstance(pred_fn_pairs, dict) else pred_fn_pairs)
    if STATE.trace is not None:
        return staged.case(pairs, default)
    chosen = [fn for pred, fn in pairs if _truth(pred)]
    if exclusive and len(chosen) > 1:
        raise ArgumentError(
            "More than one condition evaluated as True but exclusive=True.", true=len(chosen)
        )
    if not chosen and default is None:
        raise ArgumentError(
            "None of the conditions evaluated as True and there is no default.",
            conditions=len(pairs),
        )
    return _single(chosen[0]() if chosen else default())


@export("switch_case")
def switch_case(
    branch_index: Any, branch_fns: Any, default: Any = None, name: str = "switch_case"
) -> Any:
    """The branch numbered `branch_index`; outside of their range `default`, else the last one."""
    numbered = (
        dict(branch_fns)
        if isinstance(branch_fns, dict) or _pairs(branch_fns)
        else dict(enumerate(branch_fns))
    )
    if STATE.trace is not None:
        if sorted(numbered) != list(range(len(numbered))):
            raise ValueError(
                f"branch indices (keys) must form contiguous range of [0 to {len(numbered)}) but found "
                f"{{{','.join(map(str, sorted(numbered)))}}}"
            )
        branches = [numbered[i] for i in range(len(numbered))]
        return staged.switch(
            convert(branch_index), branches if default is None else [*branches, default]
        )
    index = int(convert(branch_index)._value)
    return numbered.get(index, default if default is not None else numbered[max(numbered)])()


def _pairs(branches: Any) -> bool:
    return bool(branches) and all(isinstance(b, tuple | list) and len(b) == 2 for b in branches)


@export("while_loop")
def while_loop(
    cond: Callable[..., Any],
    body: Callable[..., Any],
    loop_vars: Any,
    shape_invariants: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    maximum_iterations: Any = None,
    name: str | None = None,
) -> Any:
    """`loop_vars = body(*loop_vars)` while `cond(*loop_vars)`.  Returns the last loop variables.

    maximum_iterations: at most so many turns. Raises TypeError for functions that are not callable, ValueError for no
    loop variables.
    """
    if not callable(cond):
        raise TypeError(f"'cond' must be callable. Received: {cond!r}")
    if not callable(body):
        raise TypeError(f"'body' must be callable. Received: {body!r}")
    if STATE.trace is not None:
        return staged.while_loop(cond, body, loop_vars, shape_invariants, maximum_iterations)
    if not loop_vars and not isinstance(loop_vars, Tensor):
        raise ValueError("'loop_vars' must hold at least one variable. Received: none.")
    several = isinstance(loop_vars, list | tuple)
    values = _tensors(loop_vars)
    left = None if maximum_iterations is None else int(convert(maximum_iterations)._value)
    while (left is None or left > 0) and _truth(cond(*values) if several else cond(values)):
        result = body(*values) if several else body(values)
        if several and not isinstance(result, list | tuple):
            result = (result,)
        if several:
            result = type(values)(result) if type(values) in (list, tuple) else result
            tree_check(values, result)
        values = _tensors(result)
        left = None if left is None else left - 1
    return values


def tree_check(before: Any, after: Any) -> None:
    if len(tree.flatten(before)) != len(tree.flatten(after)):
        raise ValueError(
            "The two structures don't have the same number of elements. The loop variables "
            f"{before!r} became {after!r}."
        )


def _columns(elems: Any) -> Any:
    """The nest as tensors of one first dimension.  Raises ValueError for scalars or nothing."""
    flat = [convert(e) for e in tree.flatten(elems)]
    if not flat:
        raise ValueError("elems must be a Tensor or a nest of them. Received: an empty nest.")
    for tensor in flat:
        if tensor._value.ndim == 0:
            raise ValueError("elements in elems must be 1+ dimensional Tensors, not scalars")
    sizes = [int(t._value.shape[0]) for t in flat]
    if len(set(sizes)) > 1:
        raise ArgumentError("The elements must have the same first dimension.", sizes=sizes)
    return tree.pack(elems, flat)


def _rows(elems: Any) -> list[Any]:
    """The nest of rows for each index of the first axis."""
    columns = [list(t) for t in tree.flatten(_columns(elems))]
    return [tree.pack(elems, list(row)) for row in zip(*columns)]


def _stack(results: list[Any]) -> Any:
    flat = [tree.flatten(r) for r in results]
    return tree.pack(
        results[0], [PUBLIC["stack"]([convert(x) for x in part]) for part in zip(*flat)]
    )


@export("map_fn")
def map_fn(
    fn: Callable[..., Any],
    elems: Any,
    dtype: Any = None,
    parallel_iterations: int | None = None,
    back_prop: bool = True,
    swap_memory: bool = False,
    infer_shape: bool = True,
    name: str | None = None,
    fn_output_signature: Any = None,
) -> Any:
    """`fn` applied to each row along the first axis of `elems`; the results stacked."""
    if not callable(fn):
        raise TypeError(f"The provided function {fn!r} is not callable. fn must be callable.")
    if STATE.trace is not None:
        return staged.map_rows(fn, _columns(elems), fn_output_signature if dtype is None else dtype)
    rows = _rows(elems)
    if not rows:
        raise ArgumentError("map_fn over no elements has no result to stack.", elems=elems)
    return _stack([fn(row) for row in rows])


@export("vectorized_map")
def vectorized_map(
    fn: Callable[..., Any], elems: Any, fallback_to_while_loop: bool = True, warn: bool = True
) -> Any:
    """`fn` applied to each row along the first axis of `elems`; the results stacked."""
    if STATE.trace is not None:
        return staged.loop_rows(lambda _, row: ((), fn(row)), _columns(elems), ())[1]
    return map_fn(fn, elems)


def _fold(fn: Callable[..., Any], rows: Iterable[Any], initializer: Any) -> list[Any]:
    """All accumulated values, the initial one first."""
    steps = iter(rows)
    value = next(steps, None) if initializer is None else _tensors(initializer)
    if value is None:
        raise ValueError("A fold over no elements needs an initializer.")
    history = [value]
    for row in steps:
        value = _tensors(fn(value, row))
        history.append(value)
    return history


@export("foldl")
def foldl(
    fn: Callable[..., Any], elems: Any, initializer: Any = None, parallel_iterations: int = 10,
    back_prop: bool = True, swap_memory: bool = False, name: str | None = None,
) -> Any:  # fmt: skip
    """`fn(...fn(fn(initializer, elems[0]), elems[1])...)`; the first row starts when there is no initializer."""
    if STATE.trace is not None:
        return _staged_fold(fn, elems, initializer, False)[0]
    return _fold(fn, _rows(elems), initializer)[-1]


@export("foldr")
def foldr(
    fn: Callable[..., Any], elems: Any, initializer: Any = None, parallel_iterations: int = 10,
    back_prop: bool = True, swap_memory: bool = False, name: str | None = None,
) -> Any:  # fmt: skip
    """`foldl` from the last row to the first."""
    if STATE.trace is not None:
        return _staged_fold(fn, elems, initializer, True)[0]
    return _fold(fn, _rows(elems)[::-1], initializer)[-1]


@export("scan")
def scan(
    fn: Callable[..., Any], elems: Any, initializer: Any = None, parallel_iterations: int = 10,
    back_prop: bool = True, swap_memory: bool = False, infer_shape: bool = True, reverse: bool = False,
    name: str | None = None,
) -> Any:  # fmt: skip
    """All the accumulated values of a fold, stacked."""
    if STATE.trace is not None:
        return _staged_fold(fn, elems, initializer, reverse, stacked=True)[1]
    rows = _rows(elems)
    history = _fold(fn, rows[::-1] if reverse else rows, initializer)
    kept = history if initializer is None else history[1:]
    return _stack(kept[::-1] if reverse else kept)


def _staged_fold(
    fn: Callable[..., Any], elems: Any, initializer: Any, reverse: bool, stacked: bool = False
) -> tuple[Any, Any]:
    """The last accumulated value, and all of them when `stacked`; in a traced function."""
    fn = staged.converted(fn)
    elems = _columns(elems)
    n = int(tree.flatten(elems)[0]._value.shape[0])

    def step(value: Any, row: Any) -> tuple[Any, Any]:
        new = _tensors(fn(value, row))
        return new, new if stacked else ()

    if initializer is not None:
        return staged.loop_rows(step, elems, _tensors(initializer), reverse)
    if not n:
        raise ValueError("A fold over no elements needs an initializer.")
    first = n - 1 if reverse else 0
    start = tree.map_structure(lambda c: c[first], elems)
    if n == 1:
        return start, tree.map_structure(lambda s: s[None], start) if stacked else ()
    rest = tree.map_structure(lambda c: c[:-1] if reverse else c[1:], elems)
    last, history = staged.loop_rows(step, rest, start, reverse)
    if not stacked:
        return last, ()
    join = (lambda h, s: [h, s[None]]) if reverse else (lambda h, s: [s[None], h])
    return last, tree.map_structure(lambda h, s: PUBLIC["concat"](join(h, s), 0), history, start)
