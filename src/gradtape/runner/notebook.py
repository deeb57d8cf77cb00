"""Run the cells of a notebook, one after the other, in a kernel of its own."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from gradtape.insight.calls.spots import Wish
from gradtape.runner.child import TerminatedError, sigterm_raises
from gradtape.runner.files import read_notebook
from gradtape.runner.outputs import Outputs
from gradtape.runner.record import CellRun, bound_names, take_repr, undefined_name
from gradtape.runner.session import Kernel, KernelDiedError
from gradtape.runner.status import CELL_FAILED, INTERRUPTED, TERMINATED, TIMED_OUT, RunnerError
from gradtape.runner.terms import DEVICE_ERROR


class Watcher(Protocol):
    """Sees a run go by."""

    def begin(self, total: int) -> None: ...
    def cell(self, number: int, source: str) -> None: ...
    def done(self, run: CellRun) -> None: ...
    def end(self) -> None: ...


class Silent:
    """A watcher that shows nothing."""

    def begin(self, total: int) -> None: ...
    def cell(self, number: int, source: str) -> None: ...
    def done(self, run: CellRun) -> None: ...
    def end(self) -> None: ...


@dataclass
class NotebookRun:
    """A notebook with the outputs of its run.

    notebook: the notebook's data, outputs and execution counts replaced.
    cells: one record for each code cell.
    stopped: the failure that ended the run early, or None.
    """

    notebook: Any
    cells: list[CellRun] = field(default_factory=list)
    stopped: RunnerError | None = None
    seconds: float = 0.0

    @property
    def failed(self) -> list[CellRun]:
        return [run for run in self.cells if run.state == "failed"]


def run_notebook(
    path: str | Path,
    *,
    timeout_s: float | None = None,
    keep_going: bool = False,
    seeding: str | None = None,
    reprs: bool = False,
    expected_error: Callable[[int], str | None] = lambda number: None,
    watcher: Watcher | None = None,
    wish: Wish | None = None,
    eagerly: bool = False,
) -> NotebookRun:
    """Run a notebook with `tensorflow` and `keras` as gradtape.

    path: a notebook of format 4.  It is not changed; its folder is the working directory.
    timeout_s: seconds that one cell may take; None: no limit.
    keep_going: go on after a cell that failed.
    seeding: "lesson" or "2.12": how Keras initializers with a seed draw; None: the environment's.
    reprs: also keep the plain `repr` of each result, which IPython's display breaks into lines.
    wish: which of its `tape.gradient` calls are to be explained, and into what file; None: none.
    eagerly: traced functions run as plain Python.
    expected_error: for a cell's number, the class name of the error that it is known to raise.

    Raises RunnerError: the file is no notebook; a library of the `notebook` extra is missing; the
    kernel does not start or dies; a cell takes longer than timeout_s; Ctrl-C.  A cell that fails is
    no error of this function: see `NotebookRun.stopped` and `failed`.
    """
    path = Path(path)
    run = NotebookRun(read_notebook(path))
    folder = str(path.resolve().parent)
    kernel = Kernel(folder, seeding=seeding, reprs=reprs, wish=wish, eagerly=eagerly)
    cells = _Cells(run, kernel, timeout_s, keep_going, expected_error, watcher or Silent())
    finished = False
    try:
        with sigterm_raises():
            started = time.perf_counter()
            cells.run()
            if wish is not None:
                cells.explain()
            run.seconds = time.perf_counter() - started
            finished = True
            return run
    except KeyboardInterrupt:
        raise RunnerError("interrupted; nothing was written", INTERRUPTED) from None
    except TerminatedError:
        raise RunnerError("asked to end; nothing was written", TERMINATED) from None
    finally:
        kernel.close(kindly=finished)


class _Cells:
    """The loop over the cells."""

    def __init__(
        self,
        run: NotebookRun,
        kernel: Kernel,
        timeout_s: float | None,
        keep_going: bool,
        expected_error: Callable[[int], str | None],
        watcher: Watcher,
    ):
        self.result, self.kernel, self.timeout_s = run, kernel, timeout_s
        self.keep_going, self.expected_error, self.watcher = keep_going, expected_error, watcher
        self.lost: dict[str, int] = {}
        self.outputs = Outputs()

    def run(self) -> None:
        code = [c for c in self.result.notebook["cells"] if c["cell_type"] == "code"]
        self.result.cells = [CellRun(n, c["source"]) for n, c in enumerate(code, start=1)]
        self.kernel.connect()
        self.watcher.begin(len(code))
        try:
            for run, cell in zip(self.result.cells, code):
                self.watcher.cell(run.number, run.source)
                self.run_cell(run, cell)
                self.watcher.done(run)
                if run.state == "failed" and not self.keep_going:
                    self.result.stopped = _stop(run)
                    break
        finally:
            self.watcher.end()

    def explain(self) -> None:
        """Have what the kernel saw written."""
        try:
            self.kernel.explain()
        except (TimeoutError, KernelDiedError):
            words = f"the kernel did not come to explain: {self.kernel.last_words()}"
            raise RunnerError(words, CELL_FAILED) from None

    def run_cell(self, run: CellRun, cell: dict[str, Any]) -> None:
        started = time.perf_counter()
        run.outputs = cell["outputs"] = []
        cell["execution_count"] = None
        if run.source.strip():
            self.outputs.begin(run.outputs)
            self.execute(run, cell)
        run.seconds = time.perf_counter() - started
        run.result = take_repr(run.outputs)
        self.judge(run, cell)

    def execute(self, run: CellRun, cell: dict[str, Any]) -> None:
        try:
            for message in self.kernel.run(run.source, self.timeout_s):
                self.outputs.take(message)
                if message["kind"] == "done":
                    cell["execution_count"], run.line = message["count"], message["line"]
                    self.outputs.finish(message["count"])
        except TimeoutError:
            raise RunnerError(
                f"cell {run.number} took longer than {self.timeout_s:g} s and was ended; "
                "nothing was written (--timeout sets the limit)",
                TIMED_OUT,
            ) from None
        except KernelDiedError:
            raise RunnerError(
                f"cell {run.number} ended the kernel: {self.kernel.last_words()}; "
                "nothing was written",
                CELL_FAILED,
            ) from None

    def judge(self, run: CellRun, cell: dict[str, Any]) -> None:
        """Say what the cell's end means, and keep account of the names that a skipped cell owes."""
        error = run.error
        if error is None:
            run.state = "ok"
            for name in bound_names(run.source):
                self.lost.pop(name, None)
            return
        kind, text = error
        name = undefined_name(kind, text)
        if kind == DEVICE_ERROR:
            run.state, run.reason = "skipped", first_line(text)
            self.lose(run)
        elif name in self.lost:
            origin = self.lost[name]
            run.state = "blocked"
            run.reason = f"{name!r} would have been defined by cell {origin}, which was skipped"
            self.lose(run)
        elif "raises-exception" in (cell["metadata"].get("tags") or []) or (
            kind == self.expected_error(run.number)
        ):
            run.state, run.reason = "expected", f"{kind}, as it should"
        else:
            run.state, run.reason = "failed", f"{kind}: {first_line(text)}"

    def lose(self, run: CellRun) -> None:
        for name in bound_names(run.source, run.line):
            self.lost.setdefault(name, run.number)


def first_line(text: Any) -> str:
    """The first line of a message that says something."""
    lines = [line.strip() for line in str(text).splitlines() if line.strip()]
    return lines[0] if lines else ""


def _stop(run: CellRun) -> RunnerError:
    where = f"cell {run.number}" + (f", line {run.line}" if run.line else "")
    lines = run.source.splitlines()
    code = lines[run.line - 1].strip() if run.line and run.line <= len(lines) else ""
    return RunnerError(f"{where}: {run.reason}" + (f"  [{code}]" if code else ""), CELL_FAILED)
