"""A live page in Chromium beside the engine: what a person does there, and the numbers of both."""

import re
from pathlib import Path
from typing import Any

import numpy as np
from tests.browser.page_programs import PROGRAMS, Numbers, run

from gradtape.insight.page import page_of
from gradtape.insight.recording import Recording
from gradtape.insight.rounding import rounded

NUMBERS = """root => {
  const m = root.page.model, list = (a) => a && Array.from(a, (x) => typeof x === "number" ? x : String(x));
  const wires = m.data.wires.map((w, i) => [list(m.value(i)), list(m.gradient(i))]);
  const parts = m.data.gates.map((g) => g.inputs.map((_, p) => list(m.part(g.index, p))));
  return {wires, parts, loss: m.loss(), mode: m.mode, steps: m.steps, rate: m.rate, losses: m.losses,
          probabilities: m.probabilities().map(([name, a]) => [name, list(a)])};
}"""
LABELS = """root => root.page.picture.seen.filter((line) => !line.branch).map(
  (line) => [line.wire, line.value?.textContent, line.gradient?.textContent])"""
BRANCHES = """root => root.page.picture.seen.filter((line) => line.branch).map(
  (line) => [line.wire, line.uses, line.gradient?.textContent])"""
ENTRY = re.compile(r"(\w+)\[(\d+)\]")


def number(text: str) -> float:
    """A number as the page writes it."""
    found = re.search(r"[−-]?\d+(?:\.\d+)?(?:e[−-]?\d+)?", text)
    assert found is not None, text
    return float(found[0].replace("−", "-"))


class Live:
    """The page of a program, at file://."""

    def __init__(self, page: Any, name: str, folder: Path, **settings: Any):
        self.page, self.name = page, name
        self.recording = run(name)
        file = folder / f"{name}.html"
        file.write_text(page_of(self.recording, **settings), encoding="utf-8")
        page.goto(file.as_uri())
        self.root = page.locator("#gradtape")

    def numbers(self) -> dict[str, Any]:
        return self.root.evaluate(NUMBERS)

    def leaves(self, wires: list[Any]) -> Numbers:
        """The leaves' numbers as the program takes them, from those on the page."""
        _, start = PROGRAMS[self.name]
        found = {key: np.array(value) for key, value in start.items()}
        for wire, (value, _) in zip(self.recording.wires, wires):
            if wire.kind == "computed" or not wire.name:
                continue
            entry = ENTRY.fullmatch(wire.name)
            if entry and entry[1] in found:
                found[entry[1]][int(entry[2])] = value[0]
            elif wire.name in found:
                found[wire.name] = np.float32(value).reshape(wire.shape)
        return found

    def agrees(self) -> dict[str, Any]:
        """The page's numbers, after holding them against the engine's for the same leaves."""
        now = self.numbers()
        engine = run(self.name, self.leaves(now["wires"]))
        if now["mode"] == "rounded":
            engine = rounded(engine, 2)
        assert len(engine.wires) == len(now["wires"])
        for wire, (value, gradient) in zip(engine.wires, now["wires"]):
            same(value, wire.value, f"value of {wire.name or wire.index}")
            assert (gradient is None) == (wire.gradient is None), wire
            if wire.gradient is not None:
                same(gradient, wire.gradient, f"gradient of {wire.name or wire.index}")
        for gate, parts in zip(engine.gates, now["parts"]):
            for part, mine in zip(gate.parts, parts):
                if part is not None:
                    same(mine, part, f"part of gate {gate.index}")
        self.shows(engine, now)
        return now

    def shows(self, engine: Recording, now: dict[str, Any]) -> None:
        """What is written on the page is what the engine says, to the digits that are written."""
        loss = float(engine.wires[engine.targets[0]].value.sum())
        least = (
            0.0051 if now["mode"] == "rounded" else 6e-5
        )  # a gate's value is rounded; a sum of them need not be
        close(number(self.root.locator(".title .figure").inner_text()), loss, least)
        labels = self.root.evaluate(LABELS)
        assert labels
        for index, value, gradient in labels:
            wire = engine.wires[index]
            if value and wire.value.size == 1:
                close(number(value), float(wire.value.reshape(-1)[0]))
            if gradient and wire.gradient is not None and wire.gradient.size == 1:
                close(number(gradient), float(wire.gradient.reshape(-1)[0]))
        self.branches(engine)
        bars = self.root.locator(".bars .figure").all_inner_texts()
        shown = [p for _, array in now["probabilities"] for p in array]
        assert len(bars) == len(shown)
        for text, p in zip(bars, shown):
            close(number(text), p, least)

    def branches(self, engine: Recording) -> int:
        """What stands on the branches of wires is what the engine brings back there; how many were looked at."""
        checked = 0
        for index, uses, text in self.root.evaluate(BRANCHES):
            parts = [engine.gates[gate].parts[position] for gate, position in uses]
            if not uses:
                parts = [engine.seeds[engine.targets.index(index)]]
            if text and engine.wires[index].value.size == 1:
                close(number(text), float(sum([p.sum() for p in parts if p is not None])))
                checked += 1
        return checked

    # --- hands ---

    def drag(self, locator: Any, dx: int, modifier: str | None = None) -> None:
        """Press on the middle of something, move sideways, let go."""
        locator.scroll_into_view_if_needed()
        box = locator.bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        mouse = self.page.mouse
        mouse.move(x, y)
        mouse.down()
        if modifier:
            self.page.keyboard.down(modifier)
        mouse.move(x + dx / 2, y)
        mouse.move(x + dx, y + 2)
        if modifier:
            self.page.keyboard.up(modifier)
        mouse.up()

    def field(self, label: str) -> Any:
        return self.root.get_by_role("textbox", name=label, exact=True)

    def slider(self, label: str) -> Any:
        return self.root.get_by_role("slider", name=f"{label}, slider", exact=True)

    def button(self, name: str) -> Any:
        return self.root.get_by_role("button", name=name, exact=True)

    def leaf(self, name: str) -> float:
        """A number of the model's by the name of its wire."""
        wires = self.numbers()["wires"]
        names = [w.name for w in self.recording.wires]
        return wires[names.index(name)][0][0]


def same(mine: Any, engine: np.ndarray, what: str) -> None:
    """Within 1e-6 of the engine's numbers, beside the largest of them where that is above 1."""
    if engine.dtype.kind not in "fiub":
        return
    expected = np.asarray(engine, np.float64).reshape(-1)
    assert mine is not None, what
    size = max(1.0, float(np.abs(expected).max(initial=0.0)))
    np.testing.assert_allclose(np.float64(mine), expected, rtol=0, atol=1e-6 * size, err_msg=what)


def close(shown: float, engine: float, least: float = 6e-5) -> None:
    """Three significant digits are the least that is written, two decimals where numbers are rounded."""
    assert abs(shown - engine) <= max(6e-3 * abs(engine), least), (shown, engine)
