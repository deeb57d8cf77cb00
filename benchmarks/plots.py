"""The pictures of the benchmark page, drawn with matplotlib as SVG."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("svg")

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.peers import BOUNDS
from benchmarks.table import digits, duration, labelled

COLOURS = {
    "gradtape": "#c2410c",
    "TensorFlow": "#b08968",
    "PyTorch": "#8d7b9f",
    "JAX": "#5f8a8b",
    "autograd": "#9aa37a",
    "NumPy": "#9ca3af",
}
INK, FAINT, BOUND = "#1f2937", "#d1d5db", "#e5e7eb"
STYLE = {
    "svg.hashsalt": "gradtape",  # the same picture gives the same file
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.sans-serif": ["Helvetica", "Arial", "Liberation Sans", "DejaVu Sans"],
    "font.size": 10,
    "text.color": INK,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
}
ROW = 0.27  # inches of height for a bar


def colour(framework: str) -> str:
    if framework in BOUNDS:
        return BOUND
    for name, found in COLOURS.items():
        if framework.startswith(name):
            return found
    return COLOURS["NumPy"]


def save(figure: Figure, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, bbox_inches="tight", metadata={"Date": None, "Creator": None})
    plt.close(figure)
    text = path.read_text(encoding="utf-8")
    path.write_text("\n".join(line.rstrip() for line in text.splitlines()) + "\n", "utf-8")


def bars(
    axes: Axes,
    names: list[str],
    spreads: list[dict[str, float]],
    texts: list[str],
    unit: Callable[[float], str],
) -> None:
    """Horizontal bars, the middle half of the rounds as a thin line; logarithmic where they differ much."""
    values = [s["median"] for s in spreads]
    wide = max(values) > 12 * min(values)
    least = min(values) / 3 if wide else 0.0
    most = max(s["high"] for s in spreads)
    for y, (name, spread, text) in enumerate(zip(names, spreads, texts)):
        axes.barh(y, spread["median"] - least, left=least, height=0.66, color=colour(name))
        axes.plot([spread["low"], spread["high"]], [y, y], color=INK, linewidth=0.9)
        axes.annotate(
            text,
            (max(spread["median"], spread["high"]), y),
            (5, 0),
            textcoords="offset points",
            va="center",
            fontweight="bold" if name.startswith("gradtape") else "normal",
        )
    if wide:
        axes.set_xscale("log")
        axes.xaxis.set_minor_formatter(lambda x, _: "")
    axes.set_xlim(least, most * (2.2 if wide else 1.12))
    axes.xaxis.set_major_formatter(lambda x, _: unit(x) if x else "0")
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_yticks(range(len(names)), names)
    axes.tick_params(axis="y", length=0)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.grid(axis="x", which="major", color=FAINT, linewidth=0.5)
    axes.set_axisbelow(True)


def workload(result: dict[str, Any], path: Path) -> None:
    """One workload: the time of each framework, the fastest first."""
    found = result["frameworks"]
    names = sorted(found, key=lambda name: found[name]["seconds"]["median"])
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(7.2, ROW * len(names) + 0.5))
        spreads = [found[name]["seconds"] for name in names]
        texts = [duration(s["median"]) for s in spreads]
        bars(axes, names, spreads, texts, duration)
        labels = [labelled(name, result.get("versions", {})) for name in names]
        axes.set_yticks(range(len(names)), labels)
        save(figure, path)


def fresh(
    results: dict[str, dict[str, Any]], titles: dict[str, str], kind: str, path: Path
) -> None:
    """First calls ("cold") or peak memory ("memory"), one panel for each workload."""
    with plt.rc_context(STYLE):
        counts = [len(r["frameworks"]) for r in results.values()]
        height = sum(ROW * n + 0.75 for n in counts)
        figure, panels = plt.subplots(
            len(results),
            figsize=(7.2, height),
            squeeze=False,
            gridspec_kw={"height_ratios": counts},
            layout="constrained",
        )
        for (name, result), axes in zip(results.items(), panels[:, 0]):
            found = result["frameworks"]
            spreads = {n: spread(row, kind) for n, row in found.items()}
            names = sorted(spreads, key=lambda n: spreads[n]["median"])
            texts = [fresh_text(found[n], kind) for n in names]
            unit = duration if kind == "cold" else mib
            bars(axes, names, [spreads[n] for n in names], texts, unit)
            axes.set_title(titles[name], loc="left", fontsize=10)
        save(figure, path)


def mib(size: float) -> str:
    return f"{digits(size)} MiB"


def spread(row: dict[str, Any], kind: str) -> dict[str, float]:
    if kind == "cold":
        return row["cold"]
    peak = max(row["memory"]["peak"], 0.1)
    return {"median": peak, "low": peak, "high": peak}


def fresh_text(row: dict[str, Any], kind: str) -> str:
    if kind == "memory":
        return mib(row["memory"]["peak"])
    warm = f" ({duration(row['warm']['median'])} with warm caches)" if "warm" in row else ""
    return duration(row["cold"]["median"]) + warm


def overview(found: dict[str, tuple[str, str, dict[str, float]]], path: Path) -> None:
    """For each workload the fastest peer's time over gradtape's: right of 1 gradtape is ahead."""
    names = list(found)
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(7.2, ROW * len(names) + 0.5))
        for y, name in enumerate(names):
            _, peer, ratio = found[name]
            value = ratio["median"]
            axes.barh(
                y,
                value - 1.0,
                left=1.0,
                height=0.66,
                color=colour(peer if value < 1 else "gradtape"),
            )
            axes.plot([ratio["low"], ratio["high"]], [y, y], color=INK, linewidth=0.9)
            end = max(value, ratio["high"], 1.0)
            axes.annotate(
                f"{digits(value)}  against {peer}", (end, y), (5, 0),
                textcoords="offset points", va="center",
            )  # fmt: skip
        axes.axvline(1.0, color=INK, linewidth=0.8)
        axes.set_xscale("log")
        axes.set_xlim(
            min(0.5, *(r["low"] for _, _, r in found.values())) / 1.1,
            max(2.0, *(r["high"] for _, _, r in found.values())) * 8,
        )
        axes.set_ylim(len(names) - 0.4, -0.6)
        axes.set_yticks(range(len(names)), [found[n][0] for n in names])
        axes.xaxis.set_major_formatter(lambda x, _: f"{x:g}")
        axes.xaxis.set_minor_formatter(lambda x, _: "")
        axes.tick_params(axis="y", length=0)
        axes.spines[["top", "right", "left"]].set_visible(False)
        save(figure, path)


def history(series: dict[str, list[tuple[str, dict[str, float]]]], path: Path) -> None:
    """Over the runs kept: the fastest peer's time over gradtape's, a panel for each workload."""
    columns = 4
    lines = -(-len(series) // columns)
    dates = sorted({date for points in series.values() for date, _ in points})
    with plt.rc_context({**STYLE, "font.size": 8}):
        figure, panels = plt.subplots(
            lines,
            columns,
            figsize=(7.2, 1.25 * lines),
            squeeze=False,
            sharex=True,
            layout="constrained",
        )
        for axes in panels.flat:
            axes.set_axis_off()
        for axes, (name, points) in zip(panels.flat, series.items()):
            axes.set_axis_on()
            x = [dates.index(date) for date, _ in points]
            y = [ratio["median"] for _, ratio in points]
            axes.fill_between(
                x, [r["low"] for _, r in points], [r["high"] for _, r in points], color=FAINT
            )
            axes.plot(x, y, marker="o", markersize=2.5, linewidth=1, color=COLOURS["gradtape"])
            axes.axhline(1.0, color=INK, linewidth=0.6)
            axes.set_yscale("log")
            axes.set_ylim(min(0.5, *y) / 1.5, max(2.0, *y) * 1.5)
            axes.yaxis.set_major_formatter(lambda v, _: f"{v:g}")
            axes.yaxis.set_minor_formatter(lambda v, _: "")
            axes.set_xticks([0, len(dates) - 1], [dates[0][5:10], dates[-1][5:10]])
            axes.spines[["top", "right"]].set_visible(False)
            axes.set_title(name, fontsize=8, loc="left")
        save(figure, path)
