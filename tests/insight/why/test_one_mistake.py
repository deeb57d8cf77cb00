"""Each small program with one mistake: the right reason, the right line, and a fix that gives a gradient."""

from pathlib import Path

import pytest
from tests.insight.why.program import Program, run, state
from tests.insight.why.programs_numbers import NUMBERS
from tests.insight.why.programs_sources import SOURCES
from tests.insight.why.programs_ways import WAYS

from gradtape.insight.why import CODES

PROGRAMS = [*SOURCES, *WAYS, *NUMBERS]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda p: p.name.replace(" ", "_"))
def test_reason_line_and_fix(program: Program, tmp_path: Path) -> None:
    path = tmp_path / "wrong.py"
    reason = run(program, program.wrong(), path, "why")
    assert reason.code == program.code, str(reason)
    assert reason.place is not None, str(reason)
    assert (reason.place.file, reason.place.line) == (str(path), program.here), str(reason)
    assert program.phrase in reason.fix, str(reason)
    line = program.wrong().splitlines()[program.here - 1].strip()
    assert f"{path}:{program.here}: {line}" in str(reason)
    wanted = CODES[program.code][0]
    if program.asks:
        wrong = run(program, program.wrong(), tmp_path / "asked.py", "gradient")
        assert state(wrong) == wanted
    mended = run(program, program.mended(), tmp_path / "mended.py", "gradient")
    assert state(mended) == "there"


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda p: p.name.replace(" ", "_"))
def test_mended_programs_are_fine(program: Program, tmp_path: Path) -> None:
    reason = run(program, program.mended(), tmp_path / "mended.py", "why")
    assert reason.code == "fine", str(reason)


def test_there_are_enough_programs() -> None:
    assert len(PROGRAMS) >= 60
    assert len({p.name for p in PROGRAMS}) == len(PROGRAMS)
    assert len({p.code for p in PROGRAMS}) >= 14
    assert {p.code for p in PROGRAMS} >= set(CODES) - {"fine"}
