"""The server: on loopback only, until Ctrl-C."""

from __future__ import annotations

import contextlib
import logging
import socket
import webbrowser
from collections.abc import Callable
from typing import Any

from gradtape.lab.app import Lab, application
from gradtape.lab.doorman import protocol
from gradtape.lab.extras import load
from gradtape.lab.guard import Keys
from gradtape.lab.limits import CONNECTIONS, KEEP_ALIVE_S, PING_S
from gradtape.lab.messages import MESSAGE_BYTES
from gradtape.lab.visitor import Visit

LOOPBACK = "127.0.0.1"
# What uvicorn logs as errors though it is strangers' doing, and answered: anybody could fill the terminal with it.
OF_STRANGERS = (
    "ASGI callable returned without completing handshake.",
    "Invalid UTF-8 sequence received from client.",
)


def worth_saying(record: logging.LogRecord) -> bool:
    """Whether a line of the log tells of a fault of the lab's own."""
    return record.getMessage() not in OF_STRANGERS


class LabServer:
    """A server that listens from its making on.

    port: 0 takes a free one.  visit: the user's file as it ran, or None.
    Raises OSError where the port is taken, ImportError where a library of the `lab` extra is missing.
    """

    def __init__(self, port: int = 0, visit: Visit | None = None):
        uvicorn: Any = load("uvicorn")
        load("websockets")
        load("starlette")
        self.socket = listening(port)
        try:
            keys = Keys(self.socket.getsockname()[1])
            self.lab = Lab(keys, visit)
            if visit is not None:
                visit.shelve(self.lab.shelf)
            config = uvicorn.Config(
                application(self.lab),
                http=protocol(),
                ws="websockets-sansio",
                ws_max_size=MESSAGE_BYTES,
                ws_per_message_deflate=False,
                ws_ping_interval=PING_S,
                ws_ping_timeout=PING_S,
                lifespan="off",
                log_level="error",
                access_log=False,
                server_header=False,
                proxy_headers=False,
                limit_concurrency=CONNECTIONS,
                timeout_keep_alive=KEEP_ALIVE_S,
                timeout_graceful_shutdown=3,
            )
            logging.getLogger("uvicorn.error").addFilter(worth_saying)
            self.server: Any = uvicorn.Server(config)
        except BaseException:
            self.socket.close()
            raise

    @property
    def address(self) -> str:
        """The address with the token."""
        return self.lab.keys.address

    def run(self) -> None:
        """Serve until `stop` is called or Ctrl-C comes."""
        try:
            with contextlib.suppress(KeyboardInterrupt):
                self.server.run(sockets=[self.socket])
        finally:
            self.socket.close()
            self.lab.pool.shutdown(wait=True, cancel_futures=True)

    def stop(self) -> None:
        """Let `run` come to its end; from any thread."""
        self.server.should_exit = True


def listening(port: int) -> socket.socket:
    """A socket that listens on loopback.  Raises OSError."""
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((LOOPBACK, port))
        made.listen(128)
    except OSError:
        made.close()
        raise
    return made


def serve(port: int, browser: bool, say: Callable[[str], None], visit: Visit | None = None) -> None:
    """Print the address, open it in the browser if wished, and serve until Ctrl-C."""
    server = LabServer(port, visit)
    say(f"gradtape lab: {server.address}")
    say("Only this machine can reach it, and only with this address. Ctrl-C ends it.")
    if browser:
        webbrowser.open(server.address)
    server.run()
