"""Real pages in headless Chromium: one browser per worker, and a watch over everything that a page does.

On a machine without Chromium or without axe-core these tests are skipped; with CI=true they fail.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.chromium import absent, chromium

ROOT = Path(__file__).parents[2]
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
STAYS_HERE = ("file:", "data:", "blob:", "about:")
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")


@pytest.fixture(scope="package")
def browser() -> Iterator[Any]:
    """Chromium, for all browser tests of this worker."""
    with chromium() as running:
        yield running


def watched(page: Any, allowed: tuple[str, ...]) -> list[str]:
    """A list that fills with what the page does wrong: errors, and requests that leave it."""
    problems: list[str] = []

    def console(message: Any) -> None:
        if message.type in ("error", "warning"):
            problems.append(f"console {message.type}: {message.text}")

    def request(asked: Any) -> None:
        if not asked.url.startswith(STAYS_HERE + allowed):
            problems.append(f"request: {asked.url}")

    def socket(opened: Any) -> None:
        if not opened.url.startswith(allowed or ("none",)):
            problems.append(f"socket: {opened.url}")

    page.on("console", console)
    page.on("pageerror", lambda error: problems.append(f"error: {error}"))
    page.on("crash", lambda _: problems.append("the page crashed"))
    page.on("request", request)
    page.on("websocket", socket)
    return problems


@pytest.fixture
def new_page(browser: Any) -> Iterator[Callable[..., Any]]:
    """new_page(width=1400, height=900, dark=False, offline=True, allowed=(), **context) -> a page.

    The test fails if one of its pages logs an error or a warning, throws, or asks for anything that is not in its file.
    allowed: beginnings of further addresses that it may ask for ("http://127.0.0.1:8000/", "ws://127.0.0.1:8000/").
    `page.problems` is the list so far: a test that expects one takes it out.
    """
    opened: list[tuple[Any, list[str]]] = []

    def make(width: int = 1400, height: int = 900, dark: bool = False, offline: bool | None = None,
             allowed: tuple[str, ...] = (), **settings: Any) -> Any:  # fmt: skip
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            **settings,
        )
        context.set_default_timeout(10_000)
        context.set_offline(not allowed if offline is None else offline)
        page = context.new_page()
        page.problems = watched(page, allowed)
        opened.append((context, page.problems))
        return page

    yield make
    for context, _ in opened:
        context.close()
    problems = [p for _, found in opened for p in found]
    assert not problems, "\n".join(problems)


@pytest.fixture
def page(new_page: Callable[..., Any]) -> Any:
    """A page without network, 1,400 pixels wide."""
    return new_page()


@pytest.fixture
def axe() -> Callable[..., None]:
    """axe(page, within=None): fails with what axe-core finds wrong on a page, or in the parts that a selector names."""
    if not AXE.exists():
        absent("axe-core", "npm ci")
    source = AXE.read_text(encoding="utf-8")

    def check(page: Any, within: str | None = None) -> None:
        page.evaluate(source + "; null")
        found = page.evaluate(
            "([within, rules]) => axe.run(within || document, {runOnly: rules, resultTypes: ['violations']})",
            [within, list(RULES)],
        )
        lines = [
            f"{v['id']} ({v['impact']}): {v['help']}\n" + "\n".join(
                f"    {n['html'][:160]}\n      {n['failureSummary']}" for n in v["nodes"][:5]
            )
            for v in found["violations"]
        ]  # fmt: skip
        assert found["passes"] or found["violations"], "axe-core checked nothing"
        assert not lines, "\n".join(lines)

    return check
