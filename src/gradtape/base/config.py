"""gradtape's own settings.  Each can be set in code or by an environment variable `GRADTAPE_<NAME>`."""

from __future__ import annotations

import os
from typing import Any

_CHOICES: dict[str, tuple[Any, ...]] = {
    "initializer_seeding": ("lesson", "2.12"),
    "numpy_records": (False, True),
    "functions_eagerly": (False, True),
    "backend": ("llvm", "numpy"),
    "debug": (False, True),
    "explanations": (True, False),
}


class Config:
    """Settings.

    initializer_seeding: "lesson" (default): a Keras initializer with a seed continues one stream from draw
        to draw, as TensorFlow up to 2.9 does; "2.12": each call repeats the same values.
    numpy_records: False (default): NumPy functions called on tensors return NumPy values, as with
        TensorFlow; True: they are recorded and return tensors.
    backend: "llvm": traced functions become machine code where llvmlite is installed; "numpy": they run kernel after
        kernel.
    functions_eagerly: True: functions under tf.function are neither traced nor compiled.
    debug: False (default); True: graphs are verified after every pass.
    explanations: True (default): tapes keep what explanations need: the user's place of each operation, and what was
        recorded until the tape goes; False: they keep what gradients need. It holds for tapes made afterwards.
    """

    initializer_seeding: str
    numpy_records: bool
    functions_eagerly: bool
    backend: str
    debug: bool
    explanations: bool

    def __init__(self) -> None:
        for name, choices in _CHOICES.items():
            text = os.environ.get(f"GRADTAPE_{name.upper()}")
            value = choices[0]
            if text is not None:
                by_text = {str(choice).lower(): choice for choice in choices} | {
                    "1": True,
                    "0": False,
                }
                value = by_text.get(text.lower(), text)
            setattr(self, name, value)

    def __setattr__(self, name: str, value: Any) -> None:
        choices = _CHOICES.get(name)
        if choices is None:
            raise AttributeError(f"There is no setting {name!r}. There are: {', '.join(_CHOICES)}.")
        if value not in choices:
            raise ValueError(
                f"Setting {name!r} takes one of {', '.join(map(repr, choices))}. Received: {value!r}"
            )
        object.__setattr__(self, name, value)
        for watcher in WATCHERS:
            watcher(name, value)


WATCHERS: list[Any] = []
settings = Config()
