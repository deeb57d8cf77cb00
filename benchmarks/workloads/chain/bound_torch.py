"""tanh, sigmoid and exp of each float in PyTorch, in blocks that stay in the cache."""

from __future__ import annotations

import numpy as np
import torch

BLOCK = 1 << 17


class Workload:
    def __init__(self, mode: str, problem: np.ndarray) -> None:
        self.blocks = torch.from_numpy(problem).split(BLOCK)
        self.y = torch.empty(BLOCK)

    def step(self) -> float:
        for x in self.blocks:
            y = self.y[: len(x)]
            torch.tanh(x, out=y)
            y.sigmoid_()
            y.exp_()
        return 0.0
