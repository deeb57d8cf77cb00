"""Arrows run downwards: a module imports only from lower layers or its own package."""

import ast
from pathlib import Path

import pytest

SRC = Path(__file__).parents[2] / "src" / "gradtape"
LAYER = {
    "base": 0, "core": 1, "ops": 2, "random": 2, "lib": 3, "graph": 3, "backends": 4, "transforms": 5, "io": 5,
    "api": 6, "data": 6, "keras": 7, "insight": 8, "runner": 9, "lab": 9, "cli": 10,
}  # fmt: skip
OPS_MAY = ("gradtape.base", "gradtape.core.card", "gradtape.core.slices", "gradtape.ops")
MODULES = sorted(p for p in SRC.rglob("*.py"))


def imports(path: Path) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [a.name for a in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found += (
                [f"{node.module}.{a.name}" for a in node.names]
                if node.module == "gradtape"
                else [node.module]
            )
    return [name for name in found if name and name.split(".")[0] == "gradtape"]


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(SRC)))
def test_imports_run_downwards(path: Path) -> None:
    parts = path.relative_to(SRC).parts
    if len(parts) == 1:
        return  # the front doors of the package stand above all layers
    own = parts[0]
    for name in imports(path):
        room = name.split(".")[1] if "." in name else ""
        assert room, f"{path}: imports the whole package"
        assert room == own or LAYER[room] < LAYER[own], f"{path} ({own}) imports {name}"
        if own == "ops":
            assert name.startswith(OPS_MAY), f"{path}: a room of ops imports {name}"


@pytest.mark.parametrize("folder", ["src", "tests", "tools", "benchmarks"])
def test_rooms_are_small(folder: str) -> None:
    long = {
        str(p): n
        for p in (SRC.parents[1] / folder).rglob("*.py")
        if (n := len(p.read_text().splitlines())) > 500
    }
    assert not long
