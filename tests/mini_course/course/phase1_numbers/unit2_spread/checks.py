"""Checks for unit 1.2, spread."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from grader.judge import exercise, expect
from grader.judge.trial.strategies import dims, tensors

vectors = dims(6).flatmap(lambda n: tensors(n + 1, kinds=("integers", "unit")))


def scaled(impl, made_with, x):
    return impl.Scaler(made_with)(x)


@exercise("variance", part="variance")
class TestVariance:
    @given(x=vectors)
    def test_matches_the_reference(self, both, x):
        "The mean squared distance from the mean."
        both.agree("variance", x)

    @given(x=vectors)
    def test_is_never_negative(self, learner, x):
        "A variance is not negative."
        assert learner.variance(x) >= 0


@exercise("variance", part="Scaler")
class TestScaler:
    @given(x=vectors)
    def test_matches_the_reference(self, both, x):
        "The scaler divides by the standard deviation of what it was made with."
        both.agree(scaled, x, x + 1)

    @given(x=vectors, s=st.sampled_from([0.5, 2.0, 4.0]))
    def test_divides_by_the_deviation_of_two_numbers(self, learner, x, s):
        "Made with -s and s, it divides by s."
        expect(learner.run(scaled, torch.tensor([-s, s]), x), x / s, "x / s")
