"""A whole small graph as straight-line code on rows: no memory between its first load and its last store.

Loops carry their rows as phis, so that what a body reads and writes stays in registers from turn to turn; what does
not depend on the carried values is computed once, in front of the loop.

A card that would raise an error for the values it gets (a label out of range) is not finished here: `refuse_if`
remembers it, and the function returns `REFUSED` before it has stored anything; the caller then runs the NumPy
kernels, which raise the user's error.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import llvmlite.ir as ir

from gradtape.backends.llvm.rows.cost import CHEAP, length
from gradtape.backends.llvm.rows.lanes import BOOL, Lanes, Rows, row_count, row_type
from gradtape.backends.llvm.rows.rules import FILLING, MOVES, RULES, move
from gradtape.backends.llvm.scalar import scalar_rule
from gradtape.core.card import REGISTRY
from gradtape.graph.ir import Equation, Graph, Value

I1, I8, I64 = ir.IntType(1), ir.IntType(8), ir.IntType(64)
PTR = ir.PointerType()
FALSE = ir.Constant(I1, 0)
SELECT_BELOW = 24  # instructions of both branches below which a `cond` computes both
STRIP = 4_000_000  # instructions between two looks at the stop flag

Env = dict[Value, Rows]


class Emitter(Lanes):
    """Emits graphs at `b`.  `poll(b) -> i1`: emits the call that says whether loops are to end."""

    def __init__(self, b: Any, poll: Any):
        super().__init__(b)
        self.refused: Any = FALSE
        self.poll = poll

    def refuse_if(self, condition: Any) -> None:
        self.refused = condition if self.refused is FALSE else self.b.or_(self.refused, condition)

    # -- graphs

    def graph(self, graph: Graph, inputs: Sequence[Rows], env: Env | None = None) -> list[Rows]:
        """The outputs of a graph.  `env`: what is computed of it already."""
        env = {} if env is None else dict(env)
        env.update(zip(graph.inputs, inputs))
        self.constants(graph, env)
        for equation in graph.equations:
            if equation.outputs and equation.outputs[0] in env:
                continue
            self.equation(equation, env)
        return [env[v] for v in graph.outputs]

    def constants(self, graph: Graph, env: Env) -> None:
        for value, array in graph.constants.items():
            if value not in env:
                env[value] = self.constant(array)

    def equation(self, equation: Equation, env: Env) -> None:
        inputs = [env[v] for v in equation.inputs]
        op = equation.op
        if op == "while":
            found: Sequence[Rows] = self.loop(equation, inputs)
        elif op == "cond":
            found = self.branch(equation, inputs)
        elif op == "fused":
            found = self.graph(equation.attrs["graph"], inputs)
        elif op in RULES:
            found = RULES[op](self, equation, inputs)
        elif op in MOVES or op in FILLING:
            found = move(self, equation, inputs)
        else:
            found = [self.elementwise(equation, inputs)]
        for value, rows in zip(equation.outputs, found):
            env[value] = Rows(value.shape, value.dtype, rows.rows)

    def elementwise(self, equation: Equation, inputs: Sequence[Rows]) -> Rows:
        rule = scalar_rule(
            REGISTRY[equation.op], [v.dtype for v in equation.inputs], equation.attrs
        )
        if rule is None:
            raise NotImplementedError(f"No rule on rows. Received: {equation.op}")
        out = equation.outputs[0].dtype
        way = self.map if equation.op in CHEAP else self.map_packed
        return way(lambda s, *xs: rule(s.ir, s.lanes, *xs), inputs[0].dtype, out, *inputs)

    # -- control flow

    def block(self, name: str) -> ir.Block:
        return self.b.function.append_basic_block(name)

    def start(self, block: ir.Block) -> None:
        self.b.position_at_end(block)
        self.moved()

    def phis(self, values: Sequence[Rows]) -> list[Rows]:
        return [
            Rows(v.shape, v.dtype, tuple([self.b.phi(row_type(v.dtype, v.columns)) for _ in v.rows]))
            for v in values
        ]  # fmt: skip

    @staticmethod
    def incoming(phis: Sequence[Rows], values: Sequence[Rows], block: ir.Block) -> None:
        for phi, value in zip(phis, values):
            for to, row in zip(phi.rows, value.rows):
                to.add_incoming(row, block)

    def branch(self, equation: Equation, inputs: Sequence[Rows]) -> list[Rows]:
        """`cond`: both where that is cheap, else a branch."""
        chosen, operands = inputs[0].rows[0], inputs[1:]
        branches = equation.attrs["branches"]
        lengths = [length(graph, SELECT_BELOW) for graph in branches]
        before = self.refused
        if None not in lengths and not any(_branching(graph) for graph in branches):
            results, refusals = [], []
            for graph in branches:
                self.refused = FALSE
                results.append(self.graph(graph, operands))
                refusals.append(self.refused)
            self.refused = before
            if any(r is not FALSE for r in refusals):
                self.refuse_if(self.b.select(chosen, refusals[1], refusals[0]))
            return [
                Rows(t.shape, t.dtype, tuple(
                    [a if a is c else self.b.select(chosen, a, c) for a, c in zip(t.rows, f.rows)]))
                for f, t in zip(*results)
            ]  # fmt: skip
        starts = [self.block("when_false"), self.block("when_true")]
        join = self.block("joined")
        self.b.cbranch(chosen, starts[1], starts[0])
        ends = []
        for start, graph in zip(starts, branches):
            self.start(start)
            self.refused = before
            found = self.graph(graph, operands)
            ends.append((found, self.refused, self.b.block))
            self.b.branch(join)
        self.start(join)
        outputs = self.phis(ends[0][0])
        refused = self.b.phi(I1)
        for found, flag, block in ends:
            self.incoming(outputs, found, block)
            refused.add_incoming(flag, block)
        self.refused = refused
        return outputs

    def loop(self, equation: Equation, inputs: Sequence[Rows]) -> list[Rows]:
        """`while`: carried rows are phis.  An inner loop runs without a look at the stop flag, an outer one looks."""
        attrs = equation.attrs
        n = attrs["n_constants"]
        constants, carried = inputs[:n], inputs[n:]
        before, self.refused = self.refused, FALSE
        cond_env = self.hoisted(attrs["cond"], constants, n)
        body_env = self.hoisted(attrs["body"], constants, n)
        doubtful, self.refused = self.refused, FALSE
        strip = max(16, int(STRIP / ((length(attrs["body"], 1e9) or 0) + 8)))
        limit = attrs.get("limit")

        outer, head, test, body, pause, done = map(
            self.block, ("strips", "turns", "test", "body", "pause", "done")
        )
        entry = self.b.block
        self.b.branch(outer)
        self.start(outer)
        kept, refused_kept, turns_kept = self.phis(carried), self.b.phi(I1), self.b.phi(I64)
        self.incoming(kept, carried, entry)
        refused_kept.add_incoming(before, entry)
        turns_kept.add_incoming(I64(0), entry)
        self.b.branch(head)

        self.start(head)
        now, refused, turns = self.phis(carried), self.b.phi(I1), self.b.phi(I64)
        here = self.b.phi(I64)
        self.incoming(now, kept, outer)
        refused.add_incoming(refused_kept, outer)
        turns.add_incoming(turns_kept, outer)
        here.add_incoming(I64(0), outer)
        self.refused = FALSE
        (again,) = self.graph(attrs["cond"], [*constants, *now], cond_env)
        go = self.b.and_(again.rows[0], self.b.not_(refused))
        failed = self.refused
        if failed is not FALSE:
            go = self.b.and_(go, self.b.not_(failed))
            refused_now = self.b.or_(refused, failed)
        else:
            refused_now = refused
        if limit is not None:
            go = self.b.and_(go, self.b.icmp_signed("<", turns, I64(int(limit))))
        last = self.b.block
        self.b.cbranch(go, test, done)
        self.start(test)
        self.b.cbranch(self.b.icmp_signed("<", here, I64(strip)), body, pause)

        self.start(body)
        self.refused = doubtful
        after = self.graph(attrs["body"], [*constants, *now], body_env)
        refused_after = self.refused
        one_more, further = self.b.add(turns, I64(1)), self.b.add(here, I64(1))
        end = self.b.block
        self.b.branch(head)
        self.incoming(now, after, end)
        refused.add_incoming(refused_after, end)
        turns.add_incoming(one_more, end)
        here.add_incoming(further, end)

        self.start(pause)
        stop = self.poll(self.b)
        end = self.b.block
        self.b.cbranch(stop, done, outer)
        self.incoming(kept, now, end)
        refused_kept.add_incoming(refused, end)
        turns_kept.add_incoming(turns, end)

        self.start(done)
        flag = self.b.phi(I1)
        flag.add_incoming(refused_now, last)
        flag.add_incoming(refused_now, end)
        self.refused = flag
        return now

    def hoisted(self, graph: Graph, constants: Sequence[Rows], n: int) -> Env:
        """What of a loop's graph does not depend on what is carried, computed here."""
        env: Env = dict(zip(graph.inputs[:n], constants))
        self.constants(graph, env)
        for equation in graph.equations:
            if all(v in env for v in equation.inputs) and equation.op not in ("while", "cond"):
                self.equation(equation, env)
        return env


def _branching(graph: Graph) -> bool:
    return any(
        equation.op in ("while", "cond")
        or (equation.op == "fused" and _branching(equation.attrs["graph"]))
        for equation in graph.equations
    )


# -- between memory and registers


def load_rows(b: Any, pointer: Any, value: Value) -> Rows:
    """A tensor from its buffer."""
    columns = value.shape[-1] if value.shape else 1
    stored = I8 if value.dtype == BOOL else row_type(value.dtype, 1)
    kind = stored if columns == 1 else ir.VectorType(stored, columns)
    rows = []
    for k in range(row_count(value.shape)):
        place = b.gep(pointer, [I64(k * columns)], inbounds=True, source_etype=stored)
        row = b.load(place, typ=kind, align=value.dtype.itemsize)
        if value.dtype == BOOL:
            row = b.icmp_unsigned(
                "!=", row, ir.Constant(kind, 0 if columns == 1 else [0] * columns)
            )
        rows.append(row)
    return Rows(value.shape, value.dtype, tuple(rows))


def store_rows(b: Any, pointer: Any, rows: Rows) -> None:
    """A tensor into its buffer."""
    columns = rows.columns
    stored = I8 if rows.dtype == BOOL else row_type(rows.dtype, 1)
    kind = stored if columns == 1 else ir.VectorType(stored, columns)
    for k, row in enumerate(rows.rows):
        place = b.gep(pointer, [I64(k * columns)], inbounds=True, source_etype=stored)
        value = b.zext(row, kind) if rows.dtype == BOOL else row
        b.store(value, place, align=rows.dtype.itemsize)
