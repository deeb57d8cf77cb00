"""The commands that the docs show are commands that there are."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from gradtape.cli.main import parser

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))]
COMMAND = re.compile(r"^(?: {4}|\$ )gradtape (.*)$", re.M)
COMMANDS = [(p.name, c) for p in PAGES for c in COMMAND.findall(p.read_text("utf-8"))]


@pytest.mark.parametrize(("page", "command"), COMMANDS, ids=lambda value: str(value))
def test_it_is_understood(page, command):
    chosen = parser().parse_args(shlex.split(command, comments=True))
    assert callable(chosen.call)


def test_what_is_no_command_is_noticed():
    assert {"lab.md", "explaining-a-file.md", "notebooks.md"} <= {page for page, _ in COMMANDS}
    with pytest.raises(SystemExit):
        parser().parse_args(["explain", "a.py", "--at"])


@pytest.mark.parametrize("page", ["lab.md", "explaining-a-file.md", "notebooks.md"])
def test_every_option_of_a_page_is_one_of_its_command(page, capsys):
    command = {"lab.md": "lab", "explaining-a-file.md": "explain", "notebooks.md": "run"}[page]
    with pytest.raises(SystemExit):
        parser().parse_args([command, "--help"])
    known = capsys.readouterr().out
    text = (ROOT / "docs" / page).read_text("utf-8")
    options = set(re.findall(r"^\| `(-[\w-]+)", text, re.M))
    assert options
    assert all(re.search(rf"(?<![\w-]){option}\b", known) for option in options)
