"""Which draws Keras makes: the random source of initializers and of layers such as Dropout.

    "legacy_stateful"   tf.random ops with op seeds s, s + 1, s + 2, ... (or with none)
    "stateless"         tf.random.stateless ops with the seed [s, 0]: the same values in each call
    "stateful"          a Generator of its own, made from s

Layers are "legacy_stateful" (unless `enable_tf_random_generator` was called). Initializers were so
up to TensorFlow 2.9 and are "stateless" from 2.10 on; `INITIALIZER_SEEDING` names the two rules.
Where a stateless or stateful source was given no seed it takes one from `set_random_seed`'s stream,
else from Python's `random` module: not from `tf.random.set_seed`.
"""

from __future__ import annotations

import random
import threading
from typing import Any

import numpy as np

from gradtape.base.errors import ArgumentError
from gradtape.core.context import STATE as CONTEXT
from gradtape.random import stateful, stateless
from gradtape.random.generator import Generator
from gradtape.random.sampling import AUTO_SELECT
from gradtape.random.seeds import STATE, SeedState
from gradtape.random.traced import perform

LEGACY_STATEFUL, STATELESS, STATEFUL = "legacy_stateful", "stateless", "stateful"
INITIALIZER_SEEDING = {"lesson": LEGACY_STATEFUL, "2.9": LEGACY_STATEFUL, "2.12": STATELESS}

_MAX_SEED = 10**9
_thread = threading.local()
_flags = {"use_generator": False}


def set_random_seed(seed: int, *, state: SeedState = STATE) -> None:
    """Seed Python's, NumPy's and TensorFlow's generators, and Keras's in this thread.

    Raises: ArgumentError if `seed` is not an int.
    """
    if not isinstance(seed, int):
        raise ArgumentError("Expected `seed` argument to be an integer.", seed=seed)
    random.seed(seed)
    np.random.seed(seed)
    state.set_seed(seed)
    _thread.seeds = random.Random(seed)


def get_random_seed() -> int:
    """A seed for a source that was given none: 1 to 10**9."""
    return getattr(_thread, "seeds", random).randint(1, _MAX_SEED)


def enable_tf_random_generator(enabled: bool = True) -> None:
    """Let layers made from now on draw from a Generator of their own (False: no longer)."""
    _flags["use_generator"] = enabled


def is_tf_random_generator_enabled() -> bool:
    """Whether layers made now draw from a Generator of their own."""
    return _flags["use_generator"]


class RandomSource:
    """The random source of one initializer or layer; see the module for `rng_type`.

    Raises: ArgumentError for an unknown `rng_type`.
    """

    def __init__(
        self, seed: int | None = None, rng_type: str | None = None, *, state: SeedState = STATE
    ) -> None:
        if rng_type is None:
            rng_type = STATEFUL if is_tf_random_generator_enabled() else LEGACY_STATEFUL
        if rng_type not in (LEGACY_STATEFUL, STATELESS, STATEFUL):
            names = "'stateless', 'stateful' or 'legacy_stateful'"
            raise ArgumentError(f"Expected `rng_type` to be {names}.", rng_type=rng_type)
        self.rng_type = rng_type
        self.state: Any = state
        self._seed = seed
        self._generator: Generator | None = None

    def normal(
        self, shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = np.float32
    ) -> np.ndarray:
        """stddev * z + mean, z standard normal: dtype[shape]."""
        return self._draw("normal", shape, mean, stddev, dtype)

    def truncated_normal(
        self, shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = np.float32
    ) -> np.ndarray:
        """stddev * z + mean, z standard normal inside (-2, 2): dtype[shape]."""
        return self._draw("truncated_normal", shape, mean, stddev, dtype)

    def uniform(
        self, shape: Any, minval: Any = 0.0, maxval: Any = None, dtype: Any = np.float32
    ) -> np.ndarray:
        """minval <= x < maxval: dtype[shape]."""
        return self._draw("uniform", shape, minval, maxval, dtype)

    def keep_mask(self, shape: Any, rate: float, dtype: Any = np.float32) -> np.ndarray:
        """True where a dropout of `rate` keeps a value: bool[shape]; `dtype` is its input's."""
        return self._draw("uniform", shape, 0, 1, dtype) >= np.dtype(dtype).type(rate)

    def next_legacy_seed(self) -> int | None:
        """The op seed of the next "legacy_stateful" draw: each call takes the next integer."""
        seed = self._seed
        if seed is not None:
            self._seed = seed + 1
        return seed

    def fixed_seed(self) -> int:
        """The seed of a "stateless" or "stateful" source; chosen now if none was given."""
        if self._seed is None:
            self._seed = get_random_seed()
        return self._seed

    def stateless_seed(self) -> np.ndarray | list[int] | None:
        """A seed pair for one stateless operation; None for a "legacy_stateful" source."""
        if self.rng_type == STATELESS:
            return [self.fixed_seed(), 0]
        if self.rng_type == STATEFUL:
            return self.generator().make_seeds()[:, 0]
        return None

    def generator(self) -> Generator:
        """The Generator of a "stateful" source; made when first asked for."""
        if self._generator is None:
            seed = self._seed if self._seed is not None else get_random_seed()
            self._generator = Generator.from_seed(seed, AUTO_SELECT)
        return self._generator

    def _draw(self, name: str, shape: Any, first: Any, second: Any, dtype: Any) -> np.ndarray:
        if self.rng_type == STATEFUL:
            return self._continued(name, shape, first, second, dtype)
        if self.rng_type == STATELESS:
            pair = [self.fixed_seed(), 0]
            return perform(getattr(stateless, name), shape, pair, first, second, dtype)
        seed = self.next_legacy_seed()
        function = getattr(stateful, name)
        return perform(function, shape, first, second, dtype, seed, state=self.state)

    def _continued(self, name: str, *args: Any) -> Any:
        """A draw of the Generator, which goes on from call to call; while tracing, from run to run."""
        generator = self.generator()
        if CONTEXT.trace is None:
            return getattr(generator, name)(*args)
        shape, dtype = tuple([int(n) for n in args[0]]), np.dtype(args[3])

        def drawn() -> tuple[np.ndarray, ...]:
            return (np.asarray(getattr(generator, name)(*args)),)

        return CONTEXT.trace.host(drawn, [], [(shape, dtype)])[0]._value


def initializer_source(
    seed: int | None, seeding: str = "2.12", *, state: SeedState = STATE
) -> RandomSource:
    """The source of an initializer under the rule of TensorFlow "2.9" (or "lesson") or "2.12".

    Without a seed both follow 2.12, so that only seeded initializers differ.
    """
    rule = STATELESS if seed is None else INITIALIZER_SEEDING[seeding]
    return RandomSource(seed, rule, state=state)
