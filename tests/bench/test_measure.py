"""The benchmarks' own arithmetic: spread, ratios, agreement, promises and tables. Nothing is timed."""

import json

import pytest
from benchmarks import measure, promises, run, table
from benchmarks.catalog import CATALOG
from benchmarks.peers import BOUNDS, FRAMEWORKS, environment

TIMES = {
    "gradtape function": [1.0, 2.0, 4.0],
    "JAX jit": [3.0, 6.0, 16.0],
    "NumPy by hand": [2.0, 4.0, 8.0],
    "bare products": [0.5, 1.6, 4.0],
}


def test_quartiles():
    assert measure.quartiles([3.0]) == {"median": 3.0, "low": 3.0, "high": 3.0}
    assert measure.quartiles([5.0, 1.0, 3.0]) == {"median": 3.0, "low": 2.0, "high": 4.0}


def test_ratios_are_taken_within_each_round():
    found = measure.summarize(TIMES, "gradtape function")
    assert found["JAX jit"]["ratio"] == {"median": 3.0, "low": 3.0, "high": 3.5}
    assert found["JAX jit"]["seconds"]["median"] == 6.0


def test_the_order_of_the_turns_rotates():
    order = []
    turns = {n: lambda n=n: float(order.append(n) or len(order)) for n in "abc"}
    assert measure.rounds_of(turns, 4)["b"] == [2.0, 4.0, 9.0, 11.0]
    assert "".join(order) == "abcbcacababc"


def test_agreement_is_relative_to_the_largest_entry():
    base = {"losses": [1.0, 2.0], "state": [[0.0, 4.0], [0.0]]}
    other = {"losses": [1.0, 2.002], "state": [[0.02, 4.0], [0.0]]}
    found = measure.agreement({"base": base, "other": other}, "base")
    assert found["base"] == 0.0
    assert found["other"] == pytest.approx(0.005)


def test_promises_of_a_network():
    faster, products = promises.verdicts("mlp_sgd_128", TIMES)
    assert (faster.measured, faster.holds) == (2.0, True)
    assert faster.claim.endswith("NumPy by hand")  # the fastest peer, not the bound
    assert (products.measured, products.holds) == (1.25, False)


def test_the_bound_of_the_chain_is_the_longer_one():
    times = {
        "gradtape function": [10.0, 10.0],
        "plain copy": [4.0, 9.5],
        "functions in NumPy": [20.0, 20.0],
        "functions in JAX": [8.5, 8.5],
    }
    assert promises.bound_of(times) == [8.5, 9.5]
    (found,) = promises.verdicts("chain", times)
    assert found.measured == pytest.approx(0.9)
    assert found.holds


def rows(cold, peak):
    spread = {"median": cold, "low": cold, "high": cold}
    return {"cold": spread, "memory": {"base": 50.0, "first": peak, "steady": 1.0, "peak": peak}}


def test_promises_of_a_fresh_process():
    found = promises.Fresh(
        {
            "gradtape function": rows(0.2, 30.0),
            "JAX jit": rows(0.3, 40.0),
            "autograd": rows(0.1, 25.0),
        }
    )
    (lesson,) = promises.fresh_verdicts("two_layer", found)
    assert (lesson.measured, lesson.holds) == (200.0, True)
    first, memory = promises.fresh_verdicts("mlp_sgd_128", found)
    assert first.measured == pytest.approx(2 / 3)
    assert not first.holds
    assert memory.measured == pytest.approx(1.2)
    assert not memory.holds


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(2.0, "2 s"), (0.99999, "1 s"), (0.0123, "12.3 ms"), (4.5e-6, "4.5 µs"), (1234.0, "1234 s")],
)
def test_durations(seconds, text):
    assert table.duration(seconds) == text


def test_a_run_is_kept_and_shown(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(run.machine, "describe", lambda: MACHINE)
    monkeypatch.setattr(measure, "steps", lambda *_: {**STEPS, "times": dict(TIMES)})
    monkeypatch.setattr(measure, "fresh", lambda *_: {**FRESH})
    command = ["--only", "mlp_sgd_128", "fresh", "--fresh-of", "two_layer"]
    assert run.main([*command, "--history", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert "| JAX 0.10 jit | 6 s | 4.5 s to 11 s | 3 (3 to 3.5) | 1.0e-06 |" in printed
    assert (
        "| two_layer | gradtape function: first call in ms | at most 250 | 200 | holds |" in printed
    )
    (line,) = (tmp_path / "mlp_sgd_128.jsonl").read_text().splitlines()
    kept = json.loads(line)
    assert kept["frameworks"]["JAX jit"]["ratio"]["median"] == 3.0
    assert [p["holds"] for p in kept["promises"]] == [True, False]
    fresh = json.loads((tmp_path / "fresh.jsonl").read_text())
    assert fresh["workload"] == "two_layer"


MACHINE = {
    "cpu": "a processor",
    "cores": 2,
    "memory_gib": 8.0,
    "system": "Linux x86_64",
    "blas": "SkylakeX",
    "load": [0.1, 0.1, 0.1],
}
STEPS = {
    "rounds": 3,
    "per": 1,
    "versions": {"JAX jit": {"framework": "0.10"}},
    "difference": {"JAX jit": 1e-6},
    "missing": {"autograd": "no interpreter"},
}
FRESH = {"rounds": 1, "frameworks": {"gradtape function": rows(0.2, 30.0)}, "missing": {}}


def test_every_framework_has_its_module():
    for name, work in CATALOG.items():
        for framework in (*work.frameworks, *work.bounds):
            module = (FRAMEWORKS | BOUNDS)[framework].module
            path = run.ROOT / "benchmarks/workloads" / work.folder / f"{module}.py"
            assert path.exists(), f"{name}: {framework} has no {path.name}"
        assert work.title in table.section(name, {"rounds": 1, "frameworks": {}})[0]


def test_workers_are_rid_of_what_slows_blas(monkeypatch):
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    monkeypatch.setenv("OPENBLAS_L2_SIZE", "512")
    found = environment(GRADTAPE_CACHE="off")
    assert not [name for name in found if name.startswith("OPENBLAS")]
    assert found["GRADTAPE_CACHE"] == "off"


def test_a_failure_leaves_the_other_workloads(tmp_path, monkeypatch, capsys):
    def steps(name, *_):
        if name == "neuron":
            raise RuntimeError("it broke")
        return {**STEPS, "times": dict(TIMES)}

    monkeypatch.setattr(run.machine, "describe", lambda: MACHINE)
    monkeypatch.setattr(measure, "steps", steps)
    assert run.main(["--only", "neuron", "two_layer", "--no-history"]) == 1
    shown = capsys.readouterr()
    assert "it broke" in shown.err
    assert "The lesson's two-layer training step" in shown.out


class Stub:
    """A worker that answers from a script."""

    def __init__(self, name, losses):
        self.name, self.losses, self.versions, self.stopped = name, losses, {}, False

    def ask(self, do, **_):
        if do == "check":
            if self.losses is None:
                raise RuntimeError(f"{self.name}: it\nbroke")
            return {"losses": self.losses, "state": []}
        return {"seconds": 0.01}

    def stop(self):
        self.stopped = True


def test_who_does_not_agree_is_not_timed(monkeypatch):
    losses = {
        "gradtape function": [1.0],
        "NumPy by hand": [1.0],
        "JAX jit": [1.1],
        "autograd": None,
    }
    stubs = []

    def start(name, work, **_):
        if name not in losses:
            raise RuntimeError("no interpreter")
        stubs.append(Stub(name, losses[name]))
        return stubs[-1]

    monkeypatch.setattr(measure.Peer, "start", start)
    found = measure.steps("cnn", 2, set())
    assert list(found["times"]) == ["gradtape function", "NumPy by hand"]
    assert found["times"]["gradtape function"] == [0.001, 0.001]
    assert found["missing"]["JAX jit"] == "its results differ by 1.0e-01"
    assert found["missing"]["autograd"] == "autograd: it broke"
    assert found["missing"]["TensorFlow XLA"] == "no interpreter"
    assert all(stub.stopped for stub in stubs)
