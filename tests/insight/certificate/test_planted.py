"""Wrong gradients, planted in programs as users write them, are all found; the input to blame is named."""

from __future__ import annotations

import planted
import planted_models  # noqa: F401 - its families join those of `planted`
import pytest


def examine(name: str, case: planted.Case) -> str:
    """What the certificate missed, or an empty text."""
    certificate = case.certify()
    if certificate.verdict != "wrong" or certificate.ok:
        return f"{name}: {certificate}"
    worst = certificate.worst
    if case.source and worst and worst.source.rpartition("/")[2] not in case.source:
        return f"{name}: blames {worst.name} instead of {case.source[0]}"
    return ""


def missed(found: list[tuple[str, planted.Case]]) -> list[str]:
    texts = [examine(name, case) for name, case in found]
    return [t for t in texts if t]


def test_there_are_many_kinds() -> None:
    assert len(planted.FAMILIES) >= 30


@pytest.mark.parametrize("part", range(2))
def test_wrong_gradients_are_found(part: int) -> None:
    found = planted.cases(66)[part::2]
    assert len(found) == 33
    assert not missed(found)


@pytest.mark.full
@pytest.mark.parametrize("seed", range(2))
def test_many_wrong_gradients_are_found(seed: int) -> None:
    found = planted.cases(231, seed + 1)
    assert len({name for name, _ in found}) == 231
    assert not missed(found)
