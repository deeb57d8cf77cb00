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

import gradtape as tf

FLOATS = [
    ("float32", 9),
    ("float64", 4),
    ("float16", 2),
    ("bfloat16", 2),
    ("complex64", 2),
    ("complex128", 1),
]
INTS = ["int32", "int32", "int64", "int8", "uint8", "int16"]
SHAPES = [(), (), (3,), (3,), (2, 3), (2, 3), (2, 1), (1, 3), (3, 2), (4,), (2, 2), (2, 3, 2), (1,)]
LARGEST, BOUND = 48, 8.0

UNARY = ["tf.sin({a})", "tf.cos({a})", "tf.tanh({a})", "tf.sigmoid({a})", "tf.exp(0.25 * {a})", "-{a}",
         "tf.square(0.5 * {a})", "tf.math.log({a} * {a} + 1.5)", "tf.sqrt({a} * {a} + 0.5)", "tf.nn.relu({a})",
         "tf.abs({a})", "tf.math.softplus({a})", "tf.nn.elu({a})", "tf.nn.leaky_relu({a})", "tf.math.atan({a})",
         "{a} ** 2 * 0.25", "1.0 / ({a} * {a} + 1.0)", "tf.math.rsqrt({a} * {a} + 1.0)", "tf.math.erf({a})",
         "tf.math.expm1(0.25 * {a})", "tf.math.log1p({a} * {a})", "tf.nn.silu({a})", "tf.nn.gelu({a})",
         "tf.stop_gradient({a}) * {a}", "tf.clip_by_value({a}, -0.75, 0.75)", "tf.sign({a}) * {a}",
         "tf.identity({a})", "tf.zeros_like({a}) + {a}", "tf.math.sinh(0.25 * {a})", "tf.nn.selu({a})"]  # fmt: skip
BINARY = ["{a} + {b}", "{a} - {b}", "0.5 * ({a} * {b})", "{a} / ({b} * {b} + 1.0)", "tf.maximum({a}, {b})",
          "tf.minimum({a}, {b})", "tf.math.squared_difference({a}, {b}) * 0.25", "tf.where({a} > {b}, {a}, 0.5 * {b})",
          "tf.math.atan2({a}, {b} * {b} + 1.0)", "tf.math.divide_no_nan({a}, {b} * {b} + 0.5)", "tf.add_n([{a}, {a}])",
          "tf.math.multiply_no_nan({a}, {b}) * 0.5", "tf.nn.relu({a} + {b})"]  # fmt: skip
REDUCTIONS = ["tf.reduce_sum({a}, axis={n}) * 0.5", "tf.reduce_mean({a}, axis={n}, keepdims=True)",
              "tf.reduce_max({a}, axis={n})", "tf.reduce_min({a}, axis={n}, keepdims=True)", "tf.reduce_mean({a})",
              "tf.reduce_logsumexp({a}, axis={n})", "tf.nn.softmax({a}, axis={n})", "tf.reduce_prod({a} * 0.5 + 1.0)",
              "tf.nn.log_softmax({a}, axis={n})", "tf.cumsum({a} * 0.5, axis={n})", "tf.math.reduce_std({a}, axis={n})",
              "tf.math.reduce_variance({a})", "tf.nn.l2_loss({a}) * 0.25", "tf.linalg.norm({a} + 2.0)"]  # fmt: skip
MOVES = ["tf.transpose({a})", "tf.reshape({a}, [-1])", "tf.expand_dims({a}, {n})", "tf.squeeze({a})", "{a}[0]",
         "{a}[..., ::-1]", "{a}[..., :1]", "{a}[..., tf.newaxis]", "tf.concat([{a}, {c}], axis={n})",
         "tf.stack([{a}, {c}], axis={n})", "tf.reverse({a}, [{n}])", "tf.roll({a}, 1, {n})", "tf.tile({a}, [2] * {r})",
         "tf.broadcast_to({a}, [2] + {s})", "tf.pad({a}, [[1, 0]] * {r})", "tf.gather({a}, [0, 0], axis={n})",
         "tf.split({a}, 2, axis={n})[1]", "tf.unstack({a}, axis={n})[-1]", "tf.repeat({a}, 2, axis={n})",
         "tf.where({m}, {a}, {c})", "tf.slice({a}, [0] * {r}, [1] * {r})", "tf.reshape({a}, {s} + [1])",
         "tf.gather_nd({a}, [[0]])", "tf.linalg.diag({a})", "tf.linalg.band_part({a}, 0, -1)"]  # fmt: skip
PRODUCTS = ["tf.matmul({a}, {a}, transpose_b=True) * 0.25", "tf.matmul({a}, {q}) * 0.25", "{a} @ tf.transpose({a}) * 0.5",
            "tf.tensordot({a}, {c}, {r}) * 0.25", "tf.linalg.matvec({a}, {a}[0]) * 0.25",
            "tf.einsum('...i,...i->...', {a}, {c}) * 0.25", "tf.matmul({a}, {q}, transpose_a=True) * 0.25"]  # fmt: skip
INTEGERS = ["{a} + {b}", "{a} - {b}", "{a} * {b}", "{a} // 2", "{a} % 3", "tf.maximum({a}, {b})", "tf.abs({a})",
            "tf.bitwise.bitwise_and({a}, {b})", "tf.bitwise.bitwise_xor({a}, {b})", "tf.square({a})", "-{a}",
            "tf.reduce_sum({a})", "tf.reduce_max({a}, axis={n})", "tf.sort({a})", "tf.cumsum({a}, axis={n})",
            "tf.where({a} > {b}, {a}, {b})", "tf.bitwise.left_shift({a}, tf.ones_like({a}))"]  # fmt: skip
TRUTHS = ["tf.logical_not({a})", "tf.logical_and({a}, {b})", "tf.logical_or({a}, {b})", "tf.math.logical_xor({a}, {b})",
          "tf.reduce_any({a}, axis={n})", "tf.reduce_all({a})", "{a} == {b}", "{a} & {b}"]  # fmt: skip
COMPLEX = ["{a} + {b}", "{a} - {b}", "0.5 * ({a} * {b})", "tf.math.conj({a})", "tf.exp(0.25 * {a})", "-{a}",
           "tf.reduce_sum({a}) * 0.5", "tf.reduce_mean({a}, axis={n})", "tf.transpose({a})", "tf.reshape({a}, [-1])",
           "{a} / (tf.math.conj({a}) * {a} + 1.0)", "tf.square({a}) * 0.25", "tf.matmul({a}, {a}, transpose_b=True) * 0.25",
           "tf.concat([{a}, {c}], axis={n})", "{a}[..., :1]", "tf.sin(0.5 * {a})", "tf.tanh(0.5 * {a})"]  # fmt: skip
ACROSS = {
    "f": ["tf.cast({i}, R) * 0.125", "tf.cast({m}, R)", "tf.one_hot({i}, 3, dtype=R)", "tf.where({m}, {f}, 0.5)",
          "tf.cast(tf.size({f}), R) * 0.25", "tf.cast(tf.shape({f}), R) * 0.25", "tf.ones([2, 3], R) * {f}",
          "tf.constant([[0.5, -1.5, 0.25]], R)", "tf.linspace(tf.constant(0.0, R), 1.0, 3)", "tf.eye(2, dtype=R)"],
    "i": ["tf.cast({m}, {I})", "tf.cast(tf.argmax({f}, axis={n}), {I})", "tf.cast(tf.shape({f}), {I})",
          "tf.cast(tf.math.count_nonzero({m}), {I})", "tf.cast(tf.range(3), {I})", "tf.cast({i}, {I})"],
    "m": ["{f} > 0.25", "{f} <= {g}", "{i} > 1", "{i} != {j}", "tf.math.is_finite({f})", "tf.abs({f}) < 0.5",
          "tf.equal({i}, 2)", "tf.reduce_any({f} > 1.0, axis={n})", "tf.cast({i}, tf.bool)"],
    "c": ["tf.complex({f}, {g})", "tf.cast({f}, C)", "tf.complex({f}, 0.5 * {f})"],
    "of c": ["tf.math.real({z})", "tf.math.imag({z})", "tf.abs({z} + 2.0)", "tf.math.angle({z} + 4.0)",
             "tf.math.real({z} * tf.math.conj({z})) * 0.25"],
}  # fmt: skip
SAME = {
    "f": ["tf.tanh({a} + {b})", "0.5 * {a} + 0.25 * {b}", "{a} * tf.sigmoid({b})", "tf.where({a} > {b}, {a}, 0.5 * {b})",
          "tf.sin({a}) - 0.25 * {b}", "{a} / ({b} * {b} + 1.0)", "tf.maximum(0.5 * {a}, {b})", "tf.cos({a} * {b})",
          "{a} + 0.125"],
    "i": ["{a} + {b}", "{a} - {b}", "tf.maximum({a}, {b})", "{a} + 1", "({a} + 2) % 5", "tf.where({a} > {b}, {b}, {a})"],
    "m": ["tf.logical_not({a})", "tf.logical_or({a}, {b})", "tf.logical_and({a}, {b})", "tf.math.logical_xor({a}, {b})"],
    "c": ["0.5 * {a} + 0.25 * {b}", "tf.math.conj({a}) - 0.25 * {b}", "0.5 * ({a} * {b})"],
}  # fmt: skip
KINDS = {"f": "f", "V": "f", "i": "i", "u": "i", "b": "m", "c": "c"}


@dataclass
class Source:
    seed: int
    text: str
    dtype: str  # of F
    arrays: list[np.ndarray]
    order: int  # of the gradient that is asked for
    inside: bool  # whether the tape is inside of the traced function
    control: bool  # whether it holds control flow
    notes: list[str] = field(default_factory=list)


def real_of(dtype: str) -> str:
    return {"complex64": "float32", "complex128": "float64"}.get(dtype, dtype)


def complex_of(dtype: str) -> str:
    return {"float64": "complex128", "complex128": "complex128"}.get(dtype, "complex64")


def dtypes_of(dtype: str) -> dict[str, Any]:
    """What F, R and C stand for."""
    names = {"F": dtype, "R": real_of(dtype), "C": complex_of(dtype)}
    return {k: tf.dtypes.as_dtype(v) for k, v in names.items()}


def kind(value: Any) -> str:
    return KINDS[np.asarray(value.numpy()).dtype.kind]


def shape(value: Any) -> tuple[int, ...]:
    return tuple(value.shape)


class Writer:
    """The lines of one block, with the values that its names have when the program is read from top to bottom."""

    def __init__(
        self,
        rng: np.random.Generator,
        scope: dict[str, Any],
        env: dict[str, Any],
        indent: int,
        depth: int,
    ):
        self.rng, self.scope, self.env = rng, scope, dict(env)
        self.indent, self.depth = indent, depth
        self.lines: list[str] = []
        self.control = False

    # --- choosing ---

    def chance(self, p: float) -> bool:
        return bool(self.rng.random() < p)

    def one(self, items: Any) -> Any:
        return items[int(self.rng.integers(len(items)))]

    def fresh(self) -> str:
        self.scope["COUNT"] += 1
        return f"v{self.scope['COUNT']}"

    def names(self, of: str) -> list[str]:
        return [n for n, v in self.env.items() if kind(v) == of]

    def pick(self, of: str) -> str | None:
        """A name of the kind, late ones more often."""
        found = self.names(of)
        if not found:
            return None
        return (
            found[-1 - int(self.rng.integers(min(3, len(found))))]
            if self.chance(0.6)
            else self.one(found)
        )

    def like(self, name: str, only_into: bool = False) -> str:
        """A name of the same dtype that broadcasts with it (or into it)."""
        value = self.env[name]
        found = []
        for n, v in self.env.items():
            if v.dtype != value.dtype:
                continue
            try:
                wide = np.broadcast_shapes(shape(v), shape(value))
            except ValueError:
                continue
            if not only_into or wide == shape(value):
                found.append(n)
        return self.one(found)

    def filled(self, template: str, a: str) -> str | None:
        """The template with names in its places; `a` is its first."""
        value = self.env[a]
        rank = len(shape(value))
        same = [
            n for n, v in self.env.items() if v.dtype == value.dtype and shape(v) == shape(value)
        ]
        square = [n for n, v in self.env.items() if v.dtype == value.dtype and len(shape(v)) == 2]
        places: dict[str, Any] = {
            "a": a, "b": self.like(a), "c": self.one(same), "n": int(self.rng.integers(rank)) if rank else 0, "r": rank,
            "s": list(shape(value)), "q": self.one(square) if square else a,
        }  # fmt: skip
        for key, of in (("f", "f"), ("g", "f"), ("i", "i"), ("j", "i"), ("m", "m"), ("z", "c")):
            places[key] = self.pick(of)
            if places[key] is None and f"{{{key}}}" in template:
                return None
        if places["j"] is not None and places["i"] is not None:
            places["j"] = self.like(places["i"])
        if places["f"] is not None:
            places["g"] = self.like(places["f"])
        places["I"] = f"tf.{self.one(INTS)}"
        return template.format(**places)

    # --- writing ---

    def line(self, text: str) -> None:
        self.lines.append("    " * self.indent + text)

    def value_of(self, expression: str) -> Any:
        """What an expression gives, if it is a tensor of moderate size and moderate numbers; otherwise None."""
        try:
            value = eval(expression, self.scope, dict(self.env))
            array = np.asarray(value.numpy())
        except Exception:
            return None
        if array.size > LARGEST or array.size == 0 or array.dtype.kind not in KINDS:
            return None
        wide = np.abs(array.astype(np.complex128 if array.dtype.kind == "c" else np.float64))
        if not np.all(np.isfinite(wide)) or wide.max() > (
            60 if array.dtype.kind in "iu" else BOUND
        ):
            return None
        return value

    def assign(self, name: str, expression: str) -> bool:
        value = self.value_of(expression)
        if value is None:
            return False
        self.line(f"{name} = {expression}")
        self.env[name] = value
        return True

    def straight(self) -> bool:
        """One new value."""
        kinds = ["f"] * 9 + ["i", "m"] + (["c"] * 6 if self.names("c") else [])
        of = self.one(kinds)
        a = self.pick(of)
        if a is None or self.chance(0.15):
            templates = ACROSS[
                self.one(["f", "i", "m", "c"] if self.names("c") else ["f", "i", "m"])
            ]
            if self.names("c") and self.chance(0.4):
                templates = ACROSS["of c"]
            a = self.pick("f")
        else:
            groups = {
                "f": [UNARY, UNARY, BINARY, BINARY, BINARY, REDUCTIONS, MOVES, MOVES, PRODUCTS],
                "i": [INTEGERS, INTEGERS, MOVES],
                "m": [TRUTHS, TRUTHS, MOVES],
                "c": [COMPLEX],
            }
            templates = self.one(groups[of])
        if a is None:
            return False
        text = self.filled(self.one(templates), a)
        return text is not None and self.assign(self.fresh(), text)

    def same(self, name: str) -> str | None:
        """An expression of the same dtype and shape as a name has."""
        value = self.env[name]
        for _ in range(12):
            peers = [
                n
                for n, v in self.env.items()
                if v.dtype == value.dtype and shape(v) == shape(value)
            ]
            a = self.one(peers)
            text = self.one(SAME[kind(value)]).format(a=a, b=self.like(a, True))
            found = self.value_of(text)
            if found is not None and found.dtype == value.dtype and shape(found) == shape(value):
                return text
        return None

    def truth(self) -> str | None:
        """A condition: a bool[] of tensors, joined by Python's words now and then."""
        found: list[str] = []
        for _ in range(20):
            template = self.one(["tf.reduce_sum({f}) > 0.375", "tf.reduce_mean({f}) < 0.125", "tf.reduce_any({m})",
                                 "tf.reduce_max({f}) >= 0.625", "tf.reduce_sum({i}) > 2", "tf.reduce_all({m})",
                                 "n0 > 1", "n0 % 2 == 0"])  # fmt: skip
            text = self.filled(template, self.one(list(self.env)))
            if text is not None and self.value_of(text) is not None:
                found.append(text)
            if len(found) == 2:
                break
        if not found:
            return None
        if len(found) == 2 and self.chance(0.25):
            return f"{found[0]} {self.one(['and', 'or'])} {found[1]}"
        return f"not {found[0]}" if self.chance(0.1) else found[0]

    def block(self, depth: int | None = None) -> Writer:
        return type(self)(
            self.rng,
            self.scope,
            self.env,
            self.indent + 1,
            self.depth - 1 if depth is None else depth,
        )

    def write(self) -> bool:
        """A variable gets a new value."""
        if "s0" not in self.env:
            return False
        text = self.same("s0")
        if text is None:
            return False
        method = self.one(["assign", "assign_add", "assign_sub"])
        self.line(f"s0.{method}({text if method == 'assign' else f'0.25 * ({text})'})")
        return True

    def statements(self, n: int) -> None:
        done = tries = 0
        while done < n and tries < 8 * n:
            tries += 1
            if self.depth > 0 and self.chance(0.22):
                done += self.one([self.branch, self.branch, self.counted, self.while_, self.call_cond, self.call_while,
                                  self.python_loop, self.early])()  # fmt: skip
            elif self.chance(0.15) and self.write():
                done += 1
            else:
                done += self.straight()

    def update(self, targets: list[str], loop: bool = False) -> None:
        """New values of the same types for names."""
        for name in targets:
            text = self.same(name)
            if text is not None:
                self.assign(name, text)
        if self.chance(0.3):
            self.write()

    def targets(self, n: int) -> list[str]:
        found = [x for x in self.env if x[0] not in "ns"]  # neither counters nor state
        order = self.rng.permutation(len(found))
        return [found[i] for i in order[:n]]

    # --- control flow in Python's words ---

    def branch(self) -> int:
        """if ...: names get new values, and new names are made in both branches."""
        condition = self.truth()
        if condition is None:
            return 0
        targets = self.targets(int(self.rng.integers(1, 3)))
        new = self.fresh() if self.chance(0.6) else None
        sides = [self.block(), self.block()]
        for side in sides:
            side.statements(int(self.rng.integers(0, 3)))
            side.update(targets)
        if new is not None:
            pattern = self.one(targets)
            for side in sides:
                text = side.same(pattern)
                if text is None or not side.assign(new, text):
                    return 0
        if not all(side.lines for side in sides):
            return 0
        self.line(f"if {condition}:")
        self.lines += sides[0].lines
        self.line("else:")
        self.lines += sides[1].lines
        for name in [*targets, *([new] if new else [])]:
            self.env[name] = sides[1].env[name]
        self.control = True
        return 1

    def loop_body(self, targets: list[str], counter: str) -> Writer:
        body = self.block()
        body.env[counter] = tf.constant(1)
        body.statements(int(self.rng.integers(0, 3)))
        if self.chance(0.4):
            f = body.pick("f")
            if f is not None:
                body.assign(body.fresh(), f"tf.sin({f} + tf.cast({counter}, R))")
        body.update(targets)
        if self.depth > 1 and self.chance(0.25):
            condition = body.truth()
            if condition is not None:
                body.line(f"if {condition}:")
                body.line(f"    {self.one(['break', 'continue'])}")
                body.update(targets[:1])
        return body

    def finish(self, body: Writer, targets: list[str]) -> None:
        self.lines += body.lines
        for name in targets:
            self.env[name] = body.env[name]
        self.control = True

    def counted(self) -> int:
        """for k in tf.range(n): ..."""
        targets = self.targets(int(self.rng.integers(1, 3)))
        counter = f"k{self.fresh()}"
        body = self.loop_body(targets, counter)
        if not body.lines:
            return 0
        self.line(
            f"for {counter} in tf.range({self.one(['n0', '3', '2', 'n0 + 1', '1, 4', '0'])}):"
        )
        self.finish(body, targets)
        return 1

    def while_(self) -> int:
        """while ...: with a counter, and perhaps a condition on what is computed."""
        targets = self.targets(int(self.rng.integers(1, 3)))
        counter = f"n{self.fresh()}"
        self.env[counter] = tf.constant(0)
        body = self.loop_body(targets, counter)
        del self.env[counter]
        if any(line.strip() == "continue" for line in body.lines):
            return 0
        condition = f"{counter} < {self.one(['n0', '3', '2', '4'])}"
        f = [x for x in targets if kind(self.env[x]) == "f"]
        if f and self.chance(0.5):
            condition = f"{condition} and tf.reduce_sum({f[0]}) < 4.0"
        self.line(f"{counter} = tf.constant(0)")
        self.line(f"while {condition}:")
        body.line(f"{counter} += 1")
        self.finish(body, targets)
        return 1

    def python_loop(self) -> int:
        """Control flow that Python settles while tracing."""
        targets = self.targets(1)
        body = self.block(0)
        body.update(targets)
        if not body.lines:
            return 0
        self.line(self.one([f"for _ in range({self.one([0, 1, 2])}):", "if FLAG:", "if not FLAG:"]))
        self.lines += body.lines
        self.env[targets[0]] = body.env[targets[0]]
        return 1

    def early(self) -> int:
        """A function of its own that returns early."""
        condition = self.truth()
        (target,) = self.targets(1)
        first, second = self.same(target), self.same(target)
        if condition is None or first is None or second is None:
            return 0
        name = f"g{self.fresh()}"
        self.line(f"def {name}({target}):")
        self.line(f"    if {condition}:")
        self.line(f"        return {first}")
        self.line(f"    return {second}")
        new = self.fresh()
        self.line(f"{new} = {name}({target})")
        self.env[new] = self.env[target]
        self.control = True
        return 1

    # --- control flow by functions ---

    def call_cond(self) -> int:
        condition = self.truth()
        (target,) = self.targets(1)
        first, second = self.same(target), self.same(target)
        if (
            condition is None
            or first is None
            or second is None
            or " and " in condition
            or " or " in condition
        ):
            return 0
        if condition.startswith("not "):
            condition = f"tf.logical_not({condition[4:]})"
        new = self.fresh()
        self.line(f"{new} = tf.cond({condition}, lambda: {first}, lambda: {second})")
        self.env[new] = self.env[target]
        self.control = True
        return 1

    def call_while(self) -> int:
        targets = self.targets(int(self.rng.integers(1, 3)))
        texts = [self.same(t) for t in targets]
        if None in texts:
            return 0
        names = ", ".join(targets)
        k = f"n{self.fresh()}"
        limit = f", maximum_iterations={self.one([1, 2])}" if self.chance(0.2) else ""
        self.line(
            f"{k}, {names} = tf.while_loop(lambda {k}, {names}: {k} < {self.one(['n0', '3', '2'])},"
        )
        self.line(
            f"    lambda {k}, {names}: ({k} + 1, {', '.join(map(str, texts))}), (0, {names}){limit})"
        )
        for t, text in zip(targets, texts):
            self.env[t] = self.value_of(str(text))
        self.control = True
        return 1


def values(rng: np.random.Generator, dtype: str, of: tuple[int, ...]) -> np.ndarray:
    x = np.round(rng.uniform(-1.5, 1.5, of) * 64) / 64  # numbers that every dtype holds
    if rng.random() < 0.1:
        special = np.array([0.0, -0.0, 1.0, 2.0])
        x = np.where(rng.random(of) < 0.3, special[rng.integers(4, size=of)], x)
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
    arrays = [values(rng, dtype if i == 0 else real_of(dtype), s) for i, s in enumerate(shapes)]
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
    return Source(seed, text, dtype, [*arrays, *rest], which, inside, top.control)
