"""Every card: rules against central differences, orders 1 and 2, real and complex; forward mode and batches."""

import numpy as np
import pytest
from checking import (
    EDGES,
    check_batched,
    check_each_output,
    check_edge,
    check_first,
    check_float32,
    check_forward,
    check_half,
    check_second,
    floating,
    outputs,
)  # fmt: skip

import gradtape
from gradtape.core.card import REGISTRY

assert gradtape
SAMPLES = [
    pytest.param(card, sample, id=f"{card.name}-{i}")
    for card in sorted(REGISTRY.values(), key=lambda c: c.name)
    if card.vjp is not None
    for i, sample in enumerate(card.samples)
]
# Rules that TensorFlow has without the conjugate (or with a convention of its own): the golden cases hold their values.
COMPLEX_AS_TENSORFLOW = {
    "sign": "x / |x| is not analytic: TensorFlow's rule gives 0",
    "squared_difference": "|x - y|^2 by TensorFlow's rule 2 g (x - y)",
    "mul_no_nan": "TensorFlow's rule has no conjugate",
    "xlogy": "TensorFlow's rule has no conjugate",
    "xlog1py": "TensorFlow's rule has no conjugate",
    "xdivy": "TensorFlow's rule has no conjugate",
    "reduce_euclidean_norm": "TensorFlow's rule takes the norm as analytic",
    "segment_prod": "TensorFlow's rule has no conjugate",
}
COMPLEX = [
    p
    for p in SAMPLES
    if "c" in p.values[0].takes
    and p.values[1].make is None
    and p.values[0].name not in COMPLEX_AS_TENSORFLOW
]
# Cards which no sample of their own can show, with the reason.
WITHOUT_SAMPLES = {
    "cholesky": "its gradient is the symmetric one, by TensorFlow's convention: tests/lib/test_linalg.py",
    "random_gamma": "its kernel is handed the draw: tests/lib/test_random.py",
    "custom_gradient": "its rule is the user's: tests/transforms",
    "sparse_custom_gradient": "its rule is that of a layer: tests/keras",
    "assigned": "its rule is a decree on variables: tests/transforms/test_writes.py",
    "cond": "it holds graphs: tests/graph",
    "while": "it holds graphs: tests/graph",
    "custom_rule": "its rule is the user's: tests/transforms/test_traced_control.py",
    "sweeps": "it holds graphs: tests/transforms/test_traced_control.py",
    "fused": "it holds a graph: tests/graph",
    "host": "it holds Python code: tests/graph",
    "call": "it holds a traced function: tests/transforms",
    "watched": "it holds a traced function: tests/transforms",
}


@pytest.mark.parametrize(
    "card", sorted(REGISTRY.values(), key=lambda c: c.name), ids=lambda c: c.name
)
def test_card_is_complete(card) -> None:
    assert card.__doc__ and len(card.__doc__) > 20
    assert card.samples or card.name in WITHOUT_SAMPLES
    assert card.vjp is not None or len(card.no_gradient) > 10


@pytest.mark.parametrize(("card", "sample"), SAMPLES)
def test_order_1(card, sample) -> None:
    check_first(card, sample, np.random.default_rng(7))


@pytest.mark.parametrize(("card", "sample"), [p for p in SAMPLES if p.values[1].order > 1])
def test_order_2(card, sample) -> None:
    check_second(card, sample, np.random.default_rng(8))


@pytest.mark.parametrize(("card", "sample"), SAMPLES)
def test_shape_rule(card, sample) -> None:
    xs = sample.draw(np.random.default_rng(9))
    ys = outputs(card, xs, sample.attrs)
    if card.shape is None:
        assert all(isinstance(y, np.ndarray) for y in ys)
    else:
        assert tuple(card.shape(*[x.shape for x in xs], **sample.attrs)) == ys[0].shape
    if any(floating(x) for x in xs):
        assert ys[0].dtype != np.object_


@pytest.mark.parametrize(("card", "sample"), COMPLEX)
def test_complex_inputs(card, sample) -> None:
    check_first(card, sample, np.random.default_rng(10), imaginary=True)


@pytest.mark.parametrize(("card", "sample"), [p for p in COMPLEX if p.values[1].order > 1])
def test_complex_inputs_order_2(card, sample) -> None:
    check_second(card, sample, np.random.default_rng(11), imaginary=True)


@pytest.mark.parametrize(("card", "sample"), SAMPLES)
def test_forward_mode(card, sample) -> None:
    check_forward(card, sample, np.random.default_rng(12))


@pytest.mark.parametrize(("card", "sample"), SAMPLES)
def test_batched_cotangents(card, sample) -> None:
    check_batched(card, sample, np.random.default_rng(13))


@pytest.mark.parametrize(("card", "sample"), SAMPLES)
def test_float32(card, sample) -> None:
    check_float32(card, sample, np.random.default_rng(14))


@pytest.mark.parametrize(("name", "inputs", "attrs", "expected"), EDGES)
def test_edges(name, inputs, attrs, expected) -> None:
    check_edge(REGISTRY[name], inputs, attrs, expected)


@pytest.mark.parametrize(("card", "sample"), [p for p in SAMPLES if p.values[0].multi])
def test_each_output_alone(card, sample) -> None:
    check_each_output(card, sample, np.random.default_rng(15))


@pytest.mark.parametrize("sample", REGISTRY["fused_batch_norm"].samples)
def test_halves_of_rules_that_widen_them(sample) -> None:
    check_half(REGISTRY["fused_batch_norm"], sample, np.random.default_rng(16))
