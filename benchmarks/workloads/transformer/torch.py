"""The transformer block's training step in PyTorch, with its scaled_dot_product_attention."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn

from benchmarks.workloads.network import torch as network
from benchmarks.workloads.transformer import EPSILON, Problem


class Block(nn.Module):
    def __init__(self, width: int, heads: int, inner: int) -> None:
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value = (nn.Linear(width, width) for _ in range(3))
        self.output = nn.Linear(width, width)
        self.first = nn.LayerNorm(width, EPSILON)
        self.wide, self.narrow = nn.Linear(width, inner), nn.Linear(inner, width)
        self.second = nn.LayerNorm(width, EPSILON)
        self.classifier = nn.Linear(width, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        n, tokens, width = x.shape
        q, k, v = (
            project(x).view(n, tokens, self.heads, -1).transpose(1, 2)
            for project in (self.query, self.key, self.value)
        )
        a = nn.functional.scaled_dot_product_attention(q, k, v)
        y = self.first(x + self.output(a.transpose(1, 2).reshape(n, tokens, width)))
        y = self.second(y + self.narrow(torch.relu(self.wide(y))))
        return self.classifier(y).flatten(0, 1)


class Workload(network.Workload):
    def __init__(self, mode: str, problem: Problem) -> None:
        super().__init__(mode, problem._replace(labels=problem.labels.ravel()))

    def network(self, problem: Any) -> nn.Module:
        return Block(problem.x.shape[2], problem.heads, problem.inner)

    def theirs(self, weights: list[np.ndarray]) -> list[np.ndarray]:
        self.shapes = [w.shape for w in weights]
        return [w.T for w in flat(weights)]

    def ours(self, weights: list[np.ndarray]) -> list[np.ndarray]:
        return [w.T.reshape(shape) for w, shape in zip(weights, self.shapes)]


def flat(weights: list[np.ndarray]) -> list[np.ndarray]:
    """The projections as matrices and vectors."""
    width = weights[7].size
    shapes = [(width, width), (width,)] * 4
    return [w.reshape(s) for w, s in zip(weights, shapes)] + weights[8:]
