"""Random programs as Python source over the public names, drawn from a seed.

`draw(seed)` gives a `Source`: a module's text that defines `f`, and arrays to call it with.  The names F, R and C in it
are dtypes (the program's own, its real one, a complex one), given by whoever runs it, so that the same text can be run
in float64.  Statements are drawn with their values: what raises, grows or is not finite is drawn again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import ml_dtypes
import numpy as np
from random_statements import INTS, Writer

import gradtape as tf

FLOATS = [
    ("float32", 9),
    ("float64", 4),
    ("float16", 2),
    ("bfloat16", 2),
    ("complex64", 2),
    ("complex128", 1),
]
SHAPES = [(), (), (3,), (3,), (2, 3), (2, 3), (2, 1), (1, 3), (3, 2), (4,), (2, 2), (2, 3, 2), (1,)]


@dataclass
class Source:
    seed: int
    text: str
    dtype: str  # of F
    arrays: list[np.ndarray]
    order: int  # of the gradient that is asked for
    inside: bool  # whether the tape is inside of the traced function
    control: bool  # whether it holds control flow
    special: bool  # whether infinities and NaNs are among the numbers
    notes: list[str] = field(default_factory=list)


def real_of(dtype: str) -> str:
    return {"complex64": "float32", "complex128": "float64"}.get(dtype, dtype)


def complex_of(dtype: str) -> str:
    return {"float64": "complex128", "complex128": "complex128"}.get(dtype, "complex64")


def dtypes_of(dtype: str) -> dict[str, Any]:
    """What F, R and C stand for."""
    names = {"F": dtype, "R": real_of(dtype), "C": complex_of(dtype)}
    return {k: tf.dtypes.as_dtype(v) for k, v in names.items()}


def values(
    rng: np.random.Generator, dtype: str, of: tuple[int, ...], special: bool = False
) -> np.ndarray:
    x = np.round(rng.uniform(-1.5, 1.5, of) * 64) / 64  # numbers that every dtype holds
    if special or rng.random() < 0.1:
        numbers = np.array([0.0, -0.0, 1.0, 2.0] + 2 * [np.inf, -np.inf, np.nan][: 3 * special])
        x = np.where(rng.random(of) < 0.3, numbers[rng.integers(len(numbers), size=of)], x)
    if dtype.startswith("complex"):
        return np.asarray(x + 1j * np.round(rng.uniform(-1.5, 1.5, of) * 64) / 64).astype(dtype)
    return np.asarray(x).astype(ml_dtypes.bfloat16 if dtype == "bfloat16" else dtype)


LOSS = """
def loss(values):
    total = tf.constant(0.0, R)
    for y in values:
        if y.dtype == R:
            total = total + tf.reduce_sum(tf.sin(y + 0.25))
        elif y.dtype == C:
            total = total + tf.reduce_sum(tf.math.real(y * tf.math.conj(y)) * 0.25 + tf.math.imag(y))
    return total


def first(call, xs, rest):
    with tf.GradientTape() as tape:
        tape.watch(xs)
        ys = call(*xs, *rest)
        total = loss(ys)
    gs = tape.gradient(total, xs, unconnected_gradients="zero")
    return ys, [tf.convert_to_tensor(g) for g in gs]


def second(call, xs, rest):
    with tf.GradientTape() as outer:
        outer.watch(xs)
        ys, gs = first(call, xs, rest)
        total = loss(gs)
    again = outer.gradient(total, xs, unconnected_gradients="zero")
    return ys, gs, [tf.convert_to_tensor(g) for g in again]
"""


def draw(seed: int, statements: tuple[int, int] = (4, 12), depth: int = 2) -> Source:
    """A program of about so many statements at the top, control flow nested at most `depth` deep."""
    rng = np.random.default_rng(seed)
    weights = np.array([w for _, w in FLOATS], float)
    dtype = FLOATS[int(rng.choice(len(FLOATS), p=weights / weights.sum()))][0]
    scope: dict[str, Any] = {"tf": tf, "COUNT": 0, "FLAG": True, **dtypes_of(dtype)}
    n = int(rng.integers(2, 4))
    shapes = [SHAPES[i] for i in rng.integers(len(SHAPES), size=n)]
    special = scope["SPECIAL"] = bool(rng.random() < 0.1)
    arrays = [
        values(rng, dtype if i == 0 else real_of(dtype), s, special) for i, s in enumerate(shapes)
    ]
    names = [f"x{i}" for i in range(n)]
    rest = [np.asarray(int(rng.integers(0, 4)), np.int32), rng.integers(0, 4, (3,)).astype(INTS[int(rng.integers(6))]),
            rng.random(shapes[0]) < 0.5]  # fmt: skip
    env = {name: tf.constant(a) for name, a in zip([*names, "n0", "i0", "m0"], [*arrays, *rest])}
    state = ""
    if rng.random() < 0.2:
        start = (
            values(rng, real_of(dtype), SHAPES[int(rng.integers(len(SHAPES)))])
            .astype(np.float64)
            .tolist()
        )
        env["s0"] = scope["s0"] = tf.Variable(start, dtype=scope["R"])
        state = (
            f"s0 = tf.Variable({start}, dtype=R)\n\n\ndef reset():\n    s0.assign({start})\n\n\n"
        )
    top = Writer(rng, scope, env, 1, depth if rng.random() < 0.75 else 0)
    top.statements(int(rng.integers(*statements)))
    made = [x for x in top.env if x not in env or top.env[x] is not env[x]] or names[:1]
    made += ["s0"] if state else []
    order = rng.permutation(len(made))
    results = [
        f"tf.identity({x})" if x == "s0" else x
        for x in sorted({*[made[i] for i in order[:3]], made[-1]})
    ]
    arguments = ", ".join([*names, "n0", "i0", "m0"])
    which = int(rng.choice([0, 1, 2], p=[0.2, 0.45, 0.35]))
    wrapped = {
        0: "f({a})",
        1: "first(f, [{x}], [n0, i0, m0])",
        2: "second(f, [{x}], [n0, i0, m0])",
    }[which]
    body = "\n".join(top.lines)
    text = (
        f"{state}def f({arguments}):\n    TRACES.append('f')\n{body}\n    return {', '.join(results)},\n{LOSS}\n\n"
        f"def program({arguments}):\n    return {wrapped.format(a=arguments, x=', '.join(names))}\n"
    )
    inside = bool(rng.random() < 0.5) or which == 0
    return Source(seed, text, dtype, [*arrays, *rest], which, inside, top.control, special)
