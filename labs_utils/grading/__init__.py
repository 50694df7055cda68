"""Grading: a folder of submissions in, a gradebook and feedback out.

The parent (`runner`) is trusted and asks; the student's code runs in a `sandbox`, behind
`labs_utils.exercises.pipe_server`, and answers with plain data. No expected value, check or solution is within the
sandbox's reach.
"""
