"""Adaptive moments."""

from __future__ import annotations

import numpy as np

from gradtape.keras.optimizers.base import Optimizer
from gradtape.keras.optimizers.traced import power


class Adam(Optimizer):
    """Adam: steps scaled by running means of the gradient and of its square.

    m <- m + (1 - b1)(g - m);  v <- v + (1 - b2)(g^2 - v);
    w <- w - lr sqrt(1 - b2^t) / (1 - b1^t) m / (sqrt(v) + epsilon)
    amsgrad: the largest v so far takes the place of v.

    Source: Kingma and Ba, 2014; Reddi et al., 2018.
    """

    hyperparameters = (
        "beta_1",
        "beta_2",
        "epsilon",
        "amsgrad",
    )

    @property
    def slots(self):
        return ("m", "v", "vhat") if self.amsgrad else ("m", "v")

    def __init__(
        self,
        learning_rate=0.001,
        beta_1=0.9,
        beta_2=0.999,
        epsilon=1e-7,
        amsgrad=False,
        weight_decay=None,
        clipnorm=None,
        clipvalue=None,
        global_clipnorm=None,
        use_ema=False,
        ema_momentum=0.99,
        ema_overwrite_frequency=None,
        jit_compile=True,
        name="Adam",
        **kwargs,
    ):
        super().__init__(
            name, weight_decay, clipnorm, clipvalue, global_clipnorm, use_ema, ema_momentum,
            ema_overwrite_frequency, jit_compile, **kwargs,
        )  # fmt: skip
        self._learning_rate = self._build_learning_rate(learning_rate)
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.amsgrad = amsgrad

    def slot_groups(self):
        return (self.slots[:2], self.slots[2:])

    # TensorFlow casts a Python number by way of float32; only float64 variables see that.
    def step(self, g, w, lr, m, v, *highest):
        cast = w.dtype.type
        t = self._step_number(w.dtype)
        one = cast(1)
        powers = [power(cast(np.float32(b)), t) for b in (self.beta_1, self.beta_2)]
        alpha = lr * np.sqrt(one - powers[1]) / (one - powers[0])
        m = m + (g - m) * cast(1 - self.beta_1)
        v = v + (np.square(g) - v) * cast(1 - self.beta_2)
        if not self.amsgrad:
            return w - (m * alpha) / (np.sqrt(v) + cast(self.epsilon)), m, v
        top = np.maximum(highest[0], v)
        return w - (m * alpha) / (np.sqrt(top) + cast(self.epsilon)), m, v, top
