"""One kernel process and the way to it: two pipes, and a folder for its own files."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from typing import Any

from gradtape.insight.calls.spots import Wish
from gradtape.runner.child import cause_of_death, end, environment, spawn
from gradtape.runner.extras import need
from gradtape.runner.status import CELL_FAILED, RunnerError

START_LIMIT_S = 60.0
END_LIMIT_S = 3.0
EXPLAIN_LIMIT_S = 300.0


class KernelDiedError(Exception):
    """The process ended while it was being asked."""


class Kernel:
    """A kernel process.  It starts with the object; nothing of it listens on the network.

    folder: its working directory.  seeding, wish, eagerly: see `run_notebook`.  reprs: send plain `repr`s along.
    """

    def __init__(
        self,
        folder: str,
        seeding: str | None = None,
        reprs: bool = False,
        wish: Wish | None = None,
        eagerly: bool = False,
    ):
        need("IPython", "running a notebook")
        self.home = tempfile.mkdtemp(prefix="gradtape-")
        self.errors = open(os.path.join(self.home, "stderr"), "w+b")  # noqa: SIM115
        try:
            self.process: subprocess.Popen[str] = spawn(
                "gradtape.runner.kernel",
                [
                    self.home,
                    *(["--reprs"] if reprs else []),
                    *(["--eagerly"] if eagerly else []),
                    *(["--wish", wish.text()] if wish else []),
                ],
                cwd=folder,
                env=environment(seeding),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self.errors,
                encoding="utf-8",
                start_new_session=True,
            )
        except OSError as error:
            self._forget()
            raise RunnerError(f"the kernel cannot be started: {error}", CELL_FAILED) from None
        self.answers: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        with contextlib.suppress(ValueError, OSError):  # closed while reading
            for line in self.process.stdout or ():
                self.answers.put(line)
        self.answers.put(None)

    def connect(self) -> None:
        """Wait until the kernel is ready.  Raises RunnerError when it never is."""
        try:
            message = self._answer(time.monotonic() + START_LIMIT_S)
        except KernelDiedError:
            raise RunnerError(
                f"the kernel did not start: {self.last_words()}", CELL_FAILED
            ) from None
        except TimeoutError:
            raise RunnerError(
                f"the kernel was not ready within {START_LIMIT_S:g} s of its start", CELL_FAILED
            ) from None
        assert message["kind"] == "ready"

    def run(self, source: str, timeout_s: float | None = None) -> Iterator[dict[str, Any]]:
        """Run a cell: the messages about it, the last of them of kind "done".

        Raises TimeoutError, and KernelDiedError when the process ends.
        """
        yield from self._ask({"run": source}, timeout_s)

    def explain(self) -> None:
        """Have the kernel write what it saw of the `tape.gradient` calls.  Raises as `run` does."""
        for _ in self._ask({"explain": True}, EXPLAIN_LIMIT_S):
            pass

    def _ask(self, request: dict[str, Any], timeout_s: float | None) -> Iterator[dict[str, Any]]:
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(json.dumps(request) + "\n")
            self.process.stdin.flush()
        except OSError:
            raise KernelDiedError from None
        while True:
            message = self._answer(deadline)
            yield message
            if message["kind"] == "done":
                return

    def _answer(self, deadline: float | None) -> dict[str, Any]:
        try:
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            line = self.answers.get(timeout=left)
        except queue.Empty:
            raise TimeoutError from None
        if line is None or not line.endswith("\n"):
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(END_LIMIT_S)
            raise KernelDiedError
        return json.loads(line)

    def last_words(self) -> str:
        """Why the process ended: its status and the last line of what it wrote."""
        status = self.process.poll()
        self.errors.seek(0)
        lines = self.errors.read().decode("utf-8", "replace").strip().splitlines()
        words = "still running" if status is None else cause_of_death(status)
        return f"{words} ({lines[-1].strip()})" if lines else words

    def close(self, kindly: bool = False) -> None:
        """End the kernel and remove its folder.  Leaves no process and no file behind.

        kindly: let it shut down in its own time: exit handlers run, open files are flushed.
        """
        if kindly and self.process.stdin is not None:
            with contextlib.suppress(OSError):
                self.process.stdin.write("null\n")
                self.process.stdin.close()
        end(self.process, END_LIMIT_S if kindly else 0.0)
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        self._forget()

    def _forget(self) -> None:
        self.errors.close()
        shutil.rmtree(self.home, ignore_errors=True)
