"""Which operations have code of their own: importing this fills the table."""

from gradtape.backends.llvm.nests import LOWERINGS, matmul, movement, rows

LOWERINGS.update(matmul.TABLE)
LOWERINGS.update(movement.TABLE)
LOWERINGS.update(rows.TABLE)
