"""`gradtape explain FILE --at PLACE`: where the gradients of a script or a notebook come from."""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from typing import Any

from gradtape.cli.options import add_running
from gradtape.insight.calls.spots import Spot, Turn
from gradtape.runner.explaining import Explained, explain_file, write_report
from gradtape.runner.files import check_writable
from gradtape.runner.report import progress
from gradtape.runner.status import RunnerError

EPILOG = """\
PLACE is a line of a script (12), a cell of a notebook as it is displayed (cell 3), or a line of a cell (3:2).
Without --at every tape.gradient call is explained; without -o the explanation is printed.
A file that fails is explained as far as it ran.

exit status:
  0    explained
  2    a cell or the script failed, or the kernel died
  3    a file or an argument is not as it should be, or there is no such call
  124  a cell, or the script, took longer than --timeout
  130  interrupted;  143  asked to end
"""
KNOWN = 12  # places that are named where there is no call
PLACE = re.compile(r"(?:(?P<word>line|cell)\s*)?(?P<number>\d+)(?::(?P<line>\d+))?$")


def add(commands: Any) -> None:
    """Add the subcommand to the parser."""
    parser = commands.add_parser(
        "explain",
        help="explain the gradients of a script or a notebook",
        description="Run a .py or .ipynb and explain its tape.gradient calls.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "file", metavar="FILE", type=Path, help="a notebook (.ipynb) or a script (.py)"
    )
    parser.add_argument("--at", metavar="PLACE", nargs="+", help="only the calls there")
    parser.add_argument("-o", "--output", metavar="REPORT.html", type=Path, help="write a page")
    parser.add_argument(
        "--detail",
        choices=("op", "gate", "layer"),
        default="",
        help="explain by operations, by single numbers, or by layers (the last where there are many operations)",
    )
    parser.add_argument(
        "--decimals",
        metavar="N",
        type=_decimals,
        help="also compute as by hand, each intermediate number rounded",
    )
    add_running(parser)
    parser.set_defaults(call=call)


def _decimals(text: str) -> int:
    value = int(text)
    if not 0 <= value <= 12:
        raise ValueError(text)
    return value


def call(chosen: argparse.Namespace) -> int:
    """Run the file, explain, and return the exit status.  Raises RunnerError."""
    path: Path = chosen.file
    output: Path | None = chosen.output
    line, cell = place(" ".join(chosen.at), path) if chosen.at else (None, None)
    if output is not None:
        check_writable(output, "the page")
    explained = explain_file(
        path,
        line=line,
        cell=cell,
        detail=chosen.detail,
        decimals=chosen.decimals,
        timeout_s=chosen.timeout,
        seeding=chosen.seeding,
        eagerly=chosen.eagerly,
        show=False,
        watcher=progress(sys.stderr),
    )
    if explained.trouble:
        print(f"gradtape: {explained.trouble}", file=sys.stderr)
    if not explained.told and not (explained.status and not explained.spots):
        raise RunnerError(nothing_there(explained, line, cell), explained.status or 3)
    untold = len(explained.spots) - len(explained.told)
    if untold and (line, cell) == (None, None):
        print(
            f"gradtape: {len(explained.told)} places are explained; of {untold} more, ask with --at",
            file=sys.stderr,
        )
    if output is None:
        print("\n\n".join(spot_text(spot) for spot in explained.told))
    else:
        write_report(explained, output)
    return explained.status


def place(text: str, path: Path) -> tuple[int | None, int | None]:
    """(line, cell) of what was given with --at.  Raises RunnerError."""
    match = PLACE.match(text.strip())
    notebook = path.suffix == ".ipynb"
    if match is None or ((match["word"] == "cell" or match["line"]) and not notebook):
        wanted = "a cell (cell 3) or a line of it (3:2)" if notebook else "a line (12)"
        raise RunnerError(f"--at expects {wanted} for {path.name}. Received: {text}")
    if not notebook:
        return int(match["number"]), None
    if match["word"] == "line":
        raise RunnerError(f"--at line {match['number']}: of which cell? Write --at CELL:LINE")
    return (int(match["line"]) if match["line"] else None), int(match["number"])


def nothing_there(explained: Explained, line: int | None, cell: int | None) -> str:
    """Why there is nothing to show, in one line."""
    name = explained.path.name
    if not explained.spots or (line, cell) == (None, None):
        return f"no tape.gradient call of {name} was reached"
    where = f"cell {cell}" if cell is not None else ""
    where += (", " if where else "") + f"line {line}" if line is not None else ""
    near = sorted(
        explained.spots, key=lambda spot: abs((line or 0) - spot.line) if cell is None else 0
    )
    shown = sorted(near[:KNOWN], key=explained.spots.index)
    known = ", ".join(spot.title.removeprefix(f"{name}, ") for spot in shown)
    more = f" and {len(near) - KNOWN} more places" if len(near) > KNOWN else ""
    return f"there is no tape.gradient call at {where} of {name}; there are calls at {known}{more}"


def spot_text(spot: Spot) -> str:
    """A place and its turns, for the terminal."""
    times = "" if spot.times == 1 else f"  ({spot.times:,} times)"
    parts = [f"{spot.title}{times}\n{spot.code}"]
    if spot.trouble:
        parts.append(spot.trouble)
    parts += [turn_text(spot, turn) for turn in spot.turns]
    return "\n\n".join(parts)


def turn_text(spot: Spot, turn: Turn) -> str:
    """One call: its gradients, the reasons, the derivation."""
    lines = [f"call {turn.turn:,} of {spot.times:,}"] if spot.times > 1 else []
    for source in turn.sources:
        value = {"none": "None"}.get(source.state) or " ".join(source.text.split())
        lines.append(f"  {source.name}: {value}")
        for text in (source.reason, source.where, source.fix):
            if text:
                lines.append(f"    {text}")
    if turn.trouble:
        lines.append(turn.trouble)
    return "\n".join(lines) + (f"\n\n{turn.text.rstrip()}" if turn.text else "")
