"""What all optimizers share: slots, learning rate, clipping, weight decay, moving averages.

A rule of ours is a pure function on arrays, `step(self, g, w, lr, *state) -> (w, *state)`, with the names of its state
in `slots`.  A rule of a user's is `update_step(gradient, variable)` on tensors, as in Keras.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import numpy as np

from gradtape.base.quiet import quiet
from gradtape.core.context import STATE
from gradtape.core.convert import convert, numpy_dtype
from gradtape.core.slices import IndexedSlices
from gradtape.core.tape import GradientTape
from gradtape.core.tensor import Tensor
from gradtape.core.variable import UnreadVariable, Variable
from gradtape.keras.engine.arrays import array_like, is_traced, outside_traces
from gradtape.keras.optimizers.arguments import check_arguments
from gradtape.keras.optimizers.clipping import clip_by_global_norm, clip_by_norm, like
from gradtape.keras.optimizers.compiled import CompiledSteps
from gradtape.keras.optimizers.pairs import CallableList, distinct, present
from gradtape.keras.optimizers.schedules import LearningRateSchedule, deserialize, serialize
from gradtape.keras.optimizers.traced import check_shape, refuse_slices, update
from gradtape.transforms.autograph import for_trace


class Optimizer:
    """Base of all optimizers.

    weight_decay: each step first takes off weight_decay * learning_rate * w.
    clipnorm, clipvalue, global_clipnorm: gradients are clipped by their norm, by value, by their joint norm.
    use_ema, ema_momentum, ema_overwrite_frequency: keep a moving average of the weights.
    jit_compile: set it on the optimizer for `apply_gradients` outside of traced functions to be machine code.

    To derive an optimizer of your own, give it `build(var_list)` (make slots with `add_variable_from_reference`),
    `update_step(gradient, variable)` and `get_config()`.

    >>> class Plain(tf.keras.optimizers.Optimizer):
    ...     def __init__(self, learning_rate=0.1, name="Plain"):
    ...         super().__init__(name)
    ...         self._learning_rate = self._build_learning_rate(learning_rate)
    ...     def update_step(self, gradient, variable):
    ...         variable.assign_sub(self.learning_rate * gradient)
    >>> w = tf.Variable(1.0)
    >>> _ = Plain().apply_gradients([(tf.constant(2.0), w)])
    >>> round(float(w), 6)
    0.8
    """

    slots: tuple[str, ...] = ()  # names of the state of a rule of ours, in the order of `step`
    step: Any = None

    def __init__(
        self,
        name: str,
        weight_decay: float | None = 0,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        jit_compile: bool = True,
        **kwargs: Any,
    ):
        self.name = name
        self.weight_decay = weight_decay
        self.clipnorm, self.clipvalue, self.global_clipnorm = clipnorm, clipvalue, global_clipnorm
        self.use_ema = use_ema
        self.ema_momentum, self.ema_overwrite_frequency = ema_momentum, ema_overwrite_frequency
        self.jit_compile = False  # as in TensorFlow on a CPU, where it can be set afterwards
        self._compiled_steps: Any = None
        check_arguments(self, kwargs)
        self._iterations = Variable(np.asarray(0, np.int64), name="iteration", trainable=False)
        self._variables: list[Any] = [self._iterations]
        self._scope = ""  # before the names of variables made in a step
        self._index_dict: dict[int, int] = {}
        self._slots: dict[int, list[Variable]] = {}
        self._built_for: list[Variable] = []
        self._constrained = True  # known once built
        self._excluded: set[int] = set()
        self._excluded_names: list[str] = []

    # --- hyperparameters ---

    def _build_learning_rate(self, learning_rate: Any) -> Any:
        if isinstance(learning_rate, LearningRateSchedule):
            now = convert(learning_rate(self._iterations))
            self._current_learning_rate = Variable(
                now, name="current_learning_rate", trainable=False
            )
            return learning_rate
        return Variable(
            np.asarray(learning_rate, np.float32), name="learning_rate", trainable=False
        )

    @property
    def iterations(self) -> Any:
        """How many steps were taken: an int64 variable."""
        return self._iterations

    @iterations.setter
    def iterations(self, variable: Any) -> None:
        if getattr(self, "_built", False):
            raise RuntimeError("Set `iterations` before the first `apply_gradients()`.")
        self._variables[0] = self._iterations = variable

    @property
    def learning_rate(self) -> Any:
        """The learning rate of the next step: a variable; assignable unless it is a schedule."""
        rate = getattr(self, "_learning_rate", None)
        if rate is None:
            raise ValueError(
                "Missing learning rate, please set self.learning_rate at optimizer creation time."
            )
        return self._current_learning_rate if isinstance(rate, LearningRateSchedule) else rate

    @learning_rate.setter
    def learning_rate(self, learning_rate: Any) -> None:
        rate = getattr(self, "_learning_rate", None)
        if rate is None or isinstance(learning_rate, LearningRateSchedule):
            self._learning_rate = self._build_learning_rate(learning_rate)
        elif isinstance(rate, LearningRateSchedule):
            raise TypeError(
                "This optimizer was created with a `LearningRateSchedule`, so its learning rate cannot be set. "
                "Create it with a float `learning_rate`."
            )
        else:
            rate.assign(learning_rate)

    lr = learning_rate

    def _rate(self) -> Any:
        value = self.learning_rate._value
        return value[()] if STATE.trace is None else value

    def _step_number(self, dtype: Any) -> Any:
        """The number of the step that is being taken, from 1, in this dtype."""
        return (self._iterations._value + 1).astype(dtype)

    # --- state ---

    def build(self, var_list: Any) -> None:
        """Make the slots for the variables.  A derived class calls `super().build(var_list)` first."""
        if getattr(self, "_built", False):
            return
        self._index_dict = {id(v._base): i for i, v in enumerate(var_list)}
        self._built_for = [v._base for v in var_list]  # kept, so that their ids stay theirs
        self._constrained = any(v.constraint is not None for v in var_list)
        self._averages = []
        if self.use_ema:
            for v in var_list:
                self._averages.append(
                    self.add_variable_from_reference(v, "average", initial_value=v)
                )
        if self.step is not None:
            self._build_slots(var_list)
            self._built = True

    def _build_slots(self, var_list: Any) -> None:
        self._slots = {id(v._base): [] for v in var_list}
        for group in self.slot_groups():
            for v in var_list:
                for slot in group:
                    made = self.add_variable_from_reference(
                        v, slot, initial_value=self.initial(slot, v)
                    )
                    self._slots[id(v._base)].append(made)

    def slot_groups(self) -> tuple[tuple[str, ...], ...]:
        """The slots as they are made: group by group, within a group variable by variable."""
        return (self.slots,)

    def initial(self, slot: str, variable: Any) -> Any:
        """The first value of a slot; None for zeros."""
        return None

    def add_variable(
        self, shape: Any, dtype: Any = None, initializer: Any = "zeros", name: str | None = None
    ) -> Any:
        """A variable of the optimizer."""
        made = (
            initializer
            if callable(initializer)
            else {"zeros": np.zeros, "ones": np.ones}[initializer]
        )
        value = made(tuple(shape or ()), numpy_dtype(dtype or "float32"))
        variable = Variable(value, name=name, trainable=False)
        self._variables.append(variable)
        return variable

    def add_variable_from_reference(
        self, model_variable: Any, variable_name: str, shape: Any = None, initial_value: Any = None
    ) -> Any:
        """A variable like a model's, named `{variable_name}/{model_variable.name}`; zeros by default."""
        if initial_value is None:
            value: Any = np.zeros(
                model_variable._value.shape if shape is None else shape, model_variable._value.dtype
            )
        else:
            value = np.array(
                np.asarray(getattr(initial_value, "_value", initial_value)),
                model_variable._value.dtype,
            )
        variable = Variable(
            Tensor(value),
            name=f"{self._scope}{variable_name}/{model_variable._shared_name}",
            trainable=False,
        )
        self._variables.append(variable)
        return variable

    def _var_key(self, variable: Any) -> int:
        return id(variable._base)

    @property
    def variables(self) -> Any:
        """All variables of the optimizer, the iteration counter first.  Callable, as in older code."""
        return CallableList(self._variables)

    weights = variables

    def get_weights(self) -> list[Any]:
        return [v.numpy() for v in self._variables]

    def set_weights(self, weights: Any) -> None:
        """Raises ValueError before the slots are made, or for values that do not fit."""
        if not getattr(self, "_built", False):
            raise ValueError(
                "You are calling `set_weights()` on an optimizer that has not yet been built. Call build() first."
            )
        if len(weights) != len(self._variables):
            raise ValueError(f"Expected {len(self._variables)} weights. Received: {len(weights)}")
        for variable, value in zip(self._variables, weights):
            variable.assign(value)

    # --- steps ---

    def minimize(self, loss: Any, var_list: Any, tape: Any = None) -> Any:
        """One step on `loss`: a function of no arguments, or a tensor computed under `tape`."""
        if tape is None and callable(loss):
            tape = (
                GradientTape()
            )  # it is here until the step is done, and knows why gradients are missing
        return self.apply_gradients(self.compute_gradients(loss, var_list, tape))

    def compute_gradients(
        self, loss: Any, var_list: Any, tape: Any = None
    ) -> list[tuple[Any, Any]]:
        """(gradient, variable) pairs.  Raises ValueError for a tensor without its tape."""
        if not callable(loss) and tape is None:
            raise ValueError(
                f"`tape` is required when a `Tensor` loss is passed. Received: loss={loss}, tape={tape}."
            )
        tape = GradientTape() if tape is None else tape
        if callable(loss):
            with tape:
                if not callable(var_list):
                    tape.watch(var_list)
                loss = loss()
                if callable(var_list):
                    var_list = var_list()
        return list(zip(tape.gradient(loss, var_list), var_list))

    def apply_gradients(
        self, grads_and_vars: Iterable[Any], name: str | None = None, skip_gradients_aggregation: bool = False,
        **kwargs: Any,
    ) -> Any:  # fmt: skip
        """One step.  grads_and_vars: pairs of a gradient (or None: left out) and a variable.

        Returns the iteration counter.  Raises ValueError when there is no gradient at all.
        """
        pairs = list(grads_and_vars)
        if isinstance(getattr(self, "_learning_rate", None), LearningRateSchedule):
            self._current_learning_rate.assign(self._learning_rate(self._iterations))
        if not pairs:
            return self._iterations
        if not getattr(self, "_built", False):
            self._scope = f"{name or self.name}/"
            with outside_traces():
                self.build([v for _, v in pairs])
            self._scope = ""
        for g, _ in pairs:
            if g is None:
                pairs = present(pairs)
                break
        if not (self.jit_compile and STATE.trace is None and self._take_compiled_step(pairs)):
            self._take_step(pairs)
        return UnreadVariable(self._iterations)

    def _take_compiled_step(self, pairs: list[tuple[Any, Any]]) -> bool:
        if self._compiled_steps is None:
            self._compiled_steps = CompiledSteps(self)
        return self._compiled_steps.take(pairs)

    def _take_step(self, pairs: list[tuple[Any, Any]]) -> None:
        if self.clipnorm or self.global_clipnorm or self.clipvalue:
            pairs = list(zip(self._clip_gradients([g for g, _ in pairs]), [v for _, v in pairs]))
        if self.weight_decay:
            self._apply_weight_decay([v for _, v in pairs])
        self._internal_apply_gradients(pairs)
        counter = self._iterations
        if STATE.trace is None:
            counter._base._store(np.add(counter._value, 1, np.empty((), np.int64)))
        else:
            counter.assign_add(1)
        if self.use_ema:
            self._update_average(pairs)
        if self._constrained:
            for _, v in pairs:
                if v.constraint is not None:
                    v.assign(v.constraint(v))

    def _internal_apply_gradients(self, pairs: list[tuple[Any, Any]]) -> None:
        if self.step is None or type(self).update_step is not Optimizer.update_step:
            for g, v in pairs:
                self._known(v)
                refuse_slices(g)
                for_trace(self.update_step)(distinct(g) if isinstance(g, IndexedSlices) else g, v)
            return
        rate, step, slots_of = self._rate(), self.step, self._slots
        if STATE.trace is not None:
            for g, v in pairs:
                self._apply_rule(g, v, rate)
            return
        with quiet():
            for g, v in pairs:
                slots = slots_of.get(id(v))
                w = v._buffer if slots else None
                if (
                    slots is None
                    or w is None
                    or type(g) is not Tensor
                    or g._value.shape != w.shape
                    or len(slots) > 1  # pyright: ignore[reportArgumentType]
                    or rate.dtype is not w.dtype
                ):
                    self._apply_rule(g, v, rate)
                    continue
                (slot,) = slots  # pyright: ignore[reportGeneralTypeIssues]
                new, value = step(g._value, w, rate, slot._buffer)
                v._buffer = new if type(new) is np.ndarray else np.asarray(new)
                slot._buffer = value if type(value) is np.ndarray else np.asarray(value)
                v._read_tensor = slot._read_tensor = None

    def _known(self, variable: Any) -> None:
        if self._index_dict and id(variable._base) not in self._index_dict:
            raise KeyError(
                f"The optimizer cannot recognize variable {variable.name}: it was built for others. Call "
                "`optimizer.build(variables)` with the full list of trainable variables before the first step."
            )

    def update_step(self, gradient: Any, variable: Any) -> None:
        """Update one variable.  A derived class gives its rule here."""
        if self.step is None:
            raise NotImplementedError(
                f"{type(self).__name__} needs a method update_step(gradient, variable)."
            )
        with quiet():
            self._apply_rule(gradient, variable, self._rate())

    def _apply_rule(self, gradient: Any, variable: Any, rate: Any) -> None:
        base = variable if type(variable) is Variable else variable._base
        slots = self._slots.get(id(base))
        if slots is None:
            self._known(variable)
            raise KeyError(f"The optimizer cannot recognize variable {variable.name}.")
        if STATE.trace is not None:
            update(self, gradient, base, slots)
            return
        w = base._buffer
        lr = rate if rate.dtype is w.dtype else w.dtype.type(rate)
        if isinstance(gradient, IndexedSlices):
            self._apply_sparse(distinct(gradient), base, lr, slots)
            return
        g = gradient._value if type(gradient) is Tensor else convert(gradient, w.dtype)._value
        check_shape(variable, g, w)
        new = self.step(g, w, lr, *[s._buffer for s in slots])
        for place, value in zip((base, *slots), new):
            place._buffer = value if type(value) is np.ndarray else np.asarray(value)
            place._read_tensor = None

    def _apply_sparse(
        self, g: IndexedSlices, base: Variable, lr: Any, slots: list[Variable]
    ) -> None:
        """Slices of distinct rows.  A rule whose sparse form differs from the dense one overrides this."""
        dense = np.zeros_like(base._buffer)
        dense[g.indices] = g.values
        self._apply_rule(Tensor(dense), base, lr)

    def _clip_gradients(self, grads: list[Any]) -> list[Any]:
        if self.clipnorm and self.clipnorm > 0:
            return [clip_by_norm(g, self.clipnorm) for g in grads]
        if self.global_clipnorm and self.global_clipnorm > 0:
            return clip_by_global_norm(grads, self.global_clipnorm)
        limit: Any = self.clipvalue
        if limit and limit > 0:
            return [like(g, lambda value: np.clip(value, -limit, limit)) for g in grads]
        return grads

    # --- weight decay and moving averages ---

    def exclude_from_weight_decay(self, var_list: Any = None, var_names: Any = None) -> None:
        """Variables, or patterns of their names, that do not decay.  Before the first step only."""
        if getattr(self, "_built", False):
            raise ValueError(
                "`exclude_from_weight_decay()` can only be configured before the optimizer is built."
            )
        self._excluded = {id(v._base) for v in var_list or ()}
        self._excluded_names = list(var_names or ())

    def _use_weight_decay(self, variable: Any) -> bool:
        return id(variable._base) not in self._excluded and not any(
            re.search(pattern, variable.name) for pattern in self._excluded_names
        )

    def _apply_weight_decay(self, variables: list[Any]) -> None:
        for variable in variables:
            if self._use_weight_decay(variable):
                w = variable._value
                decay = w.dtype.type(np.float32(self.weight_decay))
                variable._base._store(array_like(w - w * decay * self._rate().astype(w.dtype)))

    def _update_average(self, pairs: list[tuple[Any, Any]]) -> None:
        overwrite = self.ema_overwrite_frequency
        now: Any = overwrite and self._iterations._value % overwrite == 0
        for _, v in pairs:
            average = self._averages[self._index_dict[id(v._base)]]
            kept = average._value * average._value.dtype.type(self.ema_momentum)
            average._store(array_like(kept + v._value * v._value.dtype.type(1 - self.ema_momentum)))
            if is_traced(now):
                v._base._store(np.where(now, average._value, v._value))
            elif now:
                v._base._store(average._value)

    def finalize_variable_values(self, var_list: Any) -> None:
        """At the end of training: with `use_ema`, the variables take their averages."""
        if self.use_ema:
            for v in var_list:
                v.assign(self._averages[self._index_dict[id(v._base)]])

    # --- configuration ---

    def _serialize_hyperparameter(self, value: Any) -> Any:
        if isinstance(value, LearningRateSchedule):
            return serialize(value)
        if isinstance(value, Variable):
            return value.numpy()
        return value() if callable(value) else value

    def get_config(self) -> dict[str, Any]:
        """What `from_config` needs to make the optimizer again, without its state."""
        config: dict[str, Any] = {
            "name": self.name,
            "weight_decay": self.weight_decay,
            "clipnorm": self.clipnorm,
            "global_clipnorm": self.global_clipnorm,
            "clipvalue": self.clipvalue,
            "use_ema": self.use_ema,
            "ema_momentum": self.ema_momentum,
            "ema_overwrite_frequency": self.ema_overwrite_frequency,
            "jit_compile": self.jit_compile,
            "is_legacy_optimizer": False,
        }
        if getattr(self, "_learning_rate", None) is not None and self.step is not None:
            config["learning_rate"] = self._serialize_hyperparameter(self._learning_rate)
            config.update({name: getattr(self, name) for name in self.hyperparameters})
        return config

    hyperparameters: tuple[str, ...] = ()

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        """The optimizer that `get_config` describes."""
        config = dict(config)
        if isinstance(config.get("learning_rate"), dict):
            config["learning_rate"] = deserialize(config["learning_rate"], custom_objects)
        return cls(**config)
