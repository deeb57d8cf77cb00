"""A program once more in float64, beside the user's own run: a recorder that computes each operation again, wider.

The user's program runs as it is and takes its own branches; here every result that depends on the sources is computed
from wide operands too. Functions with gradients of their own are seen by the operations inside, so that nothing here
believes what they say of their gradients.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from gradtape.base.dtypes import DIFFERENTIABLE_KINDS, DType
from gradtape.base.quiet import quiet
from gradtape.base.site import user_site
from gradtape.core.card import REGISTRY
from gradtape.core.context import STATE, recorders
from gradtape.core.tensor import Tensor
from gradtape.core.variable import Variable
from gradtape.graph.ir import graphs_in
from gradtape.graph.tracer import replay
from gradtape.insight.certificate.branches import Branch, branch_of
from gradtape.insight.reading import CALLS

DOUBLE, DOUBLE_COMPLEX = np.dtype(np.float64), np.dtype(np.complex128)
OWN_GRADIENT = ("custom_gradient", "sparse_custom_gradient")


class Step(NamedTuple):
    """One wide operation, on tensors of float64; `dtype`: that of its result in the user's program."""

    card: Any
    attrs: dict[str, Any]
    inputs: tuple[Any, ...]
    output: Any
    site: Any
    dtype: np.dtype[Any]


def wide_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    if dtype.kind == "c":
        return DOUBLE_COMPLEX
    return DOUBLE if dtype.kind in DIFFERENTIABLE_KINDS else dtype


def widened(array: np.ndarray) -> np.ndarray:
    return np.asarray(array, wide_dtype(array.dtype))


def wide_attrs(attrs: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes with floating dtypes made wide."""
    found = {}
    for name, value in attrs.items():
        if isinstance(value, DType):
            value = value.np
        if isinstance(value, np.dtype):
            value = wide_dtype(value)
        found[name] = value
    return found


def _draws(graph: Any) -> bool:
    """Whether a graph draws random numbers, others each time."""
    return any(
        any(hasattr(attr, "anew") for attr in e.attrs.values())
        or any(_draws(held) for held in graphs_in(e.attrs))
        for e in graph.equations
        if e.effect
    )


def _about_equal(a: np.ndarray, b: np.ndarray) -> bool:
    if a.dtype.kind not in DIFFERENTIABLE_KINDS:
        return True
    a, b = widened(a), widened(b)
    return np.allclose(a, b, rtol=1e-3, atol=1e-3 * np.abs(b).max(initial=0.0), equal_nan=True)


class Outside:
    """A user's function that computes outside of gradtape, by NumPy say, as an operation without a derivative."""

    name, tf_name, family, multi = "outside", "Outside", "Outside", True
    vjp = jvp = None
    no_gradient, gradient_missing, passes_slices = "it is not seen", False, False
    optional_cotangents = True

    def __init__(self, function: Any, types: list[Any]):
        self.function, self.types = function, types

    def kernel(self, *arrays: np.ndarray) -> tuple[np.ndarray, ...]:
        """Raises TypeError where the function does not give the wide numbers of its results."""
        with recorders(()):
            found = tuple([t._value for t in self.function(*[Tensor(a) for a in arrays])])
        if [(f.shape, f.dtype) for f in found] != self.types:
            raise TypeError(f"Expected {self.types}.")
        return found


class Fixed:
    """What stays the same in all runs, in the order it occurs: values behind stop_gradient, random numbers."""

    def __init__(self) -> None:
        self.stopped: list[np.ndarray] = []
        self.drawn: list[np.ndarray] = []


class Wide:
    """A recorder. starts: the wide values of the sources, by the ids of their tensors or variables.

    keep: whether the wide operations are kept as `steps`.
    """

    passive = True

    def __init__(self, fixed: Fixed, keep: bool = False):
        self.fixed, self.keep = fixed, keep
        self.values: dict[int, Tensor] = {}  # wide tensor by id of the user's tensor
        self.arrays: dict[int, Tensor] = {}  # and by id of its array
        self.alive: list[Any] = []  # what ids belong to
        self.constants: dict[int, Tensor] = {}
        # Of variables that are sources: (start, what it holds).
        self.sources: dict[int, tuple[Tensor, np.ndarray]] = {}
        self.steps: list[Step] = []
        self.branches: list[Branch] = []
        self.path: list[Any] = []  # the cards of all operations, in their order
        self.written: dict[int, tuple[Any, np.ndarray]] = {}  # variables with what they held before
        # (card, site) of what is computed outside of gradtape, and of what could not be computed again in float64.
        self.opaque: list[tuple[Any, Any]] = []
        self.unseen: list[tuple[Any, Any]] = []
        self.reassigned: dict[int, Any] = {}  # sources that were read again after an assignment
        self.n_stopped, self.stops = 0, False

    # --- what is known ---

    def start(self, source: Any, value: np.ndarray) -> Tensor:
        """The wide value of a source."""
        wide = Tensor(value)
        if isinstance(source, Variable):
            self.sources[id(source)] = wide, source._buffer
            self.alive.append(source)
        else:
            self._know(source, wide)
        return wide

    def _know(self, tensor: Any, wide: Tensor) -> None:
        self.values[id(tensor)] = wide
        self.arrays[id(tensor._value)] = wide
        self.alive.append((tensor, tensor._value))

    def of(self, tensor: Any) -> Tensor:
        """The wide value of any tensor: of one that does not depend on the sources, its own numbers."""
        found = self.values.get(id(tensor))
        if found is None:
            found = self.constants.get(id(tensor))
        if found is None:
            found = self.constants[id(tensor)] = Tensor(widened(tensor._value))
            self.alive.append(tensor)
        return found

    # --- the recorder ---

    def watches(self, tensors: Any) -> bool:
        return any(id(t) in self.values for t in tensors)

    def variable_read(self, variable: Any, tensor: Any) -> None:
        found = self.sources.get(id(variable))
        if found is None or id(tensor) in self.values:
            return
        wide, held = found
        # A tape takes each reading for the variable itself, whatever was assigned to it before.
        if tensor._value is not held:
            self.reassigned[id(variable)] = variable
            offset = self._stopped(widened(tensor._value) - widened(held))
            wide = self._moved(wide, offset, tensor._value.dtype)
        self._know(tensor, wide)

    def variable_written(self, variable: Any) -> None:
        self.written.setdefault(id(variable), (variable, variable._held()))

    def record(self, card: Any, attrs: Any, inputs: tuple[Any, ...], output: Any) -> None:
        values = self.values
        for tensor in inputs:
            if id(tensor) in values:
                break
        else:
            return
        outputs = output if type(output) is tuple else (output,)
        with quiet():
            if card.name in OWN_GRADIENT:
                self._inside(card, attrs, inputs, outputs)
            elif card.name in CALLS:
                self._called(card, attrs["program"].graph, inputs, outputs)
            elif card.name == "cond":
                branch = attrs["branches"][bool(inputs[0]._value)]
                self._same(outputs, self._opened(branch, inputs[1:]))
            elif card.name == "while":
                self._same(outputs, self._loop(attrs, inputs))
            elif card.name == "custom_rule":
                self._same(outputs, inputs[: len(outputs)])
            elif card.name == "stop_gradient":
                self.stops = True
                self._know(output, Tensor(self._stopped(self.of(inputs[0])._value)))
            elif card.name == "assigned":
                self._assigned(inputs, output)
            else:
                self._compute(card, wide_attrs(attrs), inputs, outputs)

    def _compute(self, card: Any, attrs: Any, inputs: Any, outputs: Any) -> None:
        wide = tuple([self.of(t) for t in inputs])
        self.path.append(card)
        arrays = [t._value for t in wide]
        found = card.kernel(*arrays, **attrs)
        made = []
        for value, own in zip(found if card.multi else (found,), outputs):
            made.append(Tensor(np.asarray(value, wide_dtype(own._value.dtype))))
            self._know(own, made[-1])
        mask = branch_of(card.name, arrays, [t._value for t in made], attrs)
        if mask is not None:
            self.branches.append(Branch(card, mask, STATE.site or user_site(3)))
        if self.keep:
            result = tuple(made) if card.multi else made[0]
            own = outputs[0]._value.dtype
            self.steps.append(Step(card, attrs, wide, result, STATE.site or user_site(3), own))

    # --- operations that hold others ---

    def _same(self, outputs: Sequence[Any], others: Sequence[Any]) -> None:
        """`outputs` are what `others` are, in the wide run."""
        for own, other in zip(outputs, others):
            if id(other) in self.values:
                self._know(own, self.values[id(other)])

    def _inside(self, card: Any, attrs: Any, inputs: Any, outputs: Any) -> None:
        """A function with a gradient of its own: what it is was recorded before, or is found by calling it again."""
        if any(id(y._value) in self.arrays for y in outputs):
            for own in outputs:
                wide = self.arrays.get(id(own._value))
                if wide is not None:
                    self._know(own, wide)
            return
        again = getattr(attrs["grad_fn"], "again", None)
        site = STATE.site or user_site(4)
        if again is None:
            self.unseen.append((card, site))
            return
        with recorders((self,)):
            others = again(*inputs)
            self._same(outputs, others)
            if any(id(t) in self.values for t in others):
                return
        self.opaque.append((card, site))
        types = [(y._value.shape, wide_dtype(y._value.dtype)) for y in outputs]
        outside = Outside(again, types)
        wide = tuple([self.of(t) for t in inputs])
        try:
            made = tuple([Tensor(v) for v in outside.kernel(*[t._value for t in wide])])
        except Exception:  # whatever the user's function raises when it is given float64
            self.unseen.append((card, site))
            return
        for own, tensor in zip(outputs, made):
            self._know(own, tensor)
        if self.keep:
            self.steps.append(Step(outside, {}, wide, made, site, outputs[0]._value.dtype))

    def _called(self, card: Any, graph: Any, inputs: Any, outputs: Any) -> None:
        """A call of a traced function; one that draws other numbers each time cannot be repeated."""
        others = self._opened(graph, inputs)
        if not _draws(graph) and all(
            _about_equal(own._value, other._value) for own, other in zip(outputs, others)
        ):
            self._same(outputs, others)
        else:
            self.unseen.append((card, STATE.site or user_site(4)))

    def _opened(self, graph: Any, inputs: Sequence[Any]) -> list[Any]:
        with recorders((self,)):
            return replay(graph, list(inputs))

    def _loop(self, attrs: Any, inputs: Sequence[Any]) -> Sequence[Any]:
        n, limit, turns = attrs["n_constants"], attrs.get("limit"), 0
        constants, carried = list(inputs[:n]), list(inputs[n:])
        while limit is None or turns < limit:
            if not attrs["cond"].run(*[t._value for t in (*constants, *carried)])[0]:
                break
            carried = self._opened(attrs["body"], [*constants, *carried])
            turns += 1
        return carried

    def _stopped(self, value: np.ndarray) -> np.ndarray:
        """Behind stop_gradient a value is what it was in the first run."""
        kept, place = self.fixed.stopped, self.n_stopped
        self.n_stopped += 1
        if place == len(kept):
            kept.append(value)
        return kept[place] if kept[place].shape == value.shape else value

    def _assigned(self, inputs: Any, output: Any) -> None:
        """A variable after an assignment moves as it did before: so tapes have it."""
        old, new = inputs
        offset = self._stopped(self.of(new)._value - self.of(old)._value)
        self._know(output, self._moved(self.of(old), offset, output._value.dtype))

    def _moved(self, wide: Tensor, offset: np.ndarray, dtype: np.dtype[Any]) -> Tensor:
        """wide + offset, as one of the operations."""
        result = Tensor(wide._value + offset)
        if self.keep:
            step = Step(REGISTRY["add"], {}, (wide, Tensor(offset)), result, STATE.site, dtype)
            self.steps.append(step)
        return result
