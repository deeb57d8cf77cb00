"""What a page may say: everything else is refused, with a reason, and does no harm."""

from __future__ import annotations

import contextlib
import json
import time

import pytest
from websockets.exceptions import ConnectionClosed

from gradtape.lab.exhibits import EXHIBITS, MLP, NEURON, SOFTMAX
from gradtape.lab.limits import FAULTS, MESSAGES_AT_ONCE, Bucket
from gradtape.lab.messages import MESSAGE_BYTES, MessageError, parse

NOT_GOOD = {
    "nothing": "",
    "no JSON": "start",
    "cut short": '{"do": "start"',
    "two": '{"do": "start"} {"do": "start"}',
    "a list": '[{"do": "start"}]',
    "a text": '"start"',
    "a number": "1",
    "null": "null",
    "deep": "[" * 30_000,
    "deep object": '{"do":' * 5_000,
    "no do": "{}",
    "unknown": '{"do": "eval"}',
    "code": '{"do": "__import__(\'os\').system(\'true\')"}',
    "do of another type": '{"do": ["start"]}',
    "do null": '{"do": null}',
    "twice": '{"do": "start", "do": "pause"}',
    "a key too many": '{"do": "start", "count": 1}',
    "a key too few": '{"do": "step"}',
    "another key": '{"do": "step", "steps": 1}',
    "a text for a number": '{"do": "step", "count": "1"}',
    "true for a number": '{"do": "step", "count": true}',
    "a fraction": '{"do": "step", "count": 1.5}',
    "a float": '{"do": "step", "count": 1.0}',
    "zero steps": '{"do": "step", "count": 0}',
    "minus": '{"do": "step", "count": -1}',
    "too many steps": '{"do": "step", "count": 1001}',
    "a huge number": '{"do": "step", "count": 1' + "0" * 4000 + "}",
    "more digits than Python reads": '{"do": "step", "count": 1' + "0" * 5000 + "}",
    "NaN": '{"do": "rate", "value": NaN}',
    "Infinity": '{"do": "rate", "value": Infinity}',
    "minus Infinity": '{"do": "rate", "value": -Infinity}',
    "a float that overflows": '{"do": "rate", "value": 1e999}',
    "rate zero": '{"do": "rate", "value": 0}',
    "rate below": '{"do": "rate", "value": -0.1}',
    "rate above": '{"do": "rate", "value": 101}',
    "rate null": '{"do": "rate", "value": null}',
    "rate a list": '{"do": "rate", "value": [0.1]}',
    "rate false": '{"do": "rate", "value": false}',
    "pace": '{"do": "pace", "value": 0}',
    "optimizer": '{"do": "optimizer", "name": "lion"}',
    "optimizer a number": '{"do": "optimizer", "name": 1}',
    "optimizer a list": '{"do": "optimizer", "name": ["sgd"]}',
    "optimizer an object": '{"do": "optimizer", "name": {"sgd": 1}}',
    "a data set where there is none": '{"do": "data", "name": "xor"}',
    "a value that is not there": '{"do": "set", "name": "w9", "value": 1}',
    "a name of Python": '{"do": "set", "name": "__builtins__", "value": 1}',
    "a function of the program": '{"do": "set", "name": "gradients", "value": 1}',
    "a value out of range": '{"do": "set", "name": "w0", "value": 7}',
    "a value of another type": '{"do": "set", "name": "w0", "value": "1"}',
    "a value NaN": '{"do": "set", "name": "w0", "value": NaN}',
}  # fmt: skip


@pytest.mark.parametrize("text", NOT_GOOD.values(), ids=NOT_GOOD)
def test_it_is_refused_with_a_reason(text):
    with pytest.raises(MessageError, match=r"^(expected|this network)"):
        parse(text, NEURON)


def test_a_refused_message_changes_nothing(lab):
    with lab.train() as page:
        first = page.frame()
        for text in list(NOT_GOOD.values())[: FAULTS - 1]:
            page.socket.send(text)
            assert page.error()
        page.say(do="pause")
        assert page.frame() == first


def test_good_messages_are_read():
    assert parse('{"do": "step", "count": 1000}', NEURON).value == 1000
    assert parse('{"do": "rate", "value": 1}', NEURON).value == 1.0
    assert parse('{"do": "set", "name": "w0", "value": -6}', NEURON).name == "w0"
    assert parse('{"do": "set", "name": "target", "value": 4}', SOFTMAX).value == 4
    assert parse('{"do": "data", "name": "xor"}', MLP).name == "xor"
    for text in (
        '{"do": "set", "name": "target", "value": 4.5}',
        '{"do": "set", "name": "target", "value": 5}',
    ):
        with pytest.raises(MessageError):
            parse(text, SOFTMAX)
    with pytest.raises(MessageError, match="no values to set"):
        parse('{"do": "set", "name": "w0", "value": 1}', MLP)


@pytest.mark.parametrize("name", EXHIBITS)
@pytest.mark.parametrize("do", ["start", "pause", "undo", "reset", "explain"])
def test_words_alone(name, do):
    assert parse(json.dumps({"do": do}), EXHIBITS[name]).do == do


def closed(page) -> int:
    """The code with which the lab closes the line."""
    with pytest.raises(ConnectionClosed):
        while True:
            page.socket.recv(10)
    return page.socket.close_code


def test_a_message_that_is_too_long_ends_the_line(lab):
    with lab.train() as page:
        page.socket.send('{"do": "start"' + " " * (MESSAGE_BYTES + 1))
        assert closed(page) == 1009
    assert lab.trains()


def test_one_that_is_too_long_in_pieces(lab):
    with lab.train() as page:
        with contextlib.suppress(ConnectionClosed):
            page.socket.send(" " * 1000 for _ in range(MESSAGE_BYTES // 1000 + 2))
        assert closed(page) == 1009
    assert lab.trains()


def test_the_longest_is_read(lab):
    with lab.train() as page:
        page.frame()
        page.socket.send('{"do": "step", "count": 1' + " " * (MESSAGE_BYTES - 26) + "}")
        assert page.frame(1)["step"] == 1


def test_a_binary_message_ends_the_line(lab):
    with lab.train() as page:
        page.socket.send(b'{"do": "start"}')
        assert closed(page) == 1003
    assert lab.trains()


def test_a_text_that_is_no_utf_8_ends_the_line(lab):
    with lab.train() as page:
        page.socket.send(b"\xff\xfe", text=True)
        assert closed(page) in (1003, 1007)
    assert lab.trains()


def test_faults_are_counted(lab):
    with lab.train() as page:
        for _ in range(FAULTS):
            page.socket.send("{}")
        assert closed(page) == 1008
    assert lab.trains()


def test_too_many_messages_end_the_line(lab):
    with lab.train() as page:
        with contextlib.suppress(ConnectionClosed):
            for _ in range(int(MESSAGES_AT_ONCE) + FAULTS + 200):
                page.say(do="pause")
        assert closed(page) == 1008
    assert lab.trains()


def test_a_bucket_fills_again():
    now = [0.0]
    bucket = Bucket(10.0, 2.0, clock=lambda: now[0])
    assert [bucket.take() for _ in range(3)] == [True, True, False]
    now[0] = 0.15
    assert [bucket.take() for _ in range(2)] == [True, False]
    now[0] = 100.0
    assert [bucket.take() for _ in range(3)] == [True, True, False]


def test_a_page_that_does_not_listen_holds_nothing_up(lab):
    with lab.train("mlp", max_queue=1) as deaf:
        deaf.say(do="pace", value=1000)
        deaf.say(do="start")
        deadline = time.monotonic() + 20
        with lab.train() as page:
            page.frame(0)
            for step in range(1, 6):
                page.say(do="step", count=1)
                assert page.frame(step)["step"] == step
        # It trains on, though nobody takes the frames: a late one comes soon after it listens again.
        while time.monotonic() < deadline:
            if deaf.frame()["step"] > 300:
                break
        deaf.say(do="pause")
        last = deaf.until(lambda m: m["type"] == "frame" and not m["running"])
        assert last["step"] > 300
