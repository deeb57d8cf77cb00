"""The callback that writes TensorBoard's event files."""

from __future__ import annotations

import os
import time
from typing import Any

from gradtape.base.errors import NotBuiltError
from gradtape.keras.callbacks.base import Callback
from gradtape.keras.callbacks.event_files import EventFile, histogram_of, scalar
from gradtape.keras.engine.compiled import to_python


class TensorBoard(Callback):
    """Writes the metrics of `fit` and `evaluate`, and histograms of the weights, as TensorBoard's event files.

    log_dir: the folder; training is written to `train` in it, validation to `validation`.
    histogram_freq: epochs between histograms of all weights; 0: none.
    update_freq: "epoch", or "batch", or a number of batches after which the metrics of the training are written too.
    write_steps_per_second: also the speed, by epoch and, where batches are written, by batch.
    write_graph, profile_batch: taken for TensorFlow's sake, without effect.

    Tags: `epoch_loss` and `epoch_<metric>`, at the number of the epoch; `epoch_learning_rate` (of a schedule);
    `batch_loss` and `batch_<metric>`, at the number of the batch; `evaluation_<metric>_vs_iterations` of `evaluate`;
    `<weight>/histogram`.
    Raises NotBuiltError for `write_images` and `embeddings_freq`, ValueError for another `update_freq`.

    >>> import tempfile, os
    >>> model = tf.keras.Sequential([tf.keras.layers.Dense(1, input_shape=(1,))])
    >>> model.compile("sgd", "mse")
    >>> folder = tempfile.mkdtemp()
    >>> _ = model.fit(tf.ones((4, 1)), tf.ones((4, 1)), verbose=0,
    ...               callbacks=[tf.keras.callbacks.TensorBoard(folder)])
    >>> os.listdir(folder)
    ['train']
    """

    _supports_tf_logs = True

    def __init__(
        self, log_dir: Any = "logs", histogram_freq: int = 0, write_graph: bool = True, write_images: bool = False,
        write_steps_per_second: bool = False, update_freq: Any = "epoch", profile_batch: Any = 0,
        embeddings_freq: int = 0, embeddings_metadata: Any = None,
    ):  # fmt: skip
        super().__init__()
        if write_images or embeddings_freq:
            raise NotBuiltError(
                "TensorBoard(write_images=True) and embeddings_freq are not built. Leave them out: weights are written "
                "as histograms by histogram_freq=1."
            )
        if update_freq not in ("epoch", "batch") and not (
            isinstance(update_freq, int) and update_freq > 0
        ):
            raise ValueError(
                f'Expected `update_freq` as "epoch", "batch" or a number of batches. Received: {update_freq!r}'
            )
        self.log_dir = os.fspath(log_dir)
        self.histogram_freq, self.write_graph = histogram_freq, write_graph
        self.write_steps_per_second = write_steps_per_second
        self.update_freq: Any = 1 if update_freq == "batch" else update_freq
        self._files: dict[str, EventFile] = {}
        self._batches = self._at_epoch_begin = 0
        self._began = self._batch_began = 0.0
        self._training = False

    def _implements_train_batch_hooks(self) -> bool:
        return self.update_freq != "epoch"

    def _file(self, name: str) -> EventFile:
        if name not in self._files:
            self._files[name] = EventFile(os.path.join(self.log_dir, name))
        return self._files[name]

    def _write(self, name: str, step: int, values: dict[str, Any]) -> None:
        self._file(name).add(step, [scalar(tag, float(v)) for tag, v in values.items()])

    def on_train_begin(self, logs: Any = None) -> None:
        self._training, self._batches = True, 0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._began, self._at_epoch_begin = time.perf_counter(), self._steps()

    def _steps(self) -> int:
        """How many steps the optimizer has taken."""
        return int(getattr(self.model.optimizer, "iterations", 0))

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self._batch_began = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self._batches += 1
        if (self._batches - 1) % self.update_freq:
            return
        values = {f"batch_{name}": value for name, value in to_python(logs or {}).items()}
        if self.write_steps_per_second:
            values["batch_steps_per_second"] = 1 / (time.perf_counter() - self._batch_began)
        self._write("train", self._batches - 1, values)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        logs = to_python(logs or {})
        training = {f"epoch_{n}": v for n, v in logs.items() if not n.startswith("val_")}
        validation = {f"epoch_{n[4:]}": v for n, v in logs.items() if n.startswith("val_")}
        schedule = getattr(self.model.optimizer, "_current_learning_rate", None)
        if schedule is not None:
            training["epoch_learning_rate"] = float(schedule)
        if self.write_steps_per_second:
            seconds = time.perf_counter() - self._began
            training["epoch_steps_per_second"] = (self._steps() - self._at_epoch_begin) / seconds
        self._write("train", epoch, training)
        if validation:
            self._write("validation", epoch, validation)
        if self.histogram_freq and epoch % self.histogram_freq == 0:
            self._write_weights(epoch)
        for file in self._files.values():
            file.flush()

    def _write_weights(self, epoch: int) -> None:
        self._file("train").add(epoch, [
            histogram_of(f"{weight.name.replace(':', '_')}/histogram", weight.numpy())
            for layer in self.model.layers for weight in layer.weights
        ])  # fmt: skip

    def on_test_end(self, logs: Any = None) -> None:
        if self.model.optimizer is None or not hasattr(self.model.optimizer, "iterations"):
            return
        values = {f"evaluation_{n}_vs_iterations": v for n, v in to_python(logs or {}).items()}
        self._write("validation", self._steps(), values)
        if not self._training:
            self._close()

    def on_train_end(self, logs: Any = None) -> None:
        self._close()

    def _after_training(self) -> None:
        self._training = False
        self._close()

    def _close(self) -> None:
        for file in self._files.values():
            file.close()
        self._files = {}
