"""Adam with Nesterov momentum."""

from __future__ import annotations

import numpy as np

from gradtape.core.variable import Variable
from gradtape.keras.engine.arrays import array_like
from gradtape.keras.optimizers.base import Optimizer
from gradtape.keras.optimizers.traced import power


class Nadam(Optimizer):
    """Nadam: Adam that looks ahead along its momentum, with a schedule of b1.

    u_t = b1 (1 - 0.96^t / 2);  m, v as in Adam;  w <- w - lr m_hat / (sqrt(v_hat) + epsilon).   Source: Dozat, 2016.
    """

    hyperparameters = (
        "beta_1",
        "beta_2",
        "epsilon",
    )
    slots = ("m", "v")
    _pace = 1.0  # of the schedule of b1

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
        name="Nadam",
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
        self._product = None  # of all u so far: a variable, which each step changes once
        self._due = False

    def build(self, var_list):
        if self._product is None and var_list:
            one = np.ones((), var_list[0]._value.dtype)
            self._product = Variable(one, name="u_product", trainable=False)
        super().build(var_list)

    def _internal_apply_gradients(self, pairs):
        self._due = True
        super()._internal_apply_gradients(pairs)

    def _products(self, dtype):
        """u_t, u_(t+1) and the product of all u up to t; the product is kept from step to step."""
        cast = dtype.type
        t = self._iterations._value + 1
        b1, decay = cast(np.float32(self.beta_1)), cast(np.float32(0.96))
        u, ahead = (
            b1
            * (
                cast(1)
                - cast(0.5) * power(decay, (n.astype(np.float64) * self._pace).astype(dtype))
            )
            for n in (t, t + 1)
        )
        product = self._product
        assert product is not None
        if self._due:
            self._due = False
            product._store(array_like(product._value.astype(dtype) * u, product._value.dtype))
        return u, ahead, product._value.astype(dtype)

    def step(self, g, w, lr, m, v):
        cast = w.dtype.type
        one = cast(1)
        u, ahead, product = self._products(w.dtype)
        b1, b2 = cast(np.float32(self.beta_1)), cast(np.float32(self.beta_2))
        decayed = power(b2, self._step_number(w.dtype))
        m = m + (g - m) * (one - b1)
        v = v + (np.square(g) - v) * (one - b2)
        m_hat = ahead * m / (one - product * ahead) + (one - u) * g / (one - product)
        v_hat = v / (one - decayed)
        return w - (m_hat * lr) / (np.sqrt(v_hat) + cast(self.epsilon)), m, v
