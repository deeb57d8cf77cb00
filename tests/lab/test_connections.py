"""A thousand connections: refused or served, and the lab goes on; slow ones are sent away."""

from __future__ import annotations

import asyncio
import socket
from collections import Counter

import pytest
from tests.lab.client import running
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidHandshake, InvalidStatus

from gradtape.lab import doorman
from gradtape.lab.limits import CONNECTIONS_AT_ALL, SESSIONS

COUNT, AT_ONCE = 1000, 100


async def fifty_by_fifty(open_one, hold: bool) -> Counter:
    """Open COUNT connections, at most AT_ONCE being opened at a time; what each came to.

    hold: keep all that were let in until the last one was tried.
    """
    gate, done, held = asyncio.Semaphore(AT_ONCE), Counter(), []

    async def one() -> None:
        async with gate:
            outcome, close = await asyncio.wait_for(open_one(), 30)
            done[outcome] += 1
            if hold and close is not None:
                held.append(close)
            elif close is not None:
                await close()

    await asyncio.gather(*(one() for _ in range(COUNT)))
    await asyncio.gather(*(close() for close in held))
    return done


def test_a_thousand_pages_that_stay(lab):
    async def page():
        address = f"ws://127.0.0.1:{lab.port}/train/neuron?token={lab.keys.token}"
        try:
            line = await connect(address, origin=lab.origin, open_timeout=25)
        except InvalidStatus as error:
            return error.response.status_code, None
        except (InvalidHandshake, OSError):
            return "cut off", None
        return 101, line.close

    outcomes = asyncio.run(fifty_by_fifty(page, hold=True))
    assert outcomes[101] == SESSIONS
    assert sum(outcomes.values()) == COUNT
    assert set(outcomes) <= {101, 503, "cut off"}
    assert outcomes[503] > COUNT / 2
    assert until_it_trains(lab)


def test_a_thousand_requests(lab):
    async def request():
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", lab.port)
            head = f"GET /?token={lab.keys.token} HTTP/1.1\r\nHost: 127.0.0.1:{lab.port}\r\n\r\n"
            writer.write(head.encode())
            answer = await reader.read(16)
        except OSError:
            return "cut off", None

        async def close() -> None:
            writer.close()

        return answer[9:12].decode() or "cut off", close

    outcomes = asyncio.run(fifty_by_fifty(request, hold=False))
    assert sum(outcomes.values()) == COUNT
    assert set(outcomes) <= {"200", "503", "cut off"}
    assert outcomes["200"] > 0
    assert until_it_trains(lab)


def test_a_thousand_that_never_ask(monkeypatch):
    monkeypatch.setattr(doorman, "FIRST_REQUEST_S", 1.0)
    with running() as lab:

        async def silent():
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", lab.port)
            except OSError:
                return "cut off", None

            async def close() -> None:
                ended.append(await asyncio.wait_for(reader.read(), 20))
                writer.close()

            return "open", close

        ended: list[bytes] = []
        outcomes = asyncio.run(fifty_by_fifty(silent, hold=True))
        assert sum(outcomes.values()) == COUNT
        busy = [answer for answer in ended if answer]
        assert all(answer.startswith(b"HTTP/1.1 503") for answer in busy)
        assert len(ended) - len(busy) <= CONNECTIONS_AT_ALL + AT_ONCE
        assert until_it_trains(lab)


def until_it_trains(lab, tries: int = 100) -> bool:
    """Whether the lab serves again once the crowd has gone."""
    for _ in range(tries):
        try:
            return lab.trains()
        except (OSError, InvalidHandshake):
            socket.create_connection(("127.0.0.1", lab.port), timeout=5).close()
        except AssertionError:
            pass
    return False


@pytest.mark.parametrize("drip", [b"G", b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: "])
def test_a_request_that_comes_by_drops_is_cut_off(monkeypatch, drip):
    monkeypatch.setattr(doorman, "FIRST_REQUEST_S", 0.5)
    with running() as lab, socket.create_connection(("127.0.0.1", lab.port), timeout=10) as line:
        line.sendall(drip)
        line.settimeout(0.1)
        for _ in range(100):
            try:
                line.sendall(b"x")
                if line.recv(100) == b"":
                    break
            except TimeoutError:
                continue
            except OSError:
                break
        else:
            raise AssertionError("it is still open after ten seconds")
        assert lab.trains()


def test_what_is_no_http_is_refused(lab):
    for nonsense in (b"\x16\x03\x01" * 100 + b"\r\n\r\n", b"GET\r\n\r\n", b"X" * 200_000):
        with socket.create_connection(("127.0.0.1", lab.port), timeout=10) as line:
            try:
                line.sendall(nonsense)
                assert line.recv(100)[9:12] in (b"400", b"")
            except ConnectionError:
                continue  # closed before all of it was sent
    assert lab.trains()
