"""What gradients are claimed: by a tape that recorded, by a function under a tape, by a Keras model under its loss."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradtape.base import tree
from gradtape.base.dtypes import DIFFERENTIABLE, DIFFERENTIABLE_KINDS
from gradtape.base.errors import ArgumentError, TapeError
from gradtape.base.quiet import quiet
from gradtape.core.bind import RAW
from gradtape.core.context import STATE, no_recording, recorders
from gradtape.core.convert import convert
from gradtape.core.ends import source_of, target_of
from gradtape.core.slices import IndexedSlices
from gradtape.core.tape import GradientTape, place
from gradtape.core.tensor import Tensor
from gradtape.core.variable import Variable
from gradtape.insight.certificate.program import Called, Keeper, Program, Recorded, as_it_was
from gradtape.insight.certificate.wide import Fixed
from gradtape.insight.naming import given_name
from gradtape.insight.recording import unique_names
from gradtape.insight.source import visible_names


@dataclass
class Claim:
    """A program and how to get the gradients that are claimed of it.

    targets: tensors.  gradients: from the targets' cotangents to an array or None by source.
    free: whether other cotangents than ones may be tried, and gradients given for the first sources alone.
    n_inputs: how many of the sources the user named.  breaks: sites where watched tensors went to NumPy.
    """

    program: Program
    names: list[str]
    targets: list[Any]
    gradients: Callable[[list[np.ndarray]], list[np.ndarray | None]]
    free: bool
    n_inputs: int
    breaks: tuple[Any, ...] = ()


def of_tape(tape: GradientTape, target: Any, sources: Any) -> Claim:
    """The gradients that `tape.gradient(target, sources)` gives."""
    if tape.trail.let_go or (
        tape._used_at is not None and not tape._records and not tape._persistent
    ):
        raise TapeError(
            f"The tape's records were let go at {place(tape._used_at)}, when its gradient was asked for. Use "
            "tf.GradientTape(persistent=True), or certify before."
        )
    targets = [target_of(t) for t in tree.flatten(target)]
    targets = [t for t in targets if t._value.dtype in DIFFERENTIABLE]
    found = [source_of(s) for s in tree.flatten(sources)]
    found = [s for s in found if s.dtype.np in DIFFERENTIABLE]
    if not targets or not found:
        raise ArgumentError(
            "A certificate needs a target and at least one source of a floating dtype.",
            target=target, sources=sources,
        )  # fmt: skip
    program = Recorded(tape, list(tape._records), targets, found)

    def gradients(seeds: list[np.ndarray]) -> list[np.ndarray | None]:
        with no_recording(), quiet():
            result = tape._backward(targets, [Tensor(s) for s in seeds], found, RAW)
            return [_array(g) for g in result]

    return Claim(program, _names(found, []), targets, gradients, False, len(found))


def of_function(
    f: Callable[..., Any],
    inputs: Sequence[Any],
    variables: Sequence[Any] | None = None,
    names: Sequence[str] = (),
) -> Claim:
    """The gradients of `f(*inputs)` by its inputs and by the trainable variables that it reads.

    variables: these alone, beside the inputs.
    """
    arguments, sources = [], []
    for argument in inputs:
        if isinstance(argument, list | tuple) and _are_numbers(argument):
            argument = convert(argument)
        leaves = [_leaf(a) for a in tree.flatten(argument)]
        sources += [a for a in leaves if _differentiable(a)]
        arguments.append(tree.pack(argument, leaves))
    pass_them = not (sources and all(isinstance(a, Variable) for a in arguments) and _takes_none(f))
    sources = list({id(s): s for s in sources}.values())
    names = list(names) or _argument_names(f, arguments, sources)
    program = Called(f, arguments, sources, pass_them)
    # The first call makes what is made once: the weights of layers, say.
    keeper = Keeper()
    with as_it_was(keeper, Fixed(), eagerly=False), recorders((keeper,)):
        program.call(program.arguments)
    keeper = Keeper()
    before = Variable(0.0, trainable=False)._number
    tape = GradientTape(persistent=True)
    with as_it_was(keeper, program.fixed, eagerly=False), recorders((keeper,)), tape:
        tape.watch(sources)
        targets = program.call(program.arguments)
    read = tape.watched_variables() if variables is None else variables
    known = {id(s) for s in sources}
    more = [v for v in read if id(v) not in known and v._number < before and _differentiable(v)]
    names += _names(more, [])
    everything = [*sources, *more]
    if not everything:
        raise ArgumentError(
            "There is no input of a floating dtype, and no trainable variable is read.",
            inputs=inputs,
        )
    if not targets:
        raise ArgumentError("The function gives no tensor of a floating dtype.", f=f)
    called = Called(f, program.arguments, everything, pass_them)
    called.fixed = program.fixed

    breaks = tuple(dict.fromkeys(site for _, site in tape.trail.breaks if site))

    def gradients(seeds: list[np.ndarray]) -> list[np.ndarray | None]:
        with no_recording():
            found = tape.gradient(targets, everything, output_gradients=[Tensor(s) for s in seeds])
        return [_array(g) for g in found]

    return Claim(called, unique_names(names), targets, gradients, True, len(sources), breaks)


def of_model(model: Any, x: Any, y: Any, sample_weight: Any, loss: Any) -> Claim:
    """The gradients of a model's loss by its trainable variables, as training computes them."""
    from gradtape.keras.engine.compiled import LossesContainer
    from gradtape.keras.engine.training_steps import TrainingSteps

    x, y, sample_weight = (tree.map_structure(_leaf, a) for a in (x, y, sample_weight))
    missing = ArgumentError(
        "The model is not compiled with a loss. Compile it, or give one: certify(model, x, y, loss='mse').",
        model=model,
    )
    own = type(model).compute_loss is not TrainingSteps.compute_loss
    if loss is None and not own and model.compiled_loss is None:
        raise missing
    chosen = None if loss is None else LossesContainer(loss, None, model.output_names)

    def loss_of() -> Any:
        y_pred = model(x, training=True)
        if chosen is None:
            total = model.compute_loss(x, y, y_pred, sample_weight)
        else:
            total = chosen(y, y_pred, sample_weight, regularization_losses=model.losses)
        if total is None:
            raise missing
        return total

    with no_recording():
        if not model.built:
            model(x)
    claim = of_function(loss_of, (), model.trainable_variables)
    claim.names = unique_names([v.name.partition(":")[0] for v in claim.program.sources])
    return claim


def _array(g: Any) -> np.ndarray | None:
    if isinstance(g, IndexedSlices):
        with no_recording():
            g = convert(g)
    if g is None:
        return None
    value = g._value if isinstance(g, Tensor) else np.asarray(g)
    return np.asarray(value, np.complex128 if value.dtype.kind == "c" else np.float64)


def _differentiable(x: Any) -> bool:
    return isinstance(x, Tensor | Variable) and x.dtype.np in DIFFERENTIABLE


def _are_numbers(argument: Any) -> bool:
    return bool(argument) and all(
        isinstance(a, int | float | complex) for a in tree.flatten(argument)
    )


def _leaf(a: Any) -> Any:
    """Arrays and Python's floats become tensors."""
    if isinstance(a, np.ndarray | np.generic) and a.dtype.kind in DIFFERENTIABLE_KINDS + "iub":
        return convert(np.asarray(a))
    return convert(a) if isinstance(a, float | complex) else a


def _takes_none(f: Callable[..., Any]) -> bool:
    try:
        return not inspect.signature(f).parameters
    except (TypeError, ValueError):
        return False


def _argument_names(
    f: Callable[..., Any], arguments: Sequence[Any], sources: Sequence[Any]
) -> list[str]:
    """The names of the function's parameters; parts of one that is a nest are numbered."""
    try:
        parameters = list(inspect.signature(getattr(f, "call", f)).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    plain = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    by_id: dict[int, str] = {}
    for i, argument in enumerate(arguments):
        name = plain[i] if i < len(plain) else f"x{i}"
        leaves = [a for a in tree.flatten(argument) if _differentiable(a)]
        for k, leaf in enumerate(leaves):
            own = f"{name}.{k}" if len(leaves) > 1 else name
            by_id.setdefault(id(leaf), own)
    if not plain and len(sources) == len(by_id):
        return _names(sources, [by_id[id(s)] for s in sources])
    return [by_id[id(s)] for s in sources]


def _names(sources: Sequence[Any], otherwise: Sequence[str]) -> list[str]:
    """What the user's code calls them: a variable's own name first, then that in a frame that is active."""
    visible = visible_names()
    found = []
    for i, source in enumerate(sources):
        name = given_name(source) or visible.get(id(source)) or (otherwise[i] if otherwise else "")
        name = name or f"x{i}"
        found.append(name)
    return unique_names(found)


def refuse_in_a_trace() -> None:
    if STATE.trace is not None:
        raise TapeError("certify works on numbers: call it outside of tf.function.")
