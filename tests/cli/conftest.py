"""Files made on the spot, and the command in a process of its own."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from tests.runner.made import command, written


@pytest.fixture
def script(tmp_path: Path) -> Callable[..., Path]:
    """Write a script of these lines."""

    def make(*lines: str, name: str = "train.py") -> Path:
        path = tmp_path / name
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    return make


@pytest.fixture
def notebook(tmp_path: Path) -> Callable[..., Path]:
    """Write a notebook of these code cells."""
    return lambda *cells, name="made.ipynb": written(tmp_path / name, cells)


@pytest.fixture
def gradtape(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run `python -m gradtape …` in the tests' folder."""
    return partial(command, tmp_path, cwd=tmp_path)
