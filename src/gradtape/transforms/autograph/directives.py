"""What is said of conversion: options of a loop, optional features."""

from __future__ import annotations

from enum import Enum
from typing import Any

UNSPECIFIED = object()


class Feature(Enum):
    """What `tf.autograph.to_code` and its kin convert beyond the usual: assertions, `==`, list idioms."""

    ALL = "ALL"
    AUTO_CONTROL_DEPS = "AUTO_CONTROL_DEPS"
    ASSERT_STATEMENTS = "ASSERT_STATEMENTS"
    BUILTIN_FUNCTIONS = "BUILTIN_FUNCTIONS"
    EQUALITY_OPERATORS = "EQUALITY_OPERATORS"
    LISTS = "LISTS"
    NAME_SCOPES = "NAME_SCOPES"

    @classmethod
    def all(cls) -> tuple[Feature, ...]:
        """All of them."""
        return tuple(cls)

    @classmethod
    def all_but(cls, exclude: Any) -> tuple[Feature, ...]:
        """All but some."""
        excluded = exclude if isinstance(exclude, list | tuple | set) else (exclude,)
        return tuple([f for f in cls if f not in excluded and f is not cls.ALL])


def set_loop_options(
    parallel_iterations: Any = UNSPECIFIED, swap_memory: Any = UNSPECIFIED,
    maximum_iterations: Any = UNSPECIFIED, shape_invariants: Any = UNSPECIFIED,
) -> None:  # fmt: skip
    """First statement of a loop in a traced function: the most turns it makes, and shapes that change.

    maximum_iterations: a number.  shape_invariants: pairs of a tensor and its shape; such a loop runs eagerly.
    """
