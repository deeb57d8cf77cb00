"""The live page in Chromium: every control used, the numbers held against the engine's after each."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.browser.live import BRANCHES, LABELS, Live, number, same
from tests.browser.page_programs import PROGRAMS, run

import gradtape as tf
from gradtape.insight.circuit import circuit_of


@pytest.fixture
def live(page: Any, tmp_path: Path) -> Callable[..., Live]:
    return lambda name, **settings: Live(page, name, tmp_path, **settings)


def first_weight(shown: Live) -> str:
    """The label of the field of the first weight's first entry."""
    return shown.root.locator("section[aria-label=Weights] input.number").first.get_attribute(
        "aria-label"
    )


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_change_agrees_with_the_engine(live: Callable[..., Live], name: str) -> None:
    shown = live(name)
    before = shown.agrees()
    label = first_weight(shown)
    shown.field(label).fill("1.25")
    shown.field(label).press("Enter")
    after = fixed_or_agrees(shown, name)
    assert after["wires"] != before["wires"]
    shown.drag(shown.field(label), 40)
    fixed_or_agrees(shown, name)
    shown.slider(label).focus()
    shown.page.keyboard.press("ArrowRight")
    moved = fixed_or_agrees(shown, name)
    assert moved["wires"] != after["wires"]
    for button in ("Step", "100 steps", "Undo", "Undo"):
        shown.button(button).click()
        fixed_or_agrees(shown, name)
    shown.root.get_by_role("radio", name="rounded to 2").check()
    assert fixed_or_agrees(shown, name)["mode"] == "rounded"
    shown.root.get_by_role("radio", name="exact").check()
    shown.button("Reset").click()
    end = shown.agrees()
    assert end["wires"] == before["wires"]
    assert end["losses"] == before["losses"]


def fixed_or_agrees(shown: Live, name: str) -> dict[str, Any]:
    """With a decomposition the singular values stay: what follows from them is held against formulas."""
    if name != "svd":
        return shown.agrees()
    now = shown.numbers()
    by_name = {w.name: n for w, n in zip(shown.recording.wires, now["wires"])}
    kept = shown.recording.named("s").value
    if now["mode"] == "rounded":
        kept = np.round(kept, 2)
    same(by_name["s"][0], kept, "s")
    c = by_name["c"][0][0]
    total = float(kept.sum())
    if now["mode"] == "exact":
        same(by_name["loss"][0], np.float32([total * c + c * c]), "loss")
        same(by_name["c"][1], np.float32([total + 2 * c]), "gradient of c")
        same(by_name["s"][1], np.float32([c, c]), "gradient of s")
    return now


def test_what_stays_fixed_says_so(live: Callable[..., Live]) -> None:
    shown = live("svd")
    note = shown.root.get_by_role("region", name="Notes").inner_text()
    assert "svd stays as it was recorded" in note
    assert "linear algebra decompositions are computed by gradtape alone" in note
    assert shown.root.locator(".shape.fixed").count() == 1
    shown.root.get_by_label("Number", exact=True).select_option(label="s (from svd)")
    assert (
        "It stays as it was recorded"
        in shown.root.get_by_role("region", name="Derivation").inner_text()
    )


@pytest.mark.parametrize("name", ["softmax", "rnn", "mlp"])
def test_descent_goes_the_engine_s_way(live: Callable[..., Live], name: str) -> None:
    shown = live(name, learning_rate=0.05)
    numbers = {key: np.array(value) for key, value in PROGRAMS[name][1].items()}
    losses = []
    for turn in range(102):
        found = run(name, numbers)
        losses.append(float(found.wires[found.targets[0]].value.sum()))
        if turn == 101:
            break
        for i in found.sources:
            wire = found.wires[i]
            variable = tf.Variable(wire.value)
            variable.assign_sub(0.05 * tf.constant(wire.gradient))
            numbers[wire.name] = variable.numpy()
    shown.button("Step").click()
    same(shown.agrees()["losses"], np.float64(losses[:2]), "the first step")
    shown.button("100 steps").click()
    now = shown.agrees()
    assert now["steps"] == 101
    np.testing.assert_allclose(now["losses"], losses, rtol=1e-5, atol=1e-6)
    assert (
        f"101 steps: {losses[-1]:.2g}"[:12]
        in shown.root.locator("section[aria-label=Descent]").inner_text()
    )
    curve = shown.root.locator("svg.curve")
    assert "in 101 steps" in curve.get_attribute("aria-label")
    shown.button("Undo").click()
    now = shown.agrees()
    same(now["losses"], np.float64(losses[:2]), "after undo")


def test_the_learning_rate_moves_the_steps(live: Callable[..., Live]) -> None:
    shown = live("neuron")
    rate = shown.field("learning rate")
    rate.fill("0.5")
    rate.press("Enter")
    assert shown.numbers()["rate"] == 0.5
    assert "w ← w − 0.5 × ∂y/∂w" in shown.root.locator("section[aria-label=Descent]").inner_text()
    gradient = shown.recording.named("w[0]").gradient
    shown.button("Step").click()
    same([shown.leaf("w[0]")], np.float32(2.0) - np.float32(0.5) * gradient, "w[0]")
    shown.drag(rate, 50)
    assert shown.numbers()["rate"] == pytest.approx(0.5 * 10**0.5, rel=0.02)
    shown.slider("learning rate").focus()
    shown.page.keyboard.press("Home")
    assert shown.numbers()["rate"] == pytest.approx(1e-4)
    rate.fill("-1")
    rate.press("Enter")
    assert shown.numbers()["rate"] == pytest.approx(1e-4)  # refused
    assert rate.input_value() == "0.0001"


def test_dragging_in_the_picture(live: Callable[..., Live]) -> None:
    shown = live("neuron")
    wires = [w.name for w in shown.recording.wires]
    label = shown.root.locator(f".labels [data-wire='{wires.index('w[1]')}'] .t-value")
    shown.drag(label, 60)
    assert shown.leaf("w[1]") == pytest.approx(-3.0 + 0.6, abs=1e-6)
    shown.agrees()
    shown.drag(label, -20, "Shift")
    assert shown.leaf("w[1]") == pytest.approx(-2.4 - 2.0, abs=1e-6)
    shown.drag(label, 30, "Alt")
    assert shown.leaf("w[1]") == pytest.approx(-4.4 + 0.03, abs=1e-6)
    shown.agrees()
    leaf = shown.root.locator(f".shape.leaf[data-wire='{wires.index('x[0]')}']")
    shown.drag(leaf, 100)
    assert shown.leaf("x[0]") == pytest.approx(0.0, abs=1e-6)
    now = shown.agrees()
    assert now["wires"][wires.index("w[0]")][1] == [0.0]
    for _ in range(4):
        shown.button("Undo").click()
    assert shown.leaf("w[1]") == -3.0
    shown.agrees()


def test_keys_on_fields_and_grids(live: Callable[..., Live]) -> None:
    shown = live("neuron")
    field = shown.field("b")
    field.focus()
    for key, expected in (
        ("ArrowUp", -2.99), ("ArrowDown", -3.0), ("Shift+ArrowUp", -2.9), ("Alt+ArrowUp", -2.899), ("PageDown", -2.999),
    ):  # fmt: skip
        shown.page.keyboard.press(key)
        assert shown.leaf("b") == pytest.approx(expected, abs=1e-6)
        shown.agrees()
    field.fill("nonsense")
    field.press("Enter")
    assert shown.leaf("b") == pytest.approx(-2.999, abs=1e-6)
    field.fill("7")
    field.press("Escape")
    assert number(field.input_value()) == pytest.approx(-2.999)
    field.fill("−1,5")
    shown.page.keyboard.press("Tab")
    assert shown.leaf("b") == -1.5
    cells = shown.root.get_by_role("grid", name="w", exact=True).get_by_role("gridcell")
    cells.nth(0).focus()
    shown.page.keyboard.press("ArrowRight")
    assert cells.nth(1).get_attribute("aria-selected") == "true"
    assert cells.nth(1).evaluate("e => e === document.activeElement")
    shown.page.keyboard.press("Enter")
    assert shown.field("w[1]").evaluate("e => e === document.activeElement")
    shown.page.keyboard.type("0.5")
    shown.page.keyboard.press("Enter")
    assert shown.leaf("w[1]") == 0.5
    shown.agrees()
    shown.drag(cells.nth(0), 100)
    assert shown.leaf("w[0]") == pytest.approx(3.0, abs=1e-6)
    assert cells.nth(0).inner_text() == "3"
    shown.agrees()


def test_the_slider_by_mouse(live: Callable[..., Live]) -> None:
    shown = live("neuron")
    slider = shown.slider("b")
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    shown.page.mouse.click(box["x"] + box["width"] * 0.75, box["y"] + box["height"] / 2)
    assert (
        5 < shown.leaf("b") < 7
    )  # the slider of -3 goes from -10 to 10, less the width of its thumb
    shown.agrees()
    shown.button("Undo").click()
    assert shown.leaf("b") == -3.0


def test_the_walk_goes_gate_by_gate(live: Callable[..., Live]) -> None:
    shown = live("neuron")
    gates = len(shown.recording.gates)
    text = shown.root.locator(".walk-text")
    current = shown.root.locator(".shape.current")
    labels = shown.root.locator(".labels .t-value")
    shown.button("First gate").click()
    assert text.inner_text() == "Forward 1 of 8: v1 = w[0] × x[0] = 2 × (−1) = −2"
    assert current.count() == 1
    written = [t for t in labels.all_text_contents() if t]
    assert len(written) == 6  # five leaves and one product
    assert not any(shown.root.locator(".labels .t-gradient").all_text_contents())
    seen = [text.inner_text()]
    for _ in range(gates - 1):
        shown.button("One gate on").click()
        seen.append(text.inner_text())
    assert "y = 1 ÷ v6 = 1 ÷ 1.368 = 0.7311" in seen[-1]
    shown.button("To the start of the way back").click()
    assert text.inner_text().startswith("Backward 1 of 8, through 1/x: to v6:")
    assert "(−0.5344) × 1 = −0.5344" in text.inner_text()
    assert shown.root.locator(".shape.current.back").count() == 1
    assert len([t for t in shown.root.locator(".labels .t-gradient").all_text_contents() if t]) == 2
    for _ in range(gates):
        shown.button("One gate on").click()
    assert text.inner_text().startswith("All 8 gates forward, 8 backward")
    assert current.count() == 0
    shown.button("One gate back").click()
    assert text.inner_text().startswith("Backward 8 of 8")
    shown.root.get_by_role("slider", name="Gate", exact=True).focus()
    shown.page.keyboard.press("Home")
    assert text.inner_text().startswith("Forward 1 of 8")
    shown.button("All gates").click()
    assert text.inner_text().startswith("All 8 gates forward")
    shown.agrees()


def test_the_walk_plays_by_itself(live: Callable[..., Live]) -> None:
    shown = live("neuron")
    shown.page.clock.install()
    text = shown.root.locator(".walk-text")
    shown.button("Play").click()
    seen = [text.inner_text()]
    assert text.get_attribute("aria-live") == "off"
    for _ in range(16):
        shown.page.clock.run_for(900)
        seen.append(text.inner_text())
    assert [s.split(":")[0].split(",")[0] for s in seen] == [
        *[f"{way} {i} of 8" for way in ("Forward", "Backward") for i in range(1, 9)],
        "All 8 gates forward",
    ]
    assert text.get_attribute("aria-live") == "polite"
    shown.button("Play").click()
    shown.page.clock.run_for(900)
    shown.button("Pause").click()
    shown.page.clock.run_for(5000)
    assert text.inner_text().startswith("Forward 2 of 8")
    shown.button("Play").click()
    shown.button("One gate on").click()
    shown.page.clock.run_for(5000)
    assert text.inner_text().startswith("Forward 3 of 8")  # a hand stops it
    shown.page.emulate_media(reduced_motion="reduce")
    shown.button("Play").click()
    shown.page.clock.run_for(1700)
    assert text.inner_text().startswith("Forward 3 of 8")
    shown.page.clock.run_for(200)
    assert text.inner_text().startswith("Forward 4 of 8")
    shown.button("Pause").click()


def test_probabilities_are_called_by_example_and_class(live: Callable[..., Live]) -> None:
    shown = live("batch")
    panel = shown.root.locator("section[aria-label=Descent]")
    assert panel.locator(".bars dt").all_inner_texts() == ["class 0", "class 1", "class 2"] * 2
    titles = panel.locator(".bars").evaluate_all(
        "lists => lists.map((l) => l.previousElementSibling.textContent)"
    )
    assert titles == ["softmax(scores), example 0", "softmax(scores), example 1"]
    assert live("neuron").root.locator(".bars dt").all_inner_texts() == ["y"]


@pytest.mark.parametrize("width", [390, 1400])
def test_the_target_is_in_view_at_first(
    new_page: Callable[..., Any], tmp_path: Path, width: int
) -> None:
    for name in PROGRAMS:
        shown = Live(new_page(width=width), name, tmp_path)
        box = shown.root.locator(".picturebox").bounding_box()
        end = shown.root.locator(".shape.end").first.bounding_box()
        assert box["x"] - 1 <= end["x"] and end["x"] + end["width"] <= box["x"] + box["width"] + 1
        assert box["y"] - 1 <= end["y"] and end["y"] + end["height"] <= box["y"] + box["height"]
        if width == 1400:
            assert shown.root.locator(".picturebox").evaluate("e => e.scrollWidth <= e.clientWidth")
        cut = "es => es.filter((e) => e.scrollWidth > e.clientWidth).map((e) => e.textContent)"
        assert shown.root.locator(".gridbox").evaluate_all(cut) == []
        assert shown.root.locator(".cell").evaluate_all(cut) == []


def test_the_derivation_follows(live: Callable[..., Live]) -> None:
    shown = live("neuron")
    panel = shown.root.get_by_role("region", name="Derivation")
    assert "∂v1/∂w[0] = x[0]" in panel.inner_text()
    assert "(−1) × 0.1966 = −0.1966" in panel.inner_text()
    shown.field("b").fill("-2")
    shown.field("b").press("Enter")
    upstream = shown.agrees()["wires"][[w.name for w in shown.recording.wires].index("b")][1][0]
    assert f"(−1) × {upstream:.4g} = −{upstream:.4g}" in panel.inner_text()
    panel.get_by_role("button", name="v1").click()
    assert "v1 = w[0] × x[0] = 2 × (−1) = −2" in panel.inner_text()
    assert shown.root.get_by_label("Number", exact=True).input_value() == str(
        shown.recording.gates[0].outputs[0]
    )
    shown.root.get_by_label("Number", exact=True).select_option(label="y (from 1/x)")
    assert "∂y/∂y = 1 (the way back starts here)" in panel.inner_text()
    shown.root.locator(".shape.leaf").first.click()
    assert "Gradient ∂y/∂" in panel.inner_text()
    shown.button("b").click()
    assert "Gradient ∂y/∂b" in panel.inner_text()


def test_sums_over_ways_and_products(live: Callable[..., Live]) -> None:
    shown = live("svd")
    panel = shown.root.get_by_role("region", name="Derivation")
    shown.root.get_by_label("Number", exact=True).select_option(label="c (variable)")
    gradient = float(shown.recording.named("c").gradient)
    assert f"= {gradient:.4g}" in panel.locator(".total").inner_text()
    assert panel.locator(".use").count() == 4  # its value, and three ways


def test_products_of_matrices_are_sums(live: Callable[..., Live]) -> None:
    shown = live("mlp")
    panel = shown.root.get_by_role("region", name="Derivation")
    text = panel.locator(".use .math").last.inner_text()
    assert "(8 products)" in text
    assert number(text.rpartition("=")[2]) == pytest.approx(
        float(shown.recording.named("w1").gradient[0, 0]), rel=1e-3
    )


def test_rounded_numbers_are_the_slides(live: Callable[..., Live]) -> None:
    shown = live("neuron")
    shown.root.get_by_role("radio", name="rounded to 2").check()
    shown.agrees()
    names = [w.name for w in shown.recording.wires]
    gradients = {n: g for n, (_, g) in zip(names, shown.numbers()["wires"]) if n}
    for name, expected in (
        ("w[0]", -0.2),
        ("w[1]", -0.4),
        ("b", 0.2),
        ("x[0]", 0.4),
        ("x[1]", -0.6),
    ):
        assert gradients[name] == [pytest.approx(expected, abs=1e-6)]
    texts = shown.root.locator(".labels .t-gradient").all_text_contents()
    for expected in ("−0.53", "−0.20", "0.20", "1.00"):
        assert expected in texts


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_picture_is_the_circuit_s(live: Callable[..., Live], name: str) -> None:
    shown = live(name)
    drawn = json.loads(circuit_of(shown.recording, detail="op").json())
    expected = {w["wire"]: (w["value"], w["gradient"]) for w in drawn["wires"] if not w["branch"]}
    labels = shown.root.evaluate(LABELS)
    assert labels
    for wire, *texts in labels:
        assert [text or "" for text in texts] == [t["text"] if t else "" for t in expected[wire]]
    names = [w["name"]["text"] for w in drawn["wires"] if w["name"]]
    assert sorted(shown.root.locator(".circuit .t-called").all_text_contents()) == sorted(names)
    signs = [t["text"] for n in drawn["nodes"] for t in n["texts"] if t["role"] == "sign"]
    assert sorted(shown.root.locator(".shape .t-sign").all_text_contents()) == sorted(signs)


def test_branches_show_what_comes_back_on_them(live: Callable[..., Live]) -> None:
    shown = live("ways")
    for button, branches in (("Show gates", 4), ("Show layers", 3)):
        shown.button(button).click()
        assert shown.branches(shown.recording) == branches
        shown.field("w").fill("-1.25")
        shown.field("w").press("Enter")
        shown.agrees()
        assert shown.branches(run("ways", shown.leaves(shown.numbers()["wires"]))) == branches
        shown.button("Reset").click()
    layers = shown.root.evaluate(BRANCHES)
    assert sorted([len(uses) for _, uses, _ in layers]) == [0, 1, 2]
    for button, expected in (
        ("First gate", ["", "", ""]), ("To the start of the way back", ["1", "1", ""]), ("One gate on", ["1", "1", ""])
    ):  # fmt: skip
        shown.button(button).click()
        found = sorted(shown.root.evaluate(BRANCHES), key=lambda branch: len(branch[1]))
        assert [text for _, _, text in found] == expected


def test_large_tensors_are_turned_over(live: Callable[..., Live]) -> None:
    shown = live("layers")
    group = shown.root.locator("details", has=shown.page.get_by_role("grid", name="hidden/kernel"))
    cells = group.get_by_role("gridcell")
    assert cells.count() == 80
    group.get_by_role("button", name="Later columns of hidden/kernel").click()
    group.get_by_role("button", name="Later rows of hidden/kernel").click()
    assert "rows 10 of 11" in group.inner_text()
    assert "columns 8–11 of 12" in group.inner_text()
    assert cells.count() == 4
    kernel = shown.recording.named("hidden/kernel").value
    assert number(cells.nth(3).inner_text()) == pytest.approx(float(kernel[10, 11]), abs=0.006)
    shown.drag(cells.nth(3), 30)
    assert group.locator(".name").inner_text() == "hidden/kernel[10,11]"
    moved = shown.leaves(shown.agrees()["wires"])["hidden/kernel"]
    assert abs(moved[10, 11] - kernel[10, 11]) > 0.001
    moved[10, 11] = kernel[10, 11]
    np.testing.assert_array_equal(moved, kernel)
    group.get_by_role("button", name="Earlier rows of hidden/kernel").click()
    assert cells.count() == 40


def test_the_picture_s_own_controls(live: Callable[..., Live]) -> None:
    shown = live("layers")
    picture = shown.root.locator(".picture")
    width = "e => e.querySelector('.circuit').getBoundingClientRect().width"
    assert picture.locator(".shape.layer").count() == 0
    shown.button("Show layers").click()
    assert picture.locator(".shape.layer").count() == 2
    shown.agrees()
    shown.button("First gate").click()
    assert "hidden" in picture.locator(".shape.layer.current").text_content()
    shown.button("All gates").click()
    shown.button("Step").click()
    shown.agrees()
    shown.button("Show gates").click()
    shown.agrees()
    before = picture.evaluate(width)
    shown.button("Larger picture").click()
    larger = picture.evaluate(width)
    assert larger > before
    for _ in range(12):
        shown.button("Smaller picture").click()
    assert picture.evaluate(width) < before
    assert picture.locator(".labels text").count() == 0  # too small to be read: not written
    shown.button("Fit the picture to its box").click()
    assert picture.evaluate(width) <= picture.locator(".picturebox").evaluate("e => e.clientWidth")
    shown.agrees()


@pytest.mark.parametrize("name", ["neuron", "softmax"])
@pytest.mark.parametrize("width", [390, 1400])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_widths_colours_and_accessibility(
    new_page: Callable[..., Any], axe: Callable[..., None], tmp_path: Path, name: str, width: int, dark: bool
) -> None:  # fmt: skip
    page = new_page(width=width, dark=dark)
    shown = Live(page, name, tmp_path)
    axe(page)
    shown.button("One gate on").click()
    shown.button("100 steps").click()
    axe(page)
    wide = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert wide[0] <= wide[1]
    ground = "getComputedStyle(document.getElementById('gradtape')).backgroundColor"
    before = page.evaluate(ground)
    shown.button("Light" if dark else "Dark").click()
    assert page.evaluate(ground) != before
    axe(page)
    shown.agrees()


def test_nothing_but_its_own_script_runs(live: Callable[..., Live]) -> None:
    shown = live("neuron")
    ran = shown.page.evaluate(
        "() => { const s = document.createElement('script'); s.textContent = 'window.ran = 1';"
        " document.body.append(s); return window.ran ?? 0; }"
    )
    assert ran == 0
    assert any("Content Security Policy" in p for p in shown.page.problems)
    shown.page.problems.clear()
    text = shown.page.content()
    assert "default-src 'none'" in text
    assert "unsafe" not in text.partition("</head>")[0]
