"""The notebook kernel, a process of its own: IPython's shell, with `tensorflow` as gradtape.

Run as `python -m gradtape.runner.kernel FOLDER [--reprs] [--eagerly] [--wish TEXT]`.  Requests come as JSON lines on
standard input, answers go as JSON lines to standard output; the two pipes are all that the kernel listens to.
It takes a quarter of the time of a Jupyter kernel, whose sockets and messages cost more than a lesson.

NumPy prints as NumPy 1.25 did (`numpy.set_printoptions(legacy="1.25")`): notebooks of TensorFlow
2.12 were made with that, and NumPy 2 prints `np.float32(0.5)` where it printed `0.5`.
"""

from __future__ import annotations

import builtins
import json
import os
import queue
import sys
import threading
import traceback
from contextlib import ExitStack
from typing import Any, NoReturn

import numpy as np
from IPython.core.interactiveshell import ExecutionResult
from traitlets.config import Config

from gradtape.base.errors import DeviceNotFoundError
from gradtape.insight.calls.spots import Wish
from gradtape.runner.alias import install_as_tensorflow
from gradtape.runner.channel import Channel, Descriptors, Text
from gradtape.runner.looking_on import looking_on
from gradtape.runner.shell import REPR_MIME, ReprFormatter, Shell


def settings() -> Config:
    """The shell's settings: no history file, no colours in what gets stored."""
    return Config({"HistoryManager": {"enabled": False}, "InteractiveShell": {"colors": "nocolor"}})


def brief_traceback(error: BaseException) -> list[str]:
    """The traceback of a device that is not there: its cell is skipped, and to load what IPython
    needs for a whole traceback takes a quarter of a second."""
    trace = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in trace if frame.filename.startswith("Cell In[")]
    places = [f"{frame.filename}, line {frame.lineno}\n    {frame.line}" for frame in own]
    return [*places, f"{type(error).__name__}: {error}"]


def refuse_input(*_: Any, **__: Any) -> NoReturn:
    raise EOFError("No one can answer here: `gradtape run` runs a notebook from start to finish.")


def failing_line(error: BaseException, name: str) -> int | None:
    """The line of the cell `name` on which it failed; the cell's own, not that of a function."""
    if isinstance(error, SyntaxError) and error.filename == name:
        return error.lineno
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == name:
            return trace.tb_lineno
        trace = trace.tb_next
    return None


def add_working_folder() -> None:
    """Put the notebook's folder on the import path, behind the standard library as IPython does."""
    folders = (i for i, path in enumerate(sys.path) if path.endswith("-packages"))
    sys.path.insert(next(folders, len(sys.path)), "")


class Requests:
    """Requests, read in a thread: when the runner goes away without a word, so does the kernel."""

    def __init__(self, descriptor: int):
        self.file = os.fdopen(descriptor, "r", encoding="utf-8")
        self.queue: queue.SimpleQueue[Any] = queue.SimpleQueue()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self) -> None:
        for line in self.file:
            request = json.loads(line)
            self.queue.put(request)
            if request is None:
                return
        os._exit(1)


class Kernel:
    """Runs cells in the shell and tells what they show."""

    def __init__(self, folder: str, reprs: bool, wish: Wish | None = None, eagerly: bool = False):
        requests, answers = os.dup(0), os.dup(1)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        self.channel = Channel(answers)
        self.requests = Requests(requests)
        self.descriptors = Descriptors(self.channel)
        Shell.channel = self.channel
        self.shell: Any = Shell.instance(config=settings(), ipython_dir=folder)
        # Errors and warnings name the cell, where IPython would put a file that does not exist.
        self.shell.compile.get_code_name = lambda raw, code, number: f"Cell In[{number}]"
        if reprs:
            formatter: Any = ReprFormatter(parent=self.shell.display_formatter)
            self.shell.display_formatter.formatters[REPR_MIME] = formatter
        builtins.input = refuse_input
        self.looking = ExitStack()
        self.looking.enter_context(looking_on(wish, eagerly))
        sys.stdout, sys.stderr = Text(self.channel, "stdout", 1), Text(self.channel, "stderr", 2)

    def serve(self) -> None:
        """Run one cell after the other until there are no more."""
        self.channel.send(kind="ready")
        while (request := self.requests.queue.get()) is not None:
            if "explain" in request:
                self.looking.close()
                self.channel.send(kind="done")
                continue
            result = self.shell.run_cell(request["run"], store_history=True)
            self.descriptors.drain()
            self.channel.send(kind="done", **self.outcome(result))

    def outcome(self, result: ExecutionResult) -> dict[str, Any]:
        """Where a cell failed."""
        error = result.error_before_exec or result.error_in_exec
        count = result.execution_count
        line = None if error is None else failing_line(error, f"Cell In[{count}]")
        return {"count": count, "line": line}


def start(arguments: list[str]) -> None:
    """Prepare the process and serve."""
    np.set_printoptions(legacy="1.25")
    install_as_tensorflow()
    add_working_folder()
    sys.argv = [""]
    os.environ.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    DeviceNotFoundError._render_traceback_ = brief_traceback  # type: ignore[attr-defined]
    wish = Wish.read(arguments[-1]) if "--wish" in arguments else None
    Kernel(arguments[0], "--reprs" in arguments, wish, "--eagerly" in arguments).serve()


if __name__ == "__main__":
    start(sys.argv[1:])
