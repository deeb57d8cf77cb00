"""Recurrent layers in a traced function: the steps of a sequence as one loop of its graph."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape.base.exports import EXPORTS as TF
from gradtape.core.tensor import Tensor
from gradtape.keras.engine.nest import flatten, pack
from gradtape.keras.layers.cells import Cell, GRUCell, LSTMCell, SimpleRNNCell, StackedRNNCells
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
        flat = cell.project(TF["reshape"](x, [steps * n, k]))
        x = TF["reshape"](flat, [steps, n, flat._value.shape[-1]])
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
    found = TF["reverse"](outputs[0], axis=[0]) if layer.go_backwards else outputs[0]
    return (found if layer.time_major else _swapped(found)), states


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
