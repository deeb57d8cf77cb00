"""Object code on disk: found again, never believed when it may be another's or is damaged, safe in a crowd."""

from __future__ import annotations

import ctypes
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from gradtape.backends.llvm import cache, engine

POSIX = hasattr(os, "geteuid")
needs_llvm = pytest.mark.skipif(not engine.available(), reason="llvmlite is not installed")
IR = """
define i64 @answer(i64 %x) {{
  %y = add i64 %x, {n}
  ret i64 %y
}}
"""


@pytest.fixture
def place(tmp_path, monkeypatch) -> Path:
    folder = tmp_path / "kernels"
    monkeypatch.setenv("GRADTAPE_CACHE", str(folder))
    return folder


def answer(code: engine.Compiled, x: int) -> int:
    return ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64)(code.address("answer"))(x)


def compiled(n: int) -> engine.Compiled:
    return engine.compile_ir(IR.format(n=n))


def test_what_is_stored_is_found(place) -> None:
    assert cache.load("a" * 40) is None
    cache.store("a" * 40, b"code")
    assert cache.load("a" * 40) == b"code"
    assert [p.name for p in place.iterdir()] == ["a" * 40 + ".o"]


@pytest.mark.skipif(not POSIX, reason="no owners and modes here")
def test_folder_and_files_are_the_owners_alone(place) -> None:
    cache.store("a", b"code")
    assert stat.S_IMODE(place.stat().st_mode) == 0o700
    assert stat.S_IMODE((place / "a.o").stat().st_mode) == 0o600


@pytest.mark.skipif(not POSIX, reason="no owners and modes here")
@pytest.mark.parametrize("mode", [0o770, 0o702, 0o777])
def test_a_folder_that_others_may_write_to_is_not_used(place, mode) -> None:
    cache.store("a", b"code")
    place.chmod(mode)
    assert cache.load("a") is None
    cache.store("b", b"code")
    assert not (place / "b.o").exists()


@pytest.mark.skipif(not POSIX, reason="no owners and modes here")
def test_a_file_that_others_may_write_to_is_not_believed(place) -> None:
    cache.store("a", b"code")
    (place / "a.o").chmod(0o666)
    assert cache.load("a") is None


@pytest.mark.skipif(not POSIX, reason="no links here")
def test_links_are_not_followed(place, tmp_path, monkeypatch) -> None:
    cache.store("a", b"code")
    (place / "a.o").rename(tmp_path / "elsewhere")
    (place / "a.o").symlink_to(tmp_path / "elsewhere")
    assert cache.load("a") is None
    link = tmp_path / "link"
    link.symlink_to(place)
    cache.store("b", b"code")
    monkeypatch.setenv("GRADTAPE_CACHE", str(link))
    assert cache.load("b") is None


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: data[:-1],
        lambda data: data[: len(data) // 2],
        lambda data: data + b"x",
        lambda data: data[:-2] + bytes([data[-2] ^ 1]) + data[-1:],
        lambda data: b"something else " + data,
        lambda data: bytes(len(data)),
    ],
)
def test_damaged_files_count_as_nothing_and_go(place, damage) -> None:
    cache.store("a", b"code of some length")
    path = place / "a.o"
    path.write_bytes(damage(path.read_bytes()))
    assert cache.load("a") is None
    assert not path.exists()


def test_a_file_under_another_name_is_not_believed(place) -> None:
    cache.store("a", b"code")
    (place / "a.o").rename(place / "b.o")
    assert cache.load("b") is None


@pytest.mark.parametrize("word", ["off", "OFF", "0", "no"])
def test_it_can_be_turned_off(monkeypatch, tmp_path, word) -> None:
    monkeypatch.setenv("GRADTAPE_CACHE", word)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    cache.store("a", b"code")
    assert cache.load("a") is None
    assert not list(tmp_path.iterdir())


def test_it_is_under_the_users_cache_unless_told(monkeypatch, tmp_path) -> None:
    monkeypatch.delenv("GRADTAPE_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache.folder() == tmp_path / "gradtape"


def test_nothing_is_kept_where_nothing_can_be(monkeypatch, tmp_path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    for folder in (blocked, blocked / "below"):
        monkeypatch.setenv("GRADTAPE_CACHE", str(folder))
        cache.store("a", b"code")
        assert cache.load("a") is None
    assert blocked.read_text() == "in the way"


def test_the_oldest_go_when_there_are_too_many(place) -> None:
    for i in range(6):
        cache.store(f"k{i}", bytes(1000))
        os.utime(place / f"k{i}.o", (i, i))
    cache.trim(place, limit=3500)
    assert sorted(p.stem for p in place.iterdir()) == ["k3", "k4", "k5"]


def test_keys_tell_parts_apart() -> None:
    assert cache.key_of(["ab", "c"]) != cache.key_of(["a", "bc"])
    assert cache.key_of(["a"]) == cache.key_of(["a"])


@needs_llvm
def test_code_comes_from_disk_the_second_time(place) -> None:
    first, second = compiled(5), compiled(5)
    assert not first.from_disk
    assert second.from_disk
    assert answer(first, 1) == answer(second, 1) == 6
    assert not compiled(6).from_disk


@needs_llvm
def test_code_that_was_cut_short_is_compiled_again(place) -> None:
    compiled(7)
    (path,) = place.glob("*.o")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    again = compiled(7)
    assert not again.from_disk
    assert answer(again, 1) == 8
    assert path.read_bytes() == whole


@needs_llvm
def test_described_code_is_not_even_written_down_again(place, monkeypatch) -> None:
    made = []

    def make() -> str:
        made.append(1)
        return IR.format(n=3)

    assert answer(engine.compile_described("answer 3", make), 1) == 4
    again = engine.compile_described("answer 3", make)
    assert again.from_disk
    assert answer(again, 2) == 5
    assert len(made) == 1
    monkeypatch.setattr(cache, "sources", lambda: "another state of the compiler")
    assert not engine.compile_described("answer 3", make).from_disk


@needs_llvm
def test_the_key_holds_machine_and_versions(place, monkeypatch) -> None:
    compiled(9)
    for attribute, value in [
        ("cpu", "another"),
        ("feature_text", "+none"),
        ("versions", "llvmlite 1"),
    ]:
        with monkeypatch.context() as patch:
            patch.setattr(engine.host(), attribute, value)
            assert cache.key_of(engine.host().key) not in {p.stem for p in place.iterdir()}
            before = cache.key_of((*engine.host().key, "ir", "0", "1", IR.format(n=9)))
        assert before != cache.key_of((*engine.host().key, "ir", "0", "1", IR.format(n=9)))
    assert compiled(9).from_disk


PROGRAM = """
import ctypes, sys
from gradtape.backends.llvm import engine
IR = {ir!r}
sys.stdin.readline()
for n in range(12):
    code = engine.compile_ir(IR.format(n=n))
    call = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64)(code.address("answer"))
    assert call(1) == n + 1
print("done")
"""


@needs_llvm
def test_processes_that_compile_the_same_at_once(place) -> None:
    source = PROGRAM.format(ir=IR)
    running = [
        subprocess.Popen(
            [sys.executable, "-c", source],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    for p in running:  # all begin at once
        assert p.stdin is not None
        p.stdin.write("go\n")
        p.stdin.flush()
    for p in running:
        out, err = p.communicate(timeout=120)
        assert (p.returncode, out) == (0, "done\n"), err
    assert len(list(place.glob("*.o"))) == 12
    assert not list(place.glob("*.part"))
    assert all(cache.load(p.stem) for p in place.glob("*.o"))


@needs_llvm
def test_threads_that_compile_at_once(place) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda n: answer(compiled(n % 5), 1), range(20)))
    assert found == [n % 5 + 1 for n in range(20)]


@needs_llvm
def test_code_that_llvm_does_not_take_is_named(place) -> None:
    with pytest.raises(ValueError, match=r"(?s)LLVM does not take.*Received:.*nonsense"):
        engine.compile_ir("define nonsense")
    with pytest.raises(KeyError, match="Received: 'other'"):
        compiled(1).address("other")


def test_llvmlite_is_imported_only_for_compiled_code() -> None:
    code = (
        "import sys, gradtape as tf\n"
        "from gradtape.backends.llvm import cache, engine, scalar\n"
        "x = tf.Variable([1.0, 2.0])\n"
        "with tf.GradientTape() as tape: y = tf.reduce_sum(tf.sin(x))\n"
        "tape.gradient(y, x); engine.available()\n"
        "assert not [m for m in sys.modules if m.split('.')[0] == 'llvmlite']\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_without_llvmlite_all_rooms_import() -> None:
    code = (
        "import sys\n"
        "class Nothing:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] == 'llvmlite': raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, Nothing())\n"
        "import gradtape\n"
        "from gradtape.backends.llvm import engine, scalar\n"
        "import gradtape.backends.llvm.mathfn.methods\n"
        "assert not engine.available()\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
