"""Run a file and gather the explanations of its `tape.gradient` calls."""

from __future__ import annotations

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from gradtape.insight.calls.report import report
from gradtape.insight.calls.spots import Spot, Wish, read_spots
from gradtape.runner.files import read_text, write_whole
from gradtape.runner.notebook import NotebookRun, Watcher, run_notebook
from gradtape.runner.report import verdict
from gradtape.runner.script import run_script
from gradtape.runner.status import OK, RunnerError


@dataclass
class Explained:
    """What a run showed.

    path: the file.  spots: the places with a call, in the order of their first calls.  status: of the run.
    trouble: why it did not come to its end; "" where it did.  run: the cells, where it is a notebook.
    """

    path: Path
    spots: list[Spot]
    status: int = OK
    trouble: str = ""
    run: NotebookRun | None = None

    @property
    def told(self) -> list[Spot]:
        """The places of which something is explained or said."""
        return [spot for spot in self.spots if spot.told]


def explain_file(
    path: Path,
    *,
    line: int | None = None,
    cell: int | None = None,
    live: bool = False,
    detail: str = "",
    decimals: int | None = None,
    timeout_s: float | None = None,
    seeding: str | None = None,
    eagerly: bool = False,
    keep_going: bool = False,
    show: bool = True,
    watcher: Watcher | None = None,
) -> Explained:
    """Run a script or a notebook and explain its calls: all, or those at a line or in a cell.

    live, detail, decimals: as for `Wish`.  show: whether a script's prints go where ours go.  Of a file that fails,
    what ran before is explained.  Raises RunnerError where the file is none to run, or was ended before its end.
    """
    check_kind(path)
    with tempfile.TemporaryDirectory(prefix="gradtape-") as folder:
        out = Path(folder) / "calls.json"
        wish = Wish(str(out), line, cell, live, detail, decimals)
        if path.suffix == ".py":
            status = run_script(
                path, timeout_s=timeout_s, seeding=seeding, wish=wish, eagerly=eagerly, show=show
            )
            spots = read_spots(out)
            so_far = "; what ran before is explained" if spots else ""
            trouble = "" if status == OK else f"The script failed{so_far}."
            return Explained(path, spots, status, trouble)
        run = run_notebook(
            path,
            timeout_s=timeout_s,
            seeding=seeding,
            keep_going=keep_going,
            watcher=watcher,
            wish=wish,
            eagerly=eagerly,
        )
        return Explained(path, read_spots(out), verdict(run), str(run.stopped or ""), run)


def check_kind(path: Path) -> None:
    """Raise RunnerError for what is neither a script nor a notebook."""
    if path.suffix not in (".py", ".ipynb"):
        read_text(path, "the file")
        raise RunnerError(f"the file {path} is neither a notebook (.ipynb) nor a script (.py)")
    read_text(path, "the script" if path.suffix == ".py" else "the notebook")


def write_report(explained: Explained, output: Path) -> None:
    """Write the page and say so.  Raises RunnerError where it cannot be written."""
    page = report(explained.path.name, explained.spots, explained.trouble)
    write_whole(output, page, "the page")
    calls = sum(spot.times for spot in explained.spots)
    said = "one call" if calls == 1 else f"{calls:,} calls"
    print(f"{explained.path.name}: {said} of tape.gradient, see {output}", file=sys.stderr)
