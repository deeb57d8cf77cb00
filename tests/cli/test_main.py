"""The command itself: help, version, usage errors."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from gradtape.cli.main import main

SRC = Path(__file__).resolve().parents[2] / "src"


def test_version(capsys):
    assert main(["--version"]) == 0
    assert re.fullmatch(r"gradtape \S.*\n", capsys.readouterr().out)


def test_help_lists_the_commands_and_the_exit_statuses(capsys):
    assert main(["--help"]) == 0
    text = capsys.readouterr().out
    for command in (
        "run +run a TensorFlow notebook",
        "explain +explain the gradients",
        "lab +train networks",
    ):
        assert re.search(rf"^    {command}", text, re.MULTILINE)
    assert main(["run", "--help"]) == 0
    text = capsys.readouterr().out
    for option in (
        "--explain",
        "--output",
        "--html",
        "--compare",
        "--rtol",
        "--atol",
        "--keep-going",
        "--timeout",
    ):
        assert option in text
    for status in ("0 ", "1 ", "2 ", "3 ", "124"):
        assert re.search(rf"^  {status} +\S", text, re.MULTILINE)


@pytest.mark.parametrize("arguments", [[], ["nothing"], ["run"], ["run", "a.ipynb", "--nothing"]])
def test_usage_errors_have_status_3(capsys, arguments):
    assert main(arguments) == 3
    assert "usage: gradtape" in capsys.readouterr().err


def test_python_dash_m():
    done = subprocess.run(
        [sys.executable, "-m", "gradtape", "--version"],
        env=dict(os.environ) | {"PYTHONPATH": str(SRC)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0
    assert done.stdout.startswith("gradtape ")


def test_the_command_imports_none_of_the_notebook_libraries():
    text = (
        "import gradtape.cli.main, sys; print([m for m in sys.modules if m.split('.')[0] in names])"
    )
    names = "names = {'nbclient', 'nbformat', 'nbconvert', 'zmq', 'IPython', 'rich', 'traitlets'}; "
    done = subprocess.run(
        [sys.executable, "-c", names + text],
        env=dict(os.environ) | {"PYTHONPATH": str(SRC)},
        capture_output=True,
        text=True,
    )
    assert done.stdout.strip() == "[]"
