"""`gradtape lab [FILE]`: networks that train on a page of this machine."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from gradtape.cli.options import add_running
from gradtape.runner.child import TerminatedError, sigterm_raises
from gradtape.runner.status import OK, TERMINATED, RunnerError

EPILOG = """\
The page can be reached from this machine only, and only with the address that is printed.
FILE runs once, as with `gradtape run`; each tape.gradient call in it becomes an entry of the gallery.

exit status: 0 after Ctrl-C; 3 where an argument is not as it should be; 143 when asked to end
"""


def add(commands: Any) -> None:
    """Add the subcommand to the parser."""
    parser = commands.add_parser(
        "lab",
        help="train networks on a page in the browser",
        description="Serve a gallery of networks that train before your eyes.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "file", metavar="FILE", type=Path, nargs="?", help="a script (.py) or a notebook (.ipynb)"
    )
    parser.add_argument("--port", type=_port, default=0, help="of loopback (a free one)")
    parser.add_argument("--no-browser", action="store_true", help="only print the address")
    add_running(parser)
    parser.set_defaults(call=call)


def _port(text: str) -> int:
    value = int(text)
    if not 0 <= value < 65536:
        raise ValueError(text)
    return value


def call(chosen: argparse.Namespace) -> int:
    """Serve until Ctrl-C.  Raises RunnerError."""
    from gradtape.lab.server import serve

    try:
        with sigterm_raises():
            serve(chosen.port, not chosen.no_browser, _say, _visit(chosen))
    except TerminatedError:
        return TERMINATED
    except ImportError as error:
        raise RunnerError(str(error)) from None
    except OSError as error:
        raise RunnerError(f"port {chosen.port} cannot be used: {error.strerror}") from None
    return OK


def _visit(chosen: argparse.Namespace) -> Any:
    if chosen.file is None:
        return None
    from gradtape.lab.visitor import Visit
    from gradtape.runner.explaining import explain_file

    explained = explain_file(
        chosen.file,
        live=True,
        timeout_s=chosen.timeout,
        seeding=chosen.seeding,
        eagerly=chosen.eagerly,
    )
    return Visit(chosen.file, explained.told, explained.trouble)


def _say(text: str) -> None:
    print(text)
    sys.stdout.flush()
