"""The lab's pages as HTML.  Nothing inline: styles and scripts are files of `page/`."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from importlib.resources import files

from gradtape.insight.calls.spots import Spot, Turn
from gradtape.insight.calls.tables import source_table
from gradtape.lab.exhibits import EXHIBITS, Dial, Exhibit
from gradtape.lab.messages import PACES, STEPS_AT_ONCE
from gradtape.lab.points import DATA_SETS
from gradtape.lab.session import FIRST_PACE
from gradtape.lab.trainer import OPTIMIZERS
from gradtape.lab.visitor import Entry, Visit

NAMES_OF_OPTIMIZERS = {"sgd": "SGD", "momentum": "SGD, momentum 0.9", "adam": "Adam"}
NAMES_OF_DATA = {"xor": "XOR"}
MANY = 100
assert MANY <= STEPS_AT_ONCE


def layout(title: str, body: str, scripts: Iterable[str] = (), back: bool = True) -> str:
    """A whole page."""
    loads = "".join(f'<script type="module" src="/static/{name}"></script>' for name in scripts)
    home = (
        '<a class="home" href="/">gradtape lab</a>'
        if back
        else '<span class="home">gradtape lab</span>'
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)} · gradtape lab</title>"
        '<link rel="icon" href="data:,"><link rel="stylesheet" href="/static/colours.css">'
        '<link rel="stylesheet" href="/static/lab.css">'
        '<link rel="stylesheet" href="/static/charts.css"><link rel="stylesheet" href="/static/sources.css">'
        f'<script src="/static/theme.js"></script>{loads}</head><body>'
        f'<header class="top">{home}<button type="button" id="theme" class="quiet">Theme</button></header>'
        f"<main>{body}</main></body></html>"
    )


def lost() -> str:
    """The page for what is not there."""
    return layout(
        "Not here", '<h1>There is no such page</h1><p><a href="/">Back to the gallery</a></p>'
    )


def gallery(visit: Visit | None) -> str:
    """The first page."""
    cards = "".join(map(_card, EXHIBITS.values()))
    body = (
        "<h1>Gallery</h1>"
        '<p class="lead">Networks that train before your eyes. Every number comes from the engine, step by step.</p>'
        f'<ul class="cards">{cards}</ul>{_own_file(visit)}'
    )
    return layout("Gallery", body, back=False)


def _card(shown: Exhibit) -> str:
    sketch = (files("gradtape.lab") / "sketches" / f"{shown.name}.svg").read_text("utf-8").strip()
    return (
        f'<li class="card">{sketch}<h2><a href="/{shown.name}">{escape(shown.title)}</a></h2>'
        f"<p>{escape(shown.text)}</p></li>"
    )


def _own_file(visit: Visit | None) -> str:
    if visit is None:
        return (
            "<section><h2>Your own file</h2><p>Start the lab with a script or a notebook, <code>gradtape lab "
            "FILE</code>, and each <code>tape.gradient</code> call in it becomes an entry here.</p></section>"
        )
    name = escape(visit.path.name)
    trouble = f'<p class="trouble" role="note">{escape(visit.trouble)}</p>' if visit.trouble else ""
    if not visit.entries:
        found = f"<p>No <code>tape.gradient</code> call of {name} was reached.</p>"
    else:
        found = '<ul class="cards">' + "".join(map(_entry_card, visit.entries)) + "</ul>"
    return f"<section><h2>Your file {name}</h2>{trouble}{found}</section>"


def _entry_card(entry: Entry) -> str:
    spot = entry.spot
    return (
        f'<li class="card"><h3><a href="/call/{entry.number}">{escape(spot.title)}</a></h3>'
        f"<pre>{escape(spot.code)}</pre><p>{_times(spot)}</p></li>"
    )


def _times(spot: Spot) -> str:
    return "Called once." if spot.times == 1 else f"Called {spot.times:,} times."


def call(entry: Entry) -> str:
    """The page of one place of the user's file."""
    spot = entry.spot
    trouble = f'<p class="trouble" role="note">{escape(spot.trouble)}</p>' if spot.trouble else ""
    turns = "".join(_turn(spot, turn, page, n == 0) for n, (turn, page) in enumerate(entry.turns()))
    body = f"<h1>{escape(spot.title)}</h1><pre>{escape(spot.code)}</pre><p>{_times(spot)}</p>{trouble}{turns}"
    return layout(spot.title, body, ["live.js"])


def _turn(spot: Spot, turn: Turn, page: str, first: bool) -> str:
    title = f"Call {turn.turn:,} of {spot.times:,}" if spot.times > 1 else "The call"
    trouble = f'<p class="trouble" role="note">{escape(turn.trouble)}</p>' if turn.trouble else ""
    frame = (
        f'<iframe class="live" data-src="{page}" title="{title}, live" sandbox="allow-scripts allow-downloads">'
        f'</iframe><p><a href="{page}" target="_blank">Open it in a tab of its own</a></p>'
        if page
        else ""
    )
    body = f"{trouble}{source_table(turn)}{frame}"
    if spot.times == 1:
        return f"<section>{body}</section>"
    return f'<details class="turn"{" open" if first else ""}><summary>{title}</summary>{body}</details>'


def exhibit(shown: Exhibit) -> str:
    """The page of a network of the gallery."""
    circuit = "now" if shown.free else "asked"
    body = (
        f'<div id="exhibit" data-name="{shown.name}" data-circuit="{circuit}"><h1>{escape(shown.title)}</h1>'
        f'<p class="lead">{escape(shown.text)}</p><div class="board">'
        f'<div class="column">{_training_controls()}{_settings(shown)}{_dials(shown)}</div>'
        f'<div class="column wide">{_picture(shown)}{_curve()}{_weights()}</div></div>'
        f"{_explanation()}{_program(shown)}</div>"
    )
    return layout(shown.title, body, ["exhibit.js"])


def _training_controls() -> str:
    return (
        '<section class="panel" aria-labelledby="h-train"><h2 id="h-train">Train</h2>'
        '<p class="reading"><span>step <output aria-live="off" id="step">–</output></span>'
        '<span>loss <output aria-live="off" id="loss">–</output></span></p>'
        '<div class="buttons"><button type="button" id="run" class="main" disabled>Start</button>'
        '<button type="button" id="one" disabled>Step</button>'
        f'<button type="button" id="many" data-count="{MANY}" disabled>{MANY} steps</button>'
        '<button type="button" id="undo" disabled>Undo</button>'
        '<button type="button" id="reset" disabled>Reset</button></div>'
        '<p id="note" role="status"></p></section>'
    )


def _settings(shown: Exhibit) -> str:
    optimizers = "".join(
        f'<option value="{name}">{NAMES_OF_OPTIMIZERS[name]}</option>' for name in OPTIMIZERS
    )
    data = ""
    if shown.planar:
        options = "".join(
            f'<option value="{name}">{NAMES_OF_DATA.get(name, name.capitalize())}</option>'
            for name in DATA_SETS
        )
        data = f'<div class="field"><label for="data">Data</label><select id="data">{options}</select></div>'
    return (
        '<section class="panel" aria-labelledby="h-set"><h2 id="h-set">Settings</h2>'
        '<div class="field"><label for="rate">Learning rate</label>'
        '<output aria-live="off" id="rate-text" for="rate">–</output>'
        '<input type="range" id="rate" min="-5" max="1" step="0.05"></div>'
        f'<div class="field"><label for="optimizer">Optimizer</label><select id="optimizer">{optimizers}</select></div>'
        f'{data}<div class="field"><label for="pace">Steps a second</label>'
        f'<output aria-live="off" id="pace-text" for="pace">{FIRST_PACE}</output>'
        '<input type="range" id="pace" min="0" max="3" step="0.05" '
        f'data-low="{PACES[0]}" data-high="{PACES[1]}"></div></section>'
    )


def _dials(shown: Exhibit) -> str:
    dials = [*shown.free, *shown.dials]
    if not dials:
        return ""
    fields = "".join(map(_dial, dials))
    return (
        '<section class="panel" aria-labelledby="h-dials"><h2 id="h-dials">Turn by hand</h2>'
        f"{fields}</section>"
    )


def _dial(dial: Dial) -> str:
    step = "1" if dial.whole else "0.01"
    name = escape(dial.name)
    return (
        f'<div class="field"><label for="dial-{name}">{name}</label>'
        f'<output aria-live="off" id="text-{name}" for="dial-{name}">–</output>'
        f'<input type="range" id="dial-{name}" class="dial" data-name="{name}" '
        f'min="{dial.low:g}" max="{dial.high:g}" step="{step}"></div>'
    )


def _picture(shown: Exhibit) -> str:
    if shown.planar:
        inside = (
            '<canvas id="regions" role="img" width="480" height="480" aria-label="What the network says of each '
            'place"></canvas><p class="legend"><span class="mark one"></span> class 1 '
            '<span class="mark zero"></span> class 0 · right: <output aria-live="off" id="right">–</output></p>'
        )
    else:
        inside = '<div id="shown"></div>'
    return f'<section class="panel" aria-labelledby="h-says"><h2 id="h-says">What it says</h2>{inside}</section>'


def _curve() -> str:
    return (
        '<section class="panel" aria-labelledby="h-curve"><h2 id="h-curve">Loss</h2>'
        '<div id="curve"></div></section>'
    )


def _weights() -> str:
    return (
        '<section class="panel full" aria-labelledby="h-weights"><h2 id="h-weights">Weights and gradients</h2>'
        '<p class="legend"><span class="swatch plus"></span> above zero <span class="swatch minus"></span> below · the '
        "gradient is that of the loss, now · update / weight: the size of the last step beside that of the "
        "weights</p>"
        '<div id="weights"></div></section>'
    )


def _explanation() -> str:
    return (
        '<section class="panel" aria-labelledby="h-circuit"><h2 id="h-circuit">The circuit of this step</h2>'
        "<p>Value and gradient on every wire, to look at and to drag.</p>"
        '<p><button type="button" id="explain" disabled>Show it</button></p>'
        '<div id="circuit"></div></section>'
    )


def _program(shown: Exhibit) -> str:
    return (
        '<details class="panel"><summary>The program that runs</summary>'
        f'<pre tabindex="0" aria-label="Program" id="program">{escape(shown.source())}</pre></details>'
    )
