"""Help for the tests of programs that use gradtape."""

from __future__ import annotations

from typing import Any


def assert_gradients(subject: Any, *arguments: Any, **options: Any) -> Any:
    """Fails unless `tf.certify(subject, *arguments, **options)` finds the gradients right.

    subject, arguments, options: as for `tf.certify`: a function and its inputs, a tape with target and sources, a model
    with x and y. Gradients at kinks pass where they are one of the one-sided derivatives, between them, or what
    convention says. Gives the certificate. Raises AssertionError with the table of the worst entries.

    >>> import gradtape as tf
    >>> from gradtape.testing import assert_gradients
    >>> assert_gradients(lambda x: tf.reduce_sum(tf.square(x)), tf.constant([1.0, 2.0])).verdict
    'right'
    """
    from gradtape.insight.certificate import certify

    __tracebackhide__ = True
    certificate = certify(subject, *arguments, **options)
    if not certificate.ok:
        raise AssertionError(f"Gradients are not certified.\n{certificate.text()}")
    return certificate


__all__ = ["assert_gradients"]
