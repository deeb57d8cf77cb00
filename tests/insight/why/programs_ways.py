"""Mistakes on the way from the source to the target: where the way ends, or never was."""

from tests.insight.why.program import Program

WAYS = [
    # computed before, after, or while the tape pauses
    Program("the target before the tape", "before_tape", "move line 2 into", """
        x = tf.Variable(3.0)
        y = x * x  # here  # fix: -
        with tf.GradientTape() as tape:
            pass  # fix: y = x * x
    """),
    Program("a value before the tape", "before_tape", "into the tape's block", """
        x = tf.Variable([1.0, 2.0])
        h = tf.exp(x)  # here  # fix: -
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(h * 2.0)  # fix: y = tf.reduce_sum(tf.exp(x) * 2.0)
    """),
    Program("a model called before the tape", "before_tape", "into the tape's block", """
        model = keras.Sequential([keras.layers.Dense(1, input_shape=(2,))])
        data = tf.ones([4, 2])
        predicted = model(data)  # here  # fix: -
        with tf.GradientTape() as tape:
            # fix: loss = tf.reduce_mean(tf.square(model(data) - 1.0))
            loss = tf.reduce_mean(tf.square(predicted - 1.0))
    """, "loss", "model.layers[0].kernel"),
    Program("once and used in a loop", "before_tape", "into the tape's block", """
        w = tf.Variable([[1.0], [2.0]])
        data = tf.constant([[1.0, 2.0], [3.0, 4.0]])
        out = data @ w  # here  # fix: -
        for step in range(3):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(out - 1.0))  # fix: loss = tf.reduce_mean(tf.square(data @ w - 1.0))
    """, "loss", "w"),
    Program("a source computed before the tape", "before_tape", "tape.watch(h)", """
        x = tf.Variable(2.0)
        h = x * 3.0  # here
        with tf.GradientTape() as tape:
            y = h * h  # fix: tape.watch(h); y = h * h
    """, "y", "h"),
    Program("the target after the tape", "after_tape", "indent line 4", """
        x = tf.Variable(3.0)
        with tf.GradientTape() as tape:
            h = x * x  # fix: h = x * x; y = h + 1.0
        y = h + 1.0  # here  # fix: -
    """),
    Program("a loss after the tape", "after_tape", "into the tape's block", """
        model = keras.Sequential([keras.layers.Dense(1, input_shape=(2,))])
        data = tf.ones([4, 2])
        with tf.GradientTape() as tape:
            out = model(data)  # fix: out = model(data); loss = tf.reduce_mean(tf.square(out - 1.0))
        loss = tf.reduce_mean(tf.square(out - 1.0))  # here  # fix: -
    """, "loss", "model.trainable_variables[0]"),
    Program("while the tape pauses", "stop_recording", "outside of the stop_recording block", """
        x = tf.Variable(2.0)
        with tf.GradientTape() as tape:
            with tape.stop_recording():
                h = x * x  # here  # fix: pass
            y = h + 1.0  # fix: y = x * x + 1.0
    """),
    Program("the target while the tape pauses", "stop_recording", "outside of the stop_recording block", """
        x = tf.Variable([2.0, 3.0])
        with tf.GradientTape() as tape:
            h = x * x
            with tape.stop_recording():  # fix: if True:
                y = tf.reduce_sum(h)  # here
    """),
    # NumPy and Python numbers
    Program("the mean of NumPy", "numpy", "tf.reduce_mean instead of np.mean", """
        x = tf.Variable([1.0, 2.0])
        with tf.GradientTape() as tape:
            y = np.mean(x * x)  # here  # fix: y = tf.reduce_mean(x * x)
    """),
    Program("the exponential of NumPy", "numpy", "tf.exp instead of np.exp", """
        x = tf.Variable([1.0, 2.0])
        with tf.GradientTape() as tape:
            h = np.exp(x)  # here  # fix: h = tf.exp(x)
            y = tf.reduce_sum(h * 2.0)
    """),
    Program("a call of numpy()", "numpy", "leave .numpy() out", """
        x = tf.Variable([1.0, 2.0])
        with tf.GradientTape() as tape:
            h = x * x
            print(h.numpy())
            plain = h.numpy()  # here  # fix: plain = h
            y = tf.reduce_sum(plain)
    """),
    Program("a number in a function", "numpy", "leave float(...) out", """
        x = tf.Variable(2.0)

        def scaled(x):
            return 3.0 * float(x)  # here  # fix: return 3.0 * x

        with tf.GradientTape() as tape:
            y = tf.square(scaled(x))
    """),
    Program("a list of numbers", "numpy", "leave float(...) out", """
        x = tf.Variable([1.0, 2.0])
        losses = []
        with tf.GradientTape() as tape:
            for i in range(2):
                losses.append(float(x[i] * x[i]))  # here  # fix: losses.append(x[i] * x[i])
            y = tf.add_n([tf.convert_to_tensor(l) for l in losses])
    """),
    Program("a function of math", "numpy", "tf.sin instead of math.sin", """
        import math
        x = tf.Variable(1.0)
        with tf.GradientTape() as tape:
            y = tf.constant(2.0) * math.sin(x)  # here  # fix: y = 2.0 * tf.sin(x)
    """),
    Program("predict instead of a call", "numpy", "model(x), inside the tape", """
        model = keras.Sequential([keras.layers.Dense(1, input_shape=(2,))])
        data = tf.ones([4, 2])
        with tf.GradientTape() as tape:
            out = model.predict(data, verbose=0)  # here  # fix: out = model(data)
            loss = tf.reduce_mean(tf.square(out - 1.0))
    """, "loss", "model.layers[0].kernel"),
    Program("the loss as a number", "numpy", "leave float(...) out", """
        x = tf.Variable(2.0)
        with tf.GradientTape() as tape:
            y = float(x * x)  # here  # fix: y = x * x
    """, asks=False),
    Program("through an array", "numpy", "tf.reduce_sum instead of np.sum", """
        w = tf.Variable([[1.0], [2.0]])
        data = np.array([[1.0, 2.0]], "float32")
        with tf.GradientTape() as tape:
            out = tf.matmul(data, w)
            total = np.sum(out)  # here  # fix: total = tf.reduce_sum(out)
            loss = tf.square(tf.convert_to_tensor(total) - 1.0)
    """, "loss", "w"),
    # assignments
    Program("assigned to another variable", "assigned", "use the tensor itself", """
        x = tf.Variable(2.0)
        state = tf.Variable(0.0)
        with tf.GradientTape() as tape:
            state.assign(x * x)  # here  # fix: h = x * x
            y = state * 3.0  # fix: y = h * 3.0
    """),
    Program("added to a total", "assigned", "use the tensor itself", """
        x = tf.Variable([1.0, 2.0])
        total = tf.Variable(0.0)
        with tf.GradientTape() as tape:
            total.assign_add(tf.reduce_sum(x * x))  # here  # fix: total = tf.reduce_sum(x * x)
            y = total * 1.0
    """),
    Program("a new variable inside", "assigned", "make variables once", """
        x = tf.Variable(2.0)
        with tf.GradientTape() as tape:
            h = tf.Variable(x * 3.0)  # here  # fix: h = x * 3.0
            y = h * h
    """),
    # operations that end a gradient
    Program("stop_gradient", "stop_gradient", "leave tf.stop_gradient out", """
        x = tf.Variable(2.0)
        with tf.GradientTape() as tape:
            h = tf.stop_gradient(x * x)  # here  # fix: h = x * x
            y = h * 3.0
    """),
    Program("stop_gradient in a function", "stop_gradient", "leave tf.stop_gradient out", """
        w = tf.Variable([1.0, 2.0])

        def target(x):
            q = tf.reduce_max(x * w)
            return tf.stop_gradient(q)  # here  # fix: return q

        with tf.GradientTape() as tape:
            y = tf.square(target(tf.constant([3.0, 4.0])) - 1.0)
    """, "y", "w"),
    Program("stop_gradient in a traced function", "stop_gradient", "leave tf.stop_gradient out", """
        w = tf.Variable(2.0)

        @tf.function
        def f(x):
            h = x * w
            h = tf.stop_gradient(h)  # here  # fix: h = h * 1.0
            return h * h

        with tf.GradientTape() as tape:
            y = f(tf.constant(3.0)) + 1.0
    """, "y", "w"),
    Program("a cast to whole numbers", "integer_cast", "keep floats", """
        x = tf.Variable([1.2, 2.7])
        with tf.GradientTape() as tape:
            h = tf.cast(x * 2.0, tf.int32)  # here  # fix: h = x * 2.0
            y = tf.reduce_sum(tf.cast(h, tf.float32))
    """),
    Program("a target of whole numbers", "integer_cast", "keep floats", """
        x = tf.Variable(2.5)
        with tf.GradientTape() as tape:
            y = tf.cast(x * x, tf.int64)  # here  # fix: y = x * x
    """),
    Program("accuracy instead of a loss", "integer_cast", "keep floats", """
        w = tf.Variable([[1.0], [2.0]])
        data, labels = tf.constant([[1.0, -2.0], [3.0, 1.0]]), tf.constant([[0.0], [1.0]])
        with tf.GradientTape() as tape:
            out = data @ w
            hits = tf.cast(tf.cast(out, tf.bool), tf.float32)  # here  # fix: hits = tf.sigmoid(out)
            loss = tf.reduce_mean(tf.square(hits - labels))
    """, "loss", "w"),
    Program("the largest index", "no_derivative", "tf.nn.softmax", """
        w = tf.Variable([[1.0, 2.0, 0.5]])
        with tf.GradientTape() as tape:
            # fix: best = tf.reduce_sum(tf.nn.softmax(w * 2.0) * [0.0, 1.0, 2.0])
            best = tf.argmax(w * 2.0, axis=1)  # here
            loss = tf.reduce_sum(tf.cast(best, tf.float32) * 0.5)
    """, "loss", "w"),
    Program("rounded", "no_derivative", "leave tf.round out", """
        x = tf.Variable([1.2, 2.7])
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(tf.round(x * 2.0))  # here  # fix: y = tf.reduce_sum(x * 2.0)
    """),
    Program("cut down", "no_derivative", "keep the smooth value", """
        x = tf.Variable(2.5)
        with tf.GradientTape() as tape:
            h = tf.floor(x)  # here  # fix: h = x
            y = h * h
    """),
    Program("a comparison", "no_derivative", "tf.sigmoid", """
        w = tf.Variable([0.5, -0.5])
        with tf.GradientTape() as tape:
            out = w * 2.0
            hard = out > 0.0  # here  # fix: hard = tf.sigmoid(out)
            y = tf.reduce_sum(tf.cast(hard, tf.float32))
    """, "y", "w"),
    Program("only a condition", "no_derivative", "tf.sigmoid", """
        x = tf.Variable([1.0, -1.0])
        with tf.GradientTape() as tape:
            positive = tf.greater(x, 0.0)  # here
            y = tf.reduce_sum(tf.where(positive, 1.0, 0.0))  # fix: y = tf.reduce_sum(tf.where(positive, x, 0.0))
    """),
    Program("only a shape", "no_derivative", "not only its shape", """
        x = tf.Variable([1.0, 2.0, 3.0])
        with tf.GradientTape() as tape:
            n = tf.cast(tf.size(x), tf.float32)  # here  # fix: n = tf.reduce_sum(x)
            y = n * 2.0
    """),
    Program("a function of NumPy's in the graph", "no_derivative", "tf.py_function", """
        x = tf.Variable(0.5)

        @tf.function
        def f(x):
            h = x * 2.0
            h = tf.numpy_function(np.sinh, [h], tf.float32)  # here  # fix: h = tf.sinh(h)
            return h * 3.0

        with tf.GradientTape() as tape:
            y = f(x)
    """),
    Program("a gradient function that gives None", "custom_gradient", "return a tensor", """
        x = tf.Variable(2.0)

        @tf.custom_gradient
        def double(x):
            def grad(upstream):
                return None  # fix: return upstream * 2.0
            return x * 2.0, grad

        with tf.GradientTape() as tape:
            y = double(x)  # here
    """),
    # not connected, used up, forgotten
    Program("another variable", "not_connected", "use `w`", """
        w = tf.Variable(2.0)
        v = tf.Variable(3.0)
        with tf.GradientTape() as tape:
            loss = v * v  # here  # fix: loss = v * w
    """, "loss", "w"),
    Program("a weight that is left out", "not_connected", "use `b`", """
        w, b = tf.Variable([[1.0], [2.0]]), tf.Variable([0.5])
        data = tf.constant([[1.0, 2.0]])
        with tf.GradientTape() as tape:
            out = data @ w  # fix: out = data @ w + b
            loss = tf.reduce_mean(tf.square(out))  # here
    """, "loss", "b"),
    Program("a copy of the weights", "not_connected", "use `w`", """
        w = tf.Variable([1.0, 2.0])
        copy = tf.Variable(w)  # fix: copy = w
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(copy * copy)  # here
    """, "y", "w"),
    Program("after its gradient", "tape_used", "persistent=True", """
        x = tf.Variable(2.0)
        with tf.GradientTape() as tape:  # fix: with tf.GradientTape(persistent=True) as tape:
            h = x * x
            g = tape.gradient(h, x)  # here
            y = x * x * x
    """, asks=False),
    Program("from the last time", "forgotten", "before the tape is opened again", """
        x = tf.Variable(2.0)
        tape = tf.GradientTape()
        with tape:
            y = x * x
        tape.gradient(y, x)  # fix: again = tf.GradientTape()
        with tape:  # here  # fix: with again:
            z = x * 3.0
    """),
    Program("reset", "forgotten", "before the tape is opened again", """
        x = tf.Variable(2.0)
        with tf.GradientTape(persistent=True) as tape:
            y = x * x
        tape.reset()  # fix: -
        with tape:  # here
            z = x * 3.0
    """),
    # a metric for a loss
    Program("a metric as the loss", "numpy", "such as tf.keras.losses.MeanSquaredError()", """
        model = keras.Sequential([keras.layers.Dense(1, input_shape=(2,))])
        mse = keras.metrics.MeanSquaredError()  # fix: mse = tf.keras.losses.MeanSquaredError()
        with tf.GradientTape() as tape:
            predicted = model(tf.ones([4, 2]))
            loss = mse(tf.ones([4, 1]), predicted)  # here
    """, "loss", "model.layers[0].kernel"),
    Program("a metric's result as the loss", "numpy", "such as tf.keras.losses.MeanAbsoluteError()", """
        model = keras.Sequential([keras.layers.Dense(1, input_shape=(2,))])
        mae = keras.metrics.MeanAbsoluteError()
        with tf.GradientTape() as tape:
            predicted = model(tf.ones([4, 2]))
            mae.update_state(tf.ones([4, 1]), predicted)
            # fix: loss = tf.keras.losses.MeanAbsoluteError()(tf.ones([4, 1]), predicted)
            loss = mae.result()  # here
    """, "loss", "model.layers[0].kernel"),
]  # fmt: skip
