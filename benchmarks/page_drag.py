"""How long the live page takes to follow a drag: a weight of a circuit of 1,000 gates, measured in the page.

python -m benchmarks.page_drag [--gates 1000] [--moves 240] [--width 1400]

Each move is a pointer event inside an animation frame; its time runs from the event to the first task after the frame,
so it holds the page's own work, and style, layout and paint of the picture, which is in view. Needs Chromium and
Playwright (the extra `dev`).
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

import gradtape as tf
from gradtape.insight.gates import scalars
from gradtape.insight.page import page_of
from gradtape.insight.reading import recorded
from gradtape.insight.recording import Recording

LIMIT_MS = 16.0
MEASURE = """async ([label, moves]) => {
  const field = document.querySelector(`[aria-label="${label}"]`);
  const picture = document.querySelector(".picturebox");
  picture.scrollIntoView({block: "start"});
  picture.scrollTo({left: 0, top: (picture.scrollHeight - picture.clientHeight) / 2, behavior: "instant"});
  await new Promise((done) => setTimeout(done, 300));
  const box = field.getBoundingClientRect(), x = box.x + box.width / 2, y = box.y + box.height / 2;
  const send = (type, dx) => field.dispatchEvent(new PointerEvent(type,
    {bubbles: true, cancelable: true, pointerId: 1, button: 0, clientX: x + dx, clientY: y}));
  field.setPointerCapture = () => {};
  send("pointerdown", 0);
  const work = [], frames = [], { model } = document.getElementById("gradtape").page;
  let changed = 0, last = model.loss();
  for (let k = 1; k <= moves; k++) {
    await new Promise((done) => requestAnimationFrame(() => {
      const start = performance.now();
      send("pointermove", 5 + 40 * Math.sin(k / 10));
      work.push(performance.now() - start);
      const channel = new MessageChannel();
      channel.port1.onmessage = () => { frames.push(performance.now() - start); done(); };
      channel.port2.postMessage(0);
    }));
    if (model.loss() !== last) changed++;
    last = model.loss();
  }
  send("pointerup", 0);
  const labels = document.querySelectorAll(".labels text").length;
  return {work, frames, changed, labels, seen: picture.getBoundingClientRect().bottom <= innerHeight};
}"""


def circuit(gates: int) -> Recording:
    """A network of two layers taken apart into numbers, of at least so many gates."""
    rng = np.random.default_rng(0)
    for width in range(4, 64):
        shapes = {
            "w1": (4, width),
            "b1": (width,),
            "w2": (width, width),
            "b2": (width,),
            "w3": (width, 2),
        }
        w1, b1, w2, b2, w3 = [
            tf.Variable((rng.normal(size=s) / np.sqrt(s[0])).astype(np.float32), name=name)
            for name, s in shapes.items()
        ]
        x = tf.constant(rng.normal(size=(2, 4)).astype(np.float32))
        t = tf.constant(rng.normal(size=(2, 2)).astype(np.float32))
        with tf.GradientTape() as tape:
            h = tf.sigmoid(tf.tanh(x @ w1 + b1) @ w2 + b2)
            loss = tf.reduce_mean((h @ w3 - t) ** 2)
        found = scalars(recorded(tape, loss))
        if len(found.gates) >= gates:
            return found
    raise ValueError(f"there is no circuit of {gates} gates here")


def measured(file: Path, moves: int, width: int) -> dict[str, Any]:
    from playwright.sync_api import sync_playwright

    program = shutil.which("chromium") or "/usr/bin/chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": width, "height": 900})
        page.goto(file.as_uri())
        page.evaluate(MEASURE, ["w1[0,0]", 30])  # until the machine code is there
        found = page.evaluate(MEASURE, ["w1[0,0]", moves])
        browser.close()
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gates", type=int, default=1000)
    parser.add_argument("--moves", type=int, default=240)
    parser.add_argument("--width", type=int, default=1400)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    recording = circuit(given.gates)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "circuit.html"
        file.write_text(page_of(recording), encoding="utf-8")
        found = measured(file, given.moves, given.width)
    shares = {
        name: {
            "median": float(np.median(times)),
            "p95": float(np.percentile(times, 95)),
            "max": float(np.max(times)),
        }
        for name, times in (("update", found["work"]), ("with layout and paint", found["frames"]))
    }
    if given.json:
        print(json.dumps({"gates": len(recording.gates), "changed": found["changed"], **shares}))
    else:
        print(
            f"{len(recording.gates)} gates, {found['labels']} labels in view, {given.moves} moves"
        )
        for name, times in shares.items():
            print(f"{name:<22}" + "".join([f"  {k} {v:5.1f} ms" for k, v in times.items()]))
    if not found["seen"]:
        print("the picture was not in view")
        return 1
    if found["changed"] < given.moves // 2:
        print(f"only {found['changed']} moves changed the page")
        return 1
    return 0 if shares["with layout and paint"]["median"] < LIMIT_MS else 1


if __name__ == "__main__":
    raise SystemExit(main())
