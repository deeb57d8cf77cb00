"""Programs with one wrong gradient each: families of mistakes, with parameters drawn from a seed.

A family is a function of a random generator that gives a `Case`: what `tf.certify` is called with.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import gradtape as tf

Rule = Callable[..., Any]
FAMILIES: list[Callable[[np.random.Generator], Case]] = []


@dataclass
class Case:
    """f(*inputs) has a wrong gradient.  source: the names of the input whose gradient is wrong, where it is but one."""

    f: Callable[..., Any]
    inputs: list[Any]
    options: dict[str, Any] = field(default_factory=dict)
    source: tuple[str, ...] = ()
    way: str = ""

    def certify(self) -> Any:
        if self.way == "tape":
            xs = [tf.convert_to_tensor(x) for x in self.inputs]
            with tf.GradientTape() as tape:
                tape.watch(xs)
                y = self.f(*xs)
            return tf.certify(tape, y, xs)
        f = tf.function(self.f) if self.way == "traced" else self.f
        return tf.certify(f, self.inputs, **self.options)


def family(
    function: Callable[[np.random.Generator], Case],
) -> Callable[[np.random.Generator], Case]:
    FAMILIES.append(function)
    return function


def cases(count: int, seed: int = 0) -> list[tuple[str, Case]]:
    """So many cases, each family in turn."""
    found = []
    for k in range(count):
        make = FAMILIES[k % len(FAMILIES)]
        rng = np.random.default_rng([seed, k])
        found.append((f"{make.__name__} {k // len(FAMILIES)}", make(rng)))
    return found


def array(
    rng: np.random.Generator, *shape: int, low: float = -1.5, high: float = 1.5
) -> np.ndarray:
    return rng.uniform(low, high, shape).astype(rng.choice(["float32", "float64"]))


def like(
    rng: np.random.Generator, x: np.ndarray, *shape: int, low: float = -1.5, high: float = 1.5
) -> np.ndarray:
    return rng.uniform(low, high, shape).astype(x.dtype)


def within(rng: np.random.Generator, rule: Rule) -> Rule:
    """The rule inside of a larger program, so that what comes from above is not just ones."""
    kind = int(rng.integers(4))
    if kind == 0:
        return rule
    if kind == 1:
        return lambda *xs: tf.reduce_sum(tf.sin(rule(*xs)))
    if kind == 2:
        return lambda *xs: tf.reduce_mean(tf.square(rule(*[0.5 * x + 0.25 for x in xs]) + 0.5))
    return lambda *xs: tf.reduce_sum(rule(*xs) * tf.exp(0.25 * rule(*xs)))


def placed(
    rng: np.random.Generator, rule: Rule, inputs: list[Any], place: int | None = None
) -> Case:
    way = str(rng.choice(["function", "tape", "traced"]))
    f = within(rng, rule)
    if way == "tape":
        outer = f
        weights = rng.uniform(0.5, 1.5)
        # A tape asks for the gradient of the sum, which some mistakes leave as it is.
        f = lambda *xs: weights * tf.reduce_sum(_uneven(outer(*xs)))
    names = () if place is None else ("abc"[place], f"x{place}", ("x", "b")[place % 2])
    return Case(f, inputs, way=way, source=names)


def _uneven(y: Any) -> Any:
    n = int(np.prod(y.shape.as_list() or [1]))
    return tf.reshape(y, [-1]) * tf.cast(tf.linspace(0.5, 1.75, max(n, 1))[:n], y.dtype)


FACTORS = [2.0, 0.5, 1.001, 0.999, 1.01, -1.0, 0.0, 3.0]


@family
def wrong_factor(rng: np.random.Generator) -> Case:
    factor = float(rng.choice(FACTORS))

    @tf.custom_gradient
    def rule(x: Any) -> Any:
        y = tf.tanh(x)
        return y, lambda g: g * (1.0 - y * y) * factor

    return placed(rng, rule, [array(rng, 2, 3)])


@family
def wrong_sign(rng: np.random.Generator) -> Case:
    @tf.custom_gradient
    def rule(x: Any) -> Any:
        return tf.cos(x), lambda g: g * tf.sin(x)

    return placed(rng, rule, [array(rng, 4)])


@family
def missing_term(rng: np.random.Generator) -> Case:
    which = bool(rng.integers(2))

    @tf.custom_gradient
    def rule(x: Any) -> Any:
        return x * tf.sin(x), lambda g: g * (tf.sin(x) if which else x * tf.cos(x))

    return placed(rng, rule, [array(rng, 3)])


@family
def mean_for_sum_over_the_batch(rng: np.random.Generator) -> Case:
    @tf.custom_gradient
    def rule(x: Any, b: Any) -> Any:
        return x * b, lambda g: (g * b, tf.reduce_mean(g * x, axis=0))

    x = array(rng, 4, 3)
    return placed(rng, rule, [x, like(rng, x, 3)], 1)


@family
def sum_over_the_wrong_axis(rng: np.random.Generator) -> Case:
    @tf.custom_gradient
    def rule(x: Any, b: Any) -> Any:
        return x * b, lambda g: (g * b, tf.reduce_sum(g * x, axis=1))

    x = array(rng, 3, 3)
    return placed(rng, rule, [x, like(rng, x, 3)], 1)


@family
def transposed_matrix(rng: np.random.Generator) -> Case:
    which = bool(rng.integers(2))

    @tf.custom_gradient
    def rule(a: Any, b: Any) -> Any:
        def grad(g: Any) -> Any:
            if which:
                return tf.matmul(g, b), tf.matmul(a, g, transpose_a=True)
            return tf.matmul(g, b, transpose_b=True), tf.matmul(a, g)

        return tf.matmul(a, b), grad

    a = array(rng, 3, 3)
    return placed(rng, rule, [a, like(rng, a, 3, 3)], 0 if which else 1)


@family
def softmax_along_the_wrong_axis(rng: np.random.Generator) -> Case:
    @tf.custom_gradient
    def rule(x: Any) -> Any:
        y = tf.nn.softmax(x)
        return y, lambda g: y * (g - tf.reduce_sum(g * y, axis=0, keepdims=True))

    return placed(rng, rule, [array(rng, 3, 3)])


@family
def softmax_as_if_elementwise(rng: np.random.Generator) -> Case:
    @tf.custom_gradient
    def rule(x: Any) -> Any:
        y = tf.nn.softmax(x)
        return y, lambda g: g * y * (1.0 - y)

    return placed(rng, rule, [array(rng, 2, 4)])


@family
def off_by_one(rng: np.random.Generator) -> Case:
    @tf.custom_gradient
    def rule(x: Any) -> Any:
        def grad(g: Any) -> Any:
            return tf.concat([g, g[:1] * 0.0], 0) - tf.concat([g[:1] * 0.0, g], 0)

        return x[1:] - x[:-1], grad

    return placed(rng, rule, [array(rng, 5)])


@family
def rolled_the_wrong_way(rng: np.random.Generator) -> Case:
    shift = int(rng.integers(1, 3))

    @tf.custom_gradient
    def rule(x: Any) -> Any:
        return tf.roll(tf.square(x), shift, 0), lambda g: tf.roll(g, shift, 0) * 2.0 * x

    return placed(rng, rule, [array(rng, 5)])


@family
def neighbour_gathered(rng: np.random.Generator) -> Case:
    places = rng.integers(0, 4, 3)

    @tf.custom_gradient
    def rule(x: Any) -> Any:
        return tf.gather(x, places), lambda g: tf.scatter_nd((places[:, None] + 1) % 4, g, [4])

    return placed(rng, rule, [array(rng, 4)])


@family
def forgotten_chain_factor(rng: np.random.Generator) -> Case:
    inner = float(rng.choice([3.0, 1.01, 0.1, -2.0]))

    @tf.custom_gradient
    def rule(x: Any) -> Any:
        return tf.sin(inner * x), lambda g: g * tf.cos(inner * x)

    return placed(rng, rule, [array(rng, 3)])


@family
def wrong_at_one_entry(rng: np.random.Generator) -> Case:
    shape, off = (3, 4), np.ones((3, 4))
    off[int(rng.integers(3)), int(rng.integers(4))] = float(rng.choice([1.001, 2.0, 0.0, -1.0]))

    @tf.custom_gradient
    def rule(x: Any) -> Any:
        return tf.exp(0.5 * x), lambda g: g * 0.5 * tf.exp(0.5 * x) * tf.constant(off, x.dtype)

    return placed(rng, rule, [array(rng, *shape)])


@family
def wrong_in_one_region(rng: np.random.Generator) -> Case:
    edge = float(rng.uniform(-0.5, 0.5))

    @tf.custom_gradient
    def rule(x: Any) -> Any:
        return tf.square(x) * x, lambda g: g * tf.where(x > edge, 3.0 * x * x, 2.0 * x * x)

    x = np.sort(array(rng, 6))
    x[:2] = [-1.25, -0.75]
    return placed(rng, rule, [x])


@family
def leaky_slope(rng: np.random.Generator) -> Case:
    slope = float(rng.choice([0.0, 0.1, 0.011, 1.0]))

    @tf.custom_gradient
    def rule(x: Any) -> Any:
        return tf.nn.leaky_relu(x, 0.01), lambda g: tf.where(x > 0.0, g, slope * g)

    return placed(rng, rule, [np.asarray([-1.1, 0.7, -0.3], rng.choice(["float32", "float64"]))])


@family
def local_derivative_without_what_comes_from_above(rng: np.random.Generator) -> Case:
    @tf.custom_gradient
    def rule(x: Any) -> Any:
        y = tf.sigmoid(x)
        return y, lambda g: y * (1.0 - y)

    return placed(rng, rule, [array(rng, 2, 2)])


@family
def what_comes_from_above_twice(rng: np.random.Generator) -> Case:
    @tf.custom_gradient
    def rule(x: Any) -> Any:
        return tf.square(x), lambda g: g * g * 2.0 * x

    return placed(rng, rule, [array(rng, 3)])


@family
def sigmoid_of_the_input(rng: np.random.Generator) -> Case:
    @tf.custom_gradient
    def rule(x: Any) -> Any:
        return tf.sigmoid(x), lambda g: g * x * (1.0 - x)

    return placed(rng, rule, [array(rng, 2, 3)])


@family
def gradients_of_two_inputs_exchanged(rng: np.random.Generator) -> Case:
    @tf.custom_gradient
    def rule(a: Any, b: Any, c: Any) -> Any:
        return a * tf.sin(b) + c, lambda g: (g * a * tf.cos(b), g * tf.sin(b), g)

    a = array(rng, 3)
    return placed(rng, rule, [a, like(rng, a, 3), like(rng, a, 3)])


@family
def one_of_several_inputs(rng: np.random.Generator) -> Case:
    which, factor = int(rng.integers(3)), float(rng.choice([1.001, -1.0, 0.9]))

    @tf.custom_gradient
    def rule(a: Any, b: Any, c: Any) -> Any:
        def grad(g: Any) -> Any:
            found = [g * b, g * a, g * 2.0 * c]
            found[which] = found[which] * factor
            return tuple(found)

        return a * b + tf.square(c), grad

    a = array(rng, 3)
    return placed(rng, rule, [a, like(rng, a, 3), like(rng, a, 3)], which)


@family
def wrong_power(rng: np.random.Generator) -> Case:
    n = int(rng.integers(3, 6))

    @tf.custom_gradient
    def rule(x: Any) -> Any:
        return x**n, lambda g: g * (n - 1) * x ** (n - 1)

    return placed(rng, rule, [array(rng, 3, low=0.5)])


@family
def numpy_inside(rng: np.random.Generator) -> Case:
    factor = float(rng.choice([1.01, 2.0, -1.0]))

    @tf.custom_gradient
    def rule(x: Any) -> Any:
        value = x.numpy()
        return tf.constant(np.arctan(value)), lambda g: g * factor / (1.0 + value * value)

    return Case(lambda x: tf.reduce_sum(tf.sin(rule(x)) * 1.5), [array(rng, 3)])


@family
def left_through_numpy(rng: np.random.Generator) -> Case:
    def f(x: Any) -> Any:
        return tf.reduce_sum(x * np.tanh(x.numpy()))

    return Case(f, [array(rng, 3, low=0.5)])


@family
def not_connected(rng: np.random.Generator) -> Case:
    return Case(lambda x: tf.constant(np.sum(x.numpy() ** 2)), [array(rng, 2, low=0.5)])


@family
def clipped_on_the_way_back(rng: np.random.Generator) -> Case:
    limit = float(rng.choice([0.1, 0.5]))

    @tf.custom_gradient
    def rule(x: Any) -> Any:
        return tf.identity(x), lambda g: tf.clip_by_value(g, -limit, limit)

    return Case(lambda x: tf.reduce_sum(tf.square(rule(x))), [array(rng, 3, low=1.0)])


@family
def nan_through_where(rng: np.random.Generator) -> Case:
    def f(x: Any) -> Any:
        return tf.reduce_sum(tf.where(x > 0.0, x**0.5, 0.0))

    return Case(
        f,
        [np.asarray([-1.0, 2.0, -0.25], rng.choice(["float32", "float64"]))],
        way=str(rng.choice(["", "tape"])),
    )


@family
def overflow_in_float32(rng: np.random.Generator) -> Case:
    shift = float(rng.uniform(90.0, 120.0))

    def f(x: Any) -> Any:
        e = tf.exp(x + shift)
        return tf.reduce_sum(e / tf.reduce_sum(e) * tf.constant([1.0, 2.0, 3.0]))

    # In float32 the value is nan too; only one part of it stays a number.
    return Case(
        lambda x: tf.math.divide_no_nan(x[0], 1.0 + 0.0 * x[0]) + _finite(f(x)),
        [np.float32([0.1, 0.2, 0.3])],
    )


def _finite(y: Any) -> Any:
    return tf.where(tf.math.is_finite(y), y, tf.zeros_like(y))


@family
def wrong_gradient_of_a_variable(rng: np.random.Generator) -> Case:
    v = tf.Variable(array(rng, 3), name="v")
    factor = float(rng.choice([0.5, 1.001]))

    @tf.custom_gradient
    def rule(x: Any) -> Any:
        def grad(g: Any, variables: Any = None) -> Any:
            return g * v, [g * x * factor]

        return x * v, grad

    return Case(lambda x: tf.reduce_sum(tf.sin(rule(x))), [like(rng, v.numpy(), 3)], source=("v",))


@family
def complex_without_conjugate(rng: np.random.Generator) -> Case:
    @tf.custom_gradient
    def rule(z: Any) -> Any:
        return tf.exp(z), lambda g: g * tf.exp(z)

    z = (rng.uniform(-1, 1, 3) + 1j * rng.uniform(0.3, 1, 3)).astype(
        rng.choice(["complex64", "complex128"])
    )
    return Case(lambda z: tf.reduce_sum(tf.square(tf.abs(rule(z) + 1.0))), [z])
