"""The connections themselves: how many at once, and how long one may wait with its request."""

from __future__ import annotations

from typing import Any

from gradtape.lab.extras import load
from gradtape.lab.limits import CONNECTIONS_AT_ALL, FIRST_REQUEST_S

BUSY = (
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: text/plain; charset=utf-8\r\n"
    b"content-length: 16\r\nconnection: close\r\n\r\nThe lab is full\n"
)


def protocol() -> type[Any]:
    """uvicorn's protocol of HTTP, which turns away what is too much or too slow.  Imports uvicorn."""
    h11_protocol: Any = load("uvicorn.protocols.http.h11_impl").H11Protocol

    class Doorman(h11_protocol):
        """A connection is closed when there are too many, or its next request takes too long to arrive."""

        patience: Any = None

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            if len(self.connections) > CONNECTIONS_AT_ALL:
                transport.write(BUSY)
                transport.close()
            else:
                self.wait()

        def connection_lost(self, exc: Exception | None) -> None:
            self.stop_waiting()
            super().connection_lost(exc)

        def on_response_complete(self) -> None:
            super().on_response_complete()
            self.wait()

        def handle_websocket_upgrade(self, event: Any) -> None:
            self.stop_waiting()
            super().handle_websocket_upgrade(event)

        def wait(self) -> None:
            self.stop_waiting()
            self.patience = self.loop.call_later(FIRST_REQUEST_S, self.give_up)

        def stop_waiting(self) -> None:
            if self.patience is not None:
                self.patience.cancel()
                self.patience = None

        def give_up(self) -> None:
            if self.cycle is not None and not self.cycle.response_complete:
                self.wait()  # it is we who have not answered yet
            else:
                self.transport.close()

    return Doorman
