"""Backends: each makes graphs executable.  `protocol` says what they share."""
