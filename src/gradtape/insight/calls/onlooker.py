"""In the process that runs a user's file: sees each `tape.gradient` call go by and explains it.

A call in a loop is explained the first two times, the 10th, 100th, 1,000th … time, and the last time.  What the last
call needs is kept aside until the next one: the tape's lists, not the tape, so that tapes die when they would.
"""

from __future__ import annotations

import copy
import linecache
import logging
import os
import re
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradtape.base.quiet import quiet
from gradtape.base.site import PACKAGE_ROOT, user_site
from gradtape.core.context import GRADIENT_OBSERVERS, STATE, no_recording
from gradtape.core.convert import convert
from gradtape.core.tape import KEPT_BYTES, GradientTape
from gradtape.core.variable import Variable
from gradtape.insight.calls.scene import in_scene
from gradtape.insight.calls.spots import PLACES, Source, Spot, Turn, Wish, write_spots
from gradtape.insight.source import Place, locals_of, place_of

AUTOGRAPH = os.path.join(PACKAGE_ROOT, "transforms", "autograph", "")
CELL = re.compile(r"Cell In\[(\d+)\]$")
MANY_GATES = 40  # from which a network is explained by its layers
ENTRIES = 40  # of a gradient that are all written out
LONGEST = 2 * 2**20  # characters of a derivation, a picture
LONGEST_PAGE = 8 * 2**20
TRACED = (
    "This call is in a traced function: there are no numbers when it is traced. With --eagerly functions run as plain "
    "Python, and the call is explained."
)


@dataclass
class Seen:
    """What an explanation of one call needs.  turn: the how many-th it is at its place."""

    tape: Any
    targets: list[Any]
    sources: list[Any]
    seeds: list[Any]
    gradients: list[Any]
    names: dict[str, Any]
    place: Place
    function: str
    turn: int


class Onlooker:
    """Sees the calls of one run."""

    def __init__(self, wish: Wish, main: str = ""):
        self.wish, self.main = wish, main
        self.spots: dict[Any, Spot] = {}
        self.pending: dict[Any, Seen] = {}
        self.chosen: set[Any] = set()  # the places that are explained
        self.lock = threading.RLock()
        self.busy = threading.local()

    def attach(self) -> None:
        """See all calls from now on."""
        GRADIENT_OBSERVERS.append(self.see)

    def finish(self) -> None:
        """Explain the last call at each place and write all of it to the wished file."""
        if self.see in GRADIENT_OBSERVERS:
            GRADIENT_OBSERVERS.remove(self.see)
        with self.lock:
            for key, seen in self.pending.items():
                self.spots[key].turns.append(self.explained(self._later(seen), seen.turn))
            self.pending.clear()
            write_spots(self.wish.out, list(self.spots.values()))

    def see(
        self,
        tape: Any,
        targets: list[Any],
        sources: list[Any],
        seeds: list[Any],
        gradients: list[Any],
    ) -> None:
        """An onlooker of gradients: see `core.context.GRADIENT_OBSERVERS`."""
        if getattr(self.busy, "now", False):
            return
        site, frame = _call()
        if site is None:
            return
        with self.lock:
            key = site[0].co_filename, site[1], site[0].co_firstlineno
            place = place_of(site)
            if place is None:
                return
            spot = self.spots.get(key)
            if spot is None:
                spot = self.spots[key] = _spot(place)
            spot.times += 1
            if not self.wish.covers(spot, self.main):
                return
            if key not in self.chosen and len(self.chosen) >= PLACES:
                return
            self.chosen.add(key)
            if STATE.trace is not None:
                spot.trouble = TRACED
                return
            names = _names(frame, tape, targets, sources)
            function, turn = site[0].co_name, spot.times
            seen = Seen(tape, targets, sources, seeds, gradients, names, place, function, turn)
            self.pending.pop(key, None)
            spot.trouble = ""
            if _is_shown(spot.times):
                spot.turns.append(self.explained(lambda: _turn(seen, self.wish), turn))
            elif (size := _size(tape)) > KEPT_BYTES:
                spot.trouble = (
                    f"The last call is not explained: its tape holds {size / 2**20:,.0f} MiB."
                )
            else:
                seen.tape = _kept(tape)
                self.pending[key] = seen

    def _later(self, seen: Seen) -> Callable[[], Turn]:
        """The making of a turn when the user's frame has gone."""
        return lambda: in_scene(
            seen.place, seen.function, seen.names, lambda: _turn(seen, self.wish)
        )

    def explained(self, make: Callable[[], Turn], turn: int) -> Turn:
        """A call as data; where something of it cannot be explained, why not."""
        self.busy.now = True
        try:
            with no_recording(), quiet(), _silent(), _printing():
                return make()
        except Exception as error:  # whatever it is, the user's program goes on
            return Turn(turn, [], [], trouble=_excuse(error))
        finally:
            self.busy.now = False


def _is_shown(times: int) -> bool:
    return times <= 2 or (times >= 10 and times == 10 ** (len(str(times)) - 1))


def _call() -> tuple[Any, Any]:
    """The site of the user's call of `tape.gradient` and its frame; (None, None) where it is not the user's own."""
    frame: Any = sys._getframe(2)
    while frame is not None and frame.f_code is not GradientTape.gradient.__code__:
        frame = frame.f_back
    caller = frame.f_back if frame is not None else None
    direct = caller
    while caller is not None and caller.f_code.co_filename.startswith(AUTOGRAPH):
        caller = caller.f_back
    if caller is None or caller.f_code.co_filename.startswith(PACKAGE_ROOT):
        return None, None  # `fit`, `minimize` or the like asks
    if caller is direct:
        return (caller.f_code, caller.f_lasti), caller
    return user_site(3), caller


def _spot(place: Place) -> Spot:
    cell = CELL.search(place.file)
    end = place.end_line if place.end_line >= place.line else place.line
    lines = [linecache.getline(place.file, n).rstrip() for n in range(place.line, end + 1)]
    return Spot(
        file=place.file,
        cell=int(cell.group(1)) if cell else None,
        line=place.line,
        end_line=end,
        code=textwrap.dedent("\n".join(lines)),
    )


def _size(tape: Any) -> int:
    """Bytes of the results that a tape holds."""
    outputs = [record[3] for record in tape._records]
    return sum(y._value.nbytes for o in outputs for y in (o if type(o) is tuple else (o,)))


def _kept(tape: Any) -> Any:
    """The tape as it is now: its lists are copied, for a tape may be used again."""
    made = copy.copy(tape)
    made._records = list(tape._records)
    made._watched, made._leaves = set(tape._watched), set(tape._leaves)
    made._reads = {key: list(reads) for key, reads in tape._reads.items()}
    made._variables = dict(tape._variables)
    made.trail = copy.copy(tape.trail)
    return made


def _names(frame: Any, tape: Any, targets: list[Any], sources: list[Any]) -> dict[str, Any]:
    """The names by which the user's frames know the tensors and variables of a call."""
    ours = {id(t) for t in (*targets, *sources, *tape._variables.values())}
    for _, _, inputs, output, _ in tape._records:
        ours.update(map(id, inputs))
        ours.update(map(id, output if type(output) is tuple else (output,)))
    names: dict[str, Any] = {}
    while frame is not None:
        if not frame.f_code.co_filename.startswith(PACKAGE_ROOT):
            for scope in (locals_of(frame), frame.f_globals):
                for name, value in list(scope.items()):
                    if id(value) in ours:
                        names.setdefault(name, value)
        frame = frame.f_back
    return names


@contextmanager
def _silent() -> Iterator[None]:
    """What the tape has warned of already is not said twice."""
    log = logging.getLogger("gradtape")
    before, log.disabled = log.disabled, True
    try:
        yield
    finally:
        log.disabled = before


@contextmanager
def _printing() -> Iterator[None]:
    """Numbers are written in one way, whatever the user's program has set."""
    with np.printoptions(precision=6, linewidth=100, suppress=False, floatmode="maxprec"):
        yield


def _turn(seen: Seen, wish: Wish) -> Turn:
    made = Turn(seen.turn, [], [])
    target: Any = seen.targets[0] if len(seen.targets) == 1 else seen.targets
    try:
        from gradtape.insight.explanation import Explanation, explain

        seeds = None if all(s is None for s in seen.seeds) else seen.seeds
        explanation = explain(
            seen.tape,
            target,
            seen.sources,
            detail=wish.detail or "op",
            decimals=wish.decimals,
            output_gradients=seeds,
        )
        gates = explanation.recording.gates
        if not wish.detail and len(gates) > MANY_GATES and any(gate.layers for gate in gates):
            explanation = Explanation(explanation.tensors, "layer", wish.decimals)
    except Exception as error:
        made.trouble = _excuse(error)
        explanation = None
    told = dict(_told(explanation))
    for n, tensor in enumerate(seen.targets):
        name = told.get(("target", n)) or _name_of(tensor, seen.names) or f"target {n + 1}"
        made.targets.append(name)
    for n, (source, gradient) in enumerate(zip(seen.sources, seen.gradients)):
        name = told.get(("source", n)) or _name_of(source, seen.names) or f"source {n + 1}"
        made.sources.append(_source(name, source, gradient))
    _give_reasons(made.sources, seen, target)
    if explanation is not None:
        for part in ("page",) if wish.live else ("text", "derivation", "circuit"):
            try:
                text = _PARTS[part](explanation)
                if len(text) > (LONGEST_PAGE if wish.live else LONGEST):
                    made.trouble = made.trouble or _too_long(part, len(text))
                else:
                    setattr(made, part, text)
            except Exception as error:
                made.trouble = made.trouble or _excuse(error)
    return made


_PARTS: dict[str, Callable[[Any], str]] = {
    "text": lambda explanation: explanation.text(),
    "derivation": lambda explanation: explanation._repr_html_(),
    "circuit": lambda explanation: explanation.circuit().svg(),
    "page": lambda explanation: explanation.to_html(),
}


def _too_long(part: str, length: int) -> str:
    name = {"text": "derivation", "page": "live page"}.get(part, part)
    return (
        f"The {name} is left out: it is {length / 2**20:.1f} MiB long. Ask for less: --detail layer, or an entry with "
        'tf.explain(tape, target).entry("name", index).'
    )


def _told(explanation: Any) -> Iterator[tuple[tuple[str, int], str]]:
    """The names of targets and sources, by (kind, position)."""
    if explanation is None:
        return
    recording = explanation.recording
    for kind, indices in (("target", recording.targets), ("source", recording.sources)):
        for position, index in enumerate(indices):
            if 0 <= index < len(recording.wires) and recording.wires[index].name:
                yield (kind, position), recording.wires[index].name


def _name_of(thing: Any, names: dict[str, Any]) -> str:
    """A target's or source's name: in the code, or its own."""
    for name, value in names.items():
        if value is thing:
            return name
    return thing.name.partition(":")[0] if isinstance(thing, Variable) else ""


def _excuse(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return f"It could not be explained: {type(error).__name__}: {lines[0] if lines else ''}".rstrip(
        ": "
    )


def _source(name: str, source: Any, gradient: Any) -> Source:
    value = source._value
    made = Source(name, list(value.shape), value.dtype.name, "none")
    if gradient is not None:
        array = np.asarray(convert(gradient)._value)
        numbers = array.astype(complex if array.dtype.kind == "c" else float)
        made.state = _state(numbers)
        shown = array if array.dtype.kind in "fc" else numbers
        digits = 6 if array.size <= ENTRIES else 4
        made.text = np.array2string(shown, precision=digits, threshold=ENTRIES, edgeitems=2)
        made.norm = _norm(numbers)
    return made


def _state(array: np.ndarray) -> str:
    if not np.isfinite(array).all():
        return "not finite"
    return "zero" if array.size and not array.any() else "some"


def _norm(array: np.ndarray) -> float | None:
    norm = float(np.linalg.norm(array.ravel()))
    return norm if np.isfinite(norm) else None


def _give_reasons(sources: list[Source], seen: Seen, target: Any) -> None:
    """Say why gradients are None, zero or not finite."""
    if all(source.state == "some" for source in sources):
        return
    try:
        reasons = seen.tape.why(target, list(seen.sources))
    except Exception as error:
        for source in sources:
            source.reason = "" if source.state == "some" else _excuse(error)
        return
    for source, reason in zip(sources, reasons):
        if source.state == "some" or reason.code == "fine":
            continue
        source.code, source.reason, source.fix = reason.code, reason.message, reason.fix
        if reason.place is not None:
            place = reason.place
            source.where = f"{_where(place.file)}, line {place.line}: {place.text}"


def _where(file: str) -> str:
    cell = CELL.search(file)
    return f"cell {cell.group(1)}" if cell else file.replace("\\", "/").rpartition("/")[2]
