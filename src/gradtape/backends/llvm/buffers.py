"""A graph over planned buffers: the steps of the memory plan, one after the other, as code.

An equation is lowered to loops and calls (`nests`), or done in registers where its tensors are small (`rows`), or left
to its NumPy kernel: a call of Python in the midst of the code, on views of the buffers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import ir

from gradtape.backends.llvm import native
from gradtape.backends.llvm.blas import blas
from gradtape.backends.llvm.context import Context, Unit
from gradtape.backends.llvm.nests import inplace, lowering_of, prepared
from gradtape.backends.llvm.rows.cost import length_of
from gradtape.backends.llvm.rows.emit import FALSE, Emitter, load_rows, store_rows
from gradtape.graph.ir import Equation, Graph, Value, holding
from gradtape.graph.memory import Branch, Buffer, Copy, Loop, Plan, Run, Step, writes_over

I1, I8, I32, I64, PTR = native.I1, native.I8, native.I32, native.I64, native.PTR
CONTROL = ("while", "cond")
SMALL = 2500  # instructions of an equation that is done in registers
PRODUCTS = frozenset(
    ("matmul", "affine", "gemm", "conv", "conv_backprop_input", "conv_backprop_filter")
)


def _small(equation: Equation) -> bool:
    """Whether an equation is done in registers."""
    size = length_of(equation, SMALL)
    return size is not None and size <= SMALL


def prepare(graph: Graph) -> Graph:
    """A graph and those that it holds in the form that lowerings like: neighbours in groups, products with flags.

    Control flow that is done in registers stays as it is.
    """
    equations = []
    for equation in graph.equations:
        if equation.op in CONTROL and not in_registers(equation):
            equation = holding(equation, prepare)
        equations.append(equation)
    return prepared(
        Graph(graph.inputs, tuple(equations), graph.outputs, graph.constants, graph.name)
    )


def in_registers(equation: Equation) -> bool:
    """Whether control flow is small enough to be one step."""
    return not equation.effect and _small(equation)


class Ways:
    """How each equation is done; asked by the planner and by the emitter."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[Equation, str, Any]] = {}
        self._pairs: dict[int, list[tuple[int, int]]] = {}

    def of(self, equation: Equation) -> tuple[str, Any]:
        """("nest", lowering), ("rows", None) or ("python", None); ("control", None) for steps of their own."""
        found = self._known.get(id(equation))
        if found is None:
            found = self._known[id(equation)] = (equation, *self._find(equation))
        return found[1], found[2]

    def _find(self, equation: Equation) -> tuple[str, Any]:
        if equation.op in CONTROL:
            return ("rows" if in_registers(equation) else "control"), None
        if equation.op == "host":
            return "python", None
        if equation.op not in PRODUCTS or blas() is not None:
            lower = lowering_of(equation)
            if lower is not None:
                return "nest", lower
        return ("rows" if _small(equation) else "python"), None

    def whole(self, equation: Equation) -> bool:
        """Whether control flow is one step."""
        return equation.op in CONTROL and self.of(equation)[0] == "rows"

    def writes_over(self, equation: Equation, operand: int, output: int) -> bool:
        way, _ = self.of(equation)
        if way == "nest":
            pairs = self._pairs.get(id(equation))
            if pairs is None:
                pairs = self._pairs[id(equation)] = inplace(equation)
            return (output, operand) in pairs
        # Rows are all loaded before the first is stored; Python's results are copied when they are done.
        return way == "rows" or writes_over(equation, operand, output)

    def raises(self, equation: Equation) -> bool:
        """Whether an equation may end in an error (each that Python does may, and each that looks at indices)."""
        way, _ = self.of(equation)
        if equation.op == "fused":
            return any(inner.op in CHECKING for inner in equation.attrs["graph"].equations)
        if way == "control":
            return any(
                self.raises(inner)
                for attr in equation.attrs.values()
                for graph in (attr if type(attr) is tuple else (attr,))
                for inner in getattr(graph, "equations", ())
            )
        return (
            way == "python" or equation.op in CHECKING or (way == "rows" and equation.op in CONTROL)
        )


CHECKING = frozenset(
    ("sparse_softmax_cross_entropy_with_logits", "gather", "gather_nd", "put_row", "floor_div", "floor_mod",
     "truncate_div", "truncate_mod")
)  # fmt: skip


class CodeContext(Context):
    """Where lowerings put their code; an error in an operand is left to Python."""

    def __init__(self, maker: Maker, *arguments: Any, **options: Any):
        super().__init__(*arguments, **options)
        self._maker = maker

    def fallback_if(self, condition: ir.Value, equation: Equation) -> None:
        bad, fine = self._blocks("bad", "fine")
        self.b.cbranch(condition, bad, fine)
        self.b.position_at_end(bad)
        self._maker.python(self._maker.step, fine)
        self.b.position_at_end(fine)


class Maker:
    """Emits the steps of a plan into a function.  callbacks: gets the equations that Python does, by slot name."""

    def __init__(
        self,
        run: ir.Function,
        unit: Unit,
        plan: Plan,
        ways: Ways,
        callbacks: dict[str, Callable[[], Equation]],
    ):
        self.plan, self.unit, self.ways, self.callbacks = plan, unit, ways, callbacks
        self.inputs, self.outputs, self.arena, self.table = run.args
        self.run = run
        self.entry = ir.IRBuilder(run.append_basic_block("entry"))
        self.b = ir.IRBuilder(run.append_basic_block("begin"))
        self.pointers: dict[int, ir.Value] = {}
        self.kept: list[Buffer] = []
        self.constants: dict[str, Any] = {}
        self.step: Run | None = None
        self.raised: ir.Block | None = None
        base = native.STATE_BYTES + plan.arena_bytes
        self.context = CodeContext(
            self, unit, self.b, self._pointer_of, self.table, self.arena, base
        )

    def emit(self) -> None:
        """The whole plan, and the way out."""
        begin = self.b.block
        self.steps(self.plan.steps)
        self.b.ret(I32(native.DONE))
        self.entry.position_at_end(self.entry.block)  # lowerings have put things there as well
        self.entry.branch(begin)

    # -- buffers

    def pointer(self, buffer: Buffer) -> ir.Value:
        """The address of a buffer, computed once at the beginning."""
        found = self.pointers.get(id(buffer))
        if found is None:
            found = self.pointers[id(buffer)] = self._address(buffer)
            self.kept.append(buffer)
        return found

    def _address(self, buffer: Buffer) -> ir.Value:
        e = self.entry
        if buffer.kind == "arena":
            place = I64(native.STATE_BYTES + buffer.index)
            return e.gep(self.arena, [place], inbounds=True, source_etype=I8)
        if buffer.kind == "constant":
            name = self._constant(buffer.array)
            base, number = self.table, self.unit.slot(name)
        else:
            base, number = (self.inputs if buffer.kind == "input" else self.outputs), buffer.index
        cell = e.gep(base, [I64(number)], inbounds=True, source_etype=PTR)
        return e.load(cell, typ=PTR)

    def _constant(self, array: Any) -> str:
        """The slot name of a constant; one for each array."""
        for name, known in self.constants.items():
            if known is array:
                return name
        name = f"constant:{len(self.constants)}"
        self.constants[name] = array
        return name

    def _pointer_of(self, value: Value) -> ir.Value:
        """The buffer of an operand or a result of the equation at hand."""
        assert self.step is not None
        equation = self.step.equation
        for values, buffers in (
            (equation.outputs, self.step.writes),
            (equation.inputs, self.step.reads),
        ):
            for known, buffer in zip(values, buffers):
                if known is value:
                    return self.pointer(buffer)
        raise KeyError(f"No buffer for a value of {equation.op}. Received: {value}")

    # -- steps

    def steps(self, steps: Sequence[Step]) -> None:
        for step in steps:
            if isinstance(step, Run):
                self.equation(step)
            elif isinstance(step, Copy):
                self.copy(step)
            elif isinstance(step, Branch):
                self.branch(step)
            else:
                self.loop(step)

    def equation(self, step: Run) -> None:
        way, lower = self.ways.of(step.equation)
        self.step = step
        if way == "nest":
            self.context.begin()
            lower(self.context, step.equation)
        elif way == "rows":
            self.rows(step)
        else:
            self.python(step)

    def copy(self, step: Copy) -> None:
        if step.source is step.target or not step.target.nbytes:
            return
        kind = ir.FunctionType(native.VOID, [PTR, PTR, I64, I1])
        name = "llvm.memcpy.p0.p0.i64"
        function = self.unit.module.globals.get(name) or ir.Function(self.unit.module, kind, name)
        size = I64(step.target.nbytes)
        self.b.call(function, [self.pointer(step.target), self.pointer(step.source), size, I1(0)])

    def block(self, name: str) -> ir.Block:
        return self.run.append_basic_block(name)

    def truth(self, buffer: Buffer) -> ir.Value:
        return self.b.icmp_unsigned("!=", self.b.load(self.pointer(buffer), typ=I8), I8(0))

    def branch(self, step: Branch) -> None:
        starts = [self.block("when_false"), self.block("when_true")]
        join = self.block("joined")
        self.b.cbranch(self.truth(step.chosen), starts[1], starts[0])
        for start, steps in zip(starts, step.branches):
            self.b.position_at_end(start)
            self.steps(steps)
            self.b.branch(join)
        self.b.position_at_end(join)

    def loop(self, step: Loop) -> None:
        head, test, body, done = map(self.block, ("turns", "test", "body", "done"))
        entry = self.b.block
        self.b.branch(head)
        self.b.position_at_end(head)
        turns = self.b.phi(I64)
        turns.add_incoming(I64(0), entry)
        if step.limit is not None:
            self.b.cbranch(self.b.icmp_signed("<", turns, I64(int(step.limit))), test, done)
        else:
            self.b.branch(test)
        self.b.position_at_end(test)
        self.steps(step.cond)
        self.b.cbranch(self.truth(step.test), body, done)
        self.b.position_at_end(body)
        self.steps(step.body)
        one_more = self.b.add(turns, I64(1))
        stop = self.poll(self.b)
        turns.add_incoming(one_more, self.b.block)
        self.b.cbranch(stop, done, head)
        self.b.position_at_end(done)

    def poll(self, b: Any) -> ir.Value:
        return native.poll(b, self.arena, self.table)

    def rows(self, step: Run) -> None:
        """An equation on small tensors, in registers."""
        emitter = Emitter(self.b, self.poll)
        equation = step.equation
        env = {
            v: load_rows(self.b, self.pointer(buffer), v)
            for v, buffer in zip(equation.inputs, step.reads)
        }
        emitter.equation(equation, env)
        after = None
        if emitter.refused is not FALSE:
            refused, good, after = map(self.block, ("refused", "good", "after"))
            self.b.cbranch(emitter.refused, refused, good)
            self.b.position_at_end(refused)
            self.python(step, after)
            self.b.position_at_end(good)
        for v, buffer in zip(equation.outputs, step.writes):
            store_rows(self.b, self.pointer(buffer), env[v])
        if after is not None:
            self.b.branch(after)
            self.b.position_at_end(after)

    def python(self, step: Run | None, after: ir.Block | None = None) -> None:
        """A call of Python on the operands' and results' buffers; then on to `after`, or right here."""
        assert step is not None
        name = f"callback:{len(self.callbacks)}"
        equation = step.equation
        self.callbacks[name] = lambda: equation
        buffers = [*step.reads, *step.writes]
        place = native.on_stack(self.entry, 8 * len(buffers))
        e = native.Emit(self.b, self.unit.slot, self.table)
        for k, buffer in enumerate(buffers):
            e.store(self.pointer(buffer), place, 8 * k)
        failed = native.python(self.b, self.arena, self.table, e.entry(name), place)
        fine = after or self.block("fine")
        self.b.cbranch(failed, self.way_out(), fine)
        self.b.position_at_end(fine)

    def way_out(self) -> ir.Block:
        """Where an exception leads."""
        if self.raised is None:
            self.raised = self.block("raised")
            ir.IRBuilder(self.raised).ret(I32(native.RAISED))
        return self.raised
