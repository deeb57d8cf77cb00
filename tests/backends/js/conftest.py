from collections.abc import Iterator

import pytest
from tests.js_engine import Engine


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """One page for all tests of a module."""
    with Engine() as found:
        yield found
