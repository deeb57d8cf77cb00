"""Text, Markdown, LaTeX, HTML: well formed, the same bytes each time, numbers written in one way."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest
from markup import check_html, check_latex, check_mathml
from matplotlib.mathtext import MathTextParser

import gradtape as tf
from gradtape import keras
from gradtape.core.card import REGISTRY
from gradtape.insight.circuit.palette import DARK, LIGHT
from gradtape.insight.derivation.steps import LocalStep
from gradtape.insight.explanation import Explanation
from gradtape.insight.render.numbers import exact, fixed, short
from gradtape.insight.render.outline import where
from gradtape.insight.render.signs import escaped, symbol
from gradtape.insight.source import Place


def neuron() -> Explanation:
    w = tf.Variable([[2.0], [-3.0]], name="w")
    x = tf.constant([[-1.0, -2.0]])
    with tf.GradientTape() as tape:
        y = tf.sigmoid(x @ w)
    return tf.explain(tape, y, detail="gate", decimals=2)


def functions() -> Explanation:
    odd_name_50 = tf.Variable([0.5, -1.5, 0.0, 2.0], name="a_b%$#&{x}~^")
    with tf.GradientTape() as tape:
        h = tf.nn.relu6(odd_name_50) + tf.nn.leaky_relu(odd_name_50) + tf.abs(odd_name_50)
        h = tf.where(h > 1.0, tf.sqrt(h + 1.0), h**3.0) * 1e-9
        h = h + tf.math.lgamma(h + 2.0) + tf.math.log1p(tf.exp(h)) + tf.math.erf(h)
        loss = tf.reduce_logsumexp(h) + tf.reduce_max(h) + tf.norm(h) + tf.reduce_prod(h[:2])
    return tf.explain(tape, loss)


def layers() -> Explanation:
    keras.utils.set_random_seed(0)
    first = keras.layers.Dense(8, activation="gelu", input_shape=(30,), name="first")
    model = keras.Sequential([first, keras.layers.Dense(1, name="second")])
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(tf.ones((4, 30)))))
    return tf.explain(tape, loss, detail="layer")


def unusual() -> Explanation:
    a = tf.Variable([[2.0, 1.0], [1.0, 3.0]], name="λ")
    with tf.GradientTape() as tape:
        s, u, _ = tf.linalg.svd(a)
        loss = tf.reduce_sum(s) + u[0, 0] + tf.sqrt(a[0, 0] - 2.0)
    return tf.explain(tape, loss)


CASES: list[Callable[[], Explanation]] = [neuron, functions, layers, unusual]
each = pytest.mark.parametrize("make", CASES, ids=lambda f: f.__name__)


@each
def test_latex_is_well_formed(make: Callable[[], Explanation]) -> None:
    explanation = make()
    for text in (explanation.latex(), explanation.latex(digits=None), explanation._repr_latex_()):
        check_latex(text)
    assert explanation.latex().count(r"\begin{align*}") >= 3
    assert explanation._repr_latex_().startswith("$$\\begin{aligned}")


@each
def test_equations_are_read_by_another_parser(make: Callable[[], Explanation]) -> None:
    """Matplotlib's, which knows less of LaTeX than LaTeX: no environments, no \\text."""
    read = MathTextParser("path")
    count = 0
    for step in make().steps:
        for line in step.lines:
            if "cases" not in line.latex:
                text = re.sub(r"\\textascii\w+\{\}|\\[#&%$_]", "", line.latex)
                read.parse(f"${text.replace('text{', 'mathrm{')}$")
                count += 1
    assert count > 8


@each
def test_html_is_well_formed(make: Callable[[], Explanation]) -> None:
    explanation = make()
    page = explanation.html()
    check_html(page)
    lines = sum(len(s.lines) for s in explanation.steps)
    assert check_mathml(page) >= lines
    fragment = explanation._repr_html_()
    assert fragment.startswith('<div class="gt-derivation">')
    assert check_mathml(fragment) == check_mathml(page)


@each
def test_text_keeps_its_width(make: Callable[[], Explanation]) -> None:
    explanation = make()
    for width in (100, 60):
        for line in explanation.text(digits=4, width=width).splitlines():
            assert len(line) <= width or " " not in line.strip(), line
    assert max(map(len, explanation.text().splitlines())) <= 120


@each
def test_markdown_tables_are_tables(make: Callable[[], Explanation]) -> None:
    wide = 0
    for line in make().markdown().splitlines():
        cells = len(re.findall(r"(?<!\\)\|", line))
        if line.startswith("|"):
            assert cells == wide or not wide, line
            wide = cells
        else:
            assert not cells, line
            wide = 0
    assert "| number | formula | numbers put in | result |" in neuron().markdown()


@each
def test_the_same_each_time(make: Callable[[], Explanation]) -> None:
    one, other = make(), make()
    for show in (Explanation.text, Explanation.markdown, Explanation.latex, Explanation.html):
        assert show(one) == show(other)
    assert one._repr_markdown_() == one.markdown()
    assert str(one) == one.text()


def test_numbers() -> None:
    f = np.float32
    assert [exact(v) for v in (f(0.1), f(-0.0), f(1e-7), f(np.inf), -np.inf, np.nan, 3, True, 0.1)] == [
        "0.1", "0.0", "1e-07", "oo", "-oo", "nan", "3", "True", "0.1"
    ]  # fmt: skip
    assert [short(v) for v in (0.19661193, -0.0, 1.5e-7, 100.0, 12345.6, np.inf, 7)] == [
        "0.1966", "0", "1.5e-7", "100", "1.235e4", "inf", "7"
    ]  # fmt: skip
    assert [fixed(v, 2) for v in (-0.001, 0.7310586, -0.534, np.nan)] == [
        "0.00",
        "0.73",
        "-0.53",
        "nan",
    ]


def test_names_in_latex() -> None:
    assert symbol("w", (0, 1)) == "w_{0,1}"
    assert symbol("w[1]") == "w_{1}"
    assert symbol("h₁", (0, 1)) == "h_{1}[0,1]"
    assert symbol("my_weight") == r"\mathrm{my\_weight}"
    assert escaped(r"100% of $x_1^2 & {a}~\b") == (
        r"100\% of \$x\_1\textasciicircum{}2 \& \{a\}\textasciitilde{}\textbackslash{}b"
    )


def test_html_speaks_of_places_and_rounding() -> None:
    page = neuron().html()
    assert "y = tf.sigmoid(x @ w)" in page
    assert "prefers-color-scheme:dark" in page
    assert "to 2 decimals" in page
    assert '<td class="gt-rounded">−0.02</td>' in page
    assert re.search(r'class="gt-value gt-minus" title="-0\.01766\d+"', page)


def test_places() -> None:
    files = {
        "/home/me/train.py": "train.py:3", "C:\\me\\train.py": "train.py:3", "Cell In[12]": "cell 12:3",
        "<ipython-input-4-0a1b>": "cell 4:3", "/tmp/ipykernel_17/2.py": "cell, line 3",
    }  # fmt: skip
    assert {f: where(Place(f, 3, "y = x")) for f in files} == files


def test_conditions_are_shown_in_full_or_as_the_branch_taken() -> None:
    x = tf.Variable([0.5, -1.5], name="x")
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.nn.relu6(x) + tf.where(x > 0.0, x, -x))
    explanation = tf.explain(tape, loss)
    assert "[x[0] > 0 and x[0] < 6] × ∂v1[0]" in explanation.text()
    assert "Piecewise((1, And(0.5 > 0, 0.5 < 6)), (0, True))*1.0" in explanation.text()
    short = explanation.text(digits=4)
    assert "Piecewise" not in short
    assert re.search(r"∂x\[1\]\|\d = \[x\[1\] > 0 and x\[1\] < 6\] × ∂v1\[1\] += 0\*1 ", short)


def test_of_many_roundings_those_that_matter_are_told() -> None:
    w = tf.Variable(np.linspace(-2.0, 2.0, 20), dtype=tf.float32, name="w")
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.sigmoid(w) * tf.exp(w))
    text = tf.explain(tape, loss, decimals=1).text()
    rounding = text[text.index("Rounding\n---") :]
    told = re.findall(r"∂w\[\d+\] is .*?, which is", rounding)
    same = re.search(r"(\d+) come out the same either way", rounding)
    more = re.search(r"(\d+) more come out otherwise", rounding)
    assert same is not None
    assert len(told) == 8
    assert int(same.group(1)) + len(told) + (int(more.group(1)) if more else 0) == 20
    assert rounding.count("\n  ∂w[") >= 20


@pytest.mark.parametrize("name", [n for n, card in sorted(REGISTRY.items()) if card.latex])
def test_the_rules_of_operations_are_well_formed(name: str) -> None:
    card = REGISTRY[name]
    attrs = card.samples[0].attrs
    count = len(card.samples[0].draw(np.random.default_rng(0)))
    rules = card.latex("y_{1}", *[f"x_{{{k}}}" for k in range(count)], **attrs)
    assert len(rules) == count
    for rule in rules:
        check_latex(f"${rule}$")


def test_rules_stand_with_the_steps() -> None:
    w = tf.Variable([0.5, -1.5], name="w")
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.sigmoid(w) * 2.0)
    explanation = tf.explain(tape, loss)
    rules = {s.title: s.rule for s in explanation.steps if isinstance(s, LocalStep)}
    assert rules == {"sigmoid": r"v_{1} \, (1 - v_{1})", "×2": "2", "Σ": ""}
    assert r"by the local derivative $v_{1} \, (1 - v_{1})$" in explanation.latex()


def test_long_derivations_are_html_alone_in_notebooks() -> None:
    w = tf.Variable(np.linspace(0.1, 1.0, 60), dtype=tf.float32, name="w")
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.exp(w) * w)
    explanation = tf.explain(tape, loss, detail="gate")
    assert explanation._repr_latex_() is None
    assert explanation._repr_markdown_() is None
    assert explanation._repr_html_().startswith("<div")
    assert explanation.entry("w", 3)._repr_latex_() is not None


def test_colours_are_those_of_the_circuits() -> None:
    w = tf.Variable([1.0, -2.0, 0.0], name="w")
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(w * w)
    page = tf.explain(tape, y).html()
    for palette in (LIGHT, DARK):
        assert (
            f"--gt-value:{palette.value};--gt-plus:{palette.plus};--gt-minus:{palette.minus}"
            in page
        )
    assert page.count('class="gt-value gt-number"') == 4
    for tone, count in (("plus", 7), ("minus", 3), ("zero", 3)):
        assert page.count(f'class="gt-value gt-{tone}"') == count
