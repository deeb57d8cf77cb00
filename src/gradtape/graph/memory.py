"""Where each value of a graph lives, and in which order the equations run.

The plan is a tree of steps over buffers.  A buffer is the memory of an input, an output or a constant, or a part of
the arena, the memory that a call gets for itself.  The planner settles

* aliases: a reshape has the buffer of its operand;
* in-place results: an operand that dies gives its buffer to a result which the operation may write there;
* targets: an output is computed where it belongs.  Where that is the buffer of an input (a variable's new value over
  the old one, what a loop carries), all readers of the old value are put first, and so is what may raise an error;
  where they cannot be, the result is copied at the end;
* offsets: buffers of the arena that are in use at the same time do not overlap.

`memory_check` proves a plan by running it on symbols.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from gradtape.core.card import REGISTRY
from gradtape.graph.ir import Equation, Graph, Value

ALIGNMENT = 64
ALIASES = frozenset(
    ("reshape", "expand_dims", "squeeze", "identity", "stop_gradient", "ensure_shape")
)


@dataclass(slots=True, eq=False)
class Buffer:
    """A piece of memory.  kind: "arena" (at `index` bytes), "input", "output" (numbered), or "constant" (`array`)."""

    nbytes: int
    kind: str = "arena"
    index: int = -1
    array: np.ndarray | None = None


@dataclass(slots=True, eq=False)
class Run:
    """One equation, its operands and results in these buffers."""

    equation: Equation
    reads: tuple[Buffer, ...]
    writes: tuple[Buffer, ...]


@dataclass(slots=True, eq=False)
class Copy:
    """target = source."""

    source: Buffer
    target: Buffer


@dataclass(slots=True, eq=False)
class Loop:
    """While the cond's steps leave true in `test` (and at most `limit` times): the body's steps."""

    cond: list[Step]
    test: Buffer
    body: list[Step]
    limit: int | None
    equation: Equation


@dataclass(slots=True, eq=False)
class Branch:
    """The steps for false or those for true."""

    chosen: Buffer
    branches: tuple[list[Step], list[Step]]


Step = Run | Copy | Loop | Branch


@dataclass(slots=True, eq=False)
class Plan:
    """steps: what is done.  outputs: the buffer of each output.  arena_bytes: size of the arena."""

    steps: list[Step]
    inputs: list[Buffer]
    outputs: list[Buffer]
    arena_bytes: int = 0
    buffers: list[Buffer] = field(default_factory=list)


MayWriteOver = Callable[[Equation, int, int], bool]
Which = Callable[[Equation], bool]


def writes_over(equation: Equation, operand: int, output: int) -> bool:
    """Whether an operation may write a result where one of its operands lies: element by element, of one size."""
    card = REGISTRY.get(equation.op)
    if card is None or card.family != "Elementwise":
        return False
    a, b = equation.inputs[operand].aval, equation.outputs[output].aval
    return a.shape == b.shape and a.dtype.itemsize == b.dtype.itemsize


def never(equation: Equation) -> bool:
    return False


def plan_memory(
    graph: Graph,
    donate: Mapping[int, int] | None = None,
    may_write_over: MayWriteOver = writes_over,
    may_raise: Which = never,
    whole: Which = never,
) -> Plan:
    """The plan of a graph.  donate: input -> output that takes over its buffer.

    may_write_over(equation, operand, output): whether that result may be written where that operand lies.
    may_raise(equation): whether it may end in an error.  whole(equation): whether a `while` or `cond` is done as one.
    """
    donate = donate or {}
    inputs = [Buffer(v.aval.nbytes, "input", k) for k, v in enumerate(graph.inputs)]
    given = {o: inputs[i] for i, o in donate.items()}
    outputs = [
        given.get(o) or Buffer(v.aval.nbytes, "output", o) for o, v in enumerate(graph.outputs)
    ]
    planner = _Planner(may_write_over, may_raise, whole)
    steps: list[Step] = []
    planner.graph(graph, inputs, list(outputs), steps)
    plan = Plan(steps, inputs, outputs, buffers=planner.made)
    plan.arena_bytes = place(plan)
    return plan


@dataclass(slots=True, eq=False)
class _Node:
    """An equation to be scheduled; `equation` None: a copy of a value."""

    equation: Equation | None
    inputs: tuple[Value, ...]
    outputs: tuple[Value, ...]
    after: set[int] = field(default_factory=set)
    update: bool = False


class _Planner:
    def __init__(self, may_write_over: MayWriteOver, may_raise: Which, whole: Which):
        self.may_write_over, self.may_raise, self.whole = may_write_over, may_raise, whole
        self.made: list[Buffer] = []

    def buffer(self, nbytes: int) -> Buffer:
        self.made.append(Buffer(nbytes))
        return self.made[-1]

    def graph(
        self,
        graph: Graph,
        inputs: Sequence[Buffer],
        targets: Sequence[Buffer | None],
        steps: list[Step],
    ) -> list[Buffer]:
        """Plans a graph's steps onto `steps`: from the inputs' buffers into the targets (None: anywhere)."""
        return _GraphPlanner(self, graph, inputs, targets).plan(steps)


class _GraphPlanner:
    """One graph of the nest, from its inputs' buffers to its targets."""

    def __init__(
        self,
        planner: _Planner,
        graph: Graph,
        inputs: Sequence[Buffer],
        targets: Sequence[Buffer | None],
    ):
        self.planner, self.graph = planner, graph
        self.root: dict[Value, Value] = {}
        self.buffers: dict[Value, Buffer] = dict(zip(graph.inputs, inputs))
        for value, array in graph.constants.items():
            self.buffers[value] = Buffer(array.nbytes, "constant", -1, array)
        self.foreign = frozenset(self.buffers)  # not ours to give away
        self.nodes: list[_Node] = []
        self.final: list[Copy] = []
        self.outputs = list(graph.outputs)
        self.targets = list(targets)
        self.keep: set[Value] = set()

    def top(self, value: Value) -> Value:
        """The value whose buffer `value` shares."""
        return self.root.get(value, value)

    def plan(self, steps: list[Step]) -> list[Buffer]:
        for equation in self.graph.equations:
            if equation.op in ALIASES:
                self.root[equation.outputs[0]] = self.top(equation.inputs[0])
            else:
                self.nodes.append(_Node(equation, equation.inputs, equation.outputs))
        self._copies_of_outputs()
        self._dependencies()
        self._aim()
        order = self._order()
        last = self._last_uses(order)
        for place, number in enumerate(order):
            self._emit(self.nodes[number], place, last, steps)
        steps += self.final
        return [self.buffers[self.top(v)] for v in self.outputs]

    def _copies_of_outputs(self) -> None:
        """An output that is an input, a constant, or another output as well, gets a copy of its own."""
        claimed: set[Value] = set()
        for o, target in enumerate(self.targets):
            if target is None:
                continue
            root = self.top(self.outputs[o])
            if self.buffers.get(root) is target:
                continue  # an input that stays where it is
            if root in self.foreign or root in claimed:
                copy = Value(self.outputs[o].aval)
                self.nodes.append(_Node(None, (self.outputs[o],), (copy,)))
                self.outputs[o] = root = copy
            claimed.add(root)

    def _dependencies(self) -> None:
        maker = {v: k for k, node in enumerate(self.nodes) for v in node.outputs}
        self.maker = maker
        self.readers: dict[Value, set[int]] = {}
        effect: int | None = None
        for k, node in enumerate(self.nodes):
            for v in node.inputs:
                root = self.top(v)
                self.readers.setdefault(root, set()).add(k)
                if root in maker:
                    node.after.add(maker[root])
            if node.equation is not None and node.equation.effect:
                if effect is not None:
                    node.after.add(effect)
                effect = k

    def _aim(self) -> None:
        """Lets outputs be computed in their targets where that is safe; the others are copied at the end."""
        risky = [
            k
            for k, node in enumerate(self.nodes)
            if node.equation is not None and self.planner.may_raise(node.equation)
        ]
        old = {id(self.buffers[v]): v for v in self.graph.inputs}
        for o, target in enumerate(self.targets):
            if target is None:
                continue
            root = self.top(self.outputs[o])
            if self.buffers.get(root) is target:
                continue
            before = old.get(id(target))
            if before is None or self._write_over(root, before, risky):
                self.buffers[root] = target
            else:
                self.final.append(Copy(self._own(root), target))
                self.keep.add(root)

    def _own(self, root: Value) -> Buffer:
        found = self.buffers.get(root)
        if found is None:
            found = self.buffers[root] = self.planner.buffer(root.aval.nbytes)
        return found

    def _write_over(self, root: Value, before: Value, risky: list[int]) -> bool:
        """Puts all readers of `before` in front of what makes `root`; False where they need it."""
        number = self.maker[root]
        node = self.nodes[number]
        readers = self.readers.get(before, set())
        if number in readers and not self._over(node, before, root):
            return False
        later = self._followers(number)
        if any(k in later for k in readers):
            return False
        node.after.update(k for k in readers if k != number)
        node.after.update(k for k in risky if k != number and k not in later)
        node.update = True
        return True

    def _over(self, node: _Node, operand: Value, output: Value) -> bool:
        """Whether a node may write an output over the buffer of an operand, which it reads once."""
        places = [k for k, v in enumerate(node.inputs) if self.top(v) is operand]
        if len(places) != 1 or node.equation is None:
            return False
        (place,) = places
        result = node.outputs.index(output)
        if node.inputs[place].aval.nbytes != output.aval.nbytes:
            return False
        equation = node.equation
        if self.planner.whole(equation):
            return self.planner.may_write_over(equation, place, result)
        if equation.op == "while":
            return place - equation.attrs["n_constants"] == result
        if equation.op == "cond":
            return place >= 1
        return self.planner.may_write_over(equation, place, result)

    def _followers(self, number: int) -> set[int]:
        """All that has to come after a node."""
        following: dict[int, list[int]] = {}
        for k, node in enumerate(self.nodes):
            for j in node.after:
                following.setdefault(j, []).append(k)
        found, waiting = set(), [number]
        while waiting:
            for k in following.get(waiting.pop(), ()):
                if k not in found:
                    found.add(k)
                    waiting.append(k)
        return found

    def _order(self) -> list[int]:
        """The order of the graph, but what overwrites an old value as soon as it may: its operands die early."""
        missing = [len(node.after) for node in self.nodes]
        following: dict[int, list[int]] = {}
        for k, node in enumerate(self.nodes):
            for j in node.after:
                following.setdefault(j, []).append(k)
        ready = [(not n.update, k) for k, n in enumerate(self.nodes) if not missing[k]]
        heapq.heapify(ready)
        order = []
        while ready:
            _, k = heapq.heappop(ready)
            order.append(k)
            for j in following.get(k, ()):
                missing[j] -= 1
                if not missing[j]:
                    heapq.heappush(ready, (not self.nodes[j].update, j))
        return order

    def _last_uses(self, order: list[int]) -> dict[Value, int]:
        last: dict[Value, int] = {}
        for place, number in enumerate(order):
            for v in self.nodes[number].inputs:
                last[self.top(v)] = place
        for v in (*self.outputs, *self.keep):
            last[self.top(v)] = len(order)
        return last

    # -- steps

    def _emit(self, node: _Node, place: int, last: dict[Value, int], steps: list[Step]) -> None:
        reads = tuple([self._read(v) for v in node.inputs])
        taken: set[int] = set()
        for output in node.outputs:
            if output in self.buffers:
                taken.add(id(self.buffers[output]))
        for output in node.outputs:
            if output not in self.buffers:
                self.buffers[output] = self._result(node, output, place, last, taken)
                taken.add(id(self.buffers[output]))
        writes = tuple([self.buffers[v] for v in node.outputs])
        if node.equation is None:
            steps.append(Copy(reads[0], writes[0]))
        elif self.planner.whole(node.equation):
            steps.append(Run(node.equation, reads, writes))
        elif node.equation.op == "while":
            self._loop(node.equation, reads, writes, steps)
        elif node.equation.op == "cond":
            branches: tuple[list[Step], list[Step]] = ([], [])
            for found, branch in zip(branches, node.equation.attrs["branches"]):
                self.planner.graph(branch, reads[1:], writes, found)
            steps.append(Branch(reads[0], branches))
        else:
            steps.append(Run(node.equation, reads, writes))

    def _read(self, value: Value) -> Buffer:
        return self.buffers[self.top(value)]

    def _result(
        self, node: _Node, output: Value, place: int, last: dict[Value, int], taken: set[int]
    ) -> Buffer:
        """The buffer of a result: that of an operand which dies here, or a new one."""
        for v in node.inputs:
            root = self.top(v)
            found = self.buffers[root]
            if (
                root not in self.foreign
                and found.kind == "arena"
                and last[root] == place
                and id(found) not in taken
                and self._over(node, root, output)
            ):
                return found
        return self.planner.buffer(output.aval.nbytes)

    def _loop(
        self,
        equation: Equation,
        reads: tuple[Buffer, ...],
        carried: tuple[Buffer, ...],
        steps: list[Step],
    ) -> None:
        attrs = equation.attrs
        n = attrs["n_constants"]
        for source, target in zip(reads[n:], carried):
            if source is not target:
                steps.append(Copy(source, target))
        inside = [*reads[:n], *carried]
        cond: list[Step] = []
        body: list[Step] = []
        (test,) = self.planner.graph(attrs["cond"], inside, [None], cond)
        self.planner.graph(attrs["body"], inside, carried, body)
        steps.append(Loop(cond, test, body, attrs.get("limit"), equation))


# -- offsets


def place(plan: Plan) -> int:
    """Gives every buffer of the arena its offset; the size of the arena."""
    spans = Spans()
    spans.walk(plan.steps)
    live = [(b, *spans.found[id(b)]) for b in plan.buffers if id(b) in spans.found]
    live.sort(key=lambda item: (-item[0].nbytes, item[1]))
    for buffer in plan.buffers:
        buffer.index = 0
    placed: list[tuple[int, int, int, int]] = []  # offset, end, first, last
    size = 0
    for buffer, first, last in live:
        wanted = -(-buffer.nbytes // ALIGNMENT) * ALIGNMENT
        offset = 0
        for start, end, f, t in placed:  # in order of their offsets
            if t < first or last < f:
                continue
            if start - offset >= wanted:
                break
            offset = max(offset, end)
        buffer.index = offset
        entry = (offset, offset + wanted, first, last)
        placed.insert(_place_in(placed, entry), entry)
        size = max(size, offset + wanted)
    return size


def _place_in(placed: list[tuple[int, int, int, int]], entry: tuple[int, int, int, int]) -> int:
    import bisect

    return bisect.bisect(placed, entry)


class Spans:
    """The first and the last moment at which each buffer is in use.

    A buffer from before a loop that is touched inside of it is in use until the loop's end.
    """

    def __init__(self) -> None:
        self.found: dict[int, tuple[int, int]] = {}
        self.now = 0

    def touch(self, *buffers: Buffer) -> None:
        for b in buffers:
            first, _ = self.found.get(id(b), (self.now, 0))
            self.found[id(b)] = (first, self.now)

    def walk(self, steps: Sequence[Step]) -> None:
        for step in steps:
            self.now += 1
            if isinstance(step, Run):
                self.touch(*step.reads, *step.writes)
            elif isinstance(step, Copy):
                self.touch(step.source, step.target)
            elif isinstance(step, Branch):
                self.touch(step.chosen)
                for branch in step.branches:
                    self.walk(branch)
            else:
                begin = self.now
                self.walk(step.cond)
                self.now += 1
                self.touch(step.test)
                self.walk(step.body)
                self.now += 1
                for key, (first, last) in self.found.items():
                    if first < begin <= last:
                        self.found[key] = (first, self.now)
