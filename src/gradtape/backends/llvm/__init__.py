"""The LLVM backend.  llvmlite is imported here and nowhere else, and only on the first compilation."""
