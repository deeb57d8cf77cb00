"""One entry of a result, and one entry of a gradient: the expressions that give them.

    value:     y_i = ...                              by the card's family
    gradient:  sum over i of  dy_i/dx_j × upstream_i  where i runs over the entries of the output that x_j reaches

Families: element by element (rules over expressions), sums of products, sums of entries with fixed weights, and a table
of folds (softmax, losses, products, norms). For all others the local derivatives are numbers, by the card's rule.
"""

from __future__ import annotations

from collections.abc import Sequence
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
    evaluate,
    mul,
    total,
)
from gradtape.insight.derivation.folds import FOLDS
from gradtape.insight.derivation.spelling import NotSpelledError, local, spelled
from gradtape.insight.recording import Gate, Index, Recording, reached, source
from gradtape.insight.walk import cotangents_of, dense

MOST_OUTPUTS = 64  # entries of an output whose local derivatives are looked for one by one

BILINEAR = frozenset(
    {"matmul", "affine", "einsum", "conv", "conv_backprop_input", "conv_backprop_filter"}
)
LINEAR = frozenset(
    {"reduce_sum", "reduce_mean", "cumsum", "avg_pool", "avg_pool_grad", "segment_sum", "segment_mean",
     "segment_gather", "take_last", "put_last", "bias_add"}
)  # fmt: skip
NOT_LINEAR = frozenset({"tensor_scatter_nd_max", "tensor_scatter_nd_min"})


class Entries:
    """The expressions of a recording's entries.  symbol(wire, index, gradient): how an entry is called."""

    def __init__(self, recording: Recording, names: Sequence[str], most_terms: int) -> None:
        self.recording, self.names, self.most_terms = recording, names, most_terms

    def symbol(self, wire: int, index: Index, gradient: bool = False, path: int = 0) -> Symbol:
        """An entry's name and number; a gradient that is not there is 0."""
        w = self.recording.wires[wire]
        array = w.value
        if gradient:
            array = w.gradient if w.gradient is not None else np.zeros(w.shape, w.dtype)
        kept = tuple([i for i, n in zip(index, w.shape) if n != 1])
        name = self.names[wire]
        return Symbol(name, kept if name else (), array[index], gradient, path)

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
                terms = self._terms(gate, position, index)
            except NotSpelledError:
                terms = self._by_numbers(gate, position, index)
        return None if terms is None else self._sum(terms)

    # families

    def _terms(self, gate: Gate, position: int, index: Index) -> list[Expression] | None:
        wires = self.recording.wires
        if gate.card.family == "Elementwise":
            out = gate.outputs[0]
            dtype = wires[gate.inputs[0]].dtype
            terms = []
            for at in reached(wires[gate.inputs[position]].shape, wires[out].shape, index):
                xs, y = self._elements(gate, at), self.symbol(out, at)
                found = local(gate.card, gate.attrs, y, xs, position, dtype)
                if found is None:
                    return None
                terms.append(chain(found, self.symbol(out, at, True)))
            return terms
        if gate.card.name in BILINEAR:
            return self._products_back(gate, position, index)
        fold = FOLDS.get(gate.card.name)
        if fold is not None:
            found = fold.back(self, gate, position, index)
            return [chain(d, self.symbol(gate.outputs[0], at, True)) for at, d in found]
        if self._is_linear(gate):
            return self._weights_back(gate, position, index)
        raise NotSpelledError(gate.card.name)

    def _elements(self, gate: Gate, at: Index) -> list[Expression]:
        wires = self.recording.wires
        return [self.symbol(w, source(wires[w].shape, at)) for w in gate.inputs]

    def _sum_of_products(self, gate: Gate, index: Index) -> Expression:
        """The pairs that meet are found by the card's rule, run on the entries' numbers instead of their values."""
        wires = self.recording.wires
        one = one_hot(wires[gate.outputs[0]].shape, index)
        marks = [np.arange(1.0, wires[w].value.size + 1).reshape(wires[w].shape) for w in gate.inputs]  # fmt: skip
        found = cotangents_of(gate.card, gate.attrs, [one], (one,), marks)
        first, second = wires[gate.inputs[0]], wires[gate.inputs[1]]
        met = np.rint(dense(_got(found[0])))
        terms: list[Expression] = []
        for at in np.argwhere(met):
            other = np.unravel_index(int(met[tuple(at)]) - 1, second.shape)
            terms.append(
                mul(self.symbol(first.index, _index(at)), self.symbol(second.index, _index(other)))
            )
        for w, c in zip(gate.inputs[2:], found[2:]):
            added = np.broadcast_to(_got(c), wires[gate.outputs[0]].shape)
            terms.append(self.symbol(w, source(wires[w].shape, _index(np.argwhere(added)[0]))))
        return self._sum(terms)

    def _products_back(self, gate: Gate, position: int, index: Index) -> list[Expression]:
        wires, out = self.recording.wires, gate.outputs[0]
        if position == 2:
            ats = reached(wires[gate.inputs[2]].shape, wires[out].shape, index)
            return [chain(Number(1), self.symbol(out, at, True)) for at in ats]
        mine, other = wires[gate.inputs[position]], wires[gate.inputs[1 - position]]
        marks = np.arange(1.0, other.value.size + 1).reshape(other.shape)
        given: list[Any] = [np.zeros(wires[w].shape) for w in gate.inputs]
        given[position], given[1 - position] = one_hot(mine.shape, index), marks
        met = np.rint(gate.card.kernel(*given, **gate.attrs))
        terms: list[Expression] = []
        for at in np.argwhere(met):
            weight = np.unravel_index(int(met[tuple(at)]) - 1, other.shape)
            terms.append(
                chain(self.symbol(other.index, _index(weight)), self.symbol(out, _index(at), True))
            )
        return terms

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
        terms, weights = [], []
        for position in self._floating(gate):
            w = gate.inputs[position]
            share = np.asarray(dense(_got(found[position])))
            if share.shape != wires[w].shape:
                raise NotSpelledError(gate.card.name)
            for at in np.argwhere(share):
                terms.append(self.symbol(w, _index(at)))
                weights.append(float(share[tuple(at)]))
        offset = self._offset(gate, values)[output][index]
        n = _parts(weights)
        if n > 1 and not offset:
            return div(self._sum(terms), Number(n))
        summed: list[Expression] = [mul(_weight(c), t) for t, c in zip(terms, weights)]
        if offset or not summed:
            summed.append(Symbol("", (), np.asarray(offset, wires[gate.outputs[output]].dtype)[()]))
        return self._sum(summed)

    def _offset(self, gate: Gate, values: Sequence[Any]) -> list[Any]:
        given = list(values)
        for p in self._floating(gate):
            given[p] = np.zeros(values[p].shape)
        result = gate.card.kernel(*given, **gate.attrs)
        return [np.asarray(v) for v in (result if gate.card.multi else (result,))]

    def _weights_back(self, gate: Gate, position: int, index: Index) -> list[Expression]:
        wires = self.recording.wires
        given: list[Any] = [wires[w].value for w in gate.inputs]
        offsets = self._offset(gate, given)
        for p in self._floating(gate):
            given[p] = np.zeros(given[p].shape)
        given[position] = one_hot(given[position].shape, index)
        result = gate.card.kernel(*given, **gate.attrs)
        terms = []
        for o, y, offset in zip(gate.outputs, result if gate.card.multi else (result,), offsets):
            if wires[o].gradient is None:
                continue
            share = np.asarray(y) - offset
            for at in np.argwhere(share):
                c = _weight(float(share[tuple(at)]))
                terms.append(chain(c, self.symbol(o, _index(at), True)))
        return terms

    def _by_numbers(self, gate: Gate, position: int, index: Index) -> list[Expression] | None:
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
        return terms

    # sums

    def _sum(self, terms: Sequence[Expression]) -> Expression:
        """A sum, of which a long one's end is one number."""
        if len(terms) <= self.most_terms + 1:
            return total(terms)
        left = terms[self.most_terms :]
        rest = float(sum(evaluate(t) for t in left))
        dtype = next((s.value.dtype for s in _symbols(left[0])), np.dtype(np.float64))
        return total([*terms[: self.most_terms], Rest(len(left), dtype.type(rest))])

    def _complex(self, gate: Gate) -> bool:
        wires = self.recording.wires
        return any(wires[w].dtype.kind == "c" for w in (*gate.inputs, *gate.outputs))


def _symbols(x: Expression) -> list[Symbol]:
    if isinstance(x, Symbol):
        return [x]
    return [s for a in getattr(x, "args", ()) for s in _symbols(a)]


def _got(found: Any) -> Any:
    return found() if callable(found) else found


def _index(at: Any) -> Index:
    return tuple([int(i) for i in at])


def _weight(c: float) -> Expression:
    """A fixed weight: 1/n as a quotient."""
    n = _parts([c])
    return div(Number(1), Number(n)) if n > 1 else Number(int(c) if c.is_integer() else c)


def _parts(weights: Sequence[float]) -> int:
    """n where all weights are 1/n, rounded or not; else 0."""
    if not weights or any(c != weights[0] for c in weights) or not 0 < weights[0] < 1:
        return 0
    n = round(1 / weights[0])
    return n if abs(n * weights[0] - 1) < 1e-6 else 0


def one_hot(shape: Sequence[int], index: Index, dtype: Any = np.float64) -> np.ndarray:
    found = np.zeros(shape, dtype)
    found[index] = 1
    return found
