"""How the figures of training look: white paper, few lines, colours that all eyes tell apart."""

from __future__ import annotations

import io
import textwrap
from functools import cache
from importlib import import_module
from typing import Any

import numpy as np

# Wong's palette, which the colour-blind tell apart; yellow left out, for it is faint on white.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#4D4D4D")
INK, FAINT = "#2b2f36", "#d7dbe0"
MOST = 21  # lines that are told apart by colours and dashes; of more, the colour is the place among them
IN_LEGEND = 15  # of more lines, so many are named
DASHES = ("-", (0, (5, 2)), (0, (1.5, 1.5)))


def matplotlib(part: str) -> Any:
    """A module of matplotlib.  Raises ImportError, with what to install, where there is none."""
    try:
        return import_module(f"matplotlib.{part}")
    except ModuleNotFoundError as error:
        raise ImportError(
            "Figures are drawn by matplotlib, which is not installed. Install it: pip install 'gradtape[explain]'"
        ) from error


@cache
def _picture() -> Any:
    base = matplotlib("figure").Figure

    class Picture(base):
        """A figure of matplotlib, shown by notebooks also where pyplot was never imported."""

        def _repr_png_(self) -> bytes:
            buffer = io.BytesIO()
            self.savefig(buffer, format="png", dpi=110)
            return buffer.getvalue()

    return Picture


def figure(
    width: float, height: float, title: str, rows: int = 1, columns: int = 1, **axes: Any
) -> Any:
    """A figure with a title and its axes (a list), styled."""
    made = _picture()(figsize=(width, height), layout="constrained", facecolor="white")
    lines = textwrap.fill(title, int(10.5 * width))
    made.suptitle(lines, x=0.01, ha="left", fontsize=11.5, fontweight="bold", color=INK)
    grid = made.subplots(rows, columns, squeeze=False, **axes)
    panels = list(grid.flat)
    for axis in panels:
        style(axis)
    return made, panels


def style(axis: Any) -> None:
    axis.set_facecolor("white")
    axis.grid(True, color=FAINT, linewidth=0.6)
    axis.set_axisbelow(True)
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axis.spines[side].set_color("#8a9099")
    axis.tick_params(colors=INK, labelsize=9)
    axis.xaxis.label.set_color(INK)
    axis.yaxis.label.set_color(INK)


def line_of(number: int, total: int = 1) -> dict[str, Any]:
    """Colour and dash of the n-th line: no two alike up to 21; of more lines, from dark to light."""
    if total > MOST:
        shade = matplotlib("cm").viridis(0.92 * number / (total - 1))
        return {"color": shade, "linestyle": "-", "linewidth": 1.3}
    return {
        "color": COLOURS[number % len(COLOURS)],
        "linestyle": DASHES[number // len(COLOURS) % len(DASHES)],
        "linewidth": 1.6,
    }


def legend(figure: Any, axis: Any) -> None:
    """A legend to the right of the axes; of many lines, some from the first to the last."""
    handles, labels = axis.get_legend_handles_labels()
    if len(handles) > MOST:
        chosen = np.unique(np.linspace(0, len(handles) - 1, IN_LEGEND).round().astype(int))
        handles, labels = [handles[i] for i in chosen], [labels[i] for i in chosen]
    if handles:
        figure.legend(
            handles, labels, loc="outside right center", frameon=False, fontsize=9, labelcolor=INK
        )


def running_mean(values: Any, logarithmic: bool = False) -> tuple[np.ndarray, int]:
    """The mean of the values around each, of a fiftieth of all, and how many that are; geometric where logarithmic."""
    found = np.asarray(values, np.float64)
    size = max(1, len(found) // 50) | 1
    if size == 1 or not np.isfinite(found).all() or (logarithmic and found.min() <= 0):
        return found, 1
    padded = np.pad(np.log(found) if logarithmic else found, size // 2, "edge")
    means = np.convolve(padded, np.ones(size) / size, "valid")
    return np.exp(means) if logarithmic else means, size


def curve(
    axis: Any, steps: Any, values: Any, number: int, label: str, logarithmic: bool, total: int = 1
) -> np.ndarray:
    """A line; of a long one the running mean, with the values themselves faint behind it.  Gives what is drawn."""
    means, size = running_mean(values, logarithmic)
    look = line_of(number, total)
    if size > 1:
        axis.plot(steps, values, color=look["color"], linewidth=0.7, alpha=0.22)
    axis.plot(
        steps,
        means,
        label=label,
        **look,
        **({"marker": "o", "markersize": 4} if len(means) == 1 else {}),
    )
    return means


def short(value: float) -> str:
    """A number in three figures, without needless exponents."""
    return f"{value:.3g}"
