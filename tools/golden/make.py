"""Make the golden outcomes with TensorFlow, or compare gradtape with an installed TensorFlow afresh.

    TENSORFLOW_PYTHON tools/golden/make.py [PREFIX ...]          writes tests/parity/golden/
    python tools/golden/make.py --check --seed 7 --tensorflow-python TENSORFLOW_PYTHON [PREFIX ...]
    python tools/golden/make.py --pending                        writes tests/parity/pending.txt anew

PREFIX: families, or beginnings of case names. The first form runs under TensorFlow's interpreter, the others
under gradtape's; --check makes the outcomes of a fresh seed in a temporary folder and compares.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from golden import outcome, registry

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "tests" / "parity" / "golden"
SEED = 20230323
EAGERLY = "The function .* cannot be compiled and runs eagerly"


def make(folder: Path, seed: int, prefixes: list[str]) -> int:
    """Run the cases on TensorFlow and write one .json and one .npz for each family. Returns the number of faults."""
    import tensorflow as tf

    registry.load()
    if folder == DATA:  # whole families, so that no file loses cases
        prefixes = [f"{one.family}/" for one in registry.selected(prefixes)]
    families: dict[str, list[registry.Case]] = {}
    for one in registry.selected(prefixes):
        families.setdefault(one.family, []).append(one)
    faults = total = 0
    folder.mkdir(parents=True, exist_ok=True)
    for family, cases in families.items():
        store, lines = outcome.Store(), []
        for one in cases:
            watch = registry.Watch(tf)
            result = registry.run(watch, one, seed)
            if isinstance(result, Exception) and not one.error:
                faults += 1
                text = f"{type(result).__name__}: {result}"[:300]
                print(f"{one.id}: {text}", file=sys.stderr)
            try:
                tree = store.put(outcome.plain(result))
            except Exception as error:
                faults += 1
                print(f"{one.id}: no outcome: {error}"[:300], file=sys.stderr)
                continue
            entry = {"names": sorted(watch.seen), "outcome": tree}
            lines.append(f"{json.dumps(one.id)}: {json.dumps(entry)}")
        head = f'"tensorflow": {json.dumps(tf.__version__)}, "seed": {seed}'
        body = ",\n".join(lines)
        (folder / f"{family}.json").write_text(f'{{{head}, "cases": {{\n{body}\n}}}}\n')
        np.savez_compressed(folder / f"{family}.npz", **store.arrays())
        total += len(cases)
        print(f"{family}: {len(cases)} cases")
    print(f"{total} cases from TensorFlow {tf.__version__}, seed {seed}, {faults} faults")
    return faults


def read(folder: Path) -> tuple[dict[str, Any], int]:
    """The stored outcomes by case name, each {"names": ..., "outcome": ...}, and the seed that made them."""
    found: dict[str, Any] = {}
    seed = SEED
    for path in sorted(folder.glob("*.json")):
        table = json.loads(path.read_text())
        seed = table["seed"]
        with np.load(path.with_suffix(".npz")) as arrays:
            loaded = {key: arrays[key] for key in arrays}
        for name, entry in table["cases"].items():
            found[name] = {
                "names": entry["names"],
                "outcome": outcome.take(entry["outcome"], loaded),
            }
    return found, seed


def run_here(
    tf: Any,
    one: registry.Case,
    seed: int,
    run: Any = registry.run,
    eagerly: list[str] | None = None,
) -> Any:
    """The outcome on gradtape, with the initializers of TensorFlow 2.12 instead of the lesson's.

    eagerly: gets what is said of functions that cannot be traced and run eagerly; None: that is an error.
    """
    before = tf.config.initializer_seeding
    tf.config.initializer_seeding = "2.12"
    try:
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("error")  # as under pytest
            if eagerly is not None:
                warnings.filterwarnings("always", EAGERLY, RuntimeWarning)
            found = run(tf, one, seed)
        if eagerly is not None:
            eagerly += [str(warning.message) for warning in seen]
        return found
    finally:
        tf.config.initializer_seeding = before


def compare(tf: Any, folder: Path, prefixes: list[str]) -> dict[str, list[str]]:
    """What differs on gradtape, for each case that differs."""
    registry.load()
    wanted, seed = read(folder)
    failed = {}
    for name, entry in wanted.items():
        if prefixes and not name.startswith(tuple(prefixes)):
            continue
        got = run_here(tf, registry.CASES[name], seed, eagerly=[])
        found = outcome.differences(entry["outcome"], outcome.plain(got))
        if found and isinstance(got, Exception):
            found.append(f"{type(got).__name__}: {got}")
        if found:
            failed[name] = found
    return failed


def listed(path: Path) -> dict[str, str]:
    """The case names of a list file, each with the reason after it (` # reason`)."""
    lines = [line.strip() for line in path.read_text().splitlines()] if path.exists() else []
    pairs = (line.partition(" # ") for line in lines if line and not line.startswith("#"))
    return {name.strip(): reason.strip() for name, _, reason in pairs}


def check(arguments: argparse.Namespace) -> int:
    import gradtape as tf

    known = listed(ROOT / "tests" / "parity" / "differences.txt")
    with tempfile.TemporaryDirectory() as made:
        command = [
            arguments.tensorflow_python,
            __file__,
            "--out",
            made,
            "--seed",
            str(arguments.seed),
        ]
        subprocess.run(
            [*command, *arguments.prefixes], check=True, env={**os.environ, "PYTHONPATH": ""}
        )
        failed = compare(tf, Path(made), arguments.prefixes)
    unknown = {name: texts for name, texts in failed.items() if name not in known}
    for name, texts in unknown.items():
        print(name, *texts, sep="\n    ")
    print(f"{len(failed)} differ, {len(unknown)} of them without a reason in differences.txt")
    return bool(unknown)


def pending() -> int:
    import gradtape as tf

    known = listed(ROOT / "tests" / "parity" / "differences.txt")
    failed = [name for name in compare(tf, DATA, []) if name not in known]
    (ROOT / "tests" / "parity" / "pending.txt").write_text("".join(f"{name}\n" for name in failed))
    print(f"{len(failed)} cases are pending")
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("prefixes", nargs="*")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--out", type=Path, default=DATA)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--pending", action="store_true")
    parser.add_argument("--tensorflow-python", default=sys.executable)
    arguments = parser.parse_args()
    if arguments.check:
        return check(arguments)
    if arguments.pending:
        return pending()
    return bool(make(arguments.out, arguments.seed, arguments.prefixes))


if __name__ == "__main__":
    sys.exit(main())
