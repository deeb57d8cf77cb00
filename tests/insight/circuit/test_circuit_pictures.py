"""The kept pictures: the same bytes everywhere, nothing overlaps, few crossings, the numbers of the slide."""

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise, permutations
from pathlib import Path

import numpy as np
import pytest
from tests.insight.circuit.checker import Point, all_texts, findings, points_of
from tests.insight.circuit.programs import PROGRAMS

from gradtape.insight.circuit import Circuit, circuit_of
from gradtape.insight.circuit.captions import Captions
from gradtape.insight.circuit.drawing import Drawing, Line, Shape
from gradtape.insight.circuit.dress import Dress, Look
from gradtape.insight.circuit.graph import Columns, into_columns
from gradtape.insight.circuit.layout import scene_of
from gradtape.insight.circuit.order import crossings, order_columns
from gradtape.insight.circuit.ranks import assign_columns
from gradtape.insight.circuit.sketch import sketch_of

GOLDEN = Path(__file__).with_name("golden")
ROOT = Path(__file__).parents[3]
LEFT = {
    "softmax_network_gates": 2,
    "lattice": 3,
}  # crossings: the fewest there can be, as tested below


@pytest.fixture(scope="module")
def circuits() -> dict[str, Circuit]:
    return {name: make() for name, make in PROGRAMS.items()}


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_picture_is_the_kept_one(name: str, circuits: dict[str, Circuit]) -> None:
    kept = (GOLDEN / f"{name}.svg").read_text(encoding="utf-8")
    assert circuits[name].svg() == kept, "look at it, then: python tools/circuit_pictures.py"


def test_every_kept_picture_has_its_program() -> None:
    assert {p.stem for p in GOLDEN.iterdir()} == set(PROGRAMS)


def test_same_bytes_in_every_process() -> None:
    script = (
        "import hashlib\nfrom tests.insight.circuit.programs import PROGRAMS\n"
        "for name, make in reversed(PROGRAMS.items()):\n"
        "    c = make()\n"
        "    print(name, hashlib.sha256((c.svg() + c.json() + c.dot() + c.mermaid()).encode()).hexdigest())\n"
    )
    printed = []
    for seed in ("1", "2"):
        places = os.pathsep.join([str(ROOT), str(ROOT / "src")])
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": places}
        run = subprocess.run(
            [sys.executable, "-c", script], env=environment, cwd=ROOT, capture_output=True, text=True, check=True
        )  # fmt: skip
        printed.append(run.stdout)
    assert printed[0] == printed[1]
    assert len(printed[0].splitlines()) == len(PROGRAMS)
    hashes = {
        hashlib.sha256((GOLDEN / f"{name}.svg").read_bytes()).hexdigest() for name in PROGRAMS
    }
    assert len(hashes) == len(PROGRAMS)


@pytest.mark.parametrize("name", PROGRAMS)
def test_nothing_overlaps(name: str, circuits: dict[str, Circuit]) -> None:
    circuit = circuits[name]
    assert findings(circuit.drawing) == []
    options = [{"direction": "down"}, {"fold": False}, {"gradients": False}]
    if name != "fifty_layers":
        options.append({"fold": False, "direction": "down"})
    for option in options:
        assert findings(circuit_of(circuit.recording, **option).drawing) == [], option


@pytest.mark.parametrize("name", PROGRAMS)
def test_crossings(name: str, circuits: dict[str, Circuit]) -> None:
    assert circuits[name].crossings == LEFT.get(name, 0)


def graph_of(circuit: Circuit, gradients: bool = True) -> Columns:
    captions = Captions(circuit.recording, gradients=gradients)
    scene = scene_of(sketch_of(captions, None), Dress(captions, Look(gradients=gradients)))
    assign_columns(scene.vertices, scene.nets)
    return into_columns(scene.vertices, scene.nets)


def fewest(graph: Columns) -> int:
    """The fewest crossings that any order has: by dynamic programming over all orders of each column."""
    best: np.ndarray | None = None
    orders = [list(permutations(range(len(c)))) for c in graph.columns]
    for column, gap in enumerate(graph.gaps):
        pairs = [(a, b) for i, a in enumerate(gap) for b in gap[i + 1 :]]
        signs = []
        for side, members in ((0, graph.columns[column]), (1, graph.columns[column + 1])):
            index = {v: i for i, v in enumerate(members)}
            rows = []
            for order in orders[column + side]:
                place = {i: p for p, i in enumerate(order)}

                def key(s, place=place, index=index, side=side):
                    if side == 0:
                        return place[index[s.start]], s.start_port
                    port = -1 if graph.vertices[s.end].free else s.end_port
                    return place[index[s.end]], port

                rows.append([(key(a) > key(b)) - (key(a) < key(b)) for a, b in pairs])
            signs.append(np.array(rows, np.float32).reshape(len(rows), len(pairs)))
        both = np.abs(signs[0][0]) * np.abs(signs[1][0])
        costs = (both.sum() - (signs[0] * both) @ signs[1].T) / 2
        best = costs.min(0) if best is None else (best[:, None] + costs).min(0)
    return 0 if best is None else int(best.min())


SMALL = [
    n for n in PROGRAMS if n not in ("fifty_layers", "shared_weights", "softmax_network_gates")
]


@pytest.mark.parametrize("name", SMALL)
def test_no_order_has_fewer_crossings(name: str, circuits: dict[str, Circuit]) -> None:
    circuit = circuits[name]
    graph = graph_of(circuit)
    if max(map(len, graph.columns)) > 6:
        graph = graph_of(circuit, gradients=False)
    least = fewest(graph)
    found = order_columns(graph)
    assert found == crossings(graph) == least


@pytest.mark.parametrize("seed", range(12))
def test_small_random_graphs_have_the_fewest_crossings(seed: int) -> None:
    graph = random_columns(seed)
    least = fewest(graph)
    assert order_columns(graph) == crossings(graph) == least


def random_columns(seed: int) -> Columns:
    from gradtape.insight.circuit.graph import Net, Vertex

    random = np.random.RandomState(seed)
    vertices = [
        Vertex(10, 5, 5, [0], [0], [0], free=True, spot=i, column=c, arrivals=[0])
        for i, c in enumerate(np.repeat(np.arange(4), 4))
    ]
    nets = []
    for i in range(12):
        later = [j for j in range(16) if vertices[j].column > vertices[i].column]
        chosen = random.choice(later, size=random.randint(1, 4), replace=False)
        nets.append(
            Net(
                (i, 0), [(int(j), 0) for j in chosen if vertices[j].column < vertices[i].column + 2]
            )
        )
    return into_columns(vertices, nets)


@pytest.mark.parametrize(
    "name", ["lattice", "softmax_network_gates", "residual", "attention", "pieces"]
)
def test_crossings_are_those_that_are_seen(name: str, circuits: dict[str, Circuit]) -> None:
    circuit = circuits[name]
    lines = [(line.wire, points_of(path)) for line in circuit.drawing.lines for path in line.paths]
    seen = 0
    for i, (wire, points) in enumerate(lines):
        for other, others in lines[i + 1 :]:
            if wire != other:
                seen += meetings(points, others)
    assert seen == circuit.crossings


def meetings(one: list[Point], two: list[Point]) -> int:
    """How often two ways of short straight pieces cross."""

    def side(a: Point, b: Point, c: Point) -> bool:
        return (b[0] - a[0]) * (c[1] - a[1]) > (b[1] - a[1]) * (c[0] - a[0])

    def apart(a: list[Point], b: list[Point]) -> bool:
        return any(
            max(p[i] for p in a) < min(p[i] for p in b)
            or max(p[i] for p in b) < min(p[i] for p in a)
            for i in (0, 1)
        )

    if apart(one, two):
        return 0
    return sum(
        side(a, b, c) != side(a, b, d) and side(c, d, a) != side(c, d, b)
        for a, b in pairwise(one)
        for c, d in pairwise(two)
        if not apart([a, b], [c, d])
    )


def test_the_checker_sees_what_is_wrong(circuits: dict[str, Circuit]) -> None:
    drawing = circuits["softmax_network"].drawing

    def with_shape(number: int, **changes: object) -> Drawing:
        shapes = list(drawing.shapes)
        shapes[number] = replace(shapes[number], **changes)
        return replace(drawing, shapes=tuple(shapes))

    gates = [i for i, s in enumerate(drawing.shapes) if s.kind == "gate"]
    first, second = drawing.shapes[gates[0]], drawing.shapes[gates[1]]
    assert any("on gate" in f for f in findings(with_shape(gates[0], x=second.x, y=second.y)))
    assert any("outgrows" in f for f in findings(with_shape(gates[0], width=8.0)))
    assert any("wire" in f for f in findings(with_shape(gates[0], x=first.x - 20)))
    assert any("leaves the page" in f for f in findings(replace(drawing, width=100.0)))
    line = next(line for line in drawing.lines if line.value is not None)
    assert line.value is not None
    low = replace(line, value=replace(line.value, y=line.value.y + 9))
    lines = tuple([low if other is line else other for other in drawing.lines])
    assert any("through text" in f for f in findings(replace(drawing, lines=lines)))
    text = all_texts(drawing)[0][0]
    assert any("on text" in f for f in findings(replace(drawing, texts=(*drawing.texts, text))))


def test_the_neuron_is_the_slide(circuits: dict[str, Circuit]) -> None:
    """Forward 0.73; backward 1.00 through 1/x, +1, exp, ×(−1): −0.53, −0.53, −0.20, 0.20; weights, bias, inputs."""
    drawing = circuits["neuron_gates"].drawing
    gates = {s.gate: s.texts[0].text for s in drawing.shapes if s.kind == "gate"}
    assert list(gates.values()) == ["×", "×", "+", "+", "×−1", "exp", "+1", "1/x"]
    shown = {
        line.wire: (line.value.text, line.gradient.text)
        for line in drawing.lines
        if line.value is not None and line.gradient is not None
    }
    recording = circuits["neuron_gates"].recording
    outputs = [shown[recording.gates[g].outputs[0]] for g in gates]
    assert outputs == [
        ("−2.00", "0.20"), ("6.00", "0.20"), ("4.00", "0.20"), ("1.00", "0.20"),
        ("−1.00", "−0.20"), ("0.37", "−0.53"), ("1.37", "−0.53"), ("0.73", "1.00"),
    ]  # fmt: skip
    leaves = {s.texts[0].text: shown[s.wire] for s in drawing.shapes if s.kind == "leaf"}
    assert leaves == {
        "w[0]": ("2.00", "−0.20"), "w[1]": ("−3.00", "−0.39"), "b": ("−3.00", "0.20"),
        "x[0]": ("−1.00", "0.39"), "x[1]": ("−2.00", "−0.59"),
    }  # fmt: skip
    shape: Shape = next(s for s in drawing.shapes if s.kind == "gate")
    assert "  p = tf.sigmoid(x @ w + b)\n" in shape.title


def test_value_above_and_gradient_below_every_wire(circuits: dict[str, Circuit]) -> None:
    for name, circuit in circuits.items():
        for line in circuit.drawing.lines:
            if line.value is None or not line.paths:
                continue
            level = line.paths[0].start[1]
            assert line.value.box[3] < level, name
            if line.gradient is not None:
                assert line.gradient.box[1] > level, name


def test_all_wires_that_matter_are_drawn(circuits: dict[str, Circuit]) -> None:
    for name, circuit in circuits.items():
        if circuit.detail == "layer" or name == "small_mlp":
            continue
        data = json.loads(circuit.json())
        drawn = {w["wire"] for w in data["wires"]}
        recording = circuit.recording
        for wire in recording.wires:
            folded = wire.kind == "constant" and not wire.name and wire.value.size == 1
            used = recording.uses(wire.index) or wire.index in recording.targets
            assert not used or folded or wire.index in drawn, (name, wire.name)
        assert {n["gate"] for n in data["nodes"]} - {-1} == {g.index for g in recording.gates}


def test_branches_carry_what_comes_back_through_each(circuits: dict[str, Circuit]) -> None:
    for name in ("lattice", "shared_weights", "several_targets", "residual", "pieces"):
        circuit = circuits[name]
        recording = circuit.recording
        branches: dict[int, list[Line]] = {}
        for line in circuit.drawing.lines:
            if line.branch:
                branches.setdefault(line.wire, []).append(line)
        assert branches
        for wire, lines in branches.items():
            parts = [recording.gates[g].parts[i] for line in lines for g, i in line.uses]
            parts += [seed for seed, t in zip(recording.seeds, recording.targets) if t == wire]
            total = sum(p for p in parts if p is not None)
            np.testing.assert_allclose(total, recording.wires[wire].gradient, rtol=1e-5)


ONE_ROW = [
    "neuron_gates",
    "attention",
    "shared_weights",
    "several_targets",
    "lattice",
    "own_gradient",
]


@pytest.mark.parametrize("name", ONE_ROW)
def test_all_wires_lead_to_the_right(name: str, circuits: dict[str, Circuit]) -> None:
    drawing = circuits[name].drawing
    for line in drawing.lines:
        for path in line.paths:
            along = [x for x, _ in points_of(path)]
            assert along == sorted(along)
    assert min(s.x for s in drawing.shapes if s.kind == "leaf") == min(s.x for s in drawing.shapes)
    assert max(s.x for s in drawing.shapes if s.kind == "end") == max(s.x for s in drawing.shapes)
