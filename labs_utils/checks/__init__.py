"""The checks, one module a lab. Each compares with an independent oracle, never with the solution's own code."""
