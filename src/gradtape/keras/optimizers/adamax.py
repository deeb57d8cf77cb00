"""Adam by the largest gradient."""

from __future__ import annotations

import numpy as np

from gradtape.keras.optimizers.base import Optimizer
from gradtape.keras.optimizers.traced import power


class Adamax(Optimizer):
    """Adamax: Adam with the infinity norm.

    m <- m + (1 - b1)(g - m);  u <- max(b2 u, |g|);
    w <- w - lr m / ((1 - b1^t)(u + epsilon)).   Source: Kingma and Ba, 2014.
    """

    hyperparameters = (
        "beta_1",
        "beta_2",
        "epsilon",
    )
    slots = ("m", "u")

    def __init__(
        self,
        learning_rate=0.001,
        beta_1=0.9,
        beta_2=0.999,
        epsilon=1e-7,
        weight_decay=None,
        clipnorm=None,
        clipvalue=None,
        global_clipnorm=None,
        use_ema=False,
        ema_momentum=0.99,
        ema_overwrite_frequency=None,
        jit_compile=True,
        name="Adamax",
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

    def step(self, g, w, lr, m, u):
        cast = w.dtype.type
        decayed = power(cast(np.float32(self.beta_1)), self._step_number(w.dtype))
        m = m + (g - m) * cast(1 - self.beta_1)
        u = np.maximum(cast(self.beta_2) * u, np.abs(g))
        return w - (lr * m) / ((cast(1) - decayed) * (u + cast(self.epsilon))), m, u
