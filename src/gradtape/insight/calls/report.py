"""One self-contained HTML page about the `tape.gradient` calls of a file: no scripts, no network."""

from __future__ import annotations

import re
from html import escape
from importlib.resources import files

from gradtape.insight.calls.spots import Spot, Turn
from gradtape.insight.calls.tables import STATES, source_table
from gradtape.insight.colours import variables

LONGEST = 80  # characters of a call in the list of calls
STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)


def report(file: str, spots: list[Spot], trouble: str = "") -> str:
    """The page.

    file: the name of the file that ran.  spots: all places, those too of which nothing is explained.  trouble: why it
    did not run to its end.
    """
    name = escape(file)
    shown = [spot for spot in spots if spot.told]
    room = files("gradtape.insight.calls")
    own = [(room / name).read_text("utf-8") for name in ("report.css", "sources.css")]
    turns = [turn for spot in shown for turn in spot.turns]
    styles = [
        variables(":root"),
        *own,
        *(text for turn in turns for text in STYLE.findall(turn.derivation)),
    ]
    style = "\n".join(dict.fromkeys(styles))  # each once, however many derivations bring it
    failed = f'<p class="trouble">{escape(trouble)}</p>' if trouble else ""
    contents = "".join(f"<li>{_line(n, spot)}</li>" for n, spot in enumerate(shown, start=1))
    listed = f'<nav aria-label="Calls"><ol>{contents}</ol></nav>' if len(shown) > 1 else ""
    sections = "".join(_section(n, spot) for n, spot in enumerate(shown, start=1))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{name}, explained</title><style>{style}</style></head><body><header>"
        f"<h1>{name}, explained</h1><p>{_summary(spots)}</p>{failed}</header>{listed}"
        f"<main>{sections}</main></body></html>\n"
    )


def _summary(spots: list[Spot]) -> str:
    calls = sum(spot.times for spot in spots)
    if not calls:
        return "No <code>tape.gradient</code> call was reached."
    places = "one place" if len(spots) == 1 else f"{len(spots)} places"
    times = "once" if calls == 1 else f"{calls:,} times"
    told = sum(spot.told for spot in spots)
    some = f" Of these, {told} are explained here." if 0 < told < len(spots) else ""
    return f"<code>tape.gradient</code> was called {times}, at {places}.{some}"


def _line(number: int, spot: Spot) -> str:
    states = _states(spot)
    note = f' <span class="state">{escape(states)}</span>' if states else ""
    code = " ".join(spot.code.split())
    first = code if len(code) <= LONGEST else f"{code[: LONGEST - 1]}…"
    return (
        f'<a href="#call-{number}">{escape(spot.title)}</a> <code>{escape(first)}</code>'
        f' <span class="times">{_times(spot)}</span>{note}'
    )


def _states(spot: Spot) -> str:
    """Which gradients are None, zero or not finite, over the turns shown."""
    found = [
        f"{source.name}: {STATES[source.state]}"
        for turn in spot.turns
        for source in turn.sources
        if STATES[source.state]
    ]
    return ", ".join(dict.fromkeys(found))


def _times(spot: Spot) -> str:
    return "once" if spot.times == 1 else f"{spot.times:,} times"


def _section(number: int, spot: Spot) -> str:
    trouble = f'<p class="trouble">{escape(spot.trouble)}</p>' if spot.trouble else ""
    shown = "".join(_turn(spot, turn, index == 0) for index, turn in enumerate(spot.turns))
    return (
        f'<section id="call-{number}" aria-labelledby="h-{number}"><h2 id="h-{number}">{escape(spot.title)}</h2>'
        f'<pre tabindex="0" aria-label="The call">{escape(spot.code)}</pre>'
        f'<p class="times">Called {_times(spot)}.</p>{trouble}{shown}</section>'
    )


def _turn(spot: Spot, turn: Turn, first: bool) -> str:
    trouble = f'<p class="trouble">{escape(turn.trouble)}</p>' if turn.trouble else ""
    circuit = (
        f'<h3>Circuit</h3><div class="picture" tabindex="0" role="group" aria-label="Circuit">{turn.circuit}</div>'
        if turn.circuit
        else ""
    )
    steps = STYLE.sub("", turn.derivation)
    derivation = f'<div class="derivation">{steps}</div>' if steps else ""
    body = f"{trouble}{source_table(turn)}{circuit}{derivation}"
    if spot.times == 1:
        return body
    opened = " open" if first else ""
    return (
        f"<details{opened}><summary>Call {turn.turn:,} of {spot.times:,}</summary>{body}</details>"
    )
