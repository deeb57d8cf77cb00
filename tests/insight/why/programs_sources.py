"""Mistakes about the source: what is no variable, what is not watched, what is replaced, whole numbers."""

from tests.insight.why.program import Program

SOURCES = [
    Program("a constant", "constant", "use x = tf.Variable(3.0), or tape.watch(x) before line 3", """
        x = tf.constant(3.0)  # here  # fix: x = tf.Variable(tf.constant(3.0))
        with tf.GradientTape() as tape:
            y = x * x
    """),
    Program("zeros", "constant", "tape.watch(x) before line 3", """
        x = tf.zeros(3)  # here
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(tf.exp(x))  # fix: tape.watch(x); y = tf.reduce_sum(tf.exp(x))
    """),
    Program("a random start", "constant", "tf.Variable", """
        w = tf.random.normal([2, 1], seed=1)  # here  # fix: w = tf.Variable(tf.random.normal([2, 1], seed=1))
        b = tf.Variable(0.0)
        data = tf.constant([[1.0, 2.0]])
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(data @ w + b)
    """, "loss", "w"),
    Program("an argument of a function", "constant", "tape.watch(x) before line 3", """
        def slope(x):
            with tf.GradientTape() as tape:
                y = tf.sin(x)  # fix: tape.watch(x); y = tf.sin(x)
            return ASK(y, x)

        start = tf.constant(1.0)  # here
        answer = slope(start)
    """),
    Program("an element of a list", "constant", "tf.Variable", """
        ws = [
            tf.Variable(1.0),
            tf.constant(2.0),  # here  # fix: tf.Variable(2.0),
        ]
        with tf.GradientTape() as tape:
            y = ws[0] * ws[1]
    """, "y", "ws[1]"),
    Program("an element of a dictionary", "constant", "tf.Variable", """
        params = {
            "w": tf.ones(2),  # here  # fix: "w": tf.Variable(tf.ones(2)),
            "b": tf.Variable(1.0),
        }
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(params["w"] * 3.0 + params["b"])
    """, "y", "params['w']"),
    Program("an attribute", "constant", "tf.Variable", """
        class Line:
            def __init__(self):
                self.w = tf.constant([2.0])  # here  # fix: self.w = tf.Variable([2.0])
                self.b = tf.Variable([0.5])

            def __call__(self, x):
                return self.w * x + self.b

        line = Line()
        with tf.GradientTape() as tape:
            y = line(3.0)
    """, "y", "line.w"),
    Program("what a loop gives", "constant", "tape.watch(x)", """
        data = tf.data.Dataset.from_tensor_slices([1.0, 2.0])
        for x in data:  # here
            with tf.GradientTape() as tape:
                y = x * x  # fix: tape.watch(x); y = x * x
    """),
    Program("converted from NumPy", "constant", "tf.Variable", """
        # fix: x = tf.Variable(np.array([1.0, 2.0], "float32"))
        x = tf.convert_to_tensor(np.array([1.0, 2.0], "float32"))  # here
        with tf.GradientTape() as tape:
            y = tf.reduce_mean(x * x)
    """),
    Program("a NumPy array", "constant", "tf.Variable(np.array([1.0, 2.0]))", """
        x = np.array([1.0, 2.0])  # here  # fix: x = tf.Variable(np.array([1.0, 2.0]))
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(tf.square(x))
    """, asks=False),
    Program("a number of Python's", "constant", "tf.Variable(2.0)", """
        x = 2.0  # here  # fix: x = tf.Variable(2.0)
        with tf.GradientTape() as tape:
            y = tf.exp(x)
    """, asks=False),
    Program("watched too late", "watched_late", "before line 3", """
        x = tf.constant(3.0)
        with tf.GradientTape() as tape:
            h = x * x  # here  # fix: tape.watch(x); h = x * x
            tape.watch(x)  # fix: -
            y = h + 1.0
    """),
    Program("the whole number 1", "integer", "tf.Variable(1.0)", """
        x = tf.Variable(1)  # here  # fix: x = tf.Variable(1.0)
        with tf.GradientTape() as tape:
            y = x * x
    """),
    Program("a list of whole numbers", "integer", "tf.Variable([1.0, 2.0, 3.0])", """
        w = tf.Variable([1, 2, 3])  # here  # fix: w = tf.Variable([1.0, 2.0, 3.0])
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(w * w)
    """, "y", "w"),
    Program("a whole number watched", "integer", "tf.constant(3.0)", """
        x = tf.constant(3)  # here  # fix: x = tf.constant(3.0)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
    """),
    Program("an integer dtype", "integer", "tf.Variable(np.arange(3.0))", """
        x = tf.Variable(np.arange(3))  # here  # fix: x = tf.Variable(np.arange(3.0))
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(x * x)
    """),
    Program("a step of descent", "replaced", "w.assign_sub(0.1 * g)", """
        w = tf.Variable(1.0)
        for step in range(2):
            with tf.GradientTape() as tape:
                loss = tf.square(w - 3.0)
            if step == 1:
                break
            g = tape.gradient(loss, w)
            w = w - 0.1 * g  # here  # fix: w.assign_sub(0.1 * g)
    """, "loss", "w"),
    Program("a bias with a sum", "replaced", "b.assign_add(0.5)", """
        b = tf.Variable([1.0, 2.0])
        b = b + 0.5  # here  # fix: b.assign_add([0.5, 0.5])
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(b * b)
    """, "y", "b"),
    Program("a weight of an object", "replaced", "self.w.assign_sub", """
        class Net:
            def __init__(self):
                self.w = tf.Variable(2.0)

            def loss(self, x):
                return tf.square(self.w * x)

            def step(self, x):
                with tf.GradientTape() as tape:
                    loss = self.loss(x)
                g = tape.gradient(loss, self.w)
                self.w = self.w - 0.1 * g  # here  # fix: self.w.assign_sub(0.1 * g)

        net = Net()
        net.step(1.0)
        with tf.GradientTape() as tape:
            loss = net.loss(1.0)
    """, "loss", "net.w"),
    Program("a list made anew", "replaced", "for p, g in zip(params, grads): p.assign_sub(0.1 * g)", """
        params = [tf.Variable(1.0), tf.Variable(2.0)]
        grads = [0.1, 0.2]
        # fix: [p.assign_sub(0.1 * g) for p, g in zip(params, grads)]
        params = [p - 0.1 * g for p, g in zip(params, grads)]  # here
        with tf.GradientTape() as tape:
            y = params[0] * params[1]
    """, "y", "params[0]"),
    Program("a weight scaled", "replaced", "w.assign(tf.clip_by_value(w, 0.0, 0.5))", """
        w = tf.Variable(tf.ones([2]))
        w = tf.clip_by_value(w, 0.0, 0.5)  # here  # fix: w.assign(tf.clip_by_value(w, 0.0, 0.5))
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(w * 2.0)
    """, "y", "w"),
    Program("not trainable", "not_trainable", "trainable=False", """
        w = tf.Variable(2.0, trainable=False)  # here  # fix: w = tf.Variable(2.0)
        with tf.GradientTape() as tape:
            y = w * w
    """, "y", "w"),
    Program("a weight that is not trainable", "not_trainable", "tape.watch(scale)", """
        scale = tf.Variable([1.0, 2.0], trainable=False, name="scale")  # here
        x = tf.Variable([3.0, 4.0])
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(scale * x)  # fix: tape.watch(scale); y = tf.reduce_sum(scale * x)
    """, "y", "scale"),
    Program("a tape that watches nothing", "not_watched", "tape.watch(x)", """
        x = tf.Variable(2.0)
        with tf.GradientTape(watch_accessed_variables=False) as tape:  # here
            y = x * x  # fix: tape.watch(x); y = x * x
    """),
    Program("a tape that watches another", "not_watched", "leave watch_accessed_variables out", """
        w, b = tf.Variable(2.0), tf.Variable(1.0)
        with tf.GradientTape(watch_accessed_variables=False) as tape:  # here  # fix: with tf.GradientTape() as tape:
            tape.watch(b)
            y = w * 3.0 + b
    """, "y", "w"),
]  # fmt: skip
