"""The names that converted code finds under `ag__`."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from gradtape.transforms.autograph import branches, calls, loops, state


def options(**values: Any) -> None:
    """Conversion options: what is converted is decided call by call, so they tell nothing."""


class _Feature:
    def __getattr__(self, name: str) -> str:
        return name


OPERATORS = SimpleNamespace(
    if_stmt=branches.if_stmt, if_exp=branches.if_exp, while_stmt=loops.while_stmt, for_stmt=loops.for_stmt,
    and_=branches.and_, or_=branches.or_, not_=branches.not_, eq=branches.eq, not_eq=branches.not_eq,
    assert_stmt=branches.assert_stmt, ld=state.ld, ldu=state.ldu, Undefined=state.Undefined,
    UndefinedReturnValue=state.UndefinedReturnValue, FunctionScope=calls.FunctionScope,
    with_function_scope=calls.with_function_scope, autograph_artifact=calls.autograph_artifact,
    converted_call=calls.converted_call, caught=calls.caught, ConversionOptions=options, Feature=_Feature(), STD=None,
)  # fmt: skip
