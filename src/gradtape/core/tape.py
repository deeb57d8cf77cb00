"""The tape: what was computed, and the gradients of it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from enum import Enum
from typing import Any
from weakref import ref

import numpy as np

from gradtape.base import tree
from gradtape.base.config import settings
from gradtape.base.dtypes import DIFFERENTIABLE, DIFFERENTIABLE_KINDS
from gradtape.base.errors import ArgumentError, TapeError, UnconnectedError
from gradtape.base.exports import export
from gradtape.base.quiet import hush, restore
from gradtape.base.site import Site, user_site
from gradtape.core import backward as back
from gradtape.core.bind import RAW, RECORDED
from gradtape.core.context import EXPLANATIONS, GRADIENT_OBSERVERS, OBSERVERS, STATE
from gradtape.core.ends import seeds_of, source_of, targets_of
from gradtape.core.slices import IndexedSlices, as_public
from gradtape.core.tensor import Tensor
from gradtape.core.trail import Trail
from gradtape.core.variable import Variable

_log = logging.getLogger("gradtape")


@export("UnconnectedGradients")
class UnconnectedGradients(Enum):
    """What `gradient` gives for a source the target does not depend on."""

    NONE = "none"
    ZERO = "zero"
    RAISE = "raise"


_NO_GRADIENT = UnconnectedGradients.NONE
_DEPTH = 4  # frames of ours between the user's line and the search for it, at the least
# Of the results that a tape keeps for explanations when its gradient was asked for.
KEPT_BYTES = 256 * 2**20


@export("GradientTape", "autodiff.GradientTape")
class GradientTape:
    """Records operations, for their gradients.

    persistent: whether `gradient` may be called more than once.
    watch_accessed_variables: whether trainable variables are watched when read; otherwise `watch` them.

    >>> x = tf.Variable(3.0)
    >>> with tf.GradientTape() as tape:
    ...     y = x * x
    >>> float(tape.gradient(y, x))
    6.0
    """

    passive = True

    def __init__(self, persistent: bool = False, watch_accessed_variables: bool = True):
        self._persistent = persistent
        self._watch_accessed = watch_accessed_variables
        self._used_at: Any = None  # the site, or () where there is none
        self._active = False
        self._records: list[back.Record] = []
        self._watched: set[int] = set()
        self._kept: list[Any] = []  # explicitly watched tensors: their ids must stay theirs
        self._variables: dict[int, Any] = {}
        # Ids of what is watched by itself: variables, and what `watch` got.
        self._leaves: set[int] = set()
        self._reads: dict[int, list[Any]] = {}  # what each variable held when it was read
        self._explains = settings.explanations
        self._asked: list[Any] | None = None  # the targets when a gradient was None
        self.trail = Trail()

    def _clear(self) -> None:
        self._records, self._watched, self._kept = [], set(), []
        self._variables, self._leaves = {}, set()
        self._reads = {}
        self._asked = None
        self.trail = Trail([*self.trail.before, *self.trail.opened])

    # --- recording ---

    def __enter__(self) -> GradientTape:
        if self._active:
            raise TapeError(
                "Tape is still recording, This can happen if you try to re-enter an already-active tape."
            )
        if self._used_at is not None and not self._persistent:
            self._used_at = None
            self._clear()
        STATE.recorders = (*STATE.recorders, self)
        self._active = True
        if self._explains:
            self.trail.opened.append(user_site(2))
        return self

    def __exit__(self, *exc: object) -> None:
        if self._active:
            self._pop()

    def _push(self) -> None:
        STATE.recorders = (*STATE.recorders, self)
        self._active = True

    def _pop(self) -> None:
        active = STATE.recorders
        if active[-1] is self:
            STATE.recorders = active[:-1]
        else:
            STATE.recorders = tuple([r for r in active if r is not self])
        self._active = False

    def record(
        self, card: Any, attrs: dict[str, Any], inputs: tuple[Any, ...], output: Any
    ) -> None:
        watched = self._watched
        for tensor in inputs:
            if id(tensor) in watched:
                break
        else:
            if self._explains:
                site = STATE.site or user_site(_DEPTH)
                self.trail.aside(card, inputs, output, len(self._records), site)
            return
        site = STATE.site or user_site(_DEPTH) if self._explains else None
        entry = (card, attrs, inputs, output, site)
        self._records.append(entry)
        if type(output) is tuple:
            for out in output:
                if out._value.dtype.kind in DIFFERENTIABLE_KINDS:
                    watched.add(id(out))
        elif output._value.dtype.kind in DIFFERENTIABLE_KINDS:
            watched.add(id(output))
        for observer in OBSERVERS:
            observer(self, entry)

    def watches(self, tensors: Iterable[Any]) -> bool:
        """Whether the gradient of one of these may be asked for."""
        watched = self._watched
        return any(id(t) in watched for t in tensors)

    def variable_read(self, variable: Any, tensor: Any) -> None:
        watched, key = self._watched, id(tensor)
        if key in watched:
            return
        differentiable = tensor._value.dtype.kind in DIFFERENTIABLE_KINDS
        owner = id(variable)
        if owner not in watched:
            if not (self._watch_accessed and variable.trainable):
                return
            self._variables[owner] = variable
            watched.add(owner)
            if differentiable:
                self._leaves.add(owner)
        if differentiable:
            watched.add(key)
            reads = self._reads.get(owner)
            if reads is None:
                self._reads[owner] = [tensor]
            else:
                reads.append(tensor)

    def left_through_numpy(self, tensor: Any) -> None:
        if self._explains and id(tensor) in self._watched:
            self.trail.breaks.append((tensor, user_site(3)))

    def assigned(self, variable: Any, value: Any) -> None:
        """A variable takes its value from `value`, or adds it."""
        if self._explains and id(value) in self._watched:
            self.trail.assigned.append((variable, value, user_site(4)))

    def layer_done(self, layer: Any, start: int) -> None:
        """A layer's call has recorded what stands from `start` on."""
        if self._explains:
            self.trail.layers.append((layer, start, len(self._records)))

    def _watch_variable(self, variable: Any) -> None:
        key = id(variable)
        self._variables[key] = variable
        self._watched.add(key)
        if variable._buffer.dtype.kind in DIFFERENTIABLE_KINDS:
            self._leaves.add(key)

    def watch(self, tensor: Any) -> None:
        """Watch a tensor (or a nest of tensors): its gradient can be asked for.

        Raises ValueError for what is neither a tensor nor a variable.
        """
        for item in tree.flatten(tensor):
            if isinstance(item, Variable):
                self._watch_variable(item._base)
                continue
            if not isinstance(item, Tensor):
                raise ArgumentError(
                    f"Passed in object {item!r} of type {type(item).__name__!r}, not tf.Tensor or tf.Variable. "
                    "Convert it first: x = tf.constant(x)."
                )
            if item._value.dtype not in DIFFERENTIABLE:
                _log.warning(
                    "The dtype of the watched tensor must be floating (e.g. tf.float32), got tf.%s",
                    item.dtype.name,
                )
                continue
            self._watched.add(id(item))
            self._leaves.add(id(item))
            self._kept.append(item)

    @contextmanager
    def stop_recording(self) -> Iterator[None]:
        """Nothing is recorded inside the `with` block."""
        if not self._active:
            raise TapeError("Tape is not recording: stop_recording() goes inside its `with` block.")
        self._pop()
        if self._explains:
            self.trail.stopped.append(user_site(3))
        try:
            yield
        finally:
            self._push()

    def reset(self) -> None:
        """Forget all that was recorded."""
        self._clear()

    def watched_variables(self) -> tuple[Any, ...]:
        """The variables watched so far, in the order of their creation."""
        return tuple(sorted(self._variables.values(), key=lambda v: v._number))

    # --- gradients ---

    def gradient(
        self,
        target: Any,
        sources: Any,
        output_gradients: Any = None,
        unconnected_gradients: Any = UnconnectedGradients.NONE,
    ) -> Any:
        """d target / d sources, in the form of `sources`; None where the target does not depend on one.

        target: tensors or a nest of them (their gradients add up). sources: tensors, variables, or a nest; an
        intermediate result is a source like any other. output_gradients: cotangents of the targets (ones when None).
        Raises RuntimeError when a tape that is not persistent is used twice.
        """
        unconnected = unconnected_gradients
        if unconnected is not _NO_GRADIENT:
            unconnected = _unconnected(unconnected)
        if self._used_at is not None and not self._persistent:
            raise TapeError(
                "A non-persistent GradientTape can only be used to compute one set of gradients (or jacobians). It was "
                f"used at {place(self._used_at)}. Use tf.GradientTape(persistent=True)."
            )
        if self._active and not self._persistent:
            self._pop()
        flat = tree.is_flat(sources)
        flat_sources = []
        for source in sources if flat else tree.flatten(sources):
            plain = type(source) is Variable and source._buffer.dtype.kind in DIFFERENTIABLE_KINDS
            flat_sources.append(source if plain else source_of(source))
        if output_gradients is None and type(target) is Tensor:
            targets, seeds = [target], [None]
        else:
            targets = targets_of(target)
            seeds = seeds_of(output_gradients, targets)
        if STATE.recorders or STATE.trace is not None:
            found = self._backward(targets, seeds, flat_sources, RECORDED)
        else:
            token = hush()
            try:
                found = self._backward(targets, seeds, flat_sources, RAW)
            finally:
                restore(token)
        result = []
        for g, source in zip(found, flat_sources):
            plain = type(g) is np.ndarray and g.dtype.kind in DIFFERENTIABLE_KINDS
            result.append(Tensor(g) if plain else self._public(g, source, unconnected, targets))
        for observer in GRADIENT_OBSERVERS:
            observer(self, targets, flat_sources, seeds, result)
        if not self._persistent:
            self._finish()
        if flat:
            return result if type(sources) is list else tuple(result)
        return tree.pack(sources, result)

    def _backward(
        self, targets: list[Any], seeds: list[Any], sources: list[Any], F: Any
    ) -> list[Any]:
        cotangents: dict[int, Any] = {}
        for target, seed in zip(targets, seeds):
            if target._value.dtype not in DIFFERENTIABLE:
                _log.warning(
                    "The dtype of the target tensor must be floating (e.g. tf.float32) when calling "
                    "GradientTape.gradient, got tf.%s", target.dtype.name,
                )  # fmt: skip
                continue
            if seed is not None:
                g = seed if F.recorded else seed._value
            else:
                g = np.empty(target._value.shape, target._value.dtype)
                g.fill(1)
                if F.recorded:
                    g = Tensor(g)
            key = id(target)
            before = cotangents.get(key)
            cotangents[key] = g if before is None else back.accumulate(before, g, F)
        return self.pull(cotangents, sources, F)

    def pull(self, cotangents: dict[int, Any], sources: list[Any], F: Any) -> list[Any]:
        """The cotangent of each source, or None, from those of the targets by id (used up).

        A variable takes together what its readings got. An unwatched source has no gradient, whatever it met.
        """
        watched, reads = self._watched, self._reads
        kept = set()
        for source in sources:
            key = id(source)
            if key in watched:
                kept.add(key)
                for tensor in reads.get(key, ()):
                    kept.add(id(tensor))
        everything = watched if self._leaves <= kept else None
        found = back.backward(self._records, cotangents, kept, F, everything)
        result = []
        for source in sources:
            g = found.get(id(source))
            for tensor in reversed(reads.get(id(source), ())):
                part = found.get(id(tensor))
                if part is not None:
                    g = part if g is None else back.accumulate(g, part, F)
            result.append(g)
        return result

    def _public(
        self, g: Any, source: Any, unconnected: UnconnectedGradients, targets: list[Any]
    ) -> Any:
        """The tensor (or slices) handed to the user for a cotangent."""
        if g is None or source.dtype.np not in DIFFERENTIABLE:
            if unconnected is UnconnectedGradients.NONE:
                if self._explains and STATE.trace is None:
                    self._asked, STATE.unexplained = targets, ref(self)
                return None
            if unconnected is UnconnectedGradients.RAISE:
                raise UnconnectedError(self._why_unconnected(source, targets))
            return Tensor(np.zeros(source._value.shape, source._value.dtype))
        if isinstance(g, IndexedSlices):
            return as_public(g)
        return g if isinstance(g, Tensor) else Tensor(np.asarray(g))

    def check_connected(self, target: Any, sources: list[Any], found: list[Any]) -> None:
        """Raises UnconnectedError, with the reason, for the first source without a cotangent in `found`."""
        for source, g in zip(sources, found):
            if g is None:
                raise UnconnectedError(self._why_unconnected(source, [target]))

    def _why_unconnected(self, source: Any, targets: list[Any]) -> str:
        if self._explains and STATE.trace is None:
            return str(EXPLANATIONS["why"](self, targets, source))
        name = f" {source.name!r}" if isinstance(source, Variable) else ""
        return f"The target does not depend on the source{name}."

    def _finish(self) -> None:
        self._used_at = user_site(3) or ()
        if self._explains and self._holds_little():
            return  # until the tape goes, or records again
        self._records = []
        self._watched = set()
        self._leaves = set()
        self._kept = []
        self._reads = {}

    def _holds_little(self) -> bool:
        """Whether what was recorded may stay: it is no more than `KEPT_BYTES`, and no graph is being traced."""
        if STATE.trace is not None:
            return False
        total = 0
        for _, _, _, output, _ in self._records:
            for out in output if type(output) is tuple else (output,):
                total += out._value.nbytes
        self.trail.let_go = total if total > KEPT_BYTES else 0
        return total <= KEPT_BYTES

    def jacobian(
        self,
        target: Any,
        sources: Any,
        unconnected_gradients: Any = UnconnectedGradients.NONE,
        parallel_iterations: int | None = None,
        experimental_use_pfor: bool = True,
    ) -> Any:
        """d target / d sources, entry by entry: shape target.shape + source.shape.  Batched, one backward pass."""
        return JACOBIANS["jacobian"](self, target, sources, unconnected_gradients)

    def batch_jacobian(
        self,
        target: Any,
        source: Any,
        unconnected_gradients: Any = UnconnectedGradients.NONE,
        parallel_iterations: int | None = None,
        experimental_use_pfor: bool = True,
    ) -> Any:
        """Per example: target [b, ...] by source [b, ...] -> [b, target..., source...]."""
        return JACOBIANS["batch_jacobian"](self, target, source, unconnected_gradients)

    def why(self, target: Any, source: Any) -> Any:
        """Why the gradient of `target` by `source` is None, zero or not finite, with the line of code and what to do.

        target: a tensor of any shape and dtype, or a nest of tensors, whose gradients add up.  source: a tensor or a
        variable, or a nest of them.
        Gives a reason (code, message, fix, op, place, variable, gradient), or the source's nest of them; "fine" is the
        code where the gradient is there. It may be asked before `gradient` and after it.
        Raises ValueError where there is no target.

        >>> x = tf.constant(3.0)
        >>> with tf.GradientTape() as tape:
        ...     y = x * x
        >>> print(tape.why(y, x).code)
        constant
        """
        return EXPLANATIONS["why"](self, target, source)

    def memory(self) -> Any:
        """Bytes of the results that the tape keeps, by line of the user's code: a table.

        Its `lines` (place, bytes: int, count of results: int) begin with the largest; `total` is their sum, `let_go`
        the bytes that were let go when a gradient was asked for. A view counts where its buffer was made; variables,
        constants and the user's arrays do not count.

        >>> x = tf.Variable([1.0, 2.0])
        >>> with tf.GradientTape() as tape:
        ...     y = tf.exp(x) * x
        >>> tape.memory().total
        16
        """
        return EXPLANATIONS["memory"](self)

    def profile(self, repeats: int = 5) -> Any:
        """Seconds forward and backward by line of the user's code: a table.  What was recorded is run again.

        repeats: how often; the shortest time counts. Draws and calls of the user's own Python are not run again:
        `left_out` says how many.  Its `lines` (place, forward: float, backward: float, count of operations: int) begin
        with the slowest; `forward` and `backward` are their sums.

        >>> x = tf.Variable([1.0, 2.0])
        >>> with tf.GradientTape() as tape:
        ...     y = tf.exp(x) * x
        >>> found = tape.profile(repeats=1)
        >>> [line.count for line in found.lines], found.left_out
        ([2], 0)
        """
        return EXPLANATIONS["profile"](self, repeats)


# Filled by gradtape.transforms.jacobian, which stands above this room.
JACOBIANS: dict[str, Callable[..., Any]] = {}


def place(site: Any) -> str:
    """The text of a site: read from the code's table only when somebody wants to see it."""
    return str(Site(*site)) if site else "an unknown place"


def _unconnected(value: Any) -> UnconnectedGradients:
    try:
        return UnconnectedGradients(value)
    except ValueError:
        raise ArgumentError(
            f"Unknown value for unconnected_gradients: {value!r}. Expected 'none', 'zero' or 'raise'."
        ) from None


def reasons(variables: Sequence[Any]) -> str:
    """Why this thread's last gradients by these variables were None, as text; "" where that is not known."""
    tape = STATE.unexplained and STATE.unexplained()
    if tape is None or tape._asked is None or "reasons" not in EXPLANATIONS:
        return ""
    return EXPLANATIONS["reasons"](tape, tape._asked, variables)
