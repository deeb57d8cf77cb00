"""The lab's pages in Chromium: every control is used, and the numbers are the engine's after each."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from tests.lab.by_hand import OPTIMIZERS, ByHand
from tests.lab.client import LabClient, running

from gradtape import keras
from gradtape.lab.exhibits import EXHIBITS, MLP
from gradtape.lab.points import DATA_SETS
from gradtape.lab.trainer import REGION_REACH, Trainer
from gradtape.lab.visitor import Visit
from gradtape.runner.explaining import explain_file

SIZES = [(390, False), (390, True), (1400, False), (1400, True)]
IDS = ["phone", "phone dark", "desk", "desk dark"]


@pytest.fixture(scope="module")
def lab() -> Iterator[LabClient]:
    with running() as client:
        yield client


@pytest.fixture
def at(lab: LabClient, new_page: Callable[..., Any]) -> Callable[..., Any]:
    """at(path, width=1400, dark=False) -> a page of the lab that may ask the lab and nobody else."""

    def go(path: str = "/", width: int = 1400, dark: bool = False, of: LabClient = lab) -> Any:
        allowed = (f"{of.origin}/", f"ws://127.0.0.1:{of.port}/")
        page = new_page(width=width, dark=dark, allowed=allowed)
        page.goto(f"{of.origin}{path}?token={of.keys.token}")
        if path.strip("/") in EXHIBITS:
            page.wait_for_selector("#run:enabled")
            to_step(page, 0)
        return page

    return go


def wait(page: Any, condition: str, arg: Any = None) -> None:
    """Wait for a condition of the page; its policy forbids Playwright's own way, which makes code of a text."""
    for _ in range(400):
        if page.evaluate(condition, arg):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"it did not come to pass: {condition} ({arg})")


def to_step(page: Any, step: int) -> None:
    wait(page, f"document.querySelector('#step').textContent === '{step}'")


def exact(page: Any, selector: str) -> list[float]:
    """The exact numbers behind what is shown."""
    texts = page.eval_on_selector_all(selector, "all => all.map(e => e.dataset.exact)")
    return [float(text) for text in texts]


def as_shown(value: float) -> str:
    """A number as the lab writes it."""
    if value == 0:
        return "0"
    power = math.floor(math.log10(abs(value)))
    text = f"{value:.{3 - power}f}" if -3 <= power < 4 else f"{value:.2e}".replace("e-0", "e-")
    return text.replace("e+0", "e").replace("e-", "e−").replace("-", "−")


def same_numbers(page: Any, by_hand: ByHand) -> None:
    """Loss, weights and gradients on the page are those of the engine, exactly, and are written so."""
    _, loss, grads = by_hand.names["gradients"]()
    assert exact(page, "#loss") == [float(np.ravel(loss.numpy())[0])]
    assert page.text_content("#loss") == as_shown(exact(page, "#loss")[0])
    values = np.concatenate([v.numpy().ravel() for v in by_hand.weights]).astype(float)
    slopes = np.concatenate([g.numpy().ravel() for g in grads]).astype(float)
    for kind, wanted in (("value", values), ("gradient", slopes)):
        selector = f"#weights td.{kind}, #weights dd.{kind}"
        assert exact(page, selector) == wanted.tolist()
        texts = page.eval_on_selector_all(selector, "all => all.map(e => e.textContent)")
        assert texts[:40] == [as_shown(float(w)) for w in wanted[:40]]


def title_of(page: Any, frame: Any) -> str:
    """The heading of a live page, when it has its number."""
    for _ in range(200):
        text = frame.locator("h1").inner_text()
        if re.search(r"=\s*\S", text):
            return text
        page.wait_for_timeout(50)
    raise AssertionError("the live page shows no number")


def drag(page: Any, selector: str, value: float) -> None:
    """Move a range as a hand does: a value and its event."""
    page.eval_on_selector(
        selector,
        "(range, value) => { range.value = String(value); range.dispatchEvent(new Event('input', {bubbles: true})); }",
        value,
    )


@pytest.mark.parametrize(("width", "dark"), SIZES, ids=IDS)
@pytest.mark.parametrize("path", ["/", *(f"/{name}" for name in EXHIBITS)])
def test_a_page_fits_and_anyone_can_use_it(at, axe, path, width, dark):
    page = at(path, width, dark)
    if path != "/":
        page.click("#many")
        to_step(page, 100)
        page.eval_on_selector_all("details", "all => all.forEach(d => { d.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, paper[4:-1].split(", "))) < 200) is dark
    axe(page)


def test_the_gallery_leads_to_every_network(at, lab):
    page = at("/")
    assert page.url == f"{lab.origin}/"  # the token has gone from the address
    for exhibit in EXHIBITS.values():
        page.click(f"text={exhibit.title}")
        page.wait_for_selector("#run:enabled")
        assert page.text_content("h1") == exhibit.title
        assert page.text_content("#program") == exhibit.source()
        page.click(".home")
        page.wait_for_selector("h1:has-text('Gallery')")
    assert page.text_content("main").count("gradtape lab FILE") == 1


def test_a_stranger_sees_nothing(lab, new_page):
    page = new_page(allowed=(f"{lab.origin}/",))
    answer = page.goto(f"{lab.origin}/neuron?token=wrong")
    assert answer.status == 403
    assert "token" in page.text_content("body")
    page.problems[:] = [p for p in page.problems if "403" not in p]


@pytest.mark.parametrize("name", EXHIBITS)
def test_every_button(at, name):
    page, exhibit = at(f"/{name}"), EXHIBITS[name]
    by_hand, optimizer = ByHand(exhibit, "circles"), OPTIMIZERS[exhibit.optimizer](exhibit.rate)
    same_numbers(page, by_hand)
    assert page.is_disabled("#undo")
    page.click("#one")
    to_step(page, 1)
    by_hand.train(optimizer, 1)
    same_numbers(page, by_hand)
    page.click("#many")
    to_step(page, 101)
    page.click("#undo")
    to_step(page, 1)
    same_numbers(page, by_hand)
    page.click("#many")
    to_step(page, 101)
    by_hand.train(optimizer, 100)
    same_numbers(page, by_hand)
    points = page.get_attribute("#curve path.line", "d").count("L") + 1
    assert points == 102
    assert "in 101 steps" in page.get_attribute("#curve svg", "aria-label")
    page.click("#reset")
    to_step(page, 0)
    same_numbers(page, ByHand(exhibit, "circles"))
    page.click("#undo")
    to_step(page, 101)
    same_numbers(page, by_hand)


@pytest.mark.parametrize("name", EXHIBITS)
def test_start_and_pause(at, name):
    page, exhibit = at(f"/{name}"), EXHIBITS[name]
    drag(page, "#pace", 2)
    wait(page, "document.querySelector('#pace-text').textContent === '100'")
    page.click("#run")
    wait(page, "Number(document.querySelector('#step').textContent) > 20")
    assert page.text_content("#run") == "Pause"
    page.click("#run")
    page.wait_for_selector("#run:has-text('Start')")
    page.wait_for_timeout(300)
    steps = int(page.text_content("#step"))
    by_hand = ByHand(exhibit, "circles")
    by_hand.train(OPTIMIZERS[exhibit.optimizer](exhibit.rate), steps)
    same_numbers(page, by_hand)
    page.wait_for_timeout(300)
    assert int(page.text_content("#step")) == steps


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer_and_the_rate(at, optimizer):
    page, by_hand = at("/softmax"), ByHand(EXHIBITS["softmax"])
    page.select_option("#optimizer", optimizer)
    drag(page, "#rate", -1.5)
    wait(page, "document.querySelector('#rate-text').textContent === '0.03200'")
    page.click("#many")
    to_step(page, 100)
    by_hand.train(OPTIMIZERS[optimizer](0.032), 100)
    same_numbers(page, by_hand)
    ratios = exact(page, ".ratio")
    before = [v.numpy() for v in by_hand.weights]
    page.click("#one")
    to_step(page, 101)
    assert all(0 < ratio < 1 for ratio in ratios)
    after = exact(page, "#weights td.value")
    sizes = np.cumsum([0, *(v.size for v in before)])
    for n, (old, ratio) in enumerate(zip(before, exact(page, ".ratio"))):
        new = np.array(after[sizes[n] : sizes[n + 1]])
        assert ratio == pytest.approx(
            np.linalg.norm(new - old.ravel()) / np.linalg.norm(old), rel=1e-3
        )


@pytest.mark.parametrize("name", ["neuron", "softmax"])
def test_every_dial(at, name):
    page, exhibit = at(f"/{name}"), EXHIBITS[name]
    by_hand = ByHand(exhibit)
    for dial in (*exhibit.free, *exhibit.dials):
        value = 3 if dial.whole else round(dial.low + 0.3 * (dial.high - dial.low), 2)
        drag(page, f"#dial-{dial.name}", value)
        variable = by_hand.names[dial.name]
        variable.assign(np.full(variable.shape, value, variable.dtype.np))
        shown = float(np.ravel(variable.numpy())[0])
        wait(
            page,
            "([id, value]) => Number(document.getElementById(id).dataset.exact) === value",
            [f"text-{dial.name}", shown],
        )
        same_numbers(page, by_hand)
        for key, wanted in by_hand.names["shown"]().items():
            assert (
                exact(page, "#shown dd")[-np.size(wanted) :] == np.ravel(wanted).tolist()
                or key == "score"
            )
    assert exact(page, "#shown dd") == [
        float(v) for wanted in by_hand.names["shown"]().values() for v in np.ravel(wanted)
    ]


def test_a_dial_by_keyboard(at):
    page = at("/neuron")
    page.focus("#dial-w0")
    page.keyboard.press("ArrowRight")
    wait(page, "document.querySelector('#text-w0').dataset.exact.startsWith('2.0099999')")
    page.focus("#run")
    page.keyboard.press("Space")
    page.wait_for_selector("#run:has-text('Pause')")
    page.keyboard.press("Space")
    page.wait_for_selector("#run:has-text('Start')")
    assert int(page.text_content("#step")) >= 0


@pytest.mark.parametrize("data", DATA_SETS)
def test_every_data_set_and_its_regions(at, data):
    page, by_hand = at("/mlp"), ByHand(MLP, data)
    page.select_option("#data", data)
    wait(page, "name => document.querySelector('#data').value === name", data)
    if data != "circles":
        page.wait_for_selector("#undo:enabled")
    same_numbers(page, by_hand)
    page.click("#many")
    to_step(page, 100)
    by_hand.train(keras.optimizers.Adam(MLP.rate), 100)
    same_numbers(page, by_hand)
    places, labels = DATA_SETS[data]()
    right = np.mean((by_hand.names["model"](places).numpy() > 0) == (labels > 0.5))
    assert page.text_content("#right") == f"{math.floor(100 * float(right) + 0.5)} %"
    colours_are_what_the_network_says(page, by_hand, places)


def colours_are_what_the_network_says(page: Any, by_hand: ByHand, points: np.ndarray) -> None:
    """Where the network is sure and no point is near, the picture has the colour of the class."""
    line = np.linspace(-1.1, 1.1, 12)
    grid = np.array([(x, y) for x in line for y in line], np.float32)
    said = by_hand.names["predict"](grid).numpy().ravel()
    far = np.min(np.linalg.norm(grid[:, None] - points[None], axis=2), axis=1) > 0.06
    chosen = [i for i in range(len(grid)) if far[i] and abs(said[i] - 0.5) > 0.45]
    assert len(chosen) >= 5
    pixels = page.eval_on_selector(
        "#regions",
        """(canvas, [places, reach]) => {
            const size = canvas.width;
            const data = canvas.getContext("2d").getImageData(0, 0, size, size).data;
            return places.map(([x, y]) => {
                const row = Math.floor((1 - y / reach) / 2 * size);
                const at = 4 * (row * size + Math.floor((x / reach + 1) / 2 * size));
                return [...data.slice(at, at + 3)];
            });
        }""",
        [grid[chosen].tolist(), REGION_REACH],
    )
    ends = [page.evaluate(
        "name => getComputedStyle(document.documentElement).getPropertyValue(name).trim()", name
    ) for name in ("--nought", "--one")]  # fmt: skip
    zero, one = (np.array([int(end[k : k + 2], 16) for k in (1, 3, 5)]) for end in ends)
    for index, pixel in zip(chosen, pixels):
        nearer_one = np.linalg.norm(pixel - one) < np.linalg.norm(pixel - zero)
        assert nearer_one == (said[index] > 0.5)


def test_light_and_dark_are_kept(at, lab):
    page = at("/mlp")
    paper = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(paper)
    assert page.text_content("#theme") == "Dark"
    page.click("#theme")
    dark = page.evaluate(paper)
    assert dark != light
    assert page.text_content("#theme") == "Light"
    page.goto(f"{lab.origin}/neuron")
    page.wait_for_selector("#run:enabled")
    assert page.evaluate(paper) == dark
    page.click("#theme")
    assert page.evaluate(paper) == light


def test_numbers_that_run_away_are_told(at, monkeypatch):
    page = at("/softmax")
    monkeypatch.setattr(Trainer, "finite", property(lambda trainer: trainer.steps < 7))
    page.click("#many")
    to_step(page, 7)
    assert "not finite any more" in page.text_content("#note")
    assert [page.is_disabled(f"#{name}") for name in ("run", "one", "many")] == [True] * 3
    page.click("#undo")
    to_step(page, 0)
    assert page.text_content("#note") == ""
    assert page.is_enabled("#run")
    same_numbers(page, ByHand(EXHIBITS["softmax"]))


def test_a_line_that_is_lost_comes_back(new_page, at):
    with running() as other:
        page = at("/neuron", of=other)
        page.click("#one")
        to_step(page, 1)
    page.wait_for_selector("#note:has-text('The line to the engine is lost')")
    assert page.is_disabled("#one")
    page.problems[:] = [p for p in page.problems if "WebSocket connection" not in p]
    page.close()


def test_two_pages_train_two_networks(at):
    first, second = at("/neuron"), at("/neuron")
    first.click("#many")
    to_step(first, 100)
    assert second.text_content("#step") == "0"
    second.click("#one")
    to_step(second, 1)
    assert first.text_content("#step") == "100"


@pytest.mark.parametrize("name", EXHIBITS)
def test_the_circuit_of_a_step_is_live_and_cannot_reach_the_lab(at, axe, name):
    page = at(f"/{name}", 1400, True)
    page.click("#many")
    to_step(page, 100)
    page.click("#explain:enabled")
    wait(page, "document.querySelector('#circuit iframe')?.title.endsWith('step 100')")
    frame = page.frame_locator("#circuit iframe")
    frame.locator("svg").first.wait_for()
    loss = exact(page, "#loss")[0]
    title = title_of(page, frame)
    shown = float(title.partition("=")[2].replace("−", "-"))
    assert shown == pytest.approx(loss, rel=1e-3)
    assert frame.locator("main").get_attribute("data-theme") in (None, "dark")
    inside = next(f for f in page.frames if "/page/" in f.url and not f.is_detached())
    assert inside.evaluate("origin") == "null"
    assert (
        inside.evaluate("() => { try { return document.cookie } catch { return 'closed' } }")
        == "closed"
    )
    assert page.text_content("#explain") == "Show it as it is now"
    axe(page)
    page.click("#one")
    to_step(page, 101)
    page.click("#explain")
    wait(page, "document.querySelector('#circuit iframe').title.endsWith('step 101')")


@pytest.mark.parametrize(("width", "dark"), SIZES, ids=IDS)
def test_ones_own_file(at, axe, width, dark, tmp_path):
    script = tmp_path / "mine.py"
    script.write_text(
        "import tensorflow as tf\n"
        "w, x = tf.Variable([1.0, -2.0]), tf.constant([3.0, 4.0])\n"
        "for _ in range(3):\n"
        "    with tf.GradientTape() as tape:\n"
        "        loss = tf.reduce_sum(tf.sigmoid(w * x))\n"
        "    g = tape.gradient(loss, [w, x])\n"
    )
    explained = explain_file(script, live=True)
    with running(Visit(script, explained.told, explained.trouble)) as own:
        page = at("/", width, dark, of=own)
        axe(page)
        page.click("text=mine.py, line 6")
        page.wait_for_selector("h1:has-text('mine.py, line 6')")
        assert page.locator("summary").all_inner_texts() == [
            "Call 1 of 3",
            "Call 2 of 3",
            "Call 3 of 3",
        ]
        assert page.evaluate("document.documentElement.scrollWidth") == width
        assert "tape.watch(x)" in page.locator(".fix").first.inner_text()
        loss = title_of(page, page.frame_locator("iframe >> nth=0"))
        assert loss.replace(" ", "") == "loss=0.9529"
        assert page.evaluate("[...document.querySelectorAll('iframe')].map(f => f.src !== '')") == [
            True,
            False,
            False,
        ]
        page.click("summary >> nth=2")
        last = title_of(page, page.frame_locator("iframe >> nth=2"))
        assert last == loss  # the weights were not changed in between
        axe(page)
        page.close()


def test_the_neurons_circuit_is_there_from_the_beginning(at):
    page = at("/neuron")
    frame = page.frame_locator("#circuit iframe")
    assert title_of(page, frame).replace(" ", "") == "loss=0.5344"
    assert page.get_attribute("#circuit iframe", "title") == "The circuit at step 0"
