"""Golden cases by name, the inputs they draw and how one is run.

A case is a plain function of `tf` (TensorFlow or gradtape), `rng` and its parameters. What it
returns, or the error it raises, is its outcome.
"""

from __future__ import annotations

import itertools
import sys
import warnings
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import numpy as np

CASES: dict[str, Case] = {}
HALVES = ("float16", "bfloat16")
FLOATS = ("float16", "bfloat16", "float32", "float64")
WIDE = ("float32", "float64")
COMPLEX = ("complex64", "complex128")
INTS = ("int32", "int64")
LETTERS = {
    "h": "float16", "b": "bfloat16", "f": "float32", "d": "float64", "c": "complex64", "z": "complex128",
    "i": "int32", "l": "int64", "s": "int16", "a": "int8", "u": "uint8", "o": "bool", "v": "uint16", "w": "uint32",
    "x": "uint64",
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """One golden case: `family/name` and the call that makes its outcome."""

    id: str
    function: Callable[..., Any]
    keys: dict[str, Any] = field(default_factory=dict)
    error: bool = False

    @property
    def family(self) -> str:
        return self.id.partition("/")[0]


def case(name: str, /, *, error: bool = False, where: Any = None, **over: Any) -> Any:
    """Register a function as one case for each combination of the values `over` gives.

    name: with `{parameter}` where the values go. error: an error is the expected outcome.
    where: a predicate on the parameters that keeps a combination.
    """

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        family = function.__module__.rpartition(".")[2]
        for values in itertools.product(*over.values()):
            keys = dict(zip(over, values))
            if where is not None and not where(**keys):
                continue
            label = f"{family}/{name.format(**{k: label_of(v) for k, v in keys.items()})}"
            if label in CASES:
                raise ValueError(f"two cases are called {label}")
            CASES[label] = Case(label, function, keys, error)
        return function

    return register


def label_of(value: Any) -> str:
    if isinstance(value, (tuple, list)):
        return ("/" if value and isinstance(value[0], str) else "x").join(
            map(label_of, value)
        ) or "()"
    return getattr(value, "__name__", None) or str(value)


def by_letters(table: dict[str, str]) -> list[tuple[str, str]]:
    """(name, dtype) pairs of a table such as {"add": "fd"}."""
    return [(name, LETTERS[x]) for name, letters in table.items() for x in letters]


def find(tf: Any, dotted: str) -> Any:
    """`tf.math.sin` for "math.sin"."""
    for part in dotted.split("."):
        tf = getattr(tf, part)
    return tf


class Rng:
    """Seeded inputs, exactly representable, the same on every NumPy: only RandomState's frozen integers are drawn."""

    def __init__(self, tf: Any, seed: int, name: str) -> None:
        self.tf = tf
        self.bits = np.random.RandomState(zlib.crc32(f"{seed}:{name}".encode()))

    def array(
        self,
        *shape: int,
        dtype: str = "float32",
        low: float = -2,
        high: float = 2,
        apart: bool = False,
    ) -> Any:
        """An ndarray in [low, high), float32 where NumPy lacks the dtype. apart: no value twice, none near 0."""
        if dtype == "bool":
            return self.bits.randint(0, 2, shape).astype(bool)
        if dtype in COMPLEX:
            parts = [
                self.array(*shape, dtype="float64", low=low, high=high, apart=apart) for _ in "ri"
            ]
            return (parts[0] + 1j * parts[1]).astype(dtype)
        size = int(np.prod(shape))
        if "int" in dtype:
            return self.bits.randint(int(low), int(high), shape).astype(dtype)
        steps = 64 if dtype in HALVES else 2**20
        if apart:
            order = self.bits.permutation(max(size, 1))[:size]
            unit = (order + 0.5) / max(size, 1)
        else:
            unit = (self.bits.randint(0, steps, size) + 0.5) / steps
        value = (low + (high - low) * unit).reshape(shape)
        return value.astype("float32" if dtype == "bfloat16" else dtype)

    def tensor(self, *shape: int, dtype: str = "float32", **keys: Any) -> Any:
        """A tensor of `array`."""
        return tensor(self.tf, self.array(*shape, dtype=dtype, **keys), dtype)

    def variable(self, *shape: int, dtype: str = "float32", **keys: Any) -> Any:
        return self.tf.Variable(self.tensor(*shape, dtype=dtype, **keys))

    def like(self, y: Any, **keys: Any) -> Any:
        """A tensor of y's shape and dtype: a cotangent."""
        return self.tensor(*y.shape, dtype=y.dtype.name, **keys)

    def integers(self, *shape: int, below: int, low: int = 0, dtype: str = "int32") -> Any:
        return self.tf.constant(self.bits.randint(low, below, shape).astype(dtype))


def tensor(tf: Any, value: Any, dtype: str) -> Any:
    """A tensor of a NumPy value in a dtype that NumPy may lack."""
    made = tf.constant(np.asarray(value))
    return made if made.dtype.name == dtype else tf.cast(made, dtype)


class Watch:
    """Stands for `tf` and notes which public names a case reaches for."""

    def __init__(self, module: Any, path: str = "tf", seen: set[str] | None = None) -> None:
        self.__dict__.update(_module=module, _path=path, seen=set() if seen is None else seen)

    def __getattr__(self, name: str) -> Any:
        thing = getattr(self._module, name)
        path = f"{self._path}.{name}"
        if isinstance(thing, ModuleType):
            return Watch(thing, path, self.seen)
        self.seen.add(path)
        return thing


def run(tf: Any, one: Case, seed: int) -> Any:
    """The outcome of one case: what it returns, or the exception. Every case starts from fresh state."""
    rng = Rng(tf, seed, one.id)
    try:
        tf.random.set_seed(1 + rng.bits.randint(2**20))
        if "keras" in one.family:
            tf.keras.backend.clear_session()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            return one.function(tf, rng, **one.keys)
    except Exception as error:
        return error


def selected(prefixes: list[str]) -> Iterator[Case]:
    """Cases whose names begin with one of the prefixes; all of them for none."""
    for name in sorted(CASES):
        if not prefixes or name.startswith(tuple(prefixes)):
            yield CASES[name]


def load() -> None:
    """Import every family."""
    import_name = f"{__package__}.cases"
    if import_name not in sys.modules:
        __import__(import_name)
