"""The eager golden cases inside `tf.function`: the same outcome, or the one that TensorFlow 2.12 gives there.

`traced/` holds the outcomes that differ from the eager ones, `untraced.txt` the cases without a meaning in a traced
function, each with its reason; both are made by `tools/golden/make_traced.py` under TensorFlow. What cannot be
traced and runs eagerly, with a warning, stands in `traced_eagerly.txt`; what does not pass yet in `traced_pending.txt`;
what differs for a reason in `traced_differences.txt`.
A sample runs always, all of them by `make full`.
"""

from __future__ import annotations

import sys
import zlib
from pathlib import Path

import pytest

import gradtape as tf

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1] / "tools"))

from golden import make, outcome, registry, tracing  # noqa: E402

registry.load()
EAGER, SEED = make.read(HERE / "golden")
TRACED, _ = make.read(HERE / "traced")
UNTRACED = make.listed(HERE / "untraced.txt")
PENDING = make.listed(HERE / "traced_pending.txt")
DIFFERENCES = make.listed(HERE / "traced_differences.txt") | make.listed(HERE / "differences.txt")
EAGERLY = make.listed(HERE / "traced_eagerly.txt")
NAMES = [name for name in EAGER if not name.startswith("function_") and name not in UNTRACED]
SAMPLE = [name for name in NAMES if zlib.crc32(name.encode()) % 8 == 0]
REST = sorted(set(NAMES) - set(SAMPLE))


def differences(name: str) -> list[str]:
    eagerly: list[str] = []
    found = make.run_here(tf, registry.CASES[name], SEED, tracing.run, eagerly)
    texts = outcome.differences((TRACED.get(name) or EAGER[name])["outcome"], outcome.plain(found))
    if texts and isinstance(found, Exception):
        texts.append(f"{type(found).__name__}: {found}")
    if bool(eagerly) != (name in EAGERLY):
        texts.append(eagerly[0] if eagerly else "it is traced: take it out of traced_eagerly.txt")
    return texts


def check(name: str) -> None:
    texts = differences(name)
    if name in PENDING:
        assert texts, f"{name} passes now: take it out of traced_pending.txt"
    elif name not in DIFFERENCES:
        assert not texts, "\n".join((name, *texts))


@pytest.mark.filterwarnings("ignore:elementwise comparison failed")
@pytest.mark.parametrize("name", SAMPLE)
def test_traced(name: str) -> None:
    check(name)


@pytest.mark.full
@pytest.mark.filterwarnings("ignore:elementwise comparison failed")
@pytest.mark.parametrize("name", REST)
def test_traced_rest(name: str) -> None:
    check(name)


def test_the_lists_name_cases_and_reasons() -> None:
    assert all(UNTRACED.values()) and all(DIFFERENCES.values())
    assert all(EAGERLY.values())
    assert set(UNTRACED) | set(EAGERLY) | set(PENDING) | set(DIFFERENCES) | set(TRACED) <= set(
        EAGER
    )
    assert not set(UNTRACED) & (set(TRACED) | set(PENDING))


def test_most_cases_have_a_meaning_there() -> None:
    assert len(NAMES) > 2000
    assert len(SAMPLE) > 250
