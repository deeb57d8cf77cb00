"""The error classes of TensorFlow, and ours which derive from them and from the natural Python class.

A message says what was expected, what was received, what to do, and where in the user's file.
"""

from __future__ import annotations

from typing import Any

from gradtape.base.site import where


class OpError(Exception):
    """Base of all errors that an operation raises.  Has `message`, `node_def`, `op`, `error_code`."""

    code = 2

    def __init__(
        self, node_def: Any, op: Any, message: str, error_code: int | None = None, *_: Any
    ):
        super().__init__(message)
        self.node_def, self.op, self.message = node_def, op, message
        self._code = self.code if error_code is None else error_code

    @property
    def error_code(self) -> int:
        return self._code

    def __str__(self) -> str:
        return self.message

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.message)


def _rebuild(cls: type[OpError], message: str) -> OpError:
    error = cls.__new__(cls)
    OpError.__init__(error, None, None, message)
    return error


class CancelledError(OpError):
    code = 1


class UnknownError(OpError):
    code = 2


class InvalidArgumentError(OpError):
    code = 3


class DeadlineExceededError(OpError):
    code = 4


class NotFoundError(OpError):
    code = 5


class AlreadyExistsError(OpError):
    code = 6


class PermissionDeniedError(OpError):
    code = 7


class ResourceExhaustedError(OpError):
    code = 8


class FailedPreconditionError(OpError):
    code = 9


class AbortedError(OpError):
    code = 10


class OutOfRangeError(OpError):
    code = 11


class UnimplementedError(OpError):
    code = 12


class InternalError(OpError):
    code = 13


class UnavailableError(OpError):
    code = 14


class DataLossError(OpError):
    code = 15


class UnauthenticatedError(OpError):
    code = 16


class OperatorNotAllowedInGraphError(TypeError):
    """A tensor of a traced function was used as a Python value."""


class InaccessibleTensorError(ValueError, TypeError):
    """A tensor was used outside of the function or branch that made it."""


def received(**values: Any) -> str:
    """'Received: x=float32[2,3], axis=4'."""
    return "Received: " + ", ".join(f"{name}={brief(value)}" for name, value in values.items())


def brief(value: Any) -> str:
    """A value in a few characters: arrays and tensors by dtype and shape."""
    shape, dtype = getattr(value, "shape", None), getattr(value, "dtype", None)
    if shape is not None and dtype is not None:
        name = getattr(dtype, "name", str(dtype))
        return f"{name}[{','.join('?' if n is None else str(n) for n in shape)}]"
    text = repr(value)
    return text if len(text) <= 120 else text[:117] + "..."


class ExplainedError(InvalidArgumentError):
    """Ours: one message, `what was expected`, the received values, the user's place."""

    def __init__(self, expected: str, /, **values: Any):
        text = expected if not values else f"{expected} {received(**values)}"
        super().__init__(None, None, text + where(2))


class ShapeError(ExplainedError, ValueError):
    """Shapes that do not fit."""


class DtypeError(ExplainedError, TypeError):
    """Dtypes that do not fit."""


class ArgumentError(ExplainedError, ValueError):
    """A value that an argument does not take."""


class IndexRangeError(ExplainedError, IndexError, ValueError):
    """An index outside of its dimension."""


class StructureError(ExplainedError, TypeError, ValueError):
    """Nested structures that do not match."""


class GradientError(ExplainedError, LookupError, RuntimeError):
    """A gradient that cannot be computed, with the reason."""


class UnconnectedError(ExplainedError, ValueError):
    """The target does not depend on the source (`unconnected_gradients="raise"`)."""


class TapeError(ExplainedError, RuntimeError, ValueError):
    """A tape used against its rules."""


class DeviceNotFoundError(NotFoundError, IndexError, ValueError, RuntimeError):
    """A device that this machine does not have.  Still an `IndexError`, as for a list index."""

    def __init__(self, message: str):
        super().__init__(None, None, message + where(2))


class NotBuiltError(UnimplementedError, AttributeError):
    """A name of TensorFlow that gradtape does not have; the message says what to use instead."""

    def __init__(self, message: str, name: str | None = None):
        super().__init__(None, None, message)
        self.name = name or ""
