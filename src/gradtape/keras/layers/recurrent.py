"""Recurrent layers: a cell run over the steps of a sequence."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape.base.exports import EXPORTS as TF
from gradtape.base.shapes import TensorShape
from gradtape.core.context import STATE
from gradtape.core.tensor import Tensor
from gradtape.core.variable import Variable
from gradtape.keras.engine.arrays import outside_traces
from gradtape.keras.engine.config import deserialize_layer
from gradtape.keras.engine.context import CALL
from gradtape.keras.engine.input_spec import InputSpec
from gradtape.keras.engine.nest import flatten, is_shape, map_structure, pack
from gradtape.keras.layers.base import BuiltIn
from gradtape.keras.layers.cells import (
    Cell,
    GRUCell,
    LSTMCell,
    Shaped,
    SimpleRNNCell,
    StackedRNNCells,
    build_within,
)
from gradtape.keras.layers.sequences import can_loop, in_a_loop


class RNN(BuiltIn):
    """A cell run over axis 1.  float[b, steps, k] -> float[b, units], or float[b, steps, units] (`return_sequences`).

    cell: has `state_size` and `call(inputs, states) -> (output, states)`; a list is stacked. return_state: the
    last states
    are given too. go_backwards: from the last step to the first. stateful: states are kept from batch to batch.
    Masked steps leave the state as it is.
    """

    def __init__(
        self, cell: Any, return_sequences: bool = False, return_state: bool = False, go_backwards: bool = False,
        stateful: bool = False, unroll: bool = False, time_major: bool = False, **kwargs: Any,
    ):  # fmt: skip
        if isinstance(cell, list | tuple):
            cell = StackedRNNCells(cell)
        if "call" not in dir(cell):
            raise ValueError(f"Argument `cell` should have a `call` method. Received: cell={cell}")
        if "state_size" not in dir(cell):
            raise ValueError(
                "The RNN cell should have a `state_size` attribute (tuple of integers, one integer per RNN state). "
                f"Received: cell={cell}"
            )
        kwargs.pop("zero_output_for_mask", None)
        super().__init__(**kwargs)
        self.return_sequences, self.return_state, self.go_backwards = (
            return_sequences,
            return_state,
            go_backwards,
        )
        self.stateful, self.unroll, self.time_major = stateful, unroll, time_major
        self.supports_masking = True
        self.__dict__["_states"] = None
        self.cell = cell
        self.input_spec = InputSpec(ndim=3)

    @property
    def states(self) -> Any:
        return self._states

    def build(self, input_shape: Any) -> None:
        first = input_shape if is_shape(input_shape) else input_shape[0]
        shape = TensorShape(first)
        build_within(self.cell, [shape[0], *shape[2:]])
        self.built = True

    def __call__(
        self, *args: Any, initial_state: Any = None, constants: Any = None, **kwargs: Any
    ) -> Any:
        if (
            initial_state is None
            and args
            and isinstance(args[0], list | tuple)
            and len(args[0]) > 1
        ):
            args, initial_state = (args[0][0], *args[1:]), list(args[0][1:])
        if initial_state is not None:
            kwargs["initial_state"] = initial_state
        return super().__call__(*args, **kwargs)

    def get_initial_state(self, inputs: Any) -> list[Any]:
        """The states that a sequence begins with: zeros."""
        n = inputs._value.shape[1 if self.time_major else 0]
        make = getattr(self.cell, "get_initial_state", None)
        if make is not None:
            found = make(batch_size=n, dtype=inputs._value.dtype)
        else:
            sizes = self.cell.state_size
            zero = lambda k: Tensor(
                np.zeros((n, *(k if isinstance(k, list | tuple) else (k,))), inputs._value.dtype)
            )
            found = [zero(k) for k in sizes] if isinstance(sizes, list | tuple) else zero(sizes)
        return found if isinstance(found, list) else [found]

    def call(
        self, inputs: Any, mask: Any = None, training: Any = None, initial_state: Any = None
    ) -> Any:
        states = self._start(inputs, initial_state)
        if hasattr(self.cell, "reset_dropout"):
            self.cell.reset_dropout()
        mask = mask[0] if isinstance(mask, list) else mask
        if (
            STATE.trace is not None
            and not self.unroll
            and can_loop(self.cell, inputs, self.time_major)
        ):
            return self._results(*in_a_loop(self, inputs, mask, states, training))
        axis = 0 if self.time_major else 1
        steps = TF["unstack"](inputs, axis=axis)
        keep = None if mask is None else TF["unstack"](mask, axis=axis)
        order = range(len(steps) - 1, -1, -1) if self.go_backwards else range(len(steps))
        takes_training = {"training": training} if self._cell_takes_training() else {}
        single = not isinstance(self.cell.state_size, list | tuple)
        outputs: list[Any] = []
        for t in order:
            given = states[0] if single and not isinstance(self.cell, Cell) else states
            output, new = self.cell(steps[t], given, **takes_training)
            new = list(new) if isinstance(new, list | tuple) else [new]
            if keep is not None:
                here = TF["expand_dims"](keep[t], axis=-1)
                before = outputs[-1] if outputs else TF["zeros_like"](output)
                output = TF["where"](here, output, before)
                flat = [TF["where"](here, n, o) for n, o in zip(flatten(new), flatten(states))]
                new = pack(new, flat)
            states = new
            outputs.append(output)
        result = TF["stack"](outputs, axis=axis) if self.return_sequences else outputs[-1]
        return self._results(result, states)

    def _results(self, result: Any, states: Any) -> Any:
        if STATE.trace is not None and hasattr(self.cell, "reset_dropout"):
            self.cell.reset_dropout()  # the masks are values of this trace
        if self.stateful and not CALL.probing:
            self._keep(states)
        return [result, *states] if self.return_state else result

    def _keep(self, states: list[Any]) -> None:
        """Remember the states for the next batch."""
        self._make_states(states)
        for variable, s in zip(flatten(self._states), flatten(states)):
            variable._store(s._value)

    def _make_states(self, states: list[Any]) -> None:
        """Variables for states of these shapes; they are no weights."""
        known, flat = flatten(self._states), flatten(states)
        if self._states is None or any(
            v.shape.as_list() != s.shape.as_list() for v, s in zip(known, flat)
        ):
            self.__dict__["_states"] = pack(states, [Variable(s, False) for s in flat])

    def _cell_takes_training(self) -> bool:
        code = getattr(getattr(self.cell.call, "__func__", self.cell.call), "__code__", None)
        return (
            code is not None
            and "training" in code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        )

    def _start(self, inputs: Any, initial_state: Any) -> list[Any]:
        if initial_state is not None:
            return (
                list(initial_state) if isinstance(initial_state, list | tuple) else [initial_state]
            )
        if self.stateful and not CALL.probing:
            with outside_traces():
                self._make_states(self.get_initial_state(inputs))
            return list(map_structure(lambda v: v.value(), self._states))
        return self.get_initial_state(inputs)

    def reset_states(self, states: Any = None) -> None:
        """Begin the next batch with zeros, or with `states`."""
        if not self.stateful:
            raise AttributeError("Layer must be stateful.")
        if states is not None:
            self._keep([Tensor(np.asarray(s, self._compute_np)) for s in flatten(states)])
        elif self._states is not None:
            for variable in flatten(self._states):
                variable._store(np.zeros(variable._value.shape, variable._value.dtype))

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        mask = mask[0] if isinstance(mask, list) else mask
        found = mask if self.return_sequences else None
        if self.return_state:
            return [found, *[None] * len(flatten(self.cell.state_size))]
        return found

    def compute_output_shape(self, input_shape: Any) -> Any:
        if isinstance(input_shape, list):
            input_shape = input_shape[0]
        batch, steps = TensorShape(input_shape)[:2]
        if self.time_major:
            batch, steps = steps, batch
        size = getattr(self.cell, "output_size", None) or flatten(self.cell.state_size)[0]
        lead = (
            ([steps, batch] if self.time_major else [batch, steps])
            if self.return_sequences
            else [batch]
        )
        output = TensorShape([*lead, size])
        if self.return_state:
            return [output, *(TensorShape([batch, n]) for n in flatten(self.cell.state_size))]
        return output

    _static_shape_call = None

    def get_config(self) -> dict[str, Any]:
        config = {
            "return_sequences": self.return_sequences,
            "return_state": self.return_state,
            "go_backwards": self.go_backwards,
            "stateful": self.stateful,
            "unroll": self.unroll,
            "time_major": self.time_major,
        }
        if type(self) is RNN:
            config["cell"] = {  # pyright: ignore[reportArgumentType]
                "class_name": type(self.cell).__name__,
                "config": self.cell.get_config(),
            }
        return {**super().get_config(), **config}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        config = dict(config)
        if "cell" in config:
            return cls(deserialize_layer(config.pop("cell"), custom_objects), **config)
        return cls(**config)


class _OfCell(RNN):
    """A recurrent layer that makes its own cell from the cell's arguments."""

    _cell: type[Cell]

    def __init__(
        self, units: int, *args: Any, return_sequences: bool = False, return_state: bool = False,
        go_backwards: bool = False, stateful: bool = False, unroll: bool = False, time_major: bool = False,
        activity_regularizer: Any = None, **kwargs: Any,
    ):  # fmt: skip
        own = (
            "name",
            "trainable",
            "dtype",
            "input_shape",
            "batch_input_shape",
            "input_dim",
            "batch_size",
            "weights",
        )
        outer = {key: kwargs.pop(key) for key in own if key in kwargs}
        inner = {key: outer[key] for key in ("dtype", "trainable") if key in outer}
        cell = self._cell(units, *args, **kwargs, **inner)
        super().__init__(
            cell, return_sequences, return_state, go_backwards, stateful, unroll, time_major,
            activity_regularizer=activity_regularizer, **outer,
        )  # fmt: skip

    def __getattr__(self, name: str) -> Any:
        cell = self.__dict__.get("cell")
        if cell is None or name.startswith("_"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return getattr(cell, name)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self.cell._own_config(self)}


class SimpleRNN(_OfCell):
    """h' = activation(x W + h R + b) over the steps.  float[b, steps, k] -> float[b, units]."""

    _cell = SimpleRNNCell


class LSTM(_OfCell):
    """Long short-term memory over the steps.  float[b, steps, k] -> float[b, units]; states h and c.

    >>> tuple(tf.keras.layers.LSTM(4, return_sequences=True)(tf.zeros([2, 5, 3])).shape)
    (2, 5, 4)
    """

    _cell = LSTMCell


class GRU(_OfCell):
    """Gated recurrent unit over the steps.  float[b, steps, k] -> float[b, units]."""

    _cell = GRUCell


class Wrapper(BuiltIn):
    """A layer around another one."""

    def __init__(self, layer: Any, **kwargs: Any):
        super().__init__(**kwargs)
        self.layer = layer

    def get_config(self) -> dict[str, Any]:
        inner = {"class_name": type(self.layer).__name__, "config": self.layer.get_config()}
        return {**super().get_config(), "layer": inner}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        config = dict(config)
        return cls(deserialize_layer(config.pop("layer"), custom_objects), **config)


class TimeDistributed(Wrapper):
    """A layer applied to each step.  any[b, steps, ...] -> any[b, steps, ...]."""

    def __init__(self, layer: Any, **kwargs: Any):
        super().__init__(layer, **kwargs)
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        shape = TensorShape(input_shape)
        if not self.layer.built:
            self.layer._maybe_build(Shaped(TensorShape([shape[0], *shape[2:]])))
        self.built = True

    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        shape = inputs._value.shape
        y = self.layer(TF["reshape"](inputs, (shape[0] * shape[1], *shape[2:])))
        return TF["reshape"](y, (*shape[:2], *y._value.shape[1:]))


class Bidirectional(Wrapper):
    """A recurrent layer run forwards, and a copy of it backwards.

    merge_mode: "concat" (features), "sum", "mul", "ave", or None (a list).
    """

    def __init__(
        self, layer: Any, merge_mode: str | None = "concat", weights: Any = None, backward_layer: Any = None,
        **kwargs: Any
    ):  # fmt: skip
        if merge_mode not in ("sum", "mul", "ave", "concat", None):
            raise ValueError(
                f"Invalid merge mode. Received: {merge_mode}. Merge mode should be one of "
                '{"sum", "mul", "ave", "concat", None}'
            )
        super().__init__(layer, **kwargs)
        self.merge_mode = merge_mode
        config = layer.get_config()
        self.forward_layer = type(layer).from_config({**config, "name": f"forward_{layer.name}"})
        if backward_layer is None:
            backward_layer = type(layer).from_config(
                {**config, "name": f"backward_{layer.name}", "go_backwards": not layer.go_backwards}
            )
        self.backward_layer = backward_layer
        del self.layer
        self.__dict__["layer"] = layer
        self.supports_masking = True

    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        kwargs = {} if mask is None else {"mask": mask}
        a = self.forward_layer(inputs, training=training, **kwargs)
        b = self.backward_layer(inputs, training=training, **kwargs)
        states: list[Any] = []
        if self.layer.return_state:
            states = [*a[1:], *b[1:]]
            a, b = a[0], b[0]
        if self.layer.return_sequences:
            b = TF["reverse"](b, axis=[1])
        merges = {
            "concat": lambda: TF["concat"]([a, b], axis=-1), "sum": lambda: a + b, "mul": lambda: a * b,
            "ave": lambda: (a + b) / 2, None: lambda: [a, b],
        }  # fmt: skip
        merged = merges[self.merge_mode]()
        if not states:
            return merged
        return [*merged, *states] if isinstance(merged, list) else [merged, *states]

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return mask if self.layer.return_sequences else None

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "merge_mode": self.merge_mode}
