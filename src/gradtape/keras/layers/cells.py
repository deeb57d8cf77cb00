"""One step of recurrent layers."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape.base.exports import EXPORTS as TF
from gradtape.base.shapes import TensorShape
from gradtape.core.context import STATE
from gradtape.core.tensor import Tensor
from gradtape.keras import activations, initializers, regularizers
from gradtape.keras.engine.config import deserialize_layer
from gradtape.keras.layers.base import BuiltIn
from gradtape.keras.layers.core import drop
from gradtape.keras.layers.shared import settle, settled
from gradtape.random.keras_seeds import RandomSource


class Cell(BuiltIn):
    """cell(inputs, states) -> (output, states): float[b, k] -> float[b, units]."""

    _gates = 1

    def __init__(
        self, units: int, activation: Any = "tanh", use_bias: bool = True, kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal", bias_initializer: Any = "zeros", kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None, bias_regularizer: Any = None, kernel_constraint: Any = None,
        recurrent_constraint: Any = None, bias_constraint: Any = None, dropout: float = 0.0,
        recurrent_dropout: float = 0.0, seed: int | None = None, implementation: int = 2, **kwargs: Any,
    ):  # fmt: skip
        if units <= 0:
            raise ValueError(
                f"Received an invalid value for argument `units`, expected a positive integer, got {units}."
            )
        super().__init__(**kwargs)
        self.units, self.use_bias, self.implementation = units, use_bias, implementation
        self.activation = activations.get(activation)
        settle(
            self, kernel_initializer=kernel_initializer, recurrent_initializer=recurrent_initializer,
            bias_initializer=bias_initializer, kernel_regularizer=kernel_regularizer,
            recurrent_regularizer=recurrent_regularizer, bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint, recurrent_constraint=recurrent_constraint,
            bias_constraint=bias_constraint,
        )  # fmt: skip
        self.dropout = min(1.0, max(0.0, dropout))
        self.recurrent_dropout = min(1.0, max(0.0, recurrent_dropout))
        self.__dict__["_source"] = RandomSource(seed)
        self.__dict__["_masks"] = {}
        self.state_size: Any = units
        self.output_size = units

    def build(self, input_shape: Any) -> None:
        width = self.units * self._gates
        self.kernel = self.add_weight(
            "kernel", (TensorShape(input_shape)[-1], width), None, self.kernel_initializer, self.kernel_regularizer,
            None, self.kernel_constraint,
        )  # fmt: skip
        self.recurrent_kernel = self.add_weight(
            "recurrent_kernel", (self.units, width), None, self.recurrent_initializer, self.recurrent_regularizer, None,
            self.recurrent_constraint,
        )  # fmt: skip
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                "bias",
                self._bias_shape(),
                None,
                self._bias_start(),
                self.bias_regularizer,
                None,
                self.bias_constraint,
            )
        self.built = True

    def _bias_shape(self) -> tuple[int, ...]:
        return (self.units * self._gates,)

    def _bias_start(self) -> Any:
        return self.bias_initializer

    def get_initial_state(
        self, inputs: Any = None, batch_size: int | None = None, dtype: Any = None
    ) -> Any:
        """States of zeros."""
        if inputs is not None:
            batch_size, dtype = inputs._value.shape[0], inputs._value.dtype
        sizes = self.state_size if isinstance(self.state_size, list | tuple) else [self.state_size]
        zeros = [Tensor(np.zeros((batch_size, n), dtype or self._compute_np)) for n in sizes]  # pyright: ignore[reportArgumentType, reportCallIssue]
        return zeros if isinstance(self.state_size, list | tuple) else zeros[0]

    def reset_dropout(self) -> None:
        """New masks for the next sequence."""
        self._masks.clear()

    def project(self, x: Any) -> Any:
        """What the inputs contribute to a step: float[n, k] -> float[n, width], for any number of steps at once."""
        return TF["matmul"](x, self.kernel)

    def advance(self, projected: Any, states: Any, training: Any = None) -> Any:
        """The step with the inputs' part done: (output, states)."""
        raise NotImplementedError

    def combine(self, x: Any, inner: Any, states: list[Any]) -> list[Any]:
        """The new states, the output first: x: the inputs' part with all that is constant, inner: h R."""
        raise NotImplementedError

    def constant_part(self, x: Any) -> Any:
        """`project`, and the bias where `advance` adds it."""
        return self.project(x)

    def _step(self, inputs: Any, states: Any, training: Any) -> Any:
        x = self._dropped(inputs, self.dropout, "x", training)
        return self.advance(self.project(x), states, training)

    def _dropped(self, x: Any, rate: float, kind: str, training: Any) -> Any:
        if not training or rate == 0:
            return x
        mask = self._masks.get(kind)
        if mask is None:
            ones = Tensor(np.ones(x._value.shape, x._value.dtype))
            mask = self._masks[kind] = drop(ones, rate, x._value.shape, self._source)
        return x * mask

    def compute_output_shape(self, input_shape: Any) -> Any:
        return TensorShape([TensorShape(input_shape)[0], self.units])

    _static_shape_call = None

    _FIRST: tuple[str, ...] = ("units", "activation", "use_bias")
    _AFTER_INITIALIZERS: tuple[str, ...] = ()
    _LAST: tuple[str, ...] = ("dropout", "recurrent_dropout")

    def _own_config(self, activity: Any = None) -> dict[str, Any]:
        """The arguments in TensorFlow's order; `activity`: a layer whose activity regularizer stands among them."""

        def plain(name: str) -> Any:
            value = getattr(self, name)
            return activations.serialize(value) if name.endswith("activation") else value

        rest = settled(self, "kernel", "recurrent", "bias")
        if activity is not None:
            rest["activity_regularizer"] = regularizers.serialize(activity.activity_regularizer)
        of = lambda kind: {k: v for k, v in rest.items() if k.endswith(kind)}
        some = lambda names: {name: plain(name) for name in names}
        return {**some(self._FIRST), **of("initializer"), **some(self._AFTER_INITIALIZERS), **of("regularizer"),
                **of("constraint"), **some(self._LAST)}  # fmt: skip

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self._own_config()}


class SimpleRNNCell(Cell):
    """h' = activation(x W + h R + b)."""

    def call(self, inputs: Any, states: Any, training: Any = None) -> Any:
        return self._step(inputs, states, training)

    def project(self, x: Any) -> Any:
        h = super().project(x)
        return h if self.bias is None else TF["nn.bias_add"](h, self.bias)

    def advance(self, projected: Any, states: Any, training: Any = None) -> Any:
        before = states[0] if isinstance(states, list | tuple) else states
        h = projected
        before = self._dropped(before, self.recurrent_dropout, "h", training)
        h = self.activation(h + TF["matmul"](before, self.recurrent_kernel))
        return h, [h] if isinstance(states, list | tuple) else h

    def combine(self, x: Any, inner: Any, states: list[Any]) -> list[Any]:
        return [self.activation(x + inner)]


class LSTMCell(Cell):
    """Gates i, f, o and candidate g: c' = f c + i g, h' = o tanh(c').  unit_forget_bias: its bias starts at 1."""

    _gates = 4

    def __init__(
        self, units: int, activation: Any = "tanh", recurrent_activation: Any = "sigmoid", use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform", recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros", unit_forget_bias: bool = True, **kwargs: Any,
    ):  # fmt: skip
        super().__init__(
            units,
            activation,
            use_bias,
            kernel_initializer,
            recurrent_initializer,
            bias_initializer,
            **kwargs,
        )
        self.recurrent_activation = activations.get(recurrent_activation)
        self.unit_forget_bias = unit_forget_bias
        self.__dict__["state_size"] = [units, units]

    def _bias_start(self) -> Any:
        if not self.unit_forget_bias:
            return self.bias_initializer
        n = self.units

        def start(shape: Any, dtype: Any = None, **kwargs: Any) -> Any:
            parts = (
                self.bias_initializer((n,), dtype=dtype), initializers.get("ones")((n,), dtype=dtype),
                self.bias_initializer((n * 2,), dtype=dtype),
            )  # fmt: skip
            return np.concatenate([np.asarray(p) for p in parts])

        return start

    def call(self, inputs: Any, states: Any, training: Any = None) -> Any:
        return self._step(inputs, states, training)

    def advance(self, projected: Any, states: Any, training: Any = None) -> Any:
        h, c = states
        z = projected + TF["matmul"](
            self._dropped(h, self.recurrent_dropout, "h", training), self.recurrent_kernel
        )
        if self.bias is not None:
            z = TF["nn.bias_add"](z, self.bias)
        h, c = self._gated(z, c)
        return h, [h, c]

    def _gated(self, z: Any, c: Any) -> tuple[Any, Any]:
        i, f, g, o = TF["split"](z, 4, axis=1)
        gate = self.recurrent_activation
        c = gate(f) * c + gate(i) * self.activation(g)
        return gate(o) * self.activation(c), c

    def combine(self, x: Any, inner: Any, states: list[Any]) -> list[Any]:
        return list(self._gated(x + inner, states[1]))

    def constant_part(self, x: Any) -> Any:
        x = self.project(x)
        return x if self.bias is None else TF["nn.bias_add"](x, self.bias)

    _FIRST = ("units", "activation", "recurrent_activation", "use_bias")
    _AFTER_INITIALIZERS = ("unit_forget_bias",)
    _LAST = ("dropout", "recurrent_dropout", "implementation")


class GRUCell(Cell):
    """Gates z and r, candidate g: h' = z h + (1 - z) g.  reset_after: r multiplies after the matrix product."""

    _gates = 3

    def __init__(
        self, units: int, activation: Any = "tanh", recurrent_activation: Any = "sigmoid", use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform", recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros", reset_after: bool = True, **kwargs: Any,
    ):  # fmt: skip
        super().__init__(
            units,
            activation,
            use_bias,
            kernel_initializer,
            recurrent_initializer,
            bias_initializer,
            **kwargs,
        )
        self.recurrent_activation = activations.get(recurrent_activation)
        self.reset_after = reset_after

    def _bias_shape(self) -> tuple[int, ...]:
        return (2, 3 * self.units) if self.reset_after else (3 * self.units,)

    def call(self, inputs: Any, states: Any, training: Any = None) -> Any:
        return self._step(inputs, states, training)

    def project(self, x: Any) -> Any:
        x = super().project(x)
        if self.bias is None:
            return x
        bias = self.bias.value()
        return TF["nn.bias_add"](x, bias[0] if self.reset_after else bias)

    def advance(self, projected: Any, states: Any, training: Any = None) -> Any:
        before = states[0] if isinstance(states, list | tuple) else states
        x = projected
        bias = None if self.bias is None else self.bias.value()
        h = self._dropped(before, self.recurrent_dropout, "h", training)
        x_z, x_r, x_g = TF["split"](x, 3, axis=-1)
        n = self.units
        if self.reset_after:
            inner = TF["matmul"](h, self.recurrent_kernel)
            if bias is not None:
                inner = TF["nn.bias_add"](inner, bias[1])
            h_z, h_r, h_g = TF["split"](inner, 3, axis=-1)
        else:
            kernel = self.recurrent_kernel.value()
            h_z, h_r = TF["split"](TF["matmul"](h, kernel[:, : 2 * n]), 2, axis=-1)
        z = self.recurrent_activation(x_z + h_z)
        r = self.recurrent_activation(x_r + h_r)
        h_g = (
            r * h_g
            if self.reset_after
            else TF["matmul"](r * h, self.recurrent_kernel.value()[:, 2 * n :])
        )
        g = self.activation(x_g + h_g)
        h = z * before + (1 - z) * g
        return h, [h] if isinstance(states, list | tuple) else h

    def combine(self, x: Any, inner: Any, states: list[Any]) -> list[Any]:
        x_z, x_r, x_g = TF["split"](x, 3, axis=-1)
        h_z, h_r, h_g = TF["split"](inner, 3, axis=-1)
        z = self.recurrent_activation(x_z + h_z)
        r = self.recurrent_activation(x_r + h_r)
        g = self.activation(x_g + r * h_g)
        return [z * states[0] + (1 - z) * g]

    _FIRST = ("units", "activation", "recurrent_activation", "use_bias")
    _LAST = ("dropout", "recurrent_dropout", "implementation", "reset_after")


class StackedRNNCells(BuiltIn):
    """Cells on top of each other, as one cell."""

    def __init__(self, cells: Any, **kwargs: Any):
        super().__init__(**kwargs)
        for cell in cells:
            if "call" not in dir(cell):
                raise ValueError(
                    f"All cells must have a `call` method. Received cell without a `call` method: {cell}"
                )
            if "state_size" not in dir(cell):
                raise ValueError(
                    "All cells must have a `state_size` attribute. Received cell without a "
                    f"`state_size`: {cell}"
                )
        self.cells = list(cells)
        self.__dict__["state_size"] = tuple(c.state_size for c in self.cells)
        self.output_size = self.cells[-1].units

    def reset_dropout(self) -> None:
        for cell in self.cells:
            if hasattr(cell, "reset_dropout"):
                cell.reset_dropout()

    def get_initial_state(
        self, inputs: Any = None, batch_size: int | None = None, dtype: Any = None
    ) -> Any:
        return [cell.get_initial_state(inputs, batch_size, dtype) for cell in self.cells]

    def call(self, inputs: Any, states: Any, training: Any = None) -> Any:
        after = []
        for cell, state in zip(self.cells, states):
            inputs, new = cell(inputs, state, training=training)
            after.append(new)
        return inputs, after

    def get_config(self) -> dict[str, Any]:
        cells = [{"class_name": type(c).__name__, "config": c.get_config()} for c in self.cells]
        return {**super().get_config(), "cells": cells}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        config = dict(config)
        return cls([deserialize_layer(c, custom_objects) for c in config.pop("cells")], **config)

    def build(self, input_shape: Any) -> None:
        shape = TensorShape(input_shape)
        for cell in self.cells:
            build_within(cell, shape)
            shape = TensorShape([shape[0], cell.units])
        self.built = True


def build_within(layer: Any, shape: Any) -> None:
    """Build a layer inside of another one's `build`, in a name scope of its own."""
    if layer.built:
        return
    scope = STATE.scope
    STATE.scope = f"{scope}{layer.name}/"
    try:
        layer._maybe_build(Shaped(TensorShape(shape)))
    finally:
        STATE.scope = scope


class Shaped:
    """Stands for an input of which only the shape is known."""

    def __init__(self, shape: TensorShape):
        self.shape = shape
