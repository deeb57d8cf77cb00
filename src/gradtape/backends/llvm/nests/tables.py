"""Which operations have code of their own: importing this fills the table."""

from gradtape.backends.llvm.nests import LOWERINGS
from gradtape.backends.llvm.nests.matmul import affine, gemm, matmul

LOWERINGS.update(matmul=matmul, gemm=gemm, affine=affine)
