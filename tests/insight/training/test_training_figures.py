"""The figures: what they draw is what was recorded, and their titles say what is seen."""

import subprocess
import sys

import numpy as np
import pytest
from matplotlib.figure import Figure

import gradtape as tf
from gradtape import keras
from gradtape.insight.training import TrainingRecorder, loss_surface

Dense = keras.layers.Dense
X = np.random.default_rng(0).normal(size=(128, 2)).astype("float32")
Y = (X[:, :1] * X[:, 1:] > 0).astype("float32")
WEIGHTS = ["a/kernel", "a/bias", "b/kernel", "b/bias", "out/kernel", "out/bias"]


def recorded(layers, epochs=10, optimizer="adam"):
    keras.utils.set_random_seed(0)
    model = keras.Sequential(layers)
    model.compile(optimizer, "binary_crossentropy")
    recorder = TrainingRecorder()
    model.fit(X, Y, epochs=epochs, verbose=0, callbacks=[recorder])
    return recorder


@pytest.fixture(scope="module")
def healthy():
    return recorded(
        [Dense(8, "relu", name="a"), Dense(8, "tanh", name="b"), Dense(1, "sigmoid", name="out")]
    )


def title(figure):
    return figure.get_suptitle().replace("\n", " ")


def drawn(figure):
    """It renders, and gives the labels of its axes."""
    assert isinstance(figure, Figure)
    assert figure._repr_png_().startswith(b"\x89PNG")
    return [(axis.get_xlabel(), axis.get_ylabel()) for axis in figure.axes if axis.get_visible()]


def test_loss(healthy):
    figure = healthy.plot_loss()
    assert drawn(figure) == [("step", "loss")]
    steps, losses = healthy.losses
    np.testing.assert_array_equal(figure.axes[0].lines[0].get_ydata(), losses)
    assert title(figure).startswith("The loss fell from 0.")
    assert title(figure).endswith(" in 40 steps")
    assert len(steps) == 40


def test_gradient_flow(healthy):
    figure = healthy.plot_gradient_flow(3)
    assert drawn(figure) == [("|gradient|", "layer, input first")]
    axis = figure.axes[0]
    assert [t.get_text() for t in axis.get_yticklabels()] == ["a", "b", "out"]
    step = healthy.step(3)
    largest = {
        layer: max(np.abs(step.gradients[name]).max() for name in names) for layer, names in step.layers.items()
    }  # fmt: skip
    means = {
        layer: np.mean(np.concatenate([np.abs(step.gradients[n]).ravel() for n in names]))
        for layer, names in step.layers.items()
    }
    widths = [bar.get_width() for bar in axis.patches]
    np.testing.assert_allclose(widths, [*largest.values(), *means.values()], rtol=1e-6)
    assert title(figure).startswith("Step 3: ")


def test_norms(healthy):
    figure = healthy.plot_norms()
    assert drawn(figure) == [("", "gradient norm"), ("step", "weight norm")]
    assert [t.get_text() for t in figure.legends[0].get_texts()] == ["a", "b", "out"]
    line = figure.axes[1].lines[0]
    expected = [s.layer_norms("weight")["a"] for s in healthy.steps]
    np.testing.assert_allclose(line.get_ydata(), expected, rtol=1e-12)
    assert title(figure).startswith("The gradient of '")


def test_many_layers_are_told_apart_and_some_are_named():
    deep = recorded([Dense(4, "tanh", name=f"d{k}") for k in range(40)] + [Dense(1, name="out")], 1)
    for figure in (deep.plot_norms(), deep.plot_update_ratio()):
        drawn(figure)
        (legend,) = figure.legends
        shown = [t.get_text() for t in legend.get_texts()]
        assert shown[0] == "d0"
        assert len(shown) == 15
        low, high = legend.get_window_extent().y0, legend.get_window_extent().y1
        assert 0 <= low < high <= figure.bbox.height
        colours = {line.get_color() for line in figure.axes[0].lines if line.get_label()[0] == "d"}
        assert len(colours) == 40


def test_update_ratio(healthy):
    figure = healthy.plot_update_ratio()
    assert drawn(figure) == [("step", "log10(|update| / |weights|)")]
    *lines, guide = figure.axes[0].lines
    np.testing.assert_allclose(guide.get_ydata(), -3)
    step = healthy.step(5)
    ratio = step.layer_norms("update")["b"] / step.layer_norms("weight")["b"]
    assert lines[1].get_ydata()[5] == pytest.approx(np.log10(ratio))
    assert "of itself" in title(figure)


@pytest.mark.parametrize(
    ("what", "panels"),
    [("activations", ["a", "b", "out"]), ("weights", WEIGHTS), ("gradients", WEIGHTS)],
)  # fmt: skip
def test_histograms(healthy, what, panels):
    figure = healthy.plot_histograms(what)
    drawn(figure)
    assert [a.get_title("left") for a in figure.axes if a.get_title("left")] == panels
    mesh = figure.axes[0].collections[0]
    assert mesh.get_array().shape == (60, 40)
    assert mesh.get_array().max() == 1.0
    assert f"The {what} " in title(figure)
    (one,) = [
        a
        for a in healthy.plot_histograms(what, layers=["out"]).axes
        if a.get_title("left") == panels[-1]
    ]
    assert one.get_xlabel() == "step"
    with pytest.raises(ValueError, match='"activations", "weights" or "gradients"'):
        healthy.plot_histograms("biases")
    with pytest.raises(ValueError, match="No activations"):
        healthy.plot_histograms(layers=["none"])


def test_sick_networks_are_drawn_too():
    deep = recorded(
        [*[Dense(8, "sigmoid", name=f"d{k}") for k in range(10)], Dense(1, "sigmoid", name="out")],
        2,
    )
    flow = deep.plot_gradient_flow()
    assert "times smaller than that of 'out'" in title(flow)
    loss = deep.plot_loss()
    assert [t.get_text() for t in loss.axes[0].texts] == ["vanishing: d0 and 5 more"]
    drawn(loss)
    w = tf.Variable(1.0, name="w")
    with TrainingRecorder([w]) as recorder:
        for _ in range(40):
            with tf.GradientTape() as tape:
                loss = w**4.0
            w.assign_sub(tape.gradient(loss, w))
    assert title(recorder.plot_loss()).startswith("The loss is not finite from step ")
    for name in ("loss", "gradient_flow", "norms", "update_ratio"):
        drawn(getattr(recorder, f"plot_{name}")())
    drawn(recorder.plot_histograms("weights"))


def test_a_single_step_is_drawn():
    w = tf.Variable([1.0, 2.0], name="w")
    with TrainingRecorder([w]) as recorder:
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.tanh(w))
        tape.gradient(loss, w)
    for name in ("loss", "gradient_flow", "norms", "update_ratio", "histograms"):
        drawn(getattr(recorder, f"plot_{name}")())
    assert title(recorder.plot_update_ratio()) == "No weight was changed"


def test_nothing_to_draw():
    for name in ("loss", "gradient_flow", "norms", "update_ratio", "histograms"):
        with pytest.raises(ValueError, match="no step was recorded"):
            getattr(TrainingRecorder(), f"plot_{name}")()


# --- the loss surface ---


def bowl(w, b):
    return lambda: (w - 1.0) ** 2 + 3.0 * (b + 2.0) ** 2


def test_surface_of_a_recorded_descent():
    w, b = tf.Variable(4.0), tf.Variable(1.0)
    f = bowl(w, b)
    with TrainingRecorder([w, b]) as recorder:
        for _ in range(6):
            with tf.GradientTape() as tape:
                loss = f()
            for v, g in zip((w, b), tape.gradient(loss, [w, b])):
                v.assign_sub(0.1 * g)
    figure = loss_surface(f, w, b, path=recorder, grid=9)
    axis = figure.axes[0]
    assert drawn(figure)[0] == ("w", "b")
    assert title(figure) == "6 steps take the loss from 36 to 0.619"
    path = np.stack(axis.lines[0].get_data(), axis=1)
    expected = [(s.weights["w"], s.weights["b"]) for s in recorder.steps] + [(float(w), float(b))]
    np.testing.assert_allclose(path, expected)
    (arrows,) = [c for c in axis.collections if type(c).__name__ == "Quiver"]
    slopes = np.stack([-arrows.U, -arrows.V], axis=1)
    np.testing.assert_allclose(
        slopes, [(2 * (x - 1), 6 * (y + 2)) for x, y in expected], rtol=1e-5, atol=1e-5
    )
    assert len(slopes) == len(expected)
    assert (float(w), float(b)) == expected[-1]


def test_surface_says_that_other_weights_stay_as_they_are(healthy):
    w, b, c = tf.Variable(4.0), tf.Variable(1.0), tf.Variable(0.5)
    with TrainingRecorder([w, b, c]) as recorder:
        with tf.GradientTape() as tape:
            loss = bowl(w, b)() + c * c
        for v, g in zip((w, b, c), tape.gradient(loss, [w, b, c])):
            v.assign_sub(0.1 * g)
    figure = loss_surface(lambda: bowl(w, b)() + c * c, w, b, path=recorder, grid=5)
    assert title(figure).endswith(", all other weights being as they are now")


def test_surface_of_two_entries_of_one_weight():
    w = tf.Variable([[1.0, 2.0], [3.0, 4.0]])
    figure = loss_surface(
        lambda: tf.reduce_sum(w * w), (w, (0, 1)), (w, (1, 0)), path=[(0, 0), (1, 1)],
        span=((-2, 2), (-1, 1)), grid=5, log=True,
    )  # fmt: skip
    axis = figure.axes[0]
    assert drawn(figure) == [("w[0,1]", "w[1,0]"), ("", "log10(loss − lowest)")]
    assert (axis.get_xlim(), axis.get_ylim()) == ((-2, 2), (-1, 1))
    assert title(figure) == "1 step takes the loss from 17 to 19"
    np.testing.assert_array_equal(w, [[1, 2], [3, 4]])


def test_surface_leaves_the_weights_after_an_error():
    w, b = tf.Variable(4.0), tf.Variable(1.0)

    def fails():
        if float(w) != 4.0:
            raise ZeroDivisionError
        return w * b

    with pytest.raises(ZeroDivisionError):
        loss_surface(fails, w, b)
    assert (float(w), float(b)) == (4.0, 1.0)


def test_surface_of_what_is_none():
    w, v = tf.Variable(4.0), tf.Variable([1.0, 2.0])
    with pytest.raises(ValueError, match="2 entries: say which"):
        loss_surface(lambda: w, w, v)
    with pytest.raises(ValueError, match=r"a pair \(variable, index\)"):
        loss_surface(lambda: w, w, 1.0)
    with pytest.raises(TypeError, match="one number"):
        loss_surface(lambda: v, w, (v, 0))
    with pytest.raises(ValueError, match="a sequence of pairs"):
        loss_surface(lambda: w, w, (v, 0), path=[1, 2, 3])
    m = tf.Variable([[1.0, 2.0], [3.0, 4.0]])
    for chosen, options, words in (
        ((w, (m, 0)), {}, "an index of each"),
        ((w, w), {}, "two different"),
        (((m, (0, 1)), (m, (0, -1))), {}, "two different"),
        ((w, (v, 0)), {"grid": 1}, "grid"),
        ((w, (v, 0)), {"span": ((1, 1), (0, 1))}, "span"),
    ):
        with pytest.raises(ValueError, match=words):
            loss_surface(lambda: w, *chosen, **options)
    with pytest.raises(ValueError, match="nowhere finite"):
        loss_surface(lambda: w * np.nan, w, (v, 0), grid=3)
    flat = loss_surface(lambda: w * 0.0 + 1.0, w, (v, 0), grid=3, log=True)
    assert flat.axes[-1].get_ylabel() == "loss"
    recorder = TrainingRecorder([w])
    with pytest.raises(ValueError, match="no values of these weights"):
        loss_surface(lambda: w, w, (v, 0), path=recorder)


def test_matplotlib_is_imported_when_it_is_drawn_with():
    code = """
import sys
import gradtape.insight.training as training, gradtape as tf
assert "matplotlib" not in sys.modules
sys.modules["matplotlib"] = None
w = tf.Variable(1.0)
with training.TrainingRecorder([w]) as recorder:
    with tf.GradientTape() as tape:
        loss = w * w
    tape.gradient(loss, w)
try:
    recorder.plot_loss()
except ImportError as error:
    print(error)
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pip install 'gradtape[explain]'" in said.stdout
