"""The workloads by name: what is measured, with what sizes, and in which frameworks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

EAGER = ("gradtape eager", "TensorFlow eager", "PyTorch eager", "JAX op by op", "autograd")
COMPILED = (
    *("gradtape function", "TensorFlow function", "TensorFlow XLA", "PyTorch compile", "JAX jit"),
)
HAND = ("NumPy by hand",)
ALL = (*EAGER, *COMPILED, *HAND)
NOT_OP_BY_OP = tuple(name for name in ALL if name != "JAX op by op")
LOOPS = tuple(name for name in (*NOT_OP_BY_OP, "JAX scan") if name != "TensorFlow eager")


@dataclass(frozen=True)
class Work:
    """One workload.

    `arguments` go to the `data` of its folder, with `tiny` over them in the tests. A step counts as
    `per` in the table. A framework whose results differ from NumPy's by more than `tolerance` of the
    largest entry, after `check` steps, is not timed. With `once`, every turn has a fresh process and
    one step. `fresh` is the number of rounds in which first call and memory are measured.
    """

    title: str
    folder: str
    arguments: dict[str, Any] = field(default_factory=dict)
    tiny: dict[str, Any] = field(default_factory=dict)
    frameworks: tuple[str, ...] = NOT_OP_BY_OP
    bounds: tuple[str, ...] = ()
    per: int = 1
    check: int = 20
    tolerance: float = 1e-4
    once: bool = False
    fresh: int = 1


LESSON = {"sizes": [2, 5, 5], "batch": 1, "activation": "sigmoid"}


def loop(steps: int) -> Work:
    slow = steps > 1000
    return Work(
        title=f"The lesson's training loop, {steps:,} steps as one call (time for one step)",
        folder="loop",
        arguments={"steps": steps, **LESSON},
        tiny={"steps": 5},
        frameworks=tuple(n for n in LOOPS if not slow or n not in ("autograd", "PyTorch compile")),
        per=steps,
        check=2 if slow else 10,
        tolerance=1e-3 if slow else 1e-4,
    )


def mlp(optimizer: str, batch: int) -> Work:
    name = {"sgd": "SGD", "adam": "Adam"}[optimizer]
    return Work(
        title=f"MLP 784-512-512-10, batch {batch}, {name}, training step",
        folder="network",
        arguments={"sizes": [784, 512, 512, 10], "batch": batch, "optimizer": optimizer},
        tiny={"sizes": [20, 16, 16, 10], "batch": 8},
        bounds=("bare products",),
        fresh=3 if batch == 128 else 1,
    )


CATALOG: dict[str, Work] = {
    "neuron": Work(
        title="The lecture's neuron: forward pass and gradients (Keras model)",
        folder="neuron",
        frameworks=ALL,
    ),
    "two_layer": Work(
        title="The lesson's two-layer training step (Keras model, cross entropy, SGD)",
        folder="network",
        arguments=LESSON,
        frameworks=ALL,
        fresh=3,
    ),
    "loop_100": loop(100),
    "loop_10000": loop(10_000),
    **{f"mlp_{o}_{n}": mlp(o, n) for o in ("sgd", "adam") for n in (32, 128, 512)},
    "deep": Work(
        title="A deep narrow network: 50 layers of 64 with tanh, batch 32, SGD, training step",
        folder="network",
        arguments={"sizes": [64] * 51 + [10], "batch": 32, "activation": "tanh", "scale": 0.125},
        tiny={"sizes": [8] * 51 + [10], "batch": 4, "scale": 0.35},
    ),
    "chain": Work(
        title="A chain of 12 elementwise operations on 10⁷ floats, and its gradient",
        folder="chain",
        arguments={"n": 10_000_000},
        tiny={"n": 3001},
        bounds=(
            *("plain copy", "functions in NumPy", "functions in PyTorch", "functions in JAX"),
            *("functions in TensorFlow XLA", "functions in gradtape"),
        ),
        check=1,
        tolerance=1e-2,  # of a sum of 10⁷ float32, which some add up one by one
    ),
    "cnn": Work(
        title="A network like LeNet-5 on images of 28×28, batch 32, SGD, training step",
        folder="cnn",
        arguments={"batch": 32},
        tiny={"batch": 2},
    ),
    "lstm": Work(
        title="An LSTM of 64 units over 50 time steps of 32 features, batch 32, SGD, training step",
        folder="lstm",
        arguments={"batch": 32, "time": 50, "features": 32, "units": 64},
        tiny={"batch": 3, "time": 6, "features": 4, "units": 5},
    ),
    "transformer": Work(
        title="A transformer block of width 128 with 4 heads, 8 × 64 tokens, SGD, training step",
        folder="transformer",
        arguments={"batch": 8, "tokens": 64, "width": 128, "heads": 4, "inner": 512},
        tiny={"batch": 2, "tokens": 5, "width": 8, "heads": 2, "inner": 12},
    ),
    "fit": Work(
        title="Logistic regression `fit`: one epoch on 100,000 × 50 in batches of 100",
        folder="fit",
        arguments={"n": 100_000, "k": 50},
        tiny={"n": 700, "k": 5},
        frameworks=tuple(n for n in (*NOT_OP_BY_OP, "JAX scan") if n != "TensorFlow eager"),
        check=2,
    ),
    "jacobian": Work(
        title="The Jacobian of a net of 100 inputs and 100 outputs",
        folder="jacobian",
        arguments={"n": 100},
        tiny={"n": 7},
        frameworks=ALL,
        check=2,
    ),
    "hvp": Work(
        title="A Hessian-vector product: 100-100-10 network, tanh, batch 32, cross entropy",
        folder="hvp",
        arguments={"sizes": [100, 100, 10], "batch": 32},
        tiny={"sizes": [7, 6, 5], "batch": 4},
        frameworks=ALL,
        check=2,
    ),
    "retraces": Work(
        title="1,000 retraces of the neuron's gradient (time for one)",
        folder="retraces",
        arguments={"retraces": 1000},
        tiny={"retraces": 3},
        frameworks=("gradtape eager", *(n for n in COMPILED if n != "PyTorch compile"), *HAND),
        per=1000,
        check=1,
        once=True,
        fresh=0,
    ),
}
