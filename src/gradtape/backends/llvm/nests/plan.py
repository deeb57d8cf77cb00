"""What each pass over a row computes: a value needed after a fold is computed again where that is cheap, else kept."""

from __future__ import annotations

from dataclasses import dataclass, field

from gradtape.core.card import REGISTRY
from gradtape.graph.expand import IOTA
from gradtape.graph.ir import Equation, Value
from gradtape.graph.space import Level, Space, Step, is_same

CHEAP = 4.0  # how much computing again may cost instead of a store and a load
_DEAR = {
    "exp": 12, "log": 14, "tanh": 16, "sigmoid": 14, "pow": 40, "erf": 24, "erfc": 30, "sin": 24, "cos": 24, "tan": 30,
    "expm1": 16, "log1p": 18, "softplus": 24, "elu": 14, "selu": 14, "silu": 16, "gelu": 26, "sqrt": 3, "rsqrt": 4,
    "real_div": 3, "div_no_nan": 4, "reciprocal": 3, "floor_div": 4, "floor_mod": 8,
}  # fmt: skip
_UNKNOWN = 20.0
_CHEAP_CARDS = {
    "add", "subtract", "multiply", "negative", "square", "abs", "maximum", "minimum", "equal", "not_equal", "less",
    "less_equal", "greater", "greater_equal", "logical_and", "logical_or", "logical_not", "logical_xor", "where",
    "cast", "relu", "relu_grad", "relu6", "relu6_grad", "leaky_relu", "leaky_relu_grad", "clip_by_value", "sign",
    "mul_no_nan", "squared_difference", "sigmoid_grad", "tanh_grad", "elu_grad", "selu_grad", "floor", "ceil",
    "round", "is_nan", "is_finite", "is_inf", "bias_add", "add_n", "ones_like", "zeros_like", IOTA,
}  # fmt: skip


def cost_of(equation: Equation) -> float:
    """What an equation costs per vector, in additions."""
    op = equation.op
    if is_same(equation):
        return 0.0
    if op in _CHEAP_CARDS:
        return 1.0
    found = _DEAR.get(op)
    if found is None:
        found = 1.0 if op in REGISTRY and REGISTRY[op].family == "Reduce" else _UNKNOWN
    dtype = equation.inputs[0].dtype if equation.inputs else equation.outputs[0].dtype
    return found * (1.5 if dtype.itemsize == 8 else 1.0)


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
