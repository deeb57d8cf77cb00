"""`gradtape explain` and `gradtape run --explain`: which calls, how often, why, on the terminal and on a page."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from gradtape.cli.explain import place
from gradtape.insight.calls.spots import Wish, read_spots
from gradtape.runner.explaining import explain_file
from gradtape.runner.status import RunnerError

NEURON = (
    "import tensorflow as tf",
    "w = tf.Variable(2.0)",
    "x = tf.constant(-1.0)",
    "with tf.GradientTape() as tape:",
    "    p = tf.sigmoid(w * x)",
    "dw, dx = tape.gradient(p, [w, x])",
    "print('printed by the script', float(dw))",
)
LOOP = (
    "import tensorflow as tf",
    "w = tf.Variable(1.0)",
    "for step in range(1, 24):",
    "    with tf.GradientTape() as tape:",
    "        loss = w * w * float(step)",
    "    g = tape.gradient(",
    "        loss,",
    "        w)",
    "    w.assign_sub(0.01 * g)",
    "with tf.GradientTape() as tape:",
    "    y = tf.exp(w)",
    "tape.gradient(y, w)",
)


class Strict(HTMLParser):
    """Reads a page: its addresses, its ids, whether all that is opened is closed."""

    VOID = {"meta", "br", "link", "input", "img", "hr", "wbr"}

    def __init__(self, text: str):
        super().__init__()
        self.ids, self.refs, self.open, self.tags = [], [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.tags.append(tag)
        self.ids += [found["id"]] if "id" in found else []
        self.refs += [v for k, v in attrs if k in ("href", "src", "xlink:href") and v]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open and self.open.pop() == tag, f"</{tag}> closes something else"


def page_of(path: Path) -> tuple[str, Strict]:
    text = path.read_text("utf-8")
    return text, Strict(text)


def test_a_call_on_the_terminal(gradtape, script):
    done = gradtape("explain", script(*NEURON), "--at", 6)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("train.py, line 6\ndw, dx = tape.gradient(p, [w, x])\n")
    assert "w: -0.104994" in done.stdout
    assert "x: None" in done.stdout
    assert "train.py, line 3: x = tf.constant(-1.0)" in done.stdout
    assert "printed by the script" not in done.stdout


def test_a_call_on_a_page(gradtape, script, tmp_path):
    out = tmp_path / "report.html"
    done = gradtape("explain", script(*NEURON), "-o", out)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == f"train.py: one call of tape.gradient, see {out}\n"
    text, page = page_of(out)
    assert not page.open
    assert "train.py, line 6" in text
    assert "dw, dx = tape.gradient(p, [w, x])" in text
    assert "-0.104994" in text


def test_a_report_needs_no_network_and_runs_no_script(gradtape, script, tmp_path):
    out = tmp_path / "report.html"
    assert gradtape("explain", script(*LOOP), "-o", out).returncode == 0
    text, page = page_of(out)
    assert "script" not in page.tags
    assert all(ref.startswith("#") for ref in page.refs)
    assert not re.search(r"@import|url\(|\son\w+=", text)
    assert {"call-1", "call-2"} <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))


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


def test_the_places_with_at(gradtape, script, notebook):
    path = script(*LOOP)
    for line in (6, 7, 8):
        assert gradtape("explain", path, "--at", line).stdout.startswith(
            "train.py, line 6  (23 times)"
        )
    done = gradtape("explain", path, "--at", "line", 12)
    assert done.stdout.startswith("train.py, line 12\n")
    assert "line 6" not in done.stdout
    done = gradtape("explain", path, "--at", 3)
    assert done.returncode == 3
    assert done.stderr.splitlines()[-1] == (
        "gradtape: there is no tape.gradient call at line 3 of train.py; there are calls at line 6, line 12"
    )


def test_cells_have_the_numbers_that_are_displayed(gradtape, notebook):
    path = notebook(
        "import tensorflow as tf\nw = tf.Variable(3.0)",
        "",  # an empty cell has no number
        "def grad():\n    with tf.GradientTape() as t:\n        y = w * w\n    return t.gradient(y, w)",
        "grad()\nwith tf.GradientTape() as t:\n    z = 2 * w\nt.gradient(z, w)",
    )
    done = gradtape("explain", path)
    assert done.returncode == 0, done.stderr
    assert re.findall(r"^cell \d+, line \d+", done.stdout, re.M) == [
        "cell 2, line 4",
        "cell 3, line 4",
    ]
    done = gradtape("explain", path, "--at", "cell", 3)
    assert re.findall(r"^cell \d+, line \d+", done.stdout, re.M) == ["cell 3, line 4"]
    assert gradtape("explain", path, "--at", "2:4").stdout.startswith("cell 2, line 4\n")
    done = gradtape("explain", path, "--at", "cell 1")
    assert done.returncode == 3
    assert "no tape.gradient call at cell 1 of made.ipynb" in done.stderr


@pytest.mark.parametrize(
    ("text", "name", "wanted"),
    [("12", "a.py", (12, None)), ("line 12", "a.py", (12, None)), ("3", "a.ipynb", (None, 3)),
     ("cell 3", "a.ipynb", (None, 3)), ("cell3", "a.ipynb", (None, 3)), ("3:2", "a.ipynb", (2, 3)),
     ("cell 3:2", "a.ipynb", (2, 3))],
)  # fmt: skip
def test_how_places_are_written(text, name, wanted):
    assert place(text, Path(name)) == wanted


@pytest.mark.parametrize(
    ("text", "name"),
    [("x", "a.py"), ("", "a.py"), ("-1", "a.py"), ("cell 3", "a.py"), ("3:2", "a.py"), ("line 3", "a.ipynb"),
     ("3:x", "a.ipynb"), ("1 2", "a.py")],
)  # fmt: skip
def test_what_is_no_place(text, name):
    with pytest.raises(RunnerError, match="--at"):
        place(text, Path(name))


def test_run_explain_writes_a_report_beside_what_is_printed(gradtape, script, notebook, tmp_path):
    done = gradtape("run", "--explain", script(*NEURON))
    assert done.returncode == 0
    assert done.stdout.startswith("printed by the script -0.10499")
    assert "dw, dx = tape.gradient(p, [w, x])" in (tmp_path / "train-explained.html").read_text()
    path = notebook("\n".join(NEURON))
    done = gradtape("run", "--explain", path, "-o", tmp_path / "report.html")
    assert (done.returncode, "printed by the script" in done.stdout) == (0, True)
    assert "cell 1, line 6" in (tmp_path / "report.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["explain", "none.py"], "the script none.py does not exist"),
        (["explain", "none.ipynb"], "the notebook none.ipynb does not exist"),
        (["explain", "notes.txt"], "neither a notebook (.ipynb) nor a script (.py)"),
        (["explain", "train.py", "-o", "no/report.html"], "there is no folder no"),
        (["explain", "train.py", "--at", "here"], "--at expects a line (12)"),
        (["explain", "empty.py"], "no tape.gradient call of empty.py was reached"),
        (["run", "--explain", "train.py", "-o", "out.ipynb"], "-o names the page (.html)"),
        (
            ["run", "--explain", "train.py", "--html", "page.html"],
            "--html does not go with --explain",
        ),
        (["run", "--explain", "none.py"], "the script none.py does not exist"),
    ],
)
def test_bad_input_is_one_line_and_status_3(gradtape, script, tmp_path, arguments, words):
    script(*NEURON)
    script("print(1)", name="empty.py")
    (tmp_path / "notes.txt").write_text("notes")
    done = gradtape(*arguments)
    assert done.returncode == 3
    assert words in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


def test_run_explain_of_a_file_without_calls_says_so(gradtape, script, tmp_path):
    done = gradtape("run", "--explain", script("print(1)"))
    assert (done.returncode, done.stdout) == (0, "1\n")
    assert (
        "No <code>tape.gradient</code> call was reached."
        in (tmp_path / "train-explained.html").read_text()
    )


def test_a_script_that_fails_is_explained_as_far_as_it_ran(gradtape, script, tmp_path):
    path = script(*NEURON, "raise ValueError('the end')")
    done = gradtape("run", "--explain", path)
    assert done.returncode == 2
    assert "ValueError: the end" in done.stderr
    text = (tmp_path / "train-explained.html").read_text()
    assert "The script failed" in text
    assert "line 6" in text
    done = gradtape("explain", path)
    assert done.returncode == 2
    assert "w: -0.104994" in done.stdout


def test_a_notebook_that_fails_is_explained_as_far_as_it_ran(gradtape, notebook, tmp_path):
    path = notebook("\n".join(NEURON), "1 / 0", "print('never')")
    done = gradtape("run", "--explain", path, "-o", tmp_path / "report.html")
    assert done.returncode == 2
    assert "cell 2, line 1: ZeroDivisionError" in done.stderr
    assert "ZeroDivisionError" in (tmp_path / "report.html").read_text()
    assert "cell 1, line 6" in (tmp_path / "report.html").read_text()


def test_a_file_that_takes_too_long(gradtape, script, notebook, tmp_path):
    done = gradtape("explain", script(*NEURON, "import time", "time.sleep(60)"), "--timeout", 4)
    assert done.returncode == 124
    done = gradtape("run", "--explain", notebook("import time\ntime.sleep(60)"), "--timeout", 1)
    assert done.returncode == 124
    assert not list(tmp_path.glob("*.html"))


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


def test_looking_on_changes_nothing(gradtape, script):
    lines = (
        "import tensorflow as tf, gc, weakref",
        "tf.random.set_seed(3)",
        "w = tf.Variable(tf.random.normal((3,)))",
        "gone = []",
        "for step in range(40):",
        "    with tf.GradientTape() as tape:",
        "        loss = tf.reduce_sum((w * tf.random.normal((3,))) ** 2)",
        "    g = tape.gradient(loss, w)",
        "    gone.append(weakref.ref(tape))",
        "    w.assign_sub(0.05 * g)",
        "del tape",
        "print(w.numpy(), sum(ref() is not None for ref in gone))",
        "x = tf.Variable(3)",
        "with tf.GradientTape() as tape:",
        "    y = tf.cast(x, tf.float32) * 2.0",
        "print(tape.gradient(y, x))",
    )
    path = script(*lines)
    plain, looked_on = gradtape("run", path), gradtape("run", "--explain", path)
    assert plain.returncode == looked_on.returncode == 0
    assert looked_on.stdout == plain.stdout
    assert plain.stdout.splitlines()[0].endswith(" 0")
    assert looked_on.stderr.splitlines()[:-1] == plain.stderr.splitlines()


def test_text_of_the_user_is_text(gradtape, script, tmp_path):
    path = script(
        "import tensorflow as tf",
        "w = tf.Variable(1.0, name='a')",
        "with tf.GradientTape() as tape:",
        "    y = w * 2.0",
        "tape.gradient(y, w)  # <script>alert(1)</script> & <b>",
        name="a&b.py",
    )
    out = tmp_path / "report.html"
    assert gradtape("explain", path, "-o", out).returncode == 0
    text, page = page_of(out)
    assert "script" not in page.tags
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; &lt;b&gt;" in text
    assert "<h1>a&amp;b.py, explained</h1>" in text


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


def test_help_tells_the_places_and_the_statuses(gradtape):
    text = gradtape("explain", "--help").stdout
    for words in ("cell 3", "3:2", "--at", "--eagerly", "  124  "):
        assert words in text
    assert "--explain" in gradtape("run", "--help").stdout


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
        script("import gradtape.insight.calls.onlooker as onlooker", "onlooker.LONGEST = 400", *NEURON)
    ).spots
    (turn,) = spot.turns
    assert (turn.text, turn.derivation, turn.circuit) == ("", "", "")
    assert "The derivation is left out" in turn.trouble
    assert turn.sources[0].state == "some"


def test_the_lectures_slide(gradtape, script):
    path = script(
        "import tensorflow as tf",
        "w0, w1, b = tf.Variable(2.0), tf.Variable(-3.0), tf.Variable(-3.0)",
        "x0, x1 = tf.constant(-1.0), tf.constant(-2.0)",
        "with tf.GradientTape() as tape:",
        "    tape.watch([x0, x1])",
        "    p = tf.sigmoid(w0 * x0 + w1 * x1 + b)",
        "tape.gradient(p, [w0, x0, w1, x1, b])",
    )
    done = gradtape("explain", path, "--at", 7, "--detail", "gate", "--decimals", 2)
    assert done.returncode == 0
    for number in ("[0.73]", "[-0.53]", "[-0.20]", "[0.20]", "[0.40]", "[-0.40]", "[-0.60]"):
        assert number in done.stdout
