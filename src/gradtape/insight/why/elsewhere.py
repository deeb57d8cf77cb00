"""Why there is no gradient, where the way does not lie in what the tape recorded: it is read from the user's source."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from gradtape.api.numpy_protocols import FUNCTIONS, REDUCTIONS, UFUNCS
from gradtape.base.exports import EXPORTS
from gradtape.core.variable import Variable
from gradtape.insight.source import expression_at, place_of, spelling_of
from gradtape.insight.why.case import Case
from gradtape.insight.why.code import Binding, Source, is_later_cell, latest, source_at, texts_in
from gradtape.insight.why.here import bindings_of, given_to
from gradtape.insight.why.metric import of_metric
from gradtape.insight.why.reason import Reason, at, line_of, quoted

_DEEPEST = 12  # statements between a value and the source
_BLAMED = {"append", "extend", "assign", "assign_add", "assign_sub", "write", "update"}


def elsewhere(case: Case) -> Reason:
    """The reason of a None, for a target that nothing recorded connects with the source."""
    for answer in (_assigned, _left, _from_source):
        found = answer(case)
        if found is not None:
            return found
    return _not_connected(case)


def _assigned(case: Case) -> Reason | None:
    net = case.net
    forward = net.reached(case.sources)
    needed = net.needed(case.ends)
    for variable, value, site in reversed(case.tape.trail.assigned):
        if variable is case.source or forward.isdisjoint(net.slots_of(value)):
            continue
        if needed.isdisjoint(net.slots_of(variable)):
            continue
        place = place_of(site)
        name = quoted(case.here.name_of(variable), "the variable")
        new = place is not None and "Variable(" in place.text
        if new:
            message = f"The new variable {name}{at(place)} takes a copy of the value: gradients end there."
            fix = "use the tensor itself; make variables once, outside of the tape."
        else:
            message = (
                f"The value goes into {name} by an assignment{at(place)}: gradients end there."
            )
            fix = f"use the tensor itself on the way to {case.shown_target}, and assign it to {name} afterwards."
        return case.reason("assigned", message, fix, place=place, op="AssignVariableOp")
    return None


# --- through NumPy ---


def _left(case: Case) -> Reason | None:
    net = case.net
    forward = net.reached(case.sources)
    for tensor, site in reversed(case.tape.trail.breaks):
        if forward.isdisjoint(net.slots_of(tensor)):
            continue
        place = place_of(site)
        source = None if place is None else source_at(place.file)
        statement = None if source is None or place is None else source.statement_at(place.line)
        if source is not None and statement is not None and not _flows(case, source, statement):
            continue
        return left_reason(case, place, source, _name_of_read(case, tensor))
    return None


def _name_of_read(case: Case, tensor: Any) -> str:
    """The name of a tensor, or of the variable that it is a reading of."""
    slot = case.net.known(tensor)
    owner = case.net.owners[case.net.wire_of[slot]] if slot is not None else None
    return case.here.name_of(owner if isinstance(owner, Variable) else tensor)


def left_reason(case: Case, place: Any, source: Source | None, name: str = "") -> Reason:
    """The reason for a value that left at a place."""
    expression, _ = expression_at(place)
    if expression is None and source is not None and place is not None:
        statement = source.statement_at(place.line)
        how = source.leaving(statement) if statement is not None else ""
    else:
        how = source.leaving(expression) if source is not None and expression is not None else ""
    through = f"`{how}`" if how else "NumPy"
    message = f"{quoted(name, 'The value')} left the tape through {through}{at(place)}: what comes back is a constant."
    return case.reason("numpy", message, _instead_of(how), place=place, op=how)


def _instead_of(how: str) -> str:
    if how in (".numpy()", ".item()", ".tolist()"):
        return f"leave {how} out: TensorFlow's functions take the tensor itself."
    if how.endswith("numpy_function"):
        return "write it with TensorFlow's functions, or use tf.py_function."
    if how == ".predict()":
        return "call the model, model(x), inside the tape: predict gives NumPy arrays."
    if how.endswith("()"):
        return f"leave {how[:-2]}(...) out: a tensor without axes can be used as it is."
    leaf = how.rpartition(".")[2]
    public = REDUCTIONS.get(leaf) or UFUNCS.get(leaf) or (leaf if leaf in FUNCTIONS else "")
    if not public and f"math.{leaf}" in EXPORTS:
        public = f"math.{leaf}"
    if public and public in EXPORTS:
        return f"write tf.{public} instead of {how}."
    return "use TensorFlow's functions (tf.reduce_mean, tf.exp, ...) instead of NumPy's."


def _flows(case: Case, source: Source, statement: ast.stmt) -> bool:
    """Whether what a statement makes of a value goes into the target, by the names that it goes through."""
    tainted = set(_made_in(statement))
    if isinstance(statement, ast.Return) or not case.target_name:
        return True
    scope = source.scope_of(statement)
    own = [n for n in ast.walk(scope) if isinstance(n, ast.stmt) and n is not statement]
    own.sort(key=lambda n: n.lineno)
    for _ in range(2):  # loops
        for node in own:
            if isinstance(node, ast.For | ast.While | ast.With | ast.If | ast.FunctionDef):
                continue
            if not tainted.isdisjoint(_read_in(node)):
                if isinstance(node, ast.Return):
                    return True
                tainted.update(_made_in(node))
    return not tainted.isdisjoint(_roots(ast.parse(case.target_name, mode="eval")))


def _read_in(node: ast.AST) -> set[str]:
    """The names that a statement reads."""
    read = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    return read | _roots(node.target) if isinstance(node, ast.AugAssign) else read


def _made_in(node: ast.AST) -> Iterator[str]:
    """The names that a statement gives a value, or adds something to."""
    if isinstance(node, ast.Assign):
        for target in node.targets:
            yield from _roots(target)
    elif isinstance(node, ast.AugAssign | ast.AnnAssign):
        yield from _roots(node.target)
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        function = node.value.func
        if isinstance(function, ast.Attribute) and function.attr in _BLAMED:
            yield from _roots(function.value)


def _roots(node: ast.AST) -> set[str]:
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}


# --- before, after, and in between ---


def side_of_tape(case: Case, binding: Binding, used_inside: bool = True) -> str:
    """Whether a statement ran "before" the tape's block, "inside" or "after" it; "" where that is not known.

    used_inside: whether its result was used in the block, so that it cannot have run after.
    """
    opened = case.opened
    if opened is None:
        return ""
    block = source_at(opened.file).with_at(opened.line)
    if binding.source.file != opened.file and not used_inside:
        return "after" if is_later_cell(binding.source.file, opened.file) else ""
    if binding.source.file != opened.file or block is None:
        return "before" if binding.source.file != opened.file else ""
    source = binding.source
    if source.scope_of(block) is not source.scope_of(binding.statement):
        return "before" if isinstance(source.scope_of(binding.statement), ast.Module) else ""
    if binding.line < block.lineno:
        return "before"
    if binding.line > (block.end_lineno or block.lineno):
        return "before" if used_inside and source.same_loop(block, binding.line) else "after"
    return "inside"


def _from_source(case: Case) -> Reason | None:
    weak: Reason | None = None
    for text, binding, is_target in _leaves(case):
        chain = _back_to(case, binding)
        for step in chain or [binding]:
            metric = of_metric(case, step)
            if metric is not None:
                return metric
        found = _told(case, text, chain or [binding], is_target)
        if found is not None and chain:
            return found
        if found is not None and is_target:
            weak = weak or found
    return weak


def _leaves(case: Case) -> Iterator[tuple[str, Binding, bool]]:
    """What the target is computed from and no operation made: names, the statements that gave them their values."""
    net = case.net
    made = net.made()
    for target in case.targets:
        if net.of_tensor(target, "constant") not in made and not isinstance(target, Variable):
            binding = case.here.origin(target, case.target_name)
            if binding is not None and binding.value is not None:
                yield case.target_name, binding, True
    for text, place, site in _uses(case):
        source = source_at(place.file)
        scope = source.scope_at(place.line, site[0].co_name)
        binding = latest(source, bindings_of(source, text, scope), place.line)
        if binding is not None and binding.value is None:
            yield from ((name, given, False) for name, given in given_to(binding))
        elif binding is not None:
            yield text, binding, False


def _uses(case: Case) -> Iterator[tuple[str, Any, Any]]:
    """What the operations on the way to the target call what no operation made, each place of the code once."""
    net = case.net
    needed, made, seen = net.needed(case.ends), net.made(), set()
    for card, _, inputs, outputs, site, _ in net.gates:
        if not site or needed.isdisjoint(outputs):
            continue
        for position, slot in enumerate(inputs):
            key = id(site[0]), site[1], card.name, position
            if slot in made or key in seen or net.kinds[net.wire_of[slot]] == "variable":
                continue
            seen.add(key)
            place = place_of(site)
            if place is not None:
                yield from ((text, place, site) for text in _called(card, place, position))


def _called(card: Any, place: Any, position: int) -> list[str]:
    """The name of an operand where the code calls the operation by its name, else all names of the expression."""
    spelling = spelling_of(place)
    same = not spelling.function or any(
        n.rpartition(".")[2] == spelling.function for n in card.public
    )
    if same and position < len(spelling.operands) and spelling.operands[position]:
        return [spelling.operands[position]]
    expression, _ = expression_at(place)
    if expression is None:
        return []
    return sorted(texts_in((same and _operand(expression, position)) or expression))


def _operand(expression: ast.AST, position: int) -> ast.AST | None:
    """The expression of one operand."""
    if isinstance(expression, ast.Call):
        return expression.args[position] if position < len(expression.args) else None
    if isinstance(expression, ast.BinOp):
        return (expression.left, expression.right)[position] if position < 2 else None
    return None


def _back_to(case: Case, start: Binding) -> list[Binding]:
    """The statements from `start` back to one that reads the source; empty where there is no such way."""
    wanted = {case.name} - {""}
    root = case.name.partition(".")[0].partition("[")[0]
    if root and root != "self":
        wanted.add(root)
    trail: list[list[Binding]] = [[start]]
    seen = {(start.line, id(start.value))}
    while trail:
        way = trail.pop(0)
        last = way[-1]
        if len(way) > _DEEPEST:
            continue
        if last.value is None:
            trail += [[*way, given] for _, given in given_to(last)]
            continue
        read = texts_in(last.value)
        if isinstance(last.statement, ast.AugAssign):
            read |= texts_in(last.statement.target)
        if not wanted.isdisjoint(read):
            return way
        scope = last.source.scope_of(last.statement)
        for text in sorted(read):
            found = latest(last.source, bindings_of(last.source, text, scope), last.line)
            if found is not None and (found.line, id(found.value)) not in seen:
                seen.add((found.line, id(found.value)))
                trail.append([*way, found])
    return []


def _told(case: Case, text: str, chain: list[Binding], is_target: bool) -> Reason | None:
    """The reason that a chain of statements from a leaf to the source tells."""
    first = chain[0]
    name = quoted(text, "it")
    seen: set[int] = set()
    for binding in (*chain, *[b for outer in chain for b in _inside(outer, seen)]):
        found = _paused(case, binding)
        if found is not None:
            return found
    for binding in chain:
        if binding.value is not None and binding.source.leaving(binding.value):
            return left_reason(case, binding.place, binding.source)
    used = place_of(case.tape._used_at or None)
    side = side_of_tape(case, first, used_inside=not is_target)
    earlier = used is not None and used[:2] < (first.source.file, first.line)
    if side == "inside" and used is not None and earlier and not case.tape._persistent:
        message = (
            f"{name} was computed{at(first.place)}, after the tape had stopped recording: its gradient was asked "
            f"for at {line_of(used)}."
        )
        fix = "ask for the gradient after the block, or use tf.GradientTape(persistent=True)."
        return case.reason("tape_used", message, fix, place=used)
    if case.tape.trail.before and is_target:
        return _forgotten(case, name, first)
    if side == "before":
        message = f"{name} was computed at {line_of(first.place)}, before the tape of {line_of(case.opened)} opened."
        fix = f"move {line_of(first.place)} into the tape's block."
        return case.reason("before_tape", message, fix, place=first.place)
    if side == "after":
        message = (
            f"{name} was computed at {line_of(first.place)}, after the block of the tape of "
            f"{line_of(case.opened)} had ended."
        )
        here = case.opened is not None and case.opened.file == first.source.file
        fix = f"{'indent' if here else 'move'} {line_of(first.place)} into the tape's block."
        return case.reason("after_tape", message, fix, place=first.place)
    return None


def _paused(case: Case, binding: Binding) -> Reason | None:
    """The reason where a statement stands inside of `stop_recording()`."""
    pause = binding.source.paused(binding.statement)
    if pause is None:
        return None
    statement = binding.statement
    target = statement.targets[0] if isinstance(statement, ast.Assign) else None
    name = f"`{ast.unparse(target)}`" if target is not None else "the value"
    message = (
        f"{name} was computed{at(binding.place)} inside `stop_recording()` "
        f"({line_of(binding.source.place(pause.lineno))}), where the tape sees nothing."
    )
    fix = f"compute {name} outside of the stop_recording block."
    return case.reason("stop_recording", message, fix, place=binding.place)


def _inside(binding: Binding, seen: set[int]) -> Iterator[Binding]:
    """The statements of functions of the same file that a statement calls, from their results backwards; each once."""
    source, value = binding.source, binding.value
    if value is None:
        return
    calls = [c.func for c in ast.walk(value) if isinstance(c, ast.Call)]
    names = {f.attr if isinstance(f, ast.Attribute) else ast.unparse(f) for f in calls}
    functions = [n for n in ast.walk(source.tree) if isinstance(n, ast.FunctionDef)]
    if not names <= {f.name for f in functions}:
        names |= {"call", "__call__"}  # an object that can be called
    for function in functions:
        if function.name not in names or id(function) in seen:
            continue
        seen.add(id(function))
        for node in ast.walk(function):
            if isinstance(node, ast.Return) and node.value is not None:
                start = Binding(source, node.lineno, node.value, "return", node)
                for found in _behind(start, function):
                    yield found
                    yield from _inside(found, seen)


def _behind(start: Binding, function: ast.AST) -> Iterator[Binding]:
    """A statement, and those of the same function that its value comes from."""
    seen: set[int] = set()
    todo = [start]
    while todo:
        binding = todo.pop(0)
        if id(binding.statement) in seen or binding.value is None:
            continue
        seen.add(id(binding.statement))
        yield binding
        for text in sorted(texts_in(binding.value)):
            found = latest(start.source, start.source.bindings(text, function), binding.line)
            if found is not None and start.source.scope_of(found.statement) is function:
                todo.append(found)


def _forgotten(case: Case, name: str, binding: Binding) -> Reason:
    message = (
        f"{name} was computed{at(binding.place)} the last time that the tape was open. It was opened again"
        f"{at(case.opened)}, and forgot what it had recorded."
    )
    fix = "ask for the gradient before the tape is opened again, or make a new tf.GradientTape() each time."
    return case.reason("forgotten", message, fix, place=case.opened)


def _not_connected(case: Case) -> Reason:
    net = case.net
    names: list[str] = []
    for slot in net.leaves(net.needed(case.ends)):
        owner = net.owners[net.wire_of[slot]]
        text = case.here.name_of(owner) if owner is not None else ""
        if text and text != case.target_name:
            names.append(f"`{text}`")
    names = list(dict.fromkeys(names))
    others = f": it is computed from {', '.join(names[:6])}" if names else ""
    message = f"{case.shown_target} does not depend on {case.shown}{others}."
    ends = set(case.ends)
    last = next(
        (i for i in reversed(range(len(net.gates))) if not ends.isdisjoint(net.gates[i][3])), None
    )
    place = case.opened if last is None else net.place(last)
    fix = f"use {case.shown} inside the tape's block on the way to {case.shown_target}."
    return case.reason(
        "not_connected", message, fix, place=place, data={"depends_on": tuple(names)}
    )
