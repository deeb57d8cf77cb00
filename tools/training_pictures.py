"""Draw the pictures of docs/training-seen.md, from trainings that really run.

    python tools/training_pictures.py        # writes docs/images/training/*.png

A network learns two spirals; a deep sigmoid stack does not; one neuron goes down its loss surface.
"""

from __future__ import annotations

import io
import logging
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import gradtape as tf
from gradtape.insight.training import loss_surface

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "images" / "training"
DPI = 80
Dense = tf.keras.layers.Dense


def spirals(n: int = 400) -> tuple[np.ndarray, np.ndarray]:
    """Points of two spirals in the plane, and which one each belongs to."""
    rng = np.random.default_rng(1)
    angle, which = rng.random(n) * 3 * np.pi, np.arange(n) % 2
    turned = angle + which * np.pi
    points = np.stack([angle * np.cos(turned), angle * np.sin(turned)], axis=1) / 6
    return (points + rng.normal(size=(n, 2)) * 0.03).astype("float32"), which.astype("float32")


def trained(layers: list[Any], optimizer: Any, epochs: int) -> Any:
    x, y = spirals()
    tf.keras.utils.set_random_seed(1)
    model = tf.keras.Sequential(layers)
    model.compile(optimizer, "binary_crossentropy")
    recorder = tf.TrainingRecorder(limit="256 MiB", tapes=False)
    model.fit(x, y, epochs=epochs, batch_size=32, verbose=0, callbacks=[recorder])
    return recorder


def healthy() -> Any:
    layers = [
        Dense(16, "relu", name="first"),
        Dense(16, "tanh", name="second"),
        Dense(16, "relu", name="third"),
    ]
    return trained([*layers, Dense(1, "sigmoid", name="out")], tf.keras.optimizers.Adam(0.01), 40)


def stack() -> Any:
    layers = [Dense(16, "sigmoid", name=f"layer {k + 1}") for k in range(9)]
    return trained([*layers, Dense(1, "sigmoid", name="out")], "sgd", 2)


def descent() -> Any:
    """One neuron, w and b, on 30 points of the line."""
    x = np.linspace(-1, 2, 30).astype("float32")
    points, labels = tf.constant(x), tf.constant((3 * x > 1).astype("float32"))
    w, b = tf.Variable(-1.5), tf.Variable(2.0)

    def loss() -> Any:
        return tf.reduce_mean(
            tf.keras.losses.binary_crossentropy(labels, tf.sigmoid(w * points + b))
        )

    with tf.TrainingRecorder([w, b]) as recorder:
        for _ in range(60):
            with tf.GradientTape() as tape:
                value = loss()
            for variable, gradient in zip((w, b), tape.gradient(value, [w, b])):
                variable.assign_sub(1.5 * gradient)
    return loss_surface(loss, w, b, path=recorder)


def main() -> None:
    logging.getLogger("gradtape").setLevel(logging.ERROR)
    FOLDER.mkdir(parents=True, exist_ok=True)
    good, sick = healthy(), stack()
    figures = {
        "loss": good.plot_loss(),
        "norms": good.plot_norms(),
        "update-ratio": good.plot_update_ratio(),
        "histograms": good.plot_histograms(),
        "gradient-flow": sick.plot_gradient_flow(),
        "surface": descent(),
    }
    for name, figure in figures.items():
        buffer = io.BytesIO()
        figure.savefig(buffer, dpi=DPI)
        # 256 colours are enough for these, with half of the bytes.
        Image.open(buffer).convert("RGB").quantize(256, Image.Quantize.MAXCOVERAGE).save(
            FOLDER / f"{name}.png", optimize=True
        )


if __name__ == "__main__":
    main()
