"""Cells, outputs and notebooks made by hand, and the command in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

SRC = Path(__file__).resolve().parents[2] / "src"


def code(source: str, outputs: list[Any] | None = None, count: int | None = None) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "metadata": {},
        "source": source,
        "outputs": outputs or [],
        "execution_count": count,
    }


def stream(text: str) -> dict[str, Any]:
    return {"output_type": "stream", "name": "stdout", "text": text}


def written(path: Path, cells: tuple[str | dict[str, Any], ...], **top: Any) -> Path:
    """A notebook of code cells (sources or whole cells), and what else stands at its top."""
    whole = [code(cell) if isinstance(cell, str) else cell for cell in cells]
    data = {"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": whole, **top}
    path.write_text(json.dumps(data), encoding="utf-8")
    return path


def command(folder: Path, *arguments: Any, **options: Any) -> subprocess.CompletedProcess[str]:
    """`python -m gradtape ...`; afterwards it has left no folder of its own behind."""
    scratch = folder / "scratch"
    scratch.mkdir(exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-m", "gradtape", *map(str, arguments)],
        env=dict(os.environ) | {"PYTHONPATH": str(SRC), "TMPDIR": str(scratch)},
        capture_output=True,
        text=True,
        timeout=120,
        **options,
    )
    assert not list(scratch.iterdir()), "something was left behind"
    return done
