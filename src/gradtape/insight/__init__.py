"""What can be seen of gradients: recordings, reasons, derivations, circuits, certificates, training.

It only reads: nothing below knows of it, and nothing here is imported before somebody asks.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

LAZY = {
    "explain": "gradtape.insight.explanation",
    "certify": "gradtape.insight.certificate",
    "TrainingRecorder": "gradtape.insight.training",
}


def __getattr__(name: str) -> Any:
    room = LAZY.get(name)
    if room is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(room), name)
