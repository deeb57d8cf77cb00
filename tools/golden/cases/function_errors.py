"""tf.function: what goes wrong while tracing or calling; the classes, and the words that say why."""

from __future__ import annotations

import operator

import numpy as np

from golden.outcome import raised
from golden.registry import case


def error(tf, f, *args, words=(), **options):
    """What the first call of the traced function raises."""
    traced = tf.function(f, **options)
    return raised(lambda: traced(*args), *words)


SYMBOLIC = {
    "bool": lambda x: bool(x),
    "if": lambda x: 1 if x else 2,
    "and": lambda x: x and x,
    "not": lambda x: not x,
    "iterate": lambda x: [v for v in x],
    "len": lambda x: len(x),
    "int": lambda x: int(x),
    "float": lambda x: float(x),
    "index": lambda x: [1, 2, 3][x],
    "range": lambda x: range(x),
    "numpy": lambda x: x.numpy(),
    "np_function": lambda x: np.sin(x),
    "np_array": lambda x: np.array(x),
    "format": lambda x: f"{x:.2f}",
    "item": lambda x: x.item(),
    "assign": lambda x: x.assign(1.0),
    "set_item": lambda x: operator.setitem(x, 0, 1.0),
    "hash": lambda x: {x: 1},
    "in": lambda x: 1.0 in x,
    "unpack": lambda x: (lambda a, b: a)(*x),
    "list": lambda x: list(x),
    "complex": lambda x: complex(x),
    "math": lambda x: __import__("math").sqrt(x),
    "max": lambda x: max(x),
    "sum": lambda x: sum(x),
    "tolist": lambda x: x.tolist(),
    "pickle": lambda x: __import__("copy").deepcopy(x),
}
WORDS = {
    "bool": ("tf.Tensor", "Python `bool`"),
    "if": ("Python `bool`",),
    "iterate": ("Iterating over a symbolic",),
    "numpy": ("numpy",),
    "np_function": ("Cannot convert a symbolic", "numpy"),
    "np_array": ("Cannot convert a symbolic",),
    "assign": ("assign",),
    "hash": ("unhashable",),
    "set_item": ("item assignment",),
}


@case("symbolic/{form}", form=tuple(SYMBOLIC))
def symbolic(tf, rng, form):
    """Python asks a symbolic tensor for its value, with autograph off."""
    x = tf.constant(2) if form in ("index", "range") else tf.constant([1.0, 2.0]) if form in (
        "iterate", "unpack", "list", "max", "sum", "in", "set_item", "tolist", "np_function", "np_array"
    ) else tf.constant(1.0)  # fmt: skip
    return error(
        tf, lambda x: SYMBOLIC[form](x) and None, x, words=WORDS.get(form, ()), autograph=False
    )


@case(
    "autograph/{form}",
    form=(
        "numpy",
        "np_function",
        "float",
        "int",
        "len_scalar",
        "format",
        "assert",
        "list_index",
        "dict_key",
    ),
)
def autograph(tf, rng, form):
    @tf.function
    def f(x):
        if form == "numpy":
            return x.numpy()
        if form == "np_function":
            return np.exp(x)
        if form == "float":
            return float(x)
        if form == "int":
            return int(x)
        if form == "len_scalar":
            return len(x)
        if form == "format":
            return f"{x:.1f}"
        if form == "assert":
            assert x < 0.0, "negative"
            return x
        if form == "list_index":
            return [1.0, 2.0][tf.cast(x, tf.int32)]
        return {x: 1}

    return raised(lambda: f(tf.constant(1.0)))


@case(
    "variables/{form}",
    form=(
        "each_call",
        "second_trace",
        "local",
        "in_loop",
        "in_branch",
        "shape_of_assign",
        "dtype_of_assign",
        "undefined_initial",
    ),
)
def variables(tf, rng, form):
    v = tf.Variable([1.0, 2.0])
    held = []

    @tf.function
    def f(x):
        if form in ("each_call", "local"):
            w = tf.Variable(1.0)
            return w + x
        if form == "second_trace":
            held.append(tf.Variable(1.0))
            return held[-1] + x
        if form == "in_loop":
            for _ in range(2):
                w = tf.Variable(x)
            return w * 1.0
        if form == "in_branch":
            if x > 0:
                held.append(tf.Variable(1.0))
            return x
        if form == "shape_of_assign":
            v.assign(x)
            return v * 1.0
        if form == "dtype_of_assign":
            v.assign(tf.cast([x, x], tf.int32))
            return v * 1.0
        return tf.Variable(initial_value=None) + x

    words = ("singleton", "tf.Variable") if form in ("each_call", "second_trace") else ()
    return raised(lambda: f(tf.constant(1.0)), *words)


SHAPES = [
    "matmul",
    "matmul_rank",
    "add",
    "reshape",
    "concat",
    "stack",
    "broadcast",
    "conv",
    "index",
    "axis",
    "gather",
    "squeeze",
    "split",
    "transpose",
    "unstack",
    "softmax_labels",
    "einsum",
    "where",
]


@case("shapes/{form}", form=tuple(SHAPES))
def shapes(tf, rng, form):
    """What does not fit is found while tracing."""
    ran = []
    a, b = tf.ones([2, 3]), tf.ones([2, 4])
    calls = {
        "matmul": lambda a, b: tf.matmul(a, b),
        "matmul_rank": lambda a, b: tf.matmul(a, b[0]),
        "add": lambda a, b: a + b,
        "reshape": lambda a, b: tf.reshape(a, [4, 2]),
        "concat": lambda a, b: tf.concat([a, b], axis=0),
        "stack": lambda a, b: tf.stack([a, b]),
        "broadcast": lambda a, b: tf.broadcast_to(a, [2, 5]),
        "conv": lambda a, b: tf.nn.conv2d(a[None, :, :, None], tf.ones([1, 1, 3, 2]), 1, "SAME"),
        "index": lambda a, b: a[5],
        "axis": lambda a, b: tf.reduce_sum(a, axis=2),
        "gather": lambda a, b: tf.gather(a, [[0]], axis=4),
        "squeeze": lambda a, b: tf.squeeze(a, axis=0),
        "split": lambda a, b: tf.split(a, 2, axis=1),
        "transpose": lambda a, b: tf.transpose(a, [0, 0]),
        "unstack": lambda a, b: tf.unstack(a, num=3),
        "softmax_labels": lambda a, b: tf.nn.softmax_cross_entropy_with_logits(a, b),
        "einsum": lambda a, b: tf.einsum("ij,jk->ik", a, b),
        "where": lambda a, b: tf.where(a > 0, a, b),
    }

    @tf.function
    def f(a, b):
        ran.append(1)
        return calls[form](a, b)

    return [raised(lambda: f(a, b) and None), len(ran)]


@case(
    "dtypes/{form}",
    form=(
        "add",
        "multiply",
        "matmul",
        "concat",
        "python_float",
        "where",
        "assign_add",
        "cast_text",
        "integer_division",
        "sqrt_int",
    ),
)
def dtypes(tf, rng, form):
    v = tf.Variable(1.0)
    i, x = tf.constant([1, 2]), tf.constant([1.0, 2.0])

    def f(i, x):
        return {
            "add": lambda: i + x,
            "multiply": lambda: tf.multiply(x, i),
            "matmul": lambda: tf.matmul([i], tf.transpose([x])),
            "concat": lambda: tf.concat([i, x], 0),
            "python_float": lambda: i * 0.5,
            "where": lambda: tf.where(i > 0, i, x),
            "assign_add": lambda: v.assign_add(i[0]),
            "cast_text": lambda: tf.cast("a", tf.float32),
            "integer_division": lambda: i / 2,
            "sqrt_int": lambda: tf.sqrt(i),
        }[form]()

    return error(tf, f, i, x)


@case(
    "at_run/{form}",
    form=(
        "reshape",
        "matmul",
        "add",
        "gather",
        "index",
        "assert",
        "division",
        "invalid_cholesky",
        "py_function",
        "one_hot",
    ),
)
def at_run(tf, rng, form):
    """Shapes or values that only the run can know."""
    n = tf.TensorSpec([None], tf.float32)

    @tf.function(input_signature=[n, n])
    def f(a, b):
        if form == "reshape":
            return tf.reshape(a, [2, 2])
        if form == "matmul":
            return tf.matmul(a[None], b[:, None])
        if form == "add":
            return a + b
        if form == "gather":
            return tf.gather(a, tf.cast(b, tf.int32))
        if form == "index":
            return a[tf.cast(b[0], tf.int32)]
        if form == "assert":
            tf.debugging.assert_equal(tf.shape(a), tf.shape(b))
            return a
        if form == "division":
            return tf.cast(a, tf.int32) // tf.cast(b - b, tf.int32)
        if form == "invalid_cholesky":
            return tf.linalg.cholesky(-tf.linalg.diag(a))
        if form == "py_function":
            return tf.py_function(lambda v: 1 / 0, [a], tf.float32)
        return tf.one_hot(tf.cast(b, tf.int32), -1)

    a, b = tf.constant([1.0, 2.0, 3.0]), tf.constant([9.0, 8.0])
    return [raised(lambda: f(a, b)), f.experimental_get_tracing_count()]


@case(
    "leak/{form}",
    form=(
        "list",
        "attribute",
        "global_use",
        "other_function",
        "gradient",
        "print",
        "returned_then_used",
    ),
)
def leak(tf, rng, form):
    """A symbolic tensor that got out of its function."""
    out = []

    class Holder:
        pass

    @tf.function
    def f(x):
        out.append(x * 2.0)
        Holder.y = x + 1.0
        return x

    f(tf.constant(1.0))
    if form == "print":
        return [repr(out[0]), str(Holder.y), out[0].shape]
    calls = {
        "list": lambda: out[0] + 1.0,
        "attribute": lambda: Holder.y.numpy(),
        "global_use": lambda: tf.reduce_sum(out[0]),
        "other_function": lambda: tf.function(lambda: out[0] * 1.0)(),
        "gradient": lambda: tf.GradientTape().gradient(out[0], Holder.y),
        "returned_then_used": lambda: float(out[0]),
    }
    words = ("out of scope",) if form in ("global_use", "other_function") else ()
    return raised(calls[form], *words)


@case(
    "user_error/{form}",
    form=(
        "value_error",
        "own_class",
        "key_error",
        "assertion",
        "zero_division",
        "nested",
        "name",
        "attribute",
        "type",
        "stop_iteration",
        "index",
    ),
)
def user_error(tf, rng, form):
    """An error of the user's own code while tracing keeps its class and its words."""

    class OwnError(ValueError):
        pass

    def inner(x):
        raise ValueError("inner words")

    @tf.function(autograph=form not in ("own_class", "zero_division", "index"))
    def f(x):
        if form == "value_error":
            raise ValueError("the rate must be positive")
        if form == "own_class":
            raise OwnError("own words")
        if form == "key_error":
            return {"a": x}["b"]
        if form == "assertion":
            assert x.shape.rank == 2, "rank two"
        if form == "zero_division":
            return x * (1 / 0)
        if form == "nested":
            return inner(x)
        if form == "name":
            return undefined_name  # noqa: F821
        if form == "attribute":
            return x.no_such_attribute
        if form == "type":
            return x + "text"
        if form == "stop_iteration":
            return next(iter([]))
        return [x][3]

    words = {"value_error": ("the rate must be positive",), "own_class": ("own words",), "nested": ("inner words",),
             "assertion": ("rank two",), "name": ("undefined_name",), "attribute": ("no_such_attribute",)}  # fmt: skip
    first = raised(lambda: f(tf.constant(1.0)), *words.get(form, ()))
    return [
        first,
        raised(lambda: f(tf.constant(1.0)), *words.get(form, ())) == first,
        f.experimental_get_tracing_count(),
    ]


@case("raise_then_fix")
def raise_then_fix(tf, rng):
    """A trace that failed is tried again at the next call."""
    state = {"bad": True, "traces": 0}

    @tf.function
    def f(x):
        state["traces"] += 1
        if state["bad"]:
            raise ValueError("not yet")
        return x * 2.0

    first = raised(lambda: f(tf.constant(1.0)), "not yet")
    state["bad"] = False
    return [first, f(tf.constant(1.0)), f(tf.constant(2.0)), state["traces"]]


@case("try_inside/{form}", form=("caught", "finally", "while_tracing"))
def try_inside(tf, rng, form):
    log = []

    @tf.function
    def f(x):
        try:
            if form == "finally":
                return x * 2.0
            y = tf.matmul(x, tf.ones([5, 5]))
        except (ValueError, tf.errors.InvalidArgumentError) as e:
            log.append(isinstance(e, ValueError))
            y = x
        finally:
            log.append("finally")
        return y

    return [f(tf.ones([2, 2])), f(tf.ones([2, 2])), log]


@case("not_callable/{form}", form=("none", "number", "signature_kwargs", "class_", "generator"))
def not_callable(tf, rng, form):
    if form == "signature_kwargs":
        return raised(
            lambda: tf.function(lambda **k: k, input_signature=[tf.TensorSpec([])])(a=1.0)
        )
    if form == "class_":

        class Model:
            def __init__(self, x):
                self.x = x

        return raised(lambda: tf.function(Model)(tf.constant(1.0)) and None)
    if form == "generator":

        @tf.function
        def f(x):
            yield x

        return raised(lambda: f(tf.constant(1.0)) and None)
    return raised(
        lambda: (
            tf.function({"none": None, "number": 3}[form])(1.0)
            if form == "number"
            else callable(tf.function(None))
        )
    )
