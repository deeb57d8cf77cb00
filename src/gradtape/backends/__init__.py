"""What executes a graph: native code, through LLVM.  `protocol` says what executables have in common."""
