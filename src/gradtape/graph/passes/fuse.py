"""Fusion: neighbours that walk the same elements become one `fused` equation, which reads and writes memory once.

    h = multiply(x, a); y = tanh(h); s = reduce_sum(y)   ->   y, s = fused(x, a, graph={...})

What joins: elementwise equations over one shape, the folds of what they make, and what follows from a fold row by row
(softmax is such a chain).  What only repeats a value (`broadcast_to`) goes into each of those that use it.  What
another group makes cheaply of what a group reads anyway is computed again instead of stored and read.  Equations
with an effect stay where they are, and no group waits for a value that waits for the group.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Sequence

from gradtape.core.card import REGISTRY
from gradtape.graph.cost import CHEAP, cost_of
from gradtape.graph.expand import FOLDS, expands
from gradtape.graph.ir import Equation, Graph, Value
from gradtape.graph.space import is_same

MOST = 96  # equations in a group
Nestable = Callable[[Graph], bool]


def fuse(graph: Graph, nestable: Nestable) -> Graph:
    """The graph with groups.  nestable: whether a group can run as one nest of loops."""
    return _Fusion(_repeated(graph), nestable).run()


def _joins(equation: Equation) -> bool:
    """Whether an equation may be part of a group at all."""
    op = equation.op
    if not all(v.aval.size for v in (*equation.inputs, *equation.outputs)):
        return False
    return op in FOLDS or expands(op) or is_same(equation) or REGISTRY[op].family == "Elementwise"


def _repeats(equation: Equation) -> bool:
    """Whether an equation does no more than repeat a smaller value."""
    return (
        equation.op == "broadcast_to"
        and equation.outputs[0].aval.size > equation.inputs[0].aval.size
    )


def _repeated(graph: Graph) -> Graph:
    """The graph in which every equation of a group has the repeated values it uses to itself."""
    makers = {e.outputs[0]: e for e in graph.equations if _repeats(e)}
    if not makers:
        return graph
    equations: list[Equation] = []
    used = set(graph.outputs)
    for e in graph.equations:
        if _joins(e) and not _repeats(e):
            own = {}
            for x in dict.fromkeys(e.inputs):
                if x in makers:
                    m = makers[x]
                    own[x] = Value(x.aval)
                    equations.append(Equation(m.op, m.inputs, m.attrs, (own[x],), m.site))
            if own:
                e = Equation(
                    e.op, tuple([own.get(x, x) for x in e.inputs]), e.attrs, e.outputs, e.site
                )
        used.update(e.inputs)
        equations.append(e)
    kept = [e for e in equations if not _repeats(e) or e.outputs[0] in used]
    return Graph(graph.inputs, tuple(kept), graph.outputs, graph.constants, graph.name)


class _Group:
    """Equations that will be one.

    before: the numbers of the groups that must run earlier.  plain: the values that are made element by element, with
    no fold before them; `all_plain`: whether all are.
    """

    def __init__(self, number: int, equation: Equation, before: set[int], open_: bool):
        self.number, self.members, self.before, self.open = number, [equation], before, open_
        self.shape = _shape(equation)
        self.all_plain = open_ and _plain(equation, self.shape)
        self.plain = set(equation.outputs) if self.all_plain else set()

    def takes(self, other: _Group) -> bool:
        """Whether the other's equations may simply be added: they walk the same elements, and follow no fold."""
        if not other.all_plain or self.shape != other.shape:
            return False
        made = {v for e in self.members for v in e.outputs}
        return all(x in self.plain or x not in made for e in other.members for x in e.inputs)


def _shape(equation: Equation) -> tuple[int, ...]:
    """The shape of the elements that an equation walks."""
    return max(
        [v.shape for v in (*equation.inputs, *equation.outputs)],
        key=lambda s: (_size(s), len(s)), default=(),
    )  # fmt: skip


def _size(shape: Sequence[int]) -> int:
    n = 1
    for m in shape:
        n *= m
    return n


class _Fusion:
    def __init__(self, graph: Graph, nestable: Nestable):
        self.graph, self.nestable = graph, nestable
        self.groups: dict[int, _Group] = {}
        self.home: dict[Value, int] = {}  # value -> the group that makes it
        self.moved: dict[int, int] = {}  # a group that is gone -> the one it went into
        self.effect: int | None = None  # the last group with an effect
        self.readers: dict[Value, list[int]] = {}
        self.uses: dict[Value, int] = {}
        for v in (*(x for e in graph.equations for x in e.inputs), *graph.outputs):
            self.uses[v] = self.uses.get(v, 0) + 1

    def run(self) -> Graph:
        for number, equation in enumerate(self.graph.equations):
            self._add(number, equation)
        for group in list(self.groups.values()):
            if group.open:
                self._again(group)
        for number in sorted(self.groups, reverse=True):
            group = self.groups[number]
            if group.open:
                group.members = self._needed(_sorted(group.members))
                if not group.members:
                    del self.groups[number]
        equations = [e for group in self._ordered() for e in self._emitted(group)]
        return Graph(
            self.graph.inputs,
            tuple(equations),
            self.graph.outputs,
            self.graph.constants,
            self.graph.name,
        )

    def _add(self, number: int, equation: Equation) -> None:
        makers = list(dict.fromkeys([self.home[x] for x in equation.inputs if x in self.home]))
        before = set(makers)
        for m in makers:
            before |= self.groups[m].before
        if equation.effect:  # effects keep their order: such a group never joins another
            if self.effect is not None:
                before |= {self.effect} | self.groups[self.effect].before
            self.effect = number
        group = _Group(number, equation, before, _joins(equation))
        self.groups[number] = group
        if group.open:
            for other in self._candidates(equation, makers, group):
                if self._fits(self.groups[other], group):
                    group = self._merge(self.groups[other], group)
        for v in equation.outputs:
            self.home[v] = group.number
        for x in equation.inputs:
            self.readers.setdefault(x, []).append(group.number)

    def _again(self, group: _Group) -> None:
        """Values that another group makes cheaply of what this one reads anyway are computed here again."""
        own = {v for e in group.members for v in e.outputs}
        read = {x for e in group.members for x in e.inputs if x not in own}
        for v in [x for x in read if x.aval.size > 1 and x in self.home]:
            maker = self.groups[self.home[v]]
            if maker is group or not maker.open or maker.shape != group.shape:
                continue
            again = self._closure(v, maker, read)
            if again is None:
                continue
            renamed = {y: Value(y.aval) for e in again for y in e.outputs}
            copies = [_with(e, renamed) for e in again]
            members = [*copies, *(_with(e, renamed) for e in group.members)]
            if self.nestable(self._graph(members)):
                for e in group.members:
                    self.uses[v] -= e.inputs.count(v)
                for e in copies:
                    for x in e.inputs:
                        self.uses[x] = self.uses.get(x, 0) + 1
                for y in renamed.values():
                    self.uses[y] = self.uses.get(y, 0) + sum(e.inputs.count(y) for e in members)
                group.members = members

    def _closure(self, v: Value, maker: _Group, read: set[Value]) -> list[Equation] | None:
        """The equations that make a value of what is read, if they are plain and cheap."""
        makers = {y: e for e in maker.members for y in e.outputs}
        found: list[Equation] = []
        todo, cost = [v], 0.0
        while todo:
            x = todo.pop()
            e = makers.get(x)
            if e is None:
                if x.aval.size > 1 and x not in read:
                    return None
                continue
            if e in found:
                continue
            cost += cost_of(e)
            if x not in maker.plain or cost > CHEAP:
                return None
            found.append(e)
            todo += e.inputs
        return _sorted(found)

    def _candidates(self, equation: Equation, makers: list[int], group: _Group) -> Iterable[int]:
        """Groups to join: those that make an input, then those that read one."""
        found = list(makers)
        for x in equation.inputs:
            if x.aval.size > 1:
                found += [self._now(r) for r in self.readers.get(x, ())]
        return [m for m in dict.fromkeys(found) if m in self.groups and self.groups[m].open]

    def _now(self, number: int) -> int:
        """The number of the group into which a group went."""
        while number not in self.groups:
            number = self.moved[number]
        return number

    def _fits(self, one: _Group, other: _Group) -> bool:
        if one is other or len(one.members) + len(other.members) > MOST:
            return False
        if one.number not in self.groups or other.number not in self.groups:
            return False
        if self._between(one, other) or self._between(other, one):
            return False
        if one.takes(other) or other.takes(one):
            return True
        if _size(one.shape) != _size(other.shape) and not self._row_follows(one, other):
            return False
        return self.nestable(self._graph([*one.members, *other.members]))

    def _row_follows(self, one: _Group, other: _Group) -> bool:
        """Whether the smaller group computes with what the larger one folds."""
        small, large = (one, other) if _size(one.shape) < _size(other.shape) else (other, one)
        made = {v for e in large.members for v in e.outputs}
        return any(x in made for e in small.members for x in e.inputs)

    def _between(self, first: _Group, last: _Group) -> bool:
        """Whether something runs after the one and before the other."""
        return any(
            first.number in self.groups[m].before
            for m in last.before
            if m != first.number and m in self.groups
        )

    def _merge(self, one: _Group, other: _Group) -> _Group:
        """Both groups as one, under the number of the first."""
        one.members += other.members
        one.before = (one.before | other.before) - {one.number, other.number}
        one.plain |= other.plain if one.shape == other.shape else set()
        one.all_plain = one.all_plain and other.all_plain
        one.shape = max(one.shape, other.shape, key=lambda s: (_size(s), len(s)))
        del self.groups[other.number]
        self.moved[other.number] = one.number
        for e in other.members:
            for v in e.outputs:
                self.home[v] = one.number
        for group in self.groups.values():
            if other.number in group.before:
                group.before.discard(other.number)
                group.before.add(one.number)
            if one.number in group.before:
                group.before |= one.before
        return one

    def _ordered(self) -> list[_Group]:
        """The groups in an order in which everything is there when it is needed; effects in their own order."""
        makers = {v: g for g in self.groups.values() for e in g.members for v in e.outputs}
        waits: dict[int, set[int]] = {}
        last_effect: int | None = None
        for number in sorted(self.groups):
            group = self.groups[number]
            needs = {makers[x].number for e in group.members for x in e.inputs if x in makers} - {
                number
            }
            if any(e.effect for e in group.members):
                if last_effect is not None:
                    needs.add(last_effect)
                last_effect = number
            waits[number] = needs
        followers: dict[int, list[int]] = {}
        for number, needs in waits.items():
            for m in needs:
                followers.setdefault(m, []).append(number)
        ready = [number for number, needs in waits.items() if not needs]
        heapq.heapify(ready)
        order = []
        while ready:
            number = heapq.heappop(ready)
            order.append(self.groups[number])
            for f in followers.get(number, ()):
                waits[f].discard(number)
                if not waits[f]:
                    heapq.heappush(ready, f)
        return order

    def _graph(self, members: Sequence[Equation]) -> Graph:
        """Members as a graph: what they read from outside are inputs, what others use are outputs."""
        order = _sorted(members)
        made = {v for e in order for v in e.outputs}
        constants, inputs = {}, []
        for x in dict.fromkeys([x for e in order for x in e.inputs]):
            if x in made:
                continue
            array = self.graph.constants.get(x)
            if array is not None and array.size == 1:
                constants[x] = array
            else:
                inputs.append(x)
        inside: dict[Value, int] = {}
        for e in order:
            for x in e.inputs:
                inside[x] = inside.get(x, 0) + 1
        outputs = [v for e in order for v in e.outputs if self.uses.get(v, 0) > inside.get(v, 0)]
        return Graph(tuple(inputs), tuple(order), tuple(outputs), constants)

    def _needed(self, order: list[Equation]) -> list[Equation]:
        """Without the equations that nobody uses: those whose values all other groups compute themselves."""
        kept: list[Equation] = []
        for e in reversed(order):
            if any(self.uses.get(v, 0) > 0 for v in e.outputs):
                kept.append(e)
            else:
                for x in e.inputs:
                    self.uses[x] -= 1
        return kept[::-1]

    def _emitted(self, group: _Group) -> list[Equation]:
        """The equations of a group: one, where there are several or constants to be known inside."""
        if not group.open:
            return group.members
        graph = self._graph(group.members)
        if len(group.members) == 1 and (not graph.constants or is_same(group.members[0])):
            return group.members
        if not graph.outputs or not self.nestable(graph):
            return list(graph.equations)
        return [
            Equation("fused", graph.inputs, {"graph": graph}, graph.outputs, group.members[-1].site)
        ]


def _with(equation: Equation, names: dict[Value, Value]) -> Equation:
    """An equation in terms of other values."""
    inputs, outputs = (
        tuple([names.get(v, v) for v in vs]) for vs in (equation.inputs, equation.outputs)
    )
    return Equation(equation.op, inputs, equation.attrs, outputs, equation.site)


def _plain(equation: Equation, shape: tuple[int, ...]) -> bool:
    """Whether an equation makes a value of this shape element by element."""
    if equation.op in FOLDS or expands(equation.op) or equation.outputs[0].shape != shape:
        return False
    return (
        not is_same(equation) or equation.op == "broadcast_to" or equation.inputs[0].shape == shape
    )


def _sorted(members: Sequence[Equation]) -> list[Equation]:
    """Members in an order in which everything is there when it is needed."""
    makers = {v: e for e in members for v in e.outputs}
    done: set[Equation] = set()
    order: list[Equation] = []
    for e in members:
        stack = [(e, False)]
        while stack:
            now, ready = stack.pop()
            if now in done:
                continue
            if ready:
                done.add(now)
                order.append(now)
            else:
                stack.append((now, True))
                stack += [
                    (makers[x], False) for x in now.inputs if x in makers and makers[x] not in done
                ]
    return order
