"""Random graphs, drawn from a seed: all dtypes, special values, shared and unused equations, control flow, effects.

`draw(seed, equations, depth)` gives a `Drawn`: a graph, and arrays to run it on.  Equations are drawn with their
values: what a kernel refuses is drawn again, so every graph runs on its own arrays.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import ml_dtypes
import numpy as np
from meaning import bits

from gradtape.base.quiet import quiet
from gradtape.core.card import REGISTRY
from gradtape.graph.ir import Aval, Equation, Graph, Value, aval_of

BFLOAT16 = np.dtype(ml_dtypes.bfloat16)
DTYPES = [np.dtype(t) for t in ("float32", "float32", "float32", "float64", "float16", "int32", "int64", "int8",
                                "uint8", "uint32", "bool", "complex64", "complex128")] + [BFLOAT16]  # fmt: skip
SHAPES = [(), (), (3,), (4,), (2, 3), (2, 3), (3, 4), (1, 3), (2, 1), (1,), (1, 1), (2, 3, 4), (2, 1, 4), (0, 3),
          (3, 3)]  # fmt: skip
LARGEST = 200
INT32, BOOL = np.dtype(np.int32), np.dtype(np.bool_)

UNARY = ("negative", "square", "abs", "sign", "relu", "sqrt", "exp", "tanh", "sigmoid", "reciprocal", "logical_not",
         "identity", "stop_gradient", "conj", "real", "imag", "floor", "is_nan", "zeros_like", "ones_like", "log",
         "softplus", "sin")  # fmt: skip
BINARY = ("add", "add", "subtract", "multiply", "multiply", "real_div", "maximum", "minimum", "equal", "not_equal",
          "less", "greater_equal", "logical_and", "logical_or", "logical_xor", "squared_difference", "div_no_nan",
          "mul_no_nan", "floor_div", "floor_mod", "pow", "xlogy", "atan2", "complex", "relu_grad")  # fmt: skip
REDUCTIONS = ("reduce_sum", "reduce_mean", "reduce_max", "reduce_min", "reduce_prod", "reduce_any", "reduce_all",
              "reduce_logsumexp")  # fmt: skip
BACK = {
    "negative": "negative",
    "logical_not": "logical_not",
    "conj": "conj",
    "identity": "identity",
}


@dataclass
class Drawn:
    graph: Graph
    arrays: list[np.ndarray]
    log: list[Any]  # what the effects of the graph have written, cleared by `evaluate`


def special(rng: np.random.Generator, shape: tuple[int, ...], dtype: np.dtype[Any]) -> np.ndarray:
    """Numbers of moderate size, with zeros of both signs, infinities, NaNs and subnormals among them."""
    if dtype.kind == "b":
        return np.asarray(rng.random(shape) < 0.5)
    if dtype.kind in "iu":
        low = 0 if dtype.kind == "u" else -4
        x = rng.integers(low, 5, shape)
        ends = np.iinfo(dtype)
        return np.where(rng.random(shape) < 0.05, ends.max, x).astype(dtype)
    if dtype.kind == "c":
        z = np.empty(shape, np.complex128)
        z.real, z.imag = (special(rng, shape, np.dtype(np.float64)) for _ in range(2))
        with quiet():
            return z.astype(dtype)
    x = np.round(rng.normal(size=shape) * 2, int(rng.integers(0, 4)))
    tiny = float(ml_dtypes.finfo(dtype).tiny)
    if rng.random() < 0.4:
        strange = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, tiny / 2, -tiny / 4, 1.0, -1.0])
        x = np.where(rng.random(shape) < 0.3, strange[rng.integers(len(strange), size=shape)], x)
    with quiet():
        return np.asarray(x).astype(dtype)


def plain(rng: np.random.Generator, dtype: np.dtype[Any]) -> np.ndarray:
    """A number that rules look for."""
    choices = [0.0, -0.0, 1.0, -1.0, 2.0, 0.5, 4.0, 3.0, -2.0]
    return np.asarray(choices[rng.integers(len(choices))]).astype(dtype)


class Drawing:
    """A graph while it is drawn: its values with their arrays."""

    def __init__(self, rng: np.random.Generator, depth: int, log: list[Any]):
        self.rng, self.depth, self.log = rng, depth, log
        self.inputs: list[Value] = []
        self.equations: list[Equation] = []
        self.constants: dict[Value, np.ndarray] = {}
        self.env: dict[Value, np.ndarray] = {}

    # --- choosing ---

    def chance(self, p: float) -> bool:
        return bool(self.rng.random() < p)

    def one(self, items: Any) -> Any:
        return items[int(self.rng.integers(len(items)))]

    def value(self, kinds: str = "fVciub", rank: int = 0) -> Value | None:
        """A value of one of the kinds; late ones more often, constants now and then."""
        found = [v for v in self.env if v.dtype.kind in kinds and len(v.shape) >= rank]
        if not found:
            return None
        return (
            found[-1 - int(self.rng.integers(min(6, len(found))))]
            if self.chance(0.5)
            else self.one(found)
        )

    def partner(self, x: Value) -> Value:
        """Something to go with x: a value that broadcasts with it, or a constant."""
        if self.chance(0.25):
            array = plain(self.rng, x.dtype)
            shape = self.one([(), (), (1,), x.shape])
            return self.constant(np.broadcast_to(array, shape).copy())
        found = [v for v in self.env if v.dtype == x.dtype and fits(v.shape, x.shape)]
        return self.one(found)

    def input(self, array: np.ndarray) -> Value:
        value = Value(aval_of(array))
        self.inputs.append(value)
        self.env[value] = array
        return value

    def constant(self, array: np.ndarray) -> Value:
        value = Value(aval_of(array))
        self.constants[value] = array
        self.env[value] = array
        return value

    # --- drawing ---

    def put(self, op: str, *inputs: Value, **attrs: Any) -> tuple[Value, ...]:
        """An equation, if its kernel takes the values that are there; otherwise nothing."""
        card = REGISTRY[op]
        if inputs and inputs[0].dtype.kind not in card.takes:
            return ()
        try:
            with quiet():
                found = card.kernel(*[self.env[v] for v in inputs], **attrs)
        except Exception:
            return ()
        results = [np.array(a) for a in (found if card.multi else (found,))]
        if any(a.size > LARGEST for a in results):
            return ()
        outputs = tuple([Value(aval_of(a)) for a in results])
        self.equations.append(Equation(op, inputs, attrs, outputs))
        self.env.update(zip(outputs, results))
        return outputs

    def step(self) -> None:
        steps = [self.unary, self.binary, self.binary, self.reduction, self.movement, self.movement, self.join,
                 self.product, self.pick, self.cast, self.choice, self.again, self.there_and_back,
                 self.spread]  # fmt: skip
        if self.depth > 0 and self.chance(0.12):
            steps = [self.cond, self.loop]
        elif self.chance(0.02):
            steps = [self.host]
        self.one(steps)()

    def unary(self) -> None:
        x = self.value()
        if x is not None:
            op = self.one(UNARY)
            self.put(op, x, **({"dtype": None} if op in ("zeros_like", "ones_like") else {}))

    def binary(self) -> None:
        x = self.value()
        if x is None:
            return
        y = self.partner(x)
        a, b = (x, y) if self.chance(0.5) else (y, x)
        self.put(self.one(BINARY), a, b)

    def choice(self) -> None:
        x = self.value()
        condition = self.value("b")
        if x is None:
            return
        if condition is None or self.chance(0.2):
            condition = self.constant(np.asarray(self.chance(0.5)))
        if fits(condition.shape, x.shape):
            self.put("where", condition, x, self.partner(x) if self.chance(0.8) else x)

    def reduction(self) -> None:
        x = self.value()
        if x is not None:
            rank = len(x.shape)
            axis = tuple([a for a in range(rank) if self.chance(0.6)])
            self.put(self.one(REDUCTIONS), x, axis=axis, keepdims=self.chance(0.5))

    def movement(self) -> None:
        x = self.value()
        if x is None:
            return
        rank, shape = len(x.shape), x.shape
        axis = int(self.rng.integers(rank)) if rank else 0
        match int(self.rng.integers(13)):
            case 0:
                self.put(
                    "reshape",
                    x,
                    shape=self.one([(-1,), shape, shape[::-1], (*shape, 1), (1, *shape)]),
                )
            case 1:
                perm = tuple([int(p) for p in self.rng.permutation(rank)])
                self.put("transpose", x, perm=perm if self.chance(0.8) else None)
            case 2:
                wider = tuple([3 if n == 1 else n for n in shape])
                self.put(
                    "broadcast_to", x, shape=self.one([shape, (2, *shape), (1, *shape), wider])
                )
            case 3:
                self.put("expand_dims", x, axis=int(self.rng.integers(-rank - 1, rank + 1)))
            case 4:
                self.put("squeeze", x, axis=())
            case 5:
                self.put("tile", x, multiples=tuple([self.one([1, 1, 2]) for _ in shape]))
            case 6:
                self.put("reverse", x, axis=(axis,) if rank else ())
            case 7 if rank:
                self.put("roll", x, shift=(int(self.rng.integers(0, 2)),), axis=(axis,))
            case 8:
                begin = tuple(
                    [int(self.rng.integers(0, 2)) if self.chance(0.3) else 0 for _ in shape]
                )
                self.put("slice", x, begin=begin, size=(-1,) * rank)
            case 9:
                pads = tuple([(int(self.chance(0.2)), 0) for _ in shape])
                self.put("pad", x, paddings=pads, mode="CONSTANT", constant_values=0)
            case 10:
                spec = self.one(
                    [
                        (),
                        (...,),
                        ((None, None, None),),
                        (0,),
                        (..., None),
                        ((None, None, -1),),
                        (-1, ...),
                    ]
                )
                self.put("strided_slice", x, spec=spec)
            case 11:
                self.put("ensure_shape", x, shape=self.one([None, shape, (None,) * rank]))
            case 12:
                self.put(self.one(["shape_of", "size"]), x, out_type=INT32)

    def join(self) -> None:
        x = self.value(rank=1)
        if x is None:
            return
        rank = len(x.shape)
        axis = int(self.rng.integers(-rank, rank))
        others = [v for v in self.env if v.aval == x.aval]
        xs = [self.one(others) for _ in range(int(self.rng.integers(1, 4)))]
        match int(self.rng.integers(4)):
            case 0:
                parts = self.put("concat", *xs, axis=axis)
                if parts and self.chance(0.4):
                    self.put("split", parts[0], sizes=len(xs), axis=axis % rank)
            case 1:
                parts = self.put("stack", *xs, axis=axis)
                if parts and self.chance(0.4):
                    self.put("unstack", parts[0], num=len(xs), axis=axis % (rank + 1))
            case 2:
                n = x.shape[axis]
                parts = self.put("split", x, sizes=self.one([1, n or 1, (n,)]), axis=axis)
                if parts and self.chance(0.5):
                    self.put("concat", *parts, axis=axis)
            case 3:
                parts = self.put("unstack", x, num=x.shape[axis], axis=axis)
                if parts and self.chance(0.5):
                    self.put("stack", *parts, axis=axis)

    def product(self) -> None:
        a = self.value("fVciu", rank=2)
        if a is None:
            return
        if self.chance(0.5):
            rank = len(a.shape)
            turned = self.put("transpose", a, perm=(*range(rank - 2), rank - 1, rank - 2))
            a = turned[0] if turned else a
        flags = {"transpose_a": self.chance(0.4), "transpose_b": self.chance(0.4)}
        k = a.shape[-2 if flags["transpose_a"] else -1]
        side = -1 if flags["transpose_b"] else -2
        found = [
            v for v in self.env if v.dtype == a.dtype and len(v.shape) >= 2 and v.shape[side] == k
        ]
        if found:
            self.put("matmul", a, self.one(found), **flags)

    def pick(self) -> None:
        x = self.value(rank=1)
        if x is None:
            return
        axis = int(self.rng.integers(len(x.shape)))
        n = x.shape[axis]
        match int(self.rng.integers(4)):
            case 0 if n:
                where = self.rng.integers(0, n, self.one([(), (2,), (2, 2)])).astype(
                    self.one([np.int32, np.int64])
                )
                self.put("gather", x, self.constant(np.asarray(where)), axis=axis, batch_dims=0)
            case 1:
                self.put(
                    "cumsum", x, axis=axis, exclusive=self.chance(0.5), reverse=self.chance(0.5)
                )
            case 2:
                self.put("softmax", x, axis=axis)
            case 3:
                self.put("argmax", x, axis=axis, output_type=np.dtype(np.int64))

    def cast(self) -> None:
        x = self.value()
        if x is None:
            return
        middle = self.put("cast", x, dtype=self.one(DTYPES))
        if middle and self.chance(0.6):
            self.put("cast", middle[0], dtype=self.one([x.dtype, self.one(DTYPES)]))

    def again(self) -> None:
        """An equation that is there already, the operands of a symmetric one perhaps the other way round."""
        simple = [e for e in self.equations if e.op not in ("cond", "while", "host")]
        if simple:
            e = self.one(simple)
            inputs = (
                e.inputs[::-1]
                if e.op in ("add", "multiply", "equal") and self.chance(0.5)
                else e.inputs
            )
            self.put(e.op, *inputs, **e.attrs)

    def there_and_back(self) -> None:
        """Twice an operation that is its own inverse."""
        x = self.value()
        if x is None:
            return
        op = self.one(list(BACK))
        first = self.put(op, x)
        if first:
            self.put(BACK[op], first[0])

    def spread(self) -> None:
        """A broadcast (as gradients of sums are), and something elementwise with it."""
        x = self.value("fVciu")
        if x is None or x.aval.size > 40:
            return
        wide = self.put("broadcast_to", x, shape=(2, *x.shape) if self.chance(0.5) else x.shape)
        if wide:
            self.put(self.one(BINARY), *((wide[0], self.partner(wide[0]))[:: self.one([1, -1])]))

    def host(self) -> None:
        """An effect: what it was called with is written down."""
        operands = tuple([v for v in [self.value(), self.value()] if v is not None])
        mark, log = int(self.rng.integers(1000)), self.log

        def note(*arrays: np.ndarray) -> tuple[np.ndarray, ...]:
            log.append((mark, [bits(a) for a in arrays]))
            return arrays[:1]

        self.put("host", *operands, function=note, avals=tuple([v.aval for v in operands[:1]]))

    # --- control flow ---

    def operands(self, n: int) -> list[Value]:
        found = [v for v in [self.value() for _ in range(n)] if v is not None]
        return [*found, found[0]] if found and self.chance(0.2) else found

    def nested(self, operands: list[Value]) -> Drawing:
        inner = Drawing(self.rng, self.depth - 1, self.log)
        for v in operands:
            inner.input(self.env[v])
        if self.chance(0.5):
            inner.constant(plain(self.rng, self.one(DTYPES)))
        return inner

    def cond(self) -> None:
        operands = self.operands(int(self.rng.integers(1, 4)))
        pred = self.value("b")
        if pred is None or pred.shape or self.chance(0.2):
            pred = self.constant(np.asarray(self.chance(0.5)))
        if self.chance(0.2):
            turned = self.put("logical_not", pred)
            pred = turned[0]
        branches = [self.nested(operands) for _ in range(2)]
        for b in branches:
            for _ in range(int(self.rng.integers(1, 6))):
                b.step()
        outs: tuple[list[Value], list[Value]] = ([], [])
        for _ in range(int(self.rng.integers(1, 4))):
            a = self.one(list(branches[0].env)) if branches[0].env else None
            match_ = [v for v in branches[1].env if a is not None and v.aval == a.aval]
            if match_:
                outs[0].append(a)
                outs[1].append(self.one(match_))
        if self.chance(0.3) and operands:
            place = int(self.rng.integers(len(operands)))
            outs[0].append(branches[0].inputs[place])
            outs[1].append(branches[1].inputs[place])
        graphs = tuple([b.graph(o) for b, o in zip(branches, outs)])
        self.put("cond", pred, *operands, branches=graphs)

    def loop(self) -> None:
        constants = self.operands(int(self.rng.integers(0, 3)))
        carried = self.operands(int(self.rng.integers(0, 3)))
        counter = self.constant(np.asarray(int(self.rng.integers(0, 3)), INT32))
        operands = [*constants, counter, *carried]
        n = len(constants)
        cond, body = self.nested(operands), self.nested(operands)
        for part in (cond, body):
            for _ in range(int(self.rng.integers(0, 6))):
                part.step()
        end = cond.constant(np.asarray(int(self.rng.integers(0, 4)), INT32))
        goes = cond.put("less", cond.inputs[n], end)
        flags = [v for v in cond.env if v.aval == Aval((), BOOL) and v not in goes]
        if flags and self.chance(0.3):
            goes = cond.put("logical_and", goes[0], self.one(flags))
        step = body.put("add", body.inputs[n], body.constant(np.asarray(1, INT32)))
        outs = list(step)
        for v in body.inputs[n + 1 :]:
            same = [w for w in body.env if w.aval == v.aval]
            outs.append(v if self.chance(0.2) else self.one(same[-4:]))
        limit = int(self.rng.integers(0, 4)) if self.chance(0.2) else None
        graphs = {"cond": cond.graph([goes[0]]), "body": body.graph(outs)}
        self.put("while", *operands, **graphs, n_constants=n, limit=limit)

    def graph(self, outputs: list[Value]) -> Graph:
        return Graph(tuple(self.inputs), tuple(self.equations), tuple(outputs), self.constants)


def fits(a: tuple[int, ...], b: tuple[int, ...]) -> bool:
    try:
        np.broadcast_shapes(a, b)
    except ValueError:
        return False
    return True


def draw(seed: int, equations: int = 30, depth: int = 2) -> Drawn:
    """A random graph of about so many equations, control flow nested at most `depth` deep."""
    rng = np.random.default_rng(seed)
    log: list[Any] = []
    work = Drawing(rng, depth, log)
    family = [DTYPES[i] for i in rng.integers(len(DTYPES), size=3)]
    for _ in range(int(rng.integers(2, 6))):
        shape, dtype = work.one(SHAPES), work.one(family)
        work.input(special(rng, shape, dtype))
    work.input(np.asarray(rng.random() < 0.5))
    for _ in range(2):
        work.constant(special(rng, work.one(SHAPES), work.one(family)))
    for _ in range(equations):
        work.step()
    values = list(work.env)
    outputs = [v for v in values if rng.random() < 0.25] or values[-1:]
    if rng.random() < 0.3:
        outputs.append(outputs[0])
    arrays = [work.env[v] for v in work.inputs]
    log.clear()
    return Drawn(work.graph(outputs), arrays, log)
