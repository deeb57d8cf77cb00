"""The command: its address, its port, its end."""

from __future__ import annotations

import builtins
import os
import signal
import socket
import subprocess
import sys
import threading
import urllib.request

import psutil
import pytest
from tests.lab.client import SRC, LabClient, command, running
from websockets.exceptions import ConnectionClosed, InvalidStatus

from gradtape.cli.main import main
from gradtape.lab.extras import load
from gradtape.lab.guard import Keys
from gradtape.lab.limits import PAGES_KEPT
from gradtape.lab.server import LabServer
from gradtape.lab.shelf import Shelf


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 0), (signal.SIGTERM, 143)])
def test_it_prints_its_address_and_ends_cleanly(number, status):
    with command() as (process, address):
        with urllib.request.urlopen(address, timeout=10) as answer:
            assert answer.status == 200
        listening = [
            c.laddr.ip
            for c in psutil.Process(process.pid).net_connections("inet")
            if c.status == "LISTEN"
        ]
        assert listening == ["127.0.0.1"]
        process.send_signal(number)
        out, errors = process.communicate(timeout=20)
        assert process.returncode == status
        assert "Traceback" not in out + errors


def test_what_is_refused_does_not_fill_the_terminal():
    with command() as (process, address):
        place, _, token = address.partition("/?token=")
        lab = LabClient(Keys(int(place.rpartition(":")[2]), token))
        for refused in ({"token": "x"}, {"origin": "http://elsewhere"}, {"name": "none"}):
            with pytest.raises(InvalidStatus), lab.train(**refused):
                raise AssertionError
        assert lab.get(token="x")[0] == 403
        with lab.train() as page:
            page.socket.socket.sendall(b"\x81\x81\0\0\0\0\xff")  # a text that is no UTF-8
            with pytest.raises(ConnectionClosed):
                page.until(lambda message: False)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20)
        assert errors == ""


def test_it_ends_while_networks_train():
    with command() as (process, address):
        place, _, token = address.partition("/?token=")
        lab = LabClient(Keys(int(place.rpartition(":")[2]), token))
        with lab.train("mlp") as page:
            page.say(do="pace", value=1000)
            page.say(do="start")
            page.until(lambda m: m.get("step", 0) > 10)
            process.send_signal(signal.SIGINT)
            out, errors = process.communicate(timeout=20)
        assert process.returncode == 0
        assert "Traceback" not in out + errors


def test_a_port_of_ones_own_and_a_taken_one():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with command("--port", str(port)) as (_, address):
        assert f":{port}/" in address
        done = subprocess.run(
            [sys.executable, "-m", "gradtape", "lab", "--no-browser", "--port", str(port)],
            env=dict(os.environ) | {"PYTHONPATH": str(SRC)},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 3
        assert done.stderr.splitlines()[-1].startswith(f"gradtape: port {port} cannot be used:")
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize("port", ["-1", "65536", "x"])
def test_a_port_that_is_none(capsys, port):
    assert main(["lab", "--port", port, "--no-browser"]) == 3
    assert "argument --port: invalid" in capsys.readouterr().err


def test_a_file_that_is_not_there(capsys):
    assert main(["lab", "none.py", "--no-browser"]) == 3
    assert "none.py does not exist" in capsys.readouterr().err


def test_a_library_that_is_missing(monkeypatch, capsys):
    original = builtins.__import__

    def absent(name, *rest):
        if name.partition(".")[0] == "uvicorn":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return original(name, *rest)

    for name in [n for n in sys.modules if n.partition(".")[0] == "uvicorn"]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(ImportError, match=r"pip install 'gradtape\[lab\]'"):
        load("uvicorn")
    assert main(["lab", "--no-browser"]) == 3
    assert "gradtape[lab]" in capsys.readouterr().err


def test_stopping_a_server_that_nobody_asked():
    server = LabServer()
    thread = threading.Thread(target=server.run)
    thread.start()
    server.stop()
    thread.join(20)
    assert not thread.is_alive()


def test_many_labs_one_after_the_other_leave_no_thread():
    before = threading.active_count()
    for _ in range(3):
        with running() as lab:
            assert lab.trains()
    assert threading.active_count() == before


def test_a_shelf_forgets_the_oldest():
    shelf = Shelf()
    kept = shelf.keep("stays")
    paths = [shelf.put(f"page {n}") for n in range(PAGES_KEPT + 3)]
    number = lambda path: int(path.rpartition("/")[2])
    assert shelf.get(number(kept)) == "stays"
    assert [shelf.get(number(p)) for p in paths[:4]] == [None, None, None, "page 3"]
    assert shelf.get(number(paths[-1])) == f"page {PAGES_KEPT + 2}"
    assert shelf.get(10**9) is None
