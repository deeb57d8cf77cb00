"""One lab for all tests of a module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.lab.client import LabClient, running


@pytest.fixture(scope="module")
def lab() -> Iterator[LabClient]:
    with running() as client:
        yield client
