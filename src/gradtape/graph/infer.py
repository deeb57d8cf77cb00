"""What an operation gives, learnt without its numbers: shapes and dtypes of the outputs.

A family's rule settles the shape; for the rest the card's own kernel runs on stand-ins (zeros), once per signature.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape.base.errors import OpError
from gradtape.base.quiet import quiet
from gradtape.base.shapes import broadcast_shape
from gradtape.core.bind import explain_failure
from gradtape.core.tensor import Tensor
from gradtape.graph.ir import Aval
from gradtape.graph.traced import CannotTrace, Unknown

_CACHE: dict[Any, tuple[Aval, ...]] = {}
_CACHE_LIMIT = 20_000
_FROM_SHAPES = ("shape_of", "size", "rank")
_LARGER = 7
_PLAIN = (int, float, str, tuple, np.dtype, type(None))


def outputs_of(card: Any, arrays: tuple[Any, ...], attrs: dict[str, Any]) -> tuple[Aval, ...]:
    """Avals of the outputs of a card on arrays, traced or real.  Raises the user's error when they do not fit."""
    if card.name.startswith("segment_"):  # as many rows as the numbers say
        return _from_known(card, arrays, attrs)
    key = _key(card, arrays, attrs)
    found = _CACHE.get(key) if key is not None else None
    if found is None:
        try:
            found = _infer(card, arrays, attrs)
        except Exception:
            if not any(_known(a) is not None for a in arrays):
                raise
            key, found = (
                None,
                _from_known(card, arrays, attrs),
            )  # it depends on numbers that are known
        if key is not None:
            if len(_CACHE) > _CACHE_LIMIT:
                _CACHE.clear()
            _CACHE[key] = found
    if any(type(n) is Unknown for a in arrays for n in a.shape):
        found = _with_unknown(card, arrays, attrs, found)
    return found


def _key(card: Any, arrays: tuple[Any, ...], attrs: dict[str, Any]) -> Any:
    if card.family == "Control" or not all(isinstance(a, _PLAIN) for a in attrs.values()):
        return None  # functions and graphs shall not be kept alive here
    try:
        key = (
            card.name,
            tuple([(a.shape, a.dtype) for a in arrays]),
            tuple(attrs.items()) if attrs else (),
        )
        hash(key)
        return key
    except TypeError:
        return None


def _infer(card: Any, arrays: tuple[Any, ...], attrs: dict[str, Any]) -> tuple[Aval, ...]:
    if card.avals is not None:
        return card.avals(**attrs)
    shapes = [tuple([int(n) for n in a.shape]) for a in arrays]
    dtypes = [a.dtype for a in arrays]
    if card.family == "Elementwise" and not card.multi and arrays:
        shape = broadcast_shape(shapes)
        if shape is not None:
            (small,) = _run(card, _shrunk(shapes), dtypes, attrs, arrays)
            return (Aval(shape, small.dtype),)
    elif card.family == "Reduce" and not card.multi and "axis" in attrs and "keepdims" in attrs:
        (small,) = _run(card, [(1,) * len(shapes[0])], dtypes, attrs, arrays)
        return (Aval(tuple(card.shape(shapes[0], **attrs)), small.dtype),)
    elif card.family == "Gather" and card.shape is not None:
        return (Aval(tuple(card.shape(*shapes, **attrs)), dtypes[0]),)
    elif (
        card.name == "gather" and 0 in shapes[0]
    ):  # no index is right; the result has no part of that axis
        axis = attrs["axis"] % len(shapes[0])
        shapes[0] = tuple([1 if i == axis else n for i, n in enumerate(shapes[0])])
    elif card.name == "matmul":
        return _matmul(card, shapes, dtypes, attrs, arrays)
    return tuple(_run(card, shapes, dtypes, attrs, arrays))


def _shrunk(shapes: list[tuple[int, ...]]) -> list[tuple[int, ...]]:
    """Small shapes with the same equalities: 0 and 1 stay, other sizes become 2, 3, ..."""
    names: dict[int, int] = {0: 0, 1: 1}
    return [tuple([names.setdefault(n, len(names)) for n in shape]) for shape in shapes]


def _matmul(card: Any, shapes: Any, dtypes: Any, attrs: Any, arrays: Any) -> tuple[Aval, ...]:
    small = _shrunk(shapes)
    (found,) = _run(card, small, dtypes, attrs, arrays)
    a, b = shapes
    n = a[-1] if attrs.get("transpose_a") else a[-2]
    m = b[-2] if attrs.get("transpose_b") else b[-1]
    return (Aval((*np.broadcast_shapes(a[:-2], b[:-2]), n, m), found.dtype),)


def _known(array: Any) -> Any:
    """The numbers of an array, where they are known."""
    return array if type(array) is np.ndarray else array.known


def _from_known(card: Any, arrays: Any, attrs: Any) -> tuple[Aval, ...]:
    """Avals from the kernel, run on the numbers that are known and stand-ins for the rest."""
    shapes = [tuple([int(n) for n in a.shape]) for a in arrays]
    known = [_known(a) for a in arrays]
    return tuple(_run(card, shapes, [a.dtype for a in arrays], attrs, arrays, known))


def _run(
    card: Any, shapes: Any, dtypes: Any, attrs: Any, arrays: Any, known: Any = None
) -> list[Aval]:
    """Avals from the kernel, run on stand-ins; on what is `known` where that is given."""
    error: Exception | None = None
    results = []
    for fill in (_zeros, _ramp, _ones):
        if fill is _ones and results:
            break
        stand_ins = [fill(s, d) for s, d in zip(shapes, dtypes)]
        if known is not None:
            stand_ins = [s if k is None else k for s, k in zip(stand_ins, known)]
        try:
            with quiet():
                found = card.kernel(*stand_ins, **attrs)
        except CannotTrace:
            raise
        except OpError as e:
            error = error or e
            continue
        except Exception as e:
            error = error or explain_failure(
                card, tuple([Tensor(_view(s, d)) for s, d in zip(shapes, dtypes)]), attrs, e
            )
            continue
        parts = found if card.multi else (found,)
        results.append([Aval(np.shape(p), np.asarray(p).dtype) for p in parts])
        if card.family in ("Elementwise", "Reduce", "Contraction", "Movement"):
            break
    if not results:
        assert error is not None
        raise error
    if results[0] != results[-1]:
        raise CannotTrace(f"the shape of what {card.tf_name} gives depends on the numbers it gets")
    return results[0]


def _view(shape: Any, dtype: Any) -> np.ndarray:
    return np.broadcast_to(np.zeros((), dtype), shape)


def _zeros(shape: Any, dtype: Any) -> np.ndarray:
    if dtype.kind == "O":
        array = np.empty(shape, object)
        array[...] = b""
        return array
    return np.zeros(shape, dtype)


def _ramp(shape: Any, dtype: Any) -> np.ndarray:
    """Other numbers: the identity for matrices, ones and twos for the rest."""
    if dtype.kind == "O":
        array = np.empty(shape, object)
        array[...] = b"a"
        return array
    if dtype.kind in "fVc" and len(shape) >= 2 and shape[-1] == shape[-2]:
        return np.array(np.broadcast_to(np.eye(shape[-1]).astype(dtype), shape))
    if dtype.kind == "b":
        return np.ones(shape, dtype)
    array = np.zeros(shape, dtype)
    array.reshape(-1)[::2] = 1
    return array


def _ones(shape: Any, dtype: Any) -> np.ndarray:
    """Numbers that divide."""
    return _zeros(shape, dtype) if dtype.kind == "O" else np.ones(shape, dtype)


def _with_unknown(card: Any, arrays: Any, attrs: Any, avals: tuple[Aval, ...]) -> tuple[Aval, ...]:
    """The same, with sizes marked open where they come from open ones."""
    exact = card.family in ("Elementwise", "Reduce") or card.name == "matmul"
    others = None if exact or card.name in _FROM_SHAPES else _with_other_sizes(card, arrays, attrs)

    def mark(shape: tuple[int, ...]) -> tuple[int, ...]:
        if card.family == "Elementwise":
            rank = len(shape)
            marked = list(shape)
            for a in arrays:
                for i, n in enumerate(a.shape):
                    place = rank - len(a.shape) + i
                    if type(n) is Unknown and place >= 0:
                        marked[place] = Unknown(shape[place])
            for a in arrays:
                for i, n in enumerate(a.shape):
                    place = rank - len(a.shape) + i
                    if type(n) is int and n != 1 and place >= 0:
                        marked[place] = n
            return tuple(marked)
        if card.family == "Reduce" and "axis" in attrs and "keepdims" in attrs:
            return tuple(card.shape(arrays[0].shape, **attrs))
        if card.name == "matmul":
            a, b = arrays[0].shape, arrays[1].shape
            n = a[-1] if attrs.get("transpose_a") else a[-2]
            m = b[-2] if attrs.get("transpose_b") else b[-1]
            return (*(a[:-2] if len(a) >= len(b) else b[:-2]), n, m)
        return shape

    if others is not None:
        return tuple([_open_where_different(a, b) for a, b in zip(avals, others)])
    return tuple([Aval(mark(a.shape), a.dtype) for a in avals])


class _Sized:
    """An array of another size, of which only that is known."""

    __slots__ = ("dtype", "known", "ndim", "shape")

    def __init__(self, shape: tuple[int, ...], dtype: Any):
        self.shape, self.dtype, self.ndim, self.known = shape, dtype, len(shape), None


def _with_other_sizes(card: Any, arrays: Any, attrs: Any) -> tuple[Aval, ...] | None:
    """Avals for larger open sizes; None where they do not go together with what is fixed."""

    def larger(value: Any) -> Any:
        if type(value) is Unknown:
            return int(value) + _LARGER
        return tuple([larger(v) for v in value]) if type(value) is tuple else value

    sized = tuple([
        a if type(a) is np.ndarray or (a.known is not None and not any(type(n) is Unknown for n in a.shape))
        else _Sized(larger(tuple(a.shape)), a.dtype) for a in arrays
    ])  # fmt: skip
    try:
        return outputs_of(card, sized, {name: larger(value) for name, value in attrs.items()})
    except Exception:
        return None


def _open_where_different(one: Aval, other: Aval) -> Aval:
    sizes = [Unknown(n) if n != m else n for n, m in zip(one.shape, other.shape)]
    return Aval(tuple(sizes), one.dtype)
