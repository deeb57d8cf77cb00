"""What the page says of a workload beside its figures: why somebody is ahead there, what was tried."""

from __future__ import annotations

NOTES: dict[str, str] = {
    "chain": (
        "One loop on two threads that reads x once, writes dx once and evaluates each of exp, tanh and sigmoid once. "
        "The plain copy stays in the third-level cache here, so the functions are the nearer bound: alone they take "
        "about 0.13, 0.22 and 0.18 ns an element on one core, and the chain has some fifteen further operations on "
        "each. Its length is hidden by working on eight vectors at a time, more than there are registers, so values "
        "are spilled. Tried: 1, 4 and 8 vectors (0.84, 0.75 and 0.72 ns an element), and results written into memory "
        "that is used again (fresh pages had cost 2 ms a step). Not tried: cutting the loop into blocks that stay in "
        "the first-level cache."
    ),
    "lstm": (
        "PyTorch's LSTM is one fused kernel. Here the loop of 50 turns is machine code too, with the products of "
        "the input before it and of the kernel's gradient after it; each turn has two small products and a nest for "
        "the gates, which move their operands through memory between them."
    ),
    "fit": (
        "Both run the epoch as one compiled loop. `fit` also makes tensors of the arrays, keeps the loss as a metric "
        "and calls callbacks at the ends of the epoch; what each of these costs has not been measured apart."
    ),
    "jacobian": (
        "The rows of the Jacobian go back together as batched products, which are many and thin here. The closed "
        "form by hand needs two products in all, which no framework finds."
    ),
    "mlp_sgd_128": (
        "The three fastest are within the noise of this machine of one another. All of gradtape's time but some 30 "
        "microseconds is in the eight matrix products, which are its own code: beside NumPy's products of the same "
        "shapes they take less time, the updates included."
    ),
    "mlp_sgd_32": (
        "Within the noise of this machine of JAX: other runs had gradtape ahead by 1.2."
    ),
    "neuron": (
        "Eager steps cost some thirty microseconds of Python, as PyTorch's do. The compiled step is the answer: see "
        "the lesson's step."
    ),
}
