"""Op cards: one class body holds everything that is known of an operation.

    class Sin(Elementwise):
        '''Sine.  x: float[...] in radians -> float[...], same shape.   y = sin(x);  dy/dx = cos(x)'''
        public = ("sin", "math.sin")
        samples = (S("3,4"), S(""))
        def kernel(x): return np.sin(x)
        def vjp(F, g, y, x): return (g * F.cos(x),)

Rules are plain functions of the class, which is never instantiated.  The class statement registers the card.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any

import numpy as np

REGISTRY: dict[str, type[Op]] = {}
PUBLIC: dict[str, Callable[..., Any]] = {}  # registry name -> public function of the card
REGISTRATION_HOOKS: list[Callable[[type[Op]], None]] = []

_RULES = (
    "kernel",
    "vjp",
    "jvp",
    "shape",
    "api",
    "scalar",
    "xla",
    "latex",
    "check",
    "batch",
    "explain",
    "avals",
)
_FIRST = {"vjp": ("F", "g", ""), "jvp": ("F", "t", ""), "scalar": ("b",), "xla": ("lax",), "latex": ("",),
          "batch": ("F", "axes")}  # fmt: skip


class S:
    """One sample of a card's inputs: a shape each ("3,4"; "" is a scalar), and attributes by keyword.

    An input is a shape, or `Arg(shape, low, high, dtype)` for a domain of its own.  `low`, `high`: the
    domain of the floating inputs; `avoid`: values to keep away from (kinks); `order`: highest order checked.
    """

    def __init__(
        self,
        *inputs: Any,
        low: float = -2.0,
        high: float = 2.0,
        avoid: tuple[float, ...] = (),
        order: int = 2,
        make: Callable[[np.random.Generator], tuple[Any, ...]] | None = None,
        **attrs: Any,
    ):
        self._given, self._domain = inputs, (low, high)
        self.attrs, self.avoid, self.order, self.make = attrs, avoid, order, make

    @property
    def inputs(self) -> tuple[Arg, ...]:
        return tuple(a if isinstance(a, Arg) else Arg(a, *self._domain) for a in self._given)

    def draw(self, rng: np.random.Generator) -> tuple[Any, ...]:
        """The inputs as arrays: floating ones in float64."""
        if self.make is not None:
            return self.make(rng)
        return tuple(a.draw(rng, self.avoid) for a in self.inputs)

    def __repr__(self) -> str:
        attrs = "".join(f", {k}={v!r}" for k, v in self.attrs.items())
        return f"S({', '.join(repr(a) for a in self.inputs)}{attrs})"


class Arg:
    """One input of a sample: shape text, domain, dtype ("float64" unless told)."""

    def __init__(self, shape: str, low: float = -2.0, high: float = 2.0, dtype: str = "float64"):
        self.shape = tuple(int(n) for n in shape.split(",") if n.strip())
        self.low, self.high, self.dtype = low, high, dtype

    def draw(self, rng: np.random.Generator, avoid: tuple[float, ...] = ()) -> np.ndarray:
        if self.dtype == "bool":
            return np.asarray(rng.random(self.shape) < 0.5)
        if self.dtype.startswith(("int", "uint")):
            return np.asarray(rng.integers(int(self.low), int(self.high), self.shape), self.dtype)
        x = np.asarray(rng.uniform(self.low, self.high, self.shape))
        if self.dtype.startswith("complex"):
            x = x + 1j * rng.uniform(self.low, self.high, self.shape)
        for kink in avoid:
            near = np.abs(x - kink) < 0.05
            x = np.where(near, kink + np.where(x < kink, -0.05, 0.05) * (1 + np.abs(x - kink)), x)
        return np.asarray(x, self.dtype)

    def __repr__(self) -> str:
        return repr(",".join(str(n) for n in self.shape))


class Op:
    """Base of all cards.  What a card may say:

    kernel(*arrays, **attrs) -> array (or a tuple where `multi`)   NumPy; an ndarray or NumPy scalar of the rule's dtype
    vjp(F, g, y, *arrays, **attrs) -> cotangent per input           only F.* and + - * / @; None where there is none;
                                                                   or a function of no argument (called on need)
    jvp(F, t, y, *arrays, **attrs) -> tangent of y                   `t`: tangents of the inputs, None for constants
    check(*arrays, **attrs)                                         raises the user's error before the kernel runs
    api(op, ...)                                                    the public function, `op(*tensors, **attrs)` binds
    batch(F, axes, *arrays, **attrs) -> y                           y for arrays with a leading batch axis where axes[i]
    avals(**attrs) -> types of the outputs                          where the attributes tell
    shape, scalar, xla, latex                                       for graphs, compiled code, and the worked derivation
    """

    name: str = ""
    public: tuple[str, ...] = ()
    operators: tuple[str, ...] = ()
    samples: tuple[S, ...] = ()
    family: str = "Opaque"
    arity: int | None = None
    multi: bool = False
    takes: str = "fVciubO"  # kinds of the first input's dtype: float, bfloat16, complex, int, unsigned, bool, string
    uniform: bool = False  # all inputs have one dtype
    warns: bool = True  # may raise NumPy's floating-point flags
    no_gradient: str = ""  # why there is no vjp
    gradient_missing: bool = (
        False  # asking for the gradient is an error (TensorFlow has none registered)
    )
    optional_cotangents: bool = (
        False  # of several outputs: the vjp takes None for one without a cotangent
    )
    constant_inputs: tuple[int, ...] = ()  # floating inputs that get no cotangent at all
    passes_slices: bool = False  # the vjp takes IndexedSlices as they are
    lowers: str = "fiub"  # kinds of the dtype that the `scalar` rule is for (16-bit floats: never)
    tf_name: str = ""  # TensorFlow's name of the operation, for error texts
    parameters: tuple[str, ...] = ()  # names of the inputs

    kernel: Callable[..., Any]
    vjp: Callable[..., Any] | None = None
    jvp: Callable[..., Any] | None = None
    shape: Callable[..., Any] | None = None
    check: Callable[..., Any] | None = None
    api: Callable[..., Any] | None = None
    batch: Callable[..., Any] | None = None
    scalar: Callable[..., Any] | None = None
    xla: Callable[..., Any] | None = None
    latex: Callable[..., Any] | None = None
    avals: Callable[..., Any] | None = None

    def __init_subclass__(cls, abstract: bool = False, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for rule in _RULES:
            function = cls.__dict__.get(rule)
            if callable(function) and not isinstance(function, staticmethod):
                setattr(cls, rule, staticmethod(function))
        if abstract:
            if not cls.__dict__.get("family"):
                cls.family = cls.__name__
            return
        cls.name = cls.__dict__.get("name") or snake_case(cls.__name__)
        cls.tf_name = cls.tf_name if "tf_name" in cls.__dict__ else cls.__name__
        _check_signatures(cls)
        if cls.name in REGISTRY:
            raise TypeError(
                f"Card {cls.__name__}: the name {cls.name!r} is taken by {REGISTRY[cls.name]!r}."
            )
        REGISTRY[cls.name] = cls
        for hook in REGISTRATION_HOOKS:
            hook(cls)

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        raise TypeError(f"The card {cls.__name__} is not instantiated.")


def snake_case(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def _check_signatures(cls: type[Op]) -> None:
    kernel = getattr(cls, "kernel", None)
    if kernel is None:
        raise TypeError(f"Card {cls.__name__} needs a kernel.")
    if cls.vjp is None and not cls.no_gradient:
        raise TypeError(f"Card {cls.__name__} has no vjp: give the reason in `no_gradient`.")
    names, variadic = _positional(kernel)
    if not cls.parameters:
        cls.parameters = names
    if cls.arity is None and not variadic:
        cls.arity = len(names)
    for rule, first in _FIRST.items():
        function = getattr(cls, rule)
        if function is None:
            continue
        got, got_variadic = _positional(function)
        if len(got) < len(first) or any(want not in ("", name) for want, name in zip(first, got)):
            raise TypeError(f"Card {cls.__name__}: {rule} starts with {first}. Received: {got}")
        if not (variadic or got_variadic) and len(got) - len(first) != len(names):
            raise TypeError(
                f"Card {cls.__name__}: {rule} takes the kernel's inputs {names}. Received: {got}"
            )


def _positional(function: Callable[..., Any]) -> tuple[tuple[str, ...], bool]:
    """Names of the positional arguments, and whether there may be more (from the code: `inspect` is slow)."""
    code = function.__code__
    return code.co_varnames[: code.co_argcount], bool(code.co_flags & inspect.CO_VARARGS)


class Elementwise(Op, abstract=True):
    """Each element of the result comes from the elements at its place; inputs broadcast."""

    uniform = True

    def shape(*shapes: Any, **attrs: Any) -> Any:
        return np.broadcast_shapes(*shapes)


class Reduce(Op, abstract=True):
    """Axes are folded: attrs `axis` (a sorted tuple) and `keepdims`."""

    def shape(x: Any, *, axis: Any, keepdims: bool, **attrs: Any) -> Any:
        if keepdims:
            return tuple(1 if i in axis else n for i, n in enumerate(x))
        return tuple(n for i, n in enumerate(x) if i not in axis)


class Movement(Op, abstract=True):
    """Elements are moved, repeated or left out; none is computed."""

    warns = False


class Contraction(Op, abstract=True):
    """Sums of products: matrix products, convolutions."""

    uniform = True


class Gather(Op, abstract=True):
    """Elements are picked by, or put at, positions given by integers."""

    warns = False


class Random(Op, abstract=True):
    """Values are drawn."""


class Control(Op, abstract=True):
    """Holds subprograms."""


class Opaque(Op, abstract=True):
    """A computation of its own kind."""
