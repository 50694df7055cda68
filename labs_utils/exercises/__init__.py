"""What happens when the cell of an exercise runs: the decorator, the check, and the seam to the student's code."""
