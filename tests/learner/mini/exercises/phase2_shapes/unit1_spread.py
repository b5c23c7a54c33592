"""Unit 2.1: spread."""

from collections.abc import Sequence

from phase1_numbers.unit1_sums import mean


class Centred:
    """Values about their mean; `offsets` is a list."""

    def __init__(self, values: Sequence[float]) -> None:
        raise NotImplementedError("Centred.__init__")


def variance(values: Sequence[float]) -> float:
    """The mean square of the centred values."""
    raise NotImplementedError("variance")
