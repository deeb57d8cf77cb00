"""An independent check of a memory plan: the plan is run on symbols, and so is the graph.

Each value is a symbol: what made it, of which symbols.  Memory is a map from ranges of bytes to symbols; a write
takes away all that it overlaps.  Each read has to find, whole and in its place, something; at the end each output has
to hold the symbol which the graph gives it.  Loops turn and branches are taken as a seed says, the same way on both
sides.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gradtape.core.card import REGISTRY
from gradtape.graph.ir import Equation, Graph
from gradtape.graph.memory import Branch, Buffer, Copy, Loop, Plan, Run, Step

MOST_TURNS = 3


class PlanError(AssertionError):
    """The plan would compute something else than the graph."""


def check_plan(
    graph: Graph,
    plan: Plan,
    donate: Mapping[int, int] | None = None,
    may_write_over: Callable[[Equation, int, int], bool] | None = None,
    whole: Callable[[Equation], bool] = lambda equation: False,
    seeds: Sequence[int] = (0, 1, 2),
) -> None:
    """Raises PlanError where the plan does not do what the graph says.  whole: control flow that is one step."""
    donate = dict(donate or {})
    for o, buffer in enumerate(plan.outputs):
        owner = [i for i, out in donate.items() if out == o]
        if owner and buffer is not plan.inputs[owner[0]]:
            raise PlanError(
                f"Output {o} is not in the buffer of input {owner[0]}, which was given to it."
            )
        if not owner and (buffer.kind, buffer.index) != ("output", o):
            raise PlanError(f"Output {o} lies in another's memory: {buffer.kind} {buffer.index}.")
    for seed in seeds:
        _Check(graph, plan, donate, may_write_over or _elementwise, whole, seed).run()


def _elementwise(equation: Equation, operand: int, output: int) -> bool:
    card = REGISTRY[equation.op]
    read, written = equation.inputs[operand], equation.outputs[output]
    return (
        card.family == "Elementwise"
        and read.shape == written.shape
        and read.dtype.itemsize == written.dtype.itemsize
    )


class _Check:
    def __init__(
        self,
        graph: Graph,
        plan: Plan,
        donate: dict[int, int],
        may_write_over: Callable[[Equation, int, int], bool],
        whole: Callable[[Equation], bool],
        seed: int,
    ):
        self.wanted, self.plan, self.donate, self.seed = graph, plan, donate, seed
        self.may_write_over, self.whole = may_write_over, whole
        self.symbols: dict[Any, int] = {}
        # (space -> {(start, end): symbol}), a space being the arena or one array
        self.memory: dict[Any, dict[tuple[int, int], int]] = {}
        self.happened: list[tuple[Any, ...]] = []

    def symbol(self, *key: Any) -> int:
        return self.symbols.setdefault(key, len(self.symbols))

    def yes(self, symbol: int) -> bool:
        """Whether a condition holds, by the seed."""
        return random.Random(self.seed * 1_000_003 + symbol).random() < 0.6

    def run(self) -> None:
        given = [self.symbol("input", k) for k in range(len(self.wanted.inputs))]
        wanted = self.interpret(self.wanted, given)
        effects, self.happened = self.happened, []
        for buffer, symbol in zip(self.plan.inputs, given):
            self.write(buffer, symbol, initial=True)
        self.steps(self.plan.steps)
        for o, (buffer, symbol) in enumerate(zip(self.plan.outputs, wanted)):
            if self.read(buffer, f"output {o}") != symbol:
                raise PlanError(f"Output {o} holds another value than the graph gives it.")
        if effects != self.happened:
            raise PlanError("Effects happen in another order than in the graph.")
        for i, buffer in enumerate(self.plan.inputs):
            if i not in self.donate and self.read(buffer, f"input {i}") != given[i]:
                raise PlanError(f"Input {i} is written over, though it was not given away.")

    # -- the graph

    def interpret(self, graph: Graph, inputs: Sequence[int]) -> list[int]:
        env = dict(zip(graph.inputs, inputs))
        for value, array in graph.constants.items():
            env[value] = self.symbol("constant", id(array))
        for equation in graph.equations:
            found = self.results(equation, [env[v] for v in equation.inputs])
            env.update(zip(equation.outputs, found))
        return [env[v] for v in graph.outputs]

    def results(self, equation: Equation, inputs: list[int]) -> list[int]:
        op, attrs = equation.op, equation.attrs
        if self.whole(equation):
            return self.made_by(equation, inputs)
        if op == "cond":
            return self.interpret(attrs["branches"][self.yes(inputs[0])], inputs[1:])
        if op == "while":
            n, limit = attrs["n_constants"], attrs.get("limit")
            fixed, carried = inputs[:n], inputs[n:]
            for _ in range(_turns(limit)):
                (test,) = self.interpret(attrs["cond"], [*fixed, *carried])
                if not self.yes(test):
                    break
                carried = self.interpret(attrs["body"], [*fixed, *carried])
            return carried
        if op in ("reshape", "expand_dims", "squeeze", "identity", "stop_gradient", "ensure_shape"):
            return inputs  # the same bytes
        return self.made_by(equation, inputs)

    def made_by(self, equation: Equation, inputs: list[int]) -> list[int]:
        key: tuple[Any, ...] = (id(equation), *inputs)
        if equation.effect:
            key = (len(self.happened), *key)
            self.happened.append(key)
        return [self.symbol("made", *key, k) for k in range(len(equation.outputs))]

    # -- the plan

    def steps(self, steps: Sequence[Step]) -> None:
        for step in steps:
            if isinstance(step, Run):
                self.equation(step)
            elif isinstance(step, Copy):
                symbol = self.read(step.source, "a copy")
                if step.source is not step.target and _meet(step.source, step.target):
                    raise PlanError("A copy's source and target overlap.")
                self.write(step.target, symbol)
            elif isinstance(step, Branch):
                chosen = self.yes(self.read(step.chosen, "a condition"))
                self.steps(step.branches[chosen])
            else:
                self.loop(step)

    def equation(self, step: Run) -> None:
        equation = step.equation
        where = f"operand of {equation.op}"
        found = self.made_by(equation, [self.read(b, where) for b in step.reads])
        for k, target in enumerate(step.writes):
            if target.nbytes != equation.outputs[k].aval.nbytes:
                raise PlanError(f"A buffer of {target.nbytes} bytes for a result of {equation.op}.")
            for other in step.writes[:k]:
                if _meet(target, other):
                    raise PlanError(f"Two results of {equation.op} overlap.")
            for j, source in enumerate(step.reads):
                if not _meet(source, target):
                    continue
                if _range(source) != _range(target) or not self.may_write_over(equation, j, k):
                    raise PlanError(f"{equation.op} writes over an operand which it still reads.")
        for target, symbol in zip(step.writes, found):
            self.write(target, symbol)

    def loop(self, step: Loop) -> None:
        for _ in range(_turns(step.limit)):
            self.steps(step.cond)
            if not self.yes(self.read(step.test, "a loop's condition")):
                break
            self.steps(step.body)

    def read(self, buffer: Buffer, what: str) -> int:
        if buffer.kind == "constant":
            return self.symbol("constant", id(buffer.array))
        found = self.memory.get(_space(buffer), {}).get(_range(buffer))
        if found is None:
            raise PlanError(
                f"The {what} is read from {buffer.kind} {_range(buffer)}, where it is no longer, or not yet."
            )
        return found

    def write(self, buffer: Buffer, symbol: int, initial: bool = False) -> None:
        if buffer.kind == "constant":
            raise PlanError("A constant is written over.")
        start, end = _range(buffer)
        if buffer.kind == "arena" and not (
            0 <= start <= end <= self.plan.arena_bytes and start % 64 == 0
        ):
            raise PlanError(f"Bytes {start} to {end} lie outside of the arena, or crooked.")
        if buffer.kind == "input" and not initial and buffer.index not in self.donate:
            raise PlanError(f"Input {buffer.index} is written over, though it was not given away.")
        space = self.memory.setdefault(_space(buffer), {})
        for s, e in [r for r in space if r[0] < end and start < r[1]]:
            del space[s, e]
        space[start, end] = symbol


def _turns(limit: int | None) -> int:
    return MOST_TURNS if limit is None else min(limit, MOST_TURNS)


def _space(buffer: Buffer) -> Any:
    if not buffer.nbytes:
        return id(buffer)
    return "arena" if buffer.kind == "arena" else (buffer.kind, buffer.index)


def _range(buffer: Buffer) -> tuple[int, int]:
    start = buffer.index if buffer.kind == "arena" else 0
    return start, start + buffer.nbytes


def _meet(a: Buffer, b: Buffer) -> bool:
    """Whether two buffers share bytes."""
    if "constant" in (a.kind, b.kind) or _space(a) != _space(b):
        return False
    (s, e), (t, f) = _range(a), _range(b)
    return s < f and t < e
