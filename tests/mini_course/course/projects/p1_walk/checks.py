"""Checks for project P1, a random walk."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from grader.judge import exercise, expect
from grader.judge.trial.strategies import dims, tensors

steps = dims(6).flatmap(lambda n: tensors(n))
scalars = tensors(1).map(lambda x: x[0])


@exercise("log_density")
class TestLogDensity:
    @given(steps=steps, drift=scalars, log_scale=scalars)
    def test_matches_the_reference(self, both, steps, drift, log_scale):
        "The logarithm of the normal density of each step."
        both.agree("log_density", steps, drift, log_scale, atol=1e-4)

    @given(steps=steps, drift=scalars, log_scale=scalars, shift=st.integers(-3, 3))
    def test_only_the_distance_from_the_drift_counts(self, learner, steps, drift, log_scale, shift):
        "Moving the steps and the drift together changes nothing."
        moved = learner.log_density(steps + shift, drift + shift, log_scale)
        expect(moved, learner.log_density(steps, drift, log_scale), atol=1e-3, rtol=1e-3)

    @given(steps=steps)
    def test_of_the_standard_normal(self, learner, steps):
        "Without drift and with scale 1 it is the standard normal density."
        zero = torch.zeros((), dtype=steps.dtype)
        found = learner.log_density(steps, zero, zero)
        expect(found, torch.distributions.Normal(zero, zero + 1).log_prob(steps), atol=1e-4)
