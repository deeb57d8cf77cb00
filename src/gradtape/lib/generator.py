"""`tf.random.Generator`: a stream of random numbers whose state is a variable."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape.base.dtypes import as_dtype, float32, int32, uint64
from gradtape.base.errors import UnimplementedError
from gradtape.base.exports import export
from gradtape.core.context import STATE
from gradtape.core.tensor import Tensor, wrap
from gradtape.core.variable import Variable
from gradtape.lib.random import Algorithm, affine, between, complaining, dims_of, draw, values
from gradtape.random import generator as pure
from gradtape.random.sampling import THREEFRY


class Stream(pure.Generator):
    """The state machine, with its state in a variable."""

    variable: Variable

    def read(self) -> np.ndarray:
        return np.array(self.variable._value)

    def write(self, state: np.ndarray) -> None:
        if hasattr(self, "variable"):
            self.variable.assign(state)
        else:
            self.variable = Variable(state, name="StateVar", trainable=False, dtype=np.int64)

    def take(self, shape: Any, method: str, *args: Any) -> Any:
        """What `method` of the state machine draws."""
        if self.algorithm == THREEFRY:
            raise UnimplementedError(
                None,
                None,
                "Non-XLA devices don't support the ThreeFry algorithm. Use alg='philox'.",
            )
        if STATE.trace is not None:
            return self._later(shape, method, args)
        return draw(getattr(self, method), shape, *args)

    def _later(self, shape: Any, method: str, args: tuple[Any, ...]) -> Any:
        """The same in a function that is traced: the state is read and written each time its graph runs."""
        alg = self.algorithm
        given = [shape, *args]
        unknown = [i for i, a in enumerate(given) if getattr(a, "tensor", None) is not None]

        def drawn(state: np.ndarray, *arrays: np.ndarray) -> tuple[np.ndarray, ...]:
            stream = pure.Generator(state=state, alg=alg)
            filled = list(given)
            for i, array in zip(unknown, arrays):
                filled[i] = array
            return np.asarray(
                complaining(getattr(stream, method), *filled), order="C"
            ), stream.read()

        ones = [np.ones([int(n) for n in given[i].shape], given[i].dtype) for i in unknown]
        trial = drawn(pure.create_rng_state(1, alg), *ones)[0]
        inputs = [self.variable._as_tensor(), *[given[i].tensor for i in unknown]]
        after = (pure.state_size(alg),), np.dtype(np.int64)
        numbers, state = STATE.trace.host(drawn, inputs, [(trial.shape, trial.dtype), after])
        self.variable._store(state._value)
        return numbers._value


@export("random.Generator", "random.experimental.Generator")
class Generator:
    """A stream of random numbers with its own state, a variable: int64[3] (counter, counter, key).

    copy_from: another generator; or state: int[3] and alg: "philox", 1 or tf.random.Algorithm.PHILOX.

    >>> g = tf.random.Generator.from_seed(1)
    >>> g.normal([2]).numpy()
    array([ 0.43842274, -0.53439844], dtype=float32)
    """

    def __init__(self, copy_from: Any = None, state: Any = None, alg: Any = None):
        if copy_from is not None:
            self._stream = Stream(state=copy_from._stream.read(), alg=copy_from.algorithm)
        else:
            self._stream = Stream(state=_words(state), alg=alg)

    @classmethod
    def _of(cls, stream: Stream) -> Generator:
        made = cls.__new__(cls)
        made._stream = stream
        return made

    @classmethod
    def from_state(cls, state: Any, alg: Any) -> Generator:
        """A generator that goes on from `state`."""
        return cls(state=state, alg=alg)

    @classmethod
    def from_seed(cls, seed: Any, alg: Any = None) -> Generator:
        """A generator from an integer or a vector of integers."""
        return cls._of(Stream.from_seed(_words(seed), alg))  # pyright: ignore[reportArgumentType]

    @classmethod
    def from_non_deterministic_state(cls, alg: Any = None) -> Generator:
        """A generator from the operating system's entropy."""
        return cls._of(Stream.from_non_deterministic_state(alg))  # pyright: ignore[reportArgumentType]

    @classmethod
    def from_key_counter(cls, key: Any, counter: Any, alg: Any) -> Generator:
        """A generator from a key (an integer) and a counter (int64[2])."""
        return cls._of(Stream.from_key_counter(_words(key), _words(counter), alg))  # pyright: ignore[reportArgumentType]

    @property
    def state(self) -> Variable:
        """The state: a variable, int64[3]."""
        return self._stream.variable

    @property
    def algorithm(self) -> int:
        """1 Philox, 2 ThreeFry, 3 chosen by the device."""
        return self._stream.algorithm

    @property
    def key(self) -> Tensor:
        """The key: the last number of the state."""
        return Tensor(np.asarray(self._stream.key))

    def reset(self, state: Any) -> None:
        """Go on from `state`."""
        self._stream.reset(_words(state))

    def reset_from_seed(self, seed: Any) -> None:
        """Go on as a new generator of this seed would."""
        self._stream.reset_from_seed(_words(seed))

    def reset_from_key_counter(self, key: Any, counter: Any) -> None:
        """Go on from a key and a counter."""
        self._stream.reset_from_key_counter(_words(key), _words(counter))

    def skip(self, delta: Any) -> Tensor:
        """Move on by `delta` numbers; returns the state before."""
        return Tensor(self._stream.skip(int(values(delta))))

    def normal(self, shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = float32,
               name: str | None = None) -> Tensor:  # fmt: skip
        """Normal numbers: dtype[shape]."""
        z = self._stream.take(dims_of(shape), "normal", 0.0, 1.0, as_dtype(dtype).np)
        return affine(z, stddev, mean)

    def truncated_normal(self, shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = float32,
                         name: str | None = None) -> Tensor:  # fmt: skip
        """Normal numbers, none further than two standard deviations from the mean: dtype[shape]."""
        z = self._stream.take(dims_of(shape), "truncated_normal", 0.0, 1.0, as_dtype(dtype).np)
        return affine(z, stddev, mean)

    def uniform(self, shape: Any, minval: Any = 0, maxval: Any = None, dtype: Any = float32,
                name: str | None = None) -> Tensor:  # fmt: skip
        """Uniform numbers, minval <= y < maxval: dtype[shape]."""
        kind = as_dtype(dtype).np
        if kind.kind in "iu":
            low, high = values(minval), values(maxval)
            return wrap(self._stream.take(dims_of(shape), "uniform", low, high, kind))
        return between(self._stream.take(dims_of(shape), "uniform", 0, 1, kind), minval, maxval)

    def uniform_full_int(self, shape: Any, dtype: Any = uint64, name: str | None = None) -> Tensor:
        """Every value of the integer dtype equally likely: dtype[shape]."""
        return wrap(self._stream.take(dims_of(shape), "uniform_full_int", as_dtype(dtype).np))

    def binomial(self, shape: Any, counts: Any, probs: Any, dtype: Any = int32,
                 name: str | None = None) -> Tensor:  # fmt: skip
        """Successes among `counts` trials of probability `probs`: dtype[shape]."""
        kind = as_dtype(dtype).np
        return wrap(
            self._stream.take(dims_of(shape), "binomial", values(counts), values(probs), kind)
        )

    def make_seeds(self, count: int = 1) -> Tensor:
        """Seeds for stateless operations, one per column: int64[2, count]."""
        return wrap(self._stream.take(count, "make_seeds"))

    def split(self, count: int = 1) -> list[Generator]:
        """Generators independent of each other and of this one."""
        return [type(self)._of(stream) for stream in self._stream.split(count)]  # type: ignore[arg-type]


def _words(x: Any) -> Any:
    """Integers as they are; tensors and variables as arrays."""
    value = values(x)
    if isinstance(value, np.ndarray) and value.ndim == 0:
        return int(value)
    return value


_GLOBAL: list[Generator] = []


@export("random.get_global_generator", "random.experimental.get_global_generator")
def get_global_generator() -> Generator:
    """The generator that all share; made from entropy when first asked for."""
    if not _GLOBAL:
        _GLOBAL.append(Generator.from_non_deterministic_state())
    return _GLOBAL[0]


@export("random.set_global_generator", "random.experimental.set_global_generator")
def set_global_generator(generator: Generator) -> None:
    """Let `generator` be the one that all share."""
    _GLOBAL[:] = [generator]


@export("random.create_rng_state", "random.experimental.create_rng_state")
def create_rng_state(seed: Any, alg: Any) -> Tensor:
    """The state of a generator made from a seed.  seed: int or int[...] -> int64[3].

    >>> tf.random.create_rng_state(1, "philox").numpy()
    array([1, 0, 0])
    """
    return Tensor(pure.create_rng_state(_words(seed), alg))


__all__ = [
    "Algorithm",
    "Generator",
    "create_rng_state",
    "get_global_generator",
    "set_global_generator",
]
