"""Code for equations over buffers in memory: nests of vectorised loops, calls of the BLAS, moved elements."""
