"""The `tape.gradient` calls of a file as data: which, how often, which are explained, and why a gradient is missing."""

from __future__ import annotations

import pytest
from tests.cli.programs import LOOP, NEURON

from gradtape.insight.calls.report import report
from gradtape.insight.calls.spots import PLACES, Wish, read_spots
from gradtape.runner.explaining import explain_file


def test_calls_in_a_loop_are_counted_and_a_few_are_shown(script):
    first, second = explain_file(script(*LOOP)).spots
    assert (first.line, first.end_line, first.times) == (6, 8, 23)
    assert first.code == "g = tape.gradient(\n        loss,\n        w)".replace("        ", "    ")
    assert [turn.turn for turn in first.turns] == [1, 2, 10, 23]
    w, seen = 1.0, {}
    for step in range(1, 24):
        seen[step] = 2 * w * step
        w -= 0.01 * seen[step]
    for turn in first.turns:
        source = turn.sources[0]
        assert source.name == "w"
        assert float(source.text) == pytest.approx(seen[turn.turn], rel=1e-4)
        assert source.norm == pytest.approx(abs(seen[turn.turn]), rel=1e-4)
    assert (second.line, second.times) == (12, 1)


def test_a_call_in_a_traced_function(script):
    lines = (
        "import tensorflow as tf",
        "w = tf.Variable(3.0)",
        "@tf.function",
        "def grad():",
        "    if w > 0.0:",
        "        with tf.GradientTape() as tape:",
        "            y = w * w",
        "        g = tape.gradient(y, w)",
        "    else:",
        "        g = w * 1.0",
        "    return g",
        "grad()",
    )
    (spot,) = explain_file(script(*lines)).spots
    assert (spot.line, spot.turns) == (8, [])
    assert "--eagerly" in spot.trouble
    (spot,) = explain_file(script(*lines), eagerly=True).spots
    assert (spot.line, spot.trouble) == (8, "")
    assert spot.turns[0].sources[0].text == "6."


def test_what_keras_asks_for_itself_is_not_the_users(script):
    found = explain_file(script(
        "import tensorflow as tf",
        "model = tf.keras.Sequential([tf.keras.layers.Dense(1, input_shape=(2,))])",
        "model.compile('sgd', 'mse')",
        "model.fit(tf.ones((4, 2)), tf.ones((4, 1)), verbose=0)",
        "w = tf.Variable(1.0)",
        "tf.keras.optimizers.SGD(0.1).minimize(lambda: w * w, [w])",
        "with tf.GradientTape() as tape:",
        "    y = model(tf.ones((1, 2)))",
        "tape.jacobian(y, model.trainable_weights)",
    ))  # fmt: skip
    assert found.spots == []


def test_calls_in_a_module_beside_the_script(script):
    script("import tensorflow as tf", "def grad(w):", "    with tf.GradientTape() as t:", "        y = w * w",
           "    return t.gradient(y, w)", name="beside.py")  # fmt: skip
    path = script("import tensorflow as tf, beside", "beside.grad(tf.Variable(2.0))")
    (spot,) = explain_file(path).spots
    assert spot.title == "beside.py, line 5"
    assert explain_file(path, line=5).told == []  # lines are those of the script itself


def test_several_targets_sources_of_every_kind_and_seeds(script):
    (spot,) = explain_file(script(
        "import tensorflow as tf",
        "table = tf.Variable([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])",
        "k = tf.Variable(3)",
        "x = tf.constant(0.0)",
        "with tf.GradientTape() as tape:",
        "    tape.watch(x)",
        "    rows = tf.gather(table, [0, 2])",
        "    root = tf.sqrt(x)",
        "seeds = [tf.ones((2, 2)), tf.constant(2.0)]",
        "tape.gradient([rows, root], {'table': table, 'k': k, 'x': x}, output_gradients=seeds)",
    )).spots  # fmt: skip
    (turn,) = spot.turns
    assert turn.targets == ["rows", "root"]
    states = {source.name: source.state for source in turn.sources}
    assert states == {"k": "none", "table": "some", "x": "not finite"}
    by_name = {source.name: source for source in turn.sources}
    assert by_name["table"].text == "[[1. 1.]\n [0. 0.]\n [1. 1.]]"
    assert by_name["k"].dtype == "int32"
    assert by_name["k"].reason
    assert by_name["x"].reason


def test_a_tape_that_is_used_again_and_again(script):
    (spot,) = explain_file(script(
        "import tensorflow as tf",
        "w = tf.Variable(2.0)",
        "tape = tf.GradientTape(persistent=True)",
        "for step in range(5):",
        "    with tape:",
        "        y = w * w * w",
        "    g = tape.gradient(y, w)",
        "    w.assign(w + 1.0)",
        "with tape:",
        "    other = w * 100.0",
    )).spots  # fmt: skip
    assert [turn.turn for turn in spot.turns] == [1, 2, 5]
    assert [float(turn.sources[0].text) for turn in spot.turns] == [12.0, 27.0, 108.0]
    assert [turn.trouble for turn in spot.turns] == ["", "", ""]


def test_inner_gradients_of_an_outer_tape(script):
    inner, outer = explain_file(script(
        "import tensorflow as tf",
        "x = tf.Variable(2.0)",
        "with tf.GradientTape() as outer:",
        "    with tf.GradientTape() as inner:",
        "        y = x * x * x",
        "    dy = inner.gradient(y, x)",
        "d2y = outer.gradient(dy, x)",
        "assert float(dy) == 12.0 and float(d2y) == 12.0",
        "assert len(outer._records) < 20",
    )).spots  # fmt: skip
    assert [s.turns[0].sources[0].text for s in (inner, outer)] == ["12.", "12."]


def test_wishes_cross_the_process_border():
    wish = Wish("/tmp/é.json", line=3, cell=None, live=True)
    assert Wish.read(wish.text()) == wish


def test_what_a_child_did_not_write_is_nothing(tmp_path):
    assert read_spots(tmp_path / "none.json") == []
    (tmp_path / "cut.json").write_text('[{"file"')
    assert read_spots(tmp_path / "cut.json") == []


def test_no_process_of_a_script_writes_but_its_own(script):
    (spot,) = explain_file(script(
        *NEURON,
        "import os",
        "pid = os.fork()",
        "if pid == 0:",
        "    os._exit(0)",
        "os.waitpid(pid, 0)",
    )).spots  # fmt: skip
    assert spot.times == 1


def test_reasons_are_the_same_for_a_call_explained_later(script):
    (spot,) = explain_file(script(
        "import tensorflow as tf",
        "def train(steps):",
        "    w, k = tf.Variable([0.5, -0.5]), tf.Variable(3)",
        "    z = tf.Variable(0.0)",
        "    data = tf.constant([1.0, 2.0])",
        "    for step in range(steps):",
        "        with tf.GradientTape() as tape:",
        "            root = tf.sqrt(z)",
        "            loss = tf.reduce_sum((w * data) ** 2)",
        "        g = tape.gradient([loss, root], [w, data, k, z])",
        "        w.assign_sub(0.1 * g[0])",
        "train(5)",
    )).spots  # fmt: skip
    assert [turn.turn for turn in spot.turns] == [1, 2, 5]
    for turn in spot.turns:
        assert turn.targets == ["loss", "root"]
        assert [(s.name, s.state, s.code) for s in turn.sources] == [
            ("w", "some", ""),
            ("data", "none", "constant"),
            ("k", "none", "integer"),
            ("z", "not finite", "infinite_derivative"),
        ]
        assert turn.sources[1].where == "train.py, line 5: data = tf.constant([1.0, 2.0])"
    fixes = [[s.fix for s in turn.sources] for turn in spot.turns]
    assert fixes[0] == fixes[1] == fixes[2]


def test_a_tape_that_holds_too_much_is_not_kept_for_later(script):
    (spot,) = explain_file(script(
        "import gradtape.core.tape, gradtape.insight.calls.onlooker as onlooker",
        "onlooker.KEPT_BYTES = 1000",
        "import tensorflow as tf",
        "w = tf.Variable(tf.ones((20, 20)))",
        "for step in range(4):",
        "    with tf.GradientTape() as tape:",
        "        loss = tf.reduce_sum(w * w)",
        "    tape.gradient(loss, w)",
    )).spots  # fmt: skip
    assert [turn.turn for turn in spot.turns] == [1, 2]
    assert spot.trouble == "The last call is not explained: its tape holds 0 MiB."


def test_a_network_of_many_operations_is_explained_by_its_layers(script):
    path = script(
        "import tensorflow as tf",
        "layers = [tf.keras.layers.Dense(6, activation='tanh') for _ in range(30)]",
        "model = tf.keras.Sequential(layers)",
        "with tf.GradientTape() as tape:",
        "    loss = tf.reduce_sum(model(tf.ones((2, 6))))",
        "tape.gradient(loss, model.trainable_weights)",
    )
    by_layers, by_operations = (
        explain_file(path, detail=detail).spots[0].turns[0] for detail in ("", "op")
    )
    assert by_layers.trouble == ""
    assert len(by_layers.text) < len(by_operations.text) / 2
    assert by_layers.circuit
    assert len(by_layers.sources) == 60


def test_what_is_too_long_is_left_out_and_said(script):
    (spot,) = explain_file(
        script(
            "import gradtape.insight.calls.onlooker as onlooker", "onlooker.LONGEST = 400", *NEURON
        )
    ).spots
    (turn,) = spot.turns
    assert (turn.text, turn.derivation, turn.circuit) == ("", "", "")
    assert "The derivation is left out" in turn.trouble
    assert turn.sources[0].state == "some"


def test_many_places(script):
    """So many are explained; a place is explained to its last call however many come after it, and with a wish of its
    own also the last of them."""
    lines = ["import tensorflow as tf", "w = tf.Variable(1.0)", "def early(k):",
             "    with tf.GradientTape() as tape: y = w * k", "    return tape.gradient(y, w)"]  # fmt: skip
    lines += ["for k in range(3): early(float(k))"]
    for k in range(PLACES + 5):
        lines += [f"with tf.GradientTape() as tape: y = w * {k}.0", "g = tape.gradient(y, w)"]
    lines += ["for k in range(4): early(float(k))"]
    path = script(*lines)
    explained = explain_file(path)
    first, *others = explained.spots
    assert (first.times, [turn.turn for turn in first.turns]) == (7, [1, 2, 7])
    assert float(first.turns[-1].sources[0].text) == 3.0
    assert len(others) == PLACES + 5
    assert len(explained.told) == PLACES
    page = report(path.name, explained.spots)
    assert f"at {PLACES + 6} places. Of these, {PLACES} are explained here." in page
    (last,) = explain_file(path, line=len(lines) - 1).told
    assert (last.line, float(last.turns[0].sources[0].text)) == (len(lines) - 1, PLACES + 4.0)


def test_a_script_that_ends_without_a_word_is_not_said_to_be_explained(script):
    lines = ("import os", "import tensorflow as tf", "os._exit(3)")
    assert explain_file(script(*lines)).trouble == "The script failed."
