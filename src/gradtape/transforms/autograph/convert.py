"""Python functions with their control flow as calls of operators, which decide what becomes part of a graph.

The syntax tree is rewritten by diastatic-malt; what the operators do is ours.  The new code is compiled under the
user's file name with the user's lines and columns: errors and explanations point where they should.
"""

from __future__ import annotations

import ast
import threading
import weakref
from types import CodeType, FunctionType
from typing import Any, NamedTuple

from gradtape.transforms.autograph import directives
from gradtape.transforms.autograph.source import NoSourceError, tree_of

_LOCK = threading.RLock()
_FACTORIES: dict[
    Any, tuple[Any, Any]
] = {}  # by id of the code, and options: (reference to it, factory)
_FUTURE = 0x1FE0000  # the flags of `from __future__` in a code object


class Place(NamedTuple):
    """Where a node stands in the user's file."""

    lineno: int
    col_offset: int
    end_lineno: int
    end_col_offset: int

    @property
    def loc(self) -> Place:
        return self


def convert(function: FunctionType, features: frozenset[str] = frozenset()) -> FunctionType:
    """The function converted; it shares globals, closure and defaults with the original.  Raises NoSourceError."""
    code = function.__code__
    with _LOCK:
        key = id(code), features
        entry = _FACTORIES.get(key)
        if entry is None or entry[0]() is not code:
            factory = _factory(function, features)
            _FACTORIES[key] = weakref.ref(code, lambda _: _FACTORIES.pop(key, None)), factory
        else:
            factory = entry[1]
    return _instance(factory, function)


def converted_source(function: FunctionType, features: frozenset[str] = frozenset()) -> str:
    """The text of the converted function."""
    node, _ = _transformed(function, features)
    if isinstance(node, ast.FunctionDef):
        node.name = f"tf__{node.name}"
    return ast.unparse(ast.fix_missing_locations(node)) + "\n"


def _instance(factory: CodeType, function: FunctionType) -> FunctionType:
    from gradtape.transforms.autograph.operators import OPERATORS

    cells = dict(zip(function.__code__.co_freevars, function.__closure__ or ()))
    closure = tuple([cells[name] for name in factory.co_freevars])
    made = FunctionType(factory, function.__globals__, factory.co_name, None, closure)(OPERATORS)
    made.__defaults__, made.__kwdefaults__ = function.__defaults__, function.__kwdefaults__
    made.__name__, made.__qualname__ = function.__name__, function.__qualname__
    made.__doc__, made.__module__ = function.__doc__, function.__module__
    made.__dict__.update(function.__dict__)
    made._autograph_converted = True
    return made


def _factory(function: FunctionType, features: frozenset[str]) -> CodeType:
    """Code of a function of the operators that gives the converted function, with the original's free variables."""
    node, own = _transformed(function, features)
    code = function.__code__
    define: list[Any]
    if isinstance(node, ast.Lambda):
        define = [ast.Assign([ast.Name(own, ast.Store())], node)]
    else:
        node.name = own
        define = [node]
    inner = _def("factory", ["ag__"], [*define, ast.Return(ast.Name(own, ast.Load()))])
    free = [ast.Assign([ast.Name(v, ast.Store())], ast.Constant(None)) for v in code.co_freevars]
    outer = _def("scope", [], [*free, inner, ast.Return(ast.Name("factory", ast.Load()))])
    _put_places(outer, Place(code.co_firstlineno, 0, code.co_firstlineno, 0))
    module = ast.Module([outer], [])
    compiled = compile(
        module, code.co_filename, "exec", flags=code.co_flags & _FUTURE, dont_inherit=True
    )
    for name in ("scope", "factory"):
        compiled = next(
            c for c in compiled.co_consts if isinstance(c, CodeType) and c.co_name == name
        )
    constants = [
        c.replace(co_name=code.co_name, co_qualname=code.co_qualname)
        if isinstance(c, CodeType) and c.co_name == own
        else c
        for c in compiled.co_consts
    ]
    return compiled.replace(co_consts=tuple(constants))


def _def(name: str, arguments: list[str], body: list[Any]) -> ast.FunctionDef:
    args = ast.arguments([], [ast.arg(a) for a in arguments], None, [], [], None, [])
    made = ast.FunctionDef(name, args, body, [])
    if hasattr(made, "type_params") or "type_params" in made._fields:
        made.type_params = []  # type: ignore[attr-defined]
    return made


def _put_places(node: ast.AST, place: Place) -> None:
    from malt.pyct import anno

    own = anno.getanno(node, anno.Basic.ORIGIN, default=None)
    place = own if isinstance(own, Place) else place
    if isinstance(node, ast.Attribute) and place.end_lineno > place.lineno:
        place = Place(place.lineno, place.col_offset, place.lineno, place.col_offset + 1)
    if "lineno" in node._attributes:
        node.lineno, node.col_offset, node.end_lineno, node.end_col_offset = place  # type: ignore[attr-defined]
    for child in ast.iter_child_nodes(node):
        _put_places(child, place)


def _transformed(function: FunctionType, features: frozenset[str]) -> tuple[Any, str]:
    """The rewritten tree, and the name of the function in it."""
    node = tree_of(function)
    try:
        from malt.core import converter
        from malt.impl import api
        from malt.lang import directives as theirs
        from malt.pyct import anno, errors, inspect_utils, naming, transformer
    except ImportError:
        raise NoSourceError(
            "the package diastatic-malt is not installed: pip install 'gradtape[autograph]'"
        ) from None
    theirs.set_loop_options, theirs.UNSPECIFIED = (
        directives.set_loop_options,
        directives.UNSPECIFIED,
    )
    code = function.__code__
    for part in ast.walk(node):
        if hasattr(part, "lineno"):
            anno.setanno(part, anno.Basic.ORIGIN, _place_of(part))
    _bare(node, code)
    _Caught().visit(node)
    namespace = inspect_utils.getnamespace(function)
    namer = naming.Namer(namespace)
    # Not its own name, which in its body is whatever it is to the user.
    name = namer.new_symbol(
        "ag__lambda" if isinstance(node, ast.Lambda) else f"ag__{node.name}", ()
    )
    info = transformer.EntityInfo(name, "", code.co_filename, (), namespace)
    optional: Any = tuple([converter.Feature[f] for f in sorted(features)])
    options = converter.ConversionOptions(
        recursive=True, user_requested=False, internal_convert_user_code=True,
        optional_features=optional or None,  # pyright: ignore[reportArgumentType]
    )  # fmt: skip
    context = transformer.Context(info, namer, converter.ProgramContext(options))
    try:
        node = api.PyToPy.transform_ast(api._TRANSPILER, node, context)
    except (
        errors.PyCTError,
        NotImplementedError,
        ValueError,
        AssertionError,
        AttributeError,
        KeyError,
    ) as error:
        raise NoSourceError(f"it cannot be converted ({type(error).__name__}: {error})") from error
    return node, name


def _place_of(node: Any) -> Place:
    """The place of a node; of a statement with a body, only its first line."""
    line, column = node.lineno, node.col_offset
    end_line, end_column = node.end_lineno or line, node.end_col_offset or column
    if hasattr(node, "body") and end_line > line:
        head = getattr(node, "test", None) or getattr(node, "iter", None)
        same = head is not None and head.end_lineno == line
        return Place(line, column, line, head.end_col_offset if same else column + 1)  # type: ignore[union-attr]
    return Place(line, column, end_line, end_column)


class _Supers(ast.NodeTransformer):
    """`super()` -> `super(__class__, self)`: control flow puts it into functions of its own."""

    def __init__(self, first: str):
        self.first = first

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id == "super" and not node.args:
            node.args = [ast.Name("__class__", ast.Load()), ast.Name(self.first, ast.Load())]
            for name in node.args:
                ast.copy_location(name, node)
        return node


class _Caught(ast.NodeTransformer):
    """`except E as e:` -> `except E:` with `e = ag__.caught()`: names are bound by assignments alone."""

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> ast.AST:
        self.generic_visit(node)
        if node.name is not None:
            called = ast.Call(
                ast.Attribute(ast.Name("ag__", ast.Load()), "caught", ast.Load()), [], []
            )
            bound = ast.Assign([ast.Name(node.name, ast.Store())], called)
            for part in ast.walk(bound):
                ast.copy_location(part, node.body[0])
            node.body.insert(0, ast.fix_missing_locations(bound))
            node.name = None
        return node


def _bare(node: Any, code: CodeType) -> None:
    """Without what belongs to the definition, not to the call: decorators, defaults, annotations."""
    arguments = node.args
    everything = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    for argument in (*everything, arguments.vararg, arguments.kwarg):
        if argument is not None:
            argument.annotation = None
    nothing = ast.copy_location(ast.Constant(None), node)
    arguments.defaults = [nothing for _ in arguments.defaults]
    arguments.kw_defaults = [None if d is None else nothing for d in arguments.kw_defaults]
    if isinstance(node, ast.FunctionDef):
        node.decorator_list, node.returns = [], None
        if "__class__" in code.co_freevars and code.co_argcount:
            _Supers(code.co_varnames[0]).visit(node)
