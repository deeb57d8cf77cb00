"""Draw the lecture's neuron: the value above every wire, its gradient below, from the tape of the code that follows.

    python tools/neuron_picture.py        # writes docs/images/neuron.svg

The picture takes its colours from the reader's light or dark setting and needs no font of its own.
"""

from __future__ import annotations

from pathlib import Path

import gradtape as tf

TARGET = Path(__file__).resolve().parents[1] / "docs" / "images" / "neuron.svg"


def draw() -> str:
    """The picture as SVG."""
    w = tf.Variable([[2.0], [-3.0]], name="w")
    b = tf.Variable(-3.0, name="b")
    x = tf.constant([[-1.0, -2.0]])

    with tf.GradientTape() as tape:
        p = tf.sigmoid(x @ w + b)

    return tf.explain(tape, p, detail="gate").circuit(decimals=2).svg()


def main() -> None:
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_text(draw(), encoding="utf-8")
    print(TARGET.name, "written")


if __name__ == "__main__":
    main()
