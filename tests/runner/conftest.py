"""Notebooks made on the spot, and the command run in a process of its own."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tests.runner.made import command, written


@pytest.fixture
def notebook(tmp_path: Path) -> Callable[..., Path]:
    """Write a notebook of the given code cells (sources or whole cells) and return its path."""

    def make(*cells: str | dict[str, Any], name: str = "made.ipynb", **top: Any) -> Path:
        return written(tmp_path / name, cells, **top)

    return make


@pytest.fixture
def gradtape(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run `python -m gradtape …`."""
    return partial(command, tmp_path)
