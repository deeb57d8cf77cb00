"""Remarks about a gradient that is there, and perhaps not the one that was meant."""

from __future__ import annotations

from collections.abc import Iterator

from gradtape.insight.why.case import Case
from gradtape.insight.why.reason import at, called

# What takes logits -> what gives none.
_TWICE = {
    "softmax": ("softmax",),
    "log_softmax": ("softmax", "log_softmax"),
    "softmax_cross_entropy_with_logits": ("softmax", "sigmoid"),
    "sparse_softmax_cross_entropy_with_logits": ("softmax", "sigmoid"),
    "sigmoid_cross_entropy_with_logits": ("sigmoid", "softmax"),
}


def notes(case: Case) -> Iterator[str]:
    """Sentences about what lies on the way: softmax twice, (n,) against (n, 1)."""
    net = case.net
    makers = {slot: index for index, gate in enumerate(net.gates) for slot in gate[3]}
    for index, (card, _, inputs, outputs, _, _) in enumerate(net.gates):
        if case.on_path.isdisjoint(outputs):
            continue
        for slot in inputs:
            maker = makers.get(slot)
            if maker is not None and net.gates[maker][0].name in _TWICE.get(card.name, ()):
                first = net.gates[maker][0]
                yield (
                    f"{called(card)}{at(net.place(index))} takes logits, but gets what {called(first)}"
                    f"{at(net.place(maker))} made: leave one of them out."
                )
        if card.family == "Elementwise" and len(inputs) == 2:
            a, b = [net.values[s].shape for s in inputs]
            for flat, column in ((a, b), (b, a)):
                if len(flat) == 1 and flat[0] > 1 and column == (flat[0], 1):
                    yield (
                        f"{called(card)}{at(net.place(index))} makes shape {(flat[0], flat[0])} of {flat} and "
                        f"{column}, each with each: give both the same shape."
                    )
