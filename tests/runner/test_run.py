"""`gradtape run` on notebooks that fail, hang, die or are broken, and its exit status."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from tests.runner.made import SRC, code

DEVICE = "class DeviceNotFoundError(IndexError): pass\n"


def test_a_notebook_runs_and_shows_its_outputs(gradtape, notebook):
    path = notebook("x = 2", "print('x is', x)\nx ** 10", "import numpy as np\nnp.float32(0.1)")
    done = gradtape("run", path)
    assert (done.returncode, done.stderr.splitlines()[-1][:33]) == (
        0,
        "made.ipynb: 3 of 3 code cells ran",
    )
    assert done.stdout == (
        "[2] print('x is', x)\nx is 2\n1024\n\n[3] import numpy as np\n0.1\n\n"
    )  # as NumPy before 2 prints a scalar


def test_tensorflow_is_gradtape_in_the_kernel(gradtape, notebook):
    path = notebook(
        "import tensorflow as tf, gradtape\nprint(tf.__version__, tf.__file__ == gradtape.__file__)"
    )
    assert "2.12.0 True" in gradtape("run", path).stdout


def test_the_executed_notebook_and_its_page(gradtape, notebook, tmp_path):
    path = notebook(
        {"cell_type": "markdown", "metadata": {}, "source": "# T"}, "1 + 1", "print('é')"
    )
    before = path.read_bytes()
    out, page = tmp_path / "out.ipynb", tmp_path / "page.html"
    done = gradtape("run", path, "-o", out, "--html", page)
    assert done.returncode == 0, done.stderr
    assert path.read_bytes() == before
    cells = json.loads(out.read_text("utf-8"))["cells"]
    assert [c.get("execution_count") for c in cells] == [None, 1, 2]
    assert cells[1]["outputs"][0]["data"] == {"text/plain": ["2"]}
    assert cells[2]["outputs"][0]["text"] == ["é\n"]
    html = page.read_text("utf-8")
    assert "<title>made</title>" in html
    assert "é" in html
    assert done.stdout == ""


def test_an_error_stops_the_run_and_nothing_is_written(gradtape, notebook, tmp_path):
    path = notebook("a = 1", "b = 2\n1 / 0\nc = 3", "print('never')")
    done = gradtape("run", path, "-o", tmp_path / "out.ipynb")
    assert done.returncode == 2
    last = done.stderr.splitlines()[-1]
    assert last == "gradtape: cell 2, line 2: ZeroDivisionError: division by zero  [1 / 0]"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["made.ipynb", "scratch"]


def test_the_line_is_the_cells_own(gradtape, notebook):
    path = notebook("def f(x):\n    y = x\n    return y.nothing", "z = 0\n\nf(z)")
    assert "gradtape: cell 2, line 3: AttributeError" in gradtape("run", path).stderr
    assert (
        "gradtape: cell 1, line 2: SyntaxError"
        in gradtape("run", notebook("a = 1\nb = = 2")).stderr
    )


def test_places_in_the_notebook_are_named_by_cell(gradtape, notebook):
    path = notebook(
        "def f():\n    return 1",
        "import inspect, warnings\nprint(inspect.getsource(f))\nprint(f.__code__.co_filename)\n"
        "warnings.warn('mind this')",
    )
    out = gradtape("run", path).stdout
    assert "def f():\n    return 1\n\nCell In[1]\n" in out
    assert "Cell In[2]:4: UserWarning: mind this" in out


def test_keep_going(gradtape, notebook, tmp_path):
    path = notebook("1 / 0", "print('on')")
    done = gradtape("run", path, "--keep-going", "-o", tmp_path / "out.ipynb")
    assert done.returncode == 2
    assert "1 of 2 code cells ran, 1 failed" in done.stderr
    cells = json.loads((tmp_path / "out.ipynb").read_text())["cells"]
    assert cells[0]["outputs"][0]["ename"] == "ZeroDivisionError"
    assert cells[1]["outputs"][0]["text"] == ["on\n"]


def test_a_cell_that_is_meant_to_fail(gradtape, notebook):
    cell = code("raise KeyError('x')")
    cell["metadata"]["tags"] = ["raises-exception"]
    assert gradtape("run", notebook(cell, "2")).returncode == 0


def test_a_missing_device_skips_the_cell_and_what_hangs_on_it(gradtape, notebook):
    path = notebook(
        DEVICE,
        "first = 1\nraise DeviceNotFoundError('there is no GPU 4: there are 0')\nchosen = 4",
        "print('first is', first)",
        "later = chosen + 1",
        "print(later)",
        "chosen = 5",
        "chosen",
    )
    done = gradtape("run", path)
    assert done.returncode == 0, done.stderr
    assert "first is 1" in done.stdout
    lines = done.stderr.splitlines()
    assert "cell 2 skipped: there is no GPU 4: there are 0" in lines
    assert "cell 4 skipped: 'chosen' would have been defined by cell 2, which was skipped" in lines
    assert "cell 5 skipped: 'later' would have been defined by cell 4, which was skipped" in lines
    assert (
        "4 of 7 code cells ran, 1 skipped, 2 skipped for what those would have defined" in lines[-1]
    )


def test_a_name_that_no_one_would_have_defined_is_an_error(gradtape, notebook):
    path = notebook(DEVICE + "raise DeviceNotFoundError('none')", "other")
    assert gradtape("run", path).returncode == 2


def test_a_cell_that_never_ends(gradtape, notebook, tmp_path):
    path = notebook("1", "while True: pass")
    begun = time.monotonic()
    done = gradtape("run", path, "--timeout", "1.5", "-o", tmp_path / "out.ipynb")
    assert done.returncode == 124
    assert done.stderr.startswith("gradtape: cell 2 took longer than 1.5 s and was ended")
    assert time.monotonic() - begun < 30
    assert not (tmp_path / "out.ipynb").exists()


def test_a_cell_that_kills_the_kernel(gradtape, notebook, tmp_path):
    path = notebook("1", "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)")
    done = gradtape("run", path, "-o", tmp_path / "out.ipynb")
    assert done.returncode == 2
    assert done.stderr.startswith("gradtape: cell 2 ended the kernel: killed by SIGSEGV")
    assert not (tmp_path / "out.ipynb").exists()


def test_exit_handlers_run_and_children_are_ended(gradtape, notebook, tmp_path):
    path = notebook(
        "import atexit, subprocess, sys\n"
        "log = open('log.txt', 'w'); log.write('kept')\n"
        "atexit.register(lambda: open('end.txt', 'w').write('ended'))\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "open('pid.txt', 'w').write(str(child.pid))"
    )
    assert gradtape("run", path).returncode == 0
    assert (tmp_path / "end.txt").read_text() == "ended"
    assert (tmp_path / "log.txt").read_text() == "kept"
    assert is_gone(int((tmp_path / "pid.txt").read_text()))


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_run_and_the_kernel(notebook, tmp_path, number, status):
    path = notebook(
        "import os\nopen('pid.txt', 'w').write(str(os.getpid()))\nimport time\ntime.sleep(60)"
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "gradtape", "run", str(path), "-o", str(tmp_path / "out.ipynb")],
        env=dict(os.environ) | {"PYTHONPATH": str(SRC)},
        stderr=subprocess.PIPE,
        text=True,
    )
    pid = _wait_for_pid(tmp_path / "pid.txt")
    process.send_signal(number)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == status
    assert "nothing was written" in errors
    assert "Traceback" not in errors
    assert not (tmp_path / "out.ipynb").exists()
    assert is_gone(pid)


def is_gone(pid: int) -> bool:
    """Whether a process has ended; init may not have collected it yet."""
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def _wait_for_pid(path: Path) -> int:
    deadline = time.monotonic() + 60
    while not (path.exists() and path.read_text()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return int(path.read_text())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["none.ipynb"], "the notebook none.ipynb does not exist"),
        (["none.py"], "the script none.py does not exist"),
        (["notes.txt"], "neither a notebook (.ipynb) nor a script (.py)"),
        (["broken.ipynb"], "not valid JSON: Expecting value at line 1, column 12"),
        (["made.ipynb", "-o", "no/out.ipynb"], "there is no folder no"),
        (["made.ipynb", "--html", "."], "is a folder"),
        (["made.ipynb", "--compare", "none.json"], "the reference none.json does not exist"),
        (["made.ipynb", "--compare", "notes.txt"], "the reference notes.txt is not valid JSON"),
        (["made.ipynb", "--timeout", "-1"], "argument --timeout: invalid"),
        (["made.ipynb", "--rtol", "x"], "argument --rtol: invalid"),
        (["made.ipynb", "--seeding", "3"], "argument --seeding: invalid choice"),
        (["script.py", "-o", "out.ipynb"], "--output needs a notebook"),
    ],
)
def test_bad_input_is_one_line_and_status_3(gradtape, notebook, tmp_path, arguments, words):
    notebook("1")
    (tmp_path / "notes.txt").write_text("notes")
    (tmp_path / "broken.ipynb").write_text('{"cells": [')
    (tmp_path / "script.py").write_text("print(1)")
    done = gradtape("run", *arguments, cwd=tmp_path)
    assert done.returncode == 3
    assert done.stdout == ""
    assert words in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


def test_the_notebooks_folder_is_the_working_directory(gradtape, notebook, tmp_path):
    (tmp_path / "helper.py").write_text("value = 11")
    path = notebook("import helper, os\nprint(helper.value, os.path.basename(os.getcwd()))")
    done = gradtape("run", path, cwd=Path(__file__).parent)
    assert f"11 {tmp_path.name}" in done.stdout


def test_the_kernel_listens_on_no_port(gradtape, notebook):
    path = notebook(
        "import psutil\n"
        "own = psutil.Process()\n"
        "print([c.laddr for c in own.net_connections('inet') if c.status == 'LISTEN'])\n"
    )
    assert gradtape("run", path).stdout.splitlines()[1] == "[]"


def test_rich_outputs_are_kept(gradtape, notebook, tmp_path):
    path = notebook(
        "from IPython.display import HTML, clear_output, display\n"
        "class Pixel:\n    def _repr_png_(self): return b'\\x89PNG'\n"
        "display(HTML('<b>bold</b>'))\nhandle = display('old', display_id=True)\nPixel()",
        "handle.update('new')\nimport sys\nprint('a')\nprint('b', file=sys.stderr)\nprint('c')",
        "print('gone')\nclear_output()\nprint('1/2\\r2/2')\nNone",
        "%%capture held\nprint('x')",
        "len?\n",
        "import asyncio\nawait asyncio.sleep(0)\n'awaited'",
    )
    assert gradtape("run", path, "-o", tmp_path / "out.ipynb").returncode == 0
    cells = [c["outputs"] for c in json.loads((tmp_path / "out.ipynb").read_text())["cells"]]
    assert cells[0][0]["data"]["text/html"] == ["<b>bold</b>"]
    assert cells[0][1]["data"]["text/plain"] == ["'new'"]
    assert cells[0][2]["data"]["image/png"] == "iVBORw=="
    assert cells[0][2]["execution_count"] == 1
    assert [(o["name"], o["text"]) for o in cells[1]] == [
        *(("stdout", ["a\n"]), ("stderr", ["b\n"]), ("stdout", ["c\n"]))
    ]
    assert [o["text"] for o in cells[2]] == [["2/2\n"]]
    assert cells[3] == []
    assert "number of items" in "".join(cells[4][0]["data"]["text/plain"])
    assert cells[5][0]["data"]["text/plain"] == ["'awaited'"]


def test_a_question_is_not_waited_for(gradtape, notebook):
    done = gradtape("run", notebook("input('name?')"))
    assert done.returncode == 2
    assert "EOFError: No one can answer here" in done.stderr


def test_what_children_print_arrives(gradtape, notebook):
    path = notebook(
        "import os\npid = os.fork()\nif pid == 0:\n    print('forked')\n    os._exit(0)\n"
        "os.waitpid(pid, 0)",
        "!echo from the shell",
    )
    out = gradtape("run", path).stdout
    assert "forked" in out
    assert "from the shell" in out


def test_a_script_runs_as_main_under_the_alias(gradtape, tmp_path):
    (tmp_path / "beside.py").write_text("value = 3")
    script = tmp_path / "script.py"
    script.write_text(
        "import sys\nimport numpy as np\nimport tensorflow as tf, beside\n"
        "print(__name__, tf.__version__, beside.value, repr(np.float32(0.5)))\n"
        "print(sys.argv == [__file__])\n"
    )
    done = gradtape("run", script)
    assert (done.returncode, done.stdout.split()) == (0, ["__main__", "2.12.0", "3", "0.5", "True"])


def test_a_script_that_fails_or_never_ends(gradtape, tmp_path):
    script = tmp_path / "script.py"
    script.write_text("x = 1\nraise ValueError('why')")
    done = gradtape("run", script)
    assert (done.returncode, done.stderr.splitlines()[-1]) == (2, "ValueError: why")
    assert 'script.py", line 2' in done.stderr
    script.write_text("import time\nprint('begun', flush=True)\ntime.sleep(60)")
    done = gradtape("run", script, "--timeout", "2")
    assert (done.returncode, done.stdout) == (124, "begun\n")
    assert "took longer than 2 s" in done.stderr


def test_the_extension_in_a_running_notebook():
    text = (
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "shell = InteractiveShell.instance()\n"
        "shell.run_line_magic('load_ext', 'gradtape')\n"
        "shell.run_cell('import tensorflow as tf; print(tf.__version__)')\n"
        "shell.run_line_magic('unload_ext', 'gradtape')\n"
        "shell.run_cell('import sys; print(\"tensorflow\" in sys.modules)')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", text],
        env=dict(os.environ) | {"PYTHONPATH": str(SRC)},
        capture_output=True,
        text=True,
    )
    assert done.stdout.split() == ["2.12.0", "False"], done.stderr
