"""The `tape.gradient` calls of a run: where they stand, how often they were made, what explains each."""
