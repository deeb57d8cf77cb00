"""The forms of a circuit: what each holds, that it needs nothing else, and what is refused."""

import base64
import hashlib
import json
import re
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest
from tests.insight.circuit.checker import all_texts, findings
from tests.insight.circuit.programs import PROGRAMS

import gradtape as tf
from gradtape import keras
from gradtape.insight.circuit import Circuit, circuit_of
from gradtape.insight.circuit.figures import gradient_text, number, tone, value_text
from gradtape.insight.circuit.tikz import latex_text
from gradtape.insight.circuit.widths import shortened, width_of
from gradtape.insight.reading import recorded


@pytest.fixture(scope="module")
def lattice() -> Circuit:
    return PROGRAMS["lattice"]()


@pytest.fixture(scope="module")
def lenet() -> Circuit:
    return PROGRAMS["lenet"]()


def of(value: object, watched: object, **options: object) -> Circuit:
    with tf.GradientTape() as tape:
        tape.watch(watched)
        target = value(watched)  # type: ignore[operator]
    return circuit_of(recorded(tape, target), **options)  # type: ignore[arg-type]


def signs(circuit: Circuit) -> list[str]:
    return [s.texts[0].text for s in circuit.drawing.shapes if s.kind == "gate"]


def test_svg_is_wellformed_and_takes_the_readers_colours(lenet: Circuit) -> None:
    root = ElementTree.fromstring(lenet.svg())
    assert root.tag.endswith("svg")
    assert "prefers-color-scheme: dark" in lenet.svg()
    assert 'class="gt-circuit dark"' in lenet.svg("dark")
    titles = [t.text or "" for t in root.iter("{http://www.w3.org/2000/svg}title")]
    assert any(re.search(r"programs\.py:\d+  loss = tf\.reduce_mean\(", t) for t in titles)
    assert not re.search(r"(href|src)=|@import|url\(", lenet.svg())


def test_names_that_look_like_markup_are_text() -> None:
    x = tf.Variable(1.0, name="x")
    with tf.GradientTape() as tape:
        y = x * 2.0
    recording = recorded(tape, y)
    object.__setattr__(recording.wires[0], "name", '<script>"&')
    circuit = circuit_of(recording)
    root = ElementTree.fromstring(circuit.svg())
    assert '<script>"&' in [t.text for t in root.iter("{http://www.w3.org/2000/svg}text")]
    assert "<script>&quot;" not in circuit.html()
    assert circuit.dot().count('\\"') >= 1
    assert "#60;script#62;#34;#38;" in circuit.mermaid()


def test_html_needs_nothing_and_allows_only_its_script(lenet: Circuit) -> None:
    page = lenet.html()
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    assert len(scripts) == 1
    digest = base64.b64encode(hashlib.sha256(scripts[0].encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'" in page
    assert not re.search(r"eval|Function\(|fetch|XMLHttp|(src|href)=", page)
    views = re.findall(r'<template data-view="(.*?)" data-above="(.*?)">', page)
    names = [v.rpartition("/")[2] for v, _ in views]
    assert names == ["", "conv1", "pool1", "conv2", "pool2", "flatten", "dense1", "logits", "*"]
    assert {above for _, above in views} == {""}
    assert lenet._repr_html_() in page
    assert lenet._repr_svg_() == lenet.svg()


def test_inner_layers_unfold_inside_of_their_layer() -> None:
    inner = keras.Sequential(
        [keras.layers.Dense(3, name="a"), keras.layers.Dense(3, name="b")], name="block"
    )
    model = keras.Sequential([inner, keras.layers.Dense(1, name="c")], name="whole")
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(model(tf.ones((2, 3))))
    circuit = circuit_of(recorded(tape, loss), detail="layer")
    assert [s.texts[0].text for s in circuit.drawing.shapes if s.kind == "layer"] == ["block", "c"]
    views = re.findall(r'data-view="(.*?)" data-above="(.*?)"', circuit.html())
    assert views == [
        ("", ""), ("whole/block", ""), ("whole/block/a", "whole/block"), ("whole/block/b", "whole/block"),
        ("whole/c", ""), ("*", ""),
    ]  # fmt: skip
    for view in circuit._views():
        assert findings(view.drawing) == []
    assert "block/a" not in circuit_of(circuit.recording, fold=["block"]).svg()
    frames = [
        s.layer
        for s in circuit_of(circuit.recording, fold=False).drawing.shapes
        if s.kind == "frame"
    ]
    assert frames == ["whole/block", "whole/block/a", "whole/block/b", "whole/c"]


def test_views_of_a_large_model_are_small_and_do_not_overlap() -> None:
    circuit = PROGRAMS["fifty_layers"]()
    views = circuit._views()
    assert len(views) == 1 + 50 + 1
    assert len(circuit.html()) < 700_000
    one = views[8].drawing
    assert next(s.texts[0].text for s in one.shapes if s.kind in ("leaf", "end")) == "dense_7 →"
    assert {s.layer.rpartition("/")[2] for s in one.shapes if s.kind in ("leaf", "end")} == {
        "",
        "dense_7",
        "dense_9",
    }
    for view in views[1:4]:
        assert findings(view.drawing) == []


def test_png_is_the_drawing(lattice: Circuit, tmp_path: Path) -> None:
    from matplotlib.image import imread

    for theme, ground in (("light", 1.0), ("dark", 15 / 255)):
        lattice.png(tmp_path / "a.png", scale=1.5, theme=theme)
        picture = imread(tmp_path / "a.png")
        height, width = picture.shape[:2]
        assert abs(width - 1.5 * lattice.drawing.width) <= 1
        assert abs(height - 1.5 * lattice.drawing.height) <= 1
        assert abs(picture[0, 0, 0] - ground) < 0.01
        gate = next(s for s in lattice.drawing.shapes if s.form == "circle")
        around = picture[
            int((gate.y - 20) * 1.5) : int((gate.y + 20) * 1.5),
            int((gate.x - 20) * 1.5) : int((gate.x + 20) * 1.5), :3,
        ]  # fmt: skip
        assert np.ptp(around) > 0.4
    before = (tmp_path / "a.png").read_bytes()
    lattice.png(tmp_path / "a.png", scale=1.5, theme="dark")
    assert (tmp_path / "a.png").read_bytes() == before


def test_without_matplotlib_the_remedy_is_said(
    lattice: Circuit, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match=r"pip install 'gradtape\[explain\]'"):
        lattice.save(tmp_path / "x.png")


def test_tikz_holds_every_text_and_balances(lattice: Circuit) -> None:
    code = lattice.tikz(standalone=True)
    assert code.count("{") == code.count("}")
    assert code.count(r"\begin{") == code.count(r"\end{") == 2
    assert code.isascii()
    texts = [t for t, _ in all_texts(lattice.drawing)]
    assert code.count(r"\node[") == len(texts)
    for text in texts:
        assert f"{{{latex_text(text.text)}}};" in code
    assert lattice.tikz() in code
    assert latex_text("W_1 × 5% ‖σ²‖") == r"W\_1 $\times$ 5\% $\|\sigma^{2}\|$"


def test_dot_and_mermaid_have_every_gate_and_wire(lattice: Circuit) -> None:
    dot, mermaid = lattice.dot(), lattice.mermaid()
    gates = lattice.recording.gates
    leaves = 3
    assert dot.count("[label=") == len(gates) + leaves + 1 + dot.count("->")
    joins = sum(len(g.inputs) for g in gates) + 1
    assert dot.count(" -> ") == mermaid.count("-->") == mermaid.count("linkStyle") == joins
    assert dot.startswith("digraph circuit {\n") and dot.endswith("}\n")
    assert mermaid.startswith("flowchart LR\n")
    small = PROGRAMS["small_mlp"]()
    assert small.dot().count("subgraph") == small.mermaid().count("subgraph") == 3


def test_json_is_what_is_promised(lattice: Circuit) -> None:
    data = json.loads(lattice.json())
    assert set(data) == {
        "version",
        "title",
        "detail",
        "direction",
        "width",
        "height",
        "nodes",
        "wires",
        "texts",
    }
    assert data["version"] == 1
    text = {"x", "y", "anchor", "text", "role", "size", "room", "tone"}
    for node in data["nodes"]:
        assert set(node) == {
            "id", "kind", "form", "x", "y", "width", "height", "gate", "wire", "layer", "title", "texts", "place",
        }  # fmt: skip
        assert all(set(t) == text for t in node["texts"])
        if node["kind"] == "gate":
            assert node["place"]["text"] in lattice.recording.gates[node["gate"]].place.text
    for wire in data["wires"]:
        assert set(wire) == {
            "wire", "branch", "uses", "gate", "position", "paths", "tone", "strength", "dots", "name", "value",
            "gradient", "title",
        }  # fmt: skip
        assert all(re.fullmatch(r"M[-\d.,]+([LC][-\d., ]+)+", p) for p in wire["paths"])
        for gate, position in wire["uses"]:
            assert lattice.recording.gates[gate].inputs[position] == wire["wire"]
        if wire["branch"]:
            assert lattice.recording.gates[wire["gate"]].inputs[wire["position"]] == wire["wire"]
            assert wire["value"] is None
        else:
            assert wire["value"]["room"] >= width_of("−0.000", 13, True) - 0.1


@pytest.mark.parametrize(
    "suffix", ["svg", "html", "tex", "tikz", "dot", "gv", "mmd", "json", "PNG", "pdf"]
)
def test_save_by_suffix(lattice: Circuit, suffix: str, tmp_path: Path) -> None:
    beginnings = {
        "svg": "<svg", "html": "<!doctype html>", "tex": "\\documentclass", "tikz": "\\definecolor", "dot": "digraph",
        "gv": "digraph", "mmd": "flowchart", "json": "{", "PNG": "\x89PNG", "pdf": "%PDF",
    }  # fmt: skip
    lattice.save(tmp_path / f"c.{suffix}")
    written = (tmp_path / f"c.{suffix}").read_bytes().decode("latin-1")
    assert written.startswith(beginnings[suffix])


def test_what_there_is_not_is_refused(lattice: Circuit, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"saved as \.svg.*Received: path=.*c\.jpg"):
        lattice.save(tmp_path / "c.jpg")
    with pytest.raises(ValueError, match="Received: detail='ops'"):
        circuit_of(lattice.recording, detail="ops")
    with pytest.raises(ValueError, match="Received: direction='up'"):
        circuit_of(lattice.recording, direction="up")


def test_gradients_can_be_left_out(lattice: Circuit) -> None:
    drawing = circuit_of(lattice.recording, gradients=False).drawing
    assert {line.tone for line in drawing.lines} == {"none"}
    assert all(line.gradient is None for line in drawing.lines)
    assert not drawing.texts


def test_down_the_page_values_stand_left_and_gradients_right(lattice: Circuit) -> None:
    drawing = circuit_of(lattice.recording, direction="down").drawing
    for line in drawing.lines:
        if line.value is not None and line.gradient is not None:
            x = line.paths[0].start[0]
            assert line.value.box[2] < x < line.gradient.box[0]
    ends = [s for s in drawing.shapes if s.kind == "end"]
    assert ends[0].y == max(s.y for s in drawing.shapes)


def test_constants_without_a_name_are_part_of_the_sign() -> None:
    x = tf.constant(0.5)
    cases = {
        "+1": lambda v: v + 1.0, "−2": lambda v: v - 2.0, "3−x": lambda v: 3.0 - v, "×0.5": lambda v: v * 0.5,
        "1/x": lambda v: 1.0 / v, "÷4": lambda v: v / 4.0, "x²": lambda v: v**2,
        "max 0.1": lambda v: tf.maximum(v, 0.1), "×−1": lambda v: -v, "σ": tf.sigmoid, "ReLU": tf.nn.relu,
        "exp": tf.exp, "ln": tf.math.log,
    }  # fmt: skip
    for sign, make in cases.items():
        assert signs(of(make, x)) == [sign]
    k = tf.constant(2.0)
    circuit = of(lambda v: v * k, x)
    assert signs(circuit) == ["×"]
    assert "k" in [s.texts[0].text for s in circuit.drawing.shapes if s.kind == "leaf"]


def test_numbers() -> None:
    cases = {
        0.7310586: "0.731", -2.0: "−2", -0.0: "0", 1e-9: "1e−9", 123456.0: "1.23e5", float("nan"): "nan",
        float("-inf"): "−∞", 7: "7", -7: "−7", True: "true", 1 - 2j: "1−2i",
    }  # fmt: skip
    assert {number(x): text for x, text in cases.items()} == {t: t for t in cases.values()}
    assert [number(x, 2) for x in (-0.001, -0.196, 1e9, 2)] == ["0.00", "−0.20", "1e9", "2"]
    assert value_text(np.array([0.73, 0.27])) == "[0.73 0.27]"
    assert value_text(np.array([[-1.0]])) == "−1"
    assert value_text(np.eye(2)) == "[[1 0] [0 1]]"
    assert value_text(np.full((2, 3), 2.0)) == "2×3 ‖4.9‖"
    assert value_text(np.arange(5)) == "(5) ‖5.48‖"
    assert value_text(np.zeros((0, 3))) == "0×3"
    assert value_text(np.ones(9, bool)) == "(9) bool"
    assert gradient_text(np.full((2, 3), 2.0)) == "‖4.9‖"
    assert gradient_text(None) == ""


def test_tones() -> None:
    cases = {
        "plus": [0.0, 1.0], "minus": [-1.0, 0.0], "mixed": [-1.0, 1.0], "zero": [0.0, -0.0], "bad": [1.0, np.nan],
    }  # fmt: skip
    assert {name: tone(np.array(v)) for name, v in cases.items()} == {n: n for n in cases}
    assert tone(None) == tone(np.array([1])) == "none"


def test_text_is_as_wide_as_a_wide_font() -> None:
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextToPath

    for name in ("softmax_network", "fifty_layers", "neuron_gates", "pieces"):
        for text, _ in all_texts(PROGRAMS[name]().drawing):
            bold = text.role in ("value", "gradient", "part", "word", "heading", "end")
            font = FontProperties(
                family="DejaVu Sans", weight="bold" if bold else "normal", size=text.size
            )
            real, _, _ = TextToPath().get_text_width_height_descent(text.text, font, False)
            assert text.width >= 0.97 * real, text.text
    assert width_of(shortened("a" * 99, 13, 100), 13) <= 100
    assert shortened("short", 13, 100) == "short"


def test_circuits_say_what_they_are(lattice: Circuit) -> None:
    assert re.fullmatch(r"<Circuit of g: 10 gates, detail 'op', \d+×\d+>", repr(lattice))


def test_a_leaf_that_is_the_target_is_drawn_in_every_form() -> None:
    w = tf.Variable(2.0, name="w")
    with tf.GradientTape() as tape:
        y = w * 3.0
    for target in (w, [w, y]):
        circuit = circuit_of(recorded(tape, target))
        assert [s.kind for s in circuit.drawing.shapes].count("leaf") == 1
        assert '"leaf0" -> "end0"' in circuit.dot()
        assert "n0 -->" in circuit.mermaid()


def test_calls_of_one_layer_in_a_row_are_boxes_of_their_own() -> None:
    shared = keras.layers.Dense(2, name="shared")
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(shared(shared(tf.ones((1, 2)))))
    circuit = circuit_of(recorded(tape, y), detail="layer")
    assert [s.texts[0].text for s in circuit.drawing.shapes if s.kind == "layer"] == ["shared"] * 2


def test_functions_in_one_piece_bear_their_names() -> None:
    @tf.function
    def noisy(x: tf.Tensor) -> tf.Tensor:
        return x * tf.random.normal(())

    assert signs(of(noisy, tf.constant(1.0))) == ["noisy"]
    assert signs(of(tf.function(lambda x: x * tf.random.normal(())), tf.constant(1.0))) == [
        "function"
    ]


def test_digits_and_layers_that_there_are_not_are_refused() -> None:
    layer = keras.layers.Dense(1, name="only")
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(layer(tf.ones((1, 2))))
    recording = recorded(tape, y)
    for decimals in (-1, 16, 2.5, "2"):
        with pytest.raises(ValueError, match="decimals is the number of digits"):
            circuit_of(recording, decimals=decimals)
    for fold in ("nope", ["only", "nope"]):
        with pytest.raises(ValueError, match="There are: only") as caught:
            circuit_of(recording, fold=fold)
        assert "nope" in str(caught.value)
    assert "only" in circuit_of(recording, fold="only").svg()


def test_what_tells_names_apart_is_not_cut_off() -> None:
    def short(text: str) -> str:
        found = shortened(text, 13, 150)
        assert width_of(found, 13) <= 150
        return found

    assert short("simple_rnn/simple_rnn_cell/kernel") == "…/kernel"
    assert short("multi_head_attention/query/bias") == "…/query/bias"
    assert short("block/an_uncommonly_long_name_of_a_weight[3,12]").startswith("…/an_unc")
    assert short("block/an_uncommonly_long_name_of_a_weight[3,12]").endswith("…[3,12]")
    assert short("an_uncommonly_long_name_without_a_path[7]").endswith("…[7]")
    assert shortened("a[0,1,2,3,4,5,6,7,8,9]", 13, 30) == "…"
