"""Make, with TensorFlow, what the eager golden cases give inside `tf.function`.

    TENSORFLOW_PYTHON tools/golden/make_traced.py [FAMILY ...]

Most cases give there what they give eagerly: of them nothing is kept. tests/parity/traced/ holds the outcomes that
differ (other random numbers, errors of another class), tests/parity/untraced.txt the cases that have no meaning there.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from golden import make, outcome, registry, tracing

DATA = make.ROOT / "tests" / "parity" / "traced"
UNTRACED = make.ROOT / "tests" / "parity" / "untraced.txt"
ENDS = "TensorFlow ends the whole process there"
REASONS = {
    "'Tensor' object has no attribute 'numpy'": "asks a tensor for its numbers",
    "numpy() is only available when eager": "asks a variable for its numbers",
    "Cannot convert a symbolic": "hands a tensor to NumPy",
    "as a Python `bool`": "uses a tensor as a Python bool, without autograph",
    "Iterating over a symbolic": "iterates over a tensor, without autograph",
    "only supports singleton tf.Variables": "makes a variable at each call",
    "int() argument must be": "makes a Python number of a tensor",
    "float() argument must be": "makes a Python number of a tensor",
    "len is not well defined": "asks a symbolic tensor for its length",
    "only supported in eager mode": "takes numbers out of a data set",
    "Iterator.get_next()` calls": "takes numbers out of a data set",
    "Cannot get value inside": "asks a variable for its numbers",
    "inside a `tf.function`": "calls fit, or another method that has a traced function of its own",
    "Please run in eager mode": "asks a layer for a shape that only running it tells",
    "out of scope": "takes a tensor out of its function",
    "must be wrapped in an init_scope": "makes a variable of what it computes",
}


def reason_of(error: Exception) -> str:
    text = str(error)
    for words, reason in REASONS.items():
        if words in text:
            return reason
    line = next((one.strip() for one in text.splitlines() if one.strip()), "")
    return f"{type(error).__name__}: {line}"[:150]


def texts(tree: Any) -> list[str]:
    if isinstance(tree, str):
        return [tree]
    if isinstance(tree, dict):
        return [t for v in tree.values() for t in texts(v)]
    return [t for v in tree for t in texts(v)] if isinstance(tree, list) else []


def traced(tf: Any, one: registry.Case, seed: int, eager: Any) -> tuple[Any, str]:
    """The outcome and, where it has no meaning, why."""
    found = tracing.run(tf, one, seed)
    raised = isinstance(eager, dict) and "!raises" in eager
    if isinstance(found, Exception) and not raised:
        return None, reason_of(found)
    try:
        tree = outcome.plain(found)
    except Exception as error:
        return None, f"keeps a symbolic tensor: {reason_of(error)}"
    if "!symbolic" in json.dumps(tree, default=str):
        return None, "keeps a symbolic tensor"
    if any(" object at 0x" in t for t in texts(tree)):
        return None, "keeps an object of the graph"
    if one.id.startswith("printing/print/"):
        return None, "reads what tf.print writes before it is written"
    if any('Tensor("' in t or "<tf.Tensor '" in t for t in texts(tree)):
        return None, "prints a symbolic tensor"
    return tree, ""


def make_family(family: str, progress: Path) -> None:
    """Write the outcomes of one family, and the name of each case before it begins."""
    import tensorflow as tf

    tf.get_logger().setLevel("ERROR")
    registry.load()
    eager, seed = make.read(make.DATA)
    names = [name for name in eager if registry.CASES[name].family == family]
    untraced = make.listed(UNTRACED)
    fatal = {name for name in names if untraced.get(name) == ENDS}
    untraced = {n: why for n, why in untraced.items() if n not in names or n in fatal}
    store, lines = outcome.Store(), []
    for name in names:
        if name in fatal:
            continue
        progress.write_text(name)
        tree, why = traced(tf, registry.CASES[name], seed, eager[name]["outcome"])
        if why:
            untraced[name] = why
        elif outcome.differences(eager[name]["outcome"], tree):
            entry = {"names": [], "outcome": store.put(tree)}
            lines.append(f"{json.dumps(name)}: {json.dumps(entry)}")
    without = len(set(names) & set(untraced))
    print(
        f"{family}: {len(names)} cases, {without} without a meaning, {len(lines)} differ",
        flush=True,
    )
    for path in DATA.glob(f"{family}.*"):
        path.unlink()
    if lines:
        head = f'"tensorflow": {json.dumps(tf.__version__)}, "seed": {seed}'
        body = ",\n".join(lines)
        (DATA / f"{family}.json").write_text(f'{{{head}, "cases": {{\n{body}\n}}}}\n')
        np.savez_compressed(DATA / f"{family}.npz", **store.arrays())
    write_untraced(untraced)


def write_untraced(untraced: dict[str, str]) -> None:
    UNTRACED.write_text(
        "# Eager cases without a meaning inside tf.function, by tools/golden/make_traced.py: NAME # REASON\n"
        + "".join(f"{name} # {why}\n" for name, why in sorted(untraced.items()))
    )


def main(wanted: list[str]) -> None:
    """Each family in a process of its own: some cases end it."""
    DATA.mkdir(exist_ok=True)
    registry.load()
    families = sorted({one.family for one in registry.CASES.values()})
    with tempfile.TemporaryDirectory() as folder:
        progress = Path(folder) / "name"
        for family in families:
            if family.startswith("function_") or (wanted and family not in wanted):
                continue
            command = [sys.executable, __file__, "--family", family, str(progress)]
            while subprocess.run(command).returncode < 0:
                write_untraced({**make.listed(UNTRACED), progress.read_text(): ENDS})


if __name__ == "__main__":
    if sys.argv[1:2] == ["--family"]:
        make_family(sys.argv[2], Path(sys.argv[3]))
    else:
        main(sys.argv[1:])
