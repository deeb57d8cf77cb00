"""tf.function: variables captured, updated and created on the first call."""

from __future__ import annotations

from golden.outcome import raised
from golden.registry import case


@case(
    "variables/{form}",
    form=("assign", "add", "sub", "returned", "read_value", "several", "twice", "order"),
)
def variables(tf, rng, form):
    v, w = tf.Variable(1.0), tf.Variable([1.0, 2.0])

    @tf.function
    def f(x):
        if form == "assign":
            v.assign(x * 2.0)
            return v + 1.0
        if form == "add":
            return v.assign_add(x)
        if form == "sub":
            v.assign_sub(x)
            w.assign_sub([x, x])
            return w * v
        if form == "returned":
            v.assign_add(x)
            return v
        if form == "read_value":
            before = v.read_value()
            v.assign_add(x)
            return before, v.read_value()
        if form == "several":
            w.assign(w * x)
            v.assign(tf.reduce_sum(w))
            return v, w
        if form == "twice":
            v.assign_add(x)
            v.assign(v * 10.0)
            v.assign_add(x)
            return v * 1.0
        a = v * 1.0
        v.assign(5.0)
        b = v * 1.0
        v.assign_add(x)
        return a, b, v * 1.0

    x = tf.constant(3.0)
    return [f(x), v.numpy(), f(x), v.numpy(), w, f.experimental_get_tracing_count()]


@case("variables/before_assign_keeps_value")
def keeps_value(tf, rng):
    """A value read before an assignment stays; one read after it is new."""
    v = tf.Variable([1.0, 2.0])

    @tf.function
    def f():
        old = tf.identity(v)
        v.assign([10.0, 20.0])
        return old, tf.identity(v), v[0], v.value()

    return [f(), v]


@case("variables/created_once/{form}", form=("none", "attribute", "global", "list", "module"))
def created_once(tf, rng, form):
    """A function may create its variables on its first call."""
    if form == "none":

        class Count(tf.Module):
            def __init__(self):
                self.count = None

            @tf.function
            def __call__(self):
                if self.count is None:
                    self.count = tf.Variable(0)
                return self.count.assign_add(1)

        c = Count()
        return [c(), c(), c.count, Count()()]
    if form == "attribute":

        class Dense(tf.Module):
            def __init__(self, units):
                super().__init__(name="dense")
                self.units, self.built = units, False

            @tf.function
            def __call__(self, x):
                if not self.built:
                    self.w = tf.Variable(tf.ones([x.shape[-1], self.units]), name="w")
                    self.b = tf.Variable(tf.zeros([self.units]), name="b")
                    self.built = True
                return x @ self.w + self.b

        d = Dense(2)
        x = rng.tensor(2, 3)
        return [d(x), d(x * 2), [v.name for v in d.trainable_variables], d.w]
    if form == "global":
        held = {}

        @tf.function
        def f(x):
            if "v" not in held:
                held["v"] = tf.Variable(2.0)
            return held["v"].assign_add(x)

        return [f(tf.constant(1.0)), f(tf.constant(2.0)), held["v"]]
    if form == "list":
        made = []

        @tf.function
        def f(x):
            if not made:
                made.append(tf.Variable(x))
            return made[0] * x

        return [f(tf.constant(3.0)), f(tf.constant(4.0)), made[0]]

    class Net(tf.Module):
        @tf.function
        def __call__(self, x):
            if not hasattr(self, "w"):
                self.w = tf.Variable(lambda: tf.ones([3, 1]))
            return tf.matmul(x, self.w)

    n = Net()
    return [n(tf.ones([1, 3])), n(tf.ones([2, 3])), len(n.variables)]


@case("variables/from_argument_not_lifted")
def not_lifted(tf, rng):
    """A start value that depends on an argument."""
    held = []

    @tf.function
    def f(x):
        if not held:
            held.append(tf.Variable(x * 2.0))
        return held[0] + x

    return raised(lambda: [f(tf.constant(1.0)), f(tf.constant(5.0)), held[0]])


@case("variables/updated_outside")
def updated_outside(tf, rng):
    v = tf.Variable(1.0)
    f = tf.function(lambda x: x * v)
    a = f(tf.constant(2.0))
    v.assign(10.0)
    return [a, f(tf.constant(2.0)), f.experimental_get_tracing_count()]


@case("variables/in_condition")
def in_condition(tf, rng):
    v = tf.Variable(0)

    @tf.function
    def f(x):
        if x > 0:
            v.assign_add(1)
        else:
            v.assign_sub(10)
        return v.read_value()

    return [f(tf.constant(1.0)), f(tf.constant(2.0)), f(tf.constant(-1.0)), v]


@case("variables/in_loop")
def in_loop(tf, rng):
    v = tf.Variable(0)
    w = tf.Variable(tf.zeros([3]))

    @tf.function
    def f(n):
        for i in tf.range(n):
            v.assign_add(i)
            w.assign(w + 1.0)
        return v * 2

    return [f(tf.constant(4)), f(tf.constant(0)), v, w, f.experimental_get_tracing_count()]


@case("variables/scatter")
def scatter(tf, rng):
    v = tf.Variable([1.0, 2.0, 3.0])

    @tf.function
    def f(i, x):
        v.scatter_nd_update([[i]], [x])
        v[0].assign(x * 2.0)
        return v.value()

    return [f(tf.constant(1), tf.constant(9.0)), v]


@case("variables/attributes_inside")
def attributes_inside(tf, rng):
    v = tf.Variable([[1.0, 2.0]], name="kernel")
    seen = []

    @tf.function
    def f():
        seen.append([v.name, v.shape, v.dtype, v.trainable, repr(v), tf.is_tensor(v)])
        return tf.transpose(v)

    return [f(), seen]


@case("variables/unused_update_happens")
def unused_update(tf, rng):
    """An update runs although nothing of it is returned."""
    v = tf.Variable(0.0)

    @tf.function
    def f(x):
        v.assign_add(x)

    return [f(tf.constant(1.5)), f(tf.constant(1.5)), v]


@case("control_dependencies")
def control_dependencies(tf, rng):
    v = tf.Variable(1.0)

    @tf.function
    def f(x):
        with tf.control_dependencies([v.assign_add(x)]):
            return v * 2.0

    return [f(tf.constant(1.0)), f(tf.constant(1.0))]


@case("init_scope")
def init_scope(tf, rng):
    """Inside init_scope the code runs eagerly, once per trace."""
    seen = []

    @tf.function
    def f(x):
        with tf.init_scope():
            seen.append([tf.executing_eagerly(), tf.constant(3.0).numpy()])
        seen.append(tf.executing_eagerly())
        return x

    return [f(tf.constant(1.0)), f(tf.constant(2.0)), seen]
