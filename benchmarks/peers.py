"""The frameworks, the interpreters that hold them, and the worker processes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.catalog import Work

ROOT = Path(__file__).resolve().parents[1]

# variable that names an interpreter -> the default, made by `make bench-peers`
INTERPRETERS = {
    "GRADTAPE_PYTHON": sys.executable,
    "TF221_PYTHON": ROOT / ".bench/tf221/bin/python",
    "TF212_PYTHON": ROOT / ".bench/tf212/bin/python",
    "PEERS_PYTHON": ROOT / ".bench/peers/bin/python",
}


class Framework(NamedTuple):
    """The variable of its interpreter, the workload's module, the package handed to it, its mode."""

    variable: str
    module: str
    package: str = ""
    mode: str = "eager"


FRAMEWORKS = {
    "gradtape eager": Framework("GRADTAPE_PYTHON", "tensorflow_api", "gradtape"),
    "gradtape function": Framework("GRADTAPE_PYTHON", "tensorflow_api", "gradtape", "function"),
    "TensorFlow eager": Framework("TF221_PYTHON", "tensorflow_api", "tensorflow"),
    "TensorFlow function": Framework("TF221_PYTHON", "tensorflow_api", "tensorflow", "function"),
    "TensorFlow XLA": Framework("TF221_PYTHON", "tensorflow_api", "tensorflow", "xla"),
    "PyTorch eager": Framework("PEERS_PYTHON", "torch"),
    "PyTorch compile": Framework("PEERS_PYTHON", "torch", mode="compile"),
    "JAX op by op": Framework("PEERS_PYTHON", "jax", mode="op by op"),
    "JAX jit": Framework("PEERS_PYTHON", "jax", mode="jit"),
    "JAX scan": Framework("PEERS_PYTHON", "jax", mode="scan"),
    "autograd": Framework("PEERS_PYTHON", "autograd"),
    "NumPy by hand": Framework("GRADTAPE_PYTHON", "numpy"),
}

# What no framework can do without: measured beside them, in the same rounds.
BOUNDS = {
    "bare products": Framework("GRADTAPE_PYTHON", "products"),
    "plain copy": Framework("GRADTAPE_PYTHON", "bound_copy"),
    "functions in NumPy": Framework("GRADTAPE_PYTHON", "bound_numpy"),
    "functions in PyTorch": Framework("PEERS_PYTHON", "bound_torch"),
    "functions in JAX": Framework("PEERS_PYTHON", "bound_jax", mode="jit"),
    "functions in TensorFlow XLA": Framework(
        "TF221_PYTHON", "bound_tensorflow_api", "tensorflow", "xla"
    ),
    "functions in gradtape": Framework(
        "GRADTAPE_PYTHON", "bound_tensorflow_api", "gradtape", "function"
    ),
}

# They choose slower matrix products than the processor has; on some machines they are set.
SLOWING = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "PYTHONDONTWRITEBYTECODE")


def interpreter(variable: str) -> str | None:
    """The interpreter's path, or None when there is none."""
    path = os.environ.get(variable) or str(INTERPRETERS[variable])
    return path if Path(path).exists() else None


def environment(**more: str) -> dict[str, str]:
    """What every process gets: the repository first on the path, and quiet libraries."""
    paths = [str(ROOT), str(ROOT / "src")]
    ours = {"PYTHONPATH": os.pathsep.join(paths), "TF_CPP_MIN_LOG_LEVEL": "3"}
    inherited = {k: v for k, v in os.environ.items() if k not in SLOWING}
    return {**inherited, **ours, **more}


@dataclass
class Peer:
    """A worker process that holds one framework."""

    name: str
    process: subprocess.Popen[str]
    versions: dict[str, str]

    @classmethod
    def start(cls, name: str, work: Work, **more: str) -> Peer:
        """Start a process, import the framework in it and make the workload's numbers.

        `more` are variables of its environment.
        """
        framework = (FRAMEWORKS | BOUNDS)[name]
        python = interpreter(framework.variable)
        if python is None:
            raise RuntimeError(
                f"no interpreter for {name}: run `make bench-peers` or set {framework.variable}"
            )
        if framework.mode == "compile" and not (shutil.which("c++") or shutil.which("g++")):
            raise RuntimeError("torch.compile needs a C++ compiler, and the machine has none")
        process = subprocess.Popen(
            [python, "-m", "benchmarks.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=None if os.environ.get("BENCH_STDERR") else subprocess.DEVNULL,
            text=True,
            cwd=ROOT,
            env=environment(**more),
        )
        peer = cls(name, process, {})
        try:
            peer.versions = peer.ask(
                do="start",
                folder=work.folder,
                module=framework.module,
                package=framework.package,
                mode=framework.mode,
                arguments=work.arguments,
            )["versions"]
        except RuntimeError:
            peer.stop()
            raise
        return peer

    def ask(self, **command: Any) -> dict[str, Any]:
        """Send one command and wait for its answer."""
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the worker of {self.name} ended without an answer")
        answer = json.loads(line)
        if "error" in answer:
            raise RuntimeError(f"{self.name}: {answer['error']}")
        return answer

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()
