"""The benchmark page says who is ahead, from the records alone."""

import json

import pytest

pytest.importorskip("matplotlib")

from benchmarks import page


def spread(x):
    return {"median": x, "low": 0.9 * x, "high": 1.1 * x}


def record(date, ours, jax):
    rows = {"gradtape function": ours, "JAX jit": jax, "bare products": ours / 2}
    return {
        "date": f"{date}T00:00:00+00:00",
        "commit": "abc",
        "machine": {
            "cpu": "a processor",
            "cores": 2,
            "memory_gib": 8.0,
            "system": "Linux",
            "load": [1.0],
        },
        "workload": "mlp_sgd_32",
        "rounds": 3,
        "frameworks": {
            n: {"seconds": spread(t), "ratio": spread(t / ours)} for n, t in rows.items()
        },
        "versions": {"JAX jit": {"framework": "0.10"}},
        "difference": {"JAX jit": 1e-7},
        "missing": {"autograd": "no interpreter"},
        "promises": [],
    }


def written(tmp_path, *records):
    lines = "".join(json.dumps(r) + "\n" for r in records)
    (tmp_path / "mlp_sgd_32.jsonl").write_text(lines)
    page.write(tmp_path, tmp_path / "docs")
    return (tmp_path / "docs" / "benchmarks.md").read_text()


def test_a_faster_peer_is_named(tmp_path):
    (tmp_path / "docs").mkdir()
    text = written(tmp_path, record("2026-01-01", 0.004, 0.001))
    assert "**MLP, SGD, batch 32**: faster are JAX jit (4 times)." in text
    assert "| JAX 0.10 jit | 1 ms | 900 µs to 1.1 ms |" in text
    assert "autograd was left out: no interpreter" in text
    assert "Over time" not in text


def test_a_missed_promise_is_named(tmp_path):
    (tmp_path / "docs").mkdir()
    one = record("2026-01-01", 0.001, 0.003)
    promise = {"workload": "mlp_sgd_32", "claim": "time over its bare products", "sense": "<="}
    one["promises"] = [{**promise, "limit": 1.08, "measured": 1.5, "holds": False}]
    text = written(tmp_path, one)
    assert "batch 32**: time over its bare products: 1.5, promised at most 1.08." in text
    assert "| time over its bare products | at most 1.08 | 1.5 | MISSED |" in text


def test_nobody_is_faster(tmp_path):
    (tmp_path / "docs").mkdir()
    runs = record("2026-01-01", 0.004, 0.001), record("2026-02-01", 0.001, 0.003)
    text = written(tmp_path, *runs)
    assert "Nowhere, in the runs shown here." in text
    assert "Over time" in text
    images = tmp_path / "docs/images/benchmarks"
    assert {p.name for p in images.iterdir()} == {"overview.svg", "mlp_sgd_32.svg", "history.svg"}
    before = {p.name: p.read_text() for p in images.iterdir()}
    written(tmp_path, *runs)
    assert before == {p.name: p.read_text() for p in images.iterdir()}  # the same bytes again


def test_numpy_has_nothing_to_retrace():
    rows = {"gradtape function": {}, "NumPy by hand": {}, "JAX jit": {}}
    assert page.peers_of({"workload": "retraces", "frameworks": rows}) == ["JAX jit"]
    assert len(page.peers_of({"workload": "neuron", "frameworks": rows})) == 2
