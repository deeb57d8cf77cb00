"""What surrounds the code: threads for large loops, the cache on disk, lifetimes, memory over many steps."""

from __future__ import annotations

import ctypes
import gc
import os
import resource
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradtape.backends.llvm import program
from gradtape.backends.llvm.blas import blas
from gradtape.backends.llvm.engine import compile_ir
from gradtape.backends.llvm.runtime import compile_graph
from gradtape.backends.llvm.threads import parallel_address

from .graphs import Builder, lesson_arrays, lesson_loop, lesson_step

INCREMENT = """
define void @part(ptr %numbers, i64 %begin, i64 %end, i64 %p) {
entry:
  br label %each
each:
  %i = phi i64 [ %begin, %entry ], [ %next, %each ]
  %place = getelementptr i64, ptr %numbers, i64 %i
  %old = load volatile i64, ptr %place
  %new = add i64 %old, 1
  store volatile i64 %new, ptr %place
  %next = add i64 %i, 1
  %more = icmp slt i64 %next, %end
  br i1 %more, label %each, label %done
done:
  ret void
}
"""


@pytest.fixture(scope="module")
def region() -> Any:
    """region(numbers): adds one to each number, in eight parts."""
    code = compile_ir(INCREMENT)
    kinds = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64)
    parallel = ctypes.CFUNCTYPE(None, *kinds)(parallel_address())

    def run(numbers: np.ndarray) -> None:
        bounds = np.linspace(0, len(numbers), 9).astype(np.int64)
        parallel(code.address("part"), numbers.ctypes.data, bounds.ctypes.data, 8)

    return run


def test_each_part_of_a_region_is_done_once(region: Any) -> None:
    for n in (8, 1000, 100_000):
        numbers = np.zeros(n, np.int64)
        for _ in range(300):
            region(numbers)
        assert (numbers == 300).all()


def test_regions_of_several_threads_at_once(region: Any) -> None:
    arrays = [np.zeros(5000, np.int64) for _ in range(4)]
    threads = [threading.Thread(target=lambda a=a: [region(a) for _ in range(300)]) for a in arrays]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all((a == 300).all() for a in arrays)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_has_threads_of_its_own() -> None:
    code = f"""
import os, sys
sys.path.insert(0, {str(Path(__file__).parents[1])!r})
import numpy as np
from backends.graphs import Builder
from gradtape.backends.llvm.runtime import compile_graph
g = Builder()
x = g.input((400, 400))
executable = compile_graph(g.graph(g("exp", g("tanh", x))))
x = np.random.default_rng(0).standard_normal((400, 400)).astype(np.float32)
want = executable.run(x)[0]
child = os.fork()
if child == 0:
    same = all(np.array_equal(executable.run(x)[0], want) for _ in range(20))
    os._exit(0 if same else 1)
assert os.waitpid(child, 0)[1] == 0
assert np.array_equal(executable.run(x)[0], want)
print("fine")
"""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, timeout=60, check=False
    )  # fmt: skip
    assert done.stdout == "fine\n", done.stderr


def test_a_door_outlives_its_executable() -> None:
    executable = compile_graph(lesson_step(), {2: 1, 3: 2, 4: 3, 5: 4})
    door, arrays = executable.door, lesson_arrays()
    wanted = lesson_step().run(*arrays)
    del executable
    gc.collect()
    loss = np.empty((), np.float32)
    assert door(*arrays, loss) is None
    np.testing.assert_allclose(loss, wanted[0], rtol=1e-6)


def test_a_door_says_what_does_not_fit_and_writes_nothing() -> None:
    executable = compile_graph(lesson_step(), {2: 1, 3: 2, 4: 3, 5: 4})
    loss = np.full((), 7, np.float32)
    good = [*lesson_arrays(), loss]
    bad: list[list[Any]] = [good[:-1], [*good, loss]]
    changes = [(0, good[0][0]), (0, good[0].astype(np.float64)), (0, good[0].tolist()), (1, good[1][::-1]),
               (2, np.asfortranarray(good[2])), (2, None), (4, good[4][:4])]  # fmt: skip
    for place, value in changes:
        if place == 1:
            continue  # one number is contiguous in any direction
        bad.append([*good[:place], value, *good[place + 1 :]])
    frozen = good[5].copy()
    frozen.flags.writeable = False
    bad.append([*good[:5], frozen, loss])
    for arrays in bad:
        before = [np.array(a) for a in good]
        assert executable.door(*arrays) is not None
        assert all(np.array_equal(a, b) for a, b in zip(good, before))
    assert executable.door(*good) is None


CACHED = """
import sys
sys.path.insert(0, {tests!r})
import numpy as np
from backends.graphs import lesson_loop, lesson_arrays
from gradtape.backends.llvm.runtime import compile_graph
executable = compile_graph(lesson_loop(10))
for got, want in zip(executable.run(*lesson_arrays()), lesson_loop(10).run(*lesson_arrays())):
    np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)
print(executable.from_disk)
"""


def start(folder: Path) -> subprocess.Popen[str]:
    code = CACHED.format(tests=str(Path(__file__).parents[1]))
    return subprocess.Popen(
        [sys.executable, "-c", code], env={**os.environ, "GRADTAPE_CACHE": str(folder)}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def answer(process: subprocess.Popen[str]) -> str:
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return out.strip()


def test_code_on_disk_is_shared_and_survives_damage(tmp_path: Path) -> None:
    """Two processes make the same code at once; later ones find it; a file cut short is made again."""
    both = [start(tmp_path / "kernels"), start(tmp_path / "kernels")]
    assert "False" in [answer(process) for process in both]
    assert answer(start(tmp_path / "kernels")) == "True"
    files = [p for p in (tmp_path / "kernels").rglob("*") if p.is_file()]
    assert files
    for file in files:
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    assert answer(start(tmp_path / "kernels")) == "False"
    assert answer(start(tmp_path / "kernels")) == "True"


def memory() -> int:
    """Bytes of this process in use."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs /proc")
@pytest.mark.parametrize("limit", [6000, -1], ids=["rows", "buffers"])
def test_memory_does_not_grow(monkeypatch: Any, limit: int) -> None:
    monkeypatch.setattr(program, "ROWS_LIMIT", limit)
    executable, arrays = compile_graph(lesson_step(), {2: 1, 3: 2, 4: 3, 5: 4}), lesson_arrays()
    call = executable.call
    for _ in range(20_000):
        call(*arrays)
    before = memory()
    for _ in range(100_000):
        call(*arrays)
    assert memory() - before < 1 << 20


@pytest.mark.full
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs /proc")
def test_memory_does_not_grow_over_a_million_steps() -> None:
    executable, arrays = compile_graph(lesson_step(), {2: 1, 3: 2, 4: 3, 5: 4}), lesson_arrays()
    for _ in range(20_000):
        executable.call(*arrays)
    before = memory()
    for _ in range(1_000_000):
        executable.call(*arrays)
    assert memory() - before < 1 << 20


def test_compiled_graphs_are_freed() -> None:
    def make() -> None:
        g = Builder()
        x = g.input((3,))
        compile_graph(g.graph(g("tanh", x))).run(np.ones(3, np.float32))

    make()
    gc.collect()
    before = len(gc.get_objects())
    for _ in range(5):
        make()
    gc.collect()
    assert len(gc.get_objects()) - before < 200


def test_blas_of_numpy_is_found() -> None:
    found = blas()
    if found is None:
        pytest.skip("this NumPy has no BLAS of its own")
    assert found.bits in (32, 64) and found.address("cblas_sgemm")


def test_products_without_a_blas(monkeypatch: Any) -> None:
    from gradtape.backends.llvm import buffers

    monkeypatch.setattr(buffers, "blas", lambda: None)
    g = Builder()
    x, y = g.input((100, 80)), g.input((80, 90))
    graph = g.graph(g("matmul", x, y, transpose_a=False, transpose_b=False))
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((100, 80)), rng.standard_normal((80, 90))
    arrays = [a.astype(np.float32), b.astype(np.float32)]
    np.testing.assert_allclose(
        compile_graph(graph).run(*arrays)[0], graph.run(*arrays)[0], rtol=1e-4, atol=1e-4
    )


def test_loops_end_at_their_limit() -> None:
    graph = lesson_loop(10)
    (equation,) = graph.equations
    for limit, turns in ((4, 4), (50, 10), (0, 0)):
        attrs = {**equation.attrs, "limit": limit}
        limited = type(graph)(
            graph.inputs,
            (type(equation)(equation.op, equation.inputs, attrs, equation.outputs),),
            graph.outputs,
            graph.constants,
        )
        got = compile_graph(limited).run(*lesson_arrays())
        for a, b in zip(got, lesson_loop(turns).run(*lesson_arrays())):
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def mixed() -> tuple[Any, list[np.ndarray]]:
    """A graph with calls of Python, constants, an error to find, and a loop."""
    g = Builder()
    x, labels = g.input((40, 7)), g.input((40,), np.int64)
    sums = g("cumsum", x, axis=1, exclusive=False, reverse=False)
    big = g.constant(np.arange(280).reshape(40, 7) / 280)
    loss, slope = g("sparse_softmax_cross_entropy_with_logits", g("add", sums, big), labels)
    total = g("reduce_sum", loss, axis=(0,), keepdims=False)
    square = g("matmul", slope, slope, transpose_a=True, transpose_b=False)
    power = g("matrix_exponential", g("add", square, g.constant(np.eye(7))))
    rng = np.random.default_rng(0)
    arrays = [rng.standard_normal((40, 7)).astype(np.float32), rng.integers(0, 7, 40)]
    return g.graph(total, power), arrays


def test_code_from_disk_is_called_as_it_was(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("GRADTAPE_CACHE", str(tmp_path / "kernels"))
    monkeypatch.setattr(program, "ROWS_LIMIT", -1)
    graph, arrays = mixed()
    made = compile_graph(graph)
    again, _ = mixed()  # the same graph, traced anew
    found = compile_graph(again)
    assert (made.from_disk, found.from_disk) == (False, True)
    for a, b, c in zip(made.run(*arrays), found.run(*arrays), graph.run(*arrays), strict=True):
        assert a.tobytes() == b.tobytes()
        np.testing.assert_allclose(a, c, rtol=1e-4, atol=1e-4)
    arrays[1][3] = 7
    with pytest.raises(ValueError, match="label value of 7"):
        found.run(*arrays)
    other, _ = mixed()
    changed = dict(other.constants)
    value = next(v for v in changed if v.shape == (7, 7))
    changed[value] = changed[value] * 2
    arrays[1][3] = 0
    graph = type(other)(other.inputs, other.equations, other.outputs, changed)
    for a, b in zip(compile_graph(graph).run(*arrays), graph.run(*arrays)):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4)
