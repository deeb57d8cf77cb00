"""A stack of layers, each with one input and one output."""

from __future__ import annotations

import logging
from typing import Any

from gradtape.core.context import STATE
from gradtape.core.tensor import Tensor
from gradtape.keras.engine.context import CALL, MASKS_SEEN, changed, get_mask, top_scope
from gradtape.keras.engine.functional import Functional
from gradtape.keras.engine.input_layer import Input, InputLayer
from gradtape.keras.engine.keras_tensor import KerasTensor
from gradtape.keras.engine.layer import Layer
from gradtape.keras.engine.model import FUNCTIONAL, Model
from gradtape.keras.engine.nest import flatten
from gradtape.keras.engine.signature import call_spec

_log = logging.getLogger("gradtape")
_ONE_OUTPUT = (
    "All layers in a Sequential model should have a single output tensor. For multi-output layers, use the functional "
    "API."
)


class Sequential(Functional):
    """Layers one after another.  layers: a list; more with `add`.

    The weights are made at once where the input's shape is known (an `Input`, or `input_shape` of the first
    layer), else
    when the model is first called.

    >>> model = tf.keras.Sequential([tf.keras.layers.Dense(2, input_shape=(3,))])
    >>> model.count_params()
    8
    """

    _fitting_shape: Any = None

    def __init__(self, layers: Any = None, name: str | None = None):
        Model.__init__(self, name=name, autocast=False)
        self.__dict__.update(
            _masks_itself=True, _inferred_input_shape=None, _has_explicit_input_shape=False, _graph_initialized=False,
            _legacy_deferred=False, _created_nodes=set(), _chain=None, _supports_masking=True,
        )  # fmt: skip
        if layers:
            for layer in layers if isinstance(layers, list | tuple) else [layers]:
                self.add(layer)

    def _init_set_name(self, name: str | None) -> None:
        if not name:
            super()._init_set_name(name)
        else:
            self.__dict__["_name"] = name

    @property
    def layers(self) -> list[Any]:
        """The layers that were added (without an input layer)."""
        found = list(self._flatten_layers(include_self=False, recursive=False))
        return found[1:] if found and isinstance(found[0], InputLayer) else found

    @property
    def _all_layers(self) -> list[Any]:
        return list(self._flatten_layers(include_self=False, recursive=False))

    def add(self, layer: Any) -> None:
        """Put a layer on top.  Raises TypeError for what is no layer, ValueError for a name that is taken."""
        if isinstance(layer, KerasTensor) and isinstance(layer._keras_history.layer, InputLayer):
            layer = layer._keras_history.layer
        if not isinstance(layer, Layer):
            raise TypeError(
                f"The added layer must be an instance of class Layer. Received: layer={layer} of type {type(layer)}."
            )
        if any(other.name == layer.name and other is not layer for other in self.layers):
            raise ValueError(
                "All layers added to a Sequential model should have unique names. Name "
                f'"{layer.name}" is already the name '
                "of a layer in this model. Update the `name` argument to pass a unique name."
            )
        state = self.__dict__
        state["built"] = False
        state["_seen_dtype"] = None
        set_inputs = False
        if not self._tracked:
            if isinstance(layer, InputLayer):
                set_inputs = True
            else:
                shape, dtype = _shape_and_dtype(layer)
                if shape:
                    layer(Input(batch_shape=shape, dtype=dtype, name=layer.name + "_input"))
                    set_inputs = True
            if set_inputs:
                outputs = flatten(layer._inbound_nodes[-1].outputs)
                if len(outputs) != 1:
                    raise ValueError(_ONE_OUTPUT)
                state["outputs"] = outputs
                state["inputs"] = _sources(outputs[0])
                state["_has_explicit_input_shape"] = True
        elif self.outputs:
            output = layer(self.outputs[0])
            if len(flatten(output)) != 1:
                raise ValueError(_ONE_OUTPUT)
            state["outputs"] = flatten(output)
        if set_inputs or self._graph_initialized:
            self._init_graph_network(self.inputs, self.outputs)
            state["_graph_initialized"] = True
        else:
            self._tracked.append(layer)
            changed()

    def pop(self) -> None:
        """Take the top layer off.  Raises TypeError when there is none."""
        if not self.layers:
            raise TypeError("There are no layers in the model.")
        self._tracked.pop()
        changed()
        state = self.__dict__
        state["_seen_dtype"] = None
        if not self.layers:
            state.update(outputs=None, inputs=None, built=False, _inferred_input_shape=None, _chain=None,
                         _has_explicit_input_shape=False, _graph_initialized=False)  # fmt: skip
        elif self._graph_initialized:
            self.layers[-1]._outbound_nodes.clear()
            state["outputs"] = [self.layers[-1].output]
            self._init_graph_network(self.inputs, self.outputs)

    def _build_for_shape(self, shape: Any, dtype: Any = None) -> None:
        """Wire the layers for this input shape; axes that differ from earlier ones become unknown."""
        if (
            shape is None
            or not self.layers
            or self._has_explicit_input_shape
            or self._legacy_deferred
        ):
            return
        state, shape = self.__dict__, tuple(shape)
        before = self._inferred_input_shape
        new = shape if before is None else _relax(before, shape)
        if new is None or new == before:
            return
        x: Any = Input(batch_shape=new, dtype=dtype, name=self.layers[0].name + "_input")
        inputs, created = x, set()
        for layer in self.layers:
            _forget_nodes(layer, self._created_nodes)
            try:
                with top_scope():
                    x = layer(x)
            except Exception:
                # The layer says better on real data what is wrong with it.
                state["_legacy_deferred"] = True
                return
            if len(flatten(x)) != 1:
                raise ValueError(_ONE_OUTPUT)
            created.add(layer._inbound_nodes[-1])
        state["_created_nodes"] = created
        self._init_graph_network(inputs, x)
        state["_graph_initialized"] = True
        state["_input_spec"] = None
        state["_inferred_input_shape"] = new

    def build(self, input_shape: Any = None) -> None:
        """Make the weights for an input of this shape (batch size first, may be None)."""
        if self._graph_initialized:
            self._init_graph_network(self.inputs, self.outputs)
        else:
            if input_shape is None:
                raise ValueError("You must provide an `input_shape` argument.")
            self._build_for_shape(input_shape)
            if not self.built:
                self.__dict__["_build_input_shape"] = tuple(input_shape)
                Model.build(self, tuple(input_shape))
        self.__dict__["built"] = True

    def _maybe_build(self, inputs: Any) -> None:
        self.__dict__["built"] = True  # `call` wires the layers for the shape it gets

    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        """The output of the last layer."""
        if type(inputs) is Tensor and mask is None:
            value = inputs._value
            if value.shape == self._fitting_shape and value.dtype is self._ref_np:
                x: Any = inputs
                noted = bool(STATE.recorders)
                for layer in self._chain:
                    if (
                        layer._own
                        and type(x) is Tensor
                        and x._value.dtype is layer._seen_dtype
                        and x._value.shape[1:] == layer._seen_shape
                        and not MASKS_SEEN[0]
                    ):
                        # What its `__call__` comes to.
                        x = layer._noted(x) if noted else layer._fast(x)
                    else:
                        x = layer(x)
                return x
        if not self._has_explicit_input_shape:
            if isinstance(inputs, Tensor | KerasTensor):
                shape = tuple(inputs.shape)
                self._build_for_shape(
                    (None, *shape[1:]) if CALL.open_batch else shape, inputs.dtype
                )
            else:
                self.__dict__["_legacy_deferred"] = True
                _log.warning(
                    "Layers in a Sequential model should only have a single input tensor. Received: "
                    "inputs=%s. Consider rewriting this model with the Functional API.", inputs,
                )  # fmt: skip
        if self._graph_initialized:
            if (
                self._chain is not None
                and type(inputs) is Tensor
                and inputs._value.ndim == self._ref_rank
            ):
                # Nothing has to be conformed or wired for this shape the next time.
                self.__dict__["_fitting_shape"] = inputs._value.shape
            return super().call(inputs, training=training, mask=mask)
        outputs = inputs
        for layer in self.layers:
            spec = call_spec(layer)
            kwargs = {"mask": mask} if "mask" in spec.names else {}
            if "training" in spec.names:
                kwargs["training"] = training
            outputs = layer(outputs, **kwargs)
            mask = get_mask(flatten(outputs)[0])
        return outputs

    def _known_outputs(self, inputs: Any) -> Any:
        return super()._known_outputs(inputs) if self._has_explicit_input_shape else None

    def compute_output_shape(self, input_shape: Any) -> Any:
        shape = input_shape
        for layer in self.layers:
            shape = layer.compute_output_shape(shape)
        return shape

    def _assert_weights_created(self) -> None:
        if not self._graph_initialized and not self.built:
            raise ValueError(
                f"Weights for model '{self.name}' have not yet been created. Weights are created when "
                "the model is first "
                "called on inputs or `build()` is called with an `input_shape`."
            )

    @property
    def input(self) -> Any:
        return super().input if self._is_graph_network else Layer.input.fget(self)  # pyright: ignore[reportOptionalCall]

    @property
    def output(self) -> Any:
        return super().output if self._is_graph_network else Layer.output.fget(self)  # pyright: ignore[reportOptionalCall]

    @property
    def input_shape(self) -> Any:
        return super().input_shape if self._is_graph_network else Layer.input_shape.fget(self)  # pyright: ignore[reportOptionalCall]

    @property
    def output_shape(self) -> Any:
        return super().output_shape if self._is_graph_network else Layer.output_shape.fget(self)  # pyright: ignore[reportOptionalCall]

    def get_config(self) -> dict[str, Any]:
        return FUNCTIONAL["sequential_config"](self)

    @classmethod
    def from_config(cls, config: Any, custom_objects: Any = None) -> Any:
        return FUNCTIONAL["sequential_from_config"](cls, config, custom_objects)


def _relax(a: tuple[Any, ...], b: tuple[Any, ...]) -> tuple[Any, ...] | None:
    if len(a) != len(b):
        return None
    return tuple(m if m == n else None for m, n in zip(a, b))


def _sources(tensor: Any) -> list[Any]:
    """The inputs that a symbolic tensor depends on."""
    node = tensor.node
    if node.is_input:
        return flatten(node.outputs)
    found: list[Any] = []
    for x in node.keras_inputs:
        found.extend(s for s in _sources(x) if not any(s is f for f in found))
    return found


def _forget_nodes(layer: Any, nodes: set[Any]) -> None:
    for node in layer._inbound_nodes:
        for x in node.keras_inputs:
            source = x._keras_history.layer
            source.__dict__["_outbound_nodes"] = [
                n for n in source._outbound_nodes if n not in nodes
            ]
    layer.__dict__["_inbound_nodes"] = [n for n in layer._inbound_nodes if n not in nodes]


def _shape_and_dtype(layer: Any) -> tuple[Any, Any]:
    """The batch input shape given to a layer, or to the first one inside."""
    while isinstance(layer, Model) and not hasattr(layer, "_batch_input_shape"):
        inner = layer._all_layers if isinstance(layer, Sequential) else layer.layers
        if not inner:
            return None, None
        layer = inner[0]
    shape = getattr(layer, "_batch_input_shape", None)
    return (shape, layer.dtype) if shape is not None else (None, None)
