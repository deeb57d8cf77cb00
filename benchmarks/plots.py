"""The pictures of the benchmark page, drawn with matplotlib as SVG."""

from __future__ import annotations

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
    bold: list[bool],
) -> None:
    """Horizontal bars over a logarithmic scale, the middle half of the rounds as a thin line."""
    values = [s["median"] for s in spreads]
    least = min(values) / 3
    for y, (name, spread, text, strong) in enumerate(zip(names, spreads, texts, bold)):
        axes.barh(y, spread["median"] - least, left=least, height=0.66, color=colour(name))
        axes.plot([spread["low"], spread["high"]], [y, y], color=INK, linewidth=0.9)
        weight = "bold" if strong else "normal"
        end = max(spread["median"], spread["high"])
        axes.annotate(
            text, (end, y), (5, 0), textcoords="offset points", va="center", fontweight=weight
        )
    axes.set_xscale("log")
    axes.set_xlim(least, max(s["high"] for s in spreads) * 2.2)
    axes.set_ylim(len(names) - 0.4, -0.6)
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
        bars(axes, names, spreads, texts, [n.startswith("gradtape") for n in names])
        labels = [labelled(name, result.get("versions", {})) for name in names]
        axes.set_yticks(range(len(names)), labels)
        axes.xaxis.set_major_formatter(lambda x, _: duration(x))
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
            strong = [n.startswith("gradtape") for n in names]
            bars(axes, names, [spreads[n] for n in names], texts, strong)
            axes.set_yticks(range(len(names)), names)
            if kind == "cold":
                axes.xaxis.set_major_formatter(lambda x, _: duration(x))
            else:
                axes.xaxis.set_major_formatter(lambda x, _: f"{digits(x)} MiB")
            axes.set_title(titles[name], loc="left", fontsize=10)
        save(figure, path)


def spread(row: dict[str, Any], kind: str) -> dict[str, float]:
    if kind == "cold":
        return row["cold"]
    peak = max(row["memory"]["peak"], 0.1)
    return {"median": peak, "low": peak, "high": peak}


def fresh_text(row: dict[str, Any], kind: str) -> str:
    if kind == "memory":
        return f"{digits(row['memory']['peak'])} MiB"
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
    """Over the runs kept: the fastest peer's time over gradtape's, one line for each workload."""
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(7.2, 3.4))
        dates = sorted({date for points in series.values() for date, _ in points})
        for k, (name, points) in enumerate(series.items()):
            x = [dates.index(date) for date, _ in points]
            y = [ratio["median"] for _, ratio in points]
            axes.plot(x, y, marker="o", markersize=3, linewidth=1, color=f"C{k % 10}", label=name)
        axes.axhline(1.0, color=INK, linewidth=0.8)
        axes.set_yscale("log")
        axes.set_xticks(range(len(dates)), [date[:10] for date in dates], rotation=30, ha="right")
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False, fontsize=8)
        axes.set_ylabel("fastest peer's time ÷ gradtape's")
        save(figure, path)
