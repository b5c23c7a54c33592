"""Project 1: a walk."""

from phase1_numbers.unit1_sums import total


def steps(values: list[float]) -> float:
    """Where a walk of these steps ends."""
    ### BEGIN SOLUTION
    return total(values)
    ### END SOLUTION
