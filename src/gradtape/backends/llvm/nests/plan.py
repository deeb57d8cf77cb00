"""What each pass over a row computes: a value needed after a fold is computed again where that is cheap, else kept."""

from __future__ import annotations

from dataclasses import dataclass, field

from gradtape.graph.cost import CHEAP, cost_of
from gradtape.graph.ir import Value
from gradtape.graph.space import Level, Space, Step


@dataclass
class Pass:
    """One pass over the elements of a row: what it computes, folds, stores, keeps."""

    steps: list[Step] = field(default_factory=list)
    folds: list[Step] = field(default_factory=list)
    stores: list[Value] = field(default_factory=list)
    keeps: list[Value] = field(default_factory=list)
    cost: float = 0.0


def passes_of(space: Space, keeping: bool = True) -> list[Pass]:
    """The passes, one per stage.  keeping: values may be kept from one pass to the next in memory."""
    made = {s.output: s for s in space.steps if s.level is Level.POINT and s.fold is None}
    outputs = [v for v in dict.fromkeys(space.graph.outputs) if space.levels[v] is Level.POINT]
    last = space.last_stage
    kept: dict[Value, int] = {}

    def closure(targets: list[Value], stage: int) -> tuple[set[Value], set[Value]]:
        """The values to compute, and those of earlier passes that are better kept."""
        found: set[Value] = set()
        wanted: set[Value] = set()
        todo = list(targets)
        while todo:
            v = todo.pop()
            if v in found or v not in made or kept.get(v, stage) < stage:
                continue
            if keeping and made[v].stage < stage and again(v, stage) > CHEAP:
                wanted.add(v)
                continue
            found.add(v)
            todo += made[v].equation.inputs
        return found, wanted

    def again(v: Value, stage: int) -> float:
        """The cost of computing a value of an earlier pass again."""
        seen: set[Value] = set()
        todo, total = [v], 0.0
        while todo:
            x = todo.pop()
            if x in seen or x not in made or kept.get(x, stage) < stage:
                continue
            seen.add(x)
            total += cost_of(made[x].equation)
            todo += made[x].equation.inputs
        return total

    def targets(stage: int) -> list[Value]:
        folds = [s.equation.inputs[0] for s in space.steps if s.fold and s.stage == stage]
        stored = [v for v in outputs if space.stages[v] == stage]
        return folds + stored + [v for v, home in kept.items() if home == stage]

    for v in outputs:
        if v in made and keeping and space.stages[v] < last:
            kept[v] = space.stages[v]
    changed = True
    while changed:
        changed = False
        for stage in range(last + 1):
            for v in closure(targets(stage), stage)[1]:
                if v not in kept:
                    kept[v], changed = space.stages[v], True
    result = []
    for stage in range(last + 1):
        found = closure(targets(stage), stage)[0]
        one = Pass(
            [s for s in space.steps if s.output in found],
            [s for s in space.steps if s.fold and s.stage == stage and s.level is Level.POINT],
            [v for v in outputs if space.stages[v] == stage],
            [v for v, home in kept.items() if home == stage and v not in outputs],
        )
        one.cost = sum(cost_of(s.equation) for s in one.steps) + len(one.folds) + 0.5
        result.append(one)
    return result
