"""`gradtape.explain`: where each number of a gradient comes from."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from gradtape.base.errors import ArgumentError
from gradtape.insight.derivation.making import Derivation, Maker
from gradtape.insight.derivation.steps import Step
from gradtape.insight.gates import Scalars, scalars
from gradtape.insight.reading import recorded
from gradtape.insight.recording import Recording
from gradtape.insight.rounding import Rounded, rounded

ALL_TERMS = 1_000  # of a sum that are written out where one entry is asked for
SHORT = 400  # lines
DETAILS = ("op", "gate", "layer")


class Rendered:
    """What has steps, and is shown as text, Markdown, LaTeX or HTML."""

    @property
    def derivation(self) -> Derivation:
        raise AttributeError("derivation")

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps as frozen records: what is given, forward, backward, rounding."""
        return self.derivation.steps

    def text(self, digits: int | None = None, width: int = 100) -> str:
        """For a terminal. digits: significant ones; None: as many as it takes to compute each number again."""
        from gradtape.insight.render.text import text

        return text(self.derivation, digits, width)

    def markdown(self, digits: int | None = 6) -> str:
        """Headings and tables."""
        from gradtape.insight.render.markdown import markdown

        return markdown(self.derivation, digits)

    def latex(self, digits: int | None = 4) -> str:
        """A fragment of a document: headings, and `align*` environments of amsmath."""
        from gradtape.insight.render.latex import latex

        return latex(self.derivation, digits)

    def html(self, digits: int | None = 4) -> str:
        """A whole page with MathML: no script, nothing fetched, light and dark."""
        from gradtape.insight.render.html import page

        return page(self.derivation, digits)

    def _repr_html_(self) -> str:
        from gradtape.insight.render.html import fragment

        return fragment(self.derivation)

    def _repr_latex_(self) -> str | None:
        from gradtape.insight.render.latex import formula

        return formula(self.derivation) if self._is_short() else None

    def _repr_markdown_(self) -> str | None:
        return self.markdown() if self._is_short() else None

    def _is_short(self) -> bool:
        """Notebooks keep every form of an output: of long ones HTML alone."""
        return sum(len(s.lines) for s in self.steps) <= SHORT

    def __str__(self) -> str:
        return self.text()


class Entry(Rendered):
    """The derivation of one entry: of its value and of its gradient."""

    def __init__(self, derivation: Derivation, name: str) -> None:
        self._derivation, self.name = derivation, name

    @property
    def derivation(self) -> Derivation:
        return self._derivation

    def __repr__(self) -> str:
        return f"<Entry {self.name}: {len(self.steps)} steps>"


class Explanation(Rendered):
    """A recording and its derivation, as data and as text, Markdown, LaTeX, HTML, a circuit, a live page.

    recording: all wires and gates, of numbers at the "gate" detail, else of tensors.  tensors: always of tensors.
    rounded: the same computation by hand, or None.  steps: frozen records.

    >>> w = tf.Variable([2.0, -1.0], name="w")
    >>> with tf.GradientTape() as tape:
    ...     y = tf.reduce_sum(w * w)
    >>> explanation = tf.explain(tape, y, detail="gate")
    >>> explanation
    <Explanation of y: 3 gates, detail 'gate'>
    >>> explanation.recording.named("w[1]").gradient
    array(-2., dtype=float32)
    """

    def __init__(
        self, tensors: Recording, detail: str, decimals: int | None, whole: Sequence[str] = ()
    ) -> None:
        self.tensors, self.detail, self.decimals, self.whole = tensors, detail, decimals, whole

    @cached_property
    def recording(self) -> Recording:
        return scalars(self.tensors, whole=self.whole) if self.detail == "gate" else self.tensors

    @cached_property
    def rounded(self) -> Rounded | None:
        return None if self.decimals is None else rounded(self.recording, self.decimals)

    @cached_property
    def _maker(self) -> Maker:
        return Maker(self.recording, self.rounded)

    @cached_property
    def _steps(self) -> Derivation:
        if self.detail == "layer":
            from gradtape.insight.derivation.layers import layered

            return layered(self._maker)
        return self._maker.derivation()

    @property
    def derivation(self) -> Derivation:
        return self._steps

    def entry(self, name: str, index: int | Sequence[int] = ()) -> Entry:
        """How one entry gets its value and its gradient.

        name: in the code, or as the derivation calls it.  index: an int, or one per axis; axes of length 1 may be left
        out.
        Raises KeyError for a name that there is not, IndexError for an index outside of the shape.
        """
        at = (index,) if isinstance(index, int | np.integer) else tuple(index)
        maker = Maker(self.recording, self.rounded, most_terms=ALL_TERMS)
        wire, place = self._place(name, at)
        return Entry(maker.entry(wire, place), name if not at else f"{name}{list(at)}")

    def _place(self, name: str, at: tuple[int, ...]) -> tuple[int, tuple[int, ...]]:
        recording, names = self.recording, self._maker.names
        numbers = isinstance(recording, Scalars)
        if name in names and (at == () or not numbers):
            wire = names.index(name)
            return wire, _inside(name, at, recording.wires[wire].shape)
        if isinstance(recording, Scalars):
            whole = [w for w in self.tensors.wires if w.name == name]
            if whole:
                flat = _flat(_inside(name, at, whole[0].shape), whole[0].shape)
                found = recording.entry(whole[0].index, flat)
                if found is None:
                    raise KeyError(f"The result does not depend on {name}{list(at)}: its gradient is 0.")  # fmt: skip
                return found.index, ()
        known = ", ".join(dict.fromkeys(n for n in names if n))
        raise KeyError(f"There is no number named {name!r}. There are: {known}.")

    def circuit(self, *, by_hand: bool | None = None, **style: Any) -> Any:
        """The picture: value above and gradient below every wire.

        by_hand: with the rounded numbers carried on, as slides have them; None: where `decimals` was given.  style: as
        for the circuit's own: gradients, fold, direction, decimals.
        """
        from gradtape.insight.circuit import circuit_of

        detail = "layer" if self.detail == "layer" else None
        style = {"detail": detail, "decimals": self.decimals, **style}
        return circuit_of(self._shown(by_hand), **style)

    def to_html(self, path: Any = None, **options: Any) -> Any:
        """The live page, which computes: its text, or the path that it was written to.  options: learning_rate."""
        from gradtape.insight.page import page_of

        options.setdefault("layers", self.detail == "layer" or None)
        text = page_of(self._shown(None), **options)
        if path is None:
            return text
        found = Path(path)
        found.write_text(text, encoding="utf-8")
        return found

    def widget(self, **options: Any) -> Any:
        """The live page as a widget for Jupyter and marimo.  Raises ImportError where anywidget is absent."""
        from gradtape.insight.page import widget_of

        options.setdefault("layers", self.detail == "layer" or None)
        return widget_of(self._shown(None), **options)

    def _shown(self, by_hand: bool | None) -> Recording:
        rounded = self.rounded
        if rounded is None or by_hand is False:
            return self.recording
        return rounded

    def __repr__(self) -> str:
        r = self.recording
        gates = f"{len(r.gates)} gate{'s' * (len(r.gates) != 1)}"
        return (
            f"<Explanation of {self._maker.names[r.targets[0]]}: {gates}, detail {self.detail!r}>"
        )


def explain(tape: Any, target: Any, sources: Any = None, *, detail: str = "op", decimals: int | None = None,
            output_gradients: Any = None, whole: Sequence[str] = ()) -> Explanation:  # fmt: skip
    """Where the gradients of `target` come from: forward with the numbers put in, then local derivative × upstream.

    tape: a GradientTape that saw it computed.  target: a floating or complex tensor of any shape, or a nest of them.
    sources: variables or tensors, or a nest; None: all that the target depends on.  detail: "gate" (numbers), "op"
    (operations) or "layer" (Keras layers).  decimals: also compute as by hand, every intermediate number rounded to so
    many digits after the point.  output_gradients: cotangents of the targets, in their shapes; None: ones.
    whole: operations that "gate" leaves in one piece, such as ["sigmoid"].
    Raises ValueError for another detail, or too many gates; RuntimeError where the tape has let its records go.

    >>> w = tf.Variable(3.0, name="w")
    >>> with tf.GradientTape() as tape:
    ...     y = w * w
    >>> print(tf.explain(tape, y).entry("w").steps[-1].lines[0].numbers)
    3.0 + 3.0
    """
    if detail not in DETAILS:
        raise ArgumentError('`detail` is one of "gate", "op", "layer".', detail=detail)
    recording = recorded(tape, target, sources, output_gradients)
    explanation = Explanation(recording, detail, decimals, tuple(whole))
    if detail == "gate":
        explanation.recording  # noqa: B018 - too many gates are said now
    if decimals is not None:
        explanation.rounded  # noqa: B018
    return explanation


def _inside(name: str, at: tuple[int, ...], shape: tuple[int, ...]) -> tuple[int, ...]:
    if len(at) != len(shape) and len(at) == sum(n != 1 for n in shape):
        rest = iter(at)
        at = tuple([0 if n == 1 else next(rest) for n in shape])
    if len(at) != len(shape) or any(not -n <= i < n for i, n in zip(at, shape)):
        raise IndexError(
            f"{name} has the shape {list(shape)}: expected an index with {len(shape)} numbers inside of it. "
            f"Received: {list(at)}"
        )
    return tuple([int(i) % n for i, n in zip(at, shape)])


def _flat(at: tuple[int, ...], shape: tuple[int, ...]) -> int:
    return int(np.ravel_multi_index(at, shape)) if shape else 0
