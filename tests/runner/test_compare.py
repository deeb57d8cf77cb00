"""A run beside stored outputs: lists of what each cell printed, and notebooks run out of order."""

from __future__ import annotations

import json

import pytest
from tests.runner.made import code, stream

from gradtape.runner.compare import disorder


def result(text):
    return {
        "output_type": "execute_result",
        "data": {"text/plain": text},
        "metadata": {},
        "execution_count": 1,
    }


def reference(tmp_path, *entries):
    path = tmp_path / "reference.json"
    blank = {"stdout": "", "result": None, "error": None}
    path.write_text(json.dumps([blank | {"cell": n} | e for n, e in enumerate(entries, start=1)]))
    return path


def verdicts(done):
    rows = done.stdout.split("\n\n")[0].splitlines()[1:]
    return [row[6:20].strip().split("  ")[0] for row in rows]


def test_equal_outputs(gradtape, notebook, tmp_path):
    path = notebook("print('loss', 0.12345678)", "[1.5, [2.5] * 30]", "x = 1")
    entries = [{"stdout": "loss 0.12345679\n"}, {"result": repr([1.5, [2.5] * 30])}, {}]
    done = gradtape("run", path, "--compare", reference(tmp_path, *entries))
    assert done.returncode == 0, done.stdout
    assert verdicts(done) == ["equal", "equal", "equal"]
    assert "cells 3 equal; 32 numbers, 31 printed alike" in done.stdout
    assert "0 beyond the tolerance" in done.stdout


def test_differences_are_named_and_measured(gradtape, notebook, tmp_path):
    path = notebook("print('loss', 0.5000001)", "'a'", "print(3)", "1/3")
    entries = [
        {"stdout": "loss 0.4000000\n"},
        {"result": "'b'"},
        {"stdout": "4\n"},
        {"result": None},
    ]
    done = gradtape("run", path, "--compare", reference(tmp_path, *entries))
    assert done.returncode == 1
    assert verdicts(done) == ["differs"] * 4
    assert "stored 0.4000000, here 0.5000001: they differ by 0.1, allowed 4e-07" in done.stdout
    assert """stored "'b'", here "'a'\"""" in done.stdout
    assert "stored 4, here 3: they differ by 1" in done.stdout


def test_the_tolerances_are_taken(gradtape, notebook, tmp_path):
    path, stored = notebook("1.001"), reference(tmp_path, {"result": "1.000"})
    assert gradtape("run", path, "--compare", stored).returncode == 0  # a unit of the last digit
    stored = reference(tmp_path, {"result": "1.0000"})
    assert gradtape("run", path, "--compare", stored).returncode == 1
    assert gradtape("run", path, "--compare", stored, "--rtol", "1e-2").returncode == 0


def test_a_skipped_cell_and_a_stored_error(gradtape, notebook, tmp_path):
    path = notebook(
        "class DeviceNotFoundError(IndexError): pass",
        "print('GPUs:')\nraise DeviceNotFoundError('there are 0')",
        "{}['k']",
        "print(5)",
    )
    entries = [
        {},
        {"stdout": "GPUs:\n", "error": "IndexError: list index out of range"},
        {"error": "KeyError: 'k'"},
        {"stdout": "5\n"},
    ]
    done = gradtape("run", path, "--compare", reference(tmp_path, *entries))
    assert done.returncode == 0, done.stdout + done.stderr
    assert verdicts(done) == ["equal", "skipped", "equal", "equal"]
    assert "cell 2 skipped: there are 0" in done.stderr


def test_a_stored_error_that_does_not_come(gradtape, notebook, tmp_path):
    done = gradtape(
        "run", notebook("1;"), "--compare", reference(tmp_path, {"error": "KeyError: 1"})
    )
    assert done.returncode == 1
    assert "stored 'KeyError', here 'no error'" in done.stdout


def test_outputs_of_a_notebook_run_out_of_order(gradtape, notebook):
    path = notebook(
        code("x = 1", count=3),
        code("x", [result("1")], count=4),
        code("x = 2", count=8),
        code("print(x)", [stream("1\n")], count=5),  # it ran before the cell above
        code("x + 1", [stream("3\n")], count=9),  # shown by print then, returned now
        code("x * 10", [result("40")], count=None),
        code("x * 100"),
        code("", count=None),
    )
    done = gradtape("run", path, "--compare", path)
    assert done.returncode == 1
    assert verdicts(done) == [
        *("equal", "equal", "equal", "out of order", "equal", "out of order"),
        *("nothing stored", "equal"),
    ]
    assert "stored outputs made out of order: cells 4, 6" in done.stdout
    assert "cell 4 out of order: it ran before cell 3 (counts 5 and 8)" in done.stdout
    assert "cell 6 out of order: its execution count is missing" in done.stdout


def test_a_difference_in_order_is_a_difference(gradtape, notebook):
    path = notebook(code("1", [result("2")], count=1), code("2", [result("2")], count=2))
    done = gradtape("run", path, "--compare", path)
    assert (done.returncode, verdicts(done)) == (1, ["differs", "equal"])


def test_a_kernel_that_was_not_fresh_is_named(gradtape, notebook):
    path = notebook(code("1", [result("2")], count=18), code("2", [result("2")], count=19))
    done = gradtape("run", path, "--compare", path)
    assert verdicts(done) == ["differs", "equal"]
    assert "cell 1 differs: the stored output's kernel had run 17 other cells before" in done.stdout


def test_an_executed_notebook_equals_itself(gradtape, notebook, tmp_path):
    path, out = (
        notebook("import numpy as np\nnp.arange(40.) / 3", "print(id)"),
        tmp_path / "out.ipynb",
    )
    assert gradtape("run", path, "-o", out).returncode == 0
    assert "gradtape.repr" not in out.read_text()
    done = gradtape("run", path, "--compare", out)
    assert (done.returncode, verdicts(done)) == (0, ["equal", "equal"])


def test_a_reference_of_another_notebook(gradtape, notebook, tmp_path):
    stored = reference(tmp_path, {}, {}, {})
    done = gradtape("run", notebook("1", "2"), "--compare", stored)
    assert done.returncode == 3
    assert "holds 3 code cells, the notebook 2: they do not belong together" in done.stderr


@pytest.mark.parametrize("text", ["{}", "[]", "[1]", '[{"cell": 0}]', '[{"cell": 1, "stdout": 3}]'])
def test_a_broken_reference(gradtape, notebook, tmp_path, text):
    path = tmp_path / "reference.json"
    path.write_text(text)
    done = gradtape("run", notebook("1"), "--compare", path)
    assert (done.returncode, done.stdout) == (3, "")
    assert len(done.stderr.splitlines()) == 1
    assert "reference.json" in done.stderr


def test_order_by_execution_counts():
    assert disorder([1, 2, 3]) == ["", "", ""]
    assert disorder([18, 19, 25]) == ["", "", ""]
    assert [bool(r) for r in disorder([1, 5, 3, None, 6])] == [False, True, True, True, False]
    assert [bool(r) for r in disorder([1, None, 2], [False, True, False])] == [False] * 3
    assert [bool(r) for r in disorder([2, 2])] == [True, True]
