"""One entry of a result, and one entry of a gradient: the expressions that give them.

    value:     y_i = ...                              by the card's family
    gradient:  sum over i of  dy_i/dx_j × upstream_i  where i runs over the entries of the output that x_j reaches

Families: element by element (rules over expressions), sums of products, sums of entries with fixed weights, and a table
of folds (softmax, losses, products, norms). For all others the local derivatives are numbers, by the card's rule.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import islice, product
from typing import Any

import numpy as np

from gradtape.base.dtypes import DIFFERENTIABLE
from gradtape.base.quiet import quiet
from gradtape.insight.derivation.expression import (
    Expression,
    Number,
    Rest,
    Symbol,
    chain,
    div,
    mul,
    total,
)
from gradtape.insight.derivation.folds import FOLDS
from gradtape.insight.derivation.products import BILINEAR, meeting, reaching
from gradtape.insight.derivation.spelling import NotSpelledError, local, spelled
from gradtape.insight.recording import Gate, Index, Recording, reached_axes, source
from gradtape.insight.walk import cotangents_of, dense

MOST_OUTPUTS = 64  # entries of an output whose local derivatives are looked for one by one

LINEAR = frozenset(
    {"reduce_sum", "reduce_mean", "cumsum", "avg_pool", "avg_pool_grad", "segment_sum", "segment_mean",
     "segment_gather", "take_last", "put_last", "bias_add"}
)  # fmt: skip
NOT_LINEAR = frozenset({"tensor_scatter_nd_max", "tensor_scatter_nd_min"})


class Entries:
    """The expressions of a recording's entries.

    names: what wires are called.  most_terms: of a sum that are written out; the rest is one number.
    """

    def __init__(self, recording: Recording, names: Sequence[str], most_terms: int) -> None:
        self.recording, self.names, self.most_terms = recording, names, most_terms

    def symbol(self, wire: int, index: Index, gradient: bool = False) -> Symbol:
        """An entry's name and number; a gradient that is not there is 0."""
        w = self.recording.wires[wire]
        array = w.value
        if gradient:
            array = w.gradient if w.gradient is not None else np.zeros(w.shape, w.dtype)
        kept = tuple([i for i, n in zip(index, w.shape) if n != 1])
        name = self.names[wire]
        return Symbol(name, kept if name else (), array[index], gradient)

    def flat(self, wire: int, place: Any, gradient: bool = False) -> Symbol:
        """The same by a flat index."""
        shape = self.recording.wires[wire].shape
        return self.symbol(wire, _index(np.unravel_index(int(place), shape)) if shape else (), gradient)  # fmt: skip

    def value(self, gate: Gate, output: int, index: Index) -> Expression | None:
        """The expression of an entry of an output (numbered by `output`); None where it has none."""
        wires = self.recording.wires
        if wires[gate.outputs[output]].dtype.kind == "c" or self._complex(gate):
            return None
        with quiet():
            try:
                if gate.card.family == "Elementwise":
                    xs = self._elements(gate, index)
                    dtype = wires[gate.inputs[0]].dtype
                    return spelled(gate.card, xs, gate.attrs, dtype)
                if gate.card.name in BILINEAR:
                    return self._sum_of_products(gate, index)
                fold = FOLDS.get(gate.card.name)
                if fold is not None and output == 0:
                    return fold.value(self, gate, index)
                if self._is_linear(gate):
                    return self._weighted(gate, output, index)
                if gate.card.family == "Movement":  # shapes, zeros, ones
                    return Symbol("", (), wires[gate.outputs[output]].value[index])
            except NotSpelledError:
                pass
        return None

    def part(self, gate: Gate, position: int, index: Index) -> Expression | None:
        """What a gate adds to the gradient of an entry of an input; None where no expression is to be had."""
        if self._complex(gate) or gate.card.vjp is None:
            return None
        with quiet():
            try:
                return self._back(gate, position, index)
            except NotSpelledError:
                return self._by_numbers(gate, position, index)

    # families

    def _back(self, gate: Gate, position: int, index: Index) -> Expression | None:
        out = gate.outputs[0]
        if gate.card.family == "Elementwise":
            return self._elements_back(gate, position, index)
        if gate.card.name in BILINEAR:
            return self._products_back(gate, position, index)
        fold = FOLDS.get(gate.card.name)
        if fold is not None:
            found = fold.back(self, gate, position, index)
            return total([chain(d, self.symbol(out, at, True)) for at, d in found])
        if self._is_linear(gate):
            return self._weights_back(gate, position, index)
        raise NotSpelledError(gate.card.name)

    def _elements(self, gate: Gate, at: Index) -> list[Expression]:
        wires = self.recording.wires
        return [self.symbol(w, source(wires[w].shape, at)) for w in gate.inputs]

    def _elements_back(self, gate: Gate, position: int, index: Index) -> Expression | None:
        """A term per entry of the result at which the entry stands."""
        wires, out = self.recording.wires, gate.outputs[0]
        shape, dtype = wires[gate.inputs[position]].shape, wires[gate.inputs[0]].dtype
        axes = reached_axes(shape, wires[out].shape, index)
        count = math.prod(len(a) for a in axes)

        def term(at: Index) -> Expression | None:
            xs, y = self._elements(gate, at), self.symbol(out, at)
            found = local(gate.card, gate.attrs, y, xs, position, dtype)
            return None if found is None else chain(found, self.symbol(out, at, True))

        first = [term(at) for at in islice(product(*axes), self._written(count))]
        terms = [t for t in first if t is not None]
        if len(terms) < len(first):
            return None
        if len(terms) < count:
            values = [wires[w].value for w in gate.inputs]
            seed, y = wires[out].gradient, wires[out].value
            whole = _got(cotangents_of(gate.card, gate.attrs, [seed], (y,), values)[position])
            parts = np.broadcast_to(whole, y.shape)[np.ix_(*axes)].reshape(-1)
            terms.append(self._rest(parts[len(terms) :], dtype))
        return total(terms)

    def _sum_of_products(self, gate: Gate, index: Index) -> Expression:
        wires = self.recording.wires
        first, second = meeting(self.recording, gate, index)
        x, y = wires[gate.inputs[0]], wires[gate.inputs[1]]
        n = self._written(len(first))
        terms: list[Expression] = [
            mul(self.flat(x.index, i), self.flat(y.index, k)) for i, k in zip(first[:n], second[:n])
        ]
        if n < len(first):
            products = _wide(x.value, first[n:]) * _wide(y.value, second[n:])
            terms.append(self._rest(products, x.dtype))
        for w in gate.inputs[2:]:
            terms.append(self.symbol(w, source(wires[w].shape, index)))
        return total(terms)

    def _products_back(self, gate: Gate, position: int, index: Index) -> Expression:
        wires, out = self.recording.wires, self.recording.wires[gate.outputs[0]]
        if position == 2:
            axes = reached_axes(wires[gate.inputs[2]].shape, out.shape, index)
            places = np.arange(out.value.size).reshape(out.shape)[np.ix_(*axes)].reshape(-1)
            return self._chains(np.ones(len(places)), places, out.index)
        met, outputs = reaching(self.recording, gate, position, index)
        other = wires[gate.inputs[1 - position]]
        n = self._written(len(met))
        terms: list[Expression] = [
            chain(self.flat(other.index, k), self.flat(out.index, i, True))
            for k, i in zip(met[:n], outputs[:n])
        ]
        if n < len(met):
            products = _wide(other.value, met[n:]) * _wide(out.gradient, outputs[n:])
            terms.append(self._rest(products, other.dtype))
        return total(terms)

    def _is_linear(self, gate: Gate) -> bool:
        card = gate.card
        if card.vjp is None or card.name in NOT_LINEAR:
            return card.name == "stop_gradient"
        return card.family in ("Movement", "Gather") or card.name in LINEAR

    def _floating(self, gate: Gate) -> list[int]:
        wires = self.recording.wires
        return [p for p, w in enumerate(gate.inputs) if wires[w].dtype in DIFFERENTIABLE]

    def _weighted(self, gate: Gate, output: int, index: Index) -> Expression:
        wires = self.recording.wires
        if gate.card.name == "stop_gradient":
            return self.symbol(gate.inputs[0], index)
        outs = [wires[o].value for o in gate.outputs]
        seeds = [np.zeros(y.shape) for y in outs]
        seeds[output][index] = 1
        values = [wires[w].value for w in gate.inputs]
        found = cotangents_of(gate.card, gate.attrs, seeds, tuple(outs), values)
        places: list[tuple[int, np.ndarray, np.ndarray]] = []  # wire, entries, weights
        for position in self._floating(gate):
            w = gate.inputs[position]
            share = np.asarray(dense(_got(found[position])))
            if share.shape != wires[w].shape:
                raise NotSpelledError(gate.card.name)
            at = np.flatnonzero(share)
            places.append((w, at, share.reshape(-1)[at]))
        dtype = wires[gate.outputs[output]].dtype
        offset = self._offset(gate, values)[output][index]
        weights = np.concatenate([np.zeros(0), *[c for _, _, c in places]])
        n, written = _parts(weights), self._written(len(weights))
        even = n > 1 and not offset
        terms = ((w, k, c) for w, at, share in places for k, c in zip(at, share.tolist()))
        shown: list[Expression] = [
            self.flat(w, k) if even else mul(_weight(c), self.flat(w, k))
            for w, k, c in islice(terms, written)
        ]
        if written < len(weights):
            values = np.concatenate([_wide(wires[w].value, at) for w, at, _ in places])
            left = values[written:] * (1.0 if even else weights[written:])
            shown.append(self._rest(left, dtype))
        if even:
            return div(total(shown), Number(n))
        if offset or not shown:
            shown.append(Symbol("", (), np.asarray(offset, dtype)[()]))
        return total(shown)

    def _offset(self, gate: Gate, values: Sequence[Any]) -> list[Any]:
        given = list(values)
        for p in self._floating(gate):
            given[p] = np.zeros(values[p].shape)
        result = gate.card.kernel(*given, **gate.attrs)
        return [np.asarray(v) for v in (result if gate.card.multi else (result,))]

    def _weights_back(self, gate: Gate, position: int, index: Index) -> Expression:
        wires = self.recording.wires
        given: list[Any] = [wires[w].value for w in gate.inputs]
        offsets = self._offset(gate, given)
        for p in self._floating(gate):
            given[p] = np.zeros(given[p].shape)
        given[position] = one_hot(given[position].shape, index)
        result = gate.card.kernel(*given, **gate.attrs)
        terms = []
        for o, y, offset in zip(gate.outputs, result if gate.card.multi else (result,), offsets):
            if wires[o].gradient is not None:
                share = (np.asarray(y) - offset).reshape(-1)
                at = np.flatnonzero(share)
                terms.append(self._chains(share[at], at, o))
        return total(terms)

    def _chains(self, weights: np.ndarray, places: np.ndarray, wire: int) -> Expression:
        """The sum of fixed weights times gradients of a wire's entries."""
        w, n = self.recording.wires[wire], self._written(len(places))
        terms: list[Expression] = [
            chain(_weight(float(c)), self.flat(wire, i, True))
            for c, i in zip(weights[:n], places[:n])
        ]
        if n < len(places):
            terms.append(self._rest(weights[n:] * _wide(w.gradient, places[n:]), w.dtype))
        return total(terms)

    def _by_numbers(self, gate: Gate, position: int, index: Index) -> Expression | None:
        """Local derivatives as numbers: the card's rule run on one cotangent after another."""
        wires = self.recording.wires
        ys = tuple([wires[o].value for o in gate.outputs])
        values = [wires[w].value for w in gate.inputs]
        through = [o for o in gate.outputs if wires[o].gradient is not None]
        if sum(wires[o].value.size for o in through) > MOST_OUTPUTS:
            return None
        terms: list[Expression] = []
        for o in through:
            for at in np.ndindex(*wires[o].shape):
                seeds = [
                    None if wires[q].gradient is None else np.zeros(wires[q].shape, wires[q].dtype)
                    for q in gate.outputs
                ]
                seeds[gate.outputs.index(o)] = one_hot(wires[o].shape, at, wires[o].dtype)
                c = _got(cotangents_of(gate.card, gate.attrs, seeds, ys, values)[position])
                if c is None:
                    return None
                c = np.asarray(dense(c))
                share = np.broadcast_to(c, np.broadcast_shapes(c.shape, values[position].shape))
                if share.shape != values[position].shape:
                    return None
                if share[index]:
                    symbol = Symbol("", (), share[index])
                    terms.append(chain(symbol, self.symbol(o, at, True)))
        return total(terms)

    # sums

    def _written(self, count: int) -> int:
        """How many of so many terms are written out: the rest is one number, unless it is one term."""
        return count if count <= self.most_terms + 1 else self.most_terms

    def _rest(self, terms: np.ndarray, dtype: np.dtype[Any]) -> Rest:
        return Rest(len(terms), dtype.type(np.sum(terms, dtype=np.float64)))

    def _complex(self, gate: Gate) -> bool:
        wires = self.recording.wires
        return any(wires[w].dtype.kind == "c" for w in (*gate.inputs, *gate.outputs))


def _wide(array: Any, places: np.ndarray) -> np.ndarray:
    """Entries by their flat indices, in float64."""
    return np.asarray(array).reshape(-1)[places].astype(np.float64)


def _got(found: Any) -> Any:
    return found() if callable(found) else found


def _index(at: Any) -> Index:
    return tuple([int(i) for i in at])


def _weight(c: float) -> Expression:
    """A fixed weight: 1/n as a quotient."""
    n = _parts(np.asarray([c]))
    return div(Number(1), Number(n)) if n > 1 else Number(int(c) if c.is_integer() else c)


def _parts(weights: np.ndarray) -> int:
    """n where all weights are 1/n, rounded or not; else 0."""
    if not weights.size or np.any(weights != weights[0]) or not 0 < weights[0] < 1:
        return 0
    n = round(1 / float(weights[0]))
    return n if abs(n * weights[0] - 1) < 1e-6 else 0


def one_hot(shape: Sequence[int], index: Index, dtype: Any = np.float64) -> np.ndarray:
    found = np.zeros(shape, dtype)
    found[index] = 1
    return found
