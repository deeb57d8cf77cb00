from collections.abc import Iterator

import pytest
from tests.js_engine import Engine, chromium


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """One browser for all tests here."""
    if chromium() is None:
        pytest.skip("no Chromium on this machine: GRADTAPE_CHROMIUM names one")
    with Engine() as found:
        yield found
