"""Losses on logits, fused: the derivative costs little more than the value."""

from math import exp, log

import numpy as np

from gradtape.base.errors import ArgumentError, DtypeError, ShapeError
from gradtape.core.card import PUBLIC, Elementwise, Op, S
from gradtape.ops.half import via_float32

SMALL = 16  # classes


class LabelRangeError(ShapeError, IndexError):
    """A label outside of the classes."""


def rows_of(shape, axis):
    """`shape` with a one at `axis`."""
    return (*shape[:axis], 1, *shape[axis + 1 :])


def shifted_exponentials(x, axis):
    """x less its largest along `axis`, the exponentials of that, and their sum."""
    e = x - np.maximum.reduce(x, axis=axis, keepdims=True)
    p = np.exp(e)
    return e, p, np.add.reduce(p, axis=axis, keepdims=True)


def _precise(logits, loss):
    """The loss of logits; of float16 ones in float32, both ways."""
    value = getattr(logits, "_value", None)
    if isinstance(value, np.ndarray) and value.dtype.itemsize > 2:
        return loss(logits)
    dtype = getattr(logits, "dtype", None)
    if dtype is None or dtype != np.float16:
        return loss(logits)
    return PUBLIC["cast"](loss(PUBLIC["cast"](logits, np.float32)), np.float16)


def _like(labels, logits):
    """Labels in the dtype of the logits."""
    wanted, own = getattr(logits, "dtype", None), getattr(labels, "dtype", None)
    return (
        labels if wanted is None or own is None or own == wanted else PUBLIC["cast"](labels, wanted)
    )


class FromLogits(Op, abstract=True):
    """Two results: the loss, and its derivative by the logits.  The public functions give the first."""

    family = "Opaque"
    multi = True
    takes = "fV"
    optional_cotangents = True


class SparseSoftmaxCrossEntropyWithLogits(FromLogits):
    """Cross-entropy of class numbers with softmax(logits).

    labels: int32 or int64[...] in [0, c), logits: float[..., c] -> float[...].
    y = log(sum_j exp(x_j)) - x_label;  dy/dx = softmax(x) - onehot(label)
    The largest logit is taken away first, so large ones do not overflow. float16 is computed in float32.
    Raises InvalidArgumentError for a label outside of [0, c), ValueError where the shapes do not fit.

    >>> tf.nn.sparse_softmax_cross_entropy_with_logits(labels=[1], logits=[[0.0, 200.0]]).numpy()
    array([0.], dtype=float32)
    """

    public = ("nn.sparse_softmax_cross_entropy_with_logits",)
    parameters = ("logits", "labels")
    samples = (
        S("3,4", make=lambda rng: (rng.normal(size=(3, 4)), np.array([0, 3, 1]))),
        S("1,5", make=lambda rng: (rng.normal(size=(1, 5)), np.array([2], np.int32))),
        S("4", make=lambda rng: (rng.normal(size=4), np.array(3))),
        S("2,2,3", make=lambda rng: (5 * rng.normal(size=(2, 2, 3)), np.array([[0, 1], [2, 2]]))),
    )

    def api(op, labels, logits, name=None):
        value = getattr(logits, "_value", None)
        if type(value) is np.ndarray and value.dtype.itemsize > 2:
            return op(logits, labels)[0]
        return _precise(logits, lambda x: op(x, labels)[0])

    def kernel(logits, labels):
        shape, whole = labels.shape, logits.shape
        if labels.dtype.kind != "i" or labels.dtype.itemsize < 4:
            raise DtypeError(
                f"Value for attr 'Tlabels' of {labels.dtype} is not in the list of allowed values: int32, int64. "
                "Use tf.cast(labels, tf.int64).", labels=labels,
            )  # fmt: skip
        if whole[:-1] != shape or not whole:
            raise ShapeError(_expected_labels(whole, shape), labels=labels, logits=logits)
        half = logits.dtype
        if half.itemsize == 2:
            loss, p = SparseSoftmaxCrossEntropyWithLogits.kernel(logits.astype(np.float32), labels)
            return loss.astype(half), p.astype(half)
        n = whole[-1]
        if labels.size == 1 and n <= SMALL:
            label = labels.item()
            if not 0 <= label < n:
                raise _out_of_range(labels, n)
            loss, p = _one_example(logits.reshape(-1).tolist(), label)
            return np.array(loss, half).reshape(shape), np.array(p, half).reshape(whole)
        flat = labels.reshape(-1)
        if flat.size and flat.view(f"u{flat.itemsize}").max() >= n:
            raise _out_of_range(labels, n)
        e, p, total = shifted_exponentials(logits.reshape(-1, n), 1) if flat.size else (logits,) * 3
        if not flat.size:
            return np.empty(shape, half), np.empty(whole, half)
        rows = np.arange(flat.size)
        loss = np.log(total[:, 0]) - e[rows, flat]
        p /= total
        p[rows, flat] -= 1
        return loss.reshape(shape), p.reshape(whole)

    def vjp(F, g, y, logits, labels):
        of_loss, of_slope = g
        shape = F.shape(logits)
        c = None
        if of_loss is not None:
            c = F.reshape(of_loss, shape=(*shape[:-1], 1)) * y[1]
        if of_slope is not None:
            more = through_softmax(F, of_slope, F.softmax(logits, axis=-1), len(shape) - 1)
            c = more if c is None else c + more
        return c, None


def _one_example(x, label):
    """Loss and slope of one row, in Python's floats: for a few classes cheaper than one NumPy call per step."""
    largest = max(x)
    e = [v - largest for v in x]
    p = [exp(v) for v in e]
    total = sum(p)
    loss = log(total) - e[label]
    p = [v / total for v in p]
    p[label] -= 1.0
    return loss, p


def _expected_labels(logits, labels):
    if not logits:
        return "`logits` cannot be a scalar: expected an axis of classes."
    if len(labels) != len(logits) - 1:
        return (
            f"`labels.shape.rank` must equal `logits.shape.rank - 1`: labels.shape={labels} of rank "
            f"{len(labels)} and logits.shape={logits} of rank {len(logits)}. For one-hot labels use "
            "tf.nn.softmax_cross_entropy_with_logits."
        )
    return (
        f"`labels.shape` must equal `logits.shape` except for the last dimension: labels.shape={labels} "
        f"and logits.shape={logits}."
    )


def _out_of_range(labels, n):
    flat = labels.reshape(-1)
    first = flat[(flat < 0) | (flat >= n)][0]
    listed = " ".join(str(v) for v in flat[:100].tolist())
    return LabelRangeError(
        f"Received a label value of {first} which is outside the valid range of [0, {n}).  Label values: {listed}",
        labels=labels,
    )


def through_softmax(F, g, p, axis):
    """The cotangent of x where `g` is that of p = softmax(x)."""
    return p * (g - F.reduce_sum(g * p, axis=(axis,), keepdims=True))


class SoftmaxCrossEntropyWithLogits(FromLogits):
    """Cross-entropy of class probabilities with softmax(logits).

    labels, logits: float[..., c, ...], classes along `axis` -> float[...] without it.
    y = sum_j l_j (log(sum_k exp(x_k)) - x_j);  dy/dx = softmax(x) - l (for labels that sum to 1, which is
    not checked), dy/dl = -log_softmax(x)
    A label of 0 at a logit of -inf gives NaN (0 times inf), as in TensorFlow. float16 is computed in float32.
    Raises InvalidArgumentError where the shapes do not broadcast.

    >>> tf.nn.softmax_cross_entropy_with_logits(labels=[[0.0, 1.0]], logits=[[0.0, 0.0]]).numpy()
    array([0.6931472], dtype=float32)
    """

    public = ("nn.softmax_cross_entropy_with_logits",)
    parameters = ("logits", "labels")
    uniform = True
    samples = (
        S("3,4", make=lambda rng: (rng.normal(size=(3, 4)), rng.dirichlet(np.ones(4), 3)), axis=-1),
        S("4,3", make=lambda rng: (rng.normal(size=(4, 3)), rng.dirichlet(np.ones(4), 3).T.copy()), axis=0),
        S("2,3", make=lambda rng: (rng.normal(size=(2, 3)), rng.dirichlet(np.ones(3), 1)), axis=1),
    )  # fmt: skip

    def api(op, labels, logits, axis=-1, name=None):
        return _precise(logits, lambda x: op(x, _like(labels, x), axis=int(axis))[0])

    def kernel(logits, labels, *, axis):
        if logits.shape != labels.shape:
            try:
                labels = np.broadcast_to(labels, logits.shape)
            except ValueError:
                raise ShapeError(
                    f"logits and labels must be broadcastable: logits_size={list(logits.shape)} "
                    f"labels_size={list(labels.shape)}.", logits=logits, labels=labels,
                ) from None  # fmt: skip
        rank = logits.ndim
        if not -rank <= axis < rank:
            raise ShapeError(
                f"`axis` must be in the range [-{rank}, {rank}) where {rank} is the number of dimensions.",
                logits=logits, axis=axis,
            )  # fmt: skip
        half = logits.dtype
        if half.itemsize == 2:
            wide = logits.astype(np.float32), labels.astype(np.float32)
            loss, p = SoftmaxCrossEntropyWithLogits.kernel(*wide, axis=axis)
            return loss.astype(half), p.astype(half)
        if not logits.shape[axis]:
            return np.zeros(tuple(np.delete(logits.shape, axis)), half), np.empty_like(logits)
        e, p, total = shifted_exponentials(logits, axis)
        loss = np.add.reduce(labels * (np.log(total) - e), axis=axis)
        p /= total
        p -= labels
        return loss, p

    def vjp(F, g, y, logits, labels, *, axis):
        of_loss, of_slope = g
        shape = F.shape(y[1])
        axis %= len(shape)
        if of_loss is not None:
            of_loss = F.reshape(of_loss, shape=rows_of(shape, axis))

        def of_logits():
            c = None if of_loss is None else of_loss * y[1]
            if of_slope is not None:
                more = through_softmax(F, of_slope, F.softmax(logits, axis=axis), axis)
                c = more if c is None else c + more
            return c

        def of_labels():
            c = None if of_loss is None else -of_loss * F.log_softmax(logits, axis=axis)
            if of_slope is not None:
                c = -of_slope if c is None else c - of_slope
            return c

        return of_logits, of_labels


class SigmoidCrossEntropyWithLogits(Elementwise):
    """Cross-entropy of probabilities with sigmoid(logits), one by one.  labels, logits: float[...] -> float[...].

    y = max(x, 0) - x l + log(1 + exp(-|x|));  dy/dx = sigmoid(x) - l, dy/dl = -x
    Raises ValueError where the shapes differ or one is missing.

    >>> tf.nn.sigmoid_cross_entropy_with_logits(labels=[1.0, 0.0], logits=[0.0, 100.0]).numpy()
    array([  0.6931472, 100.       ], dtype=float32)
    """

    public = ("nn.sigmoid_cross_entropy_with_logits",)
    takes = "fV"
    parameters = ("logits", "labels")
    samples = (S("3,4", "3,4", avoid=(0.0,)), S("", "", low=-30, high=30))

    def api(op, labels=None, logits=None, name=None):
        if labels is None or logits is None:
            raise ArgumentError(
                "Both `labels` and `logits` must be provided.", labels=labels, logits=logits
            )
        return op(logits, labels)

    def kernel(logits, labels):
        if logits.shape != labels.shape:
            raise ShapeError(
                f"`logits` and `labels` must have the same shape, received ({logits.shape} vs {labels.shape}).",
                logits=logits, labels=labels,
            )  # fmt: skip
        return via_float32(_sigmoid_cross_entropy, logits, labels)

    def vjp(F, g, y, logits, labels):
        return (lambda: g * (F.sigmoid(logits) - labels)), (lambda: -(g * logits))

    def scalar(b, x, labels):
        loss = b.sub(b.max(x, b.const(0)), b.mul(x, labels))
        return b.add(loss, b.log1p(b.exp(b.neg(b.abs(x)))))


def _step_by_step(x, labels):
    """The same, each step rounded: so TensorFlow computes it, and halves show it."""
    if getattr(labels, "shape", None) is not None and tuple(labels.shape) != tuple(x.shape):
        raise ShapeError(
            f"`logits` and `labels` must have the same shape, received ({x.shape} vs {labels.shape})."
        )
    zeros = PUBLIC["zeros_like"](x)
    positive = PUBLIC["greater_equal"](x, zeros)
    largest = PUBLIC["where"](positive, x, zeros)
    inner = PUBLIC["where"](positive, PUBLIC["negative"](x), x)
    product = PUBLIC["multiply"](x, labels)
    return PUBLIC["add"](
        PUBLIC["subtract"](largest, product), PUBLIC["log1p"](PUBLIC["exp"](inner))
    )


def _sigmoid_cross_entropy(x, labels):
    zero = np.zeros((), x.dtype)
    return np.maximum(x, zero) - x * labels + np.log1p(np.exp(-np.abs(x)))
