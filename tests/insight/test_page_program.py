"""The page's program and document, without a browser: the graph gives the tape's numbers; what cannot follow stays."""

import base64
import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradtape as tf
from gradtape import keras
from gradtape.insight.gates import scalars
from gradtape.insight.page import bundle, page_of, widget_of
from gradtape.insight.page.data import Told, groups_of, labels_of, probabilities_of
from gradtape.insight.page.live import drawings_of
from gradtape.insight.page.program import leaves_of, program_of
from gradtape.insight.reading import recorded
from gradtape.insight.recording import Recording
from gradtape.insight.rounding import rounded


def tape_of(function: Callable[..., Any], *values: Any) -> Recording:
    """What a tape sees of a function of variables."""
    variables = [tf.Variable(v) for v in values]
    with tf.GradientTape() as tape:
        y = function(*variables)
    return recorded(tape, y)


@tf.function
def powers(w: Any) -> Any:
    s = w
    for _ in tf.range(3):
        s = s * w
    if tf.reduce_sum(s) > 0.0:
        s = s * 2.0
    return s


MATRIX = [[2.0, 0.5], [-1.0, 1.5]]
FUNCTIONS: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    "broadcasting": (lambda x, y: tf.exp(x * y) + x, (MATRIX, [0.3, -0.2])),
    "several results": (lambda x: tf.split(tf.sin(x), 2, axis=1)[0] * 3.0, (MATRIX,)),
    "rows gathered": (lambda x: tf.gather(x, [0, 0, 1]) * tf.gather(x, [1, 1, 1]), (MATRIX,)),
    "a function with a loop and a branch": (powers, ([0.5, 1.5],)),
    "a sum of logarithms": (lambda x: tf.reduce_logsumexp(x * x, axis=0), (MATRIX,)),
    "softmax": (lambda x: tf.nn.softmax(x) @ x, (MATRIX,)),
    "batch norm": (
        lambda x: keras.layers.BatchNormalization()(x, training=True) ** 2.0,
        (np.float32(MATRIX),),
    ),
    "a choice": (lambda x: tf.where(x > 0.0, tf.sqrt(tf.abs(x)), 0.1 * x), (MATRIX,)),
    "float64": (lambda x: tf.reduce_sum(tf.tanh(x) * x), (np.float64(MATRIX),)),
    "svd": (lambda x: tf.linalg.svd(x, compute_uv=False) * x[0], (MATRIX,)),
    "masked": (lambda x: tf.boolean_mask(x, x > 0.0) * 2.0, (MATRIX,)),
    "dropout": (lambda x: tf.nn.dropout(x, 0.5, seed=3) * x, (MATRIX,)),
    "complex": (lambda x: tf.abs(tf.complex(x, x * x)), (MATRIX,)),
    "half": (lambda x: tf.cast(tf.cast(x, tf.float16) * 2.0, tf.float32) * x, (MATRIX,)),
    "counting": (lambda x: x * tf.cast(tf.argmax(x, axis=0), tf.float32), (MATRIX,)),
    "numbers drawn": (lambda x: x + tf.random.normal((2, 2)) * x, (MATRIX,)),
}


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("decimals", [None, 2])
def test_the_program_gives_the_tape_s_numbers(name: str, decimals: int | None) -> None:
    function, values = FUNCTIONS[name]
    recording = tape_of(function, *values)
    program = program_of(recording, decimals)
    if decimals is not None:
        recording = rounded(recording, decimals)
    outputs = program.graph.run(*program.at(recording))
    checked = 0
    for wire in recording.wires:
        if wire.index in program.values:
            near(outputs[program.values[wire.index]], wire.value, program, decimals)
            checked += 1
        if wire.index in program.gradients:
            assert wire.gradient is not None
            near(outputs[program.gradients[wire.index]], wire.gradient, program, decimals)
            checked += 1
    for (gate, position), output in program.parts.items():
        near(outputs[output], recording.gates[gate].parts[position], program, decimals)
        checked += 1
    assert checked >= 3
    for wire in recording.sources:
        assert wire in program.gradients


def near(found: np.ndarray, expected: Any, program: Any, decimals: int | None) -> None:
    assert found.shape == expected.shape
    assert found.dtype == expected.dtype
    if decimals is not None and program.fixed:
        return  # what stays is as it was recorded, not rounded
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "reasons"),
    [
        ("svd", {"svd": "linear algebra decompositions are computed by gradtape alone"}),
        ("masked", {"boolean_mask": "it cannot be run again for other numbers"}),
        ("complex", {"complex": "a browser has no such numbers"}),
        ("softmax", {}),
    ],
)
def test_what_stays_fixed_is_said(name: str, reasons: dict[str, str]) -> None:
    function, values = FUNCTIONS[name]
    told = Told(tape_of(function, *values), 2)
    fixed = {g["op"]: g["fixed"] for g in told.data()["gates"] if g["fixed"]}
    assert {op: fixed.get(op) for op in reasons} == reasons
    assert bool(fixed) == bool(reasons)


def test_leaves_are_what_a_person_may_change() -> None:
    w = tf.Variable([[1.0, 2.0]], name="w")
    x = tf.constant([[3.0], [4.0]])
    labels = tf.constant([1])
    with tf.GradientTape() as tape:
        y = tf.gather(w @ x, [0]) * 2.0 + tf.cast(labels, tf.float32)
        loss = tf.reduce_sum(y**2)
    recording = recorded(tape, loss)
    assert [recording.wires[i].name for i in leaves_of(recording)] == ["w", "x"]
    numbers = scalars(recording)
    names = [numbers.wires[i].name for i in leaves_of(numbers)]
    assert sorted(names) == ["w[0]", "w[1]", "x[0]", "x[1]"]
    groups = groups_of(numbers, leaves_of(numbers))
    assert [(g["name"], g["shape"], len(g["cells"])) for g in groups] == [
        ("w", [2], 2),
        ("x", [2], 2),
    ]


def test_every_wire_has_a_label() -> None:
    recording = tape_of(lambda x: tf.exp(x * 2.0) + 1.0, 1.0)
    labels = labels_of(recording)
    assert all(labels)
    assert "2" in labels
    assert len(labels) == len(recording.wires)


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (lambda x: tf.sigmoid(x), 1),
        (lambda x: tf.sigmoid(x) * 2.0 + 1.0, 1),
        (lambda x: tf.sigmoid(x) * tf.Variable([2.0]), 0),
        (lambda x: tf.nn.softmax(x), 1),
        (lambda x: tf.exp(x), 0),
    ],
)
def test_probabilities_are_found(function: Callable[..., Any], expected: int) -> None:
    recording = tape_of(function, [0.5, 1.0])
    assert len(probabilities_of(recording)) == expected
    assert len(probabilities_of(scalars(recording))) == 2 * expected


def test_layers_and_gates_are_both_drawn() -> None:
    model = keras.Sequential([keras.layers.Dense(3, input_shape=(2,)), keras.layers.Dense(1)])
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(model(tf.ones((1, 2))))
    drawings = drawings_of(recorded(tape, loss))
    assert [d["name"] for d in drawings] == ["gates", "layers"]
    assert {n["kind"] for n in drawings[1]["nodes"]} >= {"layer", "gate"}


def test_the_document_asks_for_nothing() -> None:
    text = page_of(tape_of(lambda x: tf.sin(x) * 3.0, 1.0))
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', text)
    assert policy is not None
    script = re.search(r'<script type="module">(.*?)</script>', text, re.DOTALL)
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)
    assert script is not None and style is not None
    for part in (script[1], style[1]):
        digest = base64.b64encode(hashlib.sha256(part.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy[1]
    assert policy[1].startswith("default-src 'none';")
    for word in ("http://www.w3.org/2000/svg",):
        text = text.replace(word, "")
    assert not re.search(
        r"https?://|@import|url\(|\beval\(|new Function|fetch\(|<link|style=", text
    )
    assert not re.search(r"^\s*(?:import|export) ", script[1], re.MULTILINE)


def test_names_cannot_leave_the_data() -> None:
    w = tf.Variable(1.0, name="</script><b>x")
    with tf.GradientTape() as tape:
        y = w * 2.0
    text = page_of(recorded(tape, y))
    assert "</script><b>" not in text
    assert "</script><b>x" in [w["name"] for w in data_in(text)["wires"]]


def data_in(text: str) -> dict[str, Any]:
    found = re.search(r'id="gradtape-data">(.*?)</script>', text, re.DOTALL)
    assert found is not None
    return json.loads(found[1])


def test_explanations_make_pages(tmp_path: Path) -> None:
    model = keras.Sequential([keras.layers.Dense(2, activation="sigmoid", input_shape=(2,))])
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(model(tf.constant([[1.0, 2.0]])))
    found = tf.explain(tape, y)
    text = found.to_html(learning_rate=0.5)
    assert found.to_html(tmp_path / "y.html", learning_rate=0.5) == tmp_path / "y.html"
    assert (tmp_path / "y.html").read_text(encoding="utf-8") == text
    data = data_in(text)
    assert (data["mode"], data["decimals"], data["rate"]) == ("exact", 2, 0.5)
    assert [d["name"] for d in data["drawings"]] == ["gates", "layers"]
    by_layers = data_in(tf.explain(tape, y, detail="layer").to_html())
    assert [d["name"] for d in by_layers["drawings"]] == ["layers", "gates"]
    by_hand = data_in(tf.explain(tape, y, detail="gate", decimals=3).to_html())
    assert (by_hand["mode"], by_hand["decimals"]) == ("rounded", 3)
    assert not any("shape" in w for w in by_hand["wires"])  # all are single numbers
    widget = json.loads(tf.explain(tape, y, decimals=0).widget().data)
    assert (widget["mode"], widget["decimals"]) == ("rounded", 0)


def test_pages_of_recordings_too_large_are_refused() -> None:
    w = tf.Variable(np.zeros(2_000_000, np.float32))
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(w * 2.0)
    with pytest.raises(ValueError, match=r"at most 4,000,000 numbers[\s\S]*numbers="):
        page_of(recorded(tape, y))


def test_pages_of_many_gates_stay_small() -> None:
    w = [tf.Variable(i / 7 - 0.4, name=f"w{i}") for i in range(10)]
    with tf.GradientTape() as tape:
        h = [v * 1.0 for v in w]
        for _ in range(20):
            h = [tf.tanh(h[j] * h[(j + 1) % 10]) for j in range(10)]
        y = tf.add_n(h)
    recording = recorded(tape, y)
    small = page_of(tape_of(lambda x: x * 2.0, 1.0))
    per_gate = (len(page_of(recording)) - len(small)) / len(recording.gates)
    assert len(recording.gates) > 400
    assert per_gate < 1500


def test_the_rooms_of_the_page_stay_small() -> None:
    rooms = [
        *Path(bundle.__file__).parent.glob("*.js"),
        *Path(bundle.__file__).parent.glob("*.css"),
    ]
    assert len(rooms) >= 10
    for room in rooms:
        assert len(room.read_text(encoding="utf-8").splitlines()) < 500, room.name


def test_the_widget_needs_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "anywidget", None)
    with pytest.raises(ImportError, match=re.escape("pip install 'gradtape[widget]'")):
        widget_of(tape_of(lambda x: x * 2.0, 1.0))
