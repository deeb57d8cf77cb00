"""Circuits in a real browser: real text does not overlap, layers unfold by mouse and by keys, nothing is loaded."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.insight.circuit.programs import PROGRAMS

OVERLAPS = """() => {
  const texts = [...document.querySelectorAll("svg.gt-circuit text")];
  const inset = 1.5, found = [];
  const boxes = texts.map((t) => {
    const b = t.getBBox();
    return { text: t.textContent, x: b.x, y: b.y + inset, r: b.x + b.width, b: b.y + b.height - inset };
  });
  boxes.forEach((a, i) => boxes.slice(i + 1).forEach((b) => {
    if (a.x < b.r && b.x < a.r && a.y < b.b && b.y < a.b) found.push(a.text + " on " + b.text);
  }));
  const nodes = [...document.querySelectorAll("svg.gt-circuit .node")];
  for (const n of nodes) {
    const b = n.getBBox();
    for (const [i, t] of texts.entries()) {
      const own = n.parentElement === t.parentElement, a = boxes[i];
      const apart = a.x >= b.x + b.width || b.x >= a.r || a.y >= b.y + b.height || b.y >= a.b;
      const inside = a.x >= b.x && a.r <= b.x + b.width && a.y >= b.y && a.b <= b.y + b.height;
      if (own ? !inside : !apart) found.push(a.text + (own ? " outgrows its gate" : " on a gate"));
    }
  }
  return [texts.length, found];
}"""


@pytest.mark.parametrize("name", PROGRAMS)
def test_real_text_does_not_overlap(name: str, page: Any) -> None:
    circuit = PROGRAMS[name]()
    for drawing in (circuit.svg(), circuit.svg("dark")):
        page.set_content(f"<!doctype html><html lang=en><title>{name}</title><body>{drawing}")
        count, found = page.evaluate(OVERLAPS)
        assert count >= 10
        assert found == []


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("circuit") / "lenet.html"
    PROGRAMS["lenet"]().save(target)
    return target


def frames(page: Any) -> list[str]:
    return [g.get_attribute("data-layer") or "" for g in page.query_selector_all("g.frame-box")]


def test_layers_unfold_and_fold(file: Path, page: Any) -> None:
    page.goto(file.as_uri())
    assert frames(page) == []
    page.locator('[data-layer$="/conv2"]').click()
    assert [f.rpartition("/")[2] for f in frames(page)] == ["conv2"]
    assert page.evaluate("document.activeElement.dataset.layer").endswith("/conv2")
    assert page.evaluate(OVERLAPS)[1] == []
    page.locator("g.frame-box > text").click()
    assert frames(page) == []
    page.get_by_role("button", name="Unfold all").click()
    assert len(frames(page)) == 7
    assert page.evaluate(OVERLAPS)[1] == []
    assert page.get_by_role("button", name="Unfold all").is_disabled()
    page.get_by_role("button", name="Fold all", exact=True).click()
    assert frames(page) == []


def test_keys_alone_suffice(file: Path, page: Any) -> None:
    page.goto(file.as_uri())
    about = page.locator(".about")
    for _ in range(30):
        page.keyboard.press("Tab")
        if "dense1" in (page.evaluate("document.activeElement.dataset.layer || ''")):
            break
    assert "dense1/kernel: variable, float64[32,12]" in about.inner_text()
    page.keyboard.press("Enter")
    assert [f.rpartition("/")[2] for f in frames(page)] == ["dense1"]
    page.keyboard.press("Tab")
    assert "programs.py:" in about.inner_text()
    page.keyboard.press("Escape")
    assert frames(page) == []


def test_pointing_at_a_gate_shows_its_line(file: Path, page: Any) -> None:
    page.goto(file.as_uri())
    page.locator("g.gate-box").last.hover()
    assert "reduce_mean\nprograms.py:" in page.locator(".about").inner_text()


@pytest.mark.parametrize("width", [390, 1400])
@pytest.mark.parametrize("dark", [False, True])
def test_accessible(
    file: Path, new_page: Callable[..., Any], axe: Callable[..., None], width: int, dark: bool
) -> None:
    page = new_page(width=width, dark=dark)
    page.goto(file.as_uri())
    axe(page)
    fit = page.get_by_role("button", name="Fit the width")
    fit.click()
    assert fit.get_attribute("aria-pressed") == "true"
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.locator('[data-layer$="/conv1"]').click()
    axe(page)
