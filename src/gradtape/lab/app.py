"""The application: the gallery, the exhibits, the pages that explain, and the WebSocket of each exhibit."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

from gradtape.insight.colours import variables
from gradtape.lab import pages
from gradtape.lab.exhibits import EXHIBITS
from gradtape.lab.extras import load
from gradtape.lab.guard import Guard, Keys, Refusal, document_policy, refuse
from gradtape.lab.limits import SESSIONS
from gradtape.lab.session import Session
from gradtape.lab.shelf import Shelf
from gradtape.lab.trainer import Trainer
from gradtape.lab.visitor import Visit

ROOT = '<main id="gradtape">'  # of a live page
STATIC = {
    "colours.css": "text/css; charset=utf-8",
    "lab.css": "text/css; charset=utf-8",
    "charts.css": "text/css; charset=utf-8",
    "sources.css": "text/css; charset=utf-8",
    "theme.js": "text/javascript; charset=utf-8",
    "exhibit.js": "text/javascript; charset=utf-8",
    "charts.js": "text/javascript; charset=utf-8",
    "line.js": "text/javascript; charset=utf-8",
    "live.js": "text/javascript; charset=utf-8",
}


@dataclass
class Lab:
    """What one server has: its keys, the user's file as it ran, the pages, the sessions."""

    keys: Keys
    visit: Visit | None = None
    shelf: Shelf = field(default_factory=Shelf)
    pool: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(2, thread_name_prefix="gradtape-lab")
    )
    sessions: int = 0

    def explain(self, trainer: Trainer) -> str:
        """A live page of the network as it is now; its path."""
        return self.shelf.put(live_page(trainer))


def live_page(trainer: Trainer) -> str:
    """The self-contained page of the present step."""
    from gradtape.insight.calls.scene import in_scene
    from gradtape.insight.page.live import page_of
    from gradtape.insight.reading import recorded
    from gradtape.insight.source import Place

    tape, loss, weights = trainer.gradient_call()
    names = {**trainer.names, "loss": loss}
    place = Place(names["__file__"], 1, "")
    recording = in_scene(place, "<module>", names, lambda: recorded(tape, loss, weights))
    return page_of(recording, learning_rate=trainer.rate)


def application(lab: Lab) -> Any:
    """The ASGI application, its guard before it.  Imports Starlette."""
    routing: Any = load("starlette.routing")
    starlette: Any = load("starlette.applications")
    routes = [
        routing.Route("/", _answer(lambda request: pages.gallery(lab.visit))),
        routing.Route("/static/{name}", _static),
        routing.Route("/page/{number:int}", _document(lab)),
        routing.Route("/call/{number:int}", _answer(_call(lab))),
        routing.Route("/{name}", _answer(_exhibit)),
        routing.WebSocketRoute("/train/{name}", _training(lab)),
    ]
    return Guard(starlette.Starlette(routes=routes), lab.keys)


def _answer(make: Any) -> Any:
    responses: Any = load("starlette.responses")

    async def endpoint(request: Any) -> Any:
        page = make(request)
        if page is None:
            return responses.HTMLResponse(pages.lost(), 404)
        return responses.HTMLResponse(page)

    return endpoint


def _exhibit(request: Any) -> str | None:
    exhibit = EXHIBITS.get(request.path_params["name"])
    return None if exhibit is None else pages.exhibit(exhibit)


def _call(lab: Lab) -> Any:
    def page(request: Any) -> str | None:
        entry = lab.visit.entry(request.path_params["number"]) if lab.visit else None
        return None if entry is None else pages.call(entry)

    return page


async def _static(request: Any) -> Any:
    responses: Any = load("starlette.responses")
    name = request.path_params["name"]
    if name not in STATIC:
        return responses.PlainTextResponse("There is no such file.\n", 404)
    return responses.Response(_text_of(name), headers={"content-type": STATIC[name]})


def _text_of(name: str) -> str:
    if name == "colours.css":
        return variables(":root")
    if name == "sources.css":
        return (files("gradtape.insight") / "calls" / name).read_text("utf-8")
    return (files("gradtape.lab") / "page" / name).read_text("utf-8")


def _document(lab: Lab) -> Any:
    responses: Any = load("starlette.responses")

    async def endpoint(request: Any) -> Any:
        page = lab.shelf.get(request.path_params["number"])
        if page is None:
            return responses.HTMLResponse(pages.lost(), 404)
        theme = request.query_params.get("theme")
        if theme in ("light", "dark"):
            page = page.replace(ROOT, f'{ROOT[:-1]} data-theme="{theme}">', 1)
        headers = {"content-security-policy": document_policy(page)}
        return responses.HTMLResponse(page, headers=headers)

    return endpoint


class SocketLine:
    """Starlette's WebSocket; a page that is gone is a ConnectionError."""

    def __init__(self, socket: Any):
        self.socket = socket
        self.gone: Any = load("starlette.websockets").WebSocketDisconnect

    async def receive(self) -> Any:
        return await self.socket.receive()

    async def send_text(self, data: str) -> None:
        try:
            await self.socket.send_text(data)
        except self.gone:
            raise ConnectionError("the page is gone") from None

    async def close(self, code: int = 1000, reason: str = "") -> None:
        try:
            await self.socket.close(code, reason)
        except self.gone:
            raise ConnectionError("the page is gone") from None


def _training(lab: Lab) -> Any:
    async def endpoint(socket: Any) -> None:
        exhibit = EXHIBITS.get(socket.path_params["name"])
        if exhibit is None:
            await refuse(socket.scope, socket.send, Refusal(404, "There is no such network."))
            return
        if lab.sessions >= SESSIONS:
            full = Refusal(503, "As many networks are in training as the lab can hold.")
            await refuse(socket.scope, socket.send, full)
            return
        lab.sessions += 1
        try:
            await socket.accept()
            await Session(SocketLine(socket), exhibit, lab.pool, lab.explain).run()
        finally:
            lab.sessions -= 1

    return endpoint
