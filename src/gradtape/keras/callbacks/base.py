"""What may listen to training: `Callback`, the list of them, the history."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from gradtape.keras.callbacks.progress import Progbar
from gradtape.keras.engine.compiled import to_python
from gradtape.keras.engine.nest import flatten


def _default(function: Any) -> Any:
    function._is_default = True
    return function


class Callback:
    """Derive from it and override what is to be done; `self.model` and `self.params` are there."""

    def __init__(self) -> None:
        self.validation_data: Any = None
        self.model: Any = None
        self.params: Any = None

    def set_params(self, params: Any) -> None:
        self.params = params

    def set_model(self, model: Any) -> None:
        self.model = model

    @_default
    def on_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Before a training batch."""

    @_default
    def on_batch_end(self, batch: int, logs: Any = None) -> None:
        """After a training batch."""

    @_default
    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Before an epoch (counted from 0)."""

    @_default
    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """After an epoch; `logs` has the metrics, and those of the validation with `val_`."""

    @_default
    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Before a training batch."""
        self.on_batch_begin(batch, logs=logs)

    @_default
    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """After a training batch; `logs` has the metrics so far."""
        self.on_batch_end(batch, logs=logs)

    @_default
    def on_test_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Before a batch of evaluation."""

    @_default
    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        """After a batch of evaluation."""

    @_default
    def on_predict_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Before a batch of prediction."""

    @_default
    def on_predict_batch_end(self, batch: int, logs: Any = None) -> None:
        """After a batch of prediction; `logs` has the outputs."""

    @_default
    def on_train_begin(self, logs: Any = None) -> None:
        """Before the first epoch."""

    @_default
    def on_train_end(self, logs: Any = None) -> None:
        """After the last epoch."""

    @_default
    def on_test_begin(self, logs: Any = None) -> None:
        """Before an evaluation, also one inside of `fit`."""

    @_default
    def on_test_end(self, logs: Any = None) -> None:
        """After an evaluation."""

    @_default
    def on_predict_begin(self, logs: Any = None) -> None:
        """Before a prediction."""

    @_default
    def on_predict_end(self, logs: Any = None) -> None:
        """After a prediction."""

    def _after_training(self) -> None:
        """Called by `fit` last of all, also where an error ends it."""

    def _implements(self, *names: str) -> bool:
        return not all(hasattr(getattr(self, name), "_is_default") for name in names)

    def _implements_train_batch_hooks(self) -> bool:
        return self._implements(
            "on_batch_begin", "on_batch_end", "on_train_batch_begin", "on_train_batch_end"
        )

    def _implements_test_batch_hooks(self) -> bool:
        return self._implements("on_test_batch_begin", "on_test_batch_end")

    def _implements_predict_batch_hooks(self) -> bool:
        return self._implements("on_predict_batch_begin", "on_predict_batch_end")


class History(Callback):
    """The metrics of each epoch: `history.history["loss"]` is a list.  `fit` gives it."""

    def __init__(self) -> None:
        super().__init__()
        self.history: dict[str, list[Any]] = {}

    def on_train_begin(self, logs: Any = None) -> None:
        self.epoch: list[int] = []

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)
        self.model.history = self


class ProgbarLogger(Callback):
    """Prints the progress bar.  count_mode: "steps" or "samples"."""

    _supports_tf_logs = True

    def __init__(self, count_mode: str = "samples", stateful_metrics: Any = None):
        super().__init__()
        if count_mode not in ("samples", "steps"):
            raise ValueError(
                f'Unknown `count_mode`: {count_mode}. Expected values are ["samples", "steps"]'
            )
        self.use_steps = count_mode == "steps"
        self.stateful_metrics = set(stateful_metrics or ())
        self.seen = 0
        self.progbar: Any = None
        self.target: int | None = None
        self.verbose, self.epochs = 1, 1
        self._call_batch_hooks = True
        self._called_in_fit = False
        self._n_steps = 0

    def set_params(self, params: Any) -> None:
        self.params = params
        self.verbose, self.epochs = params["verbose"], params["epochs"]
        self.target = params.get("steps") if self.use_steps else params.get("samples")
        self._call_batch_hooks = self.verbose == 1 or self.target is None

    def on_train_begin(self, logs: Any = None) -> None:
        self._called_in_fit = True

    def on_train_end(self, logs: Any = None) -> None:
        self._called_in_fit = False

    def on_test_begin(self, logs: Any = None) -> None:
        if not self._called_in_fit:
            self._begin()

    def on_predict_begin(self, logs: Any = None) -> None:
        self._begin()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._begin()
        if self.verbose and self.epochs > 1:
            print(f"Epoch {epoch + 1}/{self.epochs}")

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self._update(batch, logs)

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        if not self._called_in_fit:
            self._update(batch, logs)

    def on_predict_batch_end(self, batch: int, logs: Any = None) -> None:
        self._update(batch, None)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self._finish(logs)

    def on_test_end(self, logs: Any = None) -> None:
        if not self._called_in_fit:
            self._finish(logs)

    def on_predict_end(self, logs: Any = None) -> None:
        self._finish(logs)

    def _begin(self) -> None:
        self.seen = 0
        self.progbar = None
        self._prepare()

    def _prepare(self) -> None:
        if self.model is not None:
            self.stateful_metrics |= {m.name for m in self.model.metrics}
        if self.progbar is None:
            unit = "step" if self.use_steps else "sample"
            self.progbar = Progbar(
                self.target,
                verbose=self.verbose,
                stateful_metrics=self.stateful_metrics,
                unit_name=unit,
            )
        self.progbar.stateful_metrics |= self.stateful_metrics

    def _update(self, batch: int, logs: Any) -> None:
        logs = logs or {}
        if self.use_steps:
            self.seen = batch + 1
        else:
            logs = dict(logs)
            self.seen += logs.pop("num_steps", 1) * logs.pop("size", 0)
            logs.pop("batch", None)
        if self.verbose == 1:
            self._prepare()
            self.progbar.update(self.seen, list(to_python(logs).items()), finalize=False)

    def _finish(self, logs: Any) -> None:
        if self.target is None:
            self.target = self.progbar.target = self.seen
        self._prepare()
        self.progbar.update(self.target, list(to_python(logs or {}).items()), finalize=True)

    def _implements_train_batch_hooks(self) -> bool:
        return self._call_batch_hooks

    _implements_test_batch_hooks = _implements_predict_batch_hooks = _implements_train_batch_hooks


class CallbackList:
    """Calls each callback of a list, with the history and the progress bar put in."""

    def __init__(
        self, callbacks: Any = None, add_history: bool = False, add_progbar: bool = False, model: Any = None,
        **params: Any
    ):  # fmt: skip
        self.callbacks: list[Any] = flatten(callbacks) if callbacks else []
        for callback in self.callbacks:
            if not hasattr(callback, "set_model"):
                raise TypeError(
                    f"Expected `callbacks` to be instances of tf.keras.callbacks.Callback. Received: {callback!r}"
                )
        if add_history and not any(isinstance(c, History) for c in self.callbacks):
            self.callbacks.append(History())
        if add_progbar and not any(isinstance(c, ProgbarLogger) for c in self.callbacks):
            self.callbacks.append(ProgbarLogger(count_mode="steps"))
        if model is not None:
            self.set_model(model)
        if params:
            self.set_params(params)
        self._batch: dict[str, list[Any]] = {
            mode: [c for c in self.callbacks if getattr(c, f"_implements_{mode}_batch_hooks")()]
            for mode in ("train", "test", "predict")
        }
        self._plain = all(getattr(c, "_supports_tf_logs", False) for c in self.callbacks)

    def append(self, callback: Any) -> None:
        self.callbacks.append(callback)

    def set_params(self, params: Any) -> None:
        self.params = params
        for callback in self.callbacks:
            callback.set_params(params)

    def set_model(self, model: Any) -> None:
        self.model = model
        model.history = next((c for c in self.callbacks if isinstance(c, History)), None)
        for callback in self.callbacks:
            callback.set_model(model)

    def _logs(self, logs: Any) -> Any:
        if logs is None:
            return {}
        return logs if self._plain else to_python(logs)

    def _batch_hook(self, mode: str, name: str, batch: int, logs: Any) -> None:
        listeners = self._batch[mode]
        if not listeners:
            return
        if not all(getattr(c, "_supports_tf_logs", False) for c in listeners):
            logs = to_python(logs)
        logs = {} if logs is None else logs
        for callback in listeners:
            getattr(callback, name)(batch, logs)

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self._batch_hook("train", "on_train_batch_begin", batch, logs)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self._batch_hook("train", "on_train_batch_end", batch, logs)

    def on_test_batch_begin(self, batch: int, logs: Any = None) -> None:
        self._batch_hook("test", "on_test_batch_begin", batch, logs)

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        self._batch_hook("test", "on_test_batch_end", batch, logs)

    def on_predict_batch_begin(self, batch: int, logs: Any = None) -> None:
        self._batch_hook("predict", "on_predict_batch_begin", batch, logs)

    def on_predict_batch_end(self, batch: int, logs: Any = None) -> None:
        self._batch_hook("predict", "on_predict_batch_end", batch, logs)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._all("on_epoch_begin", logs, epoch)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self._all("on_epoch_end", logs, epoch)

    def on_train_begin(self, logs: Any = None) -> None:
        self._all("on_train_begin", logs)

    def on_train_end(self, logs: Any = None) -> None:
        self._all("on_train_end", logs)

    def on_test_begin(self, logs: Any = None) -> None:
        self._all("on_test_begin", logs)

    def on_test_end(self, logs: Any = None) -> None:
        self._all("on_test_end", logs)

    def on_predict_begin(self, logs: Any = None) -> None:
        self._all("on_predict_begin", logs)

    def on_predict_end(self, logs: Any = None) -> None:
        self._all("on_predict_end", logs)

    def after_training(self) -> None:
        """`fit` is over, one way or another."""
        for callback in self.callbacks:
            if isinstance(callback, Callback):
                callback._after_training()

    def _all(self, name: str, logs: Any, *first: int) -> None:
        logs = self._logs(logs)
        for callback in self.callbacks:
            getattr(callback, name)(*first, logs)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.callbacks)


class TerminateOnNaN(Callback):
    """Stops the training when the loss is NaN or infinite."""

    _supports_tf_logs = True

    def on_batch_end(self, batch: int, logs: Any = None) -> None:
        loss = (logs or {}).get("loss")
        if loss is not None and not np.isfinite(to_python(loss)):
            print(f"Batch {batch}: Invalid loss, terminating training")
            self.model.stop_training = True


class LambdaCallback(Callback):
    """A callback of functions: on_epoch_begin(epoch, logs), on_batch_end(batch, logs), on_train_end(logs), ..."""

    def __init__(
        self, on_epoch_begin: Callable[..., Any] | None = None, on_epoch_end: Callable[..., Any] | None = None,
        on_batch_begin: Callable[..., Any] | None = None, on_batch_end: Callable[..., Any] | None = None,
        on_train_begin: Callable[..., Any] | None = None, on_train_end: Callable[..., Any] | None = None, **kwargs: Any,
    ):  # fmt: skip
        super().__init__()
        self.__dict__.update(kwargs)
        given = {
            "on_epoch_begin": on_epoch_begin, "on_epoch_end": on_epoch_end, "on_batch_begin": on_batch_begin,
            "on_batch_end": on_batch_end, "on_train_begin": on_train_begin, "on_train_end": on_train_end,
        }  # fmt: skip
        self.__dict__.update(
            {name: function for name, function in given.items() if function is not None}
        )
