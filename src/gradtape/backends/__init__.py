"""What executes a graph: native code, through LLVM."""
