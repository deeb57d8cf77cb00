"""The statements of random programs: a writer of one block, which knows the values that its names have."""

from __future__ import annotations

from typing import Any

import numpy as np
from vocabulary import (
    ACROSS,
    BINARY,
    COMPLEX,
    FOLDS,
    INTEGERS,
    LOSSES,
    MOVES,
    PRODUCTS,
    REDUCTIONS,
    SAME,
    TRUTHS,
    UNARY,
)

import gradtape as tf

INTS = ["int32", "int32", "int64", "int8", "uint8", "int16"]
LARGEST, BOUND = 48, 8.0  # elements of a value, and how large a number may be
KINDS = {"f": "f", "V": "f", "i": "i", "u": "i", "b": "m", "c": "c"}


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
        """What an expression gives, if it is a tensor of moderate size and moderate numbers; otherwise None.

        Infinities and NaNs are moderate where the program is about them.
        """
        try:
            value = eval(expression, self.scope, dict(self.env))
            array = np.asarray(value.numpy())
        except Exception:
            return None
        if array.size > LARGEST or array.size == 0 or array.dtype.kind not in KINDS:
            return None
        wide = np.abs(array.astype(np.complex128 if array.dtype.kind == "c" else np.float64))
        finite = wide[np.isfinite(wide)]
        if finite.size < wide.size and not self.scope["SPECIAL"]:
            return None
        if finite.max(initial=0.0) > (60 if array.dtype.kind in "iu" else BOUND):
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
                "f": [
                    UNARY,
                    UNARY,
                    BINARY,
                    BINARY,
                    BINARY,
                    REDUCTIONS,
                    MOVES,
                    MOVES,
                    PRODUCTS,
                    LOSSES,
                ],
                "i": [INTEGERS, INTEGERS, MOVES],
                "m": [TRUTHS, TRUTHS, MOVES],
                "c": [COMPLEX],
            }
            templates = self.one(groups[of])
            if of == "f" and self.depth > 0 and self.chance(0.05):
                templates = FOLDS
        if a is None:
            return False
        text = self.filled(self.one(templates), a)
        found = text is not None and self.assign(self.fresh(), text)
        self.control |= found and templates is FOLDS
        return found

    def same(self, name: str, own: bool = False) -> str | None:
        """An expression of the same dtype and shape as a name has.  own: one in which the name stands."""
        value = self.env[name]
        for _ in range(12):
            peers = [
                n
                for n, v in self.env.items()
                if v.dtype == value.dtype and shape(v) == shape(value)
            ]
            a = name if own else self.one(peers)
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
        """New values of the same types for names, from what they were.

        A name that is only written in a branch inside of a branch, and that a function has taken before, is unbound
        in TensorFlow's conversion too.
        """
        for name in targets:
            text = self.same(name, own=True)
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
        """A function of its own that returns early.

        Only at the top: what a function takes from a branch around it must be there after the branch, too.
        """
        if self.indent > 1:
            return 0
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
