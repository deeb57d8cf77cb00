"""Autograph: Python's control flow on tensors becomes control flow of the graph.

scan.py        which functions need it
source.py      their syntax trees
convert.py     the same with calls of operators in place of statements
operators.py   the operators: branches.py, loops.py, calls.py on what state.py carries
"""

from gradtape.transforms.autograph.front import convert_for_trace, for_trace

__all__ = ["convert_for_trace", "for_trace"]
