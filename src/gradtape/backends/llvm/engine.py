"""From LLVM IR to machine code in this process.

`llvmlite` is imported by the first call that needs it; `available()` says whether there is one to import.
"""

from __future__ import annotations

import importlib.util
import sys
import threading
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from gradtape.backends.llvm import cache as disk

EFFORT = 1  # level of LLVM's code generator: at 0 three times as fast, loops are 4% slower (wide ones half as fast)
_LOCK = threading.RLock()  # LLVM's global context is used by one thread at a time


@cache
def available() -> bool:
    """Whether machine code can be made here."""
    try:
        return importlib.util.find_spec("llvmlite") is not None
    except (ImportError, ValueError):  # a finder that forbids it; a None in sys.modules
        return False


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
        llvm = ".".join(map(str, binding.llvm_version_info))
        self.versions = f"llvmlite {llvmlite.__version__} LLVM {llvm}"
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

    def machine(self, effort: int = EFFORT) -> Any:
        """A code generator for this machine."""
        return self.binding.Target.from_triple(self.triple).create_target_machine(
            cpu=self.cpu, features=self.feature_text, opt=effort, jit=True, reloc="pic"
        )

    @property
    def key(self) -> tuple[str, ...]:
        """What object code depends on besides its source."""
        version = getattr(sys.modules["gradtape"], "__version__", "")
        return (self.cpu, self.feature_text, self.triple, self.versions, version)


@cache
def host() -> Host:
    """The machine, looked at once."""
    with _LOCK:
        return Host()


class Compiled:
    """Machine code in memory, for as long as this object lives.  `from_disk`: it was not compiled but found."""

    def __init__(self, engine: Any, from_disk: bool):
        self._engine = engine
        self.from_disk = from_disk

    def address(self, name: str) -> int:
        """Where the function `name` begins."""
        with _LOCK:
            found = self._engine.get_function_address(name)
        if not found:
            raise KeyError(f"The compiled code has no function of this name. Received: {name!r}")
        return found


def compile_ir(
    text_or_module: Any,
    symbols: Mapping[str, int] | None = None,
    passes: int = 0,
    effort: int = EFFORT,
) -> Compiled:
    """Machine code of LLVM IR, from the cache on disk where it has been made before.

    text_or_module: IR as text, or a module of `llvmlite.ir`.  symbols: addresses of external functions by name, for
    all code of this process; what differs from process to process is better an argument of the code.  passes: the level
    (0 to 3) of LLVM's own passes over the IR.  effort: that of its code generator.
    Raises ValueError for IR that LLVM does not take.
    """
    text = text_or_module if isinstance(text_or_module, str) else str(text_or_module)
    key = disk.key_of((*host().key, "ir", str(passes), str(effort), text))
    return _compiled(key, lambda: text, symbols or {}, passes, effort)


def compile_described(
    description: str,
    make: Callable[[], Any],
    symbols: Mapping[str, int] | None = None,
    passes: int = 0,
    effort: int = EFFORT,
) -> Compiled:
    """The same for IR that `make()` makes and that follows from `description`: on a hit it is not made at all.

    The key takes in the sources of gradtape, so that a change of the compiler is never met by older code.
    """
    key = disk.key_of(
        (*host().key, disk.sources(), "description", str(passes), str(effort), description)
    )
    return _compiled(key, lambda: str(make()), symbols or {}, passes, effort)


def _compiled(
    key: str, make: Callable[[], str], symbols: Mapping[str, int], passes: int, effort: int
) -> Compiled:
    code = disk.load(key)
    from_disk = code is not None
    text = "" if from_disk else make()
    with _LOCK:
        if code is None:
            code = object_code(text, passes, effort)
        engine = _loaded(code, symbols)
    if not from_disk:
        disk.store(key, code)
    return Compiled(engine, from_disk)


def object_code(text: str, passes: int = 0, effort: int = EFFORT) -> bytes:
    """The object file of IR: at level 0 as it stands, for it is written as it is to run.

    LLVM's own passes at level 1 take as long as the code generation and make loops of elementwise functions 0 to 4%
    faster: the IR comes vectorised, without variables in memory, and the graph has no common subexpressions.
    """
    machine = host()
    binding = machine.binding
    with _LOCK:
        try:
            module = binding.parse_assembly(text)
        except RuntimeError as error:
            raise ValueError(
                f"LLVM does not take this code: {error}\nReceived:\n{text[:2000]}"
            ) from None
        target = machine.machine(effort)
        if passes:
            options = binding.create_pipeline_tuning_options(speed_level=passes)
            options.loop_vectorization = options.slp_vectorization = False
            builder = binding.create_pass_builder(target, options)
            builder.getModulePassManager().run(module, builder)
        return target.emit_object(module)


def _loaded(code: bytes, symbols: Mapping[str, int]) -> Any:
    """An execution engine that holds the object file."""
    binding = host().binding
    for name, address in symbols.items():
        binding.add_symbol(name, address)
    engine = binding.create_mcjit_compiler(binding.parse_assembly(""), host().machine())
    engine.add_object_file(binding.ObjectFileRef.from_data(code))
    engine.finalize_object()
    return engine
