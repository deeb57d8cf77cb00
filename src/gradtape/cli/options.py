"""The options of every command that runs a file."""

from __future__ import annotations

import argparse

from gradtape.runner.child import SEEDINGS


def add_running(parser: argparse.ArgumentParser) -> None:
    """Add --timeout, --seeding and --eagerly."""
    parser.add_argument(
        "--timeout",
        metavar="S",
        type=_seconds,
        help="seconds for each cell, or for the whole script",
    )
    parser.add_argument(
        "--seeding",
        choices=SEEDINGS,
        help="Keras initializers with a seed: one stream, as the lesson's TensorFlow (default), "
        "or the same values at each call, as 2.12",
    )
    parser.add_argument(
        "--eagerly", action="store_true", help="run traced functions as plain Python, to see inside"
    )


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise ValueError(text)
    return value
