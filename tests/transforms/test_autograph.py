"""Python's control flow on tensors in traced functions: the numbers and the error classes of TensorFlow 2.12."""

from __future__ import annotations

import numpy as np
import pytest

import gradtape as tf
from gradtape.base.errors import InaccessibleTensorError, OperatorNotAllowedInGraphError


def traced(function, *args):
    """The result of `function` under tf.function, which must not have run eagerly."""
    f = tf.function(function)
    result = f(*args)
    assert not f._eager
    return result


def equations(function, *args):
    return [e.op for e in tf.function(function).get_concrete_function(*args).graph.equations]


X = tf.constant(2.0)

# --- statements ---


def if_else(x):
    if x > 0:
        z = x * 2
        q = z
    elif x > -1:
        q = x
    else:
        q = -x
    return q


def early_return(x):
    if x > 3.0:
        return x
    if x > 1.0:
        return x * 10.0
    return -x


def ternary(x):
    return (1.0 if x > 0 else 2.0) + (x if x > 5 else -x)


def logic(x):
    return x > 0 and x < 5, x > 0 or x > 5, not x > 0, 1.0 < x < 3.0, x > 0 and not x > 1


def while_loop(x):
    n = 0
    while x < 100.0:
        x = x * x
        n += 1
    return x, n


def range_loop(x):
    for i in tf.range(5):
        if i == 3:
            break
        x += 1.0
    return x, i


def down_loop(x):
    s = 0
    for i in tf.range(7, 0, -3):
        s = s * 10 + i
    return s


def float_range(x):
    s = 0.0
    for t in tf.range(0.0, 1.0, 0.25):
        s += t
    return s


def rows(x):
    s = tf.zeros([2])
    for row in tf.constant([[1.0, 2.0], [3.0, 4.0]]):
        s = s * 2.0 + row
    return s


def continues(x):
    s = 0
    for i in tf.range(6):
        if i % 2 == 0:
            continue
        s += i
    return s


def nested_loops(x):
    s = 0
    for i in tf.range(4):
        for j in tf.range(i):
            s += i * j
    return s


def first_value_in_the_loop(x):
    while x > 0:
        x -= 1.0
        y = x * 2.0
    return y


def python_loop(x):
    for i in range(3):
        if x > i:
            x = x * 2.0
    return x


def nests(x):
    state = {"a": x, "b": (tf.zeros([2]), [1])}
    for _ in tf.range(3):
        a, b = state["a"], state["b"]
        state = {"a": a * 2.0, "b": (b[0] + a, [b[1][0] * 3])}
    return state


def attributes(x):
    class Box:
        value = 0.0

    box, items = Box(), {}
    if x > 0:
        box.value = x
        items["k"] = 1
    else:
        box.value = -x
        items["k"] = 2
    return box.value, items["k"]


def in_a_with_and_a_try(x):
    with tf.GradientTape() as tape:
        tape.watch(x)
        try:
            y = x * x if x > 0 else x
        finally:
            y = y + 1.0
    return y, tape.gradient(y, x)


def numbers_of_tensors(x):
    return int(x), float(tf.cast(x, tf.int32)), len(tf.zeros([3, 2]))


def changed_in_both(x):
    total, sign = 0.0, 1
    for i in tf.range(4):
        if i % 2 == 1:
            total, sign = total - x, -sign
        else:
            total = total + x * tf.cast(i, tf.float32)
    return total, sign


def loop_that_makes_no_turn(x):
    y = 7
    for i in tf.range(0):
        y = i
    return y


def closures(x):
    def grow(v, by):
        return v * by if v < 50.0 else v

    scale = lambda v: v / 2.0 if v > 100.0 else v
    for _ in tf.range(4):
        x = grow(x, 5.0)
    return scale(x)


VALUES = [
    (if_else, X, 4.0), (if_else, tf.constant(-0.5), -0.5), (if_else, tf.constant(-3.0), 3.0),
    (early_return, tf.constant(4.0), 4.0), (early_return, X, 20.0), (early_return, tf.constant(0.0), -0.0),
    (ternary, X, -1.0), (ternary, tf.constant(6.0), 7.0), (logic, X, (True, True, False, True, False)),
    (while_loop, X, (256.0, 3)), (range_loop, X, (5.0, 3)), (down_loop, X, 741), (float_range, X, 1.5),
    (rows, X, [5.0, 8.0]), (continues, X, 9), (nested_loops, X, 11), (first_value_in_the_loop, X, 0.0),
    (python_loop, X, 16.0), (nests, X, {"a": 16.0, "b": ([14.0, 14.0], [27])}), (attributes, X, (2.0, 1)),
    (in_a_with_and_a_try, X, (5.0, 4.0)), (numbers_of_tensors, X, (2, 2.0, 3)), (changed_in_both, X, (0.0, 1)),
    (loop_that_makes_no_turn, X, 7), (closures, X, 50.0),
]  # fmt: skip


@pytest.mark.parametrize(
    ("function", "x", "wanted"), VALUES, ids=lambda v: getattr(v, "__name__", "")
)
def test_values(function, x, wanted):
    got = tf.nest.map_structure(lambda t: t.numpy().tolist(), traced(function, x))
    tf.nest.map_structure(np.testing.assert_array_equal, got, wanted)


def test_the_graph_holds_the_control_flow():
    assert equations(if_else, X) == ["greater", "cond"]
    assert equations(while_loop, X) == ["while"]
    assert "while" in equations(nested_loops, X)
    assert equations(python_loop, X).count("cond") == 3
    limits = [
        e.attrs["limit"]
        for e in tf.function(range_loop).get_concrete_function(X).graph.equations
        if e.op == "while"
    ]
    assert limits == [5]


def test_python_values_stay_python():
    def f(x, training, sizes):
        if training and not sizes == [] and len(sizes) > 1:
            for n in sizes:
                x = x * n if n > 1 else x
        while sizes:
            sizes = sizes[1:]
        return x

    assert equations(f, X, True, [1, 2, 3]) == ["multiply", "multiply"]


def test_a_bound_that_is_an_argument():
    @tf.function
    def f(n):
        s = 0
        for i in tf.range(n):
            s += i
        for i in range(n):  # a traced bound: a loop of the graph too
            s += i
        return s

    assert [int(f(tf.constant(n))) for n in (4, 0, 10)] == [12, 0, 90]
    assert f.experimental_get_tracing_count() == 1


def test_the_right_side_of_and_counts_only_where_it_should():
    @tf.function
    def f(x, n):
        return n != 0 and x // n > 1

    assert [bool(f(tf.constant(6), tf.constant(n))) for n in (0, 2, 6)] == [False, True, False]
    assert not f._eager


# --- errors ---


def one_branch(x):
    if x > 0:
        y = 1.0
    return y


def other_dtype(x):
    if x > 0:
        y = 1.0
    else:
        y = 2
    return y


def other_structure(x):
    if x > 0:
        y = (1.0, 2.0)
    else:
        y = 1.0
    return y


def no_return(x):
    if x > 0:
        return 1.0


def none_in_a_branch(x):
    if x > 0:
        y = None
    else:
        y = 1.0
    return y


def shape_changes(x):
    while x < 10:
        x = tf.stack([x, x])
    return x


def dtype_changes(x):
    for _ in tf.range(3):
        x = tf.cast(x, tf.float64)
    return x


def structure_changes(x):
    for _ in tf.range(3):
        x = (x, x)
    return x


def none_after_a_turn(x):
    n = 0
    for _ in tf.range(3):
        n = None
    return n


def return_in_a_loop(x):
    for i in tf.range(5):
        if i == 3:
            return x
        x += 1.0
    return x + 100


def break_of_a_python_loop(x):
    for _ in range(3):
        if x > 1:
            x = x * 2
        else:
            break
    return x


def condition_becomes_a_tensor(x):
    i = tf.constant(0)
    while True:
        i += 1
        if i > 5:
            break
    return i


def number_as_condition(x):
    if x:
        return 1
    return 0


def out_of_scope(x):
    kept = []
    for i in tf.range(3):
        kept.append(i)
    return kept


def assertion(x):
    assert x > 0, "negative"
    return x


def maximum(x):
    return max(x, 3.0)


def user_error(x):
    if x > 0:
        raise KeyError("boo")
    return x


ERRORS = [
    (one_branch, ValueError, "'y' must also be initialized in the else branch"),
    (
        other_dtype,
        TypeError,
        "'y' has dtype float32 in the main branch, but dtype int32 in the else branch",
    ),
    (
        other_structure,
        TypeError,
        "'y' must have the same nested structure in the main and else branches",
    ),
    (no_return, ValueError, "the else branch must also have a return statement"),
    (none_in_a_branch, ValueError, "'y' is None at the end of the main branch"),
    (
        shape_changes,
        ValueError,
        r"'x' has shape \(\) before the loop, but shape \(2,\) after one iteration",
    ),
    (
        dtype_changes,
        TypeError,
        "'x' has dtype float32 before the loop, but dtype float64 after one iteration",
    ),
    (
        structure_changes,
        TypeError,
        "'x' does not have the same nested structure after one iteration",
    ),
    (none_after_a_turn, ValueError, "'n' is None at the end of the iteration"),
    (return_in_a_loop, NotImplementedError, "return statement cannot be placed inside"),
    (break_of_a_python_loop, NotImplementedError, "not supported in Python for loops"),
    (
        condition_becomes_a_tensor,
        NotImplementedError,
        "started as non-Tensor, then changed to Tensor",
    ),
    (number_as_condition, ValueError, "condition of if statement expected to be `tf.bool` scalar"),
    (out_of_scope, InaccessibleTensorError, "out of scope"),
    (assertion, OperatorNotAllowedInGraphError, "Python `bool` is not allowed"),
    (maximum, OperatorNotAllowedInGraphError, "Python `bool` is not allowed"),
    (user_error, KeyError, "boo"),
]


@pytest.mark.parametrize(
    ("function", "error", "text"), ERRORS, ids=lambda v: getattr(v, "__name__", "")
)
def test_errors(function, error, text):
    with pytest.raises(error, match=text) as caught:
        tf.function(function)(X)
    # The traceback leads to the user's own line.
    lines = [(e.path.name, e.name) for e in caught.traceback if hasattr(e.path, "name")]
    assert ("test_autograph.py", function.__name__) in lines or function is out_of_scope


def test_errors_point_at_the_line():
    with pytest.raises(ValueError, match="initialized") as caught:
        tf.function(one_branch)(X)
    own = [e for e in caught.traceback if e.name == "one_branch"]
    assert str(own[-1].statement).strip() == "if x > 0:"


def test_sites_are_the_users_lines():
    graph = tf.function(if_else).get_concrete_function(X).graph
    from gradtape.base.site import Site

    cond = graph.equations[-1]
    assert Site(*cond.site).text == "if x > 0:"
    inner = cond.attrs["branches"][1].equations[0]
    assert Site(*inner.site).text == "z = x * 2"
    assert Site(*inner.site).filename == __file__


@pytest.mark.parametrize("function", [shape_changes, other_dtype], ids=lambda f: f.__name__)
def test_a_function_works_after_an_error_in_another(function):
    with pytest.raises((TypeError, ValueError)):
        tf.function(function)(X)
    assert float(traced(if_else, X)) == 4.0
