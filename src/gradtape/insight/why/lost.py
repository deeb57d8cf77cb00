"""Where the way from the target back to the source is lost, in what the tape knows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from gradtape.base.dtypes import DIFFERENTIABLE
from gradtape.core.card import REGISTRY
from gradtape.graph.ir import Equation, Graph
from gradtape.insight.source import Place
from gradtape.insight.why.net import Net

# Operations that use the form of what they get, not its numbers.
FORM_ONLY = ("shape_of", "size", "rank", "zeros_like", "ones_like")


@dataclass(frozen=True, eq=False)
class Lost:
    """The gate at which the way ends, the position of the input through which it goes on to the source."""

    gate: int
    position: int


def lost_at(net: Net, targets: list[int], sources: set[int]) -> list[Lost] | None:
    """Where the ways from the targets end, the place nearest to the targets first; None where there is no way."""
    forward = net.reached(sources)
    if forward.isdisjoint(targets):
        return None
    alive = _alive(net, targets)
    broken: list[Lost] = []
    for index in reversed(range(len(net.gates))):
        _, _, inputs, outputs, _, _ = net.gates[index]
        if index not in alive.gates or forward.isdisjoint(outputs):
            continue
        for position, slot in enumerate(inputs):
            if slot in forward and (index, position) not in alive.edges:
                broken.append(Lost(index, position))
    return [_origin(net, lost, forward) for lost in broken]


def lost_inside(graph: Graph, position: int) -> Equation | None:
    """Where a traced function, which cannot be run again, loses the way to one of its inputs: by its cards alone."""
    forward = {graph.inputs[position]}
    for e in graph.equations:
        if not forward.isdisjoint(e.inputs):
            forward.update(e.outputs)
    reached, broken = set(graph.outputs), None
    for e in reversed(graph.equations):
        if reached.isdisjoint(e.outputs) or forward.isdisjoint(e.outputs):
            continue
        way = [v for v in e.inputs if v in forward]
        ends = REGISTRY[e.op].vjp is None or all(v.dtype not in DIFFERENTIABLE for v in way)
        if ends and (broken is None or all(v.dtype not in DIFFERENTIABLE for v in broken.inputs)):
            broken = e
        reached.update(way)
    return broken


@dataclass(eq=False)
class _Alive:
    gates: set[int]  # those that a cotangent reaches
    edges: set[tuple[int, int]]  # (gate, position of the input) through which one goes on


def _alive(net: Net, targets: list[int]) -> _Alive:
    """How far cotangents come: by numbers where values are known, else by what the cards say."""
    numbers = [t for t in targets if _has_numbers(net, t)]
    found: dict[int, Any] = {}
    parts: Any = [()] * len(net.gates)
    if numbers:
        seeds = [np.ones(net.values[t].shape, net.values[t].dtype) for t in numbers]
        found, parts = net.pulled(numbers, seeds)
    reached = set(targets) | set(found)
    alive = _Alive(set(), set())
    for index in reversed(range(len(net.gates))):
        card, attrs, inputs, outputs, _, _ = net.gates[index]
        if reached.isdisjoint(outputs):
            continue
        alive.gates.add(index)
        for position, slot in enumerate(inputs):
            if attrs is None or not parts[index]:
                floating = net.floating(slot) and any(map(net.floating, outputs))
                goes_on = card.vjp is not None and floating
            else:
                goes_on = bool(parts[index]) and parts[index][position] is not None
            if goes_on:
                alive.edges.add((index, position))
                reached.add(slot)
    return alive


def _has_numbers(net: Net, slot: int) -> bool:
    value = net.values[slot]
    return isinstance(value, np.ndarray) and value.dtype in DIFFERENTIABLE


def _origin(net: Net, lost: Lost, forward: set[int]) -> Lost:
    """The gate at which floats became integers, where the way was lost among integers that come from them."""
    makers = {slot: index for index, gate in enumerate(net.gates) for slot in gate[3]}
    while True:
        slot = net.gates[lost.gate][2][lost.position]
        maker = makers.get(slot)
        if net.floating(slot) or maker is None:
            return lost
        inputs = net.gates[maker][2]
        lost = Lost(maker, next(i for i, s in enumerate(inputs) if s in forward))


def use_of(net: Net, slots: set[int]) -> Place | None:
    """The line of the first operation on one of these."""
    for index, (_, _, inputs, _, _, _) in enumerate(net.gates):
        if not slots.isdisjoint(inputs):
            return net.place(index)
    return None
