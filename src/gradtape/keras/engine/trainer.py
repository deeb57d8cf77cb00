"""The training loop: compile, fit, evaluate, predict."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from gradtape.core.tensor import Tensor
from gradtape.core.variable import Variable
from gradtape.keras import optimizers
from gradtape.keras.callbacks.base import CallbackList
from gradtape.keras.engine.compiled import LossesContainer, MetricsContainer, to_python
from gradtape.keras.engine.context import CALL
from gradtape.keras.engine.data import (
    DataHandler,
    _class_weighter,
    _standard,
    train_validation_split,
    unpack_x_y_sample_weight,
)
from gradtape.keras.engine.epochs import EpochLoop, announce
from gradtape.keras.engine.nest import flatten, map_structure, pack
from gradtape.keras.engine.tracking import Tracked
from gradtape.keras.engine.training_steps import TrainingSteps


class Trainer(TrainingSteps):
    """`compile`, `fit`, `evaluate`, `predict` and the steps they are made of."""

    name: str
    losses: list[Any]
    trainable_variables: list[Any]
    output_names: Any
    _metrics: list[Any]

    def _start_training_state(self) -> None:
        self.__dict__.update(
            optimizer=None, compiled_loss=None, compiled_metrics=None, loss=None, history=None, stop_training=False,
            _is_compiled=False, _run_eagerly=None, _steps_per_execution=1, train_function=None, test_function=None,
            predict_function=None, _compiled_trainable=None,
        )  # fmt: skip

    _DERIVED = Tracked._DERIVED | {"train_function", "test_function", "predict_function", "_plan", "_chain",
                                   "_fitting_shape", "history"}  # fmt: skip

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)  # type: ignore[misc]
        self.__dict__.update(
            train_function=None,
            test_function=None,
            predict_function=None,
            _chain=None,
            history=None,
        )

    # --- compile ---

    def compile(
        self, optimizer: Any = "rmsprop", loss: Any = None, metrics: Any = None, loss_weights: Any = None,
        weighted_metrics: Any = None, run_eagerly: bool | None = None, steps_per_execution: int | None = None,
        jit_compile: bool | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        """Say how to train.

        optimizer, loss, metrics: names, functions or objects; lists or dicts by output name for several outputs.
        loss_weights: factors of the outputs' losses. weighted_metrics: metrics that take the sample weights.
        run_eagerly: each operation by itself, in Python; else the steps are traced, once for each kind of batch.
        jit_compile: None: a traced step becomes machine code when 256 steps or more are run or announced, and an epoch
        over arrays then one loop, unless a callback listens to batches; True: from the first step on; False: never.
        """
        from_serialized = kwargs.pop("from_serialized", False)
        for keyword in ("cloning", "experimental_run_tf_function", "sample_weight_mode"):
            kwargs.pop(keyword, None)
        steps_per_execution = (
            kwargs.pop("experimental_steps_per_execution", None) or steps_per_execution
        )
        if kwargs:
            raise TypeError(f"Invalid keyword argument(s) in `compile()`: {(set(kwargs),)}.")
        if run_eagerly and jit_compile:
            raise ValueError("You cannot enable `run_eagerly` and `jit_compile` at the same time.")
        if isinstance(optimizer, list | tuple):
            made: Any = [optimizers.get(o) for o in optimizer]
        else:
            made = optimizers.get(optimizer)
        compiled_loss = loss
        if not isinstance(loss, LossesContainer):
            compiled_loss = LossesContainer(loss, loss_weights, self.output_names)
        self.__dict__.update(
            optimizer=made, compiled_loss=compiled_loss, loss=loss or {}, _is_compiled=True, _run_eagerly=run_eagerly,
            _jit_compile=jit_compile,
            compiled_metrics=MetricsContainer(metrics, weighted_metrics, self.output_names, from_serialized),
            _steps_per_execution=int(steps_per_execution or 1), train_function=None, test_function=None,
            predict_function=None, _compiled_trainable=[(v, v.trainable) for v in self._flatten_layers()],
            _compile_config={"optimizer": optimizer, "loss": loss, "metrics": metrics, "loss_weights": loss_weights},
        )  # fmt: skip

    def _flatten_layers(self, recursive: bool = True, include_self: bool = True) -> Iterator[Any]:
        return super()._flatten_layers(recursive, include_self)  # type: ignore[misc]

    def get_compile_config(self) -> Any:
        return self.__dict__.get("_compile_config")

    @property
    def metrics(self) -> list[Any]:
        """The metrics of `compile` and of the layers: the loss first."""
        found: list[Any] = []
        if self.__dict__.get("_is_compiled"):
            found += self.compiled_loss.metrics
            found += self.compiled_metrics.metrics
        for layer in self._every_layer():
            found.extend(layer._metrics)
        return found

    @property
    def metrics_names(self) -> list[str]:
        return [m.name for m in self.metrics]

    def reset_metrics(self) -> None:
        """All metrics begin anew."""
        for m in self.metrics:
            m.reset_state()

    def _assert_compile_was_called(self) -> None:
        if not self.__dict__.get("_is_compiled"):
            raise RuntimeError(
                "You must compile your model before training/testing. Use `model.compile(optimizer, loss)`."
            )

    # --- fit ---

    def fit(
        self, x: Any = None, y: Any = None, batch_size: int | None = None, epochs: int = 1, verbose: Any = "auto",
        callbacks: Any = None, validation_split: float = 0.0, validation_data: Any = None, shuffle: Any = True,
        class_weight: Any = None, sample_weight: Any = None, initial_epoch: int = 0, steps_per_epoch: int | None = None,
        validation_steps: int | None = None, validation_batch_size: int | None = None, validation_freq: Any = 1,
        max_queue_size: int = 10, workers: int = 1, use_multiprocessing: bool = False,
    ) -> Any:  # fmt: skip
        """Train for a number of epochs; gives the `History`.

        x, y: arrays, lists or dicts of arrays; or x a dataset, generator or Sequence of batches. verbose: 0
        silent, 1 (and
        "auto") a progress bar, 2 a line an epoch. validation_split: the last part of the arrays is set apart.
        class_weight: {class: weight}. shuffle: the order of the samples in each epoch.
        Raises RuntimeError before `compile`, ValueError for data that does not fit together.
        """
        self._assert_compile_was_called()
        self._no_recursion("fit")
        verbose = 1 if verbose == "auto" else verbose
        if validation_split and validation_data is None:
            (x, y, sample_weight), validation_data = train_validation_split(
                (x, y, sample_weight), validation_split
            )
        val_x = val_y = val_weight = None
        if validation_data is not None and validation_data != ():
            parts = unpack_x_y_sample_weight(validation_data)
            val_x, val_y, val_weight = (_standard(part) for part in parts)  # once for all epochs
        frozen = self._use_compiled_trainable()
        handler = DataHandler(
            x, y, sample_weight, batch_size, steps_per_epoch, initial_epoch, epochs, shuffle, class_weight,
            self._steps_per_execution,
        )  # fmt: skip
        self.__dict__["_open_batch"] = handler.open_batch
        if not isinstance(callbacks, CallbackList):
            callbacks = CallbackList(
                callbacks, add_history=True, add_progbar=verbose != 0, model=self, verbose=verbose, epochs=epochs,
                steps=handler.inferred_steps,
            )  # fmt: skip
        state = self.__dict__
        state["stop_training"] = False
        train = self.make_train_function()
        loop = EpochLoop.of(train, handler, callbacks, "train", epochs - initial_epoch)
        callbacks.on_train_begin()
        logs: Any = None
        epoch_logs: Any = None
        try:
            for epoch, iterator in handler.enumerate_epochs():
                self.reset_metrics()
                callbacks.on_epoch_begin(epoch)
                with handler.catch_stop_iteration():
                    found = loop.epoch() if loop is not None else None
                    for step in handler.steps() if found is None else ():
                        callbacks.on_train_batch_begin(step)
                        state["_this_call"] = handler.step_increment + 1
                        logs = train(iterator)
                        callbacks.on_train_batch_end(step + handler.step_increment, logs)
                        if self.stop_training:
                            break
                    logs = logs if found is None else found
                if logs is None:
                    raise ValueError(
                        "Unexpected result of `train_function` (Empty logs): there was no batch of "
                        "data, or the model's "
                        "`train_step` gave nothing. Expected a dict of metrics."
                    )
                epoch_logs = dict(self._final_logs(to_python(logs)))
                if val_x is not None and _should_validate(epoch, validation_freq):
                    state["_evaluations"] = epochs - epoch
                    found = self.evaluate(
                        val_x, val_y, validation_batch_size or batch_size, sample_weight=val_weight,
                        steps=validation_steps, callbacks=callbacks, return_dict=True,
                    )  # fmt: skip
                    state["_open_batch"] = handler.open_batch
                    epoch_logs.update({f"val_{name}": value for name, value in found.items()})
                callbacks.on_epoch_end(epoch, epoch_logs)
                if self.stop_training:
                    break
            finish = getattr(self.optimizer, "finalize_variable_values", None)
            if finish is not None and epochs > 0:
                finish(self.trainable_variables)
            callbacks.on_train_end(logs=epoch_logs)
        finally:
            state["_this_call"] = state["_evaluations"] = 1
            frozen()
            callbacks.after_training()
        return self.history

    def _final_logs(self, logs: Any) -> Any:
        """The metrics' values at the end, where the step gave those same metrics."""
        try:
            final = self.get_metrics_result()
        except TypeError:
            return logs
        if isinstance(logs, dict) and set(logs) == set(final):
            return to_python(final)
        return logs

    def _use_compiled_trainable(self) -> Callable[[], None]:
        """Layers are trainable as they were when the model was compiled, until the given function is called."""
        compiled = self.__dict__.get("_compiled_trainable") or []
        now = [(layer, layer._trainable) for layer, _ in compiled]
        changed_since = any(layer._trainable != was for layer, was in compiled)
        if not changed_since:
            return lambda: None
        warnings.warn(
            "Discrepancy between trainable weights and collected trainable weights: `trainable` was "
            "set after `compile`. "
            "Compile the model again for it to take effect in `fit`.", stacklevel=4,
        )  # fmt: skip
        for layer, was in compiled:
            layer.trainable = was
        for layer, was in compiled:
            layer.__dict__["_trainable"] = was

        def back() -> None:
            for layer, value in now:
                layer.trainable = value
            for layer, value in now:
                layer.__dict__["_trainable"] = value

        return back

    def _no_recursion(self, method: str) -> None:
        if CALL.stack:
            raise RuntimeError(f"`model.{method}()` cannot be called inside of a layer's `call`.")

    # --- evaluate and predict ---

    def evaluate(
        self, x: Any = None, y: Any = None, batch_size: int | None = None, verbose: Any = "auto",
        sample_weight: Any = None, steps: int | None = None, callbacks: Any = None, max_queue_size: int = 10,
        workers: int = 1, use_multiprocessing: bool = False, return_dict: bool = False, **kwargs: Any,
    ) -> Any:  # fmt: skip
        """The loss and metrics on data: a number, a list in the order of `metrics_names`, or a dict."""
        self._assert_compile_was_called()
        self._no_recursion("evaluate")
        if kwargs:
            raise TypeError(f"Invalid keyword arguments: {list(kwargs)}")
        verbose = 1 if verbose == "auto" else verbose
        handler = DataHandler(
            x, y, sample_weight, batch_size, steps, steps_per_execution=self._steps_per_execution
        )
        self.__dict__["_open_batch"] = handler.open_batch
        if not isinstance(callbacks, CallbackList):
            callbacks = CallbackList(
                callbacks, add_history=True, add_progbar=verbose != 0, model=self, verbose=verbose, epochs=1,
                steps=handler.inferred_steps,
            )  # fmt: skip
        logs: Any = {}
        test = self.make_test_function()
        loop = EpochLoop.of(test, handler, callbacks, "test", self.__dict__.get("_evaluations", 1))
        callbacks.on_test_begin()
        for _, iterator in handler.enumerate_epochs():
            self.reset_metrics()
            with handler.catch_stop_iteration():
                found = loop.epoch() if loop is not None else None
                for step in handler.steps() if found is None else ():
                    callbacks.on_test_batch_begin(step)
                    self.__dict__["_this_call"] = handler.step_increment + 1
                    logs = test(iterator)
                    callbacks.on_test_batch_end(step + handler.step_increment, logs)
                logs = logs if found is None else found
        self.__dict__["_this_call"] = 1
        logs = self._final_logs(to_python(logs))
        callbacks.on_test_end(logs=logs)
        return logs if return_dict else in_order(logs, self.metrics_names)

    def predict(
        self, x: Any, batch_size: int | None = None, verbose: Any = "auto", steps: int | None = None,
        callbacks: Any = None, max_queue_size: int = 10, workers: int = 1, use_multiprocessing: bool = False,
    ) -> Any:  # fmt: skip
        """The outputs for data, as NumPy arrays, batch by batch."""
        self._no_recursion("predict")
        verbose = 1 if verbose == "auto" else verbose
        handler = DataHandler(
            x,
            batch_size=batch_size,
            steps_per_epoch=steps,
            steps_per_execution=self._steps_per_execution,
        )
        self.__dict__["_open_batch"] = handler.open_batch
        if not isinstance(callbacks, CallbackList):
            callbacks = CallbackList(
                callbacks, add_history=True, add_progbar=verbose != 0, model=self, verbose=verbose, epochs=1,
                steps=handler.inferred_steps,
            )  # fmt: skip
        predict = self.make_predict_function()
        announce(predict, handler.inferred_steps)
        callbacks.on_predict_begin()
        parts: list[list[Any]] = []
        form: Any = None
        for _, iterator in handler.enumerate_epochs():
            with handler.catch_stop_iteration():
                for step in handler.steps():
                    callbacks.on_predict_batch_begin(step)
                    form = predict(iterator)
                    parts.append([np.asarray(t._value) for t in flatten(form)])
                    callbacks.on_predict_batch_end(step + handler.step_increment, {"outputs": form})
        if form is None:
            raise ValueError(
                "Unexpected result of `predict_function` (Empty batch_outputs): there was no batch of data."
            )
        callbacks.on_predict_end()
        join = np.concatenate if parts[0][0].ndim else np.stack
        arrays = [column[0].copy() if len(column) == 1 else join(column) for column in zip(*parts)]
        return pack(form, arrays)

    def train_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, class_weight: Any = None, reset_metrics: bool = True,
        return_dict: bool = False,
    ) -> Any:  # fmt: skip
        """One training step on one batch: the loss, or a list with the metrics."""
        self._assert_compile_was_called()
        if reset_metrics:
            self.reset_metrics()
        batch: Any = _batch(x, y, sample_weight)
        if class_weight:
            batch = _class_weighter(class_weight)(batch)
        back = self._use_compiled_trainable()
        try:
            logs = to_python(self.make_train_function()(iter([batch])))
        finally:
            back()
        return logs if return_dict else in_order(logs, self.metrics_names)

    def test_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        reset_metrics: bool = True,
        return_dict: bool = False,
    ) -> Any:
        """The loss and metrics on one batch."""
        self._assert_compile_was_called()
        if reset_metrics:
            self.reset_metrics()
        logs = to_python(self.make_test_function()(iter([_batch(x, y, sample_weight)])))
        return logs if return_dict else in_order(logs, self.metrics_names)

    def predict_on_batch(self, x: Any) -> Any:
        """The outputs for one batch, as NumPy arrays."""
        outputs = self.make_predict_function()(iter([_batch(x, None, None)]))
        return map_structure(
            lambda t: np.array(t._value) if isinstance(t, Tensor | Variable) else t, outputs
        )


def _batch(x: Any, y: Any, sample_weight: Any) -> Any:
    x, y, sample_weight = _standard(x), _standard(y), _standard(sample_weight)
    if y is None:
        return (x,)
    return (x, y) if sample_weight is None else (x, y, sample_weight)


def _should_validate(epoch: int, validation_freq: Any) -> bool:
    if isinstance(validation_freq, int):
        return (epoch + 1) % validation_freq == 0
    if isinstance(validation_freq, list | tuple | set | dict):
        return epoch + 1 in validation_freq
    raise ValueError(
        f"Expected `validation_freq` to be a list or int. Received: validation_freq={validation_freq} of the type "
        f"{type(validation_freq)}."
    )


def in_order(logs: Any, names: list[str]) -> Any:
    """The values of `logs`: the metrics first, as they stand in `names`; a single one bare."""
    if not isinstance(logs, dict):
        return logs
    values = [logs[name] for name in names if name in logs]
    values += [logs[key] for key in sorted(logs) if key not in names]
    return values[0] if len(values) == 1 else values
