"""The training of one exhibit, step by step, by the engine: state, undo, what there is to see."""

from __future__ import annotations

import base64
import math
from collections import deque
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradtape.base.quiet import quiet
from gradtape.core.variable import Variable
from gradtape.keras.optimizers import SGD, Adam
from gradtape.lab.exhibits import Exhibit, first_data, program

OPTIMIZERS = {
    "sgd": lambda rate: SGD(learning_rate=rate),
    "momentum": lambda rate: SGD(learning_rate=rate, momentum=0.9),
    "adam": lambda rate: Adam(learning_rate=rate),
}
UNDO_DEPTH = 50
CURVE_POINTS = 400
REGION_SIDE = 48  # squares along each side of the picture of the regions
REGION_REACH = 1.15  # the picture shows coordinates from minus to plus this


class Curve:
    """The loss of every step, thinned to at most twice CURVE_POINTS points: every `stride`-th step and the last."""

    def __init__(self) -> None:
        self.points: list[tuple[int, float]] = []
        self.stride = 1

    def add(self, step: int, loss: float) -> None:
        if self.points and self.points[-1][0] % self.stride:
            self.points.pop()
        self.points.append((step, loss))
        if len(self.points) > 2 * CURVE_POINTS:
            self.stride *= 2
            last = self.points[-1]
            self.points = [p for p in self.points if p[0] % self.stride == 0]
            if self.points[-1] != last:
                self.points.append(last)

    def copy(self) -> Curve:
        made = Curve()
        made.points, made.stride = list(self.points), self.stride
        return made


@dataclass
class Moment:
    """All that undo brings back."""

    values: list[np.ndarray]
    dials: list[np.ndarray]
    slots: list[np.ndarray]
    optimizer: str
    rate: float
    data: str | None
    step: int
    curve: Curve
    ratios: list[float | None]


class Trainer:
    """One network in training.  Loss and gradients are always those of the weights as they are now."""

    def __init__(self, exhibit: Exhibit) -> None:
        self.exhibit = exhibit
        self.undoable: deque[Moment] = deque(maxlen=UNDO_DEPTH)
        self.optimizer_name, self.rate = exhibit.optimizer, exhibit.rate
        self._load(first_data(exhibit))

    # --- what the page asks for ---

    def reset(self) -> None:
        """Begin anew, with the first weights and dials; optimizer, learning rate and data stay."""
        self._load(self.data)

    def step(self, count: int = 1) -> None:
        """Take steps of descent; stops before its time where the loss is not finite."""
        for _ in range(count):
            if not self.finite:
                return
            before = [v.numpy().copy() for v in self.weights]
            self.optimizer.apply_gradients(zip(self.gradients, self.weights))
            self.ratios = [_ratio(old, v.numpy()) for old, v in zip(before, self.weights)]
            self.steps += 1
            self._evaluate()
            self.curve.add(self.steps, self.loss)

    def remember(self) -> None:
        """Put the present where `undo` finds it."""
        self.undoable.append(self._now())

    def undo(self) -> None:
        """Go back to what was remembered last; nothing where there is nothing."""
        if not self.undoable:
            return
        moment = self.undoable.pop()
        if moment.data != self.data:
            self._load(moment.data)
        self.optimizer_name, self.rate = moment.optimizer, moment.rate
        self._make_optimizer()
        if len(moment.slots) > len(self.optimizer.variables):
            self.optimizer.build(self.weights)
        for variable, value in zip(
            [*self.weights, *self._dials(), *self.optimizer.variables],
            [*moment.values, *moment.dials, *moment.slots],
        ):
            variable.assign(value)
        self.steps, self.curve, self.ratios = moment.step, moment.curve, moment.ratios
        self._evaluate()

    def set_rate(self, rate: float) -> None:
        """The learning rate of the next steps."""
        self.rate = rate
        self.optimizer.learning_rate = rate

    def set_optimizer(self, name: str) -> None:
        """Another optimizer, which knows nothing of the steps so far."""
        self.optimizer_name = name
        self._make_optimizer()

    def set_data(self, name: str) -> None:
        """Other points: the network begins anew."""
        self._load(name)

    def set_value(self, name: str, value: float) -> None:
        """Set a dial or a single weight."""
        variable = self.names[name]
        variable.assign(np.full(variable.shape, value, variable.dtype.np))
        self._evaluate()

    # --- what there is to see ---

    @property
    def finite(self) -> bool:
        """Whether loss, weights and gradients are numbers."""
        tensors = [*self.weights, *self.gradients]
        return math.isfinite(self.loss) and all(np.isfinite(t.numpy()).all() for t in tensors)

    def frame(self) -> dict[str, Any]:
        """Everything that the page shows, as plain data; numbers that are not finite as texts."""
        shown = self.names["shown"]()
        frame: dict[str, Any] = {
            "step": self.steps,
            "loss": plain(self.loss),
            "curve": [[step, plain(loss)] for step, loss in self.curve.points],
            "finite": self.finite,
            "rate": self.rate,
            "optimizer": self.optimizer_name,
            "data": self.data,
            "undo": len(self.undoable),
            "weights": [
                _tensor(_name(v), v.numpy(), g.numpy()) | {"ratio": plain(r)}
                for v, g, r in zip(self.weights, self.gradients, self.ratios)
            ],
            "dials": {d.name: plain(self._dial(d.name)) for d in self.exhibit.dials},
            "shown": {name: plain(value.numpy()) for name, value in shown.items()},
        }
        if self.exhibit.planar:
            frame["points"] = np.round(self.names["points"], 4).astype(float).tolist()
            frame["labels"] = [int(label) for label in self.names["labels"].ravel()]
            frame["regions"] = self._regions()
        return frame

    def gradient_call(self) -> tuple[Any, Any, list[Any]]:
        """The tape of the present step, its loss, and the weights: what an explanation is made of."""
        tape, loss, _ = self.names["gradients"]()
        return tape, loss, list(self.weights)

    # --- inside ---

    def _load(self, data: str | None) -> None:
        self.data = data
        self.names = program(self.exhibit, data)
        self.weights: list[Variable] = list(self.names["weights"])
        self.steps, self.curve = 0, Curve()
        self.ratios: list[float | None] = [None] * len(self.weights)
        self._make_optimizer()
        self._evaluate()
        self.curve.add(0, self.loss)

    def _make_optimizer(self) -> None:
        self.optimizer: Any = OPTIMIZERS[self.optimizer_name](self.rate)

    def _evaluate(self) -> None:
        _, loss, self.gradients = self.names["gradients"]()
        self.loss = float(np.ravel(loss.numpy())[0])

    def _now(self) -> Moment:
        return Moment(
            values=[v.numpy().copy() for v in self.weights],
            dials=[v.numpy().copy() for v in self._dials()],
            slots=[v.numpy().copy() for v in self.optimizer.variables],
            optimizer=self.optimizer_name,
            rate=self.rate,
            data=self.data,
            step=self.steps,
            curve=self.curve.copy(),
            ratios=list(self.ratios),
        )

    def _dials(self) -> list[Variable]:
        return [self.names[dial.name] for dial in self.exhibit.dials]

    def _dial(self, name: str) -> Any:
        return np.ravel(self.names[name].numpy())[0]

    def _regions(self) -> dict[str, Any]:
        """What the network says of each square, from 0 to 255, the top row first."""
        return {
            "side": REGION_SIDE,
            "reach": REGION_REACH,
            "levels": base64.b64encode(self.levels().tobytes()).decode("ascii"),
        }

    def levels(self) -> np.ndarray:
        """uint8[side * side]: the network's probability at the middle of each square, times 255, rounded."""
        said = self.names["predict"](region_places()).numpy()
        return np.rint(255 * np.nan_to_num(said.ravel(), nan=0.5)).astype(np.uint8)


def region_places() -> np.ndarray:
    """float32[side * side, 2]: the middles of the squares, row by row from the top left."""
    middles = (np.arange(REGION_SIDE) + 0.5) / REGION_SIDE * 2 - 1
    x, y = np.meshgrid(middles, -middles)
    return (REGION_REACH * np.stack([x.ravel(), y.ravel()], axis=1)).astype(np.float32)


def _ratio(before: np.ndarray, after: np.ndarray) -> float | None:
    """Size of the update beside the size of the weights; None where these are zero."""
    with quiet():
        size = float(np.linalg.norm(before))
        return float(np.linalg.norm(after - before)) / size if size else None


def _name(variable: Any) -> str:
    return variable.name.partition(":")[0]


def _tensor(name: str, value: np.ndarray, gradient: np.ndarray) -> dict[str, Any]:
    return {
        "name": name,
        "shape": list(value.shape),
        "value": plain(value.ravel()),
        "gradient": plain(gradient.ravel()),
    }


def plain(value: Any) -> Any:
    """Numbers as JSON holds them: exact, and "nan", "inf" or "-inf" where they are not finite."""
    if value is None:
        return None
    array = np.asarray(value)
    if array.ndim:
        return [plain(item) for item in array]
    number = float(array)
    return number if math.isfinite(number) else str(number)
