"""Derivations: the lecture's slide, sums, conventions, single entries, details."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import gradtape as tf
from gradtape import keras
from gradtape.insight.derivation.steps import (
    ForwardStep,
    GivenStep,
    LayerStep,
    Line,
    LocalStep,
    RoundingStep,
    SeedStep,
    SumStep,
)
from gradtape.insight.explanation import Explanation
from gradtape.insight.render.numbers import fixed
from gradtape.insight.render.printing import Names


def neuron(**options: object) -> Explanation:
    w = tf.Variable([[2.0], [-3.0]], name="w")
    b = tf.Variable([-3.0], name="b")
    x = tf.constant([[-1.0, -2.0]])
    with tf.GradientTape() as tape:
        tape.watch(x)
        z = x @ w + b
        y = tf.sigmoid(z)
    return tf.explain(tape, y, **options)


def lines(explanation: Explanation, kind: type) -> dict[str, Line]:
    return {
        Names().show(line.name): line
        for step in explanation.steps
        if isinstance(step, kind)
        for line in step.lines
    }


def test_the_slide() -> None:
    """CS231n, lecture 4: the neuron's circuit, each number rounded to two decimals as soon as it is there."""
    explanation = neuron(detail="gate", decimals=2)
    forward = [s for s in explanation.steps if isinstance(s, ForwardStep)]
    assert [(s.title, fixed(s.lines[0].rounded, 2)) for s in forward] == [
        ("×", "-2.00"), ("×", "6.00"), ("+", "4.00"), ("+", "1.00"),
        ("×(−1)", "-1.00"), ("exp", "0.37"), ("+1", "1.37"), ("1/x", "0.73"),
    ]  # fmt: skip
    back = [s for s in explanation.steps if isinstance(s, LocalStep)]
    assert [(s.title, fixed(s.lines[0].rounded, 2)) for s in back[:4]] == [
        ("1/x", "-0.53"), ("+1", "-0.53"), ("exp", "-0.20"), ("×(−1)", "0.20")
    ]  # fmt: skip
    ends = {
        Names().show(s.lines[0].name): s for s in explanation.steps if isinstance(s, RoundingStep)
    }
    assert {name: (fixed(s.exact, 2), fixed(s.carried, 2)) for name, s in ends.items()} == {
        "∂w[0]": ("-0.20", "-0.20"), "∂w[1]": ("-0.39", "-0.40"), "∂b": ("0.20", "0.20"),
        "∂x[0]": ("0.39", "0.40"), "∂x[1]": ("-0.59", "-0.60"),
    }  # fmt: skip
    for step in ends.values():
        assert sum(c.effect for c in step.causes) == pytest.approx(step.added, rel=1e-5)
    assert [c.title for c in ends["∂w[1]"].causes] == ["exp", "1/x", "exp", "1/x"]
    text = explanation.text()
    assert "∂w[1] is -0.3932, which is -0.39 when it is rounded once, at the end." in text
    assert "Carrying rounded numbers on\n    gives -0.40: rounding added -0.0068." in text
    assert "Most came in at exp, where ∂v4 = -0.1961 became -0.20" in text


def test_steps_of_an_operation() -> None:
    explanation = neuron()
    kinds = [type(s) for s in explanation.steps]
    assert kinds == [GivenStep] * 3 + [ForwardStep] * 3 + [SeedStep] + [LocalStep] * 5
    v1 = lines(explanation, ForwardStep)["v1"]
    assert (v1.symbols, v1.numbers, float(v1.value)) == (
        "x[0]·w[0] + x[1]·w[1]", "(-1.0)*2.0 + (-2.0)*(-3.0)", 4.0
    )  # fmt: skip
    back = lines(explanation, LocalStep)
    assert back["∂z"].symbols == "y·(1 - y) × ∂y"
    assert back["∂w[1]"].numbers == "(-2.0)*0.19661193"
    assert r"\frac{\partial L}{\partial w_{1}} = x_{1} \cdot" in back["∂w[1]"].latex
    first = explanation.steps[3]
    assert first.place is not None
    assert first.place.text == "z = x @ w + b"
    with pytest.raises(dataclasses.FrozenInstanceError):
        first.title = "other"  # type: ignore[misc]


def test_paths_and_broadcasts_are_sums() -> None:
    x = tf.Variable([1.0, 2.0, 3.0], name="x")
    b = tf.Variable(0.5, name="b")
    with tf.GradientTape() as tape:
        y = x * b + tf.exp(b)
        loss = tf.reduce_sum(y)
    explanation = tf.explain(tape, loss)
    parts = lines(explanation, LocalStep)
    assert parts["∂v1[1]"].symbols == "1 × ∂y[1]"
    assert parts["∂b|2"].symbols == "x[0] × ∂v1[0] + x[1] × ∂v1[1] + x[2] × ∂v1[2]"
    total = lines(explanation, SumStep)["∂b"]
    assert total.symbols == "∂b|1 + ∂b|2"
    assert float(total.value) == pytest.approx(6.0 + 3 * np.exp(0.5))
    step = next(s for s in explanation.steps if isinstance(s, LocalStep) and s.path == 2)
    assert step.formula == "∂b|2 = sum of x * ∂v1 over the broadcast axes"


def test_targets_that_are_used_again_start_with_their_seed() -> None:
    x = tf.Variable(2.0, name="x")
    with tf.GradientTape() as tape:
        y = x * x
        z = y * 3.0
    explanation = tf.explain(tape, [y, z], output_gradients=[tf.constant(10.0), tf.constant(1.0)])
    total = lines(explanation, SumStep)["∂y"]
    assert (total.numbers, float(total.value)) == ("10.0 + 3.0", 13.0)
    assert "∂L" in explanation.text()


def test_conventions_are_marked_and_listed() -> None:
    x = tf.Variable([0.0, 1.0, -2.0], name="x")
    with tf.GradientTape() as tape:
        r = tf.nn.relu(x)
        a = tf.abs(x)
        m = tf.maximum(x, tf.constant([0.0, 0.0, 0.0]))
        top = tf.reduce_max(tf.constant([1.0, 1.0, 1.0]) * r[:1])
        loss = tf.reduce_sum(r + a + m) + top
    explanation = tf.explain(tape, loss)
    marked = {
        (s.title, Names().show(line.name)): line.conventions
        for s in explanation.steps
        for line in s.lines
        if line.conventions
    }
    said = explanation.derivation.conventions
    assert set(marked) == {
        ("reduce_max", "∂v2[0]"), ("reduce_max", "∂v2[1]"), ("reduce_max", "∂v2[2]"), ("max", "∂x[0]|1"),
        ("|x|", "∂x[0]|2"), ("relu", "∂x[0]|3"),
    }  # fmt: skip
    assert said[marked["relu", "∂x[0]|3"][0] - 1].startswith("relu has a kink at 0")
    assert said[marked["|x|", "∂x[0]|2"][0] - 1].startswith("|x| has a kink at 0")
    assert said[marked["max", "∂x[0]|1"][0] - 1].startswith("maximum of two equal numbers")
    assert "3 equal numbers are the largest" in said[marked["reduce_max", "∂v2[0]"][0] - 1]
    text = explanation.text()
    assert f"†{len(said)}" in text
    assert text.index("Conventions") < text.index(said[0])


@pytest.mark.parametrize("detail", ["op", "gate"])
def test_one_entry(detail: str) -> None:
    w = tf.Variable(np.arange(12.0).reshape(4, 3), dtype=tf.float32, name="w")
    x = tf.constant(np.ones((2, 4)), tf.float32)
    with tf.GradientTape(persistent=True) as tape:
        h = x @ w
        loss = tf.reduce_sum(h * h)
    explanation = tf.explain(tape, loss, detail=detail)
    entry = explanation.entry("w", (1, 2))
    gradient = tape.gradient(loss, w)
    last = entry.steps[-1].lines[0]
    assert float(last.value) == float(gradient[1, 2])
    assert last.symbols == (
        "x[0,1] × ∂h[0,2] + x[1,1] × ∂h[1,2]" if detail == "op" else "∂w[1,2]|1 + ∂w[1,2]|2"
    )
    assert "w[1,2] = 5.0" in entry.text()
    assert float(explanation.entry("w", (-3, -1)).steps[-1].lines[0].value) == float(last.value)
    value = explanation.entry("h", (1, 0)).steps[0].lines[0]
    assert float(value.value) == 18.0
    assert repr(entry) == f"<Entry w[1, 2]: {len(entry.steps)} steps>"
    with pytest.raises(KeyError, match=r"There is no number named 'nothing'. There are: "):
        explanation.entry("nothing")
    with pytest.raises(IndexError, match=r"shape \[4, 3\].*Received: \[4, 0\]"):
        explanation.entry("w", (4, 0))


def test_large_tensors_show_a_few_entries_and_say_so() -> None:
    rng = np.random.default_rng(0)
    w = tf.Variable(rng.normal(size=(300, 40)), dtype=tf.float32, name="w")
    x = tf.constant(rng.normal(size=(16, 300)), tf.float32)
    with tf.GradientTape() as tape:
        h = tf.tanh(x @ w)
        loss = tf.reduce_mean(h * h)
    explanation = tf.explain(tape, loss)
    step = next(s for s in explanation.steps if isinstance(s, ForwardStep))
    assert step.tensor is not None
    assert (step.tensor.shape, step.tensor.shown) == ((16, 40), 3)
    assert step.tensor.norm == pytest.approx(float(tf.norm(x @ w)), rel=1e-5)
    assert "(288 more terms)" in step.lines[0].symbols
    assert len(explanation.text()) < 20_000
    full = explanation.entry("w", (7, 3)).steps[-1].lines[0]
    assert full.symbols.count("×") == 16
    assert "more terms" not in full.symbols


def test_operations_without_a_formula_say_so() -> None:
    a = tf.Variable([[2.0, 1.0], [1.0, 3.0]], name="a")
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.linalg.inv(a)[0])
    explanation = tf.explain(tape, loss)
    value = next(s for s in explanation.steps if s.title == "matrix_inverse")
    assert {line.note for line in value.lines} == {"by matrix_inverse"}
    back = lines(explanation, LocalStep)["∂a[0,0]"]
    assert eval(back.numbers) == pytest.approx(-0.24, rel=1e-5)
    assert float(back.value) == pytest.approx(-0.24, rel=1e-5)


def test_layers() -> None:
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [keras.layers.Dense(8, activation="relu", input_shape=(4,)), keras.layers.Dense(3)]
    )
    loss_of = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    x = tf.constant(np.random.default_rng(0).normal(size=(5, 4)), tf.float32)
    with tf.GradientTape() as tape:
        loss = loss_of(tf.constant([0, 1, 2, 0, 1]), model(x))
    explanation = tf.explain(tape, loss, detail="layer", decimals=3)
    layers = [s for s in explanation.steps if isinstance(s, LayerStep)]
    first, second = (layer.name for layer in model.layers)
    assert [(s.title, s.backward) for s in layers] == [
        (first, False), (second, False), (second, True), (first, True)
    ]  # fmt: skip
    assert layers[0].formula.endswith("= relu(x @ kernel + bias)")
    shapes = {t.name: t.shape for t in layers[3].tensors}
    assert shapes[f"∂{first}/kernel"] == (4, 8)
    assert f"∂{first}/kernel[0,0]" in {Names().show(line.name) for line in layers[3].lines}
    assert any(isinstance(s, RoundingStep) for s in explanation.steps)
    entry = explanation.entry(f"{first}/kernel", (2, 5)).steps[-1].lines[0]
    assert entry.symbols.startswith("x[0,2] × ")


def test_what_is_asked_for_wrongly_is_said() -> None:
    with pytest.raises(ValueError, match=r'"gate", "op", "layer".*Received: detail=\'gates\''):
        neuron(detail="gates")
    with pytest.raises(ValueError, match=r"an int from 0 to 15.*Received: decimals=-1"):
        neuron(decimals=-1)
    assert repr(neuron(detail="gate")) == "<Explanation of y: 8 gates, detail 'gate'>"


def test_sources_choose_what_is_derived() -> None:
    w = tf.Variable(2.0, name="w")
    b = tf.Variable(1.0, name="b")
    with tf.GradientTape() as tape:
        y = tf.stop_gradient(w) * b + tf.square(w)
    of_b = tf.explain(tape, y, b)
    assert set(lines(of_b, LocalStep)) == {"∂v2", "∂b"}
    everything = lines(tf.explain(tape, y), LocalStep)
    assert set(everything) == {"∂v2", "∂v3", "∂b", "∂w"}


def test_results_that_depend_on_no_source_have_no_way_back() -> None:
    w = tf.Variable(2.0, name="w")
    c = tf.Variable(3.0, name="c")
    with tf.GradientTape() as tape:
        y = tf.square(c)
    explanation = tf.explain(tape, y, w)
    assert not any(isinstance(s, LocalStep | SeedStep) for s in explanation.steps)
    assert "Backward" not in explanation.text()


def test_the_slides_picture_and_page(tmp_path) -> None:
    explanation = neuron(detail="gate", decimals=2)
    by_hand, exact = explanation.circuit().svg(), explanation.circuit(by_hand=False).svg()
    for drawn in (by_hand, exact):
        for number in ("0.73", "−0.53", "−0.20", "0.37", "1.37"):
            assert f">{number}<" in drawn
    assert ">−0.60<" in by_hand
    assert ">−0.60<" not in exact
    assert ">−0.59<" in exact
    path = explanation.to_html(tmp_path / "neuron.html")
    assert path.read_text(encoding="utf-8") == explanation.to_html()
    layers = neuron(detail="layer")
    assert layers.circuit().detail == "layer"
    assert "<!doctype html>" in layers.to_html().lower()


def test_sigmoid_whole() -> None:
    titles = [
        s.title
        for s in neuron(detail="gate", whole=["sigmoid"]).steps
        if isinstance(s, ForwardStep)
    ]
    assert titles == ["×", "×", "+", "+", "sigmoid"]
    with pytest.raises(
        ValueError, match=r"names operations as derivations do.*Received: whole='sigmoids'"
    ):
        neuron(detail="gate", whole=["sigmoids"])


@pytest.mark.parametrize("named", [False, True])
def test_variables_assigned_on_the_way_have_several_values(named: bool) -> None:
    w = tf.Variable(2.0, name="w")
    with tf.GradientTape(persistent=True) as tape:
        y = w * 3.0 + w
        w.assign(5.0)
        z = y * w
    explanation = tf.explain(tape, z, w if named else None)
    recording = explanation.recording
    assert [recording.wires[s].name for s in recording.sources] == ["w₁", "w₂"]
    assert [float(recording.wires[s].value) for s in recording.sources] == [2.0, 5.0]
    gradients = [float(recording.wires[s].gradient) for s in recording.sources]
    assert gradients == [20.0, 8.0]
    assert sum(gradients) == float(tape.gradient(z, w))
    [note] = explanation.derivation.notes
    assert note.startswith(
        "w₁, w₂ are the values of one variable, which was assigned while the tape was open"
    )
    assert lines(explanation, ForwardStep)["z"].numbers == "8.0*5.0"


def test_each_call_of_a_shared_layer_is_a_step_with_its_own_part() -> None:
    shared = keras.layers.Dense(2, activation="tanh", name="shared")
    one, other = keras.Input((3,)), keras.Input((3,))
    model = keras.Model([one, other], shared(one) + shared(other))
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(model([tf.ones((1, 3)), 2.0 * tf.ones((1, 3))]))
    steps = [s for s in tf.explain(tape, loss, detail="layer").steps if isinstance(s, LayerStep)]
    back = [s for s in steps if s.backward and s.title == "shared"]
    assert len(back) == len([s for s in steps if not s.backward and s.title == "shared"]) == 2
    bias = [
        {ln.name.path: float(ln.value) for ln in s.lines if ln.name.name == "shared/bias"}
        for s in back
    ]
    assert {k for part in bias for k in part} == {1, 2}
    assert all(len(part) == 1 for part in bias)
    kernel = np.ones((1, 3)) @ np.asarray(shared.kernel)
    last = {
        ln.name.path: float(ln.value)
        for s in back
        for ln in s.lines
        if ln.name.name == "shared/bias"
    }
    slopes = sorted(1 - np.tanh(k * kernel[0, 1]) ** 2 for k in (1, 2))
    np.testing.assert_allclose(sorted(last.values()), slopes, rtol=1e-4, atol=1e-7)


def test_functions_in_one_piece_are_called_by_their_names() -> None:
    @tf.custom_gradient
    def clipped(x: tf.Tensor) -> tuple[tf.Tensor, object]:
        return tf.identity(x), lambda up: up

    @tf.function
    def noisy(x: tf.Tensor) -> tf.Tensor:
        return x * tf.random.normal(())

    @tf.function
    def inside(x: tf.Tensor) -> tf.Tensor:
        return clipped(x) * 2.0

    nameless = tf.function(lambda x: x * tf.random.normal(()))
    w = tf.Variable(2.0)
    with tf.GradientTape() as tape:
        y = inside(nameless(noisy(clipped(w))))
    explanation = tf.explain(tape, y)
    titles = [s.title for s in explanation.steps if isinstance(s, ForwardStep)]
    assert titles == ["clipped", "noisy", "function", "identity", "clipped", "×2"]
    assert "= noisy(" in explanation.steps[2].formula
    assert "watched" not in explanation.text() and "custom" not in explanation.text()


def test_complex_constants_stand_in_their_signs() -> None:
    z = tf.Variable(1.0 + 2.0j)
    with tf.GradientTape() as tape:
        y = tf.math.real(z * (1.0 + 1.0j))
    explanation = tf.explain(tape, y)
    assert explanation.steps[1].title == "×(1 + 1i)"
    assert "v1 * (1 + 1i)" in explanation.text() or "z * (1 + 1i)" in explanation.steps[1].formula


def test_a_batch_of_nothing_is_shown_by_its_shape() -> None:
    data = tf.zeros((0, 2))
    w = tf.Variable([[1.0], [2.0]])
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(data @ w)
    explanation = tf.explain(tape, loss)
    assert "constant  data  float32[0,2], norm 0\n" in explanation.text()
    assert "= data @ w" in explanation.text()
    assert "<math" in explanation.html() and "\\section" in explanation.latex()


def test_whole_numbers_are_explained_as_they_are() -> None:
    n = tf.Variable([1, 2])
    with tf.GradientTape() as tape:
        doubled = n * 2
    for detail in ("gate", "op", "layer"):
        assert "doubled[1] = 4" in tf.explain(tape, doubled, detail=detail).text()


def test_what_has_no_name_is_not_taken_for_an_entry_or_a_namesake() -> None:
    v, c1 = tf.Variable([1.0, 2.0], name="v"), tf.Variable(3.0, name="c1")
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(v * v * tf.ones((2,))) * c1
    explanation = tf.explain(tape, loss)
    names = [n for n in explanation.derivation.names if n]
    assert [n for n in names if n[0] in "vc"] == ["v", "c1"]
    assert {"u1", "u2", "u3", "k1"} <= set(names)
    assert len(set(names)) == len(names)


def test_an_index_of_a_number_is_refused_as_an_index() -> None:
    with pytest.raises(IndexError, match=r"z has the shape \[1, 1\]"):
        neuron().entry("z", (0, 0, 0))
    w = tf.Variable(2.0, name="w")
    with tf.GradientTape() as tape:
        y = w * w
    with pytest.raises(IndexError, match=r"w has the shape \[\]"):
        tf.explain(tape, y).entry("w", 0)
