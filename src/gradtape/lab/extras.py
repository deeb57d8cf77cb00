"""The libraries of the `lab` extra, imported where they are needed."""

from __future__ import annotations

import importlib
from typing import Any


def load(name: str) -> Any:
    """Import a library of the extra.  Raises ImportError that says what to install."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        missing = (error.name or name).partition(".")[0]
        raise ImportError(
            f"gradtape lab needs {missing}, which is not installed: pip install 'gradtape[lab]'",
            name=missing,
        ) from None
