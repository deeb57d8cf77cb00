"""Control flow and calls into Python, as operations that hold subprograms.

A subprogram is anything with `avals_in`, `avals_out`, `run(*arrays) -> tuple of arrays` and `gradient(given)`: the
graphs of traced functions are such.  Where one of these cards is called eagerly nothing is held: `tf.cond` then simply
branches.
"""

import numpy as np

from gradtape.core.card import Control, Movement

_FLOATING = "fVc"  # kinds of dtypes that have cotangents


class Cond(Control):
    """One of two subprograms, by a bool.  pred: bool[], operands -> the results of the branch taken.

    branches: (taken when false, taken when true), both from the operands to results of the same types.
    The cotangents are a `cond` of the branches' ways back.
    """

    multi = True
    warns = False
    optional_cotangents = True

    def kernel(pred, *operands, branches):
        return branches[bool(pred)].run(*operands)

    def avals(*, branches):
        return branches[0].avals_out

    def vjp(F, g, y, pred, *operands, branches):
        given = tuple([i for i, c in enumerate(g) if c is not None])
        ways = [branch.gradient(given) for branch in branches]
        wanted = tuple(sorted({place for way in ways for place in way.sources}))
        back = tuple([way.giving(wanted) for way in ways])
        found = F.cond(pred, *operands, *[g[i] for i in given], branches=back) if wanted else ()
        result = [None] * len(operands)
        for place, c in zip(wanted, found):
            result[place] = c
        return (None, *result)


class While(Control):
    """A loop: `body` is run while `cond` holds.  operands: `n_constants` that stay, then those that are carried.

    cond: (constants, carried) -> bool[];  body: (constants, carried) -> carried.  Results: what is carried, at the end.
    limit: the largest number of turns, or None.
    The cotangents come from `sweeps`: the loop once more, keeping what each turn starts from, then back.
    """

    multi = True
    warns = False
    optional_cotangents = True

    def kernel(*operands, cond, body, n_constants, limit=None):
        constants, carried = operands[:n_constants], operands[n_constants:]
        turns = 0
        while (limit is None or turns < limit) and cond.run(*constants, *carried)[0]:
            carried = body.run(*constants, *carried)
            turns += 1
        return carried

    def avals(*, cond, body, n_constants, limit=None):
        return body.avals_out

    def vjp(F, g, y, *operands, cond, body, n_constants, limit=None):
        plan = ((False, len(operands) - n_constants, ()),)
        return sweeps_vjp(F, g, operands, cond, (body,), plan, n_constants, limit)


class Sweeps(Control):
    """Loops one after the other over the same turns, forwards or backwards: a loop and its ways back, of any order.

    plan: for each sweep (backward, number of carried values, reads);  bodies: its turn,
    (constants, carried, rows) -> (carried, kept).  What turn i keeps is row i of a stack; stacks are numbered as they
    come, and later sweeps get in turn i row i of those that they read.  The first sweep goes forward while
    `cond`(constants, carried) holds, at most `limit` turns; the others make as many.
    operands: `n_constants`, then what each sweep carries at its start.  Results: what each carries at its end.
    """

    multi = True
    warns = False
    optional_cotangents = True

    def kernel(*operands, cond, bodies, plan, n_constants, limit=None):
        constants, stacks, results = operands[:n_constants], [], []
        at, turns = n_constants, None
        for (backward, n_carried, reads), body in zip(plan, bodies):
            carried = operands[at : at + n_carried]
            at += n_carried
            kept = []
            if turns is None:
                while (limit is None or len(kept) < limit) and cond.run(*constants, *carried)[0]:
                    found = body.run(*constants, *carried)
                    carried = found[:n_carried]
                    kept.append(found[n_carried:])
                turns = len(kept)
            else:
                for turn in reversed(range(turns)) if backward else range(turns):
                    rows = [stacks[r][turn] for r in reads]
                    found = body.run(*constants, *carried, *rows)
                    carried = found[:n_carried]
                    kept.append(found[n_carried:])
                if backward:
                    kept.reverse()
            stacks.extend([row[k] for row in kept] for k in range(len(body.avals_out) - n_carried))
            results.extend(carried)
        return tuple(results)

    def avals(*, cond, bodies, plan, n_constants, limit=None):
        return tuple([a for (_, n, _), body in zip(plan, bodies) for a in body.avals_out[:n]])

    def vjp(F, g, y, *operands, cond, bodies, plan, n_constants, limit=None):
        return sweeps_vjp(F, g, operands, cond, bodies, plan, n_constants, limit)


def sweeps_vjp(F, g, operands, cond, bodies, plan, n_constants, limit):
    """Cotangents of a chain of sweeps: the sweeps once more, keeping what the way back looks at, and then back."""
    ways = _ways_back(g, bodies, plan, n_constants)
    if all(way is None for way in ways):
        return (None,) * len(operands)
    initial = list(operands[n_constants:])
    chain, renumbered, starts = _once_more(bodies, plan, ways, n_constants)
    count = sum(len(body.avals_out) - n for body, _, n, _ in chain)  # of stacks
    contributions = {}  # old stack -> numbers of the stacks with its cotangents
    places = [None] * len(plan)
    for k in reversed(range(len(plan))):
        way, (backward, n, reads) = ways[k], plan[k]
        if way is None:
            continue
        offset, first_kept = _offset(plan, k), _first_kept(bodies, plan, k)
        given_rows = [contributions[first_kept + r] for r in way.rows_given]
        body = way.derivative.turn(
            n_constants, n, way.carried, way.constants, way.rows, [len(c) for c in given_rows]
        )
        used = [renumbered[reads[r]] for r in way.used_rows]
        numbers = (*starts[k], *used, *[number for several in given_rows for number in several])
        places[k] = sum(m for _, _, m, _ in chain)
        chain.append((body, not backward, len(way.carried) + len(way.constants), numbers))
        for i in way.carried:
            c = g[offset + i]
            initial.append(_zeros(F, bodies[k].avals_out[i]) if c is None else c)
        initial += [_zeros(F, bodies[k].avals_in[i]) for i in way.constants]
        for j, row in enumerate(way.rows):
            contributions.setdefault(reads[row], []).append(count + j)
        count += len(way.rows)
    found = F.sweeps(
        *operands[:n_constants], *initial, cond=cond, bodies=tuple([c[0] for c in chain]),
        plan=tuple([c[1:] for c in chain]), n_constants=n_constants, limit=limit,
    )  # fmt: skip
    result = [None] * len(operands)
    for k, way in enumerate(ways):
        if way is None:
            continue
        offset, cotangents = n_constants + _offset(plan, k), iter(found[places[k] :])
        for i in way.carried:
            result[offset + i] = next(cotangents)
        for i in way.constants:
            c = next(cotangents)
            result[i] = c if result[i] is None else result[i] + c
    return tuple(result)


def _offset(plan, k):
    """How many carried values come before those of sweep k."""
    return sum(n for _, n, _ in plan[:k])


def _first_kept(bodies, plan, k):
    """The number of the first stack of sweep k."""
    return sum(len(body.avals_out) - n for body, (_, n, _) in zip(bodies[:k], plan[:k]))


def _once_more(bodies, plan, ways, n_constants):
    """The sweeps, which also keep what their turns start from where the way back needs it.

    Also the new numbers of their stacks, and those of the additional ones by sweep.
    """
    chain, renumbered, starts, count = [], {}, [], 0
    for k, (body, (backward, n, reads)) in enumerate(zip(bodies, plan)):
        n_kept, first = len(body.avals_out) - n, _first_kept(bodies, plan, k)
        more = [] if ways[k] is None else ways[k].used_carried
        numbers = tuple([renumbered[r] for r in reads])
        chain.append((body.keeping([n_constants + i for i in more]), backward, n, numbers))
        renumbered.update((first + i, count + i) for i in range(n_kept))
        starts.append([*range(count + n_kept, count + n_kept + len(more))])
        count += n_kept + len(more)
    return chain, renumbered, starts


def _zeros(F, aval):
    return F.lift(np.zeros(aval.shape, aval.dtype))


class _Way:
    """How one sweep is gone back: which of its values have cotangents."""

    __slots__ = (
        "carried",
        "constants",
        "derivative",
        "rows",
        "rows_given",
        "used_carried",
        "used_rows",
    )

    def __init__(self, derivative, carried, rows_given, n_constants, n, n_rows):
        self.derivative, self.carried, self.rows_given = derivative, carried, rows_given
        first = n_constants + n
        self.constants = [i for i in derivative.sources if i < n_constants]
        self.rows = [i - first for i in derivative.sources if i >= first]
        self.used_carried = [i - n_constants for i in derivative.uses(range(n_constants, first))]
        self.used_rows = [i - first for i in derivative.uses(range(first, first + n_rows))]


def _ways_back(g, bodies, plan, n_constants):
    """For each sweep its `_Way`, or None where nothing of it has a cotangent."""
    ways = [None] * len(plan)
    rows_with = set()  # stacks whose rows have cotangents
    for k in reversed(range(len(plan))):
        (_, n, reads), body = plan[k], bodies[k]
        offset, first_kept = _offset(plan, k), _first_kept(bodies, plan, k)
        kept = [r for r in range(len(body.avals_out) - n) if first_kept + r in rows_with]
        carried = {i for i in range(n) if g[offset + i] is not None}
        if not carried and not kept:
            continue
        while True:  # what is carried has a cotangent where what becomes of it has one
            given = (*sorted(carried), *[n + r for r in kept])
            derivative = body.gradient(given)
            sources = derivative.sources
            more = {i - n_constants for i in sources if n_constants <= i < n_constants + n}
            if more <= carried:
                break
            carried |= more
        ways[k] = _Way(derivative, sorted(carried), kept, n_constants, n, len(reads))
        rows_with.update(reads[r] for r in ways[k].rows)
    return ways


class Assigned(Movement):
    """What a variable holds after an assignment.  old, new: of one type -> new.

    A gradient goes on to what the variable held before, as if it had not been assigned: it is the gradient by the
    variable, wherever it is read.
    """

    def kernel(old, new):
        return new

    def vjp(F, g, y, old, new):
        return g, None


class CustomRule(Control):
    """Results of a function whose gradient the user has written, as they are.  operands: the results, the function's
    arguments, and what its gradient looks at -> the results.

    graph: (cotangents of the results, what it looks at) -> cotangents of the arguments numbered `given`.
    types: those of the results.
    """

    multi = True
    warns = False

    def kernel(*operands, graph, types, n_arguments, given):
        return operands[: len(types)]

    def avals(*, graph, types, n_arguments, given):
        return types

    def vjp(F, g, y, *operands, graph, types, n_arguments, given):
        n = len(types)
        result = [None] * len(operands)
        for place, c in zip(given, graph.evaluate(F, [*g, *operands[n + n_arguments :]])):
            result[n + place] = c
        return tuple(result)


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
