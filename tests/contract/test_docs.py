"""Every Python example of the README and the docs runs and gives what it says.

A fenced block marked ``python`` is executed; the blocks of one file share a namespace. What an
example promises is written in one of two ways:

* ``>>> `` lines, as doctest has them;
* a comment ``# -> text`` after a statement: the repr of the expression, or what it printed.
"""

from __future__ import annotations

import ast
import contextlib
import doctest
import io
import linecache
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))]
BLOCK = re.compile(r"^( *)```python\n(.*?)^\1```", re.M | re.S)
LINK = re.compile(r"\]\((?!https?:)([^)#]+)")
PROMISE = re.compile(r"#\s*->\s*(.*?)\s*$")


def blocks(page: Path) -> list[tuple[int, str]]:
    """Line number and text of each Python block."""
    text = page.read_text(encoding="utf-8")
    return [(text[: m.start(2)].count("\n") + 1, m.group(2)) for m in BLOCK.finditer(text)]


def promised(lines: list[str], node: ast.stmt, next_line: int) -> str | None:
    """The text promised on a statement's last line, and on the comment lines that continue it."""
    match = PROMISE.search(lines[node.end_lineno - 1])
    if match is None:
        return None
    parts = [match.group(1)]
    for line in lines[node.end_lineno : next_line - 1]:
        if not re.match(r"\s*#\s{2,}\S", line):
            break
        parts.append(line.strip().lstrip("#").strip())
    return "\n".join(parts)


def same(got: str, want: str) -> bool:
    """Equal but for white space, with ``...`` in the promise standing for anything."""
    pattern = r".*?".join(re.escape(" ".join(part.split())) for part in want.split("..."))
    return re.fullmatch(pattern, " ".join(got.split()), re.S) is not None


def run_plain(text: str, line: int, name: str, namespace: dict[str, object]) -> list[str]:
    """Execute a block statement by statement; the promises that it did not keep."""
    padded = "\n" * (line - 1) + text
    linecache.cache[name] = len(padded), None, padded.splitlines(keepends=True), name
    body, lines, broken = ast.parse(padded, name).body, padded.splitlines(), []
    for node, following in zip(body, [*body[1:], None]):
        out = io.StringIO()
        got = None
        with contextlib.redirect_stdout(out):
            if isinstance(node, ast.Expr):
                got = eval(compile(ast.Expression(node.value), name, "eval"), namespace)
            else:
                exec(compile(ast.Module([node], []), name, "exec"), namespace)
        want = promised(lines, node, following.lineno if following else len(lines) + 1)
        if want is not None:
            said = out.getvalue() if got is None else repr(got)
            if not same(said, want):
                broken.append(f"{name}:{node.lineno}: promised {want!r}, got {said!r}")
    return broken


def run_doctest(text: str, line: int, name: str, namespace: dict[str, object]) -> list[str]:
    """Run a block of ``>>> `` lines; the examples that failed."""
    flags = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    test = doctest.DocTestParser().get_doctest(text, {}, name, name, line - 1)
    test.globs = namespace
    report: list[str] = []
    doctest.DocTestRunner(verbose=False, optionflags=flags).run(
        test, out=report.append, clear_globs=False
    )
    return report


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_examples_run(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, object] = {"__name__": "__main__"}
    broken: list[str] = []
    for line, text in blocks(page):
        run = run_doctest if text.lstrip().startswith(">>>") else run_plain
        broken += run(text, line, page.name, namespace)
    assert not broken, "\n".join(broken)


def test_a_false_promise_is_noticed() -> None:
    assert run_plain("1 + 1  # -> 3\n", 1, "page", {}) == ["page:1: promised '3', got '2'"]
    assert run_plain("print('a')  # -> a\n", 1, "page", {}) == []
    assert run_plain("[1,\n 2]  # -> [1, 2]\nx = 1\n", 1, "page", {}) == []
    assert run_doctest(">>> 1 + 1\n3\n", 1, "page", {})


def test_links_inside_the_repository_lead_somewhere() -> None:
    lost = []
    for page in PAGES:
        for target in re.findall(
            r"\]\(([^)#\s]+)[^)]*\)|src=\"([^\"]+)\"", page.read_text("utf-8")
        ):
            path = target[0] or target[1]
            if "://" not in path and not (page.parent / path).exists():
                lost.append(f"{page.name}: {path}")
    assert not lost


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    linked = LINK.findall(page.read_text(encoding="utf-8"))
    assert [link for link in linked if not (page.parent / link).exists()] == []


def test_every_page_is_reached_from_the_readme() -> None:
    reached, waiting = set(), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop().resolve()
        if page.suffix == ".md" and page not in reached:
            reached.add(page)
            waiting += [page.parent / link for link in LINK.findall(page.read_text("utf-8"))]
    assert reached >= {page.resolve() for page in PAGES}
