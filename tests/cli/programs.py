"""Scripts that are explained."""

NEURON = (
    "import tensorflow as tf",
    "w = tf.Variable(2.0)",
    "x = tf.constant(-1.0)",
    "with tf.GradientTape() as tape:",
    "    p = tf.sigmoid(w * x)",
    "dw, dx = tape.gradient(p, [w, x])",
    "print('printed by the script', float(dw))",
)

LOOP = (
    "import tensorflow as tf",
    "w = tf.Variable(1.0)",
    "for step in range(1, 24):",
    "    with tf.GradientTape() as tape:",
    "        loss = w * w * float(step)",
    "    g = tape.gradient(",
    "        loss,",
    "        w)",
    "    w.assign_sub(0.01 * g)",
    "with tf.GradientTape() as tape:",
    "    y = tf.exp(w)",
    "tape.gradient(y, w)",
)
