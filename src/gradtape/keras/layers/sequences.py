"""Recurrent layers in a traced function: the steps of a sequence as one loop of its graph."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape.base.exports import EXPORTS as TF
from gradtape.core.context import STATE, recorders
from gradtape.core.tape import GradientTape
from gradtape.core.tensor import Tensor
from gradtape.keras.engine.nest import flatten, pack
from gradtape.keras.layers.cells import Cell, GRUCell, LSTMCell, SimpleRNNCell, StackedRNNCells
from gradtape.transforms.custom_gradient import call_recorded
from gradtape.transforms.staged_control import loop_rows

LOOP_FROM = 4  # steps; fewer are written out
_PROJECTING = (SimpleRNNCell, LSTMCell, GRUCell)


def can_loop(cell: Any, inputs: Any, time_major: bool) -> bool:
    """Whether the steps are a loop: of cells of ours, whose outputs are known beforehand."""
    cells = cell.cells if type(cell) is StackedRNNCells else [cell]
    steps = inputs._value.shape[0 if time_major else 1]
    return steps >= LOOP_FROM and all(type(c) in _PROJECTING for c in cells)


def in_a_loop(layer: Any, inputs: Any, mask: Any, states: Any, training: Any) -> tuple[Any, Any]:
    """(output, or all outputs; the last states)."""
    cell = layer.cell
    x = inputs if layer.time_major else _swapped(inputs)
    single = isinstance(cell, Cell)
    _draw_masks(cell, x, training)
    if single:  # the inputs' part of all steps in one product
        x = cell._dropped(x, cell.dropout, "x", training)
        steps, n, k = x._value.shape
        apart = mask is None and has_way_back(cell) and bool(STATE.recorders)
        part = cell.constant_part if apart else cell.project
        flat = part(TF["reshape"](x, [steps * n, k]))
        x = TF["reshape"](flat, [steps, n, flat._value.shape[-1]])
        if apart:
            outputs, after = with_way_back(layer, x, list(states))
            return (_placed(layer, outputs) if layer.return_sequences else after[0]), after
    elems = [x]
    if mask is not None:
        elems.append(mask if layer.time_major else _swapped(mask))
    units = cell.units if single else cell.cells[-1].units
    zeros = Tensor(np.zeros((int(x._value.shape[1]), units), x._value.dtype))

    def step(carried: Any, row: Any) -> tuple[Any, Any]:
        before, held = carried
        move = cell.advance if single else cell
        output, after = move(row[0], held, training=training)
        after = list(after) if isinstance(after, list | tuple) else [after]
        if mask is not None:
            here = TF["expand_dims"](row[1], axis=-1)
            output = TF["where"](here, output, before)
            both = zip(flatten(after), flatten(held))
            after = pack(after, [TF["where"](here, new, old) for new, old in both])
        return (output, after), ([output] if layer.return_sequences else [])

    (last, states), outputs = loop_rows(step, elems, (zeros, list(states)), layer.go_backwards)
    if not layer.return_sequences:
        return last, states
    return _placed(layer, outputs[0]), states


def _placed(layer: Any, outputs: Any) -> Any:
    """Outputs by the steps of the input as the layer gives them: in the order in which they came."""
    found = TF["reverse"](outputs, axis=[0]) if layer.go_backwards else outputs
    return found if layer.time_major else _swapped(found)


def has_way_back(cell: Any) -> bool:
    """Whether the cell is one product of the state, and otherwise elementwise."""
    return type(cell) in (SimpleRNNCell, LSTMCell) or (type(cell) is GRUCell and cell.reset_after)


def with_way_back(layer: Any, x: Any, states: list[Any]) -> tuple[Any, list[Any]]:
    """(outputs by step, last states), with a gradient that gives the kernel's as one product over all steps.

    x: float[steps, n, width], the inputs' part.  Left to itself, the derivative of a loop adds up the kernel's gradient
    step by step, and computes each step again.
    """
    cell, backwards = layer.cell, layer.go_backwards
    kernel = cell.recurrent_kernel._as_tensor()
    bias = [cell.bias.value()[1]] if type(cell) is GRUCell and cell.bias is not None else []
    mask = cell._masks.get("h")
    dropped = lambda h: h if mask is None else h * mask
    m = len(states)

    def step(before: list[Any], row: Any) -> tuple[Any, Any]:
        inner = TF["matmul"](dropped(before[0]), kernel)
        inner = TF["nn.bias_add"](inner, bias[0]) if bias else inner
        after = cell.combine(row[0], inner, before)
        return after, [after[0], inner, *before]

    with recorders(()):
        last, rows = loop_rows(step, [x], states, backwards)

    def grad_fn(*upstream: Any) -> list[Any]:
        d_last = [_or_zeros(d, t) for d, t in zip(upstream[:m], last)]
        by_row = [(k, d) for k, d in enumerate(upstream[m:]) if d is not None]

        def back(carried: list[Any], row: Any) -> tuple[Any, Any]:
            part, inner, *before = row[: 2 + m]
            given = dict(zip([k for k, _ in by_row], row[2 + m :]))
            with GradientTape(watch_accessed_variables=False) as tape:
                tape.watch([part, inner, *before])
                after = cell.combine(part, inner, before)
            d_after = [_sum(carried[0], given.get(0)), *carried[1:]]
            d_part, d_inner, *d_before = tape.gradient(
                after, [part, inner, *before], d_after, unconnected_gradients="zero"
            )
            d_inner = _sum(d_inner, given.get(1))
            d_before = [_sum(d, given.get(2 + k)) for k, d in enumerate(d_before)]
            d_before[0] = d_before[0] + dropped(TF["matmul"](d_inner, kernel, transpose_b=True))
            return d_before, [d_part, d_inner]

        elems = [x, *kept[1:], *[d for _, d in by_row]]
        d_first, (d_x, d_inners) = loop_rows(back, elems, d_last, not backwards)
        flat = TF["reshape"](d_inners, [-1, int(d_inners._value.shape[-1])])
        held = TF["reshape"](dropped(kept[2]), [-1, cell.units])
        d_kernel = TF["matmul"](held, flat, transpose_a=True)
        return [d_x, d_kernel, *[TF["reduce_sum"](flat, 0) for _ in bias], *d_first]

    # What the way back uses is a result too: a second derivative goes through it.
    found = call_recorded((x, kernel, *bias, *states), [*last, *rows], grad_fn, optional=True)
    last, kept = found[:m], found[m:]
    return kept[0], last


def _or_zeros(d: Any, like: Any) -> Any:
    return (
        Tensor(np.zeros([int(n) for n in like._value.shape], like._value.dtype)) if d is None else d
    )


def _sum(a: Any, b: Any) -> Any:
    return a if b is None else a + b


def _swapped(x: Any) -> Any:
    """The first two axes exchanged."""
    return TF["transpose"](x, [1, 0, *range(2, x._value.ndim)])


def _draw_masks(cell: Any, x: Any, training: Any) -> None:
    """Dropout masks are drawn once for all steps, before the loop, in the order in which the first step would."""
    width, n = x._value.shape[-1], x._value.shape[1]
    for inner in cell.cells if type(cell) is StackedRNNCells else [cell]:
        like = lambda k: Tensor(np.zeros((int(n), int(k)), x._value.dtype))
        inner._dropped(like(width), inner.dropout, "x", training)
        inner._dropped(like(inner.units), inner.recurrent_dropout, "h", training)
        width = inner.units
