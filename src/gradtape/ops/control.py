"""Control flow and calls into Python, as operations that hold subprograms.

A subprogram is anything with `avals_in`, `avals_out` and `run(*arrays) -> tuple of arrays`: the graphs of traced
functions are such.  Where one of these cards is called eagerly nothing is held: `tf.cond` then simply branches.
"""

from gradtape.core.card import Control


class Cond(Control):
    """One of two subprograms, by a bool.  pred: bool[], operands -> the results of the branch taken.

    branches: (taken when false, taken when true), both from the operands to results of the same types.
    """

    multi = True
    warns = False
    no_gradient = "the gradient of a branch is traced, not asked of this card"

    def kernel(pred, *operands, branches):
        return branches[bool(pred)].run(*operands)


class While(Control):
    """A loop: `body` is run while `cond` holds.  operands: `n_constants` that stay, then those that are carried.

    cond: (constants, carried) -> bool[];  body: (constants, carried) -> carried.  Results: what is carried, at the end.
    limit: the largest number of turns, or None.
    """

    multi = True
    warns = False
    no_gradient = "the gradient of a loop is traced, not asked of this card"

    def kernel(*operands, cond, body, n_constants, limit=None):
        constants, carried = operands[:n_constants], operands[n_constants:]
        turns = 0
        while (limit is None or turns < limit) and cond.run(*constants, *carried)[0]:
            carried = body.run(*constants, *carried)
            turns += 1
        return carried


class Host(Control):
    """A call of Python in the middle of a traced function, for its effect or for what has no other form.

    operands: anything -> arrays of the types in `avals`.  function(*arrays) gives them.
    """

    multi = True
    warns = False
    no_gradient = "Python code has no derivative of its own"

    def kernel(*operands, function, avals):
        return function(*operands)


class Fused(Control):
    """Several equations as one: made by the fusion pass for code that walks the elements once.

    operands: the graph's inputs -> its outputs.
    """

    multi = True
    warns = False
    no_gradient = "fusion comes after differentiation"

    def kernel(*operands, graph):
        return graph.run(*operands)
