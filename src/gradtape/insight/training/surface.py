"""The loss over two weights, as a landscape, with the path of descent and the gradients on it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradtape.base.errors import ArgumentError
from gradtape.core.tape import GradientTape
from gradtape.core.tensor import Tensor
from gradtape.core.variable import Variable
from gradtape.insight.source import visible_names
from gradtape.insight.training.drawing import INK, figure, matplotlib, short

GRID = 41
MARGIN = 0.35  # of the path's extent, on each side
ARROWS = 12


class Chosen:
    """One entry of a variable: its name, its value, and how to set it."""

    def __init__(self, given: Any, name: str):
        variable, entry = given if isinstance(given, tuple) else (given, None)
        if not isinstance(variable, Variable):
            raise ArgumentError(
                "Expected a variable of one entry, or a pair (variable, index), as in (w, (0, 1)).", weight=given
            )  # fmt: skip
        self.variable = variable._base
        if entry is None and variable._value.size != 1:
            raise ArgumentError(
                f"The weight has {variable._value.size} entries: say which, as in (w, (0, 1)).", weight=variable
            )  # fmt: skip
        single = (0,) * variable._value.ndim
        self.entry: tuple[int, ...] = (
            single if entry is None else tuple(entry) if isinstance(entry, list | tuple) else (entry,)
        )  # fmt: skip
        if len(self.entry) != variable._value.ndim:
            raise ArgumentError(
                f"The weight has {variable._value.ndim} axes: give an index of each, as in (w, (0, 1)).", entry=entry
            )  # fmt: skip
        self.value = float(variable._value[self.entry])
        self.label = name if entry is None else f"{name}[{','.join(map(str, self.entry))}]"

    def same(self, other: Chosen) -> bool:
        """Whether both are one entry of one variable."""
        shape = self.variable._value.shape
        mine, its = [tuple(i % n for i, n in zip(c.entry, shape)) for c in (self, other)]
        return self.variable is other.variable and mine == its

    def of(self, array: np.ndarray) -> float:
        return float(array[self.entry])


def loss_surface(
    f: Callable[[], Any], w1: Any, w2: Any, *, path: Any = None, span: Any = None, grid: int = GRID, log: bool = False,
) -> Any:  # fmt: skip
    """Contours of the loss over two weights, with the path of descent and the gradients drawn on it.

    f: a function of no arguments that computes the loss from the variables. w1, w2: variables of one entry, or pairs
    (variable, index); both may be entries of one variable. All other weights stay as they are now.
    path: a recorder that saw the descent, or a sequence of (w1, w2); None: the present point alone.
    span: ((low, high), (low, high)) of w1 and w2; None: the path with a margin. grid: points along each axis.
    log: contours at equal steps of log(loss - lowest).
    The arrows are the negative gradients at points of the path, all to one scale. The weights are left as they were.
    Gives a matplotlib Figure.  Raises ValueError for weights of several entries, one weight twice, a grid under 2, a
    span of no width and a loss that is nowhere finite, TypeError where f gives no number.

    >>> from gradtape.insight.training import loss_surface
    >>> w, b = tf.Variable(0.0), tf.Variable(0.0)
    >>> figure = loss_surface(lambda: (w - 1.0) ** 2 + (b + 2.0) ** 2, w, b, grid=11)
    >>> figure.axes[0].get_xlabel(), figure.axes[0].get_ylabel()
    ('w', 'b')
    """
    names = visible_names()
    first, second = (_chosen(w, names, place) for place, w in enumerate((w1, w2)))
    if first.same(second):
        raise ArgumentError("Expected two different weights.", w1=first.label, w2=second.label)
    if isinstance(grid, bool) or not isinstance(grid, int) or grid < 2:
        raise ArgumentError("Expected `grid` as a number of points, 2 or more.", grid=grid)
    points = _points(path, first, second)
    (x0, x1), (y0, y1) = span or _span(points)
    if not (x0 < x1 and y0 < y1):
        raise ArgumentError(
            "Expected `span` as ((low, high), (low, high)), low under high.", span=span
        )
    xs, ys = np.linspace(x0, x1, grid), np.linspace(y0, y1, grid)
    saved = {id(c.variable): (c.variable, c.variable._value) for c in (first, second)}
    chosen = points[np.unique(np.linspace(0, len(points) - 1, ARROWS).astype(int))]
    try:
        z = np.array([[_loss(f, first, second, x, y) for x in xs] for y in ys])
        heights = [_loss(f, first, second, *p) for p in (points[0], points[-1])]
        slopes = np.array([_gradient(f, first, second, *p) for p in chosen])
    finally:
        for variable, value in saved.values():
            variable.assign(value)
    if not np.isfinite(z).any():
        raise ArgumentError(
            "The loss is nowhere finite here: there is nothing to draw.", span=((x0, x1), (y0, y1))
        )
    others = hasattr(path, "path_of") and path.entries > 2
    return _draw(first.label, second.label, xs, ys, z, points, chosen, slopes, heights, log, others)


def _chosen(given: Any, names: dict[int, str], place: int) -> Chosen:
    variable = given[0] if isinstance(given, tuple) and given else given
    name = getattr(variable, "name", "").partition(":")[0]
    if name in ("", "Variable"):
        name = names.get(id(variable)) or f"w{place + 1}"
    return Chosen(given, name)


def _points(path: Any, first: Chosen, second: Chosen) -> np.ndarray:
    """The path as an array of shape [n, 2], the present point last where a recorder gives it."""
    if path is None:
        return np.array([[first.value, second.value]])
    if hasattr(path, "path_of"):
        return np.asarray(path.path_of(first.variable, first.entry, second.variable, second.entry))
    points = np.asarray(path, np.float64)
    if points.ndim != 2 or points.shape[1] != 2 or not len(points):
        raise ArgumentError(
            "Expected `path` as a recorder, or as a sequence of pairs (w1, w2).", path=path
        )
    return points


def _span(points: np.ndarray) -> tuple[tuple[float, float], tuple[float, float]]:
    finite = points[np.isfinite(points).all(axis=1)]
    low, high = finite.min(axis=0), finite.max(axis=0)
    widest = float((high - low).max()) or 4.0
    room = np.maximum(MARGIN * (high - low), 0.25 * widest)
    return tuple((float(a), float(b)) for a, b in zip(low - room, high + room))  # type: ignore[return-value]


def _put(first: Chosen, second: Chosen, x: float, y: float) -> None:
    for chosen, value in ((first, x), (second, y)):
        array = chosen.variable._value.copy()
        array[chosen.entry] = value
        chosen.variable.assign(array)


def _number(loss: Any) -> float:
    value = np.asarray(getattr(loss, "_value", loss))
    if value.size != 1 or value.dtype.kind not in "fiu":
        raise TypeError(f"Expected `f` to give the loss as one number. Received: {loss!r}")
    return float(value.reshape(()))


def _loss(f: Callable[[], Any], first: Chosen, second: Chosen, x: float, y: float) -> float:
    _put(first, second, x, y)
    return _number(f())


def _gradient(
    f: Callable[[], Any], first: Chosen, second: Chosen, x: float, y: float
) -> tuple[float, float]:
    _put(first, second, x, y)
    with GradientTape() as tape:
        tape.watch([first.variable, second.variable])
        loss = f()
    found = tape.gradient(loss, [first.variable, second.variable], unconnected_gradients="zero")
    dense = [g._value if isinstance(g, Tensor) else np.asarray(g) for g in found]
    return first.of(dense[0]), second.of(dense[1])


def _draw(
    x_label: str, y_label: str, xs: np.ndarray, ys: np.ndarray, z: np.ndarray, points: np.ndarray,
    chosen: np.ndarray, slopes: np.ndarray, heights: Sequence[float], log: bool, others: bool,
) -> Any:  # fmt: skip
    moved = len(points) > 1
    start, end = (short(h) for h in heights)
    steps = len(points) - 1
    title = (
        f"{steps:,} step{'s take' if steps > 1 else ' takes'} the loss from {start} to {end}"
        + (", all other weights being as they are now" if others else "")
        if moved
        else f"Loss {start} at this point"
    )
    made, (axis,) = figure(7.2, 5.4, title)
    shown = np.where(np.isfinite(z), z, np.nan)
    low = float(np.nanmin(shown))
    log = log and bool(np.nanmax(shown) > low)
    if log:
        shown = np.log10(shown - low + 1e-3 * (np.nanmax(shown) - low))
    ticker = matplotlib("ticker")
    levels = ticker.MaxNLocator(24).tick_values(np.nanmin(shown), np.nanmax(shown))
    filled = axis.contourf(xs, ys, shown, levels=levels, cmap="Blues_r", alpha=0.75)
    axis.contour(
        xs, ys, shown, levels=levels, colors="white", linewidths=0.5, alpha=0.8, linestyles="solid"
    )
    if moved:
        axis.plot(*points.T, color="#D55E00", linewidth=1.6, zorder=3, label="path of descent")
        small = 18 if len(points) <= 60 else 5
        axis.scatter(
            *points.T, s=small, color="#D55E00", edgecolor="white", linewidth=0.5, zorder=4
        )
        axis.scatter(
            *points[0], s=60, marker="s", color="white", edgecolor=INK, zorder=5, label="start"
        )
    axis.scatter(
        *points[-1], s=150, marker="*", color="#F0E442", edgecolor=INK, zorder=6, label="now"
    )
    longest = np.hypot(*slopes.T).max() if len(slopes) else 0
    if np.isfinite(longest) and longest > 0:
        scale = longest / (0.16 * min(xs[-1] - xs[0], ys[-1] - ys[0]))
        axis.quiver(
            *chosen.T,
            *(-slopes.T),
            angles="xy",
            scale_units="xy",
            scale=scale,
            width=0.0045,
            color=INK,
            zorder=5,
        )
        axis.plot([], [], color=INK, marker=">", label="−gradient (to one scale)")
    axis.set_xlim(xs[0], xs[-1])
    axis.set_ylim(ys[0], ys[-1])
    axis.set_xlabel(x_label)
    axis.set_ylabel(y_label)
    axis.grid(False)
    bar = made.colorbar(filled, ax=axis, shrink=0.8, pad=0.02, location="right")
    bar.ax.yaxis.set_major_locator(ticker.MaxNLocator(8))
    bar.set_label("log10(loss − lowest)" if log else "loss", color=INK)
    bar.ax.tick_params(labelsize=8, colors=INK)
    made.legend(
        *axis.get_legend_handles_labels(),
        loc="outside lower center",
        ncols=4,
        frameon=False,
        fontsize=9,
    )
    return made
