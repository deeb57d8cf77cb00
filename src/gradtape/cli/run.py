"""`gradtape run FILE`: a TensorFlow notebook or script, unmodified, under gradtape."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from gradtape.cli.options import add_running
from gradtape.runner.compare import compare_run, read_reference
from gradtape.runner.explaining import explain_file, write_report
from gradtape.runner.export import to_html, to_ipynb
from gradtape.runner.files import check_writable, read_text, write_whole
from gradtape.runner.notebook import NotebookRun, run_notebook
from gradtape.runner.numbers import ATOL, RTOL
from gradtape.runner.report import (
    progress,
    show_comparison,
    show_failures,
    show_outputs,
    summary,
    verdict,
)
from gradtape.runner.script import run_script
from gradtape.runner.status import RunnerError

EPILOG = """\
With a notebook and none of -o, --html and --compare, the outputs of the cells are printed.
Files are written when the run came to its end, whole or not at all; what --explain writes is written also
when a cell or the script failed, and tells what ran before.

exit status:
  0    every cell ran (or its device is not there), and every compared output is equal
  1    an output differs from the stored one
  2    a cell or the script failed, or the kernel died
  3    a file or an argument is not as it should be
  124  a cell, or the script, took longer than --timeout
  130  interrupted;  143  asked to end
"""


def add(commands: Any) -> None:
    """Add the subcommand to the parser."""
    parser = commands.add_parser(
        "run",
        help="run a TensorFlow notebook or script, unmodified",
        description="Run a .ipynb or .py in which `tensorflow` and `keras` are gradtape.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "file", metavar="FILE", type=Path, help="a notebook (.ipynb) or a script (.py)"
    )
    parser.add_argument(
        "-o", "--output", metavar="OUT.ipynb", type=Path, help="write the executed notebook"
    )
    parser.add_argument("--html", metavar="PAGE.html", type=Path, help="write it as an HTML page")
    parser.add_argument(
        "--compare",
        metavar="REFERENCE",
        type=Path,
        help="set each output beside the stored one: a notebook with outputs, or a JSON list of "
        "{cell, stdout, result, error}",
    )
    parser.add_argument("--rtol", type=_tolerance, default=RTOL, help="relative (%(default)g)")
    parser.add_argument("--atol", type=_tolerance, default=ATOL, help="absolute (%(default)g)")
    parser.add_argument("--keep-going", action="store_true", help="go on after a cell that failed")
    add_running(parser)
    parser.add_argument(
        "--explain",
        action="store_true",
        help="write a page that explains every tape.gradient call: -o REPORT.html, or FILE-explained.html here",
    )
    parser.add_argument("--quiet", action="store_true", help="print no progress and no outputs")
    parser.set_defaults(call=call)


def _tolerance(text: str) -> float:
    value = float(text)
    if not 0 <= value < float("inf"):
        raise ValueError(text)
    return value


def call(chosen: argparse.Namespace) -> int:
    """Run the file and return the exit status.  Raises RunnerError."""
    path: Path = chosen.file
    if chosen.explain:
        return _explained(path, chosen)
    if path.suffix == ".py":
        for option in ("output", "html", "compare"):
            if getattr(chosen, option) is not None:
                raise RunnerError(f"--{option} needs a notebook, and {path} is a script")
        return run_script(
            path, timeout_s=chosen.timeout, seeding=chosen.seeding, eagerly=chosen.eagerly
        )
    if path.suffix != ".ipynb":
        read_text(path, "the file")
        raise RunnerError(f"the file {path} is neither a notebook (.ipynb) nor a script (.py)")
    return _notebook(path, chosen)


def _explained(path: Path, chosen: argparse.Namespace) -> int:
    for option in ("html", "compare"):
        if getattr(chosen, option) is not None:
            raise RunnerError(f"--{option} does not go with --explain")
    output: Path = chosen.output or Path(f"{path.stem}-explained.html")
    if output.suffix != ".html":
        raise RunnerError(f"with --explain, -o names the page (.html). Received: {output}")
    check_writable(output, "the page")
    explained = explain_file(
        path,
        timeout_s=chosen.timeout,
        seeding=chosen.seeding,
        eagerly=chosen.eagerly,
        keep_going=chosen.keep_going,
        show=not chosen.quiet,
        watcher=None if chosen.quiet else progress(sys.stderr),
    )
    if explained.run is not None:
        if not chosen.quiet:
            show_outputs(explained.run, sys.stdout)
            sys.stdout.flush()
        show_failures(explained.run, sys.stderr)
    if explained.trouble:
        print(f"gradtape: {explained.trouble}", file=sys.stderr)
    write_report(explained, output)
    return explained.status


def _notebook(path: Path, chosen: argparse.Namespace) -> int:
    for target, what in ((chosen.output, "the notebook"), (chosen.html, "the page")):
        if target is not None:
            check_writable(target, what)
    reference = read_reference(chosen.compare) if chosen.compare else None
    run = run_notebook(
        path,
        timeout_s=chosen.timeout,
        keep_going=chosen.keep_going,
        seeding=chosen.seeding,
        reprs=reference is not None and not reference.from_notebook,
        expected_error=reference.error_of if reference else lambda number: None,
        watcher=None if chosen.quiet else progress(sys.stderr),
        eagerly=chosen.eagerly,
    )
    comparisons = compare_run(run.cells, reference, chosen.rtol, chosen.atol) if reference else []
    if not (chosen.quiet or chosen.output or chosen.html or reference):
        show_outputs(run, sys.stdout)
    if reference:
        show_comparison(run, comparisons, chosen.compare.name, sys.stdout)
    sys.stdout.flush()
    show_failures(run, sys.stderr)
    if run.stopped is not None:
        raise run.stopped
    _write(run, path, chosen)
    print(f"{path.name}: {summary(run)}", file=sys.stderr)
    return verdict(run, comparisons)


def _write(run: NotebookRun, path: Path, chosen: argparse.Namespace) -> None:
    """Make every text first, then write: a page that cannot be made leaves no notebook behind."""
    page = to_html(run.notebook, path.stem) if chosen.html else ""
    if chosen.output:
        write_whole(chosen.output, to_ipynb(run.notebook), "the notebook")
    if chosen.html:
        write_whole(chosen.html, page, "the page")
