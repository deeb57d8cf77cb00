"""What tapes are asked about themselves: the rooms that can answer are imported when somebody asks."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from gradtape.core.context import EXPLANATIONS


def _later(room: str, name: str) -> Callable[..., Any]:
    def answer(*args: Any) -> Any:
        return getattr(import_module(f"gradtape.insight.{room}"), name)(*args)

    return answer


EXPLANATIONS.update(
    why=_later("why", "why"),
    reasons=_later("why", "reasons"),
    nonfinite=_later("why.nonfinite", "first_bad"),
    operands=_later("why.operands", "operands"),
    memory=_later("costs", "memory"),
    profile=_later("costs", "profile"),
)
