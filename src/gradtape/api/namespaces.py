"""Modules such as `gradtape.math`, filled from the public names; what is not built says what to use instead."""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import Any

from gradtape.base.advice import not_built
from gradtape.base.exports import EXPORTS

ROOT = "gradtape"
# Namespaces that are rooms of their own; the names are put into them.
ROOMS = ("random", "data")
# Imported on first use: name -> module.
LAZY = {
    "data": "gradtape.data",
    "keras": "gradtape.keras",
    "initializers": "gradtape.keras.initializers",
    "losses": "gradtape.keras.losses",
    "metrics": "gradtape.keras.metrics",
    "optimizers": "gradtape.keras.optimizers",
    "testing": "gradtape.testing",
}
# Functions and classes imported on first use: name -> (module, name there).
LAZY_NAMES = {
    name: ("gradtape.insight", name) for name in ("explain", "certify", "TrainingRecorder")
}


class Namespace(ModuleType):
    """A namespace such as `tf.math`."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise not_built(f"{self.__name__.partition('.')[2]}.{name}")


def namespace(dotted: str) -> ModuleType:
    """The module `gradtape.<dotted>`, made when it is not there yet."""
    full = f"{ROOT}.{dotted}"
    found = sys.modules.get(full)
    if found is None:
        if dotted in ROOMS:
            return import_module(full)
        found = Namespace(full)
        found.__path__ = []  # type: ignore[attr-defined]  # so that submodules can be imported
        sys.modules[full] = found
        parent, _, leaf = dotted.rpartition(".")
        setattr(namespace(parent) if parent else sys.modules[ROOT], leaf, found)
    return found


def fill() -> None:
    """Put every public name where it belongs."""
    for dotted, thing in EXPORTS.items():
        place, _, leaf = dotted.rpartition(".")
        setattr(namespace(place) if place else sys.modules[ROOT], leaf, thing)


def lookup(name: str) -> Any:
    """An attribute of the top namespace that is imported on first use. Raises NotBuiltError for what is not there."""
    target = LAZY.get(name)
    if target is not None:
        thing: Any = import_module(target)
    elif name in LAZY_NAMES:
        room, leaf = LAZY_NAMES[name]
        thing = getattr(import_module(room), leaf)
    else:
        raise not_built(name)
    setattr(sys.modules[ROOT], name, thing)
    return thing
