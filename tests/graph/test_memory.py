"""Plans of random graphs, proved on symbols; and faulty plans, found out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradtape.graph.ir import Graph
from gradtape.graph.memory import Buffer, Copy, Loop, Plan, Run, plan_memory
from gradtape.graph.memory_check import PlanError, check_plan
from gradtape.graph.passes.dce import dead_code

sys.path.insert(0, str(Path(__file__).parents[1]))
from backends.graphs import Builder, lesson_loop, lesson_step
from backends.programs import random_graph


def runs(steps: Any) -> list[Run]:
    found = []
    for step in steps:
        if isinstance(step, Run):
            found.append(step)
        elif isinstance(step, Loop):
            found += [*runs(step.cond), *runs(step.body)]
        elif not isinstance(step, Copy):
            found += [*runs(step.branches[0]), *runs(step.branches[1])]
    return found


def donations(graph: Graph, rng: np.random.Generator) -> dict[int, int]:
    """Inputs given to outputs of their type, at random."""
    donate: dict[int, int] = {}
    for i, v in enumerate(graph.inputs):
        fits = [
            o for o, w in enumerate(graph.outputs) if w.aval == v.aval and o not in donate.values()
        ]
        if fits and rng.random() < 0.7:
            donate[i] = int(rng.choice(fits))
    return donate


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), length=st.integers(1, 30), narrow=st.booleans())
def test_plans_of_random_graphs_are_right(seed: int, length: int, narrow: bool) -> None:
    graph, _ = random_graph(seed, np.float32, (2,) if narrow else (1, 2, 3, 5), length)
    donate = donations(graph, np.random.default_rng(seed))
    plan = plan_memory(graph, donate)
    check_plan(graph, plan, donate)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_a_spoiled_plan_is_found_out(seed: int) -> None:
    """Two buffers of which one is read after the other is written are laid over each other."""
    graph = dead_code(random_graph(seed, np.float32, (4, 5), 25)[0])
    plan = plan_memory(graph)
    check_plan(graph, plan)
    used = runs(plan.steps)
    for k, early in enumerate(used):
        for late in used[k + 2 :]:
            between = [w for run in used[k + 1 : used.index(late)] for w in run.writes]
            for kept in early.writes:
                if (
                    kept.kind == "arena"
                    and kept.nbytes
                    and kept in late.reads
                    and kept not in between
                ):
                    spoiler = next((w for w in between if w.kind == "arena" and w.nbytes), None)
                    if spoiler is not None and len(plan.steps) == len(used):
                        spoiler.index = kept.index
                        with pytest.raises(PlanError):
                            check_plan(graph, plan)
                        return


def test_outputs_never_lie_in_the_arena() -> None:
    graph, _ = random_graph(3, np.float32, (2, 3), 10)
    plan = plan_memory(graph)
    plan.outputs[0] = Buffer(plan.outputs[0].nbytes, "arena", 0)
    with pytest.raises(PlanError, match="another's memory"):
        check_plan(graph, plan)


@pytest.mark.parametrize("make", [lesson_step, lambda: lesson_loop(3)])
def test_weights_are_updated_in_their_own_buffers_without_a_copy(make: Any) -> None:
    graph = make()
    donate = {2: 1, 3: 2, 4: 3, 5: 4}
    plan = plan_memory(graph, donate)
    check_plan(graph, plan, donate)
    written = {id(w) for run in runs(plan.steps) for w in run.writes}
    assert all(id(plan.inputs[i]) in written for i in donate)
    loops = [step for step in plan.steps if isinstance(step, Loop)]
    for steps in (plan.steps, *[loop.body for loop in loops]):
        weights = {id(plan.inputs[i]) for i in donate}
        assert not any(isinstance(s, Copy) and id(s.target) in weights for s in steps)


def test_an_old_value_that_is_still_read_is_not_lost() -> None:
    """w2 = w + 1, then y = w * w2 reads both: the new value may not take the old one's place before."""
    g = Builder()
    w = g.input((4,))
    new = g("add", w, g.constant(1.0))
    graph = g.graph(new, g("multiply", w, new))
    plan = plan_memory(graph, {0: 0})
    check_plan(graph, plan, {0: 0})
    assert isinstance(plan.steps[-1], Copy) and plan.steps[-1].target is plan.inputs[0]


def test_two_values_swapped() -> None:
    g = Builder()
    a, b = g.input((4,)), g.input((4,))
    graph = g.graph(b, a)
    plan = plan_memory(graph, {0: 0, 1: 1})
    check_plan(graph, plan, {0: 0, 1: 1})
    broken = plan_memory(graph, {0: 0, 1: 1})
    broken.steps[:] = [
        Copy(broken.inputs[1], broken.inputs[0]),
        Copy(broken.inputs[0], broken.inputs[1]),
    ]
    with pytest.raises(PlanError, match="another value"):
        check_plan(graph, broken, {0: 0, 1: 1})


def test_what_may_raise_comes_before_any_update() -> None:
    g = Builder()
    w, x = g.input((4,)), g.input((3,))
    new = g("add", w, g.constant(1.0))
    graph = g.graph(new, g("tanh", x))
    plan = plan_memory(graph, {0: 0}, may_raise=lambda equation: equation.op == "tanh")
    assert [run.equation.op for run in runs(plan.steps)] == ["tanh", "add"]
    plan = plan_memory(graph, {0: 0})
    assert [run.equation.op for run in runs(plan.steps)] == ["add", "tanh"]


def test_a_chain_of_elementwise_steps_needs_one_buffer() -> None:
    g = Builder()
    x = g.input((1000,))
    y = x
    for _ in range(10):
        y = g("tanh", y)
    graph = g.graph(g("reduce_sum", y, axis=(0,), keepdims=False))
    plan: Plan = plan_memory(graph)
    check_plan(graph, plan)
    assert plan.arena_bytes == 4032
