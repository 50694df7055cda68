"""A reading of notebooks that one of them kills, for a process that imports this and little else."""

import os

from labs_utils.grading import submission

_read = submission._read


def read(data: bytes) -> submission.Submitted:
    """Reads a notebook, but dies of one with the word DIES in it."""
    return os.abort() if b"DIES" in data else _read(data)
