"""Notebooks made on the spot, and the command run in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.runner.made import SRC, code


@pytest.fixture
def notebook(tmp_path: Path) -> Callable[..., Path]:
    """Write a notebook of the given code cells (sources or whole cells) and return its path."""

    def make(*cells: str | dict[str, Any], name: str = "made.ipynb", **top: Any) -> Path:
        whole = [code(cell) if isinstance(cell, str) else cell for cell in cells]
        data = {"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": whole, **top}
        path = tmp_path / name
        path.write_text(json.dumps(data), encoding="utf-8")
        return path

    return make


@pytest.fixture
def gradtape(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run `python -m gradtape …`; afterwards no kernel's folder may be left."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()

    def run(*arguments: Any, **options: Any) -> subprocess.CompletedProcess[str]:
        variables = dict(os.environ) | {"PYTHONPATH": str(SRC), "TMPDIR": str(scratch)}
        done = subprocess.run(
            [sys.executable, "-m", "gradtape", *map(str, arguments)],
            env=variables,
            capture_output=True,
            text=True,
            timeout=120,
            **options,
        )
        assert not list(scratch.iterdir()), "the kernel's folder is still there"
        return done

    return run
