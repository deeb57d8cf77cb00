"""Plant faults in the derivative rules of all cards and see whether the card checks catch them.

    python tools/mutate.py                 all mutants
    python tools/mutate.py --every 7       every seventh (a sample for the tests)
    python tools/mutate.py --card matmul   one card

Faults are generated from the source of each rule, not chosen: a flipped sign, swapped inputs, a missing un-broadcast,
a moved axis, a dropped factor, a swapped operator, a zero in place of a cotangent.  A mutant survives when no sample of
the card tells it from the rule; survivors must stand in tools/equivalent_mutants.txt with the proof.
"""

from __future__ import annotations

import argparse
import ast
import inspect
import sys
import textwrap
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "cards"))

from checking import (  # noqa: E402
    EDGES,
    check_each_output,
    check_edge,
    check_first,
    check_float32,
    check_half,
    check_second,
)
from test_cards import COMPLEX_AS_TENSORFLOW  # noqa: E402

import gradtape  # noqa: E402
from gradtape.core.bind import RAW, RECORDED, Raw  # noqa: E402
from gradtape.core.card import REGISTRY, Op  # noqa: E402

EQUIVALENT = ROOT / "tools" / "equivalent_mutants.txt"
_SWAPS = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult}


class Plant(ast.NodeTransformer):
    """Applies the `wanted`-th fault met in a walk over the rule; counts them all."""

    def __init__(self, wanted: int, inputs: tuple[str, ...]):
        self.wanted, self.seen, self.kind, self.line = wanted, 0, "", 0
        self.inputs = inputs

    def here(self, kind: str, node: ast.AST) -> bool:
        hit = self.seen == self.wanted
        self.seen += 1
        if hit:
            self.kind, self.line = kind, getattr(node, "lineno", 0)
        return hit

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        swap = _SWAPS.get(type(node.op))
        if swap and self.here(f"operator {type(node.op).__name__} -> {swap.__name__}", node):
            return ast.copy_location(ast.BinOp(node.left, swap(), node.right), node)
        if isinstance(node.op, ast.Mult) and self.here("dropped factor", node):
            return node.left
        return node

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        self.generic_visit(node)
        signed = isinstance(node.op, ast.USub) and not isinstance(node.operand, ast.Constant)
        return node.operand if signed and self.here("flipped sign", node) else node

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if isinstance(node.ctx, ast.Load) and node.id in self.inputs and len(self.inputs) > 1:
            other = self.inputs[(self.inputs.index(node.id) + 1) % len(self.inputs)]
            if self.here(f"input {node.id} -> {other}", node):
                return ast.copy_location(ast.Name(other, ast.Load()), node)
        return node

    def visit_keyword(self, node: ast.keyword) -> ast.AST:
        self.generic_visit(node)
        flag = node.arg in ("transpose_a", "transpose_b", "reverse", "exclusive", "keepdims")
        if flag and self.here(f"inverted {node.arg}", node):
            return ast.keyword(node.arg, ast.UnaryOp(ast.Not(), node.value))
        return node

    def visit_Return(self, node: ast.Return) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.value, ast.Tuple):
            parts = node.value.elts
            for index, part in enumerate(parts):
                if isinstance(part, ast.Constant | ast.Starred):
                    continue
                if self.here(f"sign of cotangent {index}", node):
                    parts[index] = _negated(part)
                if self.here(f"no cotangent {index}", node):
                    parts[index] = ast.Constant(None)
            if len(parts) > 1 and self.here("swapped cotangents", node):
                parts[0], parts[1] = parts[1], parts[0]
        return node


def _negated(part: ast.expr) -> ast.expr:
    call = ast.Call(ast.Name("_minus", ast.Load()), [part], [])
    return ast.copy_location(call, part)


def _minus(c: Any) -> Any:
    if c is None:
        return None
    if callable(c) and not hasattr(c, "dtype"):
        return lambda: _minus(c())
    return -c


def mutants(card: type[Op]) -> Iterator[tuple[str, Any]]:
    """(label, mutated rule) for every fault that can be planted into the card's vjp."""
    if card.vjp is None or "vjp" not in card.__dict__:
        return
    try:
        source = textwrap.dedent(inspect.getsource(card.vjp))
    except (OSError, TypeError):
        return
    inputs = tuple(list(inspect.signature(card.vjp).parameters)[3 : 3 + len(card.parameters)])
    wanted = 0
    while True:
        tree = ast.parse(source)
        if not isinstance(tree.body[0], ast.FunctionDef):
            return
        plant = Plant(wanted, inputs)
        tree = ast.fix_missing_locations(plant.visit(tree))
        if plant.seen <= wanted:
            return
        scope = {**card.vjp.__globals__, "_minus": _minus}
        exec(compile(tree, f"<mutant of {card.name}>", "exec"), scope)
        yield f"{card.name}:{wanted}:{plant.kind} (line {plant.line})", scope[tree.body[0].name]
        wanted += 1


def caught(card: type[Op], rule: Any) -> bool:
    """Whether any sample of the card tells the mutated rule from the truth."""
    kept = card.vjp
    card.vjp = staticmethod(rule)  # type: ignore[assignment]
    try:
        for sample in card.samples:
            try:
                check_first(card, sample, np.random.default_rng(7))
            except Exception:
                return True
        for sample in card.samples:
            imaginary = (
                "c" in card.takes and sample.make is None and card.name not in COMPLEX_AS_TENSORFLOW
            )
            checks = (
                (check_float32, True),
                (check_each_output, card.multi),
                (check_half, card.name == "fused_batch_norm"),
                (check_second, sample.order > 1),
                (complex_first, imaginary),
            )
            for check, wanted in checks:
                try:
                    if wanted:
                        check(card, sample, np.random.default_rng(8))
                except Exception:
                    return True
        for name, inputs, attrs, expected in EDGES:
            try:
                if name == card.name:
                    check_edge(card, inputs, attrs, expected)
            except Exception:
                return True
        return False
    finally:
        card.vjp = staticmethod(kept)  # type: ignore[assignment]


def complex_first(card: type[Op], sample: Any, rng: np.random.Generator) -> None:
    check_first(card, sample, rng, imaginary=True)


def unbroadcast_is_caught() -> list[str]:
    """Cards whose samples broadcast, but whose check passes without the un-broadcasting: none should."""
    missed = []
    kept = vars(Raw)["unbroadcast"], vars(type(RECORDED))["unbroadcast"]
    Raw.unbroadcast = staticmethod(lambda c, shape: c)  # type: ignore[method-assign]
    type(RECORDED).unbroadcast = staticmethod(lambda c, shape: c)  # type: ignore[method-assign]
    try:
        for card in REGISTRY.values():
            if card.vjp is None or card.family != "Elementwise":
                continue
            samples = [
                s for s in card.samples if s.make is None and len({a.shape for a in s.inputs}) > 1
            ]
            for sample in samples:
                floats = [a for a in sample.inputs if a.dtype == "float64"]
                whole = np.broadcast_shapes(*[a.shape for a in sample.inputs])
                if all(a.shape == whole for a in floats):
                    continue
                try:
                    check_first(card, sample, np.random.default_rng(7))
                    missed.append(f"{card.name} {sample}")
                except Exception:
                    continue
    finally:
        Raw.unbroadcast, type(RECORDED).unbroadcast = kept  # type: ignore[method-assign]
    return missed


def known_equivalent() -> dict[str, str]:
    """Label -> proof, of the survivors that change nothing."""
    if not EQUIVALENT.exists():
        return {}
    rows = [line.split(" | ", 1) for line in EQUIVALENT.read_text().splitlines() if " | " in line]
    return {label.strip(): proof.strip() for label, proof in rows}


def run(every: int = 1, only: str | None = None) -> tuple[Counter[str], list[str]]:
    """(counts, survivors that are not known as equivalent)."""
    counts: Counter[str] = Counter()
    survivors = []
    equivalent = known_equivalent()
    number = 0
    for card in sorted(REGISTRY.values(), key=lambda c: c.name):
        if only and card.name != only:
            continue
        if not card.samples:
            continue
        for label, rule in mutants(card):
            number += 1
            if number % every:
                continue
            counts["mutants"] += 1
            stem = label.rpartition(" (line")[0]
            if caught(card, rule):
                counts["caught"] += 1
            elif stem in equivalent:
                counts["equivalent"] += 1
            else:
                survivors.append(label)
    missed = unbroadcast_is_caught()
    counts["broadcasts missed"] = len(missed)
    return counts, survivors + missed


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--every", type=int, default=1, help="only each so-many-th mutant")
    parser.add_argument("--card", help="only this card (its registry name)")
    options = parser.parse_args()
    counts, survivors = run(options.every, options.card)
    for label in survivors:
        print("survived:", label)
    print(", ".join(f"{n} {what}" for what, n in counts.items()), f", {len(survivors)} unexplained")
    return 1 if survivors else 0


assert gradtape and RAW
if __name__ == "__main__":
    raise SystemExit(main())
