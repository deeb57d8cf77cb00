"""The networks of the gallery: each is a program that the engine runs as a user's file."""

from __future__ import annotations

import linecache
import threading
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

from gradtape.lab.points import DATA_SETS
from gradtape.random import STATE as RANDOM


@dataclass(frozen=True)
class Dial:
    """A value of the program that the page may set: a variable's name, its range, whether it is a whole number."""

    name: str
    low: float
    high: float
    whole: bool = False


@dataclass(frozen=True)
class Exhibit:
    """A network of the gallery.

    name: of the address.  title, text: for the reader.  rate: the learning rate at the beginning.
    optimizer: a name of `optimizers.OPTIMIZERS`.  dials: what can be turned besides the weights.
    free: whether single weights can be set by hand.  planar: whether it has data in the plane, to choose from.
    """

    name: str
    title: str
    text: str
    rate: float
    optimizer: str = "sgd"
    dials: tuple[Dial, ...] = ()
    free: tuple[Dial, ...] = field(default=())
    planar: bool = False

    def settable(self, name: str) -> Dial | None:
        """The dial or the free weight of that name."""
        return next((d for d in (*self.dials, *self.free) if d.name == name), None)

    @property
    def file(self) -> str:
        return f"{self.name}.py"

    def source(self, data: str | None = None) -> str:
        """The text of the program, on one of the data sets."""
        text = (files("gradtape.lab") / "programs" / f"{self.name}.txt").read_text("utf-8")
        return text.replace("data.circles", f"data.{data}") if data is not None else text


NEURON = Exhibit(
    name="neuron",
    title="One neuron",
    text="Two inputs, two weights, a bias and a sigmoid: the circuit of the lecture. It learns to say the target.",
    rate=1.0,
    dials=(Dial("x0", -4, 4), Dial("x1", -4, 4), Dial("target", 0, 1)),
    free=(Dial("w0", -6, 6), Dial("w1", -6, 6), Dial("b", -6, 6)),
)
SOFTMAX = Exhibit(
    name="softmax",
    title="Two layers and a softmax",
    text="The network of the lesson: 45 numbers turn two inputs into five probabilities. It learns one class.",
    rate=0.1,
    dials=(Dial("target", 0, 4, whole=True),),
)
MLP = Exhibit(
    name="mlp",
    title="Points in the plane",
    text="Two layers of eight neurons learn to tell two kinds of points apart. The colours are what it would say.",
    rate=0.03,
    optimizer="adam",
    planar=True,
)
EXHIBITS = {exhibit.name: exhibit for exhibit in (NEURON, SOFTMAX, MLP)}

_BUILDING = threading.Lock()


def program(exhibit: Exhibit, data: str | None = None) -> dict[str, Any]:
    """Run an exhibit's program and return its names.

    Its lines are put where tracebacks and explanations look for them.
    """
    source = exhibit.source(data if exhibit.planar else None)
    file = f"<{exhibit.file} {data}>" if exhibit.planar else f"<{exhibit.file}>"
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    names: dict[str, Any] = {"__name__": exhibit.name, "__file__": file}
    with _BUILDING:
        RANDOM.set_seed(None)  # the seeded initializers begin anew, as in a process of its own
        exec(compile(source, file, "exec"), names)
        RANDOM.set_seed(None)
    return names


def first_data(exhibit: Exhibit) -> str | None:
    """The data set that an exhibit begins with."""
    return next(iter(DATA_SETS)) if exhibit.planar else None
