"""Run a script as `__main__`, in a process of its own, with `tensorflow` as gradtape."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from gradtape.insight.calls.spots import Wish
from gradtape.runner.alias import install_as_tensorflow
from gradtape.runner.child import TerminatedError, end, environment, sigterm_raises, spawn
from gradtape.runner.files import read_text
from gradtape.runner.looking_on import looking_on
from gradtape.runner.status import CELL_FAILED, INTERRUPTED, OK, TERMINATED, TIMED_OUT, RunnerError


def run_script(
    path: str | Path,
    arguments: Sequence[str] = (),
    *,
    timeout_s: float | None = None,
    seeding: str | None = None,
    wish: Wish | None = None,
    eagerly: bool = False,
    show: bool = True,
) -> int:
    """Run a script; what it prints goes where ours goes.  Returns 0, or 2 when it failed.

    path: a Python file; its folder comes first on the import path, as with `python FILE`.
    timeout_s: seconds for the whole script; None: no limit.
    wish: which of its `tape.gradient` calls are to be explained, and into what file; None: none.
    eagerly: traced functions run as plain Python.  show: False: what it prints goes nowhere.
    Raises RunnerError: the file cannot be read; the script takes longer than timeout_s; Ctrl-C.
    """
    path = Path(path)
    read_text(path, "the script")
    sys.stdout.flush()
    process = spawn(
        "gradtape.runner.script",
        [
            *(["--wish", wish.text()] if wish else []),
            *(["--eagerly"] if eagerly else []),
            str(path.resolve()),
            *arguments,
        ],
        env=environment(seeding),
        stdout=None if show else subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        with sigterm_raises():
            status = process.wait(timeout_s)
    except subprocess.TimeoutExpired:
        raise RunnerError(
            f"{path} took longer than {timeout_s:g} s and was ended (--timeout sets the limit)",
            TIMED_OUT,
        ) from None
    except KeyboardInterrupt:
        raise RunnerError(f"{path} was interrupted", INTERRUPTED) from None
    except TerminatedError:
        raise RunnerError(f"{path} was asked to end", TERMINATED) from None
    finally:
        end(process)
    return OK if status == 0 else CELL_FAILED


def main(arguments: list[str]) -> None:
    """The child: `arguments` is [--wish TEXT] [--eagerly], the script and what it is given."""
    wish = Wish.read(arguments[1]) if arguments[0] == "--wish" else None
    arguments = arguments[2:] if wish else arguments
    eagerly = arguments[0] == "--eagerly"
    arguments = arguments[1:] if eagerly else arguments
    script = arguments[0]
    sys.argv = arguments
    sys.path.insert(0, os.path.dirname(script))
    np.set_printoptions(legacy="1.25")
    install_as_tensorflow()
    with looking_on(wish, eagerly, script):
        runpy.run_path(script, run_name="__main__")


if __name__ == "__main__":
    main(sys.argv[1:])
