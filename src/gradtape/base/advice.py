"""What to use instead of the names of TensorFlow that are not built."""

from __future__ import annotations

from gradtape.base.errors import NotBuiltError

# Longest matching prefix wins.
_ADVICE = {
    "strings": "Text is outside of gradtape's scope; prepare it with Python's str and pass numbers.",
    "ragged": "Ragged tensors are outside of gradtape's scope; pad to one length (tf.keras.utils.pad_sequences).",
    "sparse": "Sparse tensors are outside of gradtape's scope; use dense tensors.",
    "SparseTensor": "Sparse tensors are outside of gradtape's scope; use dense tensors.",
    "RaggedTensor": "Ragged tensors are outside of gradtape's scope; pad to one length.",
    "summary": "tf.summary is not built; tf.keras.callbacks.TensorBoard and tf.TrainingRecorder write such files.",
    "saved_model": "SavedModel is not built; keep weights with model.get_weights() and numpy.savez.",
    "distribute": "There is one device; leave the strategy's scope out.",
    "tpu": "There are no TPUs; run on the CPU.",
    "compat.v1": "TensorFlow 1 graphs are not built; use the eager TensorFlow 2 names.",
    "compat": "Use the TensorFlow 2 names directly.",
    "raw_ops": "Use the public functions, such as tf.matmul.",
    "profiler": "Use Python's cProfile.",
    "lite": "Model conversion is not built.",
    "feature_column": "Use Keras layers on arrays.",
    "estimator": "Use a Keras model and fit.",
    "Graph": "Graphs are not built by hand; use @tf.function.",
    "sets": "Set operations on tensors are not built; use Python's set on x.numpy().tolist().",
    "queue": "Queues belong to TensorFlow 1; use a Python list or tf.data.",
    "lookup": "Lookup tables are not built; use a Python dict, or tf.gather on a table of numbers.",
    "types": "TensorFlow's protocol types are not built; use tf.Tensor in annotations.",
    "experimental.numpy": "Use NumPy itself with gradtape.config.numpy_records = True, or the tf names.",
    "experimental": "TensorFlow's experiments are not built, but for tf.experimental.dlpack.",
    "gradients": "tf.gradients is not supported when eager execution is enabled. Use tf.GradientTape instead.",
    "hessians": "Use two nested tapes: tape.jacobian(tape.gradient(y, x), x).",
    "quantization": "Quantized tensors are outside of gradtape's scope; use tf.float16 or tf.int8.",
    "audio": "Audio is outside of gradtape's scope; read it with another library into NumPy.",
    "dtensor": "There is one device; use plain tensors.",
    "debugging.experimental": "Use tf.debugging.enable_check_numerics(), or gradtape's own explanations.",
    "xla": "Leave it out: nothing is compiled by XLA.",
    "edit_distance": "Text is outside of gradtape's scope.",
    "as_string": "Text is outside of gradtape's scope; use str(x.numpy()).",
    "test": "Use unittest or pytest with numpy.testing; tf.test.compute_gradient is there.",
    "Session": "There are no sessions in TensorFlow 2; call the functions directly.",
    "placeholder": "There are no placeholders in TensorFlow 2; pass tensors as arguments.",
}


def not_built(dotted: str) -> NotBuiltError:
    """The error for `tf.<dotted>`."""
    parts = dotted.split(".")
    for length in range(len(parts), 0, -1):
        advice = _ADVICE.get(".".join(parts[:length]))
        if advice:
            break
    else:
        advice = "See docs/api-coverage.md for the names there are."
    return NotBuiltError(f"gradtape has no tf.{dotted}. {advice}", name=parts[-1])
