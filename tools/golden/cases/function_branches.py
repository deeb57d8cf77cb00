"""tf.function: `if`, early returns and logic on tensors."""

from __future__ import annotations

from golden.outcome import raised
from golden.registry import case


@case(
    "if/{form}",
    form=(
        "plain",
        "no_else",
        "elif",
        "nested",
        "several",
        "tuple",
        "ternary",
        "only_effect",
        "python",
        "shape",
    ),
)
def if_(tf, rng, form):
    traces = []

    @tf.function
    def f(x):
        traces.append(1)
        y = x
        if form == "plain":
            if tf.reduce_sum(x) > 0:
                y = x * 2
            else:
                y = -x
        elif form == "no_else":
            if tf.reduce_max(x) > 2.0:
                y = x / 10.0
        elif form == "elif":
            s = tf.reduce_sum(x)
            if s > 5.0:
                y = x * 100.0
            elif s > 0.0:
                y = x * 10.0
            elif s > -1.0:
                y = x
            else:
                y = tf.zeros_like(x)
        elif form == "nested":
            if x[0] > 0:
                if x[1] > 0:
                    y = x + 1.0
                else:
                    y = x + 10.0
            else:
                y = x + 100.0
        elif form == "several":
            if x[0] > 0:
                y, z = x * 2.0, tf.constant(1)
            else:
                y, z = x, tf.constant(-1)
            return y, z
        elif form == "tuple":
            pair = (x, x * 2.0)
            if x[0] > 0:
                pair = (pair[1], pair[0])
            return pair
        elif form == "ternary":
            y = x * 2.0 if x[0] > 0 else x * 3.0
        elif form == "only_effect":
            total = tf.constant(0.0)
            if x[0] > 0:
                total += 1.0
            if x[1] > 0:
                total += 10.0
            return total
        elif form == "python":
            if x.shape[0] == 2:
                y = x + 1000.0
        else:
            if tf.shape(x)[0] > 1:
                y = x[:1]
            else:
                y = x
        return y

    a, b, c = tf.constant([1.0, 2.0]), tf.constant([-3.0, 2.0]), tf.constant([1.5, -1.0])
    return [f(a), f(b), f(c), f(a * 3), len(traces)]


@case(
    "return/{form}",
    form=("early", "both", "nested", "three", "tuple", "after_effect", "static", "missing"),
)
def return_(tf, rng, form):
    v = tf.Variable(0)

    @tf.function
    def early(x):
        if x > 0:
            return x * 2.0
        return x - 1.0

    @tf.function
    def both(x):
        if x > 0:
            return x
        else:
            return -x

    @tf.function
    def nested(x):
        if x > 0:
            if x > 10.0:
                return tf.constant(100.0)
            return x + 0.5
        return x

    @tf.function
    def three(x):
        if x < 0:
            return -1.0
        if x < 5:
            return 0.0
        return 1.0

    @tf.function
    def tuple_(x):
        if x > 0:
            return x, x * 2.0
        return -x, x

    @tf.function
    def after_effect(x):
        v.assign_add(1)
        if x > 0:
            v.assign_add(10)
            return x
        v.assign_add(100)
        return x * 0.0

    @tf.function
    def static(x):
        if x.shape.rank == 0:
            return x + 1.0
        if x > 0:
            return x
        return -x

    @tf.function
    def missing(x):
        if x > 0:
            return x

    f = {
        "early": early, "both": both, "nested": nested, "three": three, "tuple": tuple_, "after_effect": after_effect,
        "static": static, "missing": missing,
    }[form]  # fmt: skip
    return raised(
        lambda: [f(tf.constant(3.0)), f(tf.constant(-2.0)), f(tf.constant(50.0)), v], "return"
    )


@case("return/in_loop/{form}", form=("for_range", "default"))
def return_in_loop(tf, rng, form):
    @tf.function
    def for_range(x):
        for i in tf.range(10):
            if tf.cast(i, tf.float32) > x:
                return tf.cast(i, tf.float32)
        return -1.0

    @tf.function
    def default(x):
        found = tf.constant(-1)
        for i in tf.range(10):
            if tf.cast(i * i, tf.float32) > x and found < 0:
                found = i
        return found

    f = {"for_range": for_range, "default": default}[form]
    return raised(lambda: [f(tf.constant(3.0)), f(tf.constant(-2.0)), f(tf.constant(50.0))])


@case(
    "unequal/{form}",
    form=(
        "dtype",
        "shape",
        "structure",
        "undefined",
        "none",
        "python_type",
        "loop_dtype",
        "loop_undefined",
    ),
)
def unequal(tf, rng, form):
    """Branches or iterations that do not fit together."""

    @tf.function
    def dtype(x):
        if x > 0:
            y = tf.constant(1)
        else:
            y = tf.constant(1.0)
        return y

    @tf.function
    def shape(x):
        if x > 0:
            y = tf.zeros([2])
        else:
            y = tf.zeros([3])
        return y

    @tf.function
    def structure(x):
        if x > 0:
            y = (x, x)
        else:
            y = x
        return y

    @tf.function
    def undefined(x):
        if x > 0:
            y = x
        return y

    @tf.function
    def none(x):
        y = None
        if x > 0:
            y = x
        return y

    @tf.function
    def python_type(x):
        y = 1
        if x > 0:
            y = 2.5
        return y

    @tf.function
    def loop_dtype(x):
        n = 0
        for _ in tf.range(3):
            n = n + 0.5
        return n

    @tf.function
    def loop_undefined(x):
        for _ in tf.range(3):
            y = x * 2.0
        return y

    f = {
        "dtype": dtype, "shape": shape, "structure": structure, "undefined": undefined, "none": none,
        "python_type": python_type, "loop_dtype": loop_dtype, "loop_undefined": loop_undefined,
    }[form]  # fmt: skip
    return [raised(lambda: f(tf.constant(1.0))), raised(lambda: f(tf.constant(-1.0)))]


@case(
    "logic/{form}",
    form=(
        "and",
        "or",
        "not",
        "chain",
        "short_circuit",
        "mixed",
        "equal",
        "not_equal",
        "in_",
        "is_none",
        "all_any",
    ),
)
def logic(tf, rng, form):
    ran = []

    @tf.function
    def f(x, y):
        if form == "and":
            return x > 0 and y > 0
        if form == "or":
            return x > 0 or y > 0
        if form == "not":
            return not x > 0
        if form == "chain":
            return 0.0 < x < 2.0
        if form == "short_circuit":
            n = tf.constant(0)
            if x > 0 and tf.py_function(lambda: ran.append(1) or True, [], tf.bool):
                n = tf.constant(1)
            return n
        if form == "mixed":
            return True and x > 0
        if form == "equal":
            return tf.constant(1.0) if x == y else tf.constant(0.0)
        if form == "not_equal":
            return tf.constant(1.0) if x != y else tf.constant(0.0)
        if form == "in_":
            return 3 in [1, 2, 3] and x > 0
        if form == "is_none":
            return x * 2.0 if y is not None else x
        return tf.reduce_any([x > 0, y > 0]) and not tf.reduce_all([x > 0, y > 0])

    one, two = tf.constant(1.0), tf.constant(-2.0)
    return [f(one, one), f(one, two), f(two, one), f(two, two), len(ran)]
