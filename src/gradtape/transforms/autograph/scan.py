"""Which functions need converting: those with control flow of Python's, or that refer to functions with it.

The bytecode tells, so that a function without a branch is traced as it stands, and the converter is never imported.
"""

from __future__ import annotations

import dis
import sys
from collections.abc import Callable, Iterator
from functools import cache, partial
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any, NamedTuple

from gradtape.base.site import PACKAGE_ROOT

# Their functions work on numbers or on Python objects: they run as they stand.
LIBRARIES = frozenset(
    ("numpy", "scipy", "pandas", "matplotlib", "optree", "ml_dtypes", "malt", "pytest", "_pytest", "IPython", "tqdm",
     "psutil", "llvmlite", "absl", "setuptools", "hypothesis", "PIL", "sklearn")
)  # fmt: skip
_BUILTINS = frozenset(
    ("int", "float", "range", "sorted", "next")
)  # that work on tensors when they are converted
_LOADS = frozenset(("LOAD_GLOBAL", "LOAD_NAME", "LOAD_DEREF", "LOAD_CLASSDEREF"))
_COMPREHENSIONS = frozenset(("<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>"))
EVERYTHING = [False]  # convert all of the user's functions
_MOST = 500  # functions that are looked at for one


class Found(NamedTuple):
    """What a code object holds.  flow: a statement or expression to convert; chains: names it refers to, dotted."""

    flow: bool
    chains: tuple[tuple[str, ...], ...]


def is_ours(code: CodeType) -> bool:
    return code.co_filename.startswith(PACKAGE_ROOT)


def is_users(function: FunctionType) -> bool:
    """Whether it is code of the user's: not gradtape's, not of the standard library or of one that is known."""
    code = function.__code__
    if is_ours(code) or code.co_filename == "<string>":
        return False
    root = (function.__module__ or "").partition(".")[0]
    if root in LIBRARIES:
        return False
    return root not in sys.stdlib_module_names or root == "__main__"


def needs_conversion(function: Callable[..., Any], args: tuple[Any, ...] = ()) -> bool:
    """Whether tracing `function(*args)` may come across control flow that tensors decide."""
    if EVERYTHING[0]:
        return True
    seen: set[CodeType] = set()
    waiting: list[tuple[FunctionType, tuple[Any, ...]]] = list(_functions_of(function, args))
    while waiting and len(seen) < _MOST:
        candidate, given = waiting.pop()
        code = candidate.__code__
        if code in seen:
            continue
        seen.add(code)
        found = look(code)
        if found.flow:
            return True
        for chain in found.chains:
            value = _follow(candidate, chain, given)
            waiting.extend(f for f in _functions_of(value, ()) if f[0].__code__ not in seen)
    return False


def _functions_of(
    value: Any, args: tuple[Any, ...]
) -> Iterator[tuple[FunctionType, tuple[Any, ...]]]:
    """The user's functions that a call of `value` would run, with the arguments that are known."""
    while isinstance(value, partial):
        args = (*value.args, *args)
        value = value.func
    if isinstance(value, MethodType):
        args = (value.__self__, *args)
        value = value.__func__
    if type(value) is FunctionType:
        if is_users(value):
            yield value, args
        return
    if isinstance(value, type | ModuleType) or value is None:
        return
    for name in ("__call__", "call"):
        method = on_type(type(value), name)
        if type(method) is FunctionType and is_users(method):
            yield method, (value, *args)


def on_type(kind: type, name: str) -> Any:
    for base in kind.__mro__:
        if name in base.__dict__:
            return base.__dict__[name]
    return None


def _follow(function: FunctionType, chain: tuple[str, ...], args: tuple[Any, ...]) -> Any:
    """The value of a dotted name in a function, without running any code of the user's; None where it is not known."""
    code = function.__code__
    name = chain[0]
    arguments = code.co_varnames[: code.co_argcount]
    value: Any = None
    if name in arguments:
        place = arguments.index(name)
        value = args[place] if place < len(args) else None
    elif name in code.co_freevars:
        try:
            value = (function.__closure__ or ())[code.co_freevars.index(name)].cell_contents
        except (ValueError, IndexError):
            value = None
    elif name not in code.co_varnames:
        value = function.__globals__.get(name)
    for attribute in chain[1:]:
        if value is None:
            return None
        value = _peek(value, attribute)
    return value


def _peek(value: Any, name: str) -> Any:
    if isinstance(value, ModuleType):
        return value.__dict__.get(name)
    if isinstance(value, type):
        found = on_type(value, name)
        return found.__func__ if isinstance(found, staticmethod | classmethod) else found
    found = getattr(value, "__dict__", {}).get(name)
    if found is not None:
        return found
    found = on_type(type(value), name)
    if isinstance(found, property):
        return None if found.fget is None else MethodType(found.fget, value)
    if type(found) is FunctionType:
        return MethodType(found, value)
    return found.__func__ if isinstance(found, staticmethod | classmethod) else found


@cache
def look(code: CodeType) -> Found:
    """What is in a code object, and in those inside it."""
    flow = False
    chains: dict[tuple[str, ...], None] = {}
    chain: tuple[str, ...] = ()
    handler = False  # the next jump belongs to `with` or `except`
    for step in dis.get_instructions(code):
        op = step.opname
        if op in ("WITH_EXCEPT_START", "CHECK_EXC_MATCH"):
            handler = True
        elif "JUMP" in op and "_IF_" in op:
            flow = flow or not handler
            handler = False
        elif op == "UNARY_NOT" or (op == "FOR_ITER" and code.co_name not in _COMPREHENSIONS):
            flow = True
        elif op in _LOADS or op.startswith("LOAD_FAST"):
            if chain:
                chains[chain] = None
            names = step.argval if isinstance(step.argval, tuple) else (step.argval,)
            chains.update(((str(name),), None) for name in names[:-1])
            chain = (str(names[-1]),)
            if op in ("LOAD_GLOBAL", "LOAD_NAME") and step.argval in _BUILTINS:
                flow = True
        elif op in ("LOAD_ATTR", "LOAD_METHOD") and chain:
            chain = (*chain, str(step.argval))
        elif op not in ("CACHE", "NOP", "PRECALL", "PUSH_NULL", "TO_BOOL"):
            if chain:
                chains[chain] = None
            chain = ()
    if chain:
        chains[chain] = None
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            inner = look(constant)
            flow = flow or inner.flow
            chains.update(dict.fromkeys(inner.chains))
    return Found(flow, tuple(chains))
