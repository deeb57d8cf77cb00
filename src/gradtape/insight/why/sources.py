"""A source that has no gradient itself: whole numbers, what is no variable, what is not watched."""

from __future__ import annotations

import ast

from gradtape.base.dtypes import DIFFERENTIABLE
from gradtape.core.variable import Variable
from gradtape.insight.why.case import Case
from gradtape.insight.why.code import Binding, makes_variable, texts_in
from gradtape.insight.why.elsewhere import side_of_tape
from gradtape.insight.why.lost import use_of
from gradtape.insight.why.reason import Reason, at, line_of


def integer(case: Case) -> Reason | None:
    """A source of whole numbers, bools or strings."""
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
    kind = {"string": "texts", "bool": "truth values"}.get(dtype.name, "whole numbers")
    if dtype.name == "string":
        fix = "ask for the gradient by a variable of floating numbers."
    message = f"{case.shown} is {dtype.name}{made}. {what} of {kind} has no gradient."
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


def unwatched_variable(case: Case) -> Reason | None:
    """A variable that the tape does not watch."""
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
        fix = f"write tape.watch({name}) at the start of the tape's block."
        if binding is not None:
            fix = f"leave trainable=False out, or {fix}"
        return case.reason("not_trainable", message, fix, place=place)
    if not tape._watch_accessed:
        message = (
            f"The tape was made with watch_accessed_variables=False{at(case.opened)}: it watches only what "
            f"`tape.watch` gets, and {case.shown} it did not get."
        )
        fix = f"write tape.watch({name}) at the start of the tape's block, or leave watch_accessed_variables out."
        return case.reason("not_watched", message, fix, place=case.opened)
    return None


def unwatched_tensor(case: Case) -> Reason | None:
    """A plain tensor: made as one, or put in the place of a variable."""
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
        return case.reason("replaced", message, _replaced(binding, name), place=binding.place)
    before = side_of_tape(case, binding) == "before"
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
    fix = f"{_as_variable(name, binding)}, or {watch}."
    return case.reason("constant", message, fix, place=binding.place)


def _as_variable(name: str, binding: Binding) -> str:
    """'use x = tf.Variable(3.0)' for what was a constant; the call of tf.constant goes."""
    value = binding.value
    if binding.kind not in ("assign", "append") or value is None:
        return f"use {name} = tf.Variable({name})"
    if isinstance(value, ast.Call) and len(value.args) == 1 and not value.keywords:
        called = ast.unparse(value.func).rpartition(".")[2]
        value = value.args[0] if called in ("constant", "convert_to_tensor") else value
    text = ast.unparse(value)
    made = f"tf.Variable({text if len(text) < 60 else name})"
    statement = binding.statement
    if isinstance(statement, ast.Assign) and statement.value is binding.value:
        return f"use {ast.unparse(statement.targets[0])} = {made}"
    return f"write {made} there"


def _earlier_variable(case: Case, binding: Binding) -> Binding | None:
    """The statement that made a variable under the source's name."""
    for view in case.here.views:
        found = case.here.bindings(view, case.name)
        if any(b.line == binding.line and b.source is binding.source for b in found):
            return next((b for b in found if makes_variable(b)), None)
    return None


def _replaced(binding: Binding, name: str) -> str:
    """What to write instead of a statement that put a tensor in a variable's place."""
    value, statement = binding.value, binding.statement
    if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.ListComp):
        parts = statement.value.generators
        heads = [
            f"for {ast.unparse(g.target).strip('()')} in {ast.unparse(g.iter)}: " for g in parts
        ]
        name = (
            ast.unparse(value.left)
            if isinstance(value, ast.BinOp)
            else ast.unparse(parts[0].target)
        )
        return f"change the variables themselves, {''.join(heads)}{_assigning(value, name)}."
    if isinstance(statement, ast.Assign):
        name = ast.unparse(statement.targets[0])
    return f"use {_assigning(value, name)}, which changes the variable."


def _assigning(value: ast.expr | None, name: str) -> str:
    """The assignment that gives a variable the value of an expression."""
    if isinstance(value, ast.BinOp) and ast.unparse(value.left) == name:
        delta = ast.unparse(value.right)
        if isinstance(value.op, ast.Sub):
            return f"{name}.assign_sub({delta})"
        if isinstance(value.op, ast.Add):
            return f"{name}.assign_add({delta})"
    text = ast.unparse(value) if value is not None else "..."
    return f"{name}.assign({text if len(text) < 60 else '...'})"


def _uses_variables(case: Case, binding: Binding) -> bool:
    """Whether an expression reads variables, or calls what has some."""
    assert binding.value is not None
    for text in texts_in(binding.value):
        value = case.here.value_of(text)
        if isinstance(value, Variable) or getattr(value, "trainable_variables", None):
            return True
    return False
