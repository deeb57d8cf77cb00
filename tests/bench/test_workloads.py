"""gradtape's version of every benchmark agrees with the one written out by hand in NumPy."""

import importlib

import pytest
from benchmarks.catalog import CATALOG
from benchmarks.measure import agreement
from benchmarks.peers import FRAMEWORKS
from benchmarks.worker import sample


def answer(name, framework):
    work = CATALOG[name]
    _, module, package, mode = FRAMEWORKS[framework]
    room = f"benchmarks.workloads.{work.folder}"
    problem = importlib.import_module(room).data(**work.arguments | work.tiny)
    front = (importlib.import_module(package),) if package else ()
    workload = importlib.import_module(f"{room}.{module}").Workload(*front, mode, problem)
    losses = [workload.step() for _ in range(2)]
    return {"losses": losses, "state": [sample(a) for a in workload.state()]}


MEASURED = [
    (name, mode)
    for name in CATALOG
    for mode in ("eager", "function")
    if f"gradtape {mode}" in CATALOG[name].frameworks
]


@pytest.mark.parametrize(("name", "mode"), MEASURED)
def test_agrees_with_numpy(name, mode):
    both = {f: answer(name, f) for f in ("NumPy by hand", f"gradtape {mode}")}
    assert agreement(both, "NumPy by hand")[f"gradtape {mode}"] < 1e-5
