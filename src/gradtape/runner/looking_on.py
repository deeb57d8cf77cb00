"""A run that is looked on, in the child: nothing is imported where nothing is wished for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from gradtape.insight.calls.spots import Wish


@contextmanager
def looking_on(wish: Wish | None, eagerly: bool, main: str = "") -> Iterator[None]:
    """Explain the calls of `tape.gradient` in the block, and write them at its end, however it ends."""
    if eagerly:
        from gradtape.api.config import run_functions_eagerly

        run_functions_eagerly(True)
    if wish is None:
        yield
        return
    from gradtape.insight.calls.onlooker import Onlooker

    onlooker = Onlooker(wish, main)
    onlooker.attach()
    try:
        yield
    finally:
        onlooker.finish()
