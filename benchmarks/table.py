"""The tables of a benchmark run, as Markdown that can be read as plain text."""

from __future__ import annotations

from typing import Any

from benchmarks.catalog import CATALOG
from benchmarks.peers import BOUNDS

TITLES = {
    "import": "Import, as a whole process",
    "lesson": "The lesson from start to finish, as a whole process",
    **{name: work.title for name, work in CATALOG.items()},
}
PLAIN = ("gradtape", "numpy alone", "TensorFlow 2.12", "TensorFlow 2.21", "NumPy by hand", *BOUNDS)


def duration(seconds: float) -> str:
    """A time with three digits and a fitting unit."""
    for factor, unit in ((1.0, "s"), (1e3, "ms"), (1e6, "µs")):
        if seconds * factor >= 0.9995 or unit == "µs":
            return f"{digits(seconds * factor)} {unit}"
    raise AssertionError


def digits(x: float) -> str:
    """Three digits, never with an exponent."""
    return f"{x:.0f}" if abs(x) >= 999.5 else f"{x:.3g}"


def span(quartiles: dict[str, float]) -> str:
    low, middle, high = (digits(quartiles[k]) for k in ("low", "median", "high"))
    return f"{middle} ({low} to {high})"


def labelled(framework: str, versions: dict[str, Any]) -> str:
    """The framework with its version, where the name alone does not say it."""
    version = versions.get(framework, {}).get("framework", "")
    if framework.startswith("gradtape") or framework in PLAIN or not version:
        return framework
    name, _, mode = framework.partition(" ")
    return f"{name} {version.removesuffix('+cpu')} {mode}".strip()


def rows(result: dict[str, Any]) -> list[str]:
    """A row for each framework of a workload."""
    checked = result.get("difference", {})
    versions = result.get("versions", {})
    lines = [
        "| | time | middle half | time ÷ gradtape's |" + " results differ by |" * bool(checked)
    ]
    lines.append("|---|---|---|---|" + "---|" * bool(checked))
    for framework, row in result["frameworks"].items():
        seconds = row["seconds"]
        cells = [
            labelled(framework, versions),
            duration(seconds["median"]),
            f"{duration(seconds['low'])} to {duration(seconds['high'])}",
            span(row["ratio"]),
        ]
        if checked:
            cells.append(f"{checked[framework]:.1e}" if framework in checked else "")
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def fresh_rows(result: dict[str, Any]) -> list[str]:
    """A row for each framework: first call and memory."""
    head = ["first call", "with warm caches", "peak memory", "of it in the first call"]
    head += ["base", "the whole process"]
    lines = ["| | " + " | ".join(head) + " |", "|---" * 7 + "|"]
    for framework, row in result["frameworks"].items():
        mib = row["memory"]
        warm = duration(row["warm"]["median"]) if "warm" in row else ""
        figures = (mib["peak"], mib["first"], mib["base"], mib["base"] + mib["peak"])
        sizes = [f"{digits(size)} MiB" for size in figures]
        cells = [framework, duration(row["cold"]["median"]), warm, *sizes]
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def section(name: str, result: dict[str, Any]) -> list[str]:
    workload, _, kind = name.partition(":")
    title = TITLES[workload] + ("; first call and memory" if kind else "")
    lines = [f"### {title}", "", f"{result['rounds']} interleaved rounds.", ""]
    lines += fresh_rows(result) if kind else rows(result)
    for framework, reason in result.get("missing", {}).items():
        lines.append(f"\n{framework} was left out: {reason}")
    return [*lines, ""]


def promise_rows(promises: list[dict[str, Any]]) -> list[str]:
    lines = ["| workload | promise | limit | measured | |", "|---|---|---|---|---|"]
    for p in promises:
        sense = {">=": "at least", "<=": "at most"}[p["sense"]]
        word = "holds" if p["holds"] else "MISSED"
        limit, measured = f"{sense} {p['limit']:g}", digits(p["measured"])
        lines.append(f"| {p['workload']} | {p['claim']} | {limit} | {measured} | {word} |")
    return lines


def about(record: dict[str, Any]) -> list[str]:
    machine = record["machine"]
    blas = f", OpenBLAS for {machine['blas']}" if machine.get("blas") else ""
    return [
        f"commit {record['commit']}, {record['date']}",
        f"{machine['cpu']}, {machine['cores']} cores, {machine['memory_gib']} GiB, "
        f"{machine['system']}{blas}, load {machine['load'][0]}",
    ]


def render(record: dict[str, Any], results: dict[str, dict[str, Any]]) -> str:
    """The whole report."""
    lines = [*about(record), ""]
    promises = []
    for name, result in results.items():
        lines += section(name, result)
        promises += result["promises"]
    return "\n".join(lines + (promise_rows(promises) if promises else []))
