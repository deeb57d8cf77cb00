"""tf.function: helpers, lists and small programs, all converted; autograph off; tf.autograph."""

from __future__ import annotations

from golden.outcome import raised
from golden.registry import case


@case(
    "calls/{form}",
    form=(
        "helper",
        "lambda",
        "method",
        "closure",
        "builtin",
        "recursive_python",
        "nested_def",
        "default",
        "star",
        "generator",
    ),
)
def calls(tf, rng, form):
    """What is called from a traced function is converted too."""

    def relu(x):
        if x > 0:
            return x
        return tf.zeros_like(x)

    class Clip:
        def __init__(self, top):
            self.top = top

        def __call__(self, x):
            if x > self.top:
                x = tf.constant(self.top)
            return x

        def low(self, x):
            while x < self.top:
                x = x + 1.0
            return x

    def factorial(n):
        return 1 if n <= 1 else n * factorial(n - 1)

    clip = Clip(2.5)

    @tf.function
    def f(x):
        if form == "helper":
            return relu(x) + relu(-x) * 0.1
        if form == "lambda":
            g = lambda v: v * 2.0 if v > 0 else v
            return g(x)
        if form == "method":
            return clip.low(x) + clip(x)
        if form == "closure":
            scale = 3.0

            def inner(v):
                return v * scale if v > 0 else v / scale

            return inner(x)
        if form == "builtin":
            return max(3, 2) * x + float(len([1, 2])) + sum([1.0, 2.0]) + abs(x) + int("3")
        if form == "recursive_python":
            return x * factorial(4)
        if form == "nested_def":

            def loop(v, n):
                for _ in tf.range(n):
                    v = relu(v - 1.0)
                return v

            return loop(x, 2)
        if form == "default":

            def g(v, top=1.0, *, low=-1.0):
                if v > top:
                    return v * 0.0 + top
                if v < low:
                    return v * 0.0 + low
                return v

            return g(x), g(x, 10.0), g(x, low=-5.0)
        if form == "star":
            return tf.add_n([relu(v) for v in (x, x + 3.0, -x)])
        return sum(v * x for v in (1.0, 2.0))

    return [f(tf.constant(4.0)), f(tf.constant(-1.5))]


@case(
    "lists/{form}",
    form=(
        "append_python",
        "stack",
        "comprehension",
        "tensor_array",
        "dict",
        "list_in_loop",
        "unstack_append",
    ),
)
def lists(tf, rng, form):
    """Python lists grow while tracing; in a loop on tensors a TensorArray takes their place."""

    @tf.function
    def f(x):
        if form == "append_python":
            parts = []
            for i in range(3):
                parts.append(x * float(i))
            return tf.stack(parts)
        if form == "stack":
            parts = [x]
            parts.append(x + 1.0)
            parts += [x + 2.0]
            return tf.concat(parts, axis=0)
        if form == "comprehension":
            return tf.stack([v * v for v in tf.unstack(x)])
        if form == "tensor_array":
            out = tf.TensorArray(tf.float32, size=0, dynamic_size=True)
            for i in tf.range(tf.shape(x)[0]):
                out = out.write(i, x[i] * tf.cast(i, tf.float32))
            return out.stack()
        if form == "dict":
            state = {"a": x, "n": tf.constant(0)}
            for _ in tf.range(3):
                state["n"] += 1
                state["a"] = state["a"] * 2.0
            return state
        if form == "list_in_loop":
            parts = [x, x]
            for _ in tf.range(2):
                parts[0] = parts[0] + parts[1]
            return parts
        parts = []
        for v in tf.unstack(x):
            if v > 0:
                v = v * 10.0
            parts.append(v)
        return tf.stack(parts)

    return [f(tf.constant([1.0, -2.0])), f(tf.constant([0.5, 3.0]))]


@case(
    "algorithms/{form}",
    form=("collatz", "newton", "gcd", "fizzbuzz", "power_iteration", "primes", "bisection", "sort"),
)
def algorithms(tf, rng, form):
    """Small programs as the guides write them."""

    @tf.function
    def collatz(n):
        steps = tf.constant(0)
        while n != 1:
            if n % 2 == 0:
                n = n // 2
            else:
                n = 3 * n + 1
            steps += 1
        return steps

    @tf.function
    def newton(a):
        x = tf.constant(1.0)
        for _ in tf.range(20):
            step = (x * x - a) / (2.0 * x)
            x -= step
            if tf.abs(step) < 1e-6:
                break
        return x

    @tf.function
    def gcd(a, b):
        while b > 0:
            a, b = b, a % b
        return a

    @tf.function
    def fizzbuzz(n):
        count = tf.zeros([4], tf.int32)
        for i in tf.range(1, n + 1):
            if i % 3 == 0 and i % 5 == 0:
                count += [1, 0, 0, 0]
            elif i % 3 == 0:
                count += [0, 1, 0, 0]
            elif i % 5 == 0:
                count += [0, 0, 1, 0]
            else:
                count += [0, 0, 0, 1]
        return count

    @tf.function
    def power_iteration(m):
        v = tf.ones([tf.shape(m)[0]])
        for _ in tf.range(12):
            v = tf.linalg.matvec(m, v)
            v = v / tf.norm(v)
        return tf.tensordot(v, tf.linalg.matvec(m, v), 1)

    @tf.function
    def primes(n):
        count = 0
        for i in tf.range(2, n):
            prime = True
            for j in tf.range(2, i):
                if i % j == 0:
                    prime = False
                    break
            if prime:
                count += 1
        return count

    @tf.function
    def bisection(low, high):
        while high - low > 1e-4:
            middle = (low + high) / 2.0
            if middle**3 - middle - 2.0 > 0:
                high = middle
            else:
                low = middle
        return low

    @tf.function
    def sort(x):
        n = tf.shape(x)[0]
        for _ in tf.range(n):
            for j in tf.range(n - 1):
                if x[j] > x[j + 1]:
                    x = tf.tensor_scatter_nd_update(x, [[j], [j + 1]], [x[j + 1], x[j]])
        return x

    k = tf.constant
    return {
        "collatz": lambda: [collatz(k(7)), collatz(k(27)), collatz(k(1))],
        "newton": lambda: [newton(k(2.0)), newton(k(9.0))],
        "gcd": lambda: [gcd(k(48), k(36)), gcd(k(17), k(5))],
        "fizzbuzz": lambda: fizzbuzz(k(16)),
        "power_iteration": lambda: power_iteration(k([[2.0, 1.0], [1.0, 3.0]])),
        "primes": lambda: [primes(k(20)), primes(k(3))],
        "bisection": lambda: bisection(k(1.0), k(2.0)),
        "sort": lambda: sort(k([3.0, 1.0, 2.0, -1.0])),
    }[form]()


@case("off/{form}", form=("python_if", "python_loop", "cond", "do_not_convert"))
def off(tf, rng, form):
    """autograph=False: Python's own control flow while tracing."""
    if form == "python_if":
        f = tf.function(lambda x, flag: x * 2.0 if flag else x, autograph=False)
        return [f(tf.constant(1.0), True), f(tf.constant(1.0), False)]
    if form == "python_loop":

        @tf.function(autograph=False)
        def f(x):
            for i in range(3):
                x = x + i
            return x

        return f(tf.constant(1.0))
    if form == "cond":

        @tf.function(autograph=False)
        def f(x):
            return tf.cond(x > 0, lambda: x * 2.0, lambda: x)

        return [f(tf.constant(1.0)), f(tf.constant(-1.0))]

    @tf.autograph.experimental.do_not_convert
    def branch(x):
        if x > 0:
            return x
        return -x

    @tf.function
    def f(x):
        return branch(x)

    return raised(lambda: f(tf.constant(1.0)), "python", "bool")


@case("to_graph/{form}", form=("to_graph", "to_code", "is_converted", "control_status"))
def to_graph(tf, rng, form):
    def f(x):
        if x > 0:
            x = x * x
        return x

    if form == "to_graph":
        return [tf.autograph.to_graph(f)(tf.constant(3.0)), tf.autograph.to_graph(f)(-2)]
    if form == "to_code":
        code = tf.autograph.to_code(f)
        return ["def tf__f(x)" in code, "if_stmt" in code]
    if form == "is_converted":
        return [
            callable(tf.autograph.experimental.do_not_convert(f)),
            tf.function(f).python_function is f,
        ]
    return tf.function(tf.autograph.experimental.do_not_convert(lambda x: x * 2.0))(
        tf.constant(1.0)
    )
