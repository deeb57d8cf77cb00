"""Write the benchmark page and its pictures from the histories.

python -m benchmarks.page          docs/benchmarks.md and docs/images/benchmarks/*.svg
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from benchmarks import plots
from benchmarks.catalog import CATALOG
from benchmarks.measure import OURS
from benchmarks.notes import NOTES
from benchmarks.peers import ROOT
from benchmarks.promises import others
from benchmarks.run import HISTORY
from benchmarks.table import TITLES, about, digits, fresh_rows, promise_rows, rows

ORDER = ["import", *CATALOG, "lesson"]
SHORT = {
    "import": "import",
    "neuron": "neuron, forward and gradient",
    "two_layer": "lesson step",
    "loop_100": "lesson loop, 100 steps",
    "loop_10000": "lesson loop, 10,000 steps",
    **{f"mlp_sgd_{n}": f"MLP, SGD, batch {n}" for n in (32, 128, 512)},
    **{f"mlp_adam_{n}": f"MLP, Adam, batch {n}" for n in (32, 128, 512)},
    "deep": "50 layers of 64",
    "chain": "elementwise chain, 10⁷",
    "cnn": "LeNet-like CNN",
    "lstm": "LSTM, 50 steps",
    "transformer": "transformer block",
    "fit": "logistic regression, fit",
    "jacobian": "Jacobian, 100 → 100",
    "hvp": "Hessian-vector product",
    "retraces": "1,000 retraces",
    "lesson": "the lesson's notebook",
}

METHOD = """\
* Every framework does the same arithmetic, from the same weights, and hands its loss to Python in
  every step: nothing is still running when a step ends. gradtape and TensorFlow run the very same
  lines (`benchmarks/workloads/*/tensorflow_api.py`).
* Losses and weights (or gradients) are compared with the step written by hand in NumPy. The largest
  difference, relative to the largest entry, stands in the table.
* Each framework has a process and an interpreter of its own. They take turns of a tenth of a second,
  in rotating order, so that whatever else the machine does hits all of them. A ratio is taken within
  each round, before the median.
* Times are medians, with the middle half of the rounds beside them. A thin line in a picture is that
  middle half. Where the times differ much, the scale is logarithmic.
* *Bare products* are the matrix products that the step cannot do without, transposes included,
  `np.matmul` into memory that is there. *Plain copy* and *functions in ...* are what the elementwise
  chain cannot do without: the bytes read and written once, and one tanh, one sigmoid and one exp for
  each float, in several ways of which the fastest counts.
* *First call* is the time of the first step in a fresh process with empty caches: tracing, compiling
  and running; the weights are there already. The figure with warm caches is that of a second process.
  JAX keeps compiled code on disk only when asked; it is asked for the warm figure.
* *Peak memory* is the process's peak, from building the model to the end of training, less what it
  held after importing the framework and making the numbers (the base).
* Microseconds of different machines do not compare. `make bench` measures on yours."""


def histories(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """The records of each workload, in order of time; `name:fresh` for first calls and memory."""
    found: dict[str, list[dict[str, Any]]] = {}
    for path in sorted(folder.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            record = json.loads(line)
            kind = ":fresh" * (path.stem == "fresh")
            found.setdefault(record["workload"] + kind, []).append(record)
    return found


def peers_of(record: dict[str, Any]) -> list[str]:
    """The frameworks that gradtape is set against: NumPy by hand has nothing to retrace."""
    left_out = {"numpy alone"} | ({"NumPy by hand"} if record["workload"] == "retraces" else set())
    return [name for name in others(record["frameworks"]) if name not in left_out]


def behind_or_ahead(record: dict[str, Any]) -> tuple[str, dict[str, float]] | None:
    """The fastest peer of a record and its time over gradtape's; None where gradtape is not compiled yet."""
    found = record["frameworks"]
    peers = peers_of(record)
    ours = [n for n in (*OURS, "gradtape") if n in found]
    if not peers or not ours or (ours[0] == "gradtape" and record["workload"] in CATALOG):
        return None
    peer = min(peers, key=lambda name: found[name]["seconds"]["median"])
    return peer, found[peer]["ratio"]


def faster_peers(record: dict[str, Any]) -> list[tuple[str, float]]:
    """The peers that are faster than gradtape, with gradtape's time over theirs."""
    found = record["frameworks"]
    rows = [(n, 1.0 / found[n]["ratio"]["median"]) for n in peers_of(record)]
    return [row for row in rows if row[1] > 1.0]


def missed(record: dict[str, Any]) -> list[str]:
    """What a record gave less of than the project promises."""
    senses = {">=": "at least", "<=": "at most"}
    return [
        f"{p['claim']}: {digits(p['measured'])}, promised {senses[p['sense']]} {p['limit']:g}"
        for p in record.get("promises", ())
        if not p["holds"]
    ]


def behind(timed: dict[str, dict[str, Any]], fresh: dict[str, dict[str, Any]]) -> list[str]:
    """One item for each workload in which a peer is ahead or a promise missed, with the note on it."""
    lines = []
    for name in [n for n in ORDER if n in timed or n in fresh]:
        said = []
        if name in timed:
            peers = [f"{peer} ({digits(by)} times)" for peer, by in faster_peers(timed[name])]
            said += ["faster are " + ", ".join(peers)] if peers else []
            said += missed(timed[name])
        said += missed(fresh[name]) if name in fresh else []
        if said:
            text = "; ".join(said) + "."
            lines.append(f"* **{SHORT[name]}**: {text} {NOTES.get(name, '')}".rstrip())
    return lines or ["Nowhere, in the runs shown here."]


def picture(name: str, text: str) -> str:
    return f'<img src="images/benchmarks/{name}.svg" width="760" alt="{text}">'


def write(folder: Path, docs: Path) -> None:
    """The page and its pictures, of the latest record of each workload."""
    kept = histories(folder)
    latest = {name: records[-1] for name, records in kept.items()}
    timed = {n: latest[n] for n in ORDER if n in latest}
    timed = {n: r for n, r in timed.items() if behind_or_ahead(r)}
    fresh = {n: latest[f"{n}:fresh"] for n in ORDER if f"{n}:fresh" in latest}
    images = docs / "images" / "benchmarks"

    heads = dict.fromkeys(" · ".join(about(r)) for r in (timed | fresh).values())
    lines = [
        "# Benchmarks",
        "",
        "Written by `python -m benchmarks.page` from `benchmarks/history/`.",
        "",
    ]
    lines += [f"* {head}" for head in strip_load(heads)]
    lines += ["", "## At a glance", ""]
    glance = {n: (SHORT[n], *behind_or_ahead(r)) for n, r in timed.items() if n != "lesson"}
    if glance:
        plots.overview(glance, images / "overview.svg")
        lines += ["The fastest peer's time over gradtape's: right of 1, gradtape is ahead.", ""]
        lines += [picture("overview", "the fastest peer's time over gradtape's"), ""]
    promises = [p for r in [*timed.values(), *fresh.values()] for p in r.get("promises", [])]
    if promises:
        lines += [
            "What the project promises, and what this run gave:",
            "",
            *promise_rows(promises),
            "",
        ]
    lines += ["## Where gradtape is behind", "", *behind(timed, fresh), ""]
    lines += ["## How it is measured", "", METHOD, ""]
    lines += ["## Each workload", ""]
    for name, record in timed.items():
        plots.workload(record, images / f"{name}.svg")
        lines += [f"### {TITLES[name]}", "", picture(name, f"times of {SHORT[name]}"), ""]
        lines += [*details(f"{record['rounds']} rounds, in figures", rows(record)), ""]
        lines += [f"{f} was left out: {why}\n" for f, why in record.get("missing", {}).items()]
    if fresh:
        lines += fresh_sections(fresh, images)
    lines += over_time(kept, images)
    (docs / "benchmarks.md").write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")


def strip_load(heads: dict[str, None]) -> list[str]:
    """The distinct descriptions of machine and commit, without how busy the machine was."""
    without = []
    for head in heads:
        commit_and_date, machine = head.split(" · ")
        commit, _, date = commit_and_date.partition(", ")
        without.append(f"{commit}, {date[:10]} · {machine.rpartition(', load')[0]}")
    return list(dict.fromkeys(without))


def details(summary: str, table: list[str]) -> list[str]:
    return [f"<details><summary>{summary}</summary>", "", *table, "", "</details>"]


def fresh_sections(fresh: dict[str, dict[str, Any]], images: Path) -> list[str]:
    lines = []
    shown = {n: r for n, r in fresh.items() if n in ("two_layer", "mlp_sgd_128", "mlp_adam_128")}
    for kind, title in (("cold", "First calls"), ("memory", "Peak memory")):
        lines += [f"## {title}", ""]
        if shown:
            plots.fresh(shown, SHORT, kind, images / f"{kind}.svg")
            lines += [picture(kind, title.lower()), ""]
    for name, record in fresh.items():
        lines += [*details(f"{SHORT[name]}, in figures", fresh_rows(record)), ""]
    return lines


def over_time(kept: dict[str, list[dict[str, Any]]], images: Path) -> list[str]:
    series: dict[str, list[tuple[str, dict[str, float]]]] = {}
    for name in [n for n in ORDER if n in kept]:
        points = [(r["date"], found[1]) for r in kept[name] if (found := behind_or_ahead(r))]
        if len(points) > 1:
            series[SHORT[name]] = points
    if not series:
        return []
    plots.history(series, images / "history.svg")
    text = "The fastest peer's time over gradtape's, in every run that was kept."
    return ["## Over time", "", text, "", picture("history", "ratios over time"), ""]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--history", type=Path, default=HISTORY)
    parser.add_argument("--docs", type=Path, default=ROOT / "docs")
    arguments = parser.parse_args()
    write(arguments.history, arguments.docs)
    return 0


if __name__ == "__main__":
    sys.exit(main())
