"""The watch over the pages sees what it is there to see."""

from collections.abc import Callable
from typing import Any

import pytest

GOOD = (
    "<!doctype html><html lang=en><title>t</title><main><h1>A page</h1><button>go</button></main>"
)


def seen(page: Any, problem: str) -> list[str]:
    """The page's problems, when there is this one, or after five seconds; then it has none."""
    for _ in range(100):
        if problem in page.problems:
            break
        page.wait_for_timeout(50)
    found = list(page.problems)
    page.wait_for_timeout(50)  # those that follow from it
    page.problems.clear()
    return found


def test_a_good_page_has_no_problem(page: Any, axe: Callable[..., None]) -> None:
    page.set_content(GOOD)
    axe(page)
    assert page.problems == []


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("<script>console.error('wrong')</script>", "console error: wrong"),
        ("<script>throw new Error('thrown')</script>", "error: thrown"),
        ("<img src=http://127.0.0.1:9/x.png alt=x>", "request: http://127.0.0.1:9/x.png"),
    ],
)
def test_problems_are_seen(page: Any, body: str, found: str) -> None:
    page.set_content(GOOD + body)
    assert found in seen(page, found)


def test_sockets_are_seen(page: Any) -> None:
    page.set_content(GOOD + "<script>new WebSocket('ws://127.0.0.1:9/')</script>")
    assert "socket: ws://127.0.0.1:9/" in seen(page, "socket: ws://127.0.0.1:9/")


def test_the_accessibility_check_fails_where_it_should(page: Any, axe: Callable[..., None]) -> None:
    page.set_content(GOOD.replace("<button>go</button>", "<button></button>"))
    with pytest.raises(AssertionError, match="button-name"):
        axe(page)
