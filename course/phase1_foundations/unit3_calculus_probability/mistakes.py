"""Known mistakes of unit 1.3, calculus and probability."""

import math

import numpy as np
import torch

from grader.judge import mistake
from phase1_foundations import unit3_calculus_probability as reference

array_namespace = reference.array_namespace


# numerical_gradient


@mistake(
    "numerical_gradient",
    "The slope is taken to one side only, so its error shrinks with h instead of with h².",
    see="two-sided-slopes",
)
def one_sided(f, x, h=1e-5):
    gradient = array_namespace(x).zeros_like(x)
    for i in range(len(x)):
        step = array_namespace(x).zeros_like(x)
        step[i] = h
        gradient[i] = (f(x + step) - f(x)) / h
    return gradient


@mistake(
    "numerical_gradient",
    "The two points are 2h apart but the difference is divided by h, so every slope comes out doubled.",
    see="two-sided-slopes",
)
def divided_by_h(f, x, h=1e-5):
    return 2 * reference.numerical_gradient(f, x, h)


@mistake(
    "numerical_gradient",
    "x is moved in place and not put back, so later coordinates are measured beside the point.",
    see="two-sided-slopes",
)
def not_restored(f, x, h=1e-5):
    gradient = array_namespace(x).zeros_like(x)
    for i in range(len(x)):
        x[i] += h
        above = f(x)
        x[i] -= 2 * h
        gradient[i] = (above - f(x)) / (2 * h)
    return gradient


@mistake(
    "numerical_gradient",
    "All coordinates are moved at once, so every entry holds the sum of the slopes instead of its own.",
    see="two-sided-slopes",
)
def all_at_once(f, x, h=1e-5):
    return array_namespace(x).zeros_like(x) + (f(x + h) - f(x - h)) / (2 * h)


@mistake(
    "numerical_gradient",
    "The step is far too small: f barely changes over it, and what is left is rounding noise.",
    see="how-small-a-step",
)
def step_of_machine_epsilon(f, x, h=1e-5):
    return reference.numerical_gradient(f, x, 1e-15)


@mistake(
    "numerical_gradient",
    "f is evaluated in float32, whose seven digits do not survive subtracting two near values.",
    see="how-small-a-step",
)
def in_float32(f, x, h=1e-5):
    single = x.astype(np.float32) if isinstance(x, np.ndarray) else x.to(torch.float32)
    gradient = array_namespace(x).zeros_like(x)
    for i in range(len(x)):
        step = array_namespace(x).zeros_like(single)
        step[i] = h
        gradient[i] = (f(single + step) - f(single - step)) / (2 * h)
    return gradient


# logsumexp


@mistake(
    "logsumexp",
    "Nothing is subtracted before exp, so large inputs overflow to inf and very low ones vanish.",
    see="the-shift",
)
def no_shift(a, axis):
    xp = array_namespace(a)
    with np.errstate(over="ignore", divide="ignore"):
        return xp.log(xp.sum(xp.exp(a), axis=axis))


@mistake(
    "logsumexp",
    "The maximum is subtracted and never added back, so every result is too small by that maximum.",
    see="the-shift",
)
def shift_not_added_back(a, axis):
    largest = array_namespace(a).amax(a, axis=axis)
    return reference.logsumexp(a, axis) - array_namespace(a).where(largest > -math.inf, largest, 0.0)


@mistake(
    "logsumexp",
    "The summed axis is still there with length 1, so the result broadcasts in surprising ways later.",
    see="the-shift",
)
def axis_kept(a, axis):
    total = reference.logsumexp(a, axis)
    return np.expand_dims(total, axis) if isinstance(a, np.ndarray) else total.unsqueeze(axis)


@mistake(
    "logsumexp",
    "A slice of nothing but -inf gives nan, because -inf minus its own maximum is not a number.",
    see="log-of-zero",
)
def nan_for_log_zero(a, axis):
    xp = array_namespace(a)
    largest = xp.amax(a, axis=axis, keepdims=True)
    with np.errstate(invalid="ignore"):
        return largest.squeeze(axis) + xp.log(xp.sum(xp.exp(a - largest), axis=axis))


@mistake(
    "logsumexp",
    "One maximum is used for the whole array, so slices far below it underflow to -inf.",
    see="the-shift",
)
def one_shift_for_all(a, axis):
    xp = array_namespace(a)
    largest = a.max()
    shift = xp.where(xp.isfinite(largest), largest, 0.0)
    with np.errstate(divide="ignore"):
        total = xp.log(xp.sum(xp.exp(a - shift), axis=axis)) + shift
    return total.astype(a.dtype) if isinstance(a, np.ndarray) else total


@mistake(
    "logsumexp",
    "The average of the exponentials is taken instead of their sum, so the result is too small by log K.",
    see="the-shift",
)
def logmeanexp(a, axis):
    return reference.logsumexp(a, axis) - math.log(a.shape[axis])


# gaussian_log_prob


@mistake(
    "gaussian_log_prob",
    "The argument is taken for a standard deviation and squared, so the curve has the wrong width.",
    see="the-gaussian",
)
def variance_as_deviation(x, mean, var):
    return reference.gaussian_log_prob(x, mean, var**2)


@mistake(
    "gaussian_log_prob",
    "The constant log 2π is missing, so exp(log p) does not integrate to 1.",
    see="the-gaussian",
)
def no_constant(x, mean, var):
    return -0.5 * (array_namespace(x).log(var) + (x - mean) ** 2 / var)


@mistake(
    "gaussian_log_prob",
    "The sign of log σ² is wrong: a wider Gaussian comes out higher at its peak instead of lower.",
    see="the-gaussian",
)
def sign_of_log_variance(x, mean, var):
    return reference.gaussian_log_prob(x, mean, var) + array_namespace(x).log(var)


@mistake(
    "gaussian_log_prob",
    "The squared distance is not halved, so the tails fall twice as fast as a Gaussian's.",
    see="the-gaussian",
)
def distance_not_halved(x, mean, var):
    return reference.gaussian_log_prob(x, mean, var) - 0.5 * (x - mean) ** 2 / var


@mistake(
    "gaussian_log_prob",
    "The entries are summed to one number, so the caller can no longer tell dimensions from data points.",
    see="the-gaussian",
)
def summed(x, mean, var):
    return reference.gaussian_log_prob(x, mean, var).sum()


@mistake(
    "gaussian_log_prob",
    "The density itself is computed and its log taken afterwards; far from the mean that is log 0 = -inf.",
    see="the-gaussian",
)
def log_of_density(x, mean, var):
    xp = array_namespace(x)
    with np.errstate(divide="ignore", under="ignore"):
        return xp.log(xp.exp(-((x - mean) ** 2) / (2 * var)) / (2 * math.pi * var) ** 0.5)


@mistake(
    "gaussian_log_prob",
    "float32 arrays become float64: a NumPy number such as np.log(2 * np.pi) has a precision of its own, and it wins.",
    see="which-precision",
)
def promoted(x, mean, var):
    constant = np.log(2 * np.pi) if isinstance(x, np.ndarray) else math.log(2 * math.pi)
    return -0.5 * (constant + array_namespace(x).log(var) + (x - mean) ** 2 / var)


# gaussian_kl


@mistake(
    "gaussian_kl",
    "One exp is divided by another; where both are too large for a float, inf / inf is nan.",
    see="log-variance",
)
def ratio_of_two_exps(mu1, logvar1, mu2, logvar2):
    xp = array_namespace(mu1)
    with np.errstate(over="ignore", invalid="ignore"):
        return 0.5 * (logvar2 - logvar1 + (xp.exp(logvar1) + (mu1 - mu2) ** 2) / xp.exp(logvar2) - 1)


@mistake(
    "gaussian_kl",
    "The sign is turned round: minimising this would drive the two Gaussians apart.",
    see="kl-divergence",
)
def negative(mu1, logvar1, mu2, logvar2):
    return -reference.gaussian_kl(mu1, logvar1, mu2, logvar2)


@mistake(
    "gaussian_kl",
    "The two Gaussians are swapped: this is KL(N₂ ‖ N₁), and KL is not symmetric.",
    see="kl-divergence",
)
def swapped(mu1, logvar1, mu2, logvar2):
    return reference.gaussian_kl(mu2, logvar2, mu1, logvar1)


@mistake(
    "gaussian_kl",
    "The log-variance is read as the log of the standard deviation, so every variance is squared.",
    see="log-variance",
)
def log_deviation(mu1, logvar1, mu2, logvar2):
    return reference.gaussian_kl(mu1, 2 * logvar1, mu2, 2 * logvar2)


@mistake(
    "gaussian_kl",
    "The constant -1 is missing, so two equal Gaussians are half a nat apart instead of 0.",
    see="kl-divergence",
)
def no_minus_one(mu1, logvar1, mu2, logvar2):
    return reference.gaussian_kl(mu1, logvar1, mu2, logvar2) + 0.5


@mistake(
    "gaussian_kl",
    "The factor ½ is missing, so the divergence is counted twice.",
    see="kl-divergence",
)
def not_halved(mu1, logvar1, mu2, logvar2):
    return 2 * reference.gaussian_kl(mu1, logvar1, mu2, logvar2)


@mistake(
    "gaussian_kl",
    "The distance of the means is not measured in units of N₂'s variance.",
    see="kl-divergence",
)
def distance_unscaled(mu1, logvar1, mu2, logvar2):
    return reference.gaussian_kl(mu1, logvar1, mu1, logvar2) + 0.5 * (mu1 - mu2) ** 2


# bayes_posterior


@mistake(
    "bayes_posterior",
    "Prior times likelihood is returned as it is; without the evidence the rows do not sum to 1.",
    see="bayes-rule",
)
def joint(log_prior, log_lik):
    return array_namespace(log_lik).exp(log_prior + log_lik)


@mistake(
    "bayes_posterior",
    "The normalisation runs over the data points, so the columns sum to 1 and the rows do not.",
    see="bayes-rule",
)
def normalised_over_data(log_prior, log_lik):
    xp = array_namespace(log_lik)
    log_joint = log_prior + log_lik
    evidence = reference.logsumexp(log_joint, axis=0)
    return xp.exp(log_joint - xp.where(evidence > -math.inf, evidence, 0.0))


@mistake(
    "bayes_posterior",
    "The prior is left out, so a rare class is believed as readily as a common one.",
    see="bayes-rule",
)
def without_prior(log_prior, log_lik):
    return reference.bayes_posterior(0 * log_lik[0], log_lik)


@mistake(
    "bayes_posterior",
    "Prior and likelihood are added as probabilities; they have to be multiplied.",
    see="bayes-rule",
)
def probabilities_added(log_prior, log_lik):
    xp = array_namespace(log_lik)
    total = xp.exp(log_prior) + xp.exp(log_lik)
    return total / total.sum(1)[:, None]


@mistake(
    "bayes_posterior",
    "The likelihoods leave log space before they are normalised; small ones become 0 and the row nan.",
    see="the-shift",
)
def left_log_space(log_prior, log_lik):
    xp = array_namespace(log_lik)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        total = xp.exp(log_prior + log_lik)
        return total / total.sum(1)[:, None]


@mistake(
    "bayes_posterior",
    "The result is still in log space: these are log-probabilities, not probabilities.",
    see="bayes-rule",
)
def still_logs(log_prior, log_lik):
    with np.errstate(divide="ignore"):
        return array_namespace(log_lik).log(reference.bayes_posterior(log_prior, log_lik))


@mistake(
    "bayes_posterior",
    "The tensors are taken out of torch on the way, so no gradient can flow back through the result.",
    see="bayes-rule",
)
def taken_out_of_torch(log_prior, log_lik):
    if isinstance(log_lik, np.ndarray):
        return reference.bayes_posterior(log_prior, log_lik)
    return torch.from_numpy(reference.bayes_posterior(log_prior.detach().numpy(), log_lik.detach().numpy()))


@mistake(
    "bayes_posterior",
    "The prior is added to the likelihoods in place, so the caller's array has changed.",
    see="bayes-rule",
)
def added_in_place(log_prior, log_lik):
    log_lik += log_prior
    return reference.bayes_posterior(0 * log_prior, log_lik)


# gaussian_posterior


def _with_mean(mean, m0, v0, x, v_obs):
    return mean, reference.gaussian_posterior(m0, v0, x, v_obs)[1]


@mistake(
    "gaussian_posterior",
    "Prior mean and observation are averaged evenly, whichever of them is the more certain.",
    see="precision",
)
def unweighted(m0, v0, x, v_obs):
    return _with_mean((m0 + x) / 2, m0, v0, x, v_obs)


@mistake(
    "gaussian_posterior",
    "The variances are added, so an observation makes the answer less certain than the prior was.",
    see="precision",
)
def variances_added(m0, v0, x, v_obs):
    return reference.gaussian_posterior(m0, v0, x, v_obs)[0], v0 + v_obs


@mistake(
    "gaussian_posterior",
    "Each mean is weighted by its own variance, so the less certain of the two counts for more.",
    see="precision",
)
def weighted_by_variance(m0, v0, x, v_obs):
    return _with_mean((m0 * v0 + x * v_obs) / (v0 + v_obs), m0, v0, x, v_obs)


@mistake(
    "gaussian_posterior",
    "The precision is returned where the variance belongs.",
    see="precision",
)
def precision_returned(m0, v0, x, v_obs):
    mean, var = reference.gaussian_posterior(m0, v0, x, v_obs)
    with np.errstate(divide="ignore"):
        return mean, 1 / var


@mistake(
    "gaussian_posterior",
    "The standard deviation is returned where the variance belongs.",
    see="precision",
)
def deviation_returned(m0, v0, x, v_obs):
    mean, var = reference.gaussian_posterior(m0, v0, x, v_obs)
    return mean, var**0.5


@mistake(
    "gaussian_posterior",
    "The variances are treated as standard deviations and squared, so the weights are too extreme.",
    see="precision",
)
def variances_squared(m0, v0, x, v_obs):
    return reference.gaussian_posterior(m0, v0**2, x, v_obs**2)


@mistake(
    "gaussian_posterior",
    "The tensors are taken out of torch on the way, so no gradient can flow back through the result.",
    see="where-ddpm-hides",
)
def through_numpy(m0, v0, x, v_obs):
    if isinstance(x, np.ndarray):
        return reference.gaussian_posterior(m0, v0, x, v_obs)
    mean, var = reference.gaussian_posterior(*(one.detach().numpy() for one in (m0, v0, x, v_obs)))
    return torch.from_numpy(mean), torch.from_numpy(var)


@mistake(
    "gaussian_posterior",
    "A variance of 0 is divided by, which turns certainty into nan.",
    see="certainty",
)
def divides_by_zero(m0, v0, x, v_obs):
    with np.errstate(divide="ignore", invalid="ignore"):
        var = 1 / (1 / v0 + 1 / v_obs)
        return var * (m0 / v0 + x / v_obs), var


EQUIVALENT = {
    "logsumexp: `xp.where(xp.isfinite(largest), largest, 0.0)` → `xp.where(xp.isfinite(largest), largest, 1.0)`":
        "a slice of -inf may be shifted by any finite number: log Σ exp(-inf) is -inf all the same",
    "logsumexp: without `with np.errstate(divide='ignore'):`": "only NumPy's warning about log 0 appears",
    "logsumexp: `np.errstate(divide='ignore')` → `np.errstate()`": "only NumPy's warning about log 0 appears",
}  # fmt: skip
