"""The steps that a model is trained, tested and asked with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from gradtape.core.tape import GradientTape
from gradtape.keras.engine.context import CALL
from gradtape.keras.engine.data import unpack_x_y_sample_weight
from gradtape.keras.engine.randomness import step_random
from gradtape.keras.engine.steps import Step


class TrainingSteps:
    """`train_step`, `test_step`, `predict_step`, to be overridden, and the functions that `fit` and its kin call."""

    losses: list[Any]
    metrics: list[Any]
    trainable_variables: list[Any]
    compiled_loss: Any
    compiled_metrics: Any
    optimizer: Any
    loss: Any
    train_function: Any
    test_function: Any
    predict_function: Any

    # --- one step ---

    def train_step(self, data: Any) -> dict[str, Any]:
        """One step of training on a batch: override it for a loop of your own.  Gives the metrics by name."""
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        with GradientTape() as tape:
            y_pred = self(x, training=True)  # type: ignore[operator]
            loss = self.compute_loss(x, y, y_pred, sample_weight)
        self._validate_target_and_loss(y, loss)
        self.optimizer.minimize(loss, self.trainable_variables, tape=tape)
        return self.compute_metrics(x, y, y_pred, sample_weight)

    def test_step(self, data: Any) -> dict[str, Any]:
        """One step of evaluation on a batch."""
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        y_pred = self(x, training=False)  # type: ignore[operator]
        self.compute_loss(x, y, y_pred, sample_weight)
        return self.compute_metrics(x, y, y_pred, sample_weight)

    def predict_step(self, data: Any) -> Any:
        """The outputs for a batch."""
        x, _, _ = unpack_x_y_sample_weight(data)
        return self(x, training=False)  # type: ignore[operator]

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None
    ) -> Any:
        """The total loss of a batch, with what layers added; None where there is none."""
        return self.compiled_loss(y, y_pred, sample_weight, regularization_losses=self.losses)

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any) -> dict[str, Any]:
        """Update the metrics with a batch and give them all by name."""
        self.compiled_metrics.update_state(y, y_pred, sample_weight)
        return self.get_metrics_result()

    def get_metrics_result(self) -> dict[str, Any]:
        """The metrics' values by name."""
        found: dict[str, Any] = {}
        for metric in self.metrics:
            value = metric.result()
            if isinstance(value, dict):
                found.update(value)
            else:
                found[metric.name] = value
        return found

    def _validate_target_and_loss(self, y: Any, loss: Any) -> None:
        if self.loss and y is None:
            raise ValueError(
                f"Target data is missing. Your model was compiled with loss={self.loss}, and "
                "therefore expects target data "
                "to be provided in `fit()`."
            )
        if loss is None:
            raise ValueError(
                "No loss found. You may have forgotten to provide a `loss` argument in the `compile()` method."
            )

    # --- the functions that take an iterator ---

    def _step_function(self, name: str) -> Callable[[Iterator[Any]], Any]:
        """Runs the model's step on `steps_per_execution` batches: as a traced function, unless told otherwise."""
        step = Step(self, name, step_random())

        def function(iterator: Iterator[Any]) -> Any:
            outputs = None
            outer, CALL.open_batch = CALL.open_batch, self.__dict__.get("_open_batch", False)
            try:
                for _ in range(self.__dict__.get("_this_call", 1)):
                    outputs = step(next(iterator))
            finally:
                CALL.open_batch = outer
            return outputs

        function.step = step  # type: ignore[attr-defined]
        return function

    def make_train_function(self, force: bool = False) -> Callable[[Iterator[Any]], Any]:
        """The function that `fit` calls with its iterator of batches."""
        if self.train_function is None or force:
            self.__dict__["train_function"] = self._step_function("train_step")
        return self.train_function  # pyright: ignore[reportReturnType]

    def make_test_function(self, force: bool = False) -> Callable[[Iterator[Any]], Any]:
        """The function that `evaluate` calls with its iterator of batches."""
        if self.test_function is None or force:
            self.__dict__["test_function"] = self._step_function("test_step")
        return self.test_function  # pyright: ignore[reportReturnType]

    def make_predict_function(self, force: bool = False) -> Callable[[Iterator[Any]], Any]:
        """The function that `predict` calls with its iterator of batches."""
        if self.predict_function is None or force:
            self.__dict__["predict_function"] = self._step_function("predict_step")
        return self.predict_function  # pyright: ignore[reportReturnType]
