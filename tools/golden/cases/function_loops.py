"""tf.function: `while` and `for` on tensors."""

from __future__ import annotations

from golden.kit import unwatched
from golden.outcome import raised
from golden.registry import case


@case(
    "while/{form}",
    form=("plain", "two", "continue", "nested", "python_count", "condition_and", "else_", "never"),
)
def while_(tf, rng, form):
    traces = []

    @tf.function
    def f(x):
        traces.append(1)
        i = tf.constant(0)
        if form == "plain":
            while tf.reduce_sum(x) < 100.0:
                x = x * 2.0
        elif form == "two":
            while i < 5:
                i += 1
                x = x + tf.cast(i, tf.float32)
            return i, x
        elif form == "continue":
            while i < 6:
                i += 1
                if i % 2 == 0:
                    continue
                x += tf.cast(i, tf.float32)
        elif form == "nested":
            n = tf.constant(0)
            while i < 3:
                j = tf.constant(0)
                while j <= i:
                    n += 1
                    j += 1
                i += 1
            return n
        elif form == "python_count":
            k = 0
            while k < 3:
                x = x + float(k)
                k += 1
        elif form == "condition_and":
            while i < 10 and tf.reduce_sum(x) < 30.0:
                x = x + 1.0
                i += 1
            return i, x
        elif form == "else_":
            while not tf.reduce_all(x > 10.0):
                x = x + 4.0
        else:
            while tf.constant(False):
                x = x * 0.0
        return x

    return [f(tf.constant([1.0, 2.0])), f(tf.constant([5.0, 6.0])), len(traces)]


@case("while/break/{form}", form=("middle", "continue_too", "nested", "python_flag"))
def while_break(tf, rng, form):
    @tf.function
    def middle(x):
        i = tf.constant(0)
        while i < 100:
            x = x * 3.0
            i += 1
            if tf.reduce_max(x) > 50.0:
                break
        return i, x

    @tf.function
    def continue_too(x):
        i = tf.constant(0)
        while i < 10:
            i += 1
            if i % 2 == 1:
                continue
            if i > 6:
                break
            x = x + tf.cast(i, tf.float32)
        return i, x

    @tf.function
    def nested(x):
        i = tf.constant(0)
        n = tf.constant(0)
        while i < 5:
            j = tf.constant(0)
            while True and j < 5:
                if j > i:
                    break
                n += 1
                j += 1
            if n > 7:
                break
            i += 1
        return i, n, x

    @tf.function
    def python_flag(x):
        going = tf.constant(True)
        while going:
            x = x + 10.0
            going = tf.reduce_sum(x) < 60.0
        return x

    f = {
        "middle": middle,
        "continue_too": continue_too,
        "nested": nested,
        "python_flag": python_flag,
    }
    return [f[form](tf.constant([1.0, 2.0])), f[form](tf.constant([5.0, 6.0]))]


@case("while/shapes/{form}", form=("invariants", "growing", "maximum_iterations"))
def while_shapes(tf, rng, form):
    tf = unwatched(tf)

    @tf.function
    def invariants(x):
        while tf.shape(x)[0] < 8:
            tf.autograph.experimental.set_loop_options(
                shape_invariants=[(x, tf.TensorShape([None]))]
            )
            x = tf.concat([x, x], axis=0)
        return x

    @tf.function
    def growing(x):
        while tf.shape(x)[0] < 8:
            x = tf.concat([x, x], axis=0)
        return x

    @tf.function
    def maximum_iterations(x):
        for _ in tf.range(10):
            tf.autograph.experimental.set_loop_options(maximum_iterations=4)
            x = x + 1.0
        return x

    f = {"invariants": invariants, "growing": growing, "maximum_iterations": maximum_iterations}[
        form
    ]
    return raised(lambda: f(tf.constant([1.0, 2.0])), "shape")


@case(
    "for/{form}",
    form=(
        "range", "range_start", "range_step", "tensor", "rows", "python_range", "python_list", "break", "continue",
        "nested", "enumerate", "zip", "empty", "break_nested", "dataset", "tensor_limit", "underscore", "last_value",
        "accumulate_tuple", "reversed", "list_of_tensors",
    ),
)  # fmt: skip
def for_(tf, rng, form):
    traces = []

    @tf.function
    def f(x):
        total = tf.constant(0.0)
        if form == "range":
            for i in tf.range(5):
                traces.append(tf.is_tensor(i))
                total += tf.cast(i, tf.float32) * x[0]
        elif form == "range_start":
            for i in tf.range(2, 7):
                total += tf.cast(i, tf.float32)
        elif form == "range_step":
            for i in tf.range(10, 0, -3):
                total = total * 2.0 + tf.cast(i, tf.float32)
        elif form == "tensor":
            for v in x:
                traces.append(v.shape)
                total += v * v
        elif form == "rows":
            for row in tf.stack([x, x + 1.0]):
                traces.append(row.shape)
                total += tf.reduce_prod(row)
        elif form == "python_range":
            for i in range(4):
                traces.append(i)
                total += x[0] * i
        elif form == "python_list":
            for scale in [1.0, 10.0, 100.0]:
                traces.append(scale)
                total += scale * tf.reduce_sum(x)
        elif form == "break":
            for v in x:
                if v < 0:
                    break
                total += v
        elif form == "continue":
            for v in x:
                if v < 0:
                    continue
                total += v
        elif form == "nested":
            for i in tf.range(3):
                for j in tf.range(i + 1):
                    traces.append("body")
                    total += tf.cast(i * j, tf.float32) + x[1]
        elif form == "enumerate":
            for i, v in enumerate(tf.unstack(x)):
                traces.append(tf.is_tensor(i))
                total += float(i) * v
        elif form == "zip":
            for a, b in zip(tf.unstack(x), [1.0, 2.0, 3.0]):
                traces.append(b)
                total += a * b
        elif form == "empty":
            for v in x[:0]:
                total += v + 1.0
        elif form == "break_nested":
            for i in tf.range(4):
                for j in tf.range(4):
                    if j > i:
                        break
                    total += 1.0
                if total > 5.0:
                    break
        elif form == "dataset":
            for v in tf.data.Dataset.range(4):
                total += tf.cast(v, tf.float32)
        elif form == "tensor_limit":
            n = tf.cast(x[0], tf.int32)
            for _ in tf.range(n):
                total += 1.0
        elif form == "underscore":
            for _ in tf.range(3):
                total = total * 2.0 + 1.0
        elif form == "last_value":
            last = tf.constant(-1)
            for i in tf.range(4):
                last = i
            return last
        elif form == "accumulate_tuple":
            a, b = tf.constant(0), tf.constant(1)
            for _ in tf.range(10):
                a, b = b, a + b
            return a, b
        elif form == "reversed":
            for v in tf.reverse(x, [0]):
                total = total / 2.0 + v
        else:
            for v in tf.unstack(x):
                traces.append("unrolled")
                total += v
        return total

    return [f(tf.constant([3.0, -2.0, 1.0])), f(tf.constant([1.0, 2.0, 4.0])), traces]
