"""What `import gradtape` brings in."""

import json
import subprocess
import sys

HEAVY = (
    "llvmlite", "jax", "matplotlib", "pandas", "scipy", "tensorflow", "torch", "IPython", "nbclient", "nbformat",
    "rich", "h5py", "starlette", "uvicorn", "websockets", "anywidget", "mpmath", "hypothesis", "pytest",
)  # fmt: skip


def modules_after(statement: str) -> set[str]:
    code = f"{statement}; import sys, json; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout))


def packages_after(statement: str) -> set[str]:
    return {name.partition(".")[0] for name in modules_after(statement)}


def test_import_brings_in_nothing_heavy() -> None:
    loaded = packages_after("import gradtape")
    assert "numpy" in loaded
    assert not loaded.intersection(HEAVY)


def test_what_explains_waits_until_it_is_asked() -> None:
    later = (
        "gradtape.insight",
        "gradtape.lab",
        "gradtape.cli",
        "gradtape.runner",
        "gradtape.backends.js",
    )
    loaded = modules_after("import gradtape")
    assert "gradtape.core.tape" in loaded
    assert not [name for name in loaded if name.startswith(later)]
    asked = modules_after("import gradtape as tf; tf.explain")
    assert "gradtape.insight.explanation" in asked
    assert not {name.partition(".")[0] for name in asked}.intersection(HEAVY)


def test_keras_brings_in_nothing_heavy() -> None:
    assert not packages_after("import gradtape.keras").intersection(HEAVY)


def test_import_leaves_numpy_as_it_was() -> None:
    code = (
        "import warnings, numpy as np; e, p, f = np.geterr(), np.get_printoptions(), list(warnings.filters); "
        "import gradtape as tf; tf.constant(1.0) * tf.constant(2.0); "
        "assert (np.geterr(), np.get_printoptions(), list(warnings.filters)) == (e, p, f)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
