"""Measure gradtape and its peers side by side, print the table, and append it to the history.

python -m benchmarks.run                       everything
python -m benchmarks.run --only neuron two_layer --rounds 31
python -m benchmarks.run --only fresh --fresh-of mlp_sgd_128
python -m benchmarks.run --peers "PyTorch eager" --no-history
"""

from __future__ import annotations

import argparse
import datetime
import json
import sys
from pathlib import Path
from typing import Any

from benchmarks import machine, measure
from benchmarks.catalog import CATALOG
from benchmarks.peers import BOUNDS, FRAMEWORKS, ROOT, interpreter
from benchmarks.promises import Fresh, Verdict, fresh_verdicts, verdicts
from benchmarks.table import render

HISTORY = ROOT / "benchmarks" / "history"
LESSON = ROOT / "examples" / "gradient_computations.ipynb"
FRESH = [name for name, work in CATALOG.items() if work.fresh]


def imports(rounds: int) -> dict[str, Any]:
    """The time of `import X` as a whole process, beside that of a bare `import numpy`."""
    ours = interpreter("GRADTAPE_PYTHON") or sys.executable
    commands = {
        "numpy alone": [ours, "-c", "import numpy"],
        "gradtape": [ours, "-c", "import gradtape"],
    }
    for name, variable, module in [
        ("TensorFlow 2.21", "TF221_PYTHON", "tensorflow"),
        ("PyTorch", "PEERS_PYTHON", "torch"),
        ("JAX", "PEERS_PYTHON", "jax.numpy"),
        ("autograd", "PEERS_PYTHON", "autograd.numpy"),
    ]:
        if python := interpreter(variable):
            commands[name] = [python, "-c", f"import {module}"]
    return measure.processes(commands, rounds)


def lesson(rounds: int) -> dict[str, Any]:
    """The example notebook from start to finish, as a whole process."""
    ours = interpreter("GRADTAPE_PYTHON") or sys.executable
    commands = {"gradtape": [ours, "-m", "gradtape", "run", str(LESSON)]}
    if python := interpreter("TF212_PYTHON"):
        commands["TensorFlow 2.12"] = [python, str(ROOT / "benchmarks/lesson.py"), str(LESSON)]
    return measure.processes(commands, rounds)


def judged(found: list[Verdict]) -> list[dict[str, Any]]:
    return [{**v._asdict(), "holds": v.holds} for v in found]


def timed(name: str, rounds: int, wanted: set[str]) -> dict[str, Any]:
    """Measure one workload: medians, ratios and the verdicts on what is promised of it."""
    if name == "import":
        result = imports(rounds)
    elif name == "lesson":
        result = lesson(max(3, rounds // 4))
    else:
        once = CATALOG[name].once
        result = measure.steps(name, max(1, rounds // 10) if once else rounds, wanted)
    times = result.pop("times")
    ours = next(n for n in (*measure.OURS, "gradtape") if n in times)
    result["frameworks"] = measure.summarize(times, ours)
    result["promises"] = judged(verdicts(name, times))
    return result


def append(folder: Path, name: str, record: dict[str, Any]) -> None:
    """Add one line to the history of a workload."""

    def rounded(x: Any) -> Any:
        if isinstance(x, dict):
            return {k: rounded(v) for k, v in x.items()}
        if isinstance(x, list):
            return [rounded(v) for v in x]
        return float(f"{x:.6g}") if isinstance(x, float) else x

    folder.mkdir(exist_ok=True)
    with (folder / f"{name}.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(rounded(record), ensure_ascii=False) + "\n")


def arguments_of(command: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    everything = ["import", *CATALOG, "fresh", "lesson"]
    parser.add_argument("--only", nargs="+", choices=everything, default=everything)
    parser.add_argument("--peers", nargs="+", choices=[*FRAMEWORKS, *BOUNDS], default=[])
    parser.add_argument("--rounds", type=int, default=21)
    parser.add_argument("--fresh-of", nargs="+", choices=FRESH, default=FRESH)
    parser.add_argument("--fresh-rounds", type=int, help="for every workload, instead of its own")
    parser.add_argument("--history", type=Path, default=HISTORY, help="the folder to append to")
    parser.add_argument("--no-history", action="store_true")
    return parser.parse_args(command)


def main(command: list[str] | None = None) -> int:
    arguments = arguments_of(command)
    record: dict[str, Any] = {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "commit": machine.commit(),
    }
    results: dict[str, dict[str, Any]] = {}
    wanted = set(arguments.peers)

    def keep(name: str, result: dict[str, Any]) -> None:
        results[name] = result
        if not arguments.no_history:
            workload, _, kind = name.partition(":")
            append(arguments.history, kind or name, {**record, "workload": workload, **result})

    failed = []
    for name in arguments.only:
        for workload in arguments.fresh_of if name == "fresh" else [name]:
            print(f"{name} {workload * (name == 'fresh')}...", file=sys.stderr, flush=True)
            record["machine"] = machine.describe()
            try:
                if name == "fresh":
                    rounds = arguments.fresh_rounds or CATALOG[workload].fresh
                    result = measure.fresh(workload, rounds, wanted)
                    found = fresh_verdicts(workload, Fresh(result["frameworks"]))
                    keep(f"{workload}:fresh", {**result, "promises": judged(found)})
                else:
                    keep(name, timed(name, arguments.rounds, wanted))
            except RuntimeError as error:  # gradtape itself failed; the other workloads go on
                failed.append(f"{name} {workload}: {error}")
    print(render(record, results))
    print("\n".join(failed), file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
