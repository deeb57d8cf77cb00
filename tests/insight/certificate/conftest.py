"""The generators of programs stand beside the tests, those of random programs with the property tests."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
for folder in (HERE, HERE.parents[1] / "property"):
    sys.path.insert(0, str(folder))
