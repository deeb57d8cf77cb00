"""Machine code through LLVM: `llvmlite` is imported on the first compilation, and only here."""
