"""Printed texts side by side: what counts as equal and what does not."""

import pytest

from gradtape.runner.numbers import compare, split, tolerance, unit


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("DenseLayer1/kernel:0 float32", ["0"]),
        ("[-1. -2.]", ["-1.", "-2."]),
        ("1e-05, 2.5E+3 .5", ["1e-05", "2.5E+3", ".5"]),
        ("TensorFlow version: 2.12.0", []),
        ("[nan inf -inf] nano", ["nan", "inf", "-inf"]),
        ("shape=(2, 1), (None, 3)", ["2", "1", "3"]),
        ("1.5+2j", ["1.5", "2"]),
        ("a-1 x_2 3px", ["1"]),
        ("sequential_5", []),
    ],
)
def test_split_finds_the_numbers_and_only_these(text, numbers):
    found, rest = split(text)
    assert found == numbers
    assert len(rest) == len(found) + 1
    assert "".join(a + b for a, b in zip(rest, [*found, ""])) == text


@pytest.mark.parametrize(
    ("number", "expected"),
    [("0.7310586", 1e-7), ("-7.8550057e-04", 1e-11), ("12", 0.0), ("3.", 0.0), ("2e3", 1e3)],
)
def test_unit_of_the_last_printed_digit(number, expected):
    assert unit(number) == pytest.approx(expected, rel=1e-12)


def test_tolerance_is_the_largest_of_the_three():
    assert tolerance("0.5", 1e-6, 1e-8) == pytest.approx(0.1)
    assert tolerance("123456.789", 1e-6, 1e-8) == pytest.approx(0.123456789)
    assert tolerance("1.0000000000", 0.0, 1e-8) == pytest.approx(1e-8)
    assert tolerance("7", 1e-6, 1e-8) == 0.0


@pytest.mark.parametrize(
    ("stored", "ours"),
    [
        ("loss 1.6985874", "loss 1.6985874\n"),
        ("loss 1.6985874", "loss 1.6985875"),
        ("tf.Tensor([[0.20452452 0.207111  ]])", "tf.Tensor([[0.20452452 0.20711101]])"),
        ("[0.5  0.25]", "[0.5 0.250001]"),
        ("<function f at 0x7f01>", "<function f at 0x8e99>"),
        ("2/2 [==] - 0s 3ms/step - loss: 0.5000", "2/2 [==] - 1s 12ms/step - loss: 0.5001"),
        ("nan", "nan"),
        ("[1.5, 2.5,\n 3.25]", "[1.5, 2.5, 3.250001]"),
        ("[1.5 2.5\n 3.25]", "[1.5 2.5 3.250001]"),
    ],
)
def test_these_agree(stored, ours):
    result = compare(stored, ours)
    assert result.equal, [str(m) for m in result.mismatches]


@pytest.mark.parametrize(
    ("stored", "ours", "kind"),
    [
        ("loss 1.6985874", "loss 1.6985895", "number"),
        ("class [1]", "class [0]", "number"),
        ("[2.]", "[3.]", "number"),
        ("[ 1. 2.]", "[1. 2.]", "text"),
        ("[1.5\n 2.5]", "[1.5 2.5]", "text"),
        ("[[1.5]\n [2.25]]", "[[1.5] [2.250001]]", "text"),
        ("1.5\n\n2.25", "1.5 2.250001, ", "text"),
        ("float32 0.5", "float64 0.5", "text"),
        ("0.5", "nan", "number"),
        ("inf", "-inf", "number"),
        ("1 2", "1 2 3", "text"),
        ("x - 3 y", "x - 4 y", "number"),
        ("5", "5.", "number"),
        ("sequential", "sequential_5", "text"),
        ("2.12.0", "2.21.0", "text"),
    ],
)
def test_these_differ(stored, ours, kind):
    result = compare(stored, ours)
    assert [m.kind for m in result.mismatches] == [kind]


def test_a_wider_tolerance_is_taken_as_given():
    assert not compare("1.00000000", "1.00100000").equal
    assert compare("1.00000000", "1.00100000", rtol=1e-2).equal
    assert compare("0.00000000", "0.00100000", atol=1e-2).equal


def test_the_difference_is_measured():
    result = compare("a 1.000000 b 2.500000", "a 1.000000 b 2.750000")
    assert (result.numbers, result.identical, result.largest) == (2, 1, 0.25)
    assert "differ by 0.25" in str(result.mismatches[0])
