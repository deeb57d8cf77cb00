"""Batches out of whatever `fit`, `evaluate` and `predict` are given."""

from __future__ import annotations

import logging
import math
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from gradtape.base.dtypes import as_dtype
from gradtape.base.errors import ExplainedError, OutOfRangeError
from gradtape.base.exports import EXPORTS as TF
from gradtape.core.convert import convert
from gradtape.core.tensor import Tensor
from gradtape.core.variable import Variable
from gradtape.keras.engine.nest import flatten, map_structure
from gradtape.keras.engine.policy import floatx
from gradtape.random import seeds, stateful

_log = logging.getLogger("gradtape")
INFINITE, UNKNOWN = -1, -2


class DataError(ExplainedError, ValueError):
    """Data that does not fit together."""


def unpack_x_y_sample_weight(data: Any) -> tuple[Any, Any, Any]:
    """(x, y, sample_weight) of what a dataset gives: x, (x,), (x, y) or (x, y, sample_weight)."""
    if isinstance(data, list):
        data = tuple(data)
    if not isinstance(data, tuple):
        return data, None, None
    if len(data) > 3:
        raise ValueError(
            "Data is expected to be in format `x`, `(x,)`, `(x, y)`, or `(x, y, sample_weight)`, found: "
            f"{len(data)} elements"
        )
    return (*data, None, None)[:3]  # pyright: ignore[reportReturnType]


def pack_x_y_sample_weight(x: Any, y: Any = None, sample_weight: Any = None) -> Any:
    """The inverse of `unpack_x_y_sample_weight`."""
    if y is None:
        return (x,) if isinstance(x, list | tuple) else x
    return (x, y) if sample_weight is None else (x, y, sample_weight)


def is_array(value: Any) -> bool:
    return isinstance(value, Tensor | Variable | np.ndarray) or (
        hasattr(value, "__array__")
        and hasattr(value, "shape")
        and not isinstance(value, np.generic)
    )


def to_tensor(value: Any) -> Any:
    """A tensor of an array, a column of a table, ...; floating NumPy values in Keras's float type."""
    if value is None or isinstance(value, Tensor):
        return value
    if isinstance(value, Variable):
        return value._as_tensor()
    kind = type(value).__name__
    if kind in ("Series", "DataFrame") and hasattr(value, "to_numpy"):
        value = np.asarray(value)
        value = np.expand_dims(value, -1) if kind == "Series" else value
    if isinstance(value, np.ndarray):
        if value.dtype.kind == "f":
            return convert(value, as_dtype(floatx()).np)
        return convert(value)
    return convert(value) if is_array(value) or isinstance(value, int | float) else value


def _all_scalars(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return bool(value) and all(_all_scalars(v) for v in value)
    return isinstance(value, int | float | str | bytes | np.generic)


def _standard(value: Any) -> Any:
    """Arrays as tensors, lists of numbers as arrays, lists as tuples."""
    if isinstance(value, list | tuple) and _all_scalars(value):
        return to_tensor(np.asarray(value))
    if isinstance(value, list | tuple):
        return tuple(_standard(v) for v in value)
    if isinstance(value, dict):
        return {k: _standard(v) for k, v in value.items()}
    return to_tensor(value)


class Arrays:
    """Batches of arrays in memory; shuffled as TensorFlow does it, by one stateful operation per fit."""

    recreate = False

    def __init__(
        self, x: Any, y: Any, weights: Any, batch_size: int | None, steps: int | None, shuffle: Any
    ):
        self.x, self.y, self.weights = _standard(x), _standard(y), _standard(weights)
        if isinstance(self.weights, tuple) and any(w is None for w in self.weights):
            ones = lambda t: convert(np.ones(t._value.shape[0], floatx()))
            self.weights = tuple(
                ones(t) if w is None else w for w, t in zip(self.weights, flatten(self.y))
            )
        groups = {"x": self.x, "y": self.y, "sample_weight": self.weights}
        sizes = {
            name: [
                t._value.shape[0] if t._value.ndim else 0 for t in flatten(group) if t is not None
            ]
            for name, group in groups.items()
            if group is not None
        }
        different = {n for group in sizes.values() for n in group}
        if len(different) != 1:
            text = "".join(
                f"  {name} sizes: {', '.join(map(str, s))}\n" for name, s in sizes.items()
            )
            raise DataError(
                f"Data cardinality is ambiguous:\n{text}Make sure all arrays contain the same number of samples."
                if different
                else "Expected at least one array of data."
            )
        self.n = different.pop()
        if self.n == 0:
            raise DataError("Expected data with at least one sample; the arrays are empty.")
        if not batch_size:
            batch_size = math.ceil(self.n / steps) if steps else 32
        self.batch_size = int(batch_size)
        self.shuffle = shuffle.lower() if isinstance(shuffle, str) else shuffle
        self.size: int | None = math.ceil(self.n / self.batch_size)
        self.open_batch = self.n % self.batch_size != 0
        self._node: Any = None

    def _permutation(self, indices: np.ndarray) -> np.ndarray:
        if self._node is None:
            self._node = seeds.NodeState(seeds.GraphSeeds(seeds.STATE.global_seed).get_seed(None))
        return stateful.shuffle(indices, state=self._node)

    def batches(self) -> Iterator[Any]:
        """Epoch after epoch, without end."""
        size = self.batch_size
        while True:
            starts = list(range(0, self.n, size))
            if self.shuffle == "batch":
                random.shuffle(starts)
            order = self.order()
            for start in starts:
                if order is None:
                    rows: Any = slice(start, min(start + size, self.n))
                else:
                    rows = order[start : start + size]
                yield self.take(rows)

    def order(self) -> np.ndarray | None:
        """The order of the samples in the next epoch; None: as they stand."""
        if self.shuffle and self.shuffle != "batch":
            return self._permutation(np.arange(self.n, dtype=np.int64))
        return None

    def take(self, rows: Any) -> Any:
        """Some rows as a batch."""

        def part(t: Any) -> Any:
            return None if t is None else Tensor(t._value[rows])

        x = part(self.x) if isinstance(self.x, Tensor) else map_structure(part, self.x)
        if self.y is None:
            return (x,)
        y = part(self.y) if isinstance(self.y, Tensor) else map_structure(part, self.y)
        if self.weights is None:
            return x, y
        return x, y, map_structure(part, self.weights)

    def epoch_ended(self) -> None:
        return


class FromDataset:
    """Batches of a `tf.data.Dataset`."""

    def __init__(self, dataset: Any, y: Any, weights: Any, steps: int | None):
        if y is not None:
            raise ValueError("`y` argument is not supported when using dataset as input.")
        if weights is not None:
            raise ValueError(
                "`sample_weight` argument is not supported when using dataset as input."
            )
        self.dataset, self.size = dataset, None
        cardinality = getattr(dataset, "cardinality", None)
        self.cardinality = int(cardinality()) if cardinality is not None else UNKNOWN
        self.recreate = steps is None or self.cardinality == steps
        specs = [getattr(s, "shape", None) for s in flatten(getattr(dataset, "element_spec", ()))]
        self.open_batch = any(
            s is None or s.rank is None or (len(s) and s[0] is None) for s in specs
        )

    def batches(self) -> Iterator[Any]:
        return iter(self.dataset)

    def epoch_ended(self) -> None:
        return


class FromSequence:
    """Batches of a `keras.utils.Sequence`: an object with length and items, shuffled batch by batch."""

    recreate = True
    open_batch = True

    def __init__(self, sequence: Any, y: Any, weights: Any, shuffle: bool):
        if y is not None:
            raise ValueError(
                "`y` argument is not supported when using `keras.utils.Sequence` as input."
            )
        if weights is not None:
            raise ValueError(
                "`sample_weight` argument is not supported when using `keras.utils.Sequence` as input."
            )
        self.sequence, self.shuffle = sequence, shuffle

    @property
    def size(self) -> int:
        return len(self.sequence)

    def batches(self) -> Iterator[Any]:
        order = list(range(len(self.sequence)))
        if self.shuffle:
            random.shuffle(order)
        return (_standard_batch(self.sequence[i]) for i in order)

    def epoch_ended(self) -> None:
        if hasattr(self.sequence, "on_epoch_end"):
            self.sequence.on_epoch_end()


class FromGenerator:
    """Batches of a Python generator, which is run through once."""

    recreate = False
    open_batch = True
    size = None

    def __init__(self, generator: Any, y: Any, weights: Any):
        if y is not None:
            raise ValueError("`y` argument is not supported when using python generator as input.")
        if weights is not None:
            raise ValueError(
                "`sample_weight` argument is not supported when using python generator as input."
            )
        self._items = (_standard_batch(item) for item in generator)

    def batches(self) -> Iterator[Any]:
        return self._items

    def epoch_ended(self) -> None:
        return


def _standard_batch(batch: Any) -> Any:
    x, y, weights = unpack_x_y_sample_weight(batch)
    return pack_x_y_sample_weight(_standard(x), _standard(y), _standard(weights))


def source_of(x: Any, y: Any, weights: Any, batch_size: Any, steps: Any, shuffle: Any) -> Any:
    """The reader that handles this kind of data.  Raises ValueError for what none handles."""
    if hasattr(x, "element_spec") or type(x).__module__.startswith("gradtape.data"):
        return FromDataset(x, y, weights, steps)
    if isinstance(x, list | tuple | dict) or is_array(x):
        leaves = [v for v in flatten((x, y)) if v is not None]
        if _all_scalars(x) or all(
            is_array(v) or isinstance(v, int | float | np.generic) for v in leaves
        ):
            return Arrays(x, y, weights, batch_size, steps, shuffle)
    elif hasattr(x, "__len__") and hasattr(x, "__getitem__") and not isinstance(x, str | bytes):
        return FromSequence(x, y, weights, bool(shuffle))
    elif hasattr(x, "__next__"):
        return FromGenerator(x, y, weights)
    elif hasattr(x, "__iter__") and not isinstance(x, str | bytes):
        return FromDataset(x, y, weights, steps)
    raise DataError(
        f"Failed to find data adapter that can handle input: {type(x)}, {type(y)}. Pass arrays, "
        "tensors, a tf.data.Dataset, "
        "a generator, or a keras.utils.Sequence."
    )


class DataHandler:
    """Epochs and steps over a source of batches."""

    def __init__(
        self, x: Any, y: Any = None, sample_weight: Any = None, batch_size: int | None = None,
        steps_per_epoch: int | None = None, initial_epoch: int = 0, epochs: int = 1, shuffle: Any = False,
        class_weight: Any = None, steps_per_execution: int = 1,
    ):  # fmt: skip
        self._source = source_of(x, y, sample_weight, batch_size, steps_per_epoch, shuffle)
        self._first, self._last = initial_epoch, epochs
        self._steps, self._per_call = steps_per_epoch, steps_per_execution
        self._ran_out = False
        self._weigh = _class_weighter(class_weight) if class_weight else None
        self.inferred_steps = self._infer()
        self.step_increment = 0
        self._step = 0

    @property
    def open_batch(self) -> bool:
        """Whether the batches may have several sizes."""
        return self._source.open_batch

    def _infer(self) -> int | None:
        if self._steps == -1:
            return None
        if self._steps is not None:
            return self._steps
        if self._source.size is not None:
            return self._source.size
        cardinality = getattr(self._source, "cardinality", UNKNOWN)
        if cardinality == INFINITE:
            raise ValueError(
                "When providing an infinite dataset, you must specify the number of steps to run: pass "
                "`steps_per_epoch` (or `steps`), or do not call `repeat()` on the dataset."
            )
        return cardinality if cardinality >= 0 else None

    @property
    def arrays(self) -> Arrays | None:
        """The source where it is arrays, each epoch runs once over them, and the last batch alone may be smaller."""
        source = self._source
        if not isinstance(source, Arrays) or self.inferred_steps != source.size:
            return None
        return None if source.shuffle == "batch" else source

    def batch(self, rows: Any) -> Any:
        """Some rows of the arrays, weighted by their classes."""
        found = self._source.take(rows)
        return found if self._weigh is None else self._weigh(found)

    def _batches(self) -> Iterator[Any]:
        batches = self._source.batches()
        return batches if self._weigh is None else map(self._weigh, batches)

    def enumerate_epochs(self) -> Iterator[tuple[int, Iterator[Any]]]:
        """(epoch, iterator over batches) of each epoch."""
        batches = self._batches()
        for epoch in range(self._first, self._last):
            if self._ran_out:
                break
            if self._source.recreate and epoch > self._first:
                batches = self._batches()
            yield epoch, batches
            self._source.epoch_ended()

    @contextmanager
    def catch_stop_iteration(self) -> Iterator[None]:
        """The end of the data ends the epoch; where more was promised, the training, with a warning."""
        try:
            yield
        except (StopIteration, OutOfRangeError):
            if self.inferred_steps is None:
                self.inferred_steps = self._step
            else:
                self._ran_out = True
                _log.warning(
                    "Your input ran out of data; interrupting training. Make sure that your dataset "
                    "or generator can generate "
                    "at least `steps_per_epoch * epochs` batches (in this case, %d batches). You may need to use the "
                    "repeat() function when building your dataset.", (self._last - self._first) * self.inferred_steps,
                )  # fmt: skip

    def steps(self) -> Iterator[int]:
        """The numbers of the calls of one epoch."""
        self._step = 0
        while self.inferred_steps is None or self._step < self.inferred_steps:
            if self._ran_out:
                break
            n_steps = self._per_call
            if self.inferred_steps is not None:
                n_steps = min(n_steps, self.inferred_steps - self._step)
            self.step_increment = n_steps - 1
            yield self._step
            self._step += n_steps


def _class_weighter(class_weight: dict[int, float]) -> Callable[[Any], Any]:
    ids = sorted(class_weight)
    if ids != list(range(len(ids))):
        raise ValueError(
            f"Expected `class_weight` to be a dict with keys from 0 to one less than the number of classes, found "
            f"{class_weight}"
        )
    table = convert([class_weight[i] for i in ids])

    def weigh(data: Any) -> Any:
        x, y, weights = unpack_x_y_sample_weight(data)
        if not isinstance(y, Tensor):
            raise ValueError("`class_weight` is only supported for Models with a single output.")
        labels = y._value
        if labels.ndim > 2:
            raise ValueError("`class_weight` not supported for 3+ dimensional targets.")
        if labels.ndim == 2 and labels.shape[1] > 1:
            classes = labels.argmax(axis=1)
        else:
            classes = labels.reshape(-1).astype(np.int64)
        by_class = Tensor(table._value[classes])
        if weights is not None:
            by_class = weights * TF["cast"](by_class, weights.dtype)
        return x, y, by_class

    return weigh


def train_validation_split(arrays: Any, validation_split: float) -> tuple[Any, Any]:
    """The first and the last part of the arrays.  Raises ValueError for what cannot be cut, or too little data."""
    leaves = flatten(arrays)
    wrong = [type(t) for t in leaves if t is not None and not is_array(t)]
    if wrong:
        raise ValueError(
            "`validation_split` is only supported for Tensors or NumPy arrays, found following types "
            f"in the input: {wrong}"
        )
    first = next((t for t in leaves if t is not None), None)
    if first is None:
        return arrays, arrays
    n = int(first.shape[0])
    cut = math.floor(n * (1.0 - validation_split))
    if cut in (0, n):
        raise ValueError(
            f"Training data contains {n} samples, which is not sufficient to split it into a "
            "validation and training set as "
            f"specified by `validation_split={validation_split}`. Either provide more data, or a "
            "different value for the "
            "`validation_split` argument."
        )
    head = map_structure(lambda t: None if t is None else t[:cut], arrays)
    return head, map_structure(lambda t: None if t is None else t[cut:], arrays)
