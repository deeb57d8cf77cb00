"""The LSTM's training step written out by hand in NumPy."""

from __future__ import annotations

import numpy as np

from benchmarks.workloads.network import numpy as network


class Workload(network.Workload):
    def loss_and_grads(self) -> tuple[float, list[np.ndarray]]:
        kernel, recurrent, bias, dense, dense_bias = self.weights
        x, u = self.problem.x, self.problem.units
        n, steps, features = x.shape
        z = (x.transpose(1, 0, 2).reshape(steps * n, features) @ kernel + bias).reshape(
            steps, n, -1
        )
        hs = np.zeros((steps + 1, n, u), np.float32)
        cs = np.zeros((steps + 1, n, u), np.float32)
        tanh_c = np.empty((steps, n, u), np.float32)
        for t in range(steps):
            gates = z[t]
            gates += hs[t] @ recurrent
            cell = np.tanh(gates[:, 2 * u : 3 * u])
            np.reciprocal(1.0 + np.exp(-gates), out=gates)
            gates[:, 2 * u : 3 * u] = cell
            cs[t + 1] = gates[:, u : 2 * u] * cs[t] + gates[:, :u] * cell
            np.tanh(cs[t + 1], out=tanh_c[t])
            hs[t + 1] = gates[:, 3 * u :] * tanh_c[t]
        loss, g = network.cross_entropy(hs[-1] @ dense + dense_bias, self.problem.labels)
        grads = [hs[-1].T @ g, g.sum(axis=0)]
        dh, dc = g @ dense.T, np.zeros((n, u), np.float32)
        slopes = np.empty_like(z)
        for t in reversed(range(steps)):
            i, f, cell, o = np.split(z[t], 4, axis=1)
            dc += dh * o * (1.0 - tanh_c[t] ** 2)
            d = slopes[t]
            d[:, :u] = dc * cell * i * (1.0 - i)
            d[:, u : 2 * u] = dc * cs[t] * f * (1.0 - f)
            d[:, 2 * u : 3 * u] = dc * i * (1.0 - cell**2)
            d[:, 3 * u :] = dh * tanh_c[t] * o * (1.0 - o)
            dh = d @ recurrent.T
            dc *= f
        flat = slopes.reshape(steps * n, -1)
        first = x.transpose(1, 0, 2).reshape(steps * n, features).T @ flat
        return loss, [first, hs[:-1].reshape(steps * n, u).T @ flat, flat.sum(axis=0), *grads]
