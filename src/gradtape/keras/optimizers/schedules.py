"""Learning rates that change with the step."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape.core.convert import convert
from gradtape.core.tensor import Tensor
from gradtape.keras.engine.arrays import array_like, as_tensor
from gradtape.keras.optimizers.traced import power


def _step(step: Any) -> Any:
    now = convert(step)._value.astype(np.float32)
    return now[()] if type(now) is np.ndarray else now


def _rate(value: Any) -> Tensor:
    return as_tensor(array_like(value, np.float32))


class LearningRateSchedule:
    """Base of schedules: `schedule(step)` gives the learning rate.  Derive `__call__` and `get_config`."""

    fields: tuple[str, ...] = ()

    def __call__(self, step: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} needs a method __call__(step).")

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the schedule again."""
        return {name: getattr(self, name) for name in self.fields}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        return cls(**config)


class ExponentialDecay(LearningRateSchedule):
    """initial_learning_rate * decay_rate ^ (step / decay_steps); with `staircase` the exponent is an integer.

    >>> float(tf.keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.5)(10))
    0.05000000074505806
    """

    fields = ("initial_learning_rate", "decay_steps", "decay_rate", "staircase", "name")

    def __init__(self, initial_learning_rate, decay_steps, decay_rate, staircase=False, name=None):
        self.initial_learning_rate, self.decay_steps, self.decay_rate = (
            initial_learning_rate,
            decay_steps,
            decay_rate,
        )
        self.staircase, self.name = staircase, name

    def __call__(self, step):
        p = _step(step) / np.float32(self.decay_steps)
        p = np.floor(p) if self.staircase else p
        return _rate(np.float32(self.initial_learning_rate) * power(np.float32(self.decay_rate), p))


class InverseTimeDecay(LearningRateSchedule):
    """initial_learning_rate / (1 + decay_rate * step / decay_steps); with `staircase` the quotient is an integer."""

    fields = ("initial_learning_rate", "decay_steps", "decay_rate", "staircase", "name")

    def __init__(self, initial_learning_rate, decay_steps, decay_rate, staircase=False, name=None):
        self.initial_learning_rate, self.decay_steps, self.decay_rate = (
            initial_learning_rate,
            decay_steps,
            decay_rate,
        )
        self.staircase, self.name = staircase, name

    def __call__(self, step):
        p = _step(step) / np.float32(self.decay_steps)
        p = np.floor(p) if self.staircase else p
        return _rate(
            np.float32(self.initial_learning_rate)
            / (np.float32(1) + np.float32(self.decay_rate) * p)
        )


class PolynomialDecay(LearningRateSchedule):
    """(initial - end) * (1 - step / decay_steps) ^ power + end; `cycle` starts anew beyond `decay_steps`."""

    fields = ("initial_learning_rate", "decay_steps", "end_learning_rate", "power", "cycle", "name")

    def __init__(
        self,
        initial_learning_rate,
        decay_steps,
        end_learning_rate=0.0001,
        power=1.0,
        cycle=False,
        name=None,
    ):
        self.initial_learning_rate, self.decay_steps = initial_learning_rate, decay_steps
        self.end_learning_rate, self.power, self.cycle, self.name = (
            end_learning_rate,
            power,
            cycle,
            name,
        )

    def __call__(self, step):
        now, steps = _step(step), np.float32(self.decay_steps)
        if self.cycle:
            turns = np.ceil(now / steps)
            steps = steps * np.where(now == 0, np.float32(1), turns)
        else:
            now = np.minimum(now, steps)
        first, last = np.float32(self.initial_learning_rate), np.float32(self.end_learning_rate)
        return _rate(
            (first - last) * np.power(np.float32(1) - now / steps, np.float32(self.power)) + last
        )


class PiecewiseConstantDecay(LearningRateSchedule):
    """values[i] up to and including boundaries[i], the last value beyond.

    Raises ValueError unless there is one value more than boundaries.
    """

    fields = ("boundaries", "values", "name")

    def __init__(self, boundaries, values, name=None):
        if len(boundaries) != len(values) - 1:
            raise ValueError(
                "The length of boundaries should be 1 less than the length of values. "
                f"Received: boundaries={boundaries}, values={values}"
            )
        self.boundaries, self.values, self.name = boundaries, values, name

    def __call__(self, step):
        now = convert(step)._value
        rate: Any = np.float32(self.values[-1])
        for boundary, value in reversed(list(zip(self.boundaries, self.values))):
            rate = np.where(now <= boundary, np.float32(value), rate)
        return _rate(rate)


class CosineDecay(LearningRateSchedule):
    """From `initial_learning_rate` to alpha of it along half a cosine over `decay_steps`.

    Source: Loshchilov and Hutter, "SGDR", 2016.
    """

    fields = ("initial_learning_rate", "decay_steps", "alpha", "name")

    def __init__(self, initial_learning_rate, decay_steps, alpha=0.0, name=None):
        self.initial_learning_rate, self.decay_steps = initial_learning_rate, decay_steps
        self.alpha, self.name = alpha, name

    def __call__(self, step):
        one, alpha, steps = np.float32(1), np.float32(self.alpha), np.float32(self.decay_steps)
        done = np.minimum(_step(step), steps) / steps
        wave = np.float32(0.5) * (one + np.cos(np.float32(np.pi) * done))
        return _rate(np.float32(self.initial_learning_rate) * ((one - alpha) * wave + alpha))


class CosineDecayRestarts(LearningRateSchedule):
    """Cosine decays one after the other: each `t_mul` times as long and `m_mul` times as high as the last.

    Source: Loshchilov and Hutter, "SGDR", 2016.
    """

    fields = ("initial_learning_rate", "first_decay_steps", "t_mul", "m_mul", "alpha", "name")

    def __init__(
        self, initial_learning_rate, first_decay_steps, t_mul=2.0, m_mul=1.0, alpha=0.0, name=None
    ):
        self.initial_learning_rate, self.first_decay_steps = (
            initial_learning_rate,
            first_decay_steps,
        )
        self._t_mul, self._m_mul, self.alpha, self.name = t_mul, m_mul, alpha, name

    @property
    def t_mul(self):
        return self._t_mul

    @property
    def m_mul(self):
        return self._m_mul

    def __call__(self, step):
        one, alpha = np.float32(1), np.float32(self.alpha)
        done = _step(step) / np.float32(self.first_decay_steps)
        t = np.float32(self._t_mul)
        if t == 1:
            turn = np.floor(done)
            done = done - turn
        else:
            turn = np.floor(np.log(one - done * (one - t)) / np.log(t))
            past = (one - power(t, turn)) / (one - t)
            done = (done - past) / power(t, turn)
        height = power(np.float32(self._m_mul), turn)
        wave = np.float32(0.5) * height * (one + np.cos(np.float32(np.pi) * done))
        return _rate(np.float32(self.initial_learning_rate) * ((one - alpha) * wave + alpha))


_CLASSES = {
    c.__name__: c
    for c in (
        ExponentialDecay, InverseTimeDecay, PolynomialDecay, PiecewiseConstantDecay, CosineDecay, CosineDecayRestarts,
    )
}  # fmt: skip


def serialize(learning_rate_schedule: Any) -> dict[str, Any]:
    """The configuration of a schedule, with its class name."""
    name = type(learning_rate_schedule).__name__
    module = "keras.optimizers.schedules" if name in _CLASSES else None
    return {
        "module": module,
        "class_name": name,
        "config": learning_rate_schedule.get_config(),
        "registered_name": None if module else name,
    }


def deserialize(config: dict[str, Any], custom_objects: Any = None) -> Any:
    """The schedule of a configuration."""
    cls = {**_CLASSES, **(custom_objects or {})}.get(config["class_name"])
    if cls is None:
        raise ValueError(
            f"Unknown decay: {config['class_name']!r}. Give its class in custom_objects."
        )
    return cls.from_config(config["config"])
