"""The words of random programs: expressions with places, by what they give.

{a}: a first operand; {b}: another that broadcasts with it; {c}: one of its shape; {n}: one of its axes; {r}: its rank;
{s}: its shape; {q}: a matrix; {f}, {g}: real numbers; {i}, {j}: integers; {m}: truths; {z}: complex numbers; {I}: an
integer dtype.
"""

from __future__ import annotations


def _lines(text: str) -> list[str]:
    return [word.strip() for word in text.replace("\n", " ").split(" ;") if word.strip()]


UNARY = _lines("""
    tf.sin({a}) ; tf.cos({a}) ; tf.tanh({a}) ; tf.sigmoid({a}) ; tf.exp(0.25 * {a}) ; -{a} ;
    tf.square(0.5 * {a}) ; tf.math.log({a} * {a} + 1.5) ; tf.sqrt({a} * {a} + 0.5) ; tf.nn.relu({a}) ;
    tf.abs({a}) ; tf.math.softplus({a}) ; tf.nn.elu({a}) ; tf.nn.leaky_relu({a}) ; tf.math.atan({a}) ;
    {a} ** 2 * 0.25 ; 1.0 / ({a} * {a} + 1.0) ; tf.math.rsqrt({a} * {a} + 1.0) ; tf.math.erf({a}) ;
    tf.math.expm1(0.25 * {a}) ; tf.math.log1p({a} * {a}) ; tf.nn.silu({a}) ; tf.nn.gelu({a}) ;
    tf.stop_gradient({a}) * {a} ; tf.clip_by_value({a}, -0.75, 0.75) ; tf.sign({a}) * {a} ; tf.identity({a}) ;
    tf.zeros_like({a}) + {a} ; tf.math.sinh(0.25 * {a}) ; tf.nn.selu({a})
""")

BINARY = _lines("""
    {a} + {b} ; {a} - {b} ; 0.5 * ({a} * {b}) ; {a} / ({b} * {b} + 1.0) ; tf.maximum({a}, {b}) ;
    tf.minimum({a}, {b}) ; tf.math.squared_difference({a}, {b}) * 0.25 ; tf.where({a} > {b}, {a}, 0.5 * {b}) ;
    tf.math.atan2({a}, {b} * {b} + 1.0) ; tf.math.divide_no_nan({a}, {b} * {b} + 0.5) ; tf.add_n([{a}, {a}]) ;
    tf.math.multiply_no_nan({a}, {b}) * 0.5 ; tf.nn.relu({a} + {b})
""")

REDUCTIONS = _lines("""
    tf.reduce_sum({a}, axis={n}) * 0.5 ; tf.reduce_mean({a}, axis={n}, keepdims=True) ;
    tf.reduce_max({a}, axis={n}) ; tf.reduce_min({a}, axis={n}, keepdims=True) ; tf.reduce_mean({a}) ;
    tf.reduce_logsumexp({a}, axis={n}) ; tf.nn.softmax({a}, axis={n}) ; tf.reduce_prod({a} * 0.5 + 1.0) ;
    tf.nn.log_softmax({a}, axis={n}) ; tf.cumsum({a} * 0.5, axis={n}) ; tf.math.reduce_std({a}, axis={n}) ;
    tf.math.reduce_variance({a}) ; tf.nn.l2_loss({a}) * 0.25 ; tf.linalg.norm({a} + 2.0)
""")

MOVES = _lines("""
    tf.transpose({a}) ; tf.reshape({a}, [-1]) ; tf.expand_dims({a}, {n}) ; tf.squeeze({a}) ; {a}[0] ;
    {a}[..., ::-1] ; {a}[..., :1] ; {a}[..., tf.newaxis] ; tf.concat([{a}, {c}], axis={n}) ;
    tf.stack([{a}, {c}], axis={n}) ; tf.reverse({a}, [{n}]) ; tf.roll({a}, 1, {n}) ; tf.tile({a}, [2] * {r}) ;
    tf.broadcast_to({a}, [2] + {s}) ; tf.pad({a}, [[1, 0]] * {r}) ; tf.gather({a}, [0, 0], axis={n}) ;
    tf.split({a}, 2, axis={n})[1] ; tf.unstack({a}, axis={n})[-1] ; tf.repeat({a}, 2, axis={n}) ;
    tf.where({m}, {a}, {c}) ; tf.slice({a}, [0] * {r}, [1] * {r}) ; tf.reshape({a}, {s} + [1]) ;
    tf.gather_nd({a}, [[0]]) ; tf.linalg.diag({a}) ; tf.linalg.band_part({a}, 0, -1)
""")

PRODUCTS = _lines("""
    tf.matmul({a}, {a}, transpose_b=True) * 0.25 ; tf.matmul({a}, {q}) * 0.25 ;
    {a} @ tf.transpose({a}) * 0.5 ; tf.tensordot({a}, {c}, {r}) * 0.25 ;
    tf.linalg.matvec({a}, {a}[0]) * 0.25 ; tf.einsum('...i,...i->...', {a}, {c}) * 0.25 ;
    tf.matmul({a}, {q}, transpose_a=True) * 0.25
""")

INTEGERS = _lines("""
    {a} + {b} ; {a} - {b} ; {a} * {b} ; {a} // 2 ; {a} % 3 ; tf.maximum({a}, {b}) ; tf.abs({a}) ;
    tf.bitwise.bitwise_and({a}, {b}) ; tf.bitwise.bitwise_xor({a}, {b}) ; tf.square({a}) ; -{a} ;
    tf.reduce_sum({a}) ; tf.reduce_max({a}, axis={n}) ; tf.sort({a}) ; tf.cumsum({a}, axis={n}) ;
    tf.where({a} > {b}, {a}, {b}) ; tf.bitwise.left_shift({a}, tf.ones_like({a}))
""")

LOSSES = _lines("""
    tf.nn.softmax_cross_entropy_with_logits(labels=tf.nn.softmax({a}), logits={a} * 0.5) ;
    tf.nn.sparse_softmax_cross_entropy_with_logits(labels=tf.argmax({a}, axis=-1), logits={a}) ;
    tf.nn.sigmoid_cross_entropy_with_logits(labels=tf.sigmoid({c}), logits={a}) ; tf.nn.moments({a}, [{n}])[1] ;
    tf.nn.conv1d({a}, tf.ones([2, 2, 3], R) * 0.25, 1, 'SAME') ; tf.nn.max_pool1d({a}, 2, 1, 'SAME') ;
    tf.nn.avg_pool1d({a}, 2, 1, 'VALID') ; tf.math.top_k({a}, 1).values ; tf.sort({a}) ;
    tf.linalg.det({a} * 0.25 + 2.0 * tf.eye(2, dtype=R)) ; tf.linalg.inv({a} * 0.25 + 2.0 * tf.eye(2, dtype=R)) ;
    tf.nn.bias_add({a}, {b}) ; tf.math.l2_normalize({a} + 2.0, axis={n}) ; tf.clip_by_norm({a}, 1.0) ;
    tf.gather({a}, {i} % 2) ; tf.math.unsorted_segment_sum({a}, tf.zeros_like({a}[..., 0], tf.int32), 2) ;
    tf.tensor_scatter_nd_add({a}, [[0]], {a}[:1])
""")

FOLDS = _lines("""
    tf.map_fn(lambda t: tf.sin(t) + 0.5 * t, {a}) ; tf.scan(lambda s, t: 0.5 * s + tf.sin(t), {a}) ;
    tf.foldl(lambda s, t: 0.5 * s + t, {a}) ; tf.foldr(lambda s, t: 0.5 * s * t, {a}) ;
    tf.vectorized_map(lambda t: tf.reduce_sum(t) * 0.5, {a})
""")

TRUTHS = _lines("""
    tf.logical_not({a}) ; tf.logical_and({a}, {b}) ; tf.logical_or({a}, {b}) ; tf.math.logical_xor({a}, {b}) ;
    tf.reduce_any({a}, axis={n}) ; tf.reduce_all({a}) ; {a} == {b} ; {a} & {b}
""")

COMPLEX = _lines("""
    {a} + {b} ; {a} - {b} ; 0.5 * ({a} * {b}) ; tf.math.conj({a}) ; tf.exp(0.25 * {a}) ; -{a} ;
    tf.reduce_sum({a}) * 0.5 ; tf.reduce_mean({a}, axis={n}) ; tf.transpose({a}) ; tf.reshape({a}, [-1]) ;
    {a} / (tf.math.conj({a}) * {a} + 1.0) ; tf.square({a}) * 0.25 ;
    tf.matmul({a}, {a}, transpose_b=True) * 0.25 ; tf.concat([{a}, {c}], axis={n}) ; {a}[..., :1] ;
    tf.sin(0.5 * {a}) ; tf.tanh(0.5 * {a})
""")

ACROSS = {
    "f": _lines("""
        tf.cast({i}, R) * 0.125 ; tf.cast({m}, R) ; tf.one_hot({i}, 3, dtype=R) ; tf.where({m}, {f}, 0.5) ;
        tf.cast(tf.size({f}), R) * 0.25 ; tf.cast(tf.shape({f}), R) * 0.25 ; tf.ones([2, 3], R) * {f} ;
        tf.constant([[0.5, -1.5, 0.25]], R) ; tf.linspace(tf.constant(0.0, R), 1.0, 3) ; tf.eye(2, dtype=R)
    """),
    "i": _lines("""
        tf.cast({m}, {I}) ; tf.cast(tf.argmax({f}, axis={n}), {I}) ; tf.cast(tf.shape({f}), {I}) ;
        tf.cast(tf.math.count_nonzero({m}), {I}) ; tf.cast(tf.range(3), {I}) ; tf.cast({i}, {I})
    """),
    "m": _lines("""
        {f} > 0.25 ; {f} <= {g} ; {i} > 1 ; {i} != {j} ; tf.math.is_finite({f}) ; tf.abs({f}) < 0.5 ;
        tf.equal({i}, 2) ; tf.reduce_any({f} > 1.0, axis={n}) ; tf.cast({i}, tf.bool)
    """),
    "c": _lines("""
        tf.complex({f}, {g}) ; tf.cast({f}, C) ; tf.complex({f}, 0.5 * {f})
    """),
    "of c": _lines("""
        tf.math.real({z}) ; tf.math.imag({z}) ; tf.abs({z} + 2.0) ; tf.math.angle({z} + 4.0) ;
        tf.math.real({z} * tf.math.conj({z})) * 0.25
    """),
}

SAME = {
    "f": _lines("""
        tf.tanh({a} + {b}) ; 0.5 * {a} + 0.25 * {b} ; {a} * tf.sigmoid({b}) ;
        tf.where({a} > {b}, {a}, 0.5 * {b}) ; tf.sin({a}) - 0.25 * {b} ; {a} / ({b} * {b} + 1.0) ;
        tf.maximum(0.5 * {a}, {b}) ; tf.cos({a} * {b}) ; {a} + 0.125
    """),
    "i": _lines("""
        {a} + {b} ; {a} - {b} ; tf.maximum({a}, {b}) ; {a} + 1 ; ({a} + 2) % 5 ;
        tf.where({a} > {b}, {b}, {a})
    """),
    "m": _lines("""
        tf.logical_not({a}) ; tf.logical_or({a}, {b}) ; tf.logical_and({a}, {b}) ;
        tf.math.logical_xor({a}, {b})
    """),
    "c": _lines("""
        0.5 * {a} + 0.25 * {b} ; tf.math.conj({a}) - 0.25 * {b} ; 0.5 * ({a} * {b})
    """),
}
