"""Random small programs in the user's words, for derivations: their source, run under a tape."""

from __future__ import annotations

import linecache
from dataclasses import dataclass
from typing import Any

import numpy as np
from vocabulary import BINARY, UNARY

import gradtape as tf

LEFT_OUT = ("gelu", "stop_gradient({a}) * {a}", "multiply_no_nan")
ONE = [w for w in UNARY if not any(t in w for t in LEFT_OUT)] + [
    "tf.math.reciprocal({a} * {a} + 1.0)", "tf.math.cosh(0.25 * {a})", "tf.math.asinh({a})", "tf.math.softsign({a})",
    "tf.stop_gradient({a}) * 0.5", "tf.math.log_sigmoid({a})", "tf.nn.relu6({a})",
    "tf.pow({a} * {a} + 1.0, 1.5)", "tf.math.erfc({a})",
]  # fmt: skip
TWO = [w for w in BINARY if not any(t in w for t in LEFT_OUT)]
ROWS = [
    "tf.reduce_sum({a}, axis={n})", "tf.reduce_mean({a}, axis={n}, keepdims=True)", "tf.reduce_max({a}, axis={n})",
    "tf.reduce_min({a}, axis={n}, keepdims=True)", "tf.reduce_logsumexp({a}, axis={n})", "tf.nn.softmax({a}, axis={n})",
    "tf.nn.log_softmax({a}, axis={n})", "tf.cumsum({a}, axis={n})", "tf.reduce_prod({a} * 0.5 + 1.0, axis={n})",
    "tf.nn.l2_loss({a})", "tf.reduce_mean({a})", "tf.transpose({a})", "tf.reshape({a}, [-1])", "{a}[..., ::-1]",
    "{a}[..., :1]", "tf.concat([{a}, {c}], axis={n})", "tf.stack([{a}, {c}], axis={n})", "tf.tile({a}, [2] * {r})",
    "tf.pad({a}, [[1, 0]] * {r})", "tf.gather({a}, [0, 0], axis={n})", "tf.split({a}, 1, axis={n})[0]",
    "tf.unstack({a}, axis={n})[-1]", "tf.repeat({a}, 2, axis={n})", "tf.expand_dims({a}, {n})",
    "tf.matmul({a}, {a}, transpose_b=True)", "{a} @ tf.transpose({c})", "tf.einsum('...i,...i->...', {a}, {c})",
    "tf.linalg.matvec({a}, {a}[0])", "tf.tensordot({a}, {c}, {r})",
    "tf.math.reduce_euclidean_norm({a} + 3.0, axis={n})",
    "tf.nn.softmax_cross_entropy_with_logits(labels=tf.nn.softmax({c}), logits={a})",
    "tf.nn.sparse_softmax_cross_entropy_with_logits(labels=tf.argmax({a}, axis=-1), logits={a})",
    "tf.nn.sigmoid_cross_entropy_with_logits(labels=tf.sigmoid({c}), logits={a})",
    "tf.nn.conv1d({a}, tf.transpose({a}, [0, 2, 1]), 1, 'SAME')", "tf.nn.max_pool1d({a}, 2, 1, 'SAME')",
    "tf.nn.avg_pool1d({a}, 2, 1, 'SAME')", "tf.reduce_sum({a})", "tf.matmul({a}, tf.transpose({a}[0]))",
    "tf.nn.bias_add({a}, {a}[0])", "tf.math.unsorted_segment_sum({a}, [0] * {a}.shape[0], 2)",
]  # fmt: skip
SHAPES = ((), (2,), (3,), (2, 3), (2, 2), (1, 3), (2, 2, 3))
LARGEST = 36  # entries of a tensor


@dataclass
class Program:
    text: str
    tape: Any
    loss: Any
    sources: list[Any]


def program(seed: int, statements: int = 6) -> Program:
    """A program of a few statements on named variables, which has been run."""
    rng = np.random.default_rng([seed, 77])
    dtype = "float64" if seed % 4 == 3 else "float32"
    scope: dict[str, Any] = {"tf": tf}
    shapes = [SHAPES[int(rng.integers(len(SHAPES)))] for _ in range(3)]
    for k, shape in enumerate(shapes):
        value = np.asarray(rng.normal(size=shape))
        scope[f"w{k}"] = tf.Variable(tf.constant(value, dtype), name=f"w{k}")
    known = {f"w{k}": shape for k, shape in enumerate(shapes)}
    lines: list[str] = []
    while len(lines) < statements:
        line, value = _statement(rng, known, scope, len(lines))
        if value is not None:
            known[f"h{len(lines)}"] = tuple(value.shape)
            lines.append(line)
    last = [name for name in known if name.startswith("h")][-2:]
    lines.append("loss = " + " + ".join(f"tf.reduce_sum({name})" for name in last))
    text = "with tape:\n" + "".join(f"    {line}\n" for line in lines)
    name = f"<derived program {seed}>"
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    scope["tape"] = tf.GradientTape(persistent=True)
    exec(compile(text, name, "exec"), scope)
    return Program(text, scope["tape"], scope["loss"], [scope[f"w{k}"] for k in range(3)])


def _statement(rng: Any, known: dict[str, Any], scope: dict[str, Any], k: int) -> tuple[str, Any]:
    names = list(known)
    a = names[int(rng.integers(max(len(names) - 3, 0), len(names)))]
    b = names[int(rng.integers(len(names)))]
    like = [n for n in names if known[n] == known[a]]
    c = like[int(rng.integers(len(like)))]
    words = (ONE, TWO, ROWS)[int(rng.choice(3, p=(0.3, 0.3, 0.4)))]
    word = words[int(rng.integers(len(words)))]
    rank = len(known[a])
    n = int(rng.integers(rank)) if rank else 0
    line = f"h{k} = " + word.format(a=a, b=b, c=c, n=n, r=rank, s=list(known[a]))
    try:
        exec(line, scope)
    except (ValueError, TypeError, IndexError, tf.errors.InvalidArgumentError):
        return line, None
    value = scope[f"h{k}"]
    array = value.numpy()
    fine = array.dtype.kind == "f" and 0 < array.size <= LARGEST and np.abs(array).max() < 100
    return line, value if fine else None
