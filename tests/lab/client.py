"""A real lab on a free port of loopback, in a thread of this process, and ways to speak to it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import Message
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

from gradtape.lab.guard import Keys
from gradtape.lab.server import LabServer
from gradtape.lab.visitor import Visit

SRC = Path(__file__).resolve().parents[2] / "src"


class Speaker:
    """A WebSocket that speaks JSON."""

    def __init__(self, socket: ClientConnection):
        self.socket = socket

    def say(self, **message: Any) -> None:
        self.socket.send(json.dumps(message))

    def hear(self, timeout: float = 10.0) -> dict[str, Any]:
        return json.loads(self.socket.recv(timeout))

    def until(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The first message that is wanted; those before it are dropped."""
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            message = self.hear()
            if wanted(message):
                return message
        raise AssertionError("the wanted message did not come")

    def frame(self, step: int | None = None) -> dict[str, Any]:
        return self.until(lambda m: m["type"] == "frame" and step in (None, m["step"]))

    def error(self) -> str:
        return self.until(lambda m: m["type"] == "error")["text"]


class LabClient:
    """What a page of the lab, or a stranger, sends to it."""

    def __init__(self, keys: Keys, server: LabServer | None = None):
        self.keys, self.server = keys, server
        self.port = keys.port
        self.origin = f"http://127.0.0.1:{self.port}"

    def get(
        self, path: str = "/", token: str | None = None, method: str = "GET", **headers: str
    ) -> tuple[int, Message, str]:
        """Status, headers and text; the true token where none is given, "" for none at all."""
        token = self.keys.token if token is None else token
        query = f"?token={token}" if token else ""
        names = {key.replace("_", "-"): value for key, value in headers.items()}
        request = urllib.request.Request(self.origin + path + query, headers=names, method=method)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.headers, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.headers, error.read().decode()

    @contextmanager
    def train(self, name: str = "neuron", **options: Any) -> Iterator[Speaker]:
        """A page of an exhibit; raises what `connect` raises where it is refused."""
        token = options.pop("token", self.keys.token)
        origin = options.pop("origin", self.origin)
        query = f"?token={token}" if token else ""
        address = f"ws://127.0.0.1:{self.port}/train/{name}{query}"
        with connect(address, origin=origin, **options) as socket:
            yield Speaker(socket)

    def trains(self) -> bool:
        """Whether the lab answers and a network in it learns."""
        status, _, text = self.get()
        with self.train() as page:
            first = page.frame(0)
            page.say(do="step", count=5)
            return status == 200 and "Gallery" in text and page.frame(5)["loss"] < first["loss"]


@contextmanager
def running(visit: Visit | None = None) -> Iterator[LabClient]:
    """A lab that runs in a thread until the block is left."""
    server = LabServer(0, visit)
    thread = threading.Thread(target=server.run, name="the lab")
    thread.start()
    try:
        yield LabClient(server.lab.keys, server)
    finally:
        server.stop()
        thread.join(20)
        assert not thread.is_alive(), "the lab did not come to its end"


@contextmanager
def command(*arguments: str, **options: Any) -> Iterator[tuple[Any, str]]:
    """`gradtape lab …` in a process of its own, and the address that it prints."""
    process = subprocess.Popen(
        [sys.executable, "-m", "gradtape", "lab", "--no-browser", *arguments],
        env=dict(os.environ) | {"PYTHONPATH": str(SRC)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("gradtape lab: http://127.0.0.1:"), line
        yield process, line.split()[-1]
    finally:
        process.kill()
        process.wait(20)
        process.stdout.close()
        process.stderr.close()
