"""Who is let in: token, Host, Origin; what the pages may do."""

from __future__ import annotations

import re
import socket

import pytest
from websockets.exceptions import InvalidStatus

from gradtape.lab.guard import Keys, document_policy


def refused(lab, **options) -> int:
    with pytest.raises(InvalidStatus) as caught, lab.train(**options):
        pass
    return caught.value.response.status_code


@pytest.mark.parametrize("path", ["/", "/neuron", "/static/lab.css", "/page/1", "/nothing"])
@pytest.mark.parametrize("token", ["", "wrong", "é" * 43, "x" * 4000])
def test_without_the_token_there_is_nothing(lab, path, token):
    status, headers, text = lab.get(path, token=token and token.encode("unicode_escape").decode())
    assert status == 403
    assert "Set-Cookie" not in headers
    assert "token" in text


def test_a_token_that_is_right_but_for_its_end(lab):
    token = lab.keys.token
    for wrong in (token[:-1], token + "x", token[:-1] + ("A" if token[-1] != "A" else "B")):
        assert lab.get(token=wrong)[0] == 403
        assert refused(lab, token=wrong) == 403


def test_tokens_are_long_and_their_own():
    tokens = {Keys(1).token for _ in range(50)}
    assert len(tokens) == 50
    assert min(map(len, tokens)) >= 43


def test_the_token_is_kept_in_a_cookie_that_scripts_and_other_sites_do_not_get(lab):
    cookie = lab.get()[1]["Set-Cookie"]
    assert cookie == (
        f"gradtape-lab-{lab.port}={lab.keys.token}; Path=/; HttpOnly; SameSite=Strict"
    )
    pair = cookie.partition(";")[0]
    assert lab.get("/neuron", token="", Cookie=pair)[0] == 200
    assert lab.get("/neuron", token="", Cookie=pair[:-1])[0] == 403
    assert lab.get("/neuron", token="", Cookie=f"gradtape-lab-1={lab.keys.token}")[0] == 403
    with lab.train(token="", additional_headers={"Cookie": pair}) as page:
        assert page.frame()["step"] == 0


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "127.0.0.2:{port}",
             "localhost.evil.example:{port}", "[::1]:{port}", "127.0.0.1:{port}.evil.example", ""]
)  # fmt: skip
def test_a_foreign_name_that_leads_here_is_refused(lab, host):
    status, headers, _ = lab.get(Host=host.format(port=lab.port))
    assert status == 421
    assert "Set-Cookie" not in headers
    assert raw(lab, websocket_request(lab, host.format(port=lab.port))).startswith(b"HTTP/1.1 421")


def test_both_of_its_names_are_good(lab):
    for host in (f"127.0.0.1:{lab.port}", f"localhost:{lab.port}"):
        assert lab.get(Host=host)[0] == 200
        assert raw(lab, websocket_request(lab, host)).startswith(b"HTTP/1.1 101")


def test_two_hosts_are_none(lab):
    request = websocket_request(lab, f"127.0.0.1:{lab.port}")
    twice = request.replace(b"\r\nUpgrade", b"\r\nHost: evil.example\r\nUpgrade")
    assert raw(lab, twice).split(b" ")[1] in (b"400", b"421")


def websocket_request(lab, host: str) -> bytes:
    return (
        f"GET /train/neuron?token={lab.keys.token} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\n"
        f"Connection: Upgrade\r\nOrigin: {lab.origin}\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    ).encode()


def raw(lab, request: bytes) -> bytes:
    """The beginning of the answer to the bytes of a request."""
    with socket.create_connection(("127.0.0.1", lab.port), timeout=10) as line:
        line.sendall(request)
        return line.recv(4096)


@pytest.mark.parametrize(
    "origin", [None, "null", "http://evil.example", "https://127.0.0.1:{port}", "http://127.0.0.1",
               "http://127.0.0.1:1", "http://127.0.0.1:{port}.evil.example"]
)  # fmt: skip
def test_a_foreign_page_gets_no_line_and_posts_nothing(lab, origin):
    where = origin and origin.format(port=lab.port)
    assert refused(lab, origin=where) == 403
    headers = {"Origin": where} if where else {}
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        assert lab.get(method=method, **headers)[0] == 403
    if where:
        assert lab.get(**headers)[0] == 403


def test_nothing_can_be_posted_from_its_own_pages_either(lab):
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert lab.get(method=method, Origin=lab.origin)[0] == 405
    assert lab.get(method="HEAD")[0] == 200


@pytest.mark.parametrize("path", ["/", "/neuron", "/softmax", "/mlp", "/nothing"])
def test_its_pages_hold_nothing_inline_and_may_load_nothing_from_elsewhere(lab, path):
    status, headers, text = lab.get(path)
    assert status == (404 if path == "/nothing" else 200)
    rules = dict(r.split(" ", 1) for r in headers["Content-Security-Policy"].split("; "))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == rules["style-src"] == "'self'"
    assert rules["frame-ancestors"] == "'self'"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert all(not body for body in re.findall(r"<script[^>]*>(.*?)</script>", text, re.S))
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:|https?://", text)


def test_only_its_own_files_are_served(lab):
    for path in (
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/static/app.py",
        "/static//etc/passwd",
    ):
        assert lab.get(path)[0] == 404
    assert lab.get("/static/charts.js")[1]["Content-Type"].startswith("text/javascript")
    assert refused(lab, name="nothing") == 404


def test_a_page_that_explains_runs_its_own_scripts_only_and_in_a_sandbox(lab):
    page = "<p>x</p><script>let a = '<b>';</script><script type=module>2</script>"
    path = lab.server.lab.shelf.put(page)
    status, headers, text = lab.get(path)
    assert (status, text) == (200, page)
    rules = headers["Content-Security-Policy"]
    assert rules == document_policy(page)
    # printf "let a = '<b>';" | openssl dgst -sha256 -binary | base64
    assert "'sha256-EQy6lbKMEDS5RtWNeoIz/0Mj5/rDTMdpO0ABzyh6HlI='" in rules
    assert rules.count("'sha256-") == 2
    assert "sandbox allow-scripts allow-downloads" in rules
    assert "script-src 'none'" in document_policy("<p>no script</p>")
