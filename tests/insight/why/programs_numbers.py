"""Gradients that are there and of no use: zeros, and numbers that are not finite."""

from tests.insight.why.program import Program

NUMBERS = [
    # zero
    Program("a dead unit", "dead_unit", "tf.nn.leaky_relu", """
        w = tf.Variable(-2.0)
        with tf.GradientTape() as tape:
            h = tf.nn.relu(w * 3.0)  # here  # fix: h = tf.nn.leaky_relu(w * 3.0)
            loss = tf.square(h - 1.0)
    """, "loss", "w"),
    Program("a dead layer", "dead_unit", "tf.nn.leaky_relu", """
        x = tf.constant([[1.0, 2.0], [3.0, 4.0]])
        w = tf.Variable([[-1.0, -2.0, -0.5], [-1.0, -1.0, -1.0]])
        b = tf.Variable(tf.zeros(3))
        with tf.GradientTape() as tape:
            h = tf.nn.relu(x @ w + b)  # here  # fix: h = tf.nn.leaky_relu(x @ w + b)
            loss = tf.reduce_mean(tf.square(h - 1.0))
    """, "loss", "w"),
    Program("a dead layer of Keras", "dead_unit", "leaky_relu", """
        model = keras.Sequential([
            keras.layers.Dense(4, activation="relu", input_shape=(2,),
                               # fix: bias_initializer=keras.initializers.Constant(50.0)),
                               bias_initializer=keras.initializers.Constant(-50.0)),
            keras.layers.Dense(1),
        ])
        data = tf.ones([3, 2])
        with tf.GradientTape() as tape:
            out = model(data)  # here
            loss = tf.reduce_mean(tf.square(out - 1.0))
    """, "loss", "model.layers[0].kernel"),
    Program("relu at exactly zero", "dead_unit", "other weights", """
        w = tf.Variable(tf.zeros([2, 1]))  # fix: w = tf.Variable(tf.ones([2, 1]))
        x = tf.constant([[1.0, 2.0]])
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.nn.relu(x @ w))  # here
    """, "loss", "w"),
    Program("the larger of two", "dead_unit", "look at the values before tf.maximum", """
        x = tf.Variable([-1.0, -2.0])
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(tf.maximum(x, 0.0))  # here  # fix: y = tf.reduce_sum(tf.nn.softplus(x))
    """),
    Program("clipped", "dead_unit", "inside of the bounds", """
        x = tf.Variable([2.0, 3.0])
        with tf.GradientTape() as tape:
            h = tf.clip_by_value(x, 0.0, 1.0)  # here  # fix: h = tf.clip_by_value(x, 0.0, 10.0)
            y = tf.reduce_sum(h * h)
    """),
    Program("a hinge loss that is met", "dead_unit", "look at the values before tf.maximum", """
        w = tf.Variable(5.0)
        with tf.GradientTape() as tape:
            margin = 1.0 - w * 2.0  # fix: margin = 20.0 - w * 2.0
            loss = tf.maximum(0.0, margin)  # here
    """, "loss", "w"),
    Program("a flat sigmoid", "saturated", "make its input smaller", """
        w = tf.Variable(50.0)  # fix: w = tf.Variable(0.5)
        with tf.GradientTape() as tape:
            p = tf.sigmoid(w * 2.0)  # here
            loss = tf.square(p - 0.5)
    """, "loss", "w"),
    Program("a flat sigmoid on the other side", "saturated", "make its input smaller", """
        w = tf.Variable(-40.0)  # fix: w = tf.Variable(-0.4)
        with tf.GradientTape() as tape:
            p = tf.nn.sigmoid(w * 2.0)  # here
            loss = tf.square(p - 1.0)
    """, "loss", "w"),
    Program("a flat tanh", "saturated", "scale the data", """
        x = tf.constant([[100.0, 200.0]])  # fix: x = tf.constant([[0.1, 0.2]])
        w = tf.Variable([[1.0], [0.5]])
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(tf.tanh(x @ w))  # here
    """, "y", "w"),
    Program("a flat softmax", "saturated", "make the logits smaller", """
        logits = tf.Variable([[200.0, 0.0, -200.0]])  # fix: logits = tf.Variable([[0.2, 0.0, -0.2]])
        with tf.GradientTape() as tape:
            p = tf.nn.softmax(logits)  # here
            loss = tf.reduce_mean(tf.square(p - [[0.0, 1.0, 0.0]]))
    """, "loss", "logits"),
    Program("a mask of zeros", "times_zero", "must not be all zeros", """
        x = tf.Variable([1.0, 2.0])
        mask = tf.zeros(2)  # fix: mask = tf.constant([0.0, 1.0])
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(x * mask)  # here
    """),
    Program("weights that start at zero", "times_zero", "must not be all zeros", """
        x = tf.constant([[1.0, 2.0]])
        w1 = tf.Variable([[0.5, -0.3], [0.2, 0.1]])
        w2 = tf.Variable(tf.zeros([2, 1]))  # fix: w2 = tf.Variable([[0.1], [-0.2]])
        with tf.GradientTape() as tape:
            h = tf.tanh(x @ w1)
            loss = tf.reduce_mean(tf.square(h @ w2 - 1.0))  # here
    """, "loss", "w1"),
    Program("a factor of zero", "times_zero", "must not be all zeros", """
        x = tf.Variable(3.0)
        scale = 0.0  # fix: scale = 0.1
        with tf.GradientTape() as tape:
            y = x * scale  # here
    """),
    Program("the branch not taken", "not_chosen", "look at the condition", """
        x = tf.Variable([1.0, 2.0])
        with tf.GradientTape() as tape:
            h = x * x
            y = tf.reduce_sum(tf.where(x > 5.0, h, 1.0))  # here  # fix: y = tf.reduce_sum(tf.where(x > 1.5, h, 1.0))
    """),
    Program("another element", "not_chosen", "look at the indices", """
        a = tf.Variable([1.0, 2.0])
        b = tf.constant([3.0, 4.0])
        with tf.GradientTape() as tape:
            both = tf.concat([a, b], axis=0)
            y = both[3] * 2.0  # here  # fix: y = both[1] * 2.0
    """, "y", "a"),
    Program("the largest of others", "not_chosen", "use all elements", """
        a = tf.Variable([1.0, 2.0])
        with tf.GradientTape() as tape:
            both = tf.concat([a, [9.0]], axis=0)
            y = tf.reduce_max(both)  # here  # fix: y = tf.reduce_logsumexp(both)
    """, "y", "a"),
    Program("added and taken away", "cancelled", "look at the signs", """
        x = tf.Variable(3.0)
        with tf.GradientTape() as tape:
            h = x * 2.0
            y = h - 2.0 * x  # here  # fix: y = h + 2.0 * x
    """),
    Program("the sum of a softmax", "cancelled", "use single entries", """
        logits = tf.Variable([[1.0, 2.0, 3.0]])
        with tf.GradientTape() as tape:
            p = tf.nn.softmax(logits)  # here
            loss = tf.reduce_sum(p)  # fix: loss = -tf.math.log(p[0, 0])
    """, "loss", "logits"),
    Program("centred and summed", "cancelled", "look at the signs", """
        x = tf.Variable([1.0, 2.0, 3.0, 4.0])
        with tf.GradientTape() as tape:
            centred = x - tf.reduce_mean(x)  # here
            y = tf.reduce_sum(centred)  # fix: y = tf.reduce_sum(centred * centred)
    """),
    Program("at the bottom", "flat", "start from another point", """
        x = tf.Variable(0.0)  # fix: x = tf.Variable(0.5)
        with tf.GradientTape() as tape:
            y = tf.square(x)  # here
    """),
    Program("a sign", "flat", "tf.tanh", """
        x = tf.Variable([0.5, -2.0])
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(tf.sign(x))  # here  # fix: y = tf.reduce_sum(tf.tanh(x))
    """),
    Program("too small", "underflow", "float64", """
        x = tf.Variable(1e-30)  # fix: x = tf.Variable(1e-30, dtype=tf.float64)
        with tf.GradientTape() as tape:
            h = x * 1e-30  # here  # fix: h = x * 1e-4
            y = h * 1e-30  # fix: y = h * 1e-1
    """),
    # not finite
    Program("the power in the branch not taken", "zero_times_inf", "the double where", """
        x = tf.Variable([0.0, 0.0, 1.0, 4.0, 0.0])
        with tf.GradientTape() as tape:
            root = x ** 0.5  # here  # fix: root = tf.where(x > 0.0, x, 1.0) ** 0.5
            y = tf.reduce_sum(tf.where(x > 0.0, root, 0.0))
    """),
    Program("the logarithm in the branch not taken", "zero_times_inf", "the double where", """
        x = tf.Variable([0.0, 2.0])
        with tf.GradientTape() as tape:
            # fix: y = tf.reduce_sum(tf.where(x > 0.0, tf.math.log(tf.where(x > 0.0, x, 1.0)), 0.0))
            y = tf.reduce_sum(tf.where(x > 0.0, tf.math.log(x), 0.0))  # here
    """),
    Program("a division in the branch not taken", "zero_times_inf", "the double where", """
        x = tf.Variable([0.0, 2.0])
        with tf.GradientTape() as tape:
            h = 1.0 / x  # here  # fix: h = 1.0 / tf.where(x == 0.0, 1.0, x)
            y = tf.reduce_sum(tf.where(x == 0.0, 1.0, h))
    """),
    Program("a mask after the power", "zero_times_inf", "safe before", """
        x = tf.Variable([0.0, 4.0])
        with tf.GradientTape() as tape:
            root = tf.pow(x, 0.5)  # here  # fix: root = tf.pow(tf.where(x > 0.0, x, 1.0), 0.5)
            y = tf.reduce_sum(root * tf.constant([0.0, 1.0]))
    """),
    Program("the exponential of a large number", "overflow", "subtract the maximum", """
        x = tf.Variable([1.0, 2.0, 120.0])
        with tf.GradientTape() as tape:
            e = tf.exp(x)  # here  # fix: e = tf.exp(x / 100.0)
            y = tf.math.log(tf.reduce_sum(e * e))
    """),
    Program("a softmax by hand", "overflow", "tf.nn.softmax", """
        logits = tf.Variable([[500.0, 1.0]])
        with tf.GradientTape() as tape:
            e = tf.exp(logits)  # here  # fix: e = tf.nn.softmax(logits / 100.0)
            p = e / tf.reduce_sum(e)
            loss = tf.reduce_sum(p * [[0.0, 1.0]])
    """, "loss", "logits"),
    Program("a square that is too large", "overflow", "make the values smaller", """
        w = tf.Variable(3e20)
        with tf.GradientTape() as tape:
            loss = tf.square(w)  # here  # fix: loss = tf.square(w * 1e-10)
            loss = loss * loss
    """, "loss", "w"),
    Program("too large on the way back", "overflow", "make the values smaller", """
        x = tf.Variable(1e-30)
        with tf.GradientTape() as tape:
            h = x * 1e30  # here  # fix: h = x * 1e3
            y = h * 1e30  # fix: y = h * 1e3
    """),
    Program("the logarithm of zero", "outside_domain", "tf.math.log(x + 1e-7)", """
        p = tf.Variable([0.0, 0.5])
        with tf.GradientTape() as tape:
            loss = -tf.reduce_sum(tf.math.log(p))  # here  # fix: loss = -tf.reduce_sum(tf.math.log(p + 1e-7))
    """, "loss", "p"),
    Program("the root of a negative number", "outside_domain", "tf.sqrt(x + 1e-7)", """
        x = tf.Variable([4.0, -1.0])
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(tf.sqrt(x))  # here  # fix: y = tf.reduce_sum(tf.sqrt(tf.abs(x) + 1e-7))
    """),
    Program("divided by zero", "outside_domain", "divide_no_nan", """
        x = tf.Variable([1.0, 2.0])
        n = tf.constant([0.0, 2.0])
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(x / n)  # here  # fix: y = tf.reduce_sum(tf.math.divide_no_nan(x, n))
    """),
    Program("the root at zero", "infinite_derivative", "tf.sqrt(x + 1e-7)", """
        x = tf.Variable([0.0, 4.0])
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(tf.sqrt(x))  # here  # fix: y = tf.reduce_sum(tf.sqrt(x + 1e-7))
    """),
    Program("the norm of zeros", "infinite_derivative", "tf.reduce_sum(x * x) + 1e-12", """
        x = tf.Variable([0.0, 0.0])
        with tf.GradientTape() as tape:
            y = tf.norm(x - 0.0)  # here  # fix: y = tf.sqrt(tf.reduce_sum((x - 1e-3) ** 2) + 1e-12)
    """),
    Program("a distance of a point to itself", "infinite_derivative", "tf.sqrt(x + 1e-7)", """
        a = tf.Variable([1.0, 2.0])
        b = tf.constant([1.0, 2.0])
        with tf.GradientTape() as tape:
            squared = tf.reduce_sum(tf.square(a - b))
            y = tf.sqrt(squared)  # here  # fix: y = tf.sqrt(squared + 1e-7) + tf.reduce_sum(a)
    """, "y", "a"),
    Program("data with a gap", "nonfinite_input", "data with gaps", """
        w = tf.Variable([1.0, 2.0])
        data = tf.constant([3.0, np.nan])  # here  # fix: data = tf.constant([3.0, 0.0])
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(w * data - 1.0))
    """, "loss", "w"),
    Program("a weight that ran away", "nonfinite_input", "a step that was too large", """
        w = tf.Variable([1.0, np.inf])  # here  # fix: w = tf.Variable([1.0, 2.0])
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(w * w)
    """, "loss", "w"),
]  # fmt: skip
