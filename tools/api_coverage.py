"""Write docs/api-coverage.md: which names that real notebooks use work here, and the golden case that shows it.

    python tools/api_coverage.py            writes the page
    python tools/api_coverage.py --check    says whether the page is up to date

A name works when it resolves and a golden case that reaches for it passes (it is in neither pending.txt nor
differences.txt). A method works when such a case calls it. The names and how often they are used stand in
tools/golden/api_surface.txt.
"""

from __future__ import annotations

import ast
import inspect
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools"))

from golden import make, registry  # noqa: E402

PAGE = ROOT / "docs" / "api-coverage.md"
SURFACE = ROOT / "tools" / "golden" / "api_surface.txt"
PARITY = ROOT / "tests" / "parity"
# The longest prefix that matches gives the reason.
REASONS = {
    "tf.strings": "text is out of scope",
    "tf.ragged": "ragged tensors are out of scope",
    "tf.sparse": "sparse tensors are out of scope",
    "tf.SparseTensor": "sparse tensors are out of scope",
    "tf.sets": "sparse tensors are out of scope",
    "tf.summary": "summaries are out of scope",
    "tf.keras.callbacks.TensorBoard": "scalars and histograms; read back by TensorBoard itself in the tests",
    "tf.profiler": "summaries are out of scope",
    "tf.saved_model": "saving is out of scope",
    "tf.keras.models.load_model": "saving is out of scope",
    "tf.keras.callbacks.ModelCheckpoint": "saving is out of scope",
    "tf.train": "saving is out of scope",
    "tf.distribute": "distribution is out of scope",
    "tf.keras.applications": "needs trained weights from the network",
    "tf.keras.datasets": "reads the cached file or fetches it; no golden case, since the data is not kept here",
    "tf.config.experimental.VirtualDeviceConfiguration": "graphics processors only",
    "tf.config.experimental.set_virtual_device_configuration": "graphics processors only",
    "tf.io.decode": "image files are out of scope",
    "tf.image.decode": "image files are out of scope",
    "tf.keras.preprocessing.image": "image files are out of scope",
    "tf.data.TextLineDataset": "text is out of scope",
    "tf.data.experimental.CsvDataset": "text is out of scope",
    "tf.types": "typing of traces comes with compilation",
    "tf.__version__": "2.12.0 under the alias that the runner installs",
    ".save": "saving is out of scope",
    ".add_slot": "older optimizers only",
    ".get_slot": "older optimizers only",
    ".pretty_printed_concrete_signatures": "comes with compilation",
    ".graph": "comes with compilation",
    ".gpu": "graphics processors only",
    ".cpu": "there is one device",
    ".counter": "an attribute of the notebooks' own classes",
}


class Surface:
    """The names, methods and keyword arguments, each with its counts."""

    def __init__(self) -> None:
        self.names: list[tuple[str, int, int]] = []
        self.methods: list[tuple[str, int, int]] = []
        self.keywords: list[tuple[str, list[str]]] = []
        for line in SURFACE.read_text().splitlines()[1:]:
            first, *rest = line.split()
            if first.endswith("("):
                self.keywords.append((first[:-1], rest))
            else:
                place = self.methods if first.startswith(".") else self.names
                place.append((first, int(rest[0]), int(rest[1])))


def reason_of(name: str) -> str:
    fitting = [p for p in REASONS if name == p or name.startswith(p + (" " if p[0] == "." else ""))]
    return REASONS[max(fitting, key=len)] if fitting else ""


MISSING = object()


def resolve(tf: Any, name: str) -> Any:
    """The thing of a dotted name, or MISSING."""
    try:
        return registry.find(tf, name.partition(".")[2])
    except AttributeError:
        return MISSING


def shown_by(passing: dict[str, Any]) -> dict[str, str]:
    """For each name, a passing case that reaches for it: the one that reaches for the fewest others."""
    best: dict[str, tuple[Any, str]] = {}
    for case, entry in passing.items():
        for name in entry["names"]:
            leaf = name.rpartition(".")[2]
            rank = (
                leaf not in case.replace("/", " ").replace(".", " ").split(),
                len(entry["names"]),
                case,
            )
            best[name] = min(best.get(name, (rank, case)), (rank, case))
    return {name: case for name, (_, case) in best.items()}


def attributes(tree: ast.AST) -> set[str]:
    return {f".{n.attr}" for n in ast.walk(tree) if isinstance(n, ast.Attribute)}


def methods_shown(passing: dict[str, Any]) -> dict[str, str]:
    """For each attribute, a passing case whose function, or whose row in a table beside it, uses it."""
    registry.load()
    found: dict[str, str] = {}
    rooms: dict[str, ast.Module] = {}
    for case in passing:
        function = registry.CASES[case].function
        path = inspect.getsourcefile(function) or ""
        if path not in rooms:
            rooms[path] = ast.parse(Path(path).read_text())
            for node in (n.value for n in rooms[path].body if isinstance(n, ast.Assign)):
                for key, value in zip(node.keys, node.values) if isinstance(node, ast.Dict) else ():
                    row = f"{Path(path).stem}/{getattr(key, 'value', '')}"
                    if row in passing:
                        found.update({a: row for a in attributes(value) if a not in found})
        for body in rooms[path].body:
            if isinstance(body, ast.FunctionDef) and body.name == function.__name__:
                found.update({a: case for a in attributes(body) if a not in found})
    return found


def takes(thing: Any, keywords: list[str]) -> list[str]:
    """The keywords that a callable does not take."""
    try:
        parameters = inspect.signature(thing).parameters
    except (TypeError, ValueError):
        return []
    if any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        return []
    return [k for k in keywords if k not in parameters]


def row(name: str, notebooks: int, case: str | None, there: bool) -> tuple[str, bool]:
    reason = reason_of(name)
    if case and there:
        return f"| `{name}` | {notebooks} | works | `{case}` |", True
    if reason:
        state = "listed" if name.startswith(".") else "there" if there else "not built"
        return f"| `{name}` | {notebooks} | {state} | {reason} |", True
    return f"| `{name}` | {notebooks} | {'there, not shown' if there else 'missing'} | |", False


def page(tf: Any) -> tuple[str, list[str]]:
    """The text, and the names used by two or more notebooks that neither work nor have a reason."""
    surface = Surface()
    data, _ = make.read(make.DATA)
    left_out = {**make.listed(PARITY / "pending.txt"), **make.listed(PARITY / "differences.txt")}
    passing = {name: entry for name, entry in data.items() if name not in left_out}
    by_name, by_method = shown_by(passing), methods_shown(passing)
    missing: list[str] = []
    tables: list[list[str]] = [[], []]
    works = 0
    for table, rows in zip(tables, (surface.names, surface.methods)):
        for name, _, notebooks in rows:
            is_method = name.startswith(".")
            case = (by_method if is_method else by_name).get(name)
            text, fine = row(name, notebooks, case, is_method or resolve(tf, name) is not MISSING)
            works += "| works |" in text
            table.append(text)
            if not fine and notebooks >= 2:
                missing.append(name)
    keywords = []
    for name, words in surface.keywords:
        thing = resolve(tf, name)
        lacking = takes(thing, words) if thing is not MISSING else []
        state = "lacks " + ", ".join(lacking) if lacking else "takes them"
        if thing is MISSING:
            state = reason_of(name) or "missing"
        keywords.append(f"| `{name}` | {', '.join(words)} | {state} |")
        if lacking:
            missing.append(f"{name}({', '.join(lacking)})")
    total = len(surface.names) + len(surface.methods)
    head = "| name | notebooks | state | golden case or reason |\n|---|---|---|---|\n"
    text = f"""# Coverage of the names that notebooks use

Made by `tools/api_coverage.py` from {len(data)} golden cases; {works} of {total} names and methods
work. A name *works* when the golden case beside it reaches for it under TensorFlow 2.12 and gives
the same here. The counts are of public TensorFlow notebooks on gradients and training.

## Names

{head}{chr(10).join(tables[0])}

## Methods and attributes

{head}{chr(10).join(tables[1])}

## Keyword arguments

| callable | keywords | state |
|---|---|---|
{chr(10).join(keywords)}
"""
    return text, missing


def main() -> int:
    import gradtape as tf

    text, missing = page(tf)
    for name in missing:
        print(f"neither works nor has a reason: {name}")
    if "--check" in sys.argv:
        return PAGE.read_text() != text
    PAGE.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
