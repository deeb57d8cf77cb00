"""The steps of a model (training, evaluation, prediction) as traced functions.

A step is traced once for each kind of batch, as TensorFlow traces it; what cannot be traced runs eagerly.  The graph of
a step is interpreted at first, and becomes machine code when it will run often enough for that to pay off.
"""

from __future__ import annotations

import io
import warnings
from contextlib import nullcontext, redirect_stdout, suppress
from importlib import import_module
from typing import Any

from gradtape.backends.interpreted import Interpreted
from gradtape.base.config import settings
from gradtape.base.errors import OperatorNotAllowedInGraphError
from gradtape.core.context import STATE, recorders
from gradtape.core.tensor import Tensor
from gradtape.graph.traced import CannotTrace
from gradtape.graph.tracer import Trace
from gradtape.keras.engine.context import CALL, VERSION
from gradtape.keras.engine.loops import loop_of
from gradtape.keras.engine.nest import flatten, pack
from gradtape.random.seeds import STATE as SEEDS
from gradtape.random.seeds import FunctionSeeds
from gradtape.transforms.autograph.front import convert_for_trace
from gradtape.transforms.concrete import Traced, flatten_result
from gradtape.transforms.concrete_function import form_of
from gradtape.transforms.signature import key_of, plain_key

COMPILE_FROM = 256  # steps: machine code pays off from here on
TELLING = 8  # batches of a kind that tell how many of that kind there are


class Step:
    """One kind of step of a model, called with a batch.

    seeds: the generators of its random operations, as TensorFlow's traced function has them.
    """

    def __init__(self, model: Any, name: str, seeds: FunctionSeeds):
        self.model, self._name, self._seeds = model, name, seeds
        self._programs: dict[Any, Traced] = {}
        self._state: Any = None
        self._version = self._dynamic_at = -1
        self._is_dynamic = False
        self._expected = self._done = 0
        self._loops: dict[Any, Traced] = {}
        self._ready: set[Traced] = set()  # compiled, or to be compiled when called
        self._runs: dict[Traced, int] = {}
        self._eager = self._convert_everything = False
        self._reason: str | None = None  # why it could not be traced just now

    # --- how it is run ---

    def expect(self, steps: int | None) -> None:
        """So many steps are to come, as far as is known."""
        self._expected = max(self._expected, self._done + (steps or 0))

    @property
    def compiled(self) -> bool:
        """Whether it runs as machine code: by `jit_compile`, else by the number of steps."""
        choice = self.model.__dict__.get("_jit_compile")
        if choice is None:
            return max(self._expected, self._done) >= COMPILE_FROM
        return bool(choice)

    def __call__(self, batch: Any) -> Any:
        """The outputs of the step for a batch."""
        self._done += 1
        program = self.program(batch)
        if program is None:
            return self._run_eagerly(batch)
        return self.run(program, [t for t in flatten(batch) if isinstance(t, Tensor)])

    def loop(self, program: Traced, data: list[Any], batch_size: int) -> Traced:
        """The loop over the batches of these arrays.  program: the step for one of the batches."""
        key = (program, tuple([(t._value.shape, t._value.dtype) for t in data]), batch_size)
        found = self._loops.get(key)
        if found is None:
            found = self._loops[key] = loop_of(program, data, batch_size)
        return found

    def run(self, program: Traced, tensors: list[Any], steps: int = 0) -> Any:
        """A program on tensors: interpreted until it is worth its compilation.  steps: how many of them it runs."""
        self._done += steps
        if program not in self._ready:
            if steps or self._pays_off(program):
                self._ready.add(program)
                draw_by_machine_code()
                program._executables.pop("call", None)
            else:
                program._executables.setdefault("call", Interpreted(program.graph))
        return program.call(tensors, ())

    def _pays_off(self, program: Traced) -> bool:
        """Whether one more batch of this kind, among all that come, is reason to compile its program."""
        runs = self._runs[program] = self._runs.get(program, 0) + 1
        if self.model.__dict__.get("_jit_compile") is not None:
            return self.compiled
        if runs >= COMPILE_FROM:
            return True
        share = runs / self._done  # of the steps so far, which tells of those to come
        return runs >= TELLING and share * self._expected >= COMPILE_FROM

    @property
    def traces(self) -> bool:
        """Whether the step is one that is traced."""
        return not (
            self._eager
            or STATE.trace is not None
            or settings.functions_eagerly
            or (STATE.seen and self._name == "train_step")
            or self.model.__dict__.get("_run_eagerly")
            or self._dynamic()
        )

    def _dynamic(self) -> bool:
        if self._dynamic_at != VERSION[0]:
            self._dynamic_at, self._is_dynamic = VERSION[0], self.model.dynamic
        return self._is_dynamic

    def _run_eagerly(self, batch: Any) -> Any:
        """The step on a batch, operation by operation."""
        step = getattr(self.model, self._name)
        if self.model.__dict__.get("_run_eagerly"):
            return step(batch)
        with SEEDS.inside(self._seeds):
            outputs = step(batch)
        if self._reason is not None:  # it cannot be traced, but it works
            self._eager, reason, self._reason = True, self._reason, None
            warnings.warn(
                f"The {self._name} of {self.model.name!r} cannot be compiled and runs eagerly: {reason}",
                RuntimeWarning,
                stacklevel=5,
            )
        return outputs

    # --- tracing ---

    def program(self, batch: Any) -> Traced | None:
        """The step traced for batches like this one; None where it cannot be."""
        if not self.traces:
            return None
        self._forget_if_changed()
        key = (type(batch) is tuple and plain_key(batch)) or key_of((batch,), {})
        found = self._programs.get(key)
        if found is None:
            # TensorFlow's traces take batches of any size: it sees another size's trace as none.
            hidden = redirect_stdout(io.StringIO()) if self._programs else nullcontext()
            with hidden:
                found = self._try_to_trace(batch)
            if found is not None:
                self._programs[key] = found
        return found

    def _forget_if_changed(self) -> None:
        """Other weights, another optimizer: traces for the former ones are of no use."""
        model = self.model
        optimizer = model.__dict__.get("optimizer")
        rate = getattr(optimizer, "_learning_rate", None)
        if VERSION[0] == self._version and self._state[0] is optimizer and self._state[1] is rate:
            return
        self._version = VERSION[0]
        now = (optimizer, rate, [id(v) for v in model.trainable_variables] if model.built else None)
        before, self._state = self._state, now
        if before is not None and before[2] is not None and before != now:
            for known in (self._programs, self._loops, self._runs, self._ready):
                known.clear()

    def _try_to_trace(self, batch: Any) -> Traced | None:
        try:
            try:
                return self._trace(batch)
            except (
                OperatorNotAllowedInGraphError
            ):  # in a function that could not be seen from the step
                self._convert_everything = True
                return self._trace(batch)
        except CannotTrace as error:
            self._reason = f"{error}.{getattr(error, 'place', None) or ''}"
        except Exception as error:  # run eagerly it raises the user's error, or works
            self._reason = f"{type(error).__name__}: {error}"
        return None

    def _trace(self, batch: Any) -> Traced:
        trace, program = self._traced_once(batch, True)
        if trace.created:  # as TensorFlow: once to make the variables, once to use them
            _, program = self._traced_once(batch, False)
        self._forget_if_changed()
        return program

    def _traced_once(self, batch: Any, may_create: bool) -> tuple[Trace, Traced]:
        model = self.model
        trace = Trace(None, self._name, may_create)
        n = 0

        def stand_in(leaf: Any) -> Any:
            nonlocal n
            if not isinstance(leaf, Tensor):
                return leaf
            n += 1
            made: Any = trace.placeholder(leaf._value.shape, leaf._value.dtype, "data")
            trace.given[made._value.value] = leaf._value
            return made

        stand_ins = [stand_in(leaf) for leaf in flatten(batch)]
        outer, CALL.open_batch = CALL.open_batch, model.__dict__.get("_open_batch", False)
        try:
            with trace.active(), recorders(()), SEEDS.inside(self._seeds):
                step = convert_for_trace(getattr(model, self._name), (), self._convert_everything)
                result = step(pack(batch, stand_ins))
                outputs = flatten_result(result, self._name)
        finally:
            CALL.open_batch = outer
            model._clear_losses()
            trace.given.clear()
        return trace, Traced(trace, n, outputs, form_of(result), {})


def draw_by_machine_code() -> None:
    """Where there is a compiler: random numbers and permutations come from it, the same ones."""
    if settings.backend == "llvm":
        with suppress(ImportError):
            import_module("gradtape.backends.llvm.draws").install()
