"""Who may come in: the token, the names this server goes by, and what its pages may do."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

TOKEN_BYTES = 32
NAMES = ("127.0.0.1", "localhost")
NOTHING = "'none'"
HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)


@dataclass(frozen=True)
class Refusal:
    """Why a request is not served."""

    status: int
    text: str


@dataclass
class Keys:
    """What opens the door of one server: its port and its token."""

    port: int
    token: str = field(default_factory=lambda: secrets.token_urlsafe(TOKEN_BYTES))

    @property
    def cookie(self) -> str:
        """The cookie's name: cookies do not tell ports apart, so the name does."""
        return f"gradtape-lab-{self.port}"

    @property
    def hosts(self) -> tuple[str, ...]:
        return tuple(f"{name}:{self.port}" for name in NAMES)

    @property
    def address(self) -> str:
        """The address to open, with the token in it."""
        return f"http://127.0.0.1:{self.port}/?token={self.token}"

    def fits(self, offered: str) -> bool:
        """Whether this is the token; takes as long for any text of its length."""
        return secrets.compare_digest(offered.encode("utf-8", "replace"), self.token.encode())


def judge(scope: Scope, keys: Keys) -> Refusal | None:
    """Why a request or the opening of a WebSocket is refused, or None.

    Host must be one of our names with our port: a foreign name that leads here (DNS rebinding) is refused.  What is
    not a plain GET or HEAD, and every WebSocket, must come from a page of ours (Origin).  The token comes in the
    address or in the cookie.
    """
    headers = scope["headers"]
    if _values(headers, b"host") not in [[host] for host in keys.hosts]:
        return Refusal(421, "This server goes by 127.0.0.1 and localhost only.")
    origins = _values(headers, b"origin")
    ours = [[f"http://{host}"] for host in keys.hosts]
    asks = scope["type"] == "http" and scope["method"] in ("GET", "HEAD")
    if origins not in ours and (origins or not asks):
        return Refusal(403, "This request does not come from a page of the lab.")
    if not any(keys.fits(offered) for offered in _offered(scope, keys)):
        return Refusal(403, "Open the address that `gradtape lab` printed: it holds the token.")
    if scope["type"] == "http" and not asks:
        return Refusal(405, "The lab answers GET and HEAD only.")
    return None


def _values(headers: list[tuple[bytes, bytes]], name: bytes) -> list[str]:
    return [value.decode("latin-1").strip() for key, value in headers if key.lower() == name]


def _offered(scope: Scope, keys: Keys) -> list[str]:
    try:
        query = parse_qs(scope["query_string"].decode("ascii", "replace"), max_num_fields=20)
    except ValueError:
        query = {}
    found = query.get("token", [])[:1]
    for text in _values(scope["headers"], b"cookie"):
        try:
            morsel = SimpleCookie(text).get(keys.cookie)
        except CookieError:
            continue
        if morsel is not None:
            found.append(morsel.value)
    return found


def policy(port: int) -> str:
    """The content security policy of the lab's own pages: nothing inline, nothing from elsewhere, no eval."""
    sockets = " ".join(f"ws://{name}:{port}" for name in NAMES)
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        f"connect-src 'self' {sockets}; frame-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'self'"
    )


def document_policy(page: str) -> str:
    """The policy of a self-contained page: its own scripts and styles by their hashes, nothing else, in a sandbox.

    The page is an origin of its own: it reaches neither the lab nor the network.
    """
    reader = _Inline()
    reader.feed(page)
    reader.close()
    return (
        f"default-src 'none'; script-src {_hashes(reader.texts['script'])}; "
        f"style-src {_hashes(reader.texts['style'])}; img-src data:; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'self'; sandbox allow-scripts allow-downloads"
    )


def _hashes(texts: list[str]) -> str:
    digests = [hashlib.sha256(text.encode("utf-8")).digest() for text in texts]
    return " ".join(f"'sha256-{base64.b64encode(d).decode('ascii')}'" for d in digests) or NOTHING


class _Inline(HTMLParser):
    """The texts of a page's inline scripts and styles."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.texts: dict[str, list[str]] = {"script": [], "style": []}
        self.inside: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.inside = self.texts.get(tag)
        if self.inside is not None:
            self.inside.append("")

    def handle_endtag(self, tag: str) -> None:
        self.inside = None

    def handle_data(self, data: str) -> None:
        if self.inside is not None:
            self.inside[-1] += data


class Guard:
    """Stands before the application: refuses what `judge` refuses, and puts the headers on every answer."""

    def __init__(self, app: App, keys: Keys):
        self.app, self.keys = app, keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        refusal = judge(scope, self.keys)
        if refusal is not None:
            await refuse(scope, send, refusal)
            return
        await self.app(scope, receive, self._sending(scope, send))

    def _sending(self, scope: Scope, send: Send) -> Send:
        own = policy(self.keys.port).encode("ascii")
        cookie = f"{self.keys.cookie}={self.keys.token}; Path=/; HttpOnly; SameSite=Strict"

        async def sending(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                headers = [*message.get("headers", ()), *HEADERS]
                if not any(key == b"content-security-policy" for key, _ in headers):
                    headers.append((b"content-security-policy", own))
                if b"token=" in scope["query_string"]:
                    headers.append((b"set-cookie", cookie.encode("ascii")))
                message = {**message, "headers": headers}
            await send(message)

        return sending


async def refuse(scope: Scope, send: Send, refusal: Refusal) -> None:
    """Answer with the refusal's status, a WebSocket before it is opened."""
    kind = "websocket.http.response" if scope["type"] == "websocket" else "http.response"
    body = (refusal.text + "\n").encode("utf-8")
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(body)).encode("ascii")),
        (b"connection", b"close"),
        *HEADERS,
    ]
    await send({"type": f"{kind}.start", "status": refusal.status, "headers": headers})
    await send({"type": f"{kind}.body", "body": body})
