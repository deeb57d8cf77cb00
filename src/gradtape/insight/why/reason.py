"""What `why` answers: one reason, with its place in the user's code and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gradtape.insight.naming import is_the_call
from gradtape.insight.source import Place, cell_of, spelling_of

# Code -> (what the gradient is, what it means).
CODES: dict[str, tuple[str, str]] = {
    "constant": ("None", "the source is a plain tensor or number, which tapes do not watch"),
    "watched_late": ("None", "the source was watched only after it was used"),
    "integer": ("None", "the source or the target has an integer (or bool, or string) dtype"),
    "integer_cast": ("None", "a cast to integers lies on the way"),
    "no_derivative": ("None", "an operation without derivative lies on the way: argmax, round, a comparison"),
    "before_tape": ("None", "something on the way was computed before the tape opened"),
    "after_tape": ("None", "something on the way was computed after the tape closed"),
    "stop_recording": ("None", "something on the way was computed inside `tape.stop_recording()`"),
    "numpy": ("None", "the values left through NumPy or as a Python number"),
    "assigned": ("None", "the way goes through an assignment to a variable, or a new variable"),
    "replaced": ("None", "the name of a variable holds a plain tensor now"),
    "not_trainable": ("None", "the variable is not trainable, and so not watched"),
    "not_watched": ("None", "the tape was told to watch nothing by itself"),
    "stop_gradient": ("None", "tf.stop_gradient lies on the way"),
    "custom_gradient": ("None", "a gradient function of the user's gives None"),
    "not_connected": ("None", "the target is computed from other things"),
    "tape_used": ("None", "the tape had stopped recording: its gradient was asked for before"),
    "forgotten": ("None", "the tape has forgotten what it recorded"),
    "dead_unit": ("zero", "a relu, maximum, minimum or clip passes nothing on here"),
    "saturated": ("zero", "sigmoid, tanh or softmax are flat here"),
    "times_zero": ("zero", "the path is multiplied by zero"),
    "not_chosen": ("zero", "tf.where, gather, a slice or a maximum picks other elements"),
    "cancelled": ("zero", "parts cancel: they add up to zero"),
    "flat": ("zero", "the function is flat at this point, or everywhere"),
    "underflow": ("zero", "the numbers became too small for their dtype"),
    "zero_times_inf": ("not finite", "0·inf: an infinite derivative where nothing is passed on, as under tf.where"),
    "overflow": ("not finite", "a number became too large for its dtype"),
    "outside_domain": ("not finite", "a function was used outside of its domain, such as log(0)"),
    "infinite_derivative": ("not finite", "the value is finite and the derivative is not, such as sqrt at 0"),
    "nonfinite_input": ("not finite", "a variable, a constant or the data is not finite to begin with"),
    "fine": ("there", "the gradient is there"),
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Reason:
    """Why a gradient is what it is.  `str()` is a paragraph to read.

    code: a key of the table in docs/why-none.md.  message: one or two sentences.  fix: what to write instead.
    op: TensorFlow's name of the operation, or "".  place: the line that is to blame, or None.
    variable: the source's name in the user's code.  data: further facts by name.
    gradient: what the gradient is: "None", "zero", "not finite" or "there".

    >>> x = tf.Variable(3)
    >>> with tf.GradientTape() as tape:
    ...     y = tf.cast(x, tf.float32) ** 2
    >>> reason = tape.why(y, x)
    >>> reason.code, reason.gradient, reason.variable
    ('integer', 'None', 'x')
    """

    code: str
    message: str
    fix: str = ""
    op: str = ""
    place: Place | None = None
    variable: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    gradient: str = ""

    def __post_init__(self) -> None:
        if not self.gradient:
            object.__setattr__(self, "gradient", CODES[self.code][0])

    def __str__(self) -> str:
        lines = [self.message]
        if self.place is not None:
            text = f": {self.place.text}" if self.place.text else ""
            lines.append(f"  {self.place}{text}")
        if self.fix:
            lines.append(f"To do: {self.fix}")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"<Reason {self.code!r}: {self}>"

    def _repr_markdown_(self) -> str:
        """The paragraph for a notebook."""
        lines = [f"**{self.code}** {self.message}"]
        if self.place is not None:
            lines.append(f"`{self.place}: {self.place.text}`")
        if self.fix:
            lines.append(f"*To do:* {self.fix}")
        return "  \n".join(lines)


def at(place: Any) -> str:
    """' at ex.py:12', or nothing where the place is not known."""
    return f" at {place.spot}" if place is not None else ""


def quoted(name: str, otherwise: str) -> str:
    """A name of the user's code in code marks."""
    return f"`{name}`" if name else otherwise


_WITHOUT_NAME = {
    "where": "tf.where", "where_true": "tf.where", "strided_slice": "the index", "shape_of": "tf.shape",
    "affine": "tf.matmul", "gemm": "tf.matmul", "einsum": "tf.einsum", "conv": "the convolution",
    "max_pool": "tf.nn.max_pool", "max_pool_with_argmax": "tf.nn.max_pool_with_argmax", "avg_pool": "tf.nn.avg_pool",
    "fused_batch_norm": "the batch normalisation", "top_k": "tf.math.top_k", "take_last": "tf.sort",
    "arg_order": "tf.argsort", "unique": "tf.unique", "repeat": "tf.repeat", "qr": "tf.linalg.qr",
    "svd": "tf.linalg.svd", "eig": "tf.linalg.eig", "self_adjoint_eig": "tf.linalg.eigh", "lu": "tf.linalg.lu",
    "least_squares": "tf.linalg.lstsq", "log_matrix_determinant": "tf.linalg.slogdet",
    "segment_sum": "tf.math.segment_sum", "segment_mean": "tf.math.segment_mean", "segment_max": "tf.math.segment_max",
    "segment_min": "tf.math.segment_min", "segment_prod": "tf.math.segment_prod", "cond": "tf.cond",
    "while": "tf.while_loop", "host": "tf.numpy_function", "call": "the traced function",
    "watched": "the traced function", "custom_gradient": "the function with its own gradient",
    "tensor_scatter_nd_update": "tf.tensor_scatter_nd_update", "tensor_scatter_nd_add": "tf.tensor_scatter_nd_add",
}  # fmt: skip


def called(card: Any) -> str:
    """What an operation is called in TensorFlow: "tf.nn.relu"."""
    if card.public:
        return f"tf.{card.public[0]}"
    return str(_WITHOUT_NAME.get(card.name, card.tf_name))


def operand_of(card: Any, place: Place | None, position: int) -> str:
    """The name of an operand, where the code at the place calls this very operation; "" elsewhere."""
    spelling = spelling_of(place)
    if position >= len(spelling.operands) or not is_the_call(card, spelling):
        return ""
    return spelling.operands[position]


def line_of(place: Any) -> str:
    """'line 12' of a place that is known, 'line 2 of cell 3' in a notebook; else 'an unknown line'."""
    if place is None:
        return "an unknown line"
    cell = cell_of(place.file)
    return f"line {place.line} of cell {cell}" if cell else f"line {place.line}"
