"""Two-dimensional data of two classes, the same at every call: float32[200, 2] and labels float32[200, 1]."""

from __future__ import annotations

import numpy as np

COUNT = 200
Points = tuple[np.ndarray, np.ndarray]


def circles() -> Points:
    """A disc (1) inside a ring (0)."""
    draw = np.random.RandomState(1)
    inside = np.arange(COUNT) % 2 == 1
    radius = np.where(inside, 0.45 * np.sqrt(draw.rand(COUNT)), 0.65 + 0.3 * draw.rand(COUNT))
    angle = 2 * np.pi * draw.rand(COUNT)
    return _data(radius * np.cos(angle), radius * np.sin(angle), inside)


def xor() -> Points:
    """Four squares: 1 where the signs of the two coordinates differ."""
    draw = np.random.RandomState(2)
    signs = np.where(draw.rand(2, COUNT) < 0.5, -1.0, 1.0)
    x, y = signs * (0.06 + 0.89 * draw.rand(2, COUNT))
    return _data(x, y, x * y < 0)


def spirals() -> Points:
    """Two arms, wound around each other."""
    draw = np.random.RandomState(3)
    arm = np.arange(COUNT) % 2
    along = (np.arange(COUNT) // 2) / (COUNT // 2 - 1)
    radius = 0.08 + 0.87 * along
    angle = 3.2 * np.pi * along + np.pi * arm
    noise = 0.02 * draw.randn(2, COUNT)
    return _data(radius * np.cos(angle) + noise[0], radius * np.sin(angle) + noise[1], arm == 1)


def gaussians() -> Points:
    """Two round clouds that touch."""
    draw = np.random.RandomState(4)
    cloud = np.arange(COUNT) % 2
    centre = np.where(cloud == 1, 0.4, -0.4)
    x, y = centre + 0.2 * draw.randn(2, COUNT)
    return _data(x, y, cloud == 1)


def _data(x: np.ndarray, y: np.ndarray, labels: np.ndarray) -> Points:
    places = np.stack([x, y], axis=1).astype(np.float32)
    return places, labels.astype(np.float32)[:, np.newaxis]


DATA_SETS = {"circles": circles, "xor": xor, "spirals": spirals, "gaussians": gaussians}
