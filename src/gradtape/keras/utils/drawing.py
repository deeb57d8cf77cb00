"""Models as graphs of the tool Graphviz, through pydot."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Any

_INSTALL = "You must install pydot (`pip install pydot`) "
_WHERE = "and install graphviz (see instructions at https://graphviz.gitlab.io/download/) "


def _missing(message: str) -> None:
    """In a notebook a message, elsewhere an error."""
    if "IPython.core.magics.namespace" not in sys.modules:
        raise ImportError(message)
    print(message)


def _pydot() -> Any:
    try:
        return import_module("pydot")
    except ImportError:
        return None


def _graphviz(pydot: Any) -> bool:
    try:
        pydot.Dot.create(pydot.Dot())
    except (OSError, AttributeError):
        return False
    return True


def model_to_dot(
    model: Any,
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = True,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: int = 96,
    subgraph: bool = False,
    layer_range: Any = None,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
) -> Any:
    """A pydot graph of a model: a box for each layer, an arrow for each tensor between them.

    Raises ImportError without pydot (in a notebook: a message, and None), ValueError for a model that is not built.
    """
    if not model.built:
        raise ValueError(
            "This model has not yet been built. Build the model first by calling `build()` or by calling the model on "
            "a batch of data."
        )
    pydot = _pydot()
    if pydot is None:
        return _missing(f"{_INSTALL}for model_to_dot to work.")
    dot = pydot.Dot(rankdir=rankdir, concentrate="True", dpi=dpi)
    dot.set_node_defaults(shape="record")
    layers = list(model._tracked) if getattr(model, "_is_graph_network", False) else model.layers
    for layer in layers:
        label = (
            f"{layer.name} | {type(layer).__name__}" if show_layer_names else type(layer).__name__
        )
        if show_layer_activations and hasattr(layer, "activation"):
            label += f" | {getattr(layer.activation, '__name__', layer.activation)}"
        if show_dtype:
            label += f" | {layer.dtype}"
        if show_shapes:
            label += f" | {{input: {layer.input_shape} | output: {layer.output_shape}}}"
        if show_trainable:
            label += " | trainable" if layer.trainable else " | non-trainable"
        dot.add_node(pydot.Node(str(id(layer)), label=f"{{{label}}}"))
    for layer in layers:
        for before in _before(layer, layers):
            dot.add_edge(pydot.Edge(str(id(before)), str(id(layer))))
    return dot


def _before(layer: Any, layers: list[Any]) -> list[Any]:
    """The layers whose results a layer takes."""
    found = []
    for node in getattr(layer, "_inbound_nodes", ()):
        for tensor in getattr(node, "keras_inputs", ()):
            source = tensor._keras_history.layer
            if source in layers and source not in found:
                found.append(source)
    return found


def plot_model(
    model: Any,
    to_file: Any = "model.png",
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = True,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: int = 96,
    layer_range: Any = None,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
) -> Any:
    """A picture of a model in a file; in a notebook also the picture itself.

    Raises ImportError without pydot and Graphviz (in a notebook: a message, and None), ValueError for a model that is
    not built.
    """
    if not model.built:
        raise ValueError(
            "This model has not yet been built. Build the model first by calling `build()` or by calling the model on "
            "a batch of data."
        )
    pydot = _pydot()
    if pydot is None or not _graphviz(pydot):
        return _missing(f"{_INSTALL}{_WHERE}for plot_model to work.")
    dot = model_to_dot(
        model, show_shapes, show_dtype, show_layer_names, rankdir, expand_nested, dpi, False,
        layer_range, show_layer_activations, show_trainable,
    )  # fmt: skip
    path = os.fspath(to_file)
    form = os.path.splitext(path)[1][1:] or "png"
    dot.write(path, format=form)
    if form == "pdf" or "IPython.display" not in sys.modules:
        return None
    display = sys.modules["IPython.display"]
    return (display.SVG if form == "svg" else display.Image)(filename=path)
