"""Global seed, operation seeds, and the generators that eager operations share.

    global  op     seeds of the operation
    unset   unset  none: from the system's entropy
    unset   s      (87654321, s)
    g       unset  (g, the next randint(0, 2**31 - 1) of Python's random.Random(g))
    g       s      (g, s)

All seeds are taken modulo 2**31 - 1; (0, 0) means "none" to TensorFlow and becomes (0, 2**31 - 1).
An eager operation owns one generator per (op, attributes with the seeds, dtypes): every call of
that description, from anywhere and for any shape, continues it. `set_seed` forgets them all.
"""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from gradtape.core.context import STATE as CONTEXT
from gradtape.random.philox import Philox

DEFAULT_GRAPH_SEED = 87654321
MAX_INT32 = 2**31 - 1

SeedPair = tuple[int, int] | tuple[None, None]


class SharedPhilox:
    """A generator for several threads: each draw reserves its blocks, then works alone."""

    __slots__ = ("_lock", "_next")

    def __init__(self, seed: int, seed2: int) -> None:
        self._lock = threading.Lock()
        if seed == 0 and seed2 == 0:
            seed, seed2 = entropy64(), entropy64()
        self._next = Philox.from_seeds(seed, seed2)

    def reserve(self, n_blocks: int) -> Philox:
        """The generator as it stands; the next caller gets the one `n_blocks` further on."""
        with self._lock:
            here = self._next
            self._next = here.skip(n_blocks)
        return here


class SeedState:
    """What `tf.random.set_seed` sets: the seed, the operation seeds, the shared generators.

    >>> state = SeedState()
    >>> state.set_seed(7)
    >>> state.get_seed(3)
    (7, 3)
    >>> state.get_seed(None)
    (7, 1390851128)
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._seed: Any = None
        self._operation_seeds = random.Random()
        self._shared: dict[tuple[Any, ...], SharedPhilox] = {}
        self._thread = threading.local()
        self.epoch = 0  # how often `set_seed` was called

    @property
    def global_seed(self) -> Any:
        """The seed last given to `set_seed`, or None."""
        return self._seed

    def __reduce__(self) -> Any:
        """Copied and pickled things that draw go on drawing from the one state of the process."""
        return "STATE" if self is STATE else super().__reduce__()

    def set_seed(self, seed: Any) -> None:
        """Set the global seed (None: unset it); every eager operation begins anew.

        While a function is traced, it sets the seed of its graph only.
        """
        function = getattr(self._thread, "function", None)
        if function is not None and CONTEXT.trace is not None:
            function.set_seed(seed)
            return
        with self._lock:
            self._seed = seed
            try:
                hash(seed)
                self._operation_seeds = random.Random(seed)
            except TypeError:
                self._operation_seeds = random.Random(int(np.asarray(seed)))
            self._shared.clear()
            self.epoch += 1

    def forget_streams(self) -> None:
        """Every eager operation begins anew; the seed, and the seeds drawn from it, go on."""
        with self._lock:
            self._shared.clear()

    @contextmanager
    def inside(self, function: FunctionSeeds) -> Iterator[None]:
        """One call of a function whose random operations have generators of their own."""
        before = getattr(self._thread, "function", None)
        self._thread.function = function.begin()
        try:
            yield
        finally:
            self._thread.function = before

    def internal_operation_seed(self) -> int:
        """The next seed for an operation that was given none."""
        with self._lock:
            return self._operation_seeds.randint(0, MAX_INT32)

    def get_seed(self, op_seed: Any) -> SeedPair:
        """The two seeds of an eager operation that was given `op_seed` (None: not given)."""
        function = getattr(self._thread, "function", None)
        if function is not None:
            return function.node(op_seed).get_seed(op_seed)
        with self._lock:
            if self._seed is None:
                if op_seed is None:
                    return None, None
                return as_attributes(DEFAULT_GRAPH_SEED, op_seed)
            if op_seed is None:
                op_seed = self.internal_operation_seed()
            return as_attributes(self._seed, op_seed)

    def reserve(self, op: tuple[Any, ...], op_seed: Any, n_blocks: int) -> Philox:
        """Blocks for one eager call of `op`: its name and all attributes but the seeds."""
        function = getattr(self._thread, "function", None)
        if function is not None:
            return function.node(op_seed).reserve(op, op_seed, n_blocks)
        with self._lock:
            passing = self._seed is not None and op_seed is None
            seed, seed2 = self.get_seed(op_seed)
            key = (*op, seed or 0, seed2 or 0)
            shared = self._shared.get(key)
            if shared is None:
                shared = SharedPhilox(*key[-2:])
                # An operation without its own seed is another operation in each call. It is not
                # kept: in a long training loop these would be all that grows.
                if not passing:
                    self._shared[key] = shared
        return shared.reserve(n_blocks)


class GraphSeeds:
    """The operation seeds of one traced function: 0, 1, 2, ... for those not given."""

    def __init__(self, global_seed: Any) -> None:
        self.global_seed = global_seed
        self._next = 0

    def get_seed(self, op_seed: Any) -> SeedPair:
        """The two seeds of an operation of this graph (`op_seed` None: not given)."""
        if self.global_seed is None:
            if op_seed is None:
                return None, None
            return as_attributes(DEFAULT_GRAPH_SEED, op_seed)
        if op_seed is None:
            op_seed = self._next
            self._next += 1
        return as_attributes(self.global_seed, op_seed)


class NodeState:
    """One operation inside a traced function: a generator of its own, kept from call to call.

    Stands in for `SeedState` as the `state` of its draw. Its seeds were fixed when it was traced,
    but `set_seed` makes it begin anew.
    """

    def __init__(self, seeds: SeedPair, state: SeedState | None = None) -> None:
        self._seeds = seeds
        self._state = state or STATE
        self._lock = threading.Lock()
        self._epoch = -1
        self._shared: SharedPhilox | None = None

    def anew(self) -> NodeState:
        """Another node of the same seeds."""
        return NodeState(self._seeds, self._state)

    def get_seed(self, op_seed: Any) -> SeedPair:
        """The seeds of this node, whatever `op_seed`."""
        return self._seeds

    def reserve(self, op: tuple[Any, ...], op_seed: Any, n_blocks: int) -> Philox:
        """Blocks for one call of this node."""
        with self._lock:
            if self._shared is None or self._epoch != self._state.epoch:
                self._shared = SharedPhilox(self._seeds[0] or 0, self._seeds[1] or 0)
                self._epoch = self._state.epoch
            shared = self._shared
        return shared.reserve(n_blocks)


class FunctionSeeds:
    """The random operations of a function that is called again and again, as if it had been traced.

    They are told apart by their order in a call; each has a generator of its own, kept from call to call.
    """

    def __init__(self, global_seed: Any, state: SeedState | None = None) -> None:
        self._seeds = GraphSeeds(global_seed)
        self._state = state
        self._nodes: list[NodeState] = []
        self._place = 0

    def begin(self) -> FunctionSeeds:
        """The next call begins."""
        self._place = 0
        return self

    def set_seed(self, seed: Any) -> None:
        """The seed of the operations that come from now on."""
        self._seeds.global_seed = seed

    def node(self, op_seed: Any) -> NodeState:
        """The next random operation of this call."""
        if self._place == len(self._nodes):
            self._nodes.append(NodeState(self._seeds.get_seed(op_seed), self._state))
        self._place += 1
        return self._nodes[self._place - 1]


def as_attributes(seed: Any, seed2: Any) -> tuple[int, int]:
    """A pair of seeds as TensorFlow's operations store it."""
    pair = int(seed) % MAX_INT32, int(seed2) % MAX_INT32
    return pair if pair != (0, 0) else (0, MAX_INT32)


def entropy64() -> int:
    """64 bits from the operating system."""
    return int.from_bytes(os.urandom(8), "little")


STATE = SeedState()
