"""Checks for unit 1.2, spread."""

from hypothesis import given

from grader.judge import exercise
from grader.judge.trial.strategies import dims, tensors

vectors = dims(6).flatmap(lambda n: tensors(n + 1, kinds=("integers", "unit")))


def scaled(impl, x):
    return impl.Scaler(x)(x + 1)


@exercise("variance")
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
    def test_scales_by_the_root(self, both, x):
        "The scaler divides by the standard deviation."
        both.agree(scaled, x)
