"""Callbacks that write files."""

from __future__ import annotations

import csv
import logging
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from gradtape.base.errors import NotBuiltError
from gradtape.keras.callbacks.base import Callback
from gradtape.keras.callbacks.control import checked_mode
from gradtape.keras.engine.compiled import to_python
from gradtape.keras.engine.saving import weights_path

_log = logging.getLogger("gradtape")


class ModelCheckpoint(Callback):
    """Saves the weights after each epoch (or each `save_freq` batches), as `.npz`.

    filepath: may hold {epoch} and metrics, as in "w-{epoch:02d}-{val_loss:.2f}.npz". save_best_only: only when
    `monitor`
    is better than ever. Only weights are saved, whatever `save_weights_only` says.
    """

    _supports_tf_logs = True

    def __init__(
        self, filepath: Any, monitor: str = "val_loss", verbose: int = 0, save_best_only: bool = False,
        save_weights_only: bool = False, mode: str = "auto", save_freq: Any = "epoch", options: Any = None,
        initial_value_threshold: float | None = None, **kwargs: Any,
    ):  # fmt: skip
        super().__init__()
        self.monitor, self.verbose = monitor, verbose
        self.filepath = os.fspath(filepath)
        weights_path(self.filepath, None)
        self.save_best_only, self.save_weights_only, self.save_freq = (
            save_best_only,
            save_weights_only,
            save_freq,
        )
        self.period = kwargs.get("period", 1)
        self.epochs_since_last_save = 0
        self._unsaved_batches = self._last_batch = self._current_epoch = 0
        mode = checked_mode(mode, "ModelCheckpoint")
        upwards = mode == "max" or (
            mode == "auto" and ("acc" in monitor or monitor.startswith("fmeasure"))
        )
        self.monitor_op = np.greater if upwards else np.less
        self.best = initial_value_threshold
        if self.best is None:
            self.best = -np.inf if upwards else np.inf
        if save_freq != "epoch" and not isinstance(save_freq, int):
            raise ValueError(
                f'Unrecognized save_freq: {save_freq}. Expected save_freq are "epoch" or integer'
            )

    def _implements_train_batch_hooks(self) -> bool:
        return self.save_freq != "epoch"

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if self.save_freq == "epoch":
            return
        self._unsaved_batches += (
            batch + 1 if batch <= self._last_batch else batch - self._last_batch
        )
        self._last_batch = batch
        if self._unsaved_batches >= self.save_freq:
            self._unsaved_batches = 0
            self._save(self._current_epoch, batch, logs)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._current_epoch = epoch

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.epochs_since_last_save += 1
        if self.save_freq == "epoch":
            self._save(epoch, None, logs)

    def _save(self, epoch: int, batch: int | None, logs: Any) -> None:
        logs = to_python(logs or {})
        if not isinstance(self.save_freq, int) and self.epochs_since_last_save < self.period:
            return
        self.epochs_since_last_save = 0
        path = self._path(epoch, batch, logs)
        if self.save_best_only:
            current = logs.get(self.monitor)
            if current is None:
                _log.warning("Can save best model only with %s available, skipping.", self.monitor)
                return
            if not self.monitor_op(current, self.best):  # pyright: ignore[reportArgumentType, reportCallIssue]
                self._say(
                    f"\nEpoch {epoch + 1}: {self.monitor} did not improve from {self.best:.5f}"
                )
                return
            self._say(
                f"\nEpoch {epoch + 1}: {self.monitor} improved from {self.best:.5f} to {current:.5f}, "
                f"saving model to {path}"
            )
            self.best = current
        else:
            self._say(f"\nEpoch {epoch + 1}: saving model to {path}")
        self.model.save_weights(path, overwrite=True)

    def _say(self, text: str) -> None:
        if self.verbose > 0:
            print(text)

    def _path(self, epoch: int, batch: int | None, logs: dict[str, Any]) -> str:
        places = {"epoch": epoch + 1, **logs}
        if batch is not None and "batch" not in logs:
            places["batch"] = batch + 1
        try:
            return self.filepath.format(**places)
        except KeyError as error:
            raise KeyError(
                f'Failed to format this callback filepath: "{self.filepath}". Reason: {error}'
            ) from error


class CSVLogger(Callback):
    """Writes the metrics of each epoch as a line of a CSV file.  append: go on with a file that is there."""

    def __init__(self, filename: Any, separator: str = ",", append: bool = False):
        super().__init__()
        self.sep, self.filename, self.append = separator, os.fspath(filename), append
        self.writer: Any = None
        self.keys: list[str] | None = None
        self.append_header = True

    def on_train_begin(self, logs: Any = None) -> None:
        if self.append and os.path.exists(self.filename):
            with open(self.filename, encoding="utf-8") as file:
                self.append_header = not file.readline()
        mode = "a" if self.append else "w"
        self.csv_file = Path(self.filename).open(mode, encoding="utf-8", newline="")  # noqa: SIM115

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        logs = dict(logs or {})
        if self.keys is None:
            self.keys = sorted(logs)
        if self.model.stop_training:
            logs = {key: logs.get(key, "NA") for key in self.keys}
        if self.writer is None:
            self.writer = csv.DictWriter(self.csv_file, ["epoch", *self.keys], delimiter=self.sep)
            if self.append_header:
                self.writer.writeheader()
        self.writer.writerow({"epoch": epoch, **{key: _cell(logs[key]) for key in self.keys}})
        self.csv_file.flush()

    def on_train_end(self, logs: Any = None) -> None:
        self.csv_file.close()
        self.writer = None


def _cell(value: Any) -> Any:
    if isinstance(value, str) or not isinstance(value, Iterable) or np.ndim(value) == 0:  # pyright: ignore[reportArgumentType]
        return value
    return f'"[{", ".join(map(str, value))}]"'


class BackupAndRestore(Callback):
    """Not built: raises NotBuiltError with what to use instead."""

    def __init__(self, backup_dir: str, *args: Any, **kwargs: Any):
        raise NotBuiltError(
            "BackupAndRestore is not built. Save the weights with "
            "tf.keras.callbacks.ModelCheckpoint('w.npz') and put them "
            "back with model.load_weights('w.npz')."
        )
