"""Checks for unit 1.1, averages."""

from hypothesis import given
from hypothesis import strategies as st

from grader.judge import exercise, expect
from grader.judge.trial.strategies import arrays, dims

vectors = dims(6).flatmap(lambda n: arrays(n))


@exercise("mean")
class TestMean:
    @given(x=vectors)
    def test_matches_the_reference(self, both, x):
        "The sum over the count."
        both.agree("mean", x)

    @given(x=vectors, shift=st.integers(-3, 3))
    def test_moves_with_its_input(self, learner, x, shift):
        "Adding a number to every value adds it to the mean."
        expect(learner.mean(x + shift), x.mean() + shift, atol=1e-9)


@exercise("centre")
class TestCentre:
    @given(x=vectors)
    def test_matches_the_reference(self, both, x):
        "Every value minus the mean."
        both.agree("centre", x, atol=1e-9)

    @given(x=vectors)
    def test_sums_to_nothing(self, learner, x):
        "Centred values sum to zero."
        assert abs(learner.centre(x).sum()) <= 1e-9 * (1 + abs(x).sum()), "the centred values do not sum to zero"
