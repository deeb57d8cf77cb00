"""From LLVM IR to machine code in this process.

`llvmlite` is imported by the first call that needs it; `available()` says whether there is one to import.
"""

from __future__ import annotations

import importlib.util
import threading
from functools import cache
from typing import Any

import numpy as np

from gradtape.backends.llvm import cache as disk

OPTIMIZE = 1  # of LLVM's code generator: the IR comes vectorised
_LOCK = threading.RLock()  # LLVM's global context is used by one thread at a time


@cache
def available() -> bool:
    """Whether machine code can be made here."""
    return importlib.util.find_spec("llvmlite") is not None


class Host:
    """The machine that runs this process, as LLVM sees it."""

    def __init__(self) -> None:
        import llvmlite
        import llvmlite.binding as binding

        binding.initialize_native_target()
        binding.initialize_native_asmprinter()
        self.binding = binding
        self.cpu: str = binding.get_host_cpu_name()
        found = binding.get_host_cpu_features()
        self.feature_text: str = found.flatten()
        self.features = frozenset(name for name, has in found.items() if has)
        self.triple: str = binding.get_process_triple()
        self.versions = f"llvmlite {llvmlite.__version__} LLVM {'.'.join(map(str, binding.llvm_version_info))}"
        self.llvm_major: int = binding.llvm_version_info[0]

    @property
    def vector_bytes(self) -> int:
        """Bytes of a vector register."""
        if "avx512f" in self.features:
            return 64
        return 32 if "avx2" in self.features else 16

    @property
    def has_scale(self) -> bool:
        """Whether x 2^n is one instruction, and LLVM knows it for vectors."""
        return {"avx512f", "avx512vl", "avx512dq"} <= self.features and self.llvm_major >= 22

    def machine(self) -> Any:
        return self.binding.Target.from_triple(self.triple).create_target_machine(
            cpu=self.cpu, features=self.feature_text, opt=OPTIMIZE, jit=True, reloc="pic"
        )


@cache
def host() -> Host:
    """The machine, looked at once."""
    with _LOCK:
        return Host()


def lanes_for(dtype: Any) -> int:
    """How many elements of a dtype a vector register holds."""
    return max(1, host().vector_bytes // np.dtype(dtype).itemsize)


class Compiled:
    """Machine code in memory, for as long as this object lives."""

    def __init__(self, engine: Any, from_disk: bool):
        self._engine = engine
        self.from_disk = from_disk

    def address(self, name: str) -> int:
        """Where the function `name` begins."""
        found = self._engine.get_function_address(name)
        if not found:
            raise KeyError(f"The compiled code has no function {name!r}.")
        return found


def compile_ir(text_or_module: Any, symbols: dict[str, int] | None = None) -> Compiled:
    """Machine code of LLVM IR, from the cache on disk where it has been made before.

    text_or_module: IR as text, or a module of `llvmlite.ir`.  symbols: addresses of external functions by name; code
    that is to be shared between processes takes its addresses as arguments instead, and needs none.
    """
    text = text_or_module if isinstance(text_or_module, str) else str(text_or_module)
    machine = host()
    key = disk.key_of(
        (machine.cpu, machine.feature_text, machine.triple, machine.versions, str(OPTIMIZE)), text
    )
    code = disk.load(key)
    from_disk = code is not None
    with _LOCK:
        if code is None:
            code = object_code(text)
        engine = loaded(code, symbols or {})
    if not from_disk:
        disk.store(key, code)
    return Compiled(engine, from_disk)


def object_code(text: str) -> bytes:
    """The object file of IR."""
    machine = host()
    module = machine.binding.parse_assembly(text)
    target = machine.machine()
    optimized(module, target)
    return target.emit_object(module)


def optimized(module: Any, target: Any) -> None:
    """Takes duplicates and dead instructions away, in place."""


def loaded(code: bytes, symbols: dict[str, int]) -> Any:
    """An execution engine that holds the object file."""
    binding = host().binding
    for name, address in symbols.items():
        binding.add_symbol(name, address)
    empty = binding.parse_assembly("")
    engine = binding.create_mcjit_compiler(empty, host().machine())
    engine.add_object_file(binding.ObjectFileRef.from_data(code))
    engine.finalize_object()
    return engine
