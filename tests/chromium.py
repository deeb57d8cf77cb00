"""Headless Chromium for tests: one per process, for as long as somebody uses it.

On a machine without it the tests are skipped; with CI=true they fail.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

FLAGS = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--disable-quic")  # fmt: skip
NAMES = ("chromium", "chromium-browser", "google-chrome")


def absent(what: str, remedy: str) -> Any:
    """Skip, or fail where nothing may be absent."""
    message = f"{what} is not there: {remedy}"
    if os.environ.get("CI", "").lower() in ("true", "1"):
        pytest.fail(message)
    pytest.skip(message)


class _Shared:
    """Playwright starts once in a thread; while it runs, the thread has an event loop that runs."""

    playwright: Any = None
    browser: Any = None
    users = 0


@contextmanager
def chromium() -> Iterator[Any]:
    """The browser, started by the first who asks and closed after the last.  GRADTAPE_CHROMIUM names another one."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        absent("Playwright", "pip install playwright")
    given = os.environ.get("GRADTAPE_CHROMIUM")
    program = given or next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        absent("Chromium", "apt-get install chromium")
    if not _Shared.users:
        _Shared.playwright = sync_playwright().start()
        _Shared.browser = _Shared.playwright.chromium.launch(
            executable_path=program, args=list(FLAGS)
        )
    _Shared.users += 1
    try:
        yield _Shared.browser
    finally:
        _Shared.users -= 1
        if not _Shared.users:
            _Shared.browser.close()
            _Shared.playwright.stop()
