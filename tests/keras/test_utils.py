"""tf.keras.utils where TensorFlow needs what is not here: files, the network, Pillow, pydot."""

from __future__ import annotations

import hashlib
import io
import sys
import tarfile
import types
import zipfile
from pathlib import Path
from urllib.error import URLError

import numpy as np
import pytest

import gradtape as tf
from gradtape.keras.utils import outside

U = tf.keras.utils


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "data.csv"
    path.write_text("1,2\n")
    return path


def test_a_file_is_fetched_once(source: Path, tmp_path: Path, capsys) -> None:
    keys = {"origin": source.as_uri(), "cache_dir": str(tmp_path / "cache")}
    first = U.get_file("kept.csv", **keys)
    assert Path(first).read_text() == "1,2\n"
    assert capsys.readouterr().out == f"Downloading data from {source.as_uri()}\n"
    source.unlink()
    assert U.get_file("kept.csv", **keys) == first
    assert U.get_file(**{**keys, "origin": "https://example.org/kept.csv?x=1"}) == first
    assert capsys.readouterr().out == ""


def test_a_file_with_another_hash_is_refused(source: Path, tmp_path: Path) -> None:
    keys = {"origin": source.as_uri(), "cache_dir": str(tmp_path / "cache")}
    good = hashlib.sha256(b"1,2\n").hexdigest()
    path = Path(U.get_file("a.csv", file_hash=good, **keys))
    path.write_text("broken")
    assert Path(U.get_file("a.csv", file_hash=good, **keys)).read_text() == "1,2\n"
    assert U.get_file("b.csv", md5_hash=hashlib.md5(b"1,2\n").hexdigest(), **keys)
    with pytest.raises(ValueError, match="hash does not match"):
        U.get_file("c.csv", file_hash="0" * 64, **keys)
    assert not (tmp_path / "cache/datasets/c.csv").exists()


def test_archives_are_unpacked(source: Path, tmp_path: Path) -> None:
    cache = str(tmp_path / "cache")
    with tarfile.open(tmp_path / "t.tar.gz", "w:gz") as archive:
        archive.add(source, "t/data.csv")
    made = U.get_file("t", (tmp_path / "t.tar.gz").as_uri(), untar=True, cache_dir=cache)
    assert Path(made, "data.csv").read_text() == "1,2\n"
    with zipfile.ZipFile(tmp_path / "z.zip", "w") as archive:
        archive.write(source, "inner.csv")
    made = U.get_file("z.zip", (tmp_path / "z.zip").as_uri(), extract=True, cache_dir=cache)
    assert Path(made).with_name("inner.csv").read_text() == "1,2\n"


def test_no_network_is_an_error_with_advice(tmp_path: Path, monkeypatch) -> None:
    def refuse(*args, **kwargs):
        raise URLError("no route")

    monkeypatch.setattr(outside, "urlopen", refuse)
    with pytest.raises(tf.errors.NotFoundError, match=r"no route\. Get it by hand"):
        U.get_file("x.csv", "https://example.org/x.csv", cache_dir=str(tmp_path))
    with pytest.raises(OSError):
        U.get_file("x.csv", "https://example.org/x.csv", cache_dir=str(tmp_path))
    assert list((tmp_path / "datasets").iterdir()) == []


def without(monkeypatch, *names: str) -> None:
    for name in names:
        monkeypatch.setitem(sys.modules, name, None)


def test_pictures_need_pillow(monkeypatch) -> None:
    without(monkeypatch, "PIL", "PIL.Image")
    with pytest.raises(ImportError, match="array_to_img"):
        U.array_to_img(np.zeros((2, 2, 3)))
    with pytest.raises(ImportError, match="load_img"):
        U.load_img("x.png")


def test_pictures_and_arrays(tmp_path: Path) -> None:
    pytest.importorskip("PIL")
    array = np.arange(12, dtype=np.float32).reshape(2, 2, 3)
    image = U.array_to_img(array)
    assert (image.size, image.mode) == ((2, 2), "RGB")
    assert U.img_to_array(image).max() == 255
    U.save_img(tmp_path / "a.png", array, scale=False)
    loaded = U.load_img(tmp_path / "a.png")
    np.testing.assert_array_equal(U.img_to_array(loaded), array)
    gray = U.load_img(tmp_path / "a.png", color_mode="grayscale", target_size=(4, 6))
    assert gray.size == (6, 4) and U.img_to_array(gray).shape == (4, 6, 1)
    with pytest.raises(ValueError, match="color_mode"):
        U.load_img(tmp_path / "a.png", color_mode="x")


def model() -> tf.keras.Model:
    x = tf.keras.Input((2,), name="x")
    y = tf.keras.layers.Dense(3, name="y")(x)
    return tf.keras.Model(x, tf.keras.layers.Add(name="z")([y, y]))


def test_drawing_needs_pydot(monkeypatch, capsys) -> None:
    without(monkeypatch, "pydot")
    monkeypatch.delitem(sys.modules, "IPython.core.magics.namespace", raising=False)
    with pytest.raises(ImportError, match="install pydot"):
        U.plot_model(model())
    monkeypatch.setitem(sys.modules, "IPython.core.magics.namespace", types.ModuleType("namespace"))
    assert U.plot_model(model()) is None
    assert U.model_to_dot(model()) is None
    assert capsys.readouterr().out.count("You must install pydot") == 2


class Dot:
    """Stands for pydot.Dot."""

    def __init__(self, **keys):
        self.nodes, self.edges = [], []

    def create(self):
        return b""

    def set_node_defaults(self, **keys):
        self.defaults = keys

    def add_node(self, node):
        self.nodes.append(node)

    def add_edge(self, edge):
        self.edges.append(edge)

    def write(self, path, format):
        Path(path).write_text(f"<{format}/>")


def test_drawing_with_pydot(monkeypatch, tmp_path: Path) -> None:
    pydot = types.ModuleType("pydot")
    pydot.Dot = Dot
    pydot.Node = lambda key, label: (key, label)
    pydot.Edge = lambda a, b: (a, b)
    monkeypatch.setitem(sys.modules, "pydot", pydot)
    dot = U.model_to_dot(model(), show_shapes=True)
    labels = dict(dot.nodes)
    assert [(labels[a].split()[0], labels[b].split()[0]) for a, b in dot.edges] == [
        ("{x", "{y"),
        ("{y", "{z"),
    ]
    assert "y | Dense | {input: (None, 2) | output: (None, 3)}" in labels[dot.edges[0][1]]
    U.plot_model(model(), str(tmp_path / "m.svg"))
    assert (tmp_path / "m.svg").read_text() == "<svg/>"
    display = pytest.importorskip("IPython.display")  # a notebook has it: it shows the picture
    shown = U.plot_model(model(), str(tmp_path / "m.svg"))
    assert isinstance(shown, display.SVG)
    assert "<svg/>" in shown.data


def test_quiet_logging(capsys) -> None:
    assert U.is_interactive_logging_enabled()
    U.disable_interactive_logging()
    try:
        U.Progbar(2).update(2)
        assert capsys.readouterr().out == ""
    finally:
        U.enable_interactive_logging()
    U.Progbar(2).update(2)
    assert capsys.readouterr().out.startswith("\r2/2 [====")


def test_windows_feed_fit() -> None:
    x = np.arange(20, dtype=np.float32)[:, None]
    ds = U.timeseries_dataset_from_array(x, x[3:], 3, batch_size=4)
    net = tf.keras.Sequential([tf.keras.layers.Flatten(), tf.keras.layers.Dense(1)])
    net.compile("sgd", "mse")
    history = net.fit(ds, epochs=2, verbose=0)
    assert len(history.history["loss"]) == 2


def test_read_from_memory() -> None:
    pil = pytest.importorskip("PIL.Image")
    buffer = io.BytesIO()
    pil.new("RGB", (3, 2)).save(buffer, "PNG")
    assert U.img_to_array(U.load_img(io.BytesIO(buffer.getvalue()))).shape == (2, 3, 3)
