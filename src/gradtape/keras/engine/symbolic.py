"""Layers called on symbolic tensors: what comes out is learnt from the layer's shape rule or by running it on zeros."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from typing import Any

import numpy as np

from gradtape.base.dtypes import as_dtype
from gradtape.base.shapes import TensorShape
from gradtape.core.context import STATE, no_recording
from gradtape.core.convert import convert
from gradtape.core.tensor import Tensor
from gradtape.keras.engine.arrays import outside_traces
from gradtape.keras.engine.context import CALL, LEARNING_PHASE, scope_of
from gradtape.keras.engine.input_spec import assert_input_compatibility
from gradtape.keras.engine.keras_tensor import KerasTensor
from gradtape.keras.engine.layer import SYMBOLIC
from gradtape.keras.engine.nest import as_shapes, as_tuples, flatten, map_structure, pack
from gradtape.keras.engine.node import Node
from gradtape.keras.engine.randomness import scratch_random
from gradtape.keras.engine.signature import call_spec

# Two stand-ins for an unknown size: sizes of the output that differ between them are unknown too.
_SIZES = (2, 3)
_SMALL = 64


def call(layer: Any, inputs: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """A layer on symbolic tensors gives symbolic tensors and remembers the call."""
    spec = layer._call_spec or call_spec(layer)
    inputs = map_structure(
        lambda x: convert(x) if isinstance(x, np.ndarray | np.generic | float | int) else x, inputs
    )
    given_args, given_kwargs = args, dict(kwargs)
    training = (
        spec.value("training", args, kwargs) if spec.passed("training", args, kwargs) else None
    )
    if not spec.training:
        given_kwargs.pop("training", None)
        kwargs = given_kwargs
    if training is None:
        if CALL.training is not None:
            training = CALL.training
        elif LEARNING_PHASE[0] is not None:
            training = bool(LEARNING_PHASE[0])
        else:
            training = spec.training_default
        if spec.training:
            args, kwargs = spec.put("training", training, args, kwargs)
    outer, scope = CALL.training, STATE.scope
    STATE.scope = scope_of(layer._name)
    CALL.stack.append(layer)
    CALL.training = training
    try:
        if not layer.built or layer._initial_weights is not None:
            layer._maybe_build(inputs)
        assert_input_compatibility(layer._input_spec, inputs, layer._name)
        with outside_traces():
            outputs = infer(layer, inputs, args, kwargs)
    finally:
        CALL.training, STATE.scope = outer, scope
        CALL.stack.pop()
    given = {id(t) for t in flatten((inputs, args, kwargs))}
    leaves = [KerasTensor(t.shape, t.dtype) if id(t) in given else t for t in flatten(outputs)]
    outputs = pack(outputs, leaves)
    Node(layer, (inputs, *given_args), given_kwargs, outputs)
    return outputs


def infer(layer: Any, inputs: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Fresh symbolic tensors in the form of the layer's output."""
    kind = type(layer)
    if kind._static_shape_call is not None and kind.call is kind._static_shape_call:
        shapes = layer.compute_output_shape(as_tuples(map_structure(lambda t: t.shape, inputs)))
        dtype = layer._output_dtype(inputs)
        return map_leaf_shapes(lambda s: KerasTensor(s, dtype), shapes)

    known = layer._known_outputs(inputs)
    if known is not None:
        return known

    def run(inputs: Any, args: Any, kwargs: Any) -> Any:
        x = layer._cast(inputs, flatten(inputs)) if layer._autocast else inputs
        return layer.call(x, *args, **kwargs)

    return probe(run, layer, inputs, args, kwargs)


def map_leaf_shapes(function: Callable[[Any], Any], shapes: Any) -> Any:
    if isinstance(shapes, list) and shapes and isinstance(shapes[0], list | tuple | TensorShape):
        return [map_leaf_shapes(function, s) for s in shapes]
    return function(shapes)


def probe(function: Callable[..., Any], layer: Any, *arguments: Any) -> Any:
    """Run `function` on zeros in place of symbolic tensors, and describe what comes out."""
    leaves = [t for t in flatten(arguments) if isinstance(t, KerasTensor)]
    unknown = any(t._trial or (t.shape.rank is not None and None in tuple(t.shape)) for t in leaves)
    first = _run(function, layer, arguments, 0)
    if not unknown:
        return map_structure(lambda t: _merge(t, t), first)
    with redirect_stdout(io.StringIO()):
        second = _run(function, layer, arguments, 1)
    return map_structure(_merge, first, second)


def _known(t: Any) -> Any:
    if t is None:
        raise ValueError(
            "A layer's `call` method should return a Tensor or a list of Tensors, not None."
        )
    return t if isinstance(t, Tensor) else convert(t)


def _merge(a: Any, b: Any) -> KerasTensor:
    a, b = _known(a), _known(b)
    if len(a.shape) != len(b.shape):
        return KerasTensor(None, a.dtype)
    found = KerasTensor([m if m == n else None for m, n in zip(a.shape, b.shape)], a.dtype)
    if a.dtype.is_integer and a._value.size <= _SMALL:
        found._trial = (a, b)
    return found


def _run(function: Callable[..., Any], layer: Any, arguments: Any, trial: int) -> Any:
    size = _SIZES[trial]

    def zeros(t: Any) -> Any:
        if not isinstance(t, KerasTensor):
            return t
        if t._trial is not None:
            return t._trial[trial]
        if t.shape.rank is None:
            raise ValueError(
                f"The rank of {t!r} must be known here: give `shape` to tf.keras.Input."
            )
        shape = [size if n is None else n for n in t.shape]
        if t.dtype.name == "string":
            value = np.empty(shape, object)
            value[...] = b""
            return Tensor(value)
        return Tensor(np.zeros(shape, t.dtype.np))

    with untouched(layer), np.errstate(all="ignore"):
        return function(*[map_structure(zeros, a) for a in arguments])


@contextmanager
def untouched(layer: Any) -> Iterator[None]:
    """Weights, random state and tapes are afterwards what they were before, but for layers that were built."""
    known = [(v, v._held()) for v in layer.variables] if layer is not None and layer.built else []
    outer = CALL.born
    CALL.born = born = []
    CALL.probing += 1
    try:
        with no_recording(), scratch_random():
            yield
    finally:
        CALL.probing -= 1
        CALL.born = outer
        for variable, buffer in (*known, *born):
            if variable._buffer is not buffer:
                variable._store(buffer)


def output_shape(layer: Any, input_shape: Any) -> Any:
    """The shape of a layer's output, by running it on zeros."""
    shapes = as_shapes(input_shape)
    if not layer.built:
        layer._maybe_build(shapes)
    dtype = layer.compute_dtype or "float32"
    from_shape = lambda s: KerasTensor(s, dtype)
    inputs = _map_shapes(from_shape, shapes)
    spec = layer._call_spec or call_spec(layer)
    kwargs = {"training": False} if spec.training else {}
    with outside_traces():
        outputs = probe(lambda i, k: layer.call(i, **k), layer, inputs, kwargs)
    return map_structure(lambda t: t.shape, outputs)


def _map_shapes(function: Callable[[Any], Any], shapes: Any) -> Any:
    if isinstance(shapes, dict):
        return {k: _map_shapes(function, s) for k, s in shapes.items()}
    if isinstance(shapes, list | tuple):
        return type(shapes)(_map_shapes(function, s) for s in shapes)
    return function(shapes)


def signature(layer: Any, spec: Any) -> Any:
    """TensorSpecs of the output for TensorSpecs of the input."""
    shapes = layer.compute_output_shape(map_structure(lambda s: s.shape, spec))
    kind = type(flatten(spec)[0])
    return _map_shapes(lambda s: kind(TensorShape(s), as_dtype(layer.compute_dtype)), shapes)


SYMBOLIC.update(call=call, output_shape=output_shape, signature=signature)
