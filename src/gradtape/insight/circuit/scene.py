"""A sketch as a graph, and what becomes of it: the types between the layout and the drawing."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from gradtape.insight.circuit.drawing import Drawing
from gradtape.insight.circuit.graph import Net, Vertex
from gradtape.insight.circuit.sketch import Sketch


@dataclass
class Tag:
    """A branch of a wire: where it leads and what it brings back."""

    box: int
    port: int
    part: np.ndarray | None


@dataclass
class Scene:
    """A sketch as a graph: what each vertex and net stands for, and what was opened."""

    sketch: Sketch
    vertices: list[Vertex] = field(default_factory=list)
    nets: list[Net] = field(default_factory=list)
    wires: list[int] = field(default_factory=list)  # by net
    boxes: dict[int, int] = field(default_factory=dict)  # vertex -> box
    tags: dict[int, Tag] = field(default_factory=dict)  # vertex -> branch
    entries: dict[int, int] = field(default_factory=dict)  # wire -> vertex
    exits: dict[int, int] = field(default_factory=dict)
    inner: dict[int, Picture] = field(default_factory=dict)  # by box


@dataclass
class Picture:
    """A drawing with the levels at which wires enter and leave it. crossings: how many are left."""

    drawing: Drawing
    entries: dict[int, float]
    exits: dict[int, float]
    length: float
    across: float
    crossings: int
