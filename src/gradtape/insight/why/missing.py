"""Why there is no gradient at all: who is asked for the reason of a None, and where the way is known to end."""

from __future__ import annotations

from gradtape.core.context import STATE
from gradtape.core.variable import Variable
from gradtape.insight.source import place_of
from gradtape.insight.why.case import Case
from gradtape.insight.why.elsewhere import elsewhere
from gradtape.insight.why.ends import at_gate
from gradtape.insight.why.lost import lost_at, use_of
from gradtape.insight.why.reason import Reason, at, line_of
from gradtape.insight.why.sources import integer, unwatched_tensor, unwatched_variable


def missing(case: Case) -> Reason:
    """The reason of a None."""
    for answer in (_forgotten, integer, unwatched_variable, _on_the_way, unwatched_tensor):
        found = answer(case)
        if found is not None:
            return found
    return elsewhere(case)


def _forgotten(case: Case) -> Reason | None:
    tape = case.tape
    if tape._used_at is None or tape._persistent or tape._records or tape._watched:
        return None
    used = place_of(tape._used_at)
    if tape.trail.let_go:
        size = f"{tape.trail.let_go / 2**20:.0f} MiB"
        message = f"The tape let go of what it had recorded ({size}) when its gradient was asked for{at(used)}."
        return case.reason("forgotten", message, "use tf.GradientTape(persistent=True), or ask `why` before.",
                           place=used)  # fmt: skip
    if not tape._explains:
        message = "The tape kept nothing for explanations: gradtape.config.explanations is False."
        return case.reason(
            "forgotten", message, "set gradtape.config.explanations = True.", place=used
        )
    return None


def _on_the_way(case: Case) -> Reason | None:
    """The way from target to source is known, and ends at an operation."""
    source, net = case.source, case.net
    sources = case.sources
    watched = id(source) in case.tape._watched
    if not isinstance(source, Variable) and not watched:
        return None
    lost = lost_at(net, case.ends, sources)
    if lost is None:
        return None
    if not lost and STATE.trace is not None:
        return case.reason(
            "fine", "There is a gradient; its numbers are known when the function runs."
        )
    if not lost:
        use = use_of(net, sources)
        message = f"{case.shown} was used{at(use)} before the tape was told to watch it."
        fix = f"write tape.watch({case.name or 'x'}) before {line_of(use)}."
        return case.reason("watched_late", message, fix, place=use)
    return at_gate(case, lost[0], len(lost))
