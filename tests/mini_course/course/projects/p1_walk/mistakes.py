"""Known mistakes of project P1, a random walk."""

import math

import torch

from grader.judge import mistake


@mistake("log_density", "The scale is taken for the variance.", see="the-spread")
def scale_as_variance(steps, drift, log_scale):
    z = (steps - drift) / torch.exp(log_scale / 2)
    return -0.5 * z**2 - log_scale - 0.5 * math.log(2 * math.pi)


@mistake("log_density", "The constant is missing, half of log 2π.", see="the-spread")
def no_constant(steps, drift, log_scale):
    z = (steps - drift) / torch.exp(log_scale)
    return -0.5 * z**2 - log_scale


@mistake("log_density", "The drift is added to the steps, not taken away.", see="the-spread")
def drift_added(steps, drift, log_scale):
    z = (steps + drift) / torch.exp(log_scale)
    return -0.5 * z**2 - log_scale - 0.5 * math.log(2 * math.pi)
