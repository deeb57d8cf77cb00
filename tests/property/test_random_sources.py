"""Compiled equals eager: random programs over the public names, with control flow and gradients of orders 1 and 2.

Both are judged against a run in float64, within the tolerances of the golden cases (`judge` says how); the compiled
one is run twice, and must give the same bits.  What the seeds 0 to 4,999 draw is the committed set: `make test` runs
some of it, `make full` all.
"""

from __future__ import annotations

import os

os.environ.setdefault("GRADTAPE_CACHE", "off")  # thousands of programs that nobody runs again

import programs
import pytest
from random_sources import draw

from gradtape.transforms.function import CONVERTERS

ALL = 5000
FEW = 240
BLOCKS = 20

pytestmark = pytest.mark.filterwarnings("error")


def block(seeds: range) -> None:
    for seed in seeds:
        source = draw(seed)
        outcome = programs.examine(source, not source.control or bool(CONVERTERS))
        assert not outcome.eager and not outcome.compiled, str(outcome)


@pytest.mark.parametrize("k", range(BLOCKS))
def test_some_random_programs(k: int) -> None:
    block(range(k * FEW // BLOCKS, (k + 1) * FEW // BLOCKS))


@pytest.mark.full
@pytest.mark.parametrize("k", range((ALL - FEW) // 70))
def test_many_random_programs(k: int) -> None:
    block(range(FEW + 70 * k, FEW + 70 * (k + 1)))


def test_what_is_drawn() -> None:
    sources = [draw(seed) for seed in range(300)]
    assert sum(s.control for s in sources) >= 0.4 * len(sources)
    assert {s.dtype for s in sources} == {
        "float16",
        "bfloat16",
        "float32",
        "float64",
        "complex64",
        "complex128",
    }
    assert {a.dtype.name for s in sources for a in s.arrays} >= {
        "int8",
        "int16",
        "int32",
        "int64",
        "uint8",
        "bool",
    }
    assert min(sum(s.order == n for s in sources) for n in (0, 1, 2)) >= 30
    texts = "\n".join(s.text for s in sources)
    for words in (
        "    if ", "while ", "in tf.range(", "tf.cond(", "tf.while_loop(", "break", "continue", "        return ",
        " and ", " or ", "if not ", "assign_add(", "in range(",
    ):  # fmt: skip
        assert words in texts, words


def test_few_programs_say_nothing() -> None:
    """Those of which a rounding moves a result by thousands of its size."""
    ill = sum(programs.ill(*programs.exactly(draw(seed))) for seed in range(400))
    assert ill <= 0.05 * 400


def test_a_seed_gives_the_same_program() -> None:
    assert draw(5).text == draw(5).text
    assert draw(5).text != draw(6).text


def test_the_judge_notices() -> None:
    """A float32 result with one wrong digit, and a result of another shape, are found."""
    source = next(s for s in map(draw, range(50)) if s.dtype == "float32" and s.order == 1)
    exact, scales = programs.exactly(source)
    scope = programs.module(source, source.dtype)
    right = programs.call(scope, scope["program"], *programs.inputs(source, source.dtype))
    assert programs.judged(source, exact, scales, right) == []
    place = next(
        i for i, x in enumerate(right) if x.dtype == "float32" and x.size and abs(x).max() > 0.1
    )
    wrong = [x * x.dtype.type(1.001) if i == place else x for i, x in enumerate(right)]
    assert programs.judged(source, exact, scales, wrong)
    assert programs.judged(source, exact, scales, [x.reshape(1, *x.shape) for x in right])
    assert programs.judged(source, exact, scales, right[1:])
