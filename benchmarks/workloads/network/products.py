"""The matrix products of the network's training step alone: `np.matmul` into memory that is there.

For each layer the forward product, the kernel's gradient (with a transposed left side) and, but for
the first, the inputs' gradient (with a transposed right side): eight for three layers.
"""

from __future__ import annotations

import numpy as np

from benchmarks.workloads.network import Problem


class Workload:
    def __init__(self, mode: str, problem: Problem) -> None:
        rng = np.random.default_rng(8)
        n, kernels = len(problem.labels), problem.weights[::2]
        h = [rng.random((n, size), np.float32) for size in problem.sizes[:-1]]
        g = [rng.random((n, size), np.float32) for size in problem.sizes[1:]]
        self.products = [(h[k], w, np.empty_like(g[k])) for k, w in enumerate(kernels)]
        for k in reversed(range(len(kernels))):
            self.products.append((h[k].T, g[k], np.empty_like(kernels[k])))
            if k:
                self.products.append((g[k], kernels[k].T, np.empty_like(h[k])))

    def step(self) -> float:
        for a, b, out in self.products:
            np.matmul(a, b, out=out)
        return 0.0
