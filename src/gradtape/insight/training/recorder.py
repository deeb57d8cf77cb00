"""The recorder: a callback of `fit`, and a context for loops of one's own."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

import numpy as np

from gradtape.base.errors import ArgumentError
from gradtape.core.context import GRADIENT_OBSERVERS, STATE
from gradtape.insight.training.explaining import explanation_of
from gradtape.insight.training.figures import Figures
from gradtape.insight.training.flags import Seen, Thresholds, Watch
from gradtape.insight.training.layers import activations, layers_of_weights
from gradtape.insight.training.logs import Logs, write_logs
from gradtape.insight.training.memory import Curve, density, limit_in_bytes
from gradtape.insight.training.rows import Row, Rows, close_part, part_of, step_of
from gradtape.insight.training.statistics import counted, numbers, summary
from gradtape.insight.training.step import Change, Changes, Flag, Step
from gradtape.insight.training.watching import (
    Call,
    Weights,
    bytes_of,
    dense_gradient,
    kept_tape,
    loss_of,
)
from gradtape.keras.callbacks.base import Callback
from gradtape.transforms.function import seen

SHOWN = 16  # entries of a weight that `changes` lists one by one
TAPE_PART = 32  # a tape is kept where it takes no more than this part of the limit


class TrainingRecorder(Callback, Figures):
    """Keeps weights, gradients, statistics of activations and the loss of every step of a training.

    A callback, `model.fit(..., callbacks=[recorder])`, or a context around a loop of one's own. A step begins with a
    `tape.gradient` of weights that have no gradient in it yet, and ends when they are changed.

    weights: variables, a dict of them by name, a layer or a model. None: the model of `fit`, or every trainable
    variable whose gradient is asked for.
    limit: of memory, "64 MiB" or bytes, 64 KiB at least. Where it is reached, of the older half of the steps every
    2nd, 4th, 8th ... stays; the first and the newest steps stay; `thinned` says what is kept.
    every: record each so many steps; in `fit` the steps between run compiled.
    whole: arrays of more entries are kept as statistics and a histogram of 30 bins.
    tapes: whether tapes of steps are kept for `explain`, in half of the limit at most.
    thresholds: `gradtape.insight.training.Thresholds`, for `flags`. log_dir: write TensorBoard's event files meanwhile.

    While it records, functions under `tf.function` and the training step of `fit` run operation by operation, with the
    random numbers that they draw otherwise; the weights become what they become without it (to rounding, where these
    would be machine code).
    Raises ValueError for a limit that is none, for `every` under 1.

    >>> w = tf.Variable(2.0)
    >>> with tf.TrainingRecorder({"w": w}) as recorder:
    ...     for _ in range(3):
    ...         with tf.GradientTape() as tape:
    ...             loss = w * w
    ...         _ = w.assign_sub(0.25 * tape.gradient(loss, w))
    >>> print(recorder.changes(0))
    Step 0 → 1: loss 4 → 1
    weight  old  gradient  update  new  |update|/|old|
    w         2         4      -1    1             0.5
    """

    _supports_tf_logs = True

    def __init__(
        self, weights: Any = None, *, limit: Any = "64 MiB", every: int = 1, whole: int = 10_000, tapes: bool = True,
        thresholds: Thresholds | None = None, log_dir: Any = None,
    ):  # fmt: skip
        super().__init__()
        if isinstance(every, bool) or not isinstance(every, int) or every < 1:
            raise ArgumentError("Expected `every` as a number of steps, 1 or more.", every=every)
        if isinstance(whole, bool) or not isinstance(whole, int) or whole < 0:
            raise ArgumentError("Expected `whole` as a number of entries, 0 or more.", whole=whole)
        if thresholds is not None and not isinstance(thresholds, Thresholds):
            raise ArgumentError(
                "Expected `thresholds` as gradtape.insight.training.Thresholds(...).",
                thresholds=thresholds,
            )
        self._weights = Weights(weights)
        self._given = weights is not None
        self._rows = Rows(limit_in_bytes(limit))
        self._curve = Curve(self._rows.limit // 8 // 40)
        self._every, self._whole, self._keeps_tapes = every, whole, tapes
        self._watch = Watch(thresholds or Thresholds())
        self._flags: list[Flag] = []
        self._logs = None if log_dir is None else Logs(log_dir)
        self._open: Row | None = None
        self._before: dict[str, np.ndarray] = {}  # the weights of the open step, by name
        self._results: list[Any] = []
        self._next = self._recorded = 0
        self._epoch: int | None = None
        self._batch: int | None = None
        self._thread = 0
        self._within: ExitStack | None = None
        self._for_a_batch = False

    # --- a loop of one's own ---

    def __enter__(self) -> TrainingRecorder:
        if self._within is not None:
            raise RuntimeError("The recorder is recording already: use another one.")
        self._start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stop()
        self._flush()

    def _flush(self) -> None:
        if self._logs is not None:
            self._logs.flush()

    def _start(self) -> None:
        self._thread = threading.get_ident()
        self._within = ExitStack()
        self._within.enter_context(seen())
        GRADIENT_OBSERVERS.append(self._saw)
        self._within.callback(GRADIENT_OBSERVERS.remove, self._saw)

    def _stop(self) -> None:
        if self._within is not None:
            self._within.close()
            self._within, self._for_a_batch = None, False
            self._close()

    # --- fit ---

    def set_model(self, model: Any) -> None:
        self.model = model
        if not self._given:
            self._weights.watch(model)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._epoch = epoch

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self._batch = batch
        if self._within is None and self._next % self._every == 0:
            self._for_a_batch = True
            self._start()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if self._batch is None:
            return  # given to `fit` twice, it is told twice
        if self._within is None:
            self._next += batch + 1 - self._batch
        elif self._for_a_batch:
            self._stop()
        else:
            self._close()
        self._batch = None

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self._flush()

    def _after_training(self) -> None:
        self._epoch = self._batch = None
        if self._for_a_batch:
            self._stop()
        self._flush()

    # --- what is seen ---

    def _saw(self, tape: Any, targets: Any, sources: Any, seeds: Any, gradients: Any) -> None:
        """A tape has found gradients."""
        if (
            STATE.trace is not None
            or threading.get_ident() != self._thread
            or any(r is not tape for r in STATE.recorders)
        ):
            return
        mine = [
            (place, gradient)
            for source, gradient in zip(sources, gradients)
            if (place := self._weights.place(source)) is not None
        ]
        if not mine:
            return
        names = [self._weights.names[place] for place, _ in mine]
        if self._open is not None and (
            self._moved() or any(self._open.part(n) is not None for n in names)
        ):
            self._close()
        if self._open is None:
            if self._next % self._every:
                self._next += 1
                return
            self._begin(tape, targets, seeds)
        self._rows.change(
            self._opened, lambda row: self._note(row, mine, tape, targets, sources, seeds)
        )
        self._rows.fit(self._curve.nbytes)

    @property
    def _opened(self) -> Row:
        assert self._open is not None
        return self._open

    def _begin(self, tape: Any, targets: Any, seeds: Any) -> None:
        loss = loss_of(targets, seeds)
        row = Row(self._next, self._recorded, self._epoch, self._batch, loss)
        self._next += 1
        self._recorded += 1
        self._curve.add(loss)
        self._rows.add(row)
        self._open, self._before, self._results = row, {}, []

    def _note(
        self, row: Row, mine: list[Any], tape: Any, targets: Any, sources: Any, seeds: Any
    ) -> None:
        for place, gradient in mine:
            variable, name = self._weights.variables[place], self._weights.names[place]
            before = self._before[name] = variable._value
            dense, values = dense_gradient(gradient, variable, self._whole)
            row.parts.append(part_of(name, before, dense, values, self._whole))
        self._note_results(row, tape)
        self._weights.belong(layers_of_weights(tape))
        row.layers = self._layers(row, tape)
        if self._keeps_tapes:
            if (
                row.tapes
                and row.tapes[-1].tape.trail is tape.trail
                and _same(row.tapes[-1], targets)
            ):
                row.tapes[-1].sources.extend(sources)
                return
            size = bytes_of(tape)
            if size <= self._rows.limit // TAPE_PART:
                row.tapes.append(Call(kept_tape(tape), list(targets), list(sources), list(seeds)))
                row.tape_bytes += size
            else:
                self._rows.tapes_dropped = True

    def _note_results(self, row: Row, tape: Any) -> None:
        """Statistics of what the layers gave."""
        new = [a for a in activations(tape) if a.layer not in row.results]
        if not new:
            return
        found = [numbers(a.array, a.kind if a.kind != "relu" else "") for a in new]
        counts = [counted(a.array, n[2], n[3]) for a, n in zip(new, found)]
        row.results = (*row.results, *[a.layer for a in new])
        row.result_numbers = np.concatenate([row.result_numbers, np.stack(found)])
        row.result_counts = np.concatenate([row.result_counts, np.stack(counts)])
        self._results += new

    def _layers(self, row: Row, tape: Any) -> dict[str, tuple[str, ...]]:
        """The layers with weights in this step, in the order in which the forward pass read them."""
        order = {owner: place for place, owner in enumerate(tape._reads)}
        places = [self._weights.names.index(p.name) for p in row.parts]
        places.sort(key=lambda p: order.get(id(self._weights.variables[p]), len(order)))
        found: dict[str, list[str]] = {}
        for place in places:
            layer = self._weights.layer_of[place]
            found.setdefault(layer, []).append(self._weights.names[place])
        return {layer: tuple(names) for layer, names in found.items()}

    def _moved(self) -> bool:
        """Whether a weight of the open step has another value since."""
        return any(self._buffer(name) is not value for name, value in self._before.items())

    def _buffer(self, name: str) -> np.ndarray:
        return self._weights.variables[self._weights.names.index(name)]._value

    def _close(self) -> None:
        """The open step is over: the weights are what it made of them."""
        if self._open is None:
            return
        row, self._open = self._open, None
        self._rows.change(row, self._settle)
        if self._logs is not None:
            self._logs.step(step_of(row))
        self._before, self._results = {}, []
        self._rows.fit(self._curve.nbytes)

    def _settle(self, row: Row) -> None:
        for part in row.parts:
            close_part(part, self._before[part.name], self._buffer(part.name))
        if self._batch is not None:
            rate = getattr(self.model.optimizer, "learning_rate", None)
            row.rate = None if rate is None else float(rate)
        gradients = [summary(p.numbers[1]) if p.numbers[1, 9] else None for p in row.parts]
        places = {p.name: place for place, p in enumerate(row.parts)}
        look = Seen(
            row.index, row.loss, {layer: [places[n] for n in names] for layer, names in row.layers.items()},
            gradients, [summary(p.numbers[0]) for p in row.parts], self._results,
            [summary(n) for n in row.result_numbers],
        )  # fmt: skip
        row.flags = tuple(self._watch.look(look))
        row.dead = self._watch.dead
        self._flags += row.flags

    def _settled(self) -> list[Row]:
        """The kept steps; the open one is closed where the weights have been changed."""
        if self._open is not None and self._moved():
            self._close()
        return self._rows.kept

    # --- what is asked ---

    @property
    def kept(self) -> tuple[int, ...]:
        """The numbers of the steps that are kept."""
        return tuple([row.index for row in self._settled()])

    def __len__(self) -> int:
        """How many steps were seen."""
        return self._next

    def __bool__(self) -> bool:
        return True

    @property
    def nbytes(self) -> int:
        """How many bytes are kept."""
        return self._rows.nbytes + self._curve.nbytes

    @property
    def flags(self) -> tuple[Flag, ...]:
        """What went wrong, in the order in which it did: once for each layer and kind."""
        self._settled()
        return tuple(self._flags)

    @property
    def losses(self) -> tuple[list[int], list[float]]:
        """Steps, and the loss at each."""
        stride = self._curve.stride * self._every
        return [stride * k for k in range(len(self._curve.values))], list(self._curve.values)

    @property
    def thinned(self) -> str:
        """What is kept of what was seen, in words."""
        kept = self.kept
        text = f"{self._next:,} steps seen, {len(kept):,} kept"
        text += f": {density(kept)}." if len(kept) < self._next else "."
        if self._rows.arrays_dropped:
            text += " Of arrays, statistics and histograms alone are kept."
        if self._keeps_tapes and self._rows.tapes_dropped:
            tapes = [row.index for row in self._rows.kept if row.tapes]
            text += f" {len(tapes):,} of them can be explained"
            text += f": {density(tapes)}." if tapes else "."
        return text

    def _row(self, k: int) -> Row:
        rows, asked = self._settled(), k
        if k < 0:
            k += self._next
        for row in rows:
            if row.index == k:
                return row
        if not rows:
            raise IndexError(
                "No step was recorded. Give the recorder to fit, or put the loop inside of `with recorder:`."
            )
        near = min((row.index for row in rows), key=lambda i: abs(i - k))
        raise IndexError(f"Step {asked} is not kept; the nearest one is {near}. {self.thinned}")

    def step(self, k: int) -> Step:
        """Step k (from 0; negative: from the end).  Raises IndexError where it is not kept, with the nearest one."""
        return step_of(self._row(k))

    @property
    def steps(self) -> list[Step]:
        """All steps that are kept."""
        return [step_of(row) for row in self._settled()]

    def explain(self, k: int, call: int = 0, **options: Any) -> Any:
        """The explanation of step k: its derivation and circuit, as `tf.explain` gives it.

        call: which of the step's calls of `tape.gradient`. options: those of `tf.explain` (detail, decimals).
        Raises IndexError for a step that is not kept, or whose tape is not: tapes take half of the limit at most.
        """
        row = self._row(k)
        if not row.tapes:
            with_tapes = [r.index for r in self._rows.kept if r.tapes]
            raise IndexError(
                f"The tape of step {row.index} is not kept. Those of these steps are: {density(with_tapes) or 'none'}. "
                "Give the recorder a larger `limit`, and tapes=True."
            )
        return explanation_of(row.tapes[call], options)

    def changes(self, k: int, entries: int = SHOWN) -> Changes:
        """What changed from step k to k + 1: old value, gradient, update, new value and ratio of each weight.

        entries: weights of more entries than this are shown by norms.
        Raises IndexError where the step is not kept.
        """
        row = self._row(k)
        following = next((r for r in self._rows.kept if r.index == row.index + 1), None)
        rows: list[Change] = []
        for part in row.parts:
            arrays = (part.weight, part.gradient, part.after)
            listed = part.after is not None and part.weight.size <= entries
            if not listed or part.weight.dtype.kind == "c":
                old, gradient, update = part.numbers[:, 4]
                then = following and following.part(part.name)
                if part.after is not None:
                    new = float(numbers(part.after)[4])
                else:
                    new = float(then.numbers[0, 4]) if then else np.nan
                rows.append(
                    Change(part.name, None, float(old), float(gradient), float(update), new)
                )
                continue
            for entry in np.ndindex(part.weight.shape):
                old, gradient, new = [np.nan if a is None else float(a[entry]) for a in arrays]
                rows.append(Change(part.name, entry, old, gradient, new - old, new))
        return Changes(row.index, row.loss, following and following.loss, tuple(rows))

    def path_of(
        self, first: Any, entry: tuple[int, ...], second: Any, other: tuple[int, ...]
    ) -> Any:
        """The values of two entries of variables at the kept steps and after the last: float64[n, 2]."""
        rows, points = self._settled(), []
        names = [
            self._weights.names[place] if (place := self._weights.place(v)) is not None else ""
            for v in (first, second)
        ]
        for row in rows:
            parts = [row.part(name) for name in names]
            if all(p is not None and p.weight is not None for p in parts):
                points.append([float(p.weight[e]) for p, e in zip(parts, (entry, other))])  # type: ignore[union-attr]
                last = [p.after for p in parts]  # type: ignore[union-attr]
        if not points:
            raise ArgumentError(
                "The recorder has no values of these weights: they were not recorded, or are kept as statistics."
            )
        if all(array is not None for array in last):
            points.append([float(a[e]) for a, e in zip(last, (entry, other))])
        return np.array(points)

    @property
    def entries(self) -> int:
        """How many numbers the recorded weights are."""
        return sum(variable._value.size for variable in self._weights.variables)

    def restore(self, k: int) -> None:
        """Give the weights the values that they had before step k; an optimizer's own state stays as it is.

        Raises IndexError where the step is not kept, ValueError where a weight is kept as statistics only.
        """
        row = self._row(k)
        large = [part.name for part in row.parts if part.weight is None]
        if large:
            raise ArgumentError(
                f"Of {', '.join(large)} only statistics are kept: give the recorder a larger `whole` and `limit`."
            )
        self._close()
        for part in row.parts:
            place = self._weights.names.index(part.name)
            self._weights.variables[place].assign(part.weight)

    def to_tensorboard(self, log_dir: Any) -> str:
        """Write what is kept as TensorBoard's event file into a folder; gives the file's path."""
        return write_logs(log_dir, self.steps, self.losses)

    def __repr__(self) -> str:
        flags = f", {len(self._flags)} flags" if self._flags else ""
        return f"<TrainingRecorder: {self.thinned} {self.nbytes / 2**20:.1f} MiB{flags}>"


def _same(call: Call, targets: Sequence[Any]) -> bool:
    return len(call.targets) == len(targets) and all(a is b for a, b in zip(call.targets, targets))
