"""The base of all layers: weights, the call, losses, names."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from gradtape.base.dtypes import DTYPES, as_dtype
from gradtape.core.card import PUBLIC
from gradtape.core.context import STATE
from gradtape.core.convert import convert
from gradtape.core.tensor import Tensor
from gradtape.core.trail import begun, ended
from gradtape.keras import regularizers
from gradtape.keras.engine import naming
from gradtape.keras.engine.connected import Connected
from gradtape.keras.engine.context import (
    CALL,
    LEARNING_PHASE,
    LOSSES_SEEN,
    MASKS_SEEN,
    changed,
    get_mask,
    scope_of,
    set_mask,
)
from gradtape.keras.engine.input_spec import InputSpec, assert_input_compatibility
from gradtape.keras.engine.keras_tensor import KerasTensor
from gradtape.keras.engine.losses_of import Losses
from gradtape.keras.engine.nest import as_shapes, flatten, map_structure, pack
from gradtape.keras.engine.policy import Policy, global_policy
from gradtape.keras.engine.randomness import real_random
from gradtape.keras.engine.short_way import ShortWay
from gradtape.keras.engine.signature import call_spec
from gradtape.keras.engine.weights import Weights
from gradtape.transforms.autograph import for_trace

_KEYWORDS = {"input_dim", "input_shape", "batch_input_shape", "batch_size", "weights", "activity_regularizer",
             "autocast", "implementation"}  # fmt: skip
# Set by gradtape.keras.engine.symbolic, which stands on this room.
SYMBOLIC: dict[str, Callable[..., Any]] = {}


def _default(function: Any) -> Any:
    function._is_default = True
    return function


class Layer(ShortWay, Weights, Connected, Losses):
    """A computation with weights.  Derive from it: create weights in `build` or `__init__`, compute in `call`.

    trainable: whether the weights are trained. name: found automatically (`my_layer`, `my_layer_1`) when None.
    dtype: of the weights and of the computation. input_shape, input_dim, batch_input_shape: of the first layer of a
    `Sequential`. weights: arrays for `set_weights`. activity_regularizer: a loss on the output.

    >>> class Scale(tf.keras.layers.Layer):
    ...     def build(self, input_shape):
    ...         self.factor = self.add_weight("factor", shape=(), initializer="ones")
    ...     def call(self, inputs):
    ...         return inputs * self.factor
    >>> Scale()(tf.constant([2.0, 3.0])).numpy()
    array([2., 3.], dtype=float32)
    """

    # Leaf: `call` does nothing but compute: no losses, no other layers. A class of the user's is never taken for one.
    _leaf = False
    _leaf_call: Any = None
    # Whether `compute_output_shape` may stand for running `call` on a symbolic input.
    _static_shape_call: Any = None
    is_module: bool = True  # `isinstance(layer, tf.Module)`
    _own: bool = True  # of gradtape; a class of the user's has places of its own

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "_own" not in cls.__dict__:
            cls._own = cls.__module__.startswith("gradtape.")
        if "_leaf" in cls.__dict__:
            cls._leaf_call = cls.call if cls._leaf else None
        if "compute_output_shape" in cls.__dict__ and hasattr(cls, "_output_dtype"):
            cls._static_shape_call = cls.call if cls.__module__.startswith("gradtape.") else None

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        layer = super().__new__(cls)
        if hasattr(cls.get_config, "_is_default"):
            # For `get_config`: what the layer was made with, where that is plain enough to be written down.
            names = list(inspect.signature(cls.__init__).parameters)[1 : len(args) + 1]
            given = {**kwargs, **dict(zip(names, args))}
            plain = all(isinstance(v, str | int | float | bool | None) for v in flatten(given))
            layer.__dict__["_arguments"] = given if plain else None
        return layer

    def __init__(
        self, trainable: bool = True, name: str | None = None, dtype: Any = None, dynamic: bool = False, **kwargs: Any
    ):  # fmt: skip
        unknown = [k for k in kwargs if k not in _KEYWORDS]
        if unknown:
            raise TypeError(f"Keyword argument not understood: {unknown[0]}")
        if (
            not isinstance(trainable, bool | np.bool_)
            and getattr(trainable, "dtype", None) != "bool"
        ):
            raise TypeError(f"Expected `trainable` argument to be a boolean, but got: {trainable}")
        if not isinstance(dynamic, bool):
            raise TypeError(f"Expected `dynamic` argument to be a boolean, but got: {dynamic}")
        self._start_tracking()
        state = self.__dict__
        state.update(
            _trainable=bool(trainable), built=False, _input_spec=None, _inbound_nodes=[], _outbound_nodes=[],
            _build_input_shape=None, _dynamic=dynamic, stateful=False, _call_spec=None, _call_losses=[],
            _weight_losses=[], _symbolic_losses=[], _autocast=kwargs.get("autocast", True),
        )  # fmt: skip
        state["_supports_masking"] = not hasattr(type(self).compute_mask, "_is_default")
        self._init_set_name(name)
        state["_activity_regularizer"] = regularizers.get(kwargs.get("activity_regularizer"))
        self._set_dtype_policy(dtype)
        if "input_dim" in kwargs and "input_shape" not in kwargs:
            kwargs["input_shape"] = (kwargs["input_dim"],)
        if "batch_input_shape" in kwargs:
            state["_batch_input_shape"] = tuple(kwargs["batch_input_shape"])
        elif "input_shape" in kwargs:
            shape = kwargs["input_shape"]
            shape = (shape,) if isinstance(shape, int) else tuple(shape)
            state["_batch_input_shape"] = (kwargs.get("batch_size"), *shape)
        state["_initial_weights"] = kwargs.get("weights")

    # --- name and dtype ---

    def _init_set_name(self, name: str | None) -> None:
        if name is None:
            stem = naming.to_snake_case(type(self).__name__)
            self.__dict__["_name"] = naming.unique_object_name(stem, zero_based=True)
        elif isinstance(name, str):
            naming.observe(name)
            self.__dict__["_name"] = name
        else:
            raise TypeError(f"Expected `name` argument to be a string, but got: {name}")

    @property
    def name(self) -> str:
        return self._name

    def _set_dtype_policy(self, dtype: Any) -> None:
        policy = global_policy() if dtype is None else Policy(dtype)
        compute = policy.compute_dtype
        self.__dict__.update(
            _dtype_policy=policy, _compute_np=as_dtype(compute).np if compute else None, _seen_dtype=None
        )  # fmt: skip

    @property
    def dtype(self) -> str | None:
        """Name of the dtype of the weights."""
        return self._dtype_policy.variable_dtype

    @property
    def variable_dtype(self) -> str | None:
        return self._dtype_policy.variable_dtype

    @property
    def compute_dtype(self) -> str | None:
        return self._dtype_policy.compute_dtype

    @property
    def dtype_policy(self) -> Policy:
        return self._dtype_policy

    @property
    def dynamic(self) -> bool:
        return any(layer._dynamic for layer in self._flatten_layers())

    @property
    def supports_masking(self) -> bool:
        return self._supports_masking

    @supports_masking.setter
    def supports_masking(self, value: bool) -> None:
        self.__dict__["_supports_masking"] = value

    @property
    def trainable(self) -> bool:
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        """Freeze or thaw the layer and all layers inside."""
        for layer in self._flatten_layers():
            layer.__dict__["_trainable"] = value
        changed()

    @property
    def activity_regularizer(self) -> Any:
        return self._activity_regularizer

    @activity_regularizer.setter
    def activity_regularizer(self, regularizer: Any) -> None:
        self.__dict__["_activity_regularizer"] = regularizer

    @property
    def input_spec(self) -> Any:
        return self._input_spec

    @input_spec.setter
    def input_spec(self, value: Any) -> None:
        for spec in flatten(value):
            if spec is not None and not isinstance(spec, InputSpec):
                raise TypeError(f"Layer input_spec must be an instance of InputSpec. Got: {spec}")
        self.__dict__["_input_spec"] = value

    # --- to be overridden ---

    @_default
    def build(self, input_shape: Any) -> None:
        """Create the weights.  input_shape: TensorShape, or a nest of them."""
        self.__dict__["_build_input_shape"] = input_shape
        self.__dict__["built"] = True

    @_default
    def call(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """The computation."""
        return inputs

    @_default
    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """The mask of the output: that of the input, where the layer supports masks."""
        if not self._supports_masking:
            if any(m is not None for m in flatten(mask)):
                raise TypeError(
                    f"Layer {self.name} does not support masking, but was passed an input_mask: {mask}"
                )
            return None
        return mask

    @_default
    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the output for a shape of the input (None for unknown sizes)."""
        return SYMBOLIC["output_shape"](self, input_shape)

    def _known_outputs(self, inputs: Any) -> Any:
        """Symbolic outputs for symbolic inputs where they are known without running `call`."""
        return None

    def compute_output_signature(self, input_signature: Any) -> Any:
        return SYMBOLIC["signature"](self, input_signature)

    @_default
    def get_config(self) -> dict[str, Any]:
        """What `from_config` needs to make the layer anew (without its weights)."""
        config: dict[str, Any] = {"name": self.name, "trainable": self.trainable}
        config["dtype"] = self._dtype_policy.name
        if hasattr(self, "_batch_input_shape"):
            config["batch_input_shape"] = self._batch_input_shape
        if hasattr(self, "dynamic") and self.dynamic:
            config["dynamic"] = self.dynamic
        if not hasattr(type(self).get_config, "_is_default"):
            return config
        given = self.__dict__.get("_arguments")
        if given is None:
            raise NotImplementedError(
                f"Layer {type(self).__name__} was created by passing non-serializable argument values in "
                "`__init__()`, and therefore the layer must override `get_config()` in order to be serializable: "
                "return the arguments, with super().get_config(), as a dict."
            )
        parameters = inspect.signature(type(self).__init__).parameters
        if not any(p.kind == p.VAR_KEYWORD for p in parameters.values()):
            config = {k: v for k, v in config.items() if k in parameters}
        config.update(given)
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """A new layer from what `get_config` gave."""
        return cls(**config)

    # --- calling ---

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if len(args) == 1 and (not kwargs or (len(kwargs) == 1 and "training" in kwargs)):
            x = args[0]
            if type(x) is Tensor:
                value = x._value
                if (
                    value.dtype is self._seen_dtype
                    and value.shape[1:] == self._seen_shape
                    and not (MASKS_SEEN[0] and get_mask(x) is not None)
                ):
                    if kwargs:
                        return self._in_mode(x, kwargs["training"])
                    return self._placed(x) if STATE.recorders else self._fast(x)
        starts = begun() if STATE.recorders else ()
        site = STATE.site
        if not self._own:
            STATE.site = None
        try:
            return self._call_in_full(args, kwargs)
        finally:
            STATE.site = site
            if starts:
                ended(self, starts)

    def _call_in_full(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        spec = self.__dict__.get("_call_spec")
        if spec is None:
            if "_weight_losses" not in self.__dict__:
                raise RuntimeError("You must call `super().__init__()` in the layer constructor.")
            spec = self.__dict__["_call_spec"] = call_spec(self)
        inputs, args, kwargs = self._split(spec, args, kwargs)
        flat = flatten(inputs)
        if any(isinstance(x, KerasTensor) for x in (*flat, *flatten((args, kwargs)))):
            return SYMBOLIC["call"](self, inputs, args, kwargs)
        if any(isinstance(x, np.ndarray | np.generic | float | int) for x in flat):
            inputs = map_structure(
                lambda x: convert(x) if isinstance(x, np.ndarray | np.generic | float | int) else x, inputs
            )  # fmt: skip
            flat = flatten(inputs)
        plain = not args and (not kwargs or list(kwargs) == ["training"]) and type(inputs) is Tensor
        masks, implicit = self._input_masks(spec, inputs, flat, args, kwargs)
        if spec.mask and implicit:
            kwargs = {**kwargs, "mask": masks}
        training, args, kwargs = self._training(spec, args, kwargs)
        if LOSSES_SEEN[0] and not CALL.stack:
            self._clear_losses()
        outer, scope = CALL.training, STATE.scope
        STATE.scope = scope_of(self._name)
        CALL.stack.append(self)
        CALL.training = training
        try:
            assert_input_compatibility(self._input_spec, inputs, self._name)
            if not self.built or self._initial_weights is not None:
                self._maybe_build(inputs)
            x = inputs
            if self._autocast:
                x = self._cast(inputs, flat)
            outputs = (self.call if self._own else for_trace(self.call))(x, *args, **kwargs)
            if self._activity_regularizer is not None:
                self._regularize_activity(outputs)
            if self._supports_masking:
                self._set_output_masks(x, outputs, masks)
        finally:
            CALL.training, STATE.scope = outer, scope
            CALL.stack.pop()
        if plain and x is inputs:
            self._learn_short_way(spec, inputs, outputs)
        return outputs

    def _split(self, spec: Any, args: Any, kwargs: Any) -> Any:
        if args:
            return args[0], args[1:], kwargs
        first = spec.names[0] if spec.names else None
        if first not in kwargs:
            raise ValueError("The first argument to `Layer.call` must always be passed.")
        return kwargs[first], (), {k: v for k, v in kwargs.items() if k != first}

    def _training(self, spec: Any, args: Any, kwargs: Any) -> Any:
        """(mode for inner layers, args, kwargs): given, else the outer call's, else the default of `call`."""
        if not spec.training:
            if "training" in kwargs:
                kwargs = dict(kwargs)
                return kwargs.pop("training"), args, kwargs
            return CALL.training, args, kwargs
        mode = None
        if spec.passed("training", args, kwargs):
            mode = spec.value("training", args, kwargs)
        if mode is None:
            mode = self._default_training(spec)
            args, kwargs = spec.put("training", mode, args, kwargs)
        return mode, args, kwargs

    @staticmethod
    def _default_training(spec: Any) -> Any:
        if CALL.training is not None:
            return CALL.training
        if LEARNING_PHASE[0] is not None:
            return bool(LEARNING_PHASE[0])
        return spec.training_default

    def _input_masks(self, spec: Any, inputs: Any, flat: list[Any], args: Any, kwargs: Any) -> Any:
        if not self._supports_masking and not spec.mask:
            return None, False
        if spec.passed("mask", args, kwargs):
            return spec.value("mask", args, kwargs), False
        masks = [get_mask(x) for x in flat]
        if all(m is None for m in masks):
            return None, False
        return pack(inputs, masks), True

    def _set_output_masks(self, inputs: Any, outputs: Any, masks: Any) -> None:
        flat = flatten(outputs)
        if getattr(self, "_masks_itself", False) or all(get_mask(x) is not None for x in flat):
            return
        found = self.compute_mask(inputs, masks)
        if found is not None:
            for tensor, mask in zip(flat, flatten(found)):
                set_mask(tensor, mask)

    def _maybe_build(self, inputs: Any) -> None:
        if not self.built:
            flat = flatten(inputs)
            if flat and self._dtype_policy.compute_dtype is None and hasattr(flat[0], "dtype"):
                self._set_dtype_policy(as_dtype(flat[0].dtype).name)
            if any(hasattr(x, "shape") for x in flat):
                shapes = map_structure(lambda x: getattr(x, "shape", None), inputs)
            else:
                shapes = as_shapes(inputs)
            if not hasattr(self.build, "_is_default"):
                with real_random():
                    self.build(shapes)
                if CALL.probing:
                    CALL.born.extend((v, v._held()) for v in self.weights)
            Layer.build(self, shapes)
        if self._initial_weights is not None:
            self._set_initial_weights()

    def _cast(self, inputs: Any, flat: list[Any]) -> Any:
        """Floating inputs in the dtype that the layer computes in."""
        wanted = self._compute_np
        if wanted is None or not DTYPES[wanted].is_floating:
            return inputs

        def wrong(x: Any) -> bool:
            return isinstance(x, Tensor) and x._value.dtype != wanted and x.dtype.is_floating

        if not any(wrong(x) for x in flat):
            return inputs
        return map_structure(lambda x: PUBLIC["cast"](x, DTYPES[wanted]) if wrong(x) else x, inputs)
