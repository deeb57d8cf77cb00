"""A recorded `fit` gives the weights that `fit` gives: bit for bit where steps are not compiled."""

import numpy as np
import pytest

import gradtape as tf
from gradtape import keras
from gradtape.insight.training import TrainingRecorder

L, OPT = keras.layers, keras.optimizers
RNG = np.random.default_rng(0)
IMAGES = RNG.normal(size=(40, 8, 8, 2)).astype("float32")
SERIES = RNG.normal(size=(40, 5, 3)).astype("float32")
WORDS = RNG.integers(0, 20, (40, 6))
ROWS = RNG.normal(size=(40, 5)).astype("float32")
YES = (RNG.random((40, 1)) > 0.5).astype("float32")
KINDS = RNG.integers(0, 3, 40)


def attend(t):
    return tf.matmul(tf.nn.softmax(tf.matmul(t, t, transpose_b=True)), t)


NETWORKS = {
    "convolution": (IMAGES, KINDS, "sparse_categorical_crossentropy", lambda: [
        L.Conv2D(4, 3, activation="relu"), L.MaxPooling2D(), L.Flatten(), L.Dropout(0.3), L.Dense(3, "softmax"),
    ]),
    "words": (WORDS, YES, "binary_crossentropy", lambda: [
        L.Embedding(20, 4), L.GlobalAveragePooling1D(), L.Dense(1, "sigmoid"),
    ]),
    "regularised": (ROWS, YES, "mse", lambda: [
        L.Dense(6, "elu", kernel_regularizer="l2", activity_regularizer="l1"), L.GaussianNoise(0.1),
        L.LayerNormalization(), L.Dense(1, kernel_constraint="non_neg"),
    ]),
    "attention": (SERIES, YES, "mse", lambda: [L.Dense(4), L.Lambda(attend), L.Flatten(), L.Dense(1, "gelu")]),
    "recurrent": (SERIES, YES, "mse", lambda: [L.LSTM(4, return_sequences=True), L.GRU(3), L.Dense(1)]),
}  # fmt: skip
OPTIMIZERS = {
    "sgd": lambda: OPT.SGD(0.05, momentum=0.9, nesterov=True, clipnorm=1.0),
    "adam": lambda: OPT.Adam(OPT.schedules.ExponentialDecay(0.01, 5, 0.9)),
    "adamw": lambda: OPT.AdamW(weight_decay=0.01, global_clipnorm=0.5),
    "averages": lambda: OPT.RMSprop(0.01, centered=True, use_ema=True, ema_overwrite_frequency=2),
}


def weights(network: str, optimizer: str, callbacks: list) -> list[np.ndarray]:
    x, y, loss, layers = NETWORKS[network]
    keras.utils.set_random_seed(5)
    model = keras.Sequential(layers())
    model.compile(OPTIMIZERS[optimizer](), loss, ["accuracy"], jit_compile=False)
    model.fit(x, y, batch_size=16, epochs=2, verbose=0, callbacks=callbacks)
    return model.get_weights()


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("network", NETWORKS)
def test_recorded_weights(network, optimizer):
    recorder = TrainingRecorder()
    seen, plain = weights(network, optimizer, [recorder]), weights(network, optimizer, [])
    assert len(recorder) == 6
    for a, b in zip(seen, plain, strict=True):
        if network == "recurrent":  # a traced loop adds up its gradients in one product
            np.testing.assert_allclose(a, b, rtol=0, atol=1e-6)
        else:
            np.testing.assert_array_equal(a, b)
