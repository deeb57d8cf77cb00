"""The command `gradtape`."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from gradtape.cli import explain, lab, run
from gradtape.runner.status import BAD_INPUT, INTERRUPTED, RunnerError

COMMANDS = (run, explain, lab)


class Parser(argparse.ArgumentParser):
    """Usage errors have a status of their own, apart from that of a cell that failed."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(BAD_INPUT, f"{self.prog}: {message}\n")


class Version(argparse.Action):
    """Print the version of the package; reading it takes some 50 ms, so only when asked."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        try:
            text = importlib.import_module("importlib.metadata").version("gradtape")
        except ImportError:  # run from its sources, not installed
            text = str(getattr(sys.modules["gradtape"], "__version__", "(not installed)"))
        print(f"gradtape {text}")
        parser.exit()


def parser() -> argparse.ArgumentParser:
    """The parser, with a subparser for each command: a module with `add(subparsers)`."""
    top = Parser(
        prog="gradtape",
        description="Gradients of neural networks, computed, shown and checked.",
    )
    top.add_argument("--version", action=Version, nargs=0, help="print the version")
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add(commands)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.  Returns the exit status; a RunnerError becomes one line on stderr."""
    try:
        chosen = parser().parse_args(arguments)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else BAD_INPUT
    try:
        status = chosen.call(chosen)
        sys.stdout.flush()
        return status
    except RunnerError as error:
        print(f"gradtape: {error}", file=sys.stderr)
        return error.status
    except KeyboardInterrupt:
        print("gradtape: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
