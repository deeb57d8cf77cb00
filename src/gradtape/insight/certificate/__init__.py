"""Certificates: whether a gradient is right, entry by entry, with an error bound for each."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape.base import tree
from gradtape.base.errors import ArgumentError
from gradtape.core.context import no_recording
from gradtape.core.convert import convert
from gradtape.core.tape import GradientTape
from gradtape.insight.certificate.certificate import Certificate, Check, Entry, Kink
from gradtape.insight.certificate.claims import (
    Claim,
    of_function,
    of_model,
    of_tape,
    refuse_in_a_trace,
)
from gradtape.insight.certificate.examination import examine
from gradtape.insight.certificate.wide import widened


def certify(
    subject: Any,
    *arguments: Any,
    loss: Any = None,
    gradients: Any = None,
    output_gradients: Any = None,
    entries: int = 128,
    seed: int = 0,
) -> Certificate:
    """Whether gradients are right: each entry against differences in float64, with an error bound for each.

    certify(f, inputs)               the gradients of f(*inputs) by its inputs and by the trainable variables it reads
    certify(tape, target, sources)   those that tape.gradient(target, sources) gives; the tape is not used up
    certify(model, x, y)             those of a Keras model's loss, as `fit` computes them, by its trainable variables

    f: from tensors to a tensor or a nest of them; it is called many times, and variables and random numbers are each
    time what they were. inputs: one tensor, variable or array, or a list of all arguments. x, y: a batch, and after
    them sample weights. loss: of the model; the one it is compiled with when None. gradients: to be checked instead of
    gradtape's own (made by hand, say), in the form of the inputs or sources. output_gradients: cotangents of the
    results; ones when None, and where a function gives more than one number it is tried with random ones too.
    entries: of larger gradients so many are checked one by one, the most doubtful, the largest and random ones (fewer
    where millions of numbers are computed), and all together along random directions. seed: of all that is random here.

    The reference of a float32 program is the same program in float64; its gradients may be off by what rounding in
    float32 does to them. Kinks are named, and not wrong where the gradient lies between the one-sided derivatives or
    is what convention says. Behind tf.stop_gradient values stay as they are.
    Raises ValueError for arguments of another form, RuntimeError for a tape that has let its records go.

    >>> certificate = tf.certify(lambda x: tf.reduce_sum(tf.sin(x)), tf.constant([0.5, 1.0]))
    >>> certificate.verdict, certificate.worst.status
    ('right', 'right')
    """
    refuse_in_a_trace()
    if isinstance(entries, bool) or not isinstance(entries, int) or entries < 1:
        raise ArgumentError("Expected `entries` as a number, 1 or more.", entries=entries)
    if isinstance(subject, GradientTape):
        if len(arguments) != 2:
            raise _wrong_arguments("certify(tape, target, sources)", arguments)
        claim = of_tape(subject, *arguments)
    elif len(arguments) in (2, 3) and hasattr(subject, "compute_loss"):
        x, y, sample_weight = (*arguments, None)[:3]
        claim = of_model(subject, x, y, sample_weight, loss)
    elif callable(subject):
        if len(arguments) > 1:
            raise _wrong_arguments("certify(f, inputs), all inputs in one list,", arguments)
        given = arguments[0] if arguments else ()
        inputs = given if isinstance(given, list | tuple) else (given,)
        claim = of_function(subject, inputs)
    else:
        raise ArgumentError(
            "certify takes a function, a tf.GradientTape or a Keras model.", subject=subject
        )
    with no_recording():
        return _certified(claim, gradients, output_gradients, entries, seed)


def _wrong_arguments(form: str, arguments: tuple[Any, ...]) -> Exception:
    return ArgumentError(f"Expected {form}.", arguments=len(arguments))


def _certified(
    claim: Claim, gradients: Any, output_gradients: Any, entries: int, seed: int
) -> Certificate:
    ones = [np.ones(t._value.shape, t._value.dtype) for t in claim.targets]
    if output_gradients is None:
        seeds = ones
    else:
        given = tree.flatten(output_gradients)
        if len(given) != len(ones):
            raise ArgumentError(
                "output_gradients needs one entry per target.",
                targets=len(ones), output_gradients=len(given),
            )  # fmt: skip
        seeds = [o if g is None else convert(g, o.dtype)._value for g, o in zip(given, ones)]
    own = claim.gradients(seeds)
    if gradients is not None:
        own = _given(claim, gradients, own)
    first = examine(claim, own, seeds, entries, seed, [])
    size = sum(t._value.size for t in claim.targets)
    if not claim.free or gradients is not None or output_gradients is not None or size == 1:
        return first
    if not first.ok:
        return first
    rng = np.random.default_rng([seed, 1])
    drawn = [_drawn(rng, o) for o in ones]
    second = examine(claim, claim.gradients(drawn), drawn, entries, seed, [_RANDOM])
    if second.verdict in ("wrong", "not decided"):
        return second
    return Certificate(
        first.verdict if second.verdict == "right" else second.verdict, first.entries, first.kinks, first.checks,
        (*first.notes, "right with random gradients of the outputs too"), first.claimed, first.reference,
        first.error, first.bound,
    )  # fmt: skip


_RANDOM = "with random gradients of the outputs (with ones it is right: errors cancel there)"


def _drawn(rng: np.random.Generator, one: np.ndarray) -> np.ndarray:
    values = (
        np.round(rng.uniform(0.5, 1.5, one.shape) * rng.choice([-1.0, 1.0], one.shape) * 64) / 64
    )
    return np.asarray(values).astype(one.dtype)


def _leaves(given: Any) -> list[Any]:
    """The gradients in a nest, in the order of the sources; lists of numbers are arrays."""
    if isinstance(given, dict):
        return [leaf for key in sorted(given) for leaf in _leaves(given[key])]
    if isinstance(given, list | tuple) and not all(map(_is_row, given)):
        return [leaf for part in given for leaf in _leaves(part)]
    return [given]


def _is_row(part: Any) -> bool:
    """Whether it is a number, or numbers in lists."""
    if isinstance(part, list | tuple):
        return all(map(_is_row, part))
    return isinstance(part, int | float | complex | np.generic)


def _given(claim: Claim, gradients: Any, own: list[Any]) -> list[Any]:
    """The gradients that the user gave; those of variables beside the inputs stay ours."""
    flat = _leaves(gradients)
    if isinstance(gradients, list | tuple) and claim.n_inputs == 1 and len(gradients) != 1:
        flat = [gradients]
    elif isinstance(gradients, list | tuple):
        flat = [leaf for part in gradients for leaf in _leaves(part)]
    if len(flat) > len(own) or (len(flat) < len(own) and not claim.free):
        raise ArgumentError(
            "`gradients` needs one entry per source.", sources=len(own), gradients=len(flat)
        )
    found: list[Any] = []
    for g in flat:
        array = None if g is None else np.asarray(getattr(g, "_value", g))
        found.append(None if array is None else widened(array * 1.0))
    return [*found, *own[len(flat) :]]


__all__ = ["Certificate", "Check", "Entry", "Kink", "certify"]
