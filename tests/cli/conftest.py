"""Files made on the spot, and the command in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SRC = Path(__file__).resolve().parents[2] / "src"


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

    def make(*cells: str, name: str = "made.ipynb") -> Path:
        whole = [
            {
                "cell_type": "code",
                "metadata": {},
                "source": c,
                "outputs": [],
                "execution_count": None,
            }
            for c in cells
        ]
        path = tmp_path / name
        data = {"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": whole}
        path.write_text(json.dumps(data), encoding="utf-8")
        return path

    return make


@pytest.fixture
def gradtape(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run `python -m gradtape …` in the tests' folder; afterwards it has left no folder of its own behind."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()

    def run(*arguments: Any) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "gradtape", *map(str, arguments)],
            env=dict(os.environ) | {"PYTHONPATH": str(SRC), "TMPDIR": str(scratch)},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert not list(scratch.iterdir()), "something was left behind"
        return done

    return run
