"""Draw the pictures of circuits that the tests compare with: tests/insight/circuit/golden.

    python tools/circuit_pictures.py [NAME ...]

Look at what has changed before you keep it.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
GOLDEN = ROOT / "tests" / "insight" / "circuit" / "golden"


def main(names: list[str]) -> None:
    sys.path.insert(0, str(ROOT))
    from tests.insight.circuit.programs import PROGRAMS

    GOLDEN.mkdir(parents=True, exist_ok=True)
    for name in names or PROGRAMS:
        picture, file = PROGRAMS[name]().svg(), GOLDEN / f"{name}.svg"
        changed = not file.exists() or file.read_text(encoding="utf-8") != picture
        file.write_text(picture, encoding="utf-8")
        print(f"{file.name} {'changed' if changed else 'as it was'}")


if __name__ == "__main__":
    main(sys.argv[1:])
