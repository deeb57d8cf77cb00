"""Forward mode: tangents carried along with the values."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape.base import tree
from gradtape.base.dtypes import DIFFERENTIABLE
from gradtape.base.errors import ArgumentError, TapeError
from gradtape.base.exports import export
from gradtape.base.quiet import quiet
from gradtape.core import backward as back
from gradtape.core.bind import RAW, RECORDED
from gradtape.core.context import STATE
from gradtape.core.convert import convert
from gradtape.core.slices import IndexedSlices
from gradtape.core.tape import GradientTape, UnconnectedGradients
from gradtape.core.tensor import Tensor
from gradtape.core.variable import Variable


def push_forward(
    card: Any, attrs: dict[str, Any], inputs: tuple[Any, ...], output: Any, tangents: list[Any]
) -> list[Any]:
    """Tangents of the outputs for tangents of the inputs (tensors, None for constants)."""
    if card.jvp is not None:
        F = RECORDED if STATE.recorders or STATE.trace is not None else RAW
        if F is RAW:
            lower: Any = [None if t is None else t._value for t in tangents]
            y = tuple([o._value for o in output]) if card.multi else output._value
            with quiet():
                result = card.jvp(F, lower, y, *[x._value for x in inputs], **attrs)
        else:
            result = card.jvp(F, tangents, output, *inputs, **attrs)
        parts = result if card.multi else (result,)
        return [
            None if p is None else p if isinstance(p, Tensor) else Tensor(np.asarray(p))
            for p in parts
        ]
    if card.vjp is None:
        return [None] * (len(output) if card.multi else 1)
    return _by_double_vjp(card, attrs, inputs, output, tangents)


def _by_double_vjp(
    card: Any, attrs: dict[str, Any], inputs: tuple[Any, ...], output: Any, tangents: list[Any]
) -> list[Any]:
    """A VJP is linear in its cotangent; transposing it gives the JVP."""
    outputs = output if card.multi else (output,)
    dummies = tuple(
        Tensor(np.zeros_like(o._value)) if o._value.dtype in DIFFERENTIABLE else None
        for o in outputs
    )
    live = [d for d in dummies if d is not None]
    if not live:
        return [None] * len(outputs)
    with GradientTape() as tape:
        tape.watch(live)
        pulled = card.vjp(RECORDED, dummies if card.multi else dummies[0], output, *inputs, **attrs)
        targets, seeds = [], []
        for c, tangent, x in zip(pulled, tangents, inputs):
            if tangent is None or c is None or x._value.dtype not in DIFFERENTIABLE:
                continue
            c = c() if not isinstance(c, Tensor | IndexedSlices) else c
            if c is None:
                continue
            if isinstance(c, IndexedSlices):
                c = back.dense(c, RECORDED)
            shape = c._value.shape
            if tangent._value.shape != shape:
                tangent = RECORDED.broadcast_to(tangent, shape=shape)
            targets.append(c)
            seeds.append(tangent)
    if not targets:
        return [None] * len(outputs)
    found = iter(tape.gradient(targets, live, output_gradients=seeds))
    results = [None if d is None else next(found) for d in dummies]
    return [back.dense(r, RECORDED) if isinstance(r, IndexedSlices) else r for r in results]


@export("autodiff.ForwardAccumulator")
class ForwardAccumulator:
    """Computes Jacobian-vector products while the program runs.

    primals: tensors or variables (or a nest); tangents: their directions, of the same shapes and dtypes.
    Raises ValueError for shapes or dtypes that differ.

    >>> x = tf.constant([1.0, 2.0])
    >>> with tf.autodiff.ForwardAccumulator(x, tf.constant([1.0, 0.0])) as acc:
    ...     y = x * x
    >>> acc.jvp(y).numpy()
    array([2., 0.], dtype=float32)
    """

    passive = False

    def __init__(self, primals: Any, tangents: Any):
        self._tangents: dict[int, Any] = {}
        self._kept: list[Any] = []
        self._active = False
        flat, directions = tree.flatten(primals), tree.flatten(tangents)
        if len(flat) != len(directions):
            raise ArgumentError(
                "Each primal needs a tangent.", primals=len(flat), tangents=len(directions)
            )
        for primal, direction in zip(flat, directions):
            self._watch(primal, direction)

    def _watch(self, primal: Any, direction: Any) -> None:
        base = primal._base if isinstance(primal, Variable) else primal
        if base.dtype.np not in DIFFERENTIABLE:
            raise ArgumentError("The dtype of the watched primal must be floating.", primal=base)
        if direction is None:
            return
        tangent = convert(direction, base._value.dtype)
        if tangent._value.shape != base._value.shape:
            raise ArgumentError(
                "A tangent must have the shape of its primal.", primal=base, tangent=tangent
            )
        before = self._tangents.get(id(base))
        self._tangents[id(base)] = tangent if before is None else before + tangent
        self._kept.append(base)

    def __enter__(self) -> ForwardAccumulator:
        if self._active:
            raise TapeError("Accumulator is already recording.")
        STATE.recorders = (*STATE.recorders, self)
        self._active = True
        return self

    def __exit__(self, *exc: object) -> None:
        STATE.recorders = tuple(r for r in STATE.recorders if r is not self)
        self._active = False

    def variable_read(self, variable: Any, tensor: Any) -> None:
        tangent = self._tangents.get(id(variable))
        if tangent is not None and id(tensor) not in self._tangents:
            self._tangents[id(tensor)] = tangent
            self._kept.append(tensor)

    def record(
        self, card: Any, attrs: dict[str, Any], inputs: tuple[Any, ...], output: Any
    ) -> None:
        known = self._tangents
        tangents = [known.get(id(x)) for x in inputs]
        if all(t is None for t in tangents):
            return
        outputs = output if card.multi else (output,)
        for out, tangent in zip(outputs, push_forward(card, attrs, inputs, output, tangents)):
            if tangent is None or out._value.dtype not in DIFFERENTIABLE:
                continue
            if tangent._value.shape != out._value.shape:
                tangent = RECORDED.broadcast_to(tangent, shape=out._value.shape)
            known[id(out)] = tangent
            self._kept.append(out)

    def jvp(self, primals: Any, unconnected_gradients: Any = UnconnectedGradients.NONE) -> Any:
        """The tangents of results, in their form; None (or zeros) for what does not depend on the primals."""
        unconnected = UnconnectedGradients(unconnected_gradients)
        return tree.pack(primals, [self._of(p, unconnected) for p in tree.flatten(primals)])

    def _of(self, primal: Any, unconnected: UnconnectedGradients) -> Any:
        base = primal._base if isinstance(primal, Variable) else primal
        tangent = self._tangents.get(id(base))
        if tangent is None and unconnected is UnconnectedGradients.ZERO:
            return Tensor(np.zeros_like(base._value))
        return tangent
