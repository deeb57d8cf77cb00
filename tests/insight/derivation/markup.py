"""Whether LaTeX and MathML are well formed, without an engine."""

from __future__ import annotations

import re
from xml.etree import ElementTree

CHILDREN = {"mfrac": 2, "msub": 2, "msup": 2}
KNOWN = {
    "math", "mrow", "mi", "mn", "mo", "mtext", "mfrac", "msub", "msup", "msqrt", "mtable", "mtr", "mtd",
}  # fmt: skip
COMMANDS = {
    "section", "subsection", "noindent", "texttt", "quad", "par", "begin", "end", "cdot", "left", "right",
    "frac", "partial", "mathrm", "operatorname", "exp", "ln", "sin", "cos", "tan", "arcsin", "arccos", "arctan",
    "sinh", "cosh", "tanh", "max", "min", "Gamma", "psi", "zeta", "sqrt", "le", "ge", "leq", "geq", "neq",
    "wedge", "vee", "oplus", "text", "textbf", "infty", "dagger", "times", "div", "Sigma", "surd", "to",
    "textbackslash", "textasciicircum", "textasciitilde", "textless", "textgreater", "textbar", "alpha",
    "delta", "lfloor", "rfloor", "neg", "pi", "sigma",
}  # fmt: skip
TOKEN = re.compile(r"\\([A-Za-z]+)\*?|\\(.)|([{}&$^_#%~])|(.)", re.S)


def check_latex(text: str) -> None:
    """Brackets and environments balance; commands are known; special characters stand where they may."""
    open_: list[str] = []
    environments: list[str] = []
    dollars, position = False, 0
    for token in TOKEN.finditer(text):
        command, escape, special, _ = token.groups()
        position = token.end()
        if command:
            assert command in COMMANDS, command
            name = re.match(r"\{([a-z]+\*?)\}", text[position:])
            if command == "begin":
                assert name
                environments.append(name.group(1))
            elif command == "end":
                assert name
                assert environments.pop() == name.group(1)
            elif command == "left":
                open_.append("left")
            elif command == "right":
                assert open_.pop() == "left"
        elif escape:
            assert escape in r"\{}$&#%_,; ", escape
        elif special == "{":
            open_.append("{")
        elif special == "}":
            assert open_.pop() == "{"
        elif special == "$":
            dollars = not dollars
        elif special == "&":
            assert environments, "a column outside of an environment"
        elif special in ("^", "_"):
            assert environments or dollars, text[max(position - 30, 0) : position + 10]
        else:
            assert special not in ("#", "%", "~"), text[max(position - 30, 0) : position + 10]
    assert not re.search(r"_\{[^{}]*\}_|\^\{[^{}]*\}\^", text), "two scripts in a row"
    assert not open_
    assert not environments
    assert not dollars
    for row in re.findall(r"\\begin\{align\*\}\n(.*?)\n\\end\{align\*\}", text, re.S):
        for line in re.split(r" \\\\\n", row):
            columns = line.replace(r"\&", "").count("&")
            assert columns - 2 * line.count(r"\begin{cases}") in (1, 3), line


def check_mathml(page: str) -> int:
    """Every formula is well formed, of known elements with the right number of children; gives how many there are."""
    found = re.findall(r"<math.*?</math>", page, re.S)
    for text in found:
        for element in ElementTree.fromstring(text.replace("&nbsp;", " ")).iter():
            assert element.tag in KNOWN, element.tag
            wanted = CHILDREN.get(element.tag)
            assert wanted is None or len(element) == wanted, text
            if element.tag in ("mi", "mn", "mo", "mtext"):
                assert element.text, text
    return len(found)


def check_html(page: str) -> None:
    """A page of its own: no script, nothing fetched, tags closed."""
    assert page.startswith("<!doctype html>")
    for word in ("<script", "http:", "https:", "src=", "@import", "url("):
        assert word not in page, word
    body = re.sub(r"<style>.*?</style>", "", page, flags=re.S)
    closed = re.sub(r"<(meta|link|br)[^>]*>", "", body).removeprefix("<!doctype html>")
    ElementTree.fromstring(closed.strip())
