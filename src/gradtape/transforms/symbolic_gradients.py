"""`tf.gradients` in a traced function: from results that are there already, back to what they were made of.

The operations between are bound once more under a tape; what that doubles, the passes merge.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradtape.core.card import PUBLIC, REGISTRY
from gradtape.core.context import STATE
from gradtape.core.convert import convert
from gradtape.core.tape import GradientTape, UnconnectedGradients


def symbolic_gradients(
    ys: Sequence[Any],
    xs: Sequence[Any],
    grad_ys: Any = None,
    unconnected: Any = UnconnectedGradients.NONE,
    stop: Sequence[Any] = (),
) -> list[Any]:
    """The sum of the gradients of the ys by each x; None where there is no way."""
    trace = STATE.trace
    sources = [convert(x) for x in xs]
    stopped = {trace.value_of(convert(s)._value) for s in stop}
    again: dict[Any, Any] = {}
    with GradientTape(persistent=True, watch_accessed_variables=False) as tape:
        for x in sources:
            tape.watch(x)
            again[trace.value_of(x._value)] = x
        for equation in list(trace.equations):
            ways = [v for v in equation.inputs if v in again and v not in stopped]
            if not ways or equation.effect:
                continue
            card = REGISTRY[equation.op]
            inputs = [again[v] if v in ways else trace.wrap(v, v.shape) for v in equation.inputs]
            found = trace.bind_as(card, tuple(inputs), equation)
            for value, tensor in zip(equation.outputs, found if card.multi else (found,)):
                again.setdefault(value, tensor)
    targets = [convert(y) for y in ys]
    targets = [again.get(trace.value_of(y._value), y) for y in targets]
    return tape.gradient(
        targets, sources, output_gradients=grad_ys, unconnected_gradients=unconnected
    )


def symbolic_hessian(y: Any, x: Any) -> Any:
    """The second derivatives of a number by an array: [*x, *x], one row of it at a time."""
    (g,) = symbolic_gradients([y], [x])
    shape = list(convert(x).shape)
    flat = PUBLIC["reshape"](g, [-1])
    rows = [
        symbolic_gradients([flat[i]], [x], unconnected=UnconnectedGradients.ZERO)[0]
        for i in range(flat.shape[0])
    ]
    return PUBLIC["reshape"](PUBLIC["stack"](rows), [*shape, *shape])
