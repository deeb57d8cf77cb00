"""`gradtape explain` and `gradtape run --explain`: which calls, how often, why, on the terminal and on a page."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from tests.cli.programs import LOOP, NEURON

from gradtape.cli.explain import place
from gradtape.runner.status import RunnerError


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


def test_help_tells_the_places_and_the_statuses(gradtape):
    text = gradtape("explain", "--help").stdout
    for words in ("cell 3", "3:2", "--at", "--eagerly", "  124  "):
        assert words in text
    assert "--explain" in gradtape("run", "--help").stdout


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


def test_of_many_places_the_nearest_are_named(gradtape, script):
    lines = ["import tensorflow as tf", "w = tf.Variable(1.0)"]
    for _ in range(20):
        lines += ["with tf.GradientTape() as tape: y = w * w", "g = tape.gradient(y, w)"]
    done = gradtape("explain", script(*lines), "--at", 41)
    assert done.returncode == 3
    assert "line 40, line 42 and 8 more places" in done.stderr
