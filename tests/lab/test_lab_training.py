"""The numbers on the line are the engine's, step by step, set beside a loop written by hand."""

from __future__ import annotations

import base64
import json

import numpy as np
import pytest
from tests.lab.by_hand import OPTIMIZERS, ByHand

import gradtape as tf
from gradtape import keras
from gradtape.lab import points
from gradtape.lab.exhibits import EXHIBITS, MLP, NEURON, SOFTMAX
from gradtape.lab.trainer import CURVE_POINTS, UNDO_DEPTH, Curve, Trainer, region_places


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("name", EXHIBITS)
def test_steps_over_the_line_are_those_of_the_loop(lab, name, optimizer):
    by_hand = ByHand(EXHIBITS[name], "circles")
    other = OPTIMIZERS[optimizer](0.25)
    with lab.train(name) as page:
        by_hand.agrees(page.frame(0))
        page.say(do="optimizer", name=optimizer)
        page.say(do="rate", value=0.25)
        page.say(do="step", count=1)
        by_hand.train(other, 1)
        by_hand.agrees(page.frame(1))
        page.say(do="step", count=100)
        by_hand.train(other, 100)
        by_hand.agrees(page.frame(101))


@pytest.mark.parametrize("data", points.DATA_SETS)
def test_the_plane_has_four_data_sets(lab, data):
    by_hand = ByHand(MLP, data)
    adam = keras.optimizers.Adam(0.03)
    with lab.train("mlp") as page:
        page.say(do="data", name=data)
        frame = page.until(lambda m: m.get("data") == data and m.get("undo", 0) == 1)
        by_hand.agrees(frame)
        places, labels = points.DATA_SETS[data]()
        assert np.allclose(frame["points"], places, atol=6e-5)
        assert frame["labels"] == labels.ravel().tolist()
        assert 80 <= sum(frame["labels"]) <= 120
        page.say(do="step", count=20)
        by_hand.train(adam, 20)
        frame = page.frame(20)
        by_hand.agrees(frame)
        said = tf.sigmoid(by_hand.names["model"](region_places())).numpy().ravel()
        levels = np.frombuffer(base64.b64decode(frame["regions"]["levels"]), np.uint8)
        assert np.abs(levels - 255 * said).max() <= 0.501
        right = np.mean((by_hand.names["model"](places).numpy() > 0) == (labels > 0.5))
        assert frame["shown"]["right"] == pytest.approx(right, abs=1e-6)


def test_the_lesson(lab):
    """The figures that the lesson prints for this network: losses, probabilities, the first gradients."""
    with lab.train("softmax") as page:
        page.say(do="rate", value=0.001)
        first = page.until(lambda m: m.get("rate") == 0.001)
        assert first["loss"] == pytest.approx(1.6985874, rel=1e-7)
        assert first["weights"][0]["gradient"][:2] == pytest.approx(
            [-2.8087306e-03, -2.5927500e-04], rel=1e-6
        )
        page.say(do="step", count=1)
        second = page.frame(1)
        assert second["weights"][0]["value"][:3] == pytest.approx(
            [-0.00234448, -0.06019486, 0.05834782], abs=6e-9
        )
        page.say(do="step", count=99)
        assert page.frame(100)["loss"] == pytest.approx(1.520074, abs=6e-7)
        page.say(do="step", count=1)
        said = page.frame(101)["shown"]["probabilities"][0]
        assert said == pytest.approx(
            [0.19548547, 0.19783847, 0.219069, 0.19759655, 0.19001047], rel=1e-6
        )


def test_the_lecture(lab):
    with lab.train("neuron") as page:
        frame = page.frame(0)
        assert frame["shown"] == {"score": 1.0, "p": pytest.approx(0.7310586, rel=1e-6)}
        p = 1 / (1 + np.exp(-1.0))
        slope = 2 * p * p * (1 - p)
        wanted = [-1 * slope, -2 * slope, slope]
        assert [w["gradient"][0] for w in frame["weights"]] == pytest.approx(wanted, rel=1e-6)


def test_values_set_by_hand(lab):
    with lab.train("neuron") as page:
        for name, value in {"w0": 1.5, "x1": -0.25, "target": 1.0}.items():
            page.say(do="set", name=name, value=value)
        frame = page.until(lambda m: m.get("dials", {}).get("target") == 1.0)
        score = 1.5 * -1 + -3 * -0.25 - 3
        p = 1 / (1 + np.exp(-score))
        assert frame["shown"]["score"] == score
        assert frame["loss"] == pytest.approx((p - 1) ** 2, rel=1e-6)
        assert frame["dials"] == {"x0": -1.0, "x1": -0.25, "target": 1.0}
        page.say(do="step", count=1)
        after = page.frame(1)
        old = [w["value"][0] for w in frame["weights"]]
        new = [w["value"][0] for w in after["weights"]]
        slopes = [w["gradient"][0] for w in frame["weights"]]
        assert new == pytest.approx([w - s for w, s in zip(old, slopes)], rel=1e-6)
        assert [w["ratio"] for w in after["weights"]] == pytest.approx(
            [abs(n - o) / abs(o) for n, o in zip(new, old)], rel=1e-6
        )


def test_another_class(lab):
    with lab.train("softmax") as page:
        page.say(do="set", name="target", value=4)
        frame = page.until(lambda m: m.get("dials") == {"target": 4.0})
        said = frame["shown"]["probabilities"][0]
        assert frame["loss"] == pytest.approx(-np.log(said[4]), rel=1e-5)
        bias = frame["weights"][3]["gradient"]
        assert bias == pytest.approx(said[:4] + [said[4] - 1], rel=1e-4)


def test_start_trains_until_pause(lab):
    with lab.train("softmax") as page:
        page.say(do="pace", value=500)
        page.say(do="start")
        page.until(lambda m: m.get("step", 0) >= 50 and m["running"])
        page.say(do="pause")
        paused = page.until(lambda m: m["type"] == "frame" and not m["running"])
        by_hand = ByHand(SOFTMAX)
        by_hand.train(keras.optimizers.SGD(SOFTMAX.rate), paused["step"])
        by_hand.agrees(paused)
        page.say(do="pause")
        assert page.frame()["step"] == paused["step"]


def test_the_curve_has_every_loss(lab):
    with lab.train("softmax") as page:
        page.say(do="step", count=30)
        curve = page.frame(30)["curve"]
        by_hand, sgd = ByHand(SOFTMAX), keras.optimizers.SGD(SOFTMAX.rate)
        for step, loss in curve:
            assert loss == float(by_hand.names["gradients"]()[1].numpy()[0])
            assert step == int(sgd.iterations)
            by_hand.train(sgd, 1)
        assert len(curve) == 31


def test_undo_goes_back_one_thing_at_a_time(lab):
    with lab.train("mlp") as page:
        seen = [page.frame(0)]
        actions = [
            {"do": "step", "count": 3},
            {"do": "rate", "value": 0.5},
            {"do": "step", "count": 1},
            {"do": "optimizer", "name": "momentum"},
            {"do": "step", "count": 7},
            {"do": "data", "name": "xor"},
            {"do": "step", "count": 2},
            {"do": "reset"},
        ]
        for count, action in enumerate(actions, start=1):
            page.say(**action)
            seen.append(page.until(lambda m, n=count: m.get("undo") == n))
        while len(seen) > 1:
            seen.pop()
            page.say(do="undo")
            assert page.until(lambda m: m["type"] == "frame") == seen[-1]
        page.say(do="undo")
        assert page.frame() == seen[0]


def test_after_undo_the_optimizer_goes_on_as_if_nothing_had_been(lab):
    with lab.train("mlp") as page:
        page.say(do="step", count=5)
        page.frame(5)
        page.say(do="step", count=4)
        straight = page.frame(9)
        page.say(do="undo")
        page.frame(5)
        page.say(do="step", count=4)
        assert page.frame(9) == straight


def test_turning_a_dial_is_one_thing_to_undo(lab):
    with lab.train("neuron") as page:
        first = page.frame()
        for value in (1.0, 1.1, 1.2):
            page.say(do="set", name="w0", value=value)
        page.say(do="set", name="b", value=0.0)
        page.until(lambda m: m["type"] == "frame" and m["weights"][2]["value"] == [0.0])
        page.say(do="undo")
        frame = page.frame()
        assert [w["value"][0] for w in frame["weights"]] == pytest.approx([1.2, -3, -3])
        page.say(do="undo")
        assert page.frame() == first


def test_numbers_that_are_not_finite_stop_the_training_and_are_told():
    trainer = Trainer(NEURON)
    trainer.remember()
    trainer.names["w0"].assign(float("inf"))
    trainer.step()
    frame = trainer.frame()
    assert not frame["finite"]
    assert json.loads(json.dumps(frame, allow_nan=False))["weights"][0]["value"] == ["inf"]
    assert frame["step"] == 0
    trainer._evaluate()
    trainer.step(10)
    assert trainer.steps == 0
    trainer.undo()
    assert trainer.frame()["finite"]


def test_what_is_kept_is_bounded():
    trainer = Trainer(NEURON)
    for _ in range(UNDO_DEPTH + 5):
        trainer.remember()
    assert len(trainer.undoable) == UNDO_DEPTH
    curve = Curve()
    for step in range(20_000):
        curve.add(step, float(step))
    assert CURVE_POINTS <= len(curve.points) <= 2 * CURVE_POINTS + 1
    steps = [step for step, _ in curve.points]
    assert steps == sorted(set(steps))
    assert (steps[0], steps[-1]) == (0, 19_999)
    assert all(loss == step for step, loss in curve.points)


def test_the_programs_run_as_files_of_a_user(tmp_path):
    from gradtape.runner.script import run_script

    for exhibit in EXHIBITS.values():
        script = tmp_path / exhibit.file
        script.write_text(
            exhibit.source("spirals")
            + "\n_, loss, grads = gradients()\nassert len(grads) == len(weights)\n"
        )
        assert run_script(script) == 0
