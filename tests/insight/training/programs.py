"""A small network that trains with everything in it: dropout, batch normalisation, three activations."""

import numpy as np

from gradtape import keras

X = np.random.default_rng(0).normal(size=(96, 4)).astype("float32")
Y = (X[:, :1] * X[:, 1:2] > 0).astype("float32")


def model(seed: int = 3, **options) -> keras.Sequential:
    keras.utils.set_random_seed(seed)
    made = keras.Sequential(
        [
            keras.layers.Dense(8, "relu", name="first"),
            keras.layers.Dropout(0.2, name="drop"),
            keras.layers.BatchNormalization(name="norm"),
            keras.layers.Dense(6, "tanh", name="second"),
            keras.layers.Dense(1, "sigmoid", name="out"),
        ]
    )
    made.compile(options.pop("optimizer", "adam"), "binary_crossentropy", ["accuracy"], **options)
    return made


def fitted(callbacks=(), epochs=3, **options):
    """Its weights and its history after `fit`."""
    made = model(**options)
    history = made.fit(X, Y, epochs=epochs, verbose=0, callbacks=list(callbacks)).history
    return made.get_weights(), history
