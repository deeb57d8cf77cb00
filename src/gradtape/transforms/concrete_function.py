"""One signature of a `tf.function`, as TensorFlow shows it."""

from __future__ import annotations

import contextlib
import io
import itertools
from typing import Any

import numpy as np

from gradtape.base import tree
from gradtape.base.errors import StructureError
from gradtape.base.shapes import TensorShape
from gradtape.core.context import recorders
from gradtape.core.convert import convert
from gradtape.core.specs import TensorSpec
from gradtape.core.tensor import Tensor
from gradtape.core.variable import Variable
from gradtape.graph.traced import CannotTrace, Unknown
from gradtape.graph.tracer import Trace
from gradtape.random.seeds import STATE as SEEDS
from gradtape.random.seeds import FunctionSeeds
from gradtape.transforms.concrete import Traced, flatten_result
from gradtape.transforms.fast_path import fast_path
from gradtape.transforms.signature import Key, map_leaves, structure_of
from gradtape.transforms.signature_text import details, summary

TRIAL_SIZE = 2  # of an open dimension, when a function is traced before it is called


_NUMBERS = itertools.count(1)


class ConcreteFunction:
    """One signature of a `tf.function`: call it on tensors of that signature.

    It holds one graph for each set of sizes that it was called with; where the signature leaves no size open, one.
    """

    def __init__(self, owner: Any, key: Key, args: Any, kwargs: Any):
        self._function = owner
        self._key = key
        self._by_sizes: dict[Any, Traced] = {}
        self._seeds: FunctionSeeds | None = None
        self.created: list[Any] = []
        described = iter(key.leaves)
        self._args, self._kwargs = map_leaves(lambda x: _spec_of(x, next(described)), args, kwargs)
        self._open = any(k[0] == "tensor" and (k[2] is None or None in k[2]) for k in key.leaves)
        self.name = f"__inference_{owner.__name__}_{next(_NUMBERS)}".encode()

    # --- tracing ---

    def trace(self, args: Any, kwargs: Any, may_create: bool) -> None:
        """Run the Python function on stand-ins for these arguments."""
        self._seeds = FunctionSeeds(SEEDS.global_seed)
        traced, created = self._traced(args, kwargs, may_create)
        self.created = created
        if (
            any(isinstance(x, TensorSpec) for x in tree.flatten(args) + tree.flatten(kwargs))
            and self._open
        ):
            self._by_sizes = {None: traced}  # of trial sizes: good for what it tells, not for calls
        else:
            self._by_sizes = {self._sizes(args, kwargs): traced}

    def _traced(self, args: Any, kwargs: Any, may_create: bool) -> tuple[Traced, list[Any]]:
        trace = Trace(None, self._function.__name__, may_create)
        leaves = iter(self._key.leaves)
        own, rest = self._function._positional()
        names = iter(_leaf_names(own, rest, args, kwargs))
        n_tensors = 0
        argument_variables: dict[int, int] = {}
        place = -1

        def stand_in(x: Any) -> Any:
            nonlocal n_tensors, place
            described, name = next(leaves), next(names)
            place += 1
            if isinstance(x, Variable):
                argument_variables.setdefault(id(x._base), place)
                return x
            if described[0] != "tensor":
                return x
            n_tensors += 1
            placeholder: Any = trace.placeholder(_shape_for(x, described), described[1], name)
            if isinstance(x, Tensor) and type(x._value) is np.ndarray:
                trace.given[placeholder._value.value] = x._value
            return placeholder

        args, kwargs = map_leaves(stand_in, args, kwargs)
        before = [structure_of(a) for a in (*args, *kwargs.values())]
        assert self._seeds is not None
        with trace.active(), recorders(()), SEEDS.inside(self._seeds):
            result = self._function.converted(args)(*args, **kwargs)
            outputs = flatten_result(result, self._function.__name__)
        trace.given.clear()
        self._check_unchanged(before, args, kwargs)
        return Traced(trace, n_tensors, outputs, form_of(result), argument_variables), trace.created

    def _check_unchanged(self, before: list[Any], args: Any, kwargs: Any) -> None:
        """A traced function leaves the lists and dicts alone that it is given."""
        names = [*self._function._names()[: len(args)], *kwargs]
        changed = [
            name
            for name, old, value in zip(names, before, (*args, *kwargs.values()))
            if structure_of(value) != old
        ]
        if changed:
            raise ValueError(
                f"{self._function.__name__}({', '.join(names)}) should not modify its Python input arguments. "
                f"Modifying a copy is allowed. The following parameter(s) were modified: {', '.join(changed)}"
            )

    def _sizes(self, args: Any, kwargs: Any) -> Any:
        if not self._open:
            return ()
        leaves = tree.flatten(args) + tree.flatten(kwargs)
        return tuple([tuple(x._value.shape) for x in leaves if isinstance(x, Tensor)])

    def specialised(self, args: Any, kwargs: Any) -> Traced:
        """What was traced for the sizes of these arguments."""
        sizes = self._sizes(args, kwargs)
        found = self._by_sizes.get(sizes)
        if found is None:
            # Other sizes of the same signature: the function runs again, unseen.
            with contextlib.redirect_stdout(io.StringIO()):
                found, _ = self._traced(args, kwargs, may_create=False)
            self._by_sizes[sizes] = found
        return found

    # --- calls ---

    def call_with(self, args: Any, kwargs: Any) -> Any:
        """Call with canonical arguments."""
        traced = self.specialised(args, kwargs)
        leaves = tree.flatten(args) + tree.flatten(kwargs)
        return traced.call([x for x in leaves if isinstance(x, Tensor)], leaves)

    def fast_path(self, given: Any, args: Any) -> Any:
        """A function for calls like this one, or None.  given: the arguments as they came; args: with defaults."""
        if self._open:
            return None
        traced = self._any
        return fast_path(given, traced, traced.executable)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call with tensors: by position as the function takes them, or each by its name."""
        args, kwargs = map_leaves(_number_as_tensor, args, kwargs)
        args, kwargs = self._merged(args, kwargs)
        self._check(args, kwargs)
        try:
            return self.call_with(args, kwargs)
        except CannotTrace as reason:
            self._function._cannot_trace(reason)
            return self._function._run_eagerly(args, kwargs)

    def _merged(self, args: Any, kwargs: Any) -> tuple[Any, Any]:
        """The given tensors in the form of the signature; its Python values where none are given."""
        given = list(args)
        names = self._function._names()
        merged = []
        for index, spec in enumerate(self._args):
            name = names[index] if index < len(names) else None
            if given:
                value = given.pop(0)
                if (
                    not tree.is_nested(spec)
                    and not isinstance(spec, TensorSpec)
                    and isinstance(value, Tensor)
                ):
                    merged.append(spec)
                    if not _is_number(value, spec):
                        given.insert(0, value)
                    continue
                merged.append(value)
            elif name in kwargs:
                merged.append(kwargs.pop(name))
            elif tree.is_nested(spec) or isinstance(spec, TensorSpec):
                raise TypeError(
                    f"{self._text()} missing required arguments: {name}. Received: args={args!r} kwargs={kwargs!r}"
                )
            else:
                merged.append(spec)
        if given:
            raise TypeError(
                f"{self._text()} got more arguments than it takes. Received: {len(args)}"
            )
        return tuple(merged), {**self._kwargs, **kwargs}

    def _check(self, args: Any, kwargs: Any) -> None:
        wanted = tree.flatten(self._args) + tree.flatten(self._kwargs)
        given = tree.flatten(args) + tree.flatten(kwargs)
        if len(wanted) != len(given):
            raise StructureError(
                f"{self._text()} got arguments of another structure.", arguments=len(given)
            )
        for spec, x in zip(wanted, given):
            if isinstance(spec, TensorSpec) and isinstance(x, Tensor):
                if x.dtype != spec.dtype:
                    raise StructureError(
                        f"cannot compute {self.name.decode()}: expected a {spec.dtype.name} tensor.",
                        argument=x,
                    )
                if not spec.shape.is_compatible_with(x.shape):
                    raise StructureError(f"{self._text()} expected {spec!r}.", argument=x)

    # --- face ---

    @property
    def _any(self) -> Traced:
        return next(iter(self._by_sizes.values()))

    @property
    def structured_input_signature(self) -> Any:
        return self._args, self._kwargs

    @property
    def structured_outputs(self) -> Any:
        """The results in their form, as symbolic tensors."""
        traced = self._any
        return traced.pack(list(traced.symbolic_outputs))

    @property
    def _output_specs(self) -> Any:
        return tree.map_structure(
            lambda t: None if t is None else TensorSpec(t.shape, t.dtype), self.structured_outputs
        )

    @property
    def output_shapes(self) -> Any:
        return tree.map_structure(lambda s: None if s is None else s.shape, self.structured_outputs)

    @property
    def output_dtypes(self) -> Any:
        return tree.map_structure(lambda s: None if s is None else s.dtype, self.structured_outputs)

    @property
    def inputs(self) -> list[Any]:
        return [
            x
            for x in tree.flatten(self._args) + tree.flatten(self._kwargs)
            if isinstance(x, TensorSpec)
        ]

    @property
    def outputs(self) -> list[Any]:
        return [s for s in tree.flatten(self.structured_outputs) if s is not None]

    @property
    def variables(self) -> tuple[Any, ...]:
        return tuple(self._any.variables)

    @property
    def trainable_variables(self) -> tuple[Any, ...]:
        return tuple(v for v in self._any.variables if v.trainable)

    captured_inputs = variables

    @property
    def graph(self) -> Any:
        """The graph itself: printable, runnable."""
        return self._any.graph

    @property
    def text(self) -> str:
        return self._text()

    def _text(self) -> str:
        return summary(
            self._function.__name__, self._function._positional()[0], self._args, self._kwargs
        )

    def pretty_printed_signature(self, verbose: bool = True) -> str:
        """The signature; below it, line by line, what the arguments and the results are."""
        if not verbose:
            return self._text()
        below = details(
            self._function._positional()[0], self._args, self._kwargs, self._output_specs
        )
        return f"{self._text()}\n{below}"

    def __str__(self) -> str:
        return f"ConcreteFunction {self.pretty_printed_signature()}"

    def __repr__(self) -> str:
        return f"<ConcreteFunction {self._text()} at 0x{id(self):X}>"


def _number_as_tensor(x: Any) -> Any:
    number = isinstance(x, np.ndarray | np.generic | int | float) and not isinstance(x, bool)
    return convert(x) if number else x


def _is_number(tensor: Tensor, value: Any) -> bool:
    """Whether a tensor is the Python number that a signature holds."""
    array = tensor._value
    return (
        type(array) is np.ndarray
        and not array.ndim
        and isinstance(value, int | float)
        and array[()] == value
    )


def form_of(result: Any) -> Any:
    """The structure of a result without the traced tensors in it."""
    return tree.map_structure(lambda x: 0 if isinstance(x, Tensor) else x, result)


def _shape_for(x: Any, described: Any) -> tuple[int, ...]:
    """The sizes of a stand-in: those of the argument, open where the signature leaves them open."""
    wanted = described[2]
    given: Any = (
        x.shape.as_list() if isinstance(x, TensorSpec) and x.shape.rank is not None else None
    )
    if given is None:
        given = [] if isinstance(x, TensorSpec) else x._value.shape
    sizes = [TRIAL_SIZE if n is None else int(n) for n in given]
    if wanted is None:
        return tuple([Unknown(n) for n in sizes])
    return tuple([Unknown(n) if w is None else n for n, w in zip(sizes, wanted)])


def _spec_of(x: Any, described: Any) -> Any:
    if isinstance(x, Tensor | TensorSpec):
        return TensorSpec(TensorShape(described[2]), x.dtype, getattr(x, "_name", None))
    return x


def _leaf_names(names: list[str], rest: str, args: Any, kwargs: Any) -> list[str]:
    found = []
    for index, value in enumerate(args):
        name = names[index] if index < len(names) else f"{rest}_{index - len(names)}"
        found += [name] * len(tree.flatten(value))
    for name in sorted(kwargs):
        found += [name] * len(tree.flatten(kwargs[name]))
    return found
