"""The user's own file in the gallery."""

from __future__ import annotations

import re
import urllib.request

import pytest
from tests.lab.client import command, running

from gradtape.cli.main import main
from gradtape.insight.calls.spots import Source, Spot, Turn
from gradtape.lab.visitor import Visit

PAGE = "<!doctype html><html lang=en><title>live</title><main><h1>live</h1></main><script>let live = 1;</script>"


def visit_of(tmp_path, trouble="") -> Visit:
    sources = [
        Source("w", [2], "float32", "some", "[1. 2.]", 2.236),
        Source(
            "<x>",
            [],
            "float32",
            "none",
            reason="x is a constant & not watched",
            fix="tape.watch(x)",
        ),
    ]
    turns = [
        Turn(1, ["loss"], sources, page=PAGE),
        Turn(20, ["loss"], sources, trouble="no <page>"),
    ]
    spots = [
        Spot("/home/ada/train.py", None, 12, 12, "g = tape.gradient(loss, [w, x])", 20, turns),
        Spot("Cell In[3]", 3, 2, 2, "tape.gradient(y, <w>)", 1, [], "it is traced"),
    ]
    return Visit(tmp_path / "train<1>.py", spots, trouble)


def test_each_place_is_an_entry(tmp_path):
    with running(visit_of(tmp_path)) as lab:
        text = lab.get()[2]
        assert "Your file train&lt;1&gt;.py" in text
        assert "train.py, line 12" in text
        assert "cell 3, line 2" in text
        assert "Called 20 times." in text
        assert re.findall(r'href="(/call/\d+)"', text) == ["/call/1", "/call/2"]
        first, second = lab.get("/call/1")[2], lab.get("/call/2")[2]
        for words in (
            "Call 1 of 20",
            "Call 20 of 20",
            "x is a constant &amp; not watched",
            "&lt;x&gt;",
            "no &lt;page&gt;",
        ):
            assert words in first
        assert "no &lt;page&gt;" in first
        assert "it is traced" in second
        assert "&lt;w&gt;" in second
        (frame,) = re.findall(r"<iframe[^>]*>", first)
        assert 'sandbox="allow-scripts allow-downloads"' in frame
        path = re.search(r'src="([^"]*)"', frame).group(1)
        status, headers, page = lab.get(path)
        assert (status, page) == (200, PAGE)
        assert "sandbox" in headers["Content-Security-Policy"]
        assert lab.get(path, token="")[0] == 403
        for lost in ("/call/0", "/call/3", "/call/x", "/page/99"):
            assert lab.get(lost)[0] == 404
        assert lab.trains()


def test_a_live_page_is_given_the_theme_that_is_asked_for(tmp_path):
    with running() as lab:
        path = lab.server.lab.shelf.put('<main id="gradtape"></main>')
        with_theme = {}
        for theme in ("light", "dark", "", '"><script>'):
            with_theme[theme] = lab.get(f"{path}?theme={theme}&token={lab.keys.token}#", token="")[
                2
            ]
        assert with_theme["dark"] == '<main id="gradtape" data-theme="dark"></main>'
        assert with_theme["light"] == '<main id="gradtape" data-theme="light"></main>'
        assert with_theme[""] == with_theme['"><script>'] == '<main id="gradtape"></main>'


def test_a_file_that_failed_or_asked_for_nothing(tmp_path):
    with running(visit_of(tmp_path, "The script failed; what ran before is explained.")) as lab:
        assert "The script failed" in lab.get()[2]
    with running(Visit(tmp_path / "empty.py", [])) as lab:
        assert "No <code>tape.gradient</code> call of empty.py was reached." in lab.get()[2]
        assert lab.get("/call/1")[0] == 404
    with running() as lab:
        assert "Your own file" in lab.get()[2]
        assert lab.get("/call/1")[0] == 404


def test_the_command_runs_the_file_once(tmp_path):
    script = tmp_path / "mine.py"
    script.write_text(
        "import tensorflow as tf\n"
        "open('runs.txt', 'a').write('x')\n"
        "w = tf.Variable([1.0, -2.0])\n"
        "for _ in range(4):\n"
        "    with tf.GradientTape() as tape:\n"
        "        loss = tf.reduce_sum(tf.sigmoid(w))\n"
        "    g = tape.gradient(loss, w)\n"
    )
    with command(str(script), cwd=tmp_path) as (_, address):
        base = address.partition("?")[0]
        text = read(address)
        assert "Your file mine.py" in text
        assert "Called 4 times." in text
        cookie_free = f"{base}call/1?{address.partition('?')[2]}"
        entry = read(cookie_free)
        assert entry.count("<iframe") == 3
        assert "Call 4 of 4" in entry
        live = re.search(r'<iframe class="live" data-src="([^"]*)"', entry).group(1)
        assert "loss" in read(f"{base}{live[1:]}?{address.partition('?')[2]}")
    assert (tmp_path / "runs.txt").read_text() == "x"


def read(address: str) -> str:
    with urllib.request.urlopen(address, timeout=20) as answer:
        return answer.read().decode()


@pytest.mark.parametrize("name", ["none.py", "none.ipynb", "notes.txt"])
def test_what_is_no_file_to_run(tmp_path, name):
    (tmp_path / "notes.txt").write_text("notes")
    assert main(["lab", str(tmp_path / name), "--no-browser"]) == 3
