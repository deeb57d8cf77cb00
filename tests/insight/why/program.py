"""Small programs with one mistake each, written as a student writes them.

In a program's text, `# here` marks the line that is to blame, and `# fix: LINE` the line that mends it (`-`: it goes).
A mark that fills a line is for the next one.  The marks are taken out before the program runs.
"""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import gradtape as tf
from gradtape import keras

_FIX = re.compile(r"^(\s*)(.*?)\s*#\s*fix: (.*)$")


@dataclass(frozen=True)
class Program:
    """code: the reason expected.  phrase: words of the printed fix.  target, source: what is asked for.

    asks: whether `tape.gradient` can be asked at all before the fix (a number of Python's raises).

    The question is put at the end, or where the text says `answer = ASK(y, x)` or `return ASK(y, x)`.
    """

    name: str
    code: str
    phrase: str
    text: str
    target: str = "y"
    source: str = "x"
    asks: bool = True

    @property
    def lines(self) -> list[str]:
        lines = textwrap.dedent(self.text).strip("\n").splitlines()
        for i, line in enumerate(lines[:-1]):
            if line.strip().startswith("# fix:"):
                lines[i], lines[i + 1] = "", f"{lines[i + 1]}  {line.strip()}"
        return lines

    @property
    def here(self) -> int:
        (line,) = [i for i, text in enumerate(self.lines, 1) if "# here" in text]
        return line

    def wrong(self) -> str:
        return "\n".join([re.sub(r"\s*# (here|fix:).*$", "", line) for line in self.lines]) + "\n"

    def mended(self) -> str:
        found = []
        for line in self.lines:
            match = _FIX.match(line)
            if match is None:
                found.append(re.sub(r"\s*# here.*$", "", line))
            elif match.group(3) != "-":
                found.append(match.group(1) + match.group(3))
        return "\n".join(found) + "\n"


def run(program: Program, text: str, path: Path, method: str) -> Any:
    """The answer of the tape's `method`, "why" or "gradient", in a program."""
    if "ASK" not in text:
        text += f"answer = ASK({program.target}, {program.source})\n"
    path.write_text(text.replace("ASK", f"tape.{method}"), "utf-8")
    space: dict[str, Any] = {"tf": tf, "np": np, "keras": keras, "__name__": "program"}
    exec(compile(path.read_text("utf-8"), str(path), "exec"), space)
    return space["answer"]


def state(gradient: Any) -> str:
    """What a gradient is: "None", "zero", "not finite" or "there"."""
    if gradient is None:
        return "None"
    values = np.asarray(tf.convert_to_tensor(gradient))
    if not values.size:
        return "there"
    if not np.isfinite(values).all():
        return "not finite"
    return "there" if np.abs(values).max() > 1e-10 else "zero"
