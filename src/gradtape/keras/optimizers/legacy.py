"""The optimizers of the time before 2.11: the same rules, with `decay` and `lr` among the arguments."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape.keras.optimizers import sgd
from gradtape.keras.optimizers.adadelta import Adadelta as NewAdadelta
from gradtape.keras.optimizers.adagrad import Adagrad as NewAdagrad
from gradtape.keras.optimizers.adam import Adam as NewAdam
from gradtape.keras.optimizers.adamax import Adamax as NewAdamax
from gradtape.keras.optimizers.base import Optimizer as NewOptimizer
from gradtape.keras.optimizers.ftrl import Ftrl as NewFtrl
from gradtape.keras.optimizers.nadam import Nadam as NewNadam
from gradtape.keras.optimizers.rmsprop import RMSprop as NewRMSprop


class Legacy(NewOptimizer):
    """decay: the learning rate is divided by 1 + decay * iterations.  lr: the older name of learning_rate."""

    def __init__(self, *args: Any, decay: float = 0.0, **kwargs: Any):
        if "lr" in kwargs:
            kwargs["learning_rate"] = kwargs.pop("lr")
        super().__init__(*args, **kwargs)
        self.decay = decay

    def _rate(self) -> Any:
        rate = super()._rate()
        if not self.decay:
            return rate
        return rate / (1 + self.decay * self._iterations._value.astype(np.float64)).astype(
            rate.dtype
        )

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "decay": self.decay, "is_legacy_optimizer": True}


class SGD(Legacy, sgd.SGD):
    """Gradient descent, with momentum."""


class Adam(Legacy, NewAdam):
    """Adam."""


class Adamax(Legacy, NewAdamax):
    """Adamax."""


class Nadam(Legacy, NewNadam):
    """Nadam, whose schedule of b1 is 250 times slower than the newer one's."""

    _pace = 0.004


class RMSprop(Legacy, NewRMSprop):
    """RMSprop."""


class Adadelta(Legacy, NewAdadelta):
    """Adadelta."""


class Ftrl(Legacy, NewFtrl):
    """Ftrl."""


class Adagrad(Legacy, NewAdagrad):
    """Adagrad:  a <- a + g^2;  w <- w - lr g / (sqrt(a) + epsilon)."""

    def step(self, g, w, lr, a):
        a = a + g * g
        return w - lr * g / (np.sqrt(a) + w.dtype.type(self.epsilon)), a


Optimizer = Legacy
