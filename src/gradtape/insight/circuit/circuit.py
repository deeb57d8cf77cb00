"""A circuit: the picture of a recording, and the forms in which it can be had."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from gradtape.base.errors import ArgumentError
from gradtape.insight.circuit.captions import Captions
from gradtape.insight.circuit.data import data_of
from gradtape.insight.circuit.drawing import Drawing
from gradtape.insight.circuit.dress import Dress, Look
from gradtape.insight.circuit.graphs import dot_of, mermaid_of
from gradtape.insight.circuit.html import fragment_of, html_of
from gradtape.insight.circuit.picture import picture_of
from gradtape.insight.circuit.plot import figure_of, save_figure
from gradtape.insight.circuit.scene import Picture
from gradtape.insight.circuit.sketch import Opens, sketch_of
from gradtape.insight.circuit.svg import svg_of
from gradtape.insight.circuit.tikz import tikz_of
from gradtape.insight.circuit.unfold import View, views
from gradtape.insight.recording import Recording

_MANY = 40  # gates, from which a model is folded into its layers
_NOTEBOOK = 400_000  # characters that one output of a notebook may take


class Circuit:
    """The picture of a computation: gates, wires, the value above each wire and its gradient below.

    drawing: the picture as data, laid out.  crossings: how many crossings of wires are left in it.
    A notebook shows it as it is; `save` writes it. A gradient's colour is its sign, the wire's width its strength.

    >>> w = tf.Variable(2.0, name="w")
    >>> with tf.GradientTape() as tape:
    ...     loss = (w * 3.0 - 1.0) ** 2
    >>> circuit = tf.explain(tape, loss).circuit()
    >>> print(circuit.mermaid().partition("\\n  linkStyle")[0])
    flowchart LR
      n0["w"]
      n1(("×3"))
      n2(("−1"))
      n3(("x²"))
      n4["loss"]
      n0 -->|"2 / 30"| n1
      n1 -->|"6 / 10"| n2
      n2 -->|"5 / 10"| n3
      n3 -->|"25 / 1"| n4
    """

    def __init__(self, recording: Recording, detail: str, look: Look, opens: Opens | None) -> None:
        self.recording = recording
        self.detail = detail
        self._look = look
        self._opens = opens
        self._captions = Captions(recording, look.decimals, look.gradients)
        self._picture: Picture | None = None

    def __repr__(self) -> str:
        drawing = self.drawing
        n = len(self.recording.gates)
        return (
            f"<Circuit of {self._name()}: {n} gate{'s' * (n != 1)}, detail {self.detail!r}, "
            f"{drawing.width:.0f}×{drawing.height:.0f}>"
        )

    @property
    def drawing(self) -> Drawing:
        """The drawing, laid out."""
        return self._laid_out().drawing

    @property
    def crossings(self) -> int:
        """How many crossings of wires are left in it."""
        return self._laid_out().crossings

    def svg(self, theme: str = "") -> str:
        """The picture as an SVG document. theme: "light" or "dark"; "": as the reader's system says."""
        return svg_of(self.drawing, self._title(), theme)

    def html(self) -> str:
        """A page that needs nothing else: layers unfold when clicked, gates tell where they come from."""
        return html_of(self._views(), self._title(), f"Circuit of {self._name()}")

    def tikz(self, standalone: bool = False) -> str:
        """The picture as a LaTeX `tikzpicture`; standalone: as a document of its own."""
        return tikz_of(self.drawing, standalone)

    def dot(self) -> str:
        """The circuit in Graphviz's language."""
        return dot_of(sketch_of(self._captions, self._opens), self._dress())

    def mermaid(self) -> str:
        """The circuit as a Mermaid flowchart."""
        return mermaid_of(sketch_of(self._captions, self._opens), self._dress())

    def json(self) -> str:
        """The laid-out drawing as JSON: the fields are those in the docstring of `gradtape.insight.circuit`."""
        data = data_of(self.drawing, self._title(), self.detail, self._look.direction)
        return json.dumps(data, ensure_ascii=False, separators=(",", ":"))

    def png(self, path: str | Path, scale: float = 2.0, theme: str = "light") -> None:
        """Writes the picture through matplotlib. scale: pixels per pixel of the drawing; theme: "light" or "dark".

        Raises ImportError where matplotlib is not installed.
        """
        save_figure(self.drawing, path, scale, theme)

    def figure(self, theme: str = "light") -> Any:
        """A matplotlib figure of the picture. Raises ImportError where matplotlib is not installed."""
        return figure_of(self.drawing, theme)

    def save(self, path: str | Path) -> None:
        """Writes the circuit in the form that the suffix names: svg, html, png, pdf, tex, dot, gv, mmd or json.

        Raises ValueError for another suffix, ImportError for png and pdf where matplotlib is not installed.
        """
        suffix = Path(path).suffix.lower().lstrip(".")
        if suffix in ("png", "pdf"):
            self.png(path)
            return
        forms: dict[str, Callable[[], str]] = {
            "svg": self.svg, "html": self.html, "htm": self.html, "tex": lambda: self.tikz(True),
            "tikz": self.tikz, "dot": self.dot, "gv": self.dot, "mmd": self.mermaid, "json": self.json,
        }  # fmt: skip
        if suffix not in forms:
            raise ArgumentError(
                "A circuit is saved as .svg, .html, .png, .pdf, .tex, .tikz, .dot, .gv, .mmd or .json.",
                path=str(path),
            )
        Path(path).write_text(forms[suffix](), encoding="utf-8")

    def _repr_svg_(self) -> str:
        return self.svg()

    def _repr_html_(self) -> str:
        heading = f"Circuit of {self._name()}"
        whole = fragment_of(self._views(), self._title(), heading)
        if len(whole) <= _NOTEBOOK:
            return whole
        note = (
            ' Too large to unfold in a notebook: `save("circuit.html")` writes the page that does.'
        )
        return fragment_of(self._views()[:1], self._title(), heading, note)

    def _views(self) -> list[View]:
        return views(self._captions, self._look, self._opens, self._laid_out())

    def _dress(self) -> Dress:
        return Dress(self._captions, self._look)

    def _name(self) -> str:
        names = [self.recording.wires[t].name or "the target" for t in self.recording.targets]
        return ", ".join(names)

    def _title(self) -> str:
        return f"Circuit of {self._name()}: values above the wires, gradients below"

    def _laid_out(self) -> Picture:
        if self._picture is None:
            self._picture = picture_of(self._captions, self._look, self._opens)
        return self._picture


def circuit_of(
    recording: Recording, *, detail: str | None = None, decimals: int | None = None, gradients: bool = True,
    fold: bool | Sequence[str] | None = None, direction: str = "right",
) -> Circuit:  # fmt: skip
    """The picture of a recording.

    detail: "gate" (every wire one number), "op" (one gate per operation), "layer" (a box per Keras layer); None: as
    recorded, a large model folded into its layers.  decimals: of the numbers; None: three significant digits.
    gradients: whether they stand below the wires.  fold: which layers are one box each: all of them (True), those
    named, or none (False: each layer is a frame around its gates).  direction: "right" or "down".
    Raises ValueError for a detail, direction or layer that there is not, and for decimals below 0 or above 15.
    """
    if detail not in (None, "gate", "op", "layer"):
        raise ArgumentError('detail is one of "gate", "op", "layer".', detail=detail)
    if direction not in ("right", "down"):
        raise ArgumentError('direction is "right" or "down".', direction=direction)
    if decimals is not None and (not isinstance(decimals, int) or not 0 <= decimals <= 15):
        raise ArgumentError(
            "decimals is the number of digits after the point: an int from 0 to 15.",
            decimals=decimals,
        )
    if detail == "gate":
        from gradtape.insight.gates import scalars

        recording = scalars(recording)
    elif detail is None:
        layered = any(g.layers for g in recording.gates)
        detail = "layer" if layered and len(recording.gates) > _MANY else "op"
    look = Look(decimals, gradients, direction)
    if fold is not None and not isinstance(fold, bool):
        fold = [fold] if isinstance(fold, str) else list(fold)
        known = dict.fromkeys(name for g in recording.gates for name in g.layers)
        for name in fold:
            if name.rpartition("/")[2].partition("#")[0] not in known:
                raise ArgumentError(
                    f"fold names layers. There are: {', '.join(known) or 'none'}.", fold=name
                )
    return Circuit(recording, detail, look, _opens(detail, fold))


def _opens(detail: str, fold: bool | Sequence[str] | None) -> Opens | None:
    if fold is None:
        return (lambda path: False) if detail == "layer" else None
    if fold is True:
        return lambda path: False
    if fold is False:
        return lambda path: True
    return lambda path: path not in fold and path.rpartition("/")[2].partition("#")[0] not in fold
