"""Which operations have code of their own: importing this fills the table."""

from gradtape.backends.llvm.nests import LOWERINGS, conv, matmul, movement, pool, put, rows

for table in (matmul.TABLE, movement.TABLE, rows.TABLE, conv.TABLE, pool.TABLE, put.TABLE):
    LOWERINGS.update(table)
