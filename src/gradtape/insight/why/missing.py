"""Why there is no gradient at all: the reasons of a None."""

from __future__ import annotations

import ast
from typing import Any

from gradtape.base.dtypes import DIFFERENTIABLE
from gradtape.core.card import REGISTRY
from gradtape.core.variable import Variable
from gradtape.insight.reading import CALLS
from gradtape.insight.source import place_of, spelling_of
from gradtape.insight.why import elsewhere
from gradtape.insight.why.case import Case
from gradtape.insight.why.code import Binding, makes_variable, texts_in
from gradtape.insight.why.lost import FORM_ONLY, Lost, lost_at, lost_inside, use_of
from gradtape.insight.why.reason import Reason, at, line_of, quoted


def missing(case: Case) -> Reason:
    """The reason of a None."""
    for answer in (_forgotten, _integer, _unwatched_variable, _on_the_way, _unwatched_tensor):
        found = answer(case)
        if found is not None:
            return found
    return elsewhere.elsewhere(case)


def _forgotten(case: Case) -> Reason | None:
    tape = case.tape
    if tape._used_at is None or tape._persistent or tape._records or tape._watched:
        return None
    used = place_of(tape._used_at)
    if tape.trail.let_go:
        size = f"{tape.trail.let_go / 2**20:.0f} MiB"
        message = f"The tape let go of what it had recorded ({size}) when its gradient was asked for{at(used)}."
        return case.reason("forgotten", message, "use tf.GradientTape(persistent=True), or ask `why` before.",
                           place=used)  # fmt: skip
    if not tape._explains:
        message = "The tape kept nothing for explanations: gradtape.config.explanations is False."
        return case.reason(
            "forgotten", message, "set gradtape.config.explanations = True.", place=used
        )
    return None


def _integer(case: Case) -> Reason | None:
    source = case.source
    dtype = source.dtype
    if dtype.np in DIFFERENTIABLE:
        return None
    binding = case.here.origin(source, case.name)
    fix = f"give it a floating dtype, as in tf.Variable(1.0), or tf.cast({case.name or 'x'}, tf.float32)."
    made = ""
    if binding is not None and binding.value is not None:
        made = f": {binding.text}{at(binding.place)}"
        better = _with_floats(binding.value)
        if better:
            fix = f"write {better}."
    what = "A variable" if isinstance(source, Variable) else "A tensor"
    message = f"{case.shown} is {dtype.name}{made}. {what} of whole numbers has no gradient."
    return case.reason("integer", message, fix, place=binding and binding.place,
                       data={"dtype": dtype.name})  # fmt: skip


def _with_floats(value: ast.expr) -> str:
    """The expression with its whole numbers written as floats: `tf.Variable(1.0)`."""
    if not isinstance(value, ast.Call) or not value.args:
        return ""
    new = ast.parse(ast.unparse(value), mode="eval").body
    assert isinstance(new, ast.Call)
    numbers = [
        n for n in ast.walk(new.args[0]) if isinstance(n, ast.Constant) and type(n.value) is int
    ]
    if not numbers:
        return ""
    for number in numbers:
        number.value = float(number.value)  # type: ignore[arg-type]
    new.keywords = [k for k in new.keywords if k.arg != "dtype"]
    text = ast.unparse(new)
    return text if len(text) <= 60 else "its numbers as floats: 1.0, not 1"


def _unwatched_variable(case: Case) -> Reason | None:
    source, tape = case.source, case.tape
    if not isinstance(source, Variable) or id(source) in tape._watched:
        return None
    binding = case.here.origin(source, case.name)
    place = binding.place if binding is not None else None
    name = case.name or "variable"
    if not source.trainable:
        message = (
            f"{case.shown} is a variable with trainable=False"
            f"{at(place)}, and the tape watches trainable variables only."
        )
        fix = f"leave trainable=False out, or write tape.watch({name}) at the start of the tape's block."
        return case.reason("not_trainable", message, fix, place=place)
    if not tape._watch_accessed:
        message = (
            f"The tape was made with watch_accessed_variables=False{at(case.opened)}: it watches only what "
            f"`tape.watch` gets, and {case.shown} it did not get."
        )
        fix = f"write tape.watch({name}) at the start of the tape's block, or leave watch_accessed_variables out."
        return case.reason("not_watched", message, fix, place=case.opened)
    return None


def _on_the_way(case: Case) -> Reason | None:
    """The way from target to source is known, and ends at an operation."""
    source, net = case.source, case.net
    sources = case.sources
    watched = id(source) in case.tape._watched
    if not isinstance(source, Variable) and not watched:
        return None
    lost = lost_at(net, case.ends, sources)
    if lost is None:
        return None
    if not lost:
        use = use_of(net, sources)
        message = f"{case.shown} was used{at(use)} before the tape was told to watch it."
        fix = f"write tape.watch({case.name or 'x'}) before {line_of(use)}."
        return case.reason("watched_late", message, fix, place=use)
    return _at_gate(case, lost[0], len(lost))


def _at_gate(case: Case, lost: Lost, ways: int) -> Reason:
    net = case.net
    card, attrs, _, _, _, layers = net.gates[lost.gate]
    place = net.place(lost.gate)
    if card.name in CALLS and attrs is not None:
        equation = lost_inside(attrs["program"].graph, lost.position)
        if equation is not None:
            card, attrs = REGISTRY[equation.op], equation.attrs
            place = place_of(equation.site) or place
    data = {"ways_lost": ways, "layers": layers, "input": lost.position}
    word = card.public[0] if card.public else _WORDS.get(card.name, card.name)
    told: dict[str, Any] = {"op": card.tf_name, "place": place, "data": data}
    spelling = spelling_of(place)
    operand = spelling.operands[lost.position] if lost.position < len(spelling.operands) else ""
    result = quoted(spelling.result, "its result")
    if card.name == "stop_gradient":
        message = f"tf.stop_gradient{at(place)} ends every gradient: {result} counts as a constant."
        fix = f"leave tf.stop_gradient out{at(place)}, or ask for another source."
        return case.reason("stop_gradient", message, fix, **told)
    if card.name == "cast":
        kind = (attrs or {}).get("dtype")
        to = f"to {kind.name} " if kind is not None else "to whole numbers "
        message = (
            f"tf.cast {to}{at(place).strip()} ends the gradient: whole numbers have no derivative."
        )
        fix = "keep floats on the way from the source to the target; cast a copy for printing or indexing."
        return case.reason("integer_cast", message, fix, **told)
    if card.name in ("custom_gradient", "sparse_custom_gradient", "custom_rule"):
        message = f"The function with a gradient of its own{at(place)} gives None for {quoted(operand, 'an argument')}."
        fix = "return a tensor for each argument from its gradient function."
        return case.reason("custom_gradient", message, fix, **told)
    message = f"tf.{word}{at(place)} has no derivative{_because(card)}."
    if card.vjp is not None:
        what = quoted(operand, f"its input {_parameter(card, lost.position)}")
        message = f"tf.{word}{at(place)} passes no gradient to {what}: it only tells it which, where or how many."
    return case.reason("no_derivative", message, _instead(card, case), **told)


def _parameter(card: Any, position: int) -> str:
    return f"`{card.parameters[position]}`" if position < len(card.parameters) else str(position)


def _because(card: Any) -> str:
    text = card.no_gradient.partition(":")[0]
    return f" ({text})" if text else ""


_WORDS = {"host": "numpy_function", "call": "function", "watched": "function", "shape_of": "shape"}
_INSTEAD = {
    "argmax": "use tf.nn.softmax(x) as a smooth choice, or tf.reduce_max(x) for the value.",
    "argmin": "use tf.nn.softmax(-x) as a smooth choice, or tf.reduce_min(x) for the value.",
    "round": "leave tf.round out of the loss, or let the gradient pass: x + tf.stop_gradient(tf.round(x) - x).",
    "host": "write it with TensorFlow's functions, or use tf.py_function.",
}
_STEPS = ("rint", "floor", "ceil", "floor_div", "truncate_div")
_COMPARISONS = ("greater", "greater_equal", "less", "less_equal", "equal", "not_equal")


def _instead(card: Any, case: Case) -> str:
    if card.name in _INSTEAD:
        return _INSTEAD[card.name]
    if card.name in _STEPS:
        return "keep the smooth value in the loss, or let the gradient pass: x + tf.stop_gradient(f(x) - x)."
    if card.name in _COMPARISONS:
        return "use a smooth step such as tf.sigmoid(k * (a - b)), or tf.where on values that depend on the source."
    if card.name in FORM_ONLY:
        return f"use the values of {case.shown}, not only its shape."
    return "use an operation with a derivative on the way from the source to the target."


def _unwatched_tensor(case: Case) -> Reason | None:
    source, tape = case.source, case.tape
    if isinstance(source, Variable) or id(source) in tape._watched:
        return None
    here, net = case.here, case.net
    name = case.name or "x"
    binding = here.origin(source, case.name)
    use = use_of(net, case.sources)
    watch = (
        f"tape.watch({name}) before {line_of(use)}"
        if use
        else f"tape.watch({name}) in the tape's block"
    )
    if binding is None or binding.value is None:
        message = f"{case.shown} is a constant, and tapes watch variables."
        return case.reason("constant", message, f"use tf.Variable({name}), or {watch}.", place=use)
    earlier = _earlier_variable(case, binding)
    if earlier is not None:
        message = (
            f"{case.shown} was a Variable ({line_of(earlier.place)}) and is a Tensor since "
            f"{line_of(binding.place)} (`{binding.place.text}`)."
        )
        return case.reason("replaced", message, _assigning(binding, name), place=binding.place)
    before = elsewhere.side_of_tape(case, binding) == "before"
    if before and _uses_variables(case, binding):
        message = (
            f"{case.shown} was computed at {line_of(binding.place)}, before the tape of "
            f"{line_of(case.opened)} opened."
        )
        fix = f"compute {case.shown} inside the tape's block, or write {watch}."
        return case.reason("before_tape", message, fix, place=binding.place)
    if binding.kind == "loop":
        made = f"comes from `{binding.text}`{at(binding.place)}"
    else:
        made = f"was made by `{binding.text}`{at(binding.place)}"
    message = f"{case.shown} {made} and is a constant; tapes watch variables."
    plain = binding.text if binding.kind == "assign" and len(binding.text) < 40 else name
    fix = f"use {name} = tf.Variable({plain}), or {watch}."
    return case.reason("constant", message, fix, place=binding.place)


def _earlier_variable(case: Case, binding: Binding) -> Binding | None:
    """The statement that made a variable under the source's name."""
    for view in case.here.views:
        found = case.here.bindings(view, case.name)
        if any(b.line == binding.line and b.source is binding.source for b in found):
            return next((b for b in found if makes_variable(b)), None)
    return None


def _assigning(binding: Binding, name: str) -> str:
    value, statement = binding.value, binding.statement
    if isinstance(statement, ast.Assign) and not isinstance(value, ast.ListComp):
        name = ast.unparse(statement.targets[0])
    if binding.kind == "augmented" and value is not None:
        return f"use {name}.assign_sub(...), which changes the variable."
    if isinstance(value, ast.BinOp) and ast.unparse(value.left) == name:
        delta = ast.unparse(value.right)
        if isinstance(value.op, ast.Sub):
            return f"use {name}.assign_sub({delta}), which changes the variable."
        if isinstance(value.op, ast.Add):
            return f"use {name}.assign_add({delta}), which changes the variable."
    return f"use {name}.assign(...) or {name}.assign_sub(...), which change the variable."


def _uses_variables(case: Case, binding: Binding) -> bool:
    """Whether an expression reads variables, or calls what has some."""
    assert binding.value is not None
    for text in texts_in(binding.value):
        value = case.here.value_of(text)
        if isinstance(value, Variable) or getattr(value, "trainable_variables", None):
            return True
    return False
