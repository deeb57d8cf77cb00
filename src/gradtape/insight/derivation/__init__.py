"""Where numbers come from: steps as data, each with the expression that gives its number."""
